"""Saleor against a shop that answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cartfolk.connectors.conformance import Conformance
from cartfolk.connectors.saleor.client import split_id

from .shop import Known, started


@pytest.fixture(scope="class")
def shop():
    with started(seed=5, customers=40) as found:
        yield Known(found)


class TestSaleor(Conformance):
    platform = "saleor"
    wrong = {"token": "nobodys"}
    scopes = {f"without:{permission}": stream for permission, stream in {
        "MANAGE_ORDERS": "orders", "MANAGE_USERS": "customers", "MANAGE_CHECKOUTS": "checkouts",
        "MANAGE_PRODUCTS": "products",
    }.items()}  # fmt: skip
    faults = ("rate_limit", "server_error", "firewall", "truncated")

    def row_id(self, stream: str, row: Mapping[str, Any]) -> str:
        return split_id(row["id"])[1]

    def credentials(self, shop: Any) -> dict[str, str]:
        return {"token": shop.key}

    def lesser(self, shop: Any, scope: str) -> dict[str, str]:
        return {"token": shop.new_key(scope)[0]}
