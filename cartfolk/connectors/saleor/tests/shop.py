"""A fake Saleor whose orders are known by their UUID, as the connector knows them."""

from __future__ import annotations

import uuid
from typing import Any

from cartfolk.simulator import SimulatedShop, start_simulator


class Known:
    """A running shop: what happens to orders is told and answered by UUID; everything else is the shop's own."""

    def __init__(self, shop: SimulatedShop) -> None:
        self._shop = shop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shop, name)

    def act(self, do: str, **fields: Any) -> dict[str, Any]:
        if "-" in str(fields.get("order_id", "")):
            fields["order_id"] = uuid.UUID(fields["order_id"]).int
        told = self._shop.act(do, **fields)
        return told | {"id": str(uuid.UUID(int=told["id"]))} if "order" in told else told


def started(**options: Any) -> SimulatedShop:
    return start_simulator(platform="saleor", **options)
