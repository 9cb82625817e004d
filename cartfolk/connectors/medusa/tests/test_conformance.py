"""Medusa against a server that answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cartfolk.connectors.conformance import Conformance

from .shop import NamedShop, started


@pytest.fixture(scope="module")
def shop() -> Iterator[NamedShop]:
    with started(seed=5, customers=150) as found:
        yield found


class TestMedusa(Conformance):
    platform = "medusa"
    wrong = {"key": "sk_wrong"}
    scopes = {}  # a secret key may do everything
    blind = ""
    faults = ("rate_limit", "server_error", "firewall", "truncated")

    def credentials(self, shop: Any) -> dict[str, str]:
        return {"key": shop.key}
