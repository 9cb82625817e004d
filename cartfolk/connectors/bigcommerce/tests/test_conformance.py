"""BigCommerce against a store that answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .shop import Big, start


class Listed:
    """The shop as its lists show it: orders that never got beyond the payment page are among the others."""

    def __init__(self, shop: Any) -> None:
        self.uncounted = shop  # without them: they are listed and not counted

    def __getattr__(self, name: str) -> Any:
        return getattr(self.uncounted, name)

    def truth(self, people: bool = True) -> dict[str, Any]:
        told: dict[str, Any] = self.uncounted.truth(people)
        return told | {"orders": told["orders"] + told["orders_by_status"].get("Incomplete", 0)}


@pytest.fixture(scope="module")
def shop() -> Iterator[Any]:
    with start(seed=5, customers=110) as found:
        assert found.truth(people=False)["orders_by_status"]["Incomplete"], "the trap is there"
        yield Listed(found)


class TestBigCommerce(Big):
    def test_counts_equal_the_truth(self, shop: Any) -> None:
        super().test_counts_equal_the_truth(shop.uncounted)
