"""A fake Vendure that counts as Vendure does: whoever ever ordered is a customer, with an account or without."""

from __future__ import annotations

from typing import Any

from cartfolk.simulator import SimulatedShop, start_simulator


class Counted:
    """A running shop whose truth counts guests among the customers; everything else is the shop's own."""

    def __init__(self, shop: SimulatedShop) -> None:
        self._shop = shop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shop, name)

    def truth(self, people: bool = True) -> dict[str, Any]:
        return self._shop.truth(people) | {"customers": self._shop.webhooks()["customers"]}


def started(**options: Any) -> SimulatedShop:
    return start_simulator(platform="vendure", **options)
