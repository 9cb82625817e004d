"""The conformance suite's words for Shopify, for all tests of this folder."""

from __future__ import annotations

from typing import Any, ClassVar

from cartfolk.connectors.conformance import Conformance
from cartfolk.simulator import SimulatedShop


class Told:
    """A simulated shop whose truth counts customers as Shopify does: guests are among them."""

    def __init__(self, shop: SimulatedShop) -> None:
        self._shop = shop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shop, name)

    def truth(self, people: bool = True) -> dict[str, Any]:
        truth = self._shop.truth(people)
        return truth | {"customers": truth["customers"] + truth["guests"]}


class Words(Conformance):
    platform = "shopify"
    wrong: ClassVar = {"client_secret": "shpss_wrong"}
    scopes: ClassVar = {"no_orders": "orders", "no_history": "history"}
    blind = "write"
    spoiled: ClassVar = ("totalPriceSet", "twelve")
    faults: ClassVar = ("rate_limit", "server_error", "firewall", "truncated")  # no PHP, no notices

    def row_id(self, stream: str, row: Any) -> str:
        return str(row["id"]).rsplit("/", 1)[-1]

    def credentials(self, shop: Any) -> dict[str, str]:
        return {"client_id": shop.key, "client_secret": shop.secret}

    def lesser(self, shop: Any, scope: str) -> dict[str, str]:
        key, secret = shop.new_key(scope)
        return {"client_id": key, "client_secret": secret}
