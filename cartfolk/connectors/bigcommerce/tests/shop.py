"""A simulated BigCommerce store for tests, and how connectors are opened on it."""

from __future__ import annotations

from typing import Any

from cartfolk.connectors.conformance import Conformance
from cartfolk.simulator import SimulatedShop, start_simulator
from cartfolk.simulator.bigcommerce.words import STORE

__all__ = ["BIG", "Big", "api", "start"]


def start(**options: Any) -> SimulatedShop:
    return start_simulator(platform="bigcommerce", **options)


def api(shop: SimulatedShop) -> str:
    """The API path, as an API account shows it."""
    return f"{shop.url}/stores/{STORE}/v3/"


class Big(Conformance):
    """The suite with BigCommerce's words; also used to open connectors."""

    platform = "bigcommerce"
    wrong = {"token": "nobodys"}
    scopes = {"without_orders": "orders", "without_marketing": "coupons", "without_carts": "carts"}
    blind = "nothing"
    spoiled = ("total_inc_tax", "twelve")
    faults = ("rate_limit", "server_error", "firewall", "truncated")

    def credentials(self, shop: Any) -> dict[str, str]:
        return {"token": shop.key, "client_secret": shop.secret}

    def lesser(self, shop: Any, scope: str) -> dict[str, str]:
        token, secret = shop.new_key(scope)
        return {"token": token, "client_secret": secret}

    def config(self, shop: Any, **changes: Any) -> Any:
        return super().config(shop, **{"url": api(shop), **changes})


BIG = Big()
