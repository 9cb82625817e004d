"""Vendure against a shop that answers."""

from __future__ import annotations

from typing import Any

import pytest

from cartfolk.connectors.conformance import Conformance
from cartfolk.simulator.vendure.words import ADMINISTRATOR

from .shop import Counted, started


@pytest.fixture(scope="class")
def shop(request):
    with started(seed=5, customers=request.cls.customers) as found:
        yield Counted(found)


class TestVendure(Conformance):
    platform = "vendure"
    customers = 60
    wrong = {"key": "0123456789ab:nobodys"}
    scopes = {f"without:{permission}": stream for permission, stream in {
        "ReadOrder": "orders", "ReadCustomer": "customers", "ReadProduct": "products", "ReadCollection": "categories",
        "ReadPromotion": "coupons",
    }.items()}  # fmt: skip
    spoiled = ("totalWithTax", "twelve")
    faults = ("rate_limit", "server_error", "firewall", "truncated")

    def credentials(self, shop: Any) -> dict[str, str]:
        return {"key": shop.key}

    def lesser(self, shop: Any, scope: str) -> dict[str, str]:
        return {"key": shop.new_key(scope)[0]}


class TestVendureByPassword(TestVendure):
    """The same by name and password, as every version before 3.6 wants it."""

    customers = 30
    wrong = {"password": "nobodys"}
    scopes: dict[str, str] = {}
    blind = ""

    def credentials(self, shop: Any) -> dict[str, str]:
        return {"username": ADMINISTRATOR, "password": shop.secret}
