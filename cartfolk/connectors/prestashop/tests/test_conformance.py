"""PrestaShop against a shop that answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from cartfolk.connectors.canonical import Customer
from cartfolk.connectors.conformance import Conformance
from cartfolk.connectors.errors import SignatureInvalid
from cartfolk.simulator import SimulatedShop, start_simulator


@pytest.fixture(scope="module")
def shop() -> Iterator[SimulatedShop]:
    with start_simulator(platform="prestashop", seed=5, customers=100) as found:
        yield found


class TestPrestaShop(Conformance):
    platform = "prestashop"
    wrong = {"key": "0" * 32}
    scopes = {
        "without configurations": "permissions",
        "without orders": "permissions",
        "without order_slip": "permissions",
    }
    spoiled = ("total_paid_tax_incl", "twelve")

    def credentials(self, shop: Any) -> dict[str, str]:
        return {"key": shop.key}

    def lesser(self, shop: Any, scope: str) -> dict[str, str]:
        key, _none = shop.new_key(scope)
        return {"key": key}

    def config(self, shop: Any, **changes: Any) -> Any:
        return super().config(shop, **{"timezone": "Europe/Berlin", "learned": {"language": "2"}, **changes})

    def test_the_check_names_what_the_key_may_not_view(self, shop: SimulatedShop) -> None:
        report = self.use(shop, lambda c: c.check(), credentials=self.lesser(shop, "without order_states"))
        assert report.steps[-1].message.startswith("The key may not view order_states: open it in PrestaShop")
        good = self.use(shop, lambda c: c.check())
        assert (good.timezone, good.home_currency) == ("Europe/Berlin", "EUR")
        assert good.learned == {"language": "2"}

    def test_every_stream_is_walked_whole_and_read(self, shop: SimulatedShop) -> None:
        async def run(connector: Any) -> None:
            counts = await connector.counts()
            for stream in connector.info.streams:
                found = await self.everything(connector, stream)
                assert len(found) == len(set(found)) == counts[stream] > 0, stream

        self.use(shop, run)

    def test_it_sends_no_webhooks_and_believes_none(self, shop: SimulatedShop) -> None:
        async def run(connector: Any) -> None:
            assert (await connector.ensure_webhooks("http://127.0.0.1:9/hooks/x")).expected == 0
            with pytest.raises(SignatureInvalid):
                connector.webhook({}, b'{"id": 5}')

        self.use(shop, run)

    def test_the_nightly_look_at_ids_is_cheap_and_complete(self, shop: SimulatedShop) -> None:
        async def run(connector: Any) -> None:
            found: dict[str, Any] = {}
            before = shop.stats()["requests"]
            for window in await connector.windows("customers", datetime.now(UTC)):
                cursor = None
                while True:
                    page = await connector.ids(window, cursor)
                    found |= page.versions
                    cursor = page.cursor
                    if cursor is None:
                        break
            after = shop.stats()["requests"]
            assert {name for name in after if after[name] != before.get(name)} == {"GET /api/customers"}
            page = await connector.fetch("customers", list(found))
            records = connector.read("customers", page.body, datetime.now(UTC)).records
            people = {each.external_id: each.updated_at for each in records if isinstance(each, Customer)}
            assert people == found

        self.use(shop, run)
