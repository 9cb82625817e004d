"""Magento 1 against a shop that answers, by JSON-RPC and by XML-RPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from cartfolk.connectors.conformance import Conformance
from cartfolk.connectors.errors import SignatureInvalid
from cartfolk.connectors.openmage.shopfront import ID
from cartfolk.simulator import SimulatedShop, start_simulator


@pytest.fixture(scope="class")
def shop() -> Iterator[SimulatedShop]:
    with start_simulator(platform="openmage", seed=5, customers=60) as found:
        yield found


class Magento(Conformance):
    """How this platform differs; the suite itself runs below."""

    platform = "openmage"
    wrong: ClassVar[Mapping[str, str]] = {"key": "a-wrong-api-key"}
    scopes: ClassVar[Mapping[str, str]] = {"no_orders": "orders", "no_refunds": "refunds"}
    blind = "none"
    spoiled = ("grand_total", "twelve")

    def row_id(self, stream: str, row: Mapping[str, Any]) -> str:
        return str(row[ID[stream]])

    def credentials(self, shop: Any) -> dict[str, str]:
        return {"user": shop.key, "key": shop.secret}

    def lesser(self, shop: Any, scope: str) -> dict[str, str]:
        user, key = shop.new_key(scope)
        return {"user": user, "key": key}


class TestJsonRpc(Magento):
    def test_counts_equal_the_truth(self, shop: Any) -> None:
        """Magento cannot say how many there are, and nothing is claimed; the tree of categories comes whole."""
        counts = self.use(shop, lambda c: c.counts())
        assert {stream for stream, number in counts.items() if number is None} == {"products", "customers", "orders"}
        assert counts["categories"] == len(self.use(shop, lambda c: self.everything(c, "categories")))

    def test_the_catalogue_comes_whole_too(self, shop: Any) -> None:
        found = self.use(shop, lambda c: self.everything(c, "products"))
        assert len(found) == len(set(found)) == shop.truth(people=False)["products"]

    def test_no_webhook_is_believed(self, shop: Any) -> None:
        async def run(connector: Any) -> None:
            with pytest.raises(SignatureInvalid):
                connector.webhook({}, b"{}")
            assert (await connector.ensure_webhooks("http://127.0.0.1:9/hooks/x")).expected == 0

        self.use(shop, run)


class TestXmlRpc(TestJsonRpc):
    """A Magento 1.9 knows no JSON-RPC."""

    @pytest.fixture(autouse=True)
    def old(self, shop: Any) -> Iterator[None]:
        shop.post_fault("old_version")
        yield
        shop.clear_faults()
