"""The simulated server under Medusa's own ids: the simulator's handle counts its records, the API names them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cartfolk.simulator import SimulatedShop, start_simulator

_KINDS = {"register": "cus", "change_customer": "cus", "delete_customer": "cus", "consent": "cus"}


class NamedShop:
    """`SimulatedShop`, but what `act` takes and gives are ids like ``order_01…``."""

    def __init__(self, shop: SimulatedShop) -> None:
        self._shop = shop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shop, name)

    def act(self, do: str, **fields: Any) -> dict[str, Any]:
        for name in ("order_id", "customer_id", "product_id"):
            if name in fields:
                fields[name] = int(str(fields[name]).rpartition("_01")[2])
        done = self._shop.act(do, **fields)
        kind = _KINDS.get(do, "prod" if do == "change_product" else "order")
        return {**done, "id": f"{kind}_01{done['id']:024d}"}


@contextmanager
def started(**options: Any) -> Iterator[NamedShop]:
    with start_simulator(platform="medusa", **options) as shop:
        yield NamedShop(shop)
