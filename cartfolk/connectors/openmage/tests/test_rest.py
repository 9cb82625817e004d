"""Magento 1 by REST and OAuth 1.0a: the suite of all connectors, and what REST does not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Customer, Order
from cartfolk.connectors.oauth1 import OAuth1
from cartfolk.connectors.openmage.mapping import Reader
from cartfolk.connectors.reading import load, page_body
from cartfolk.simulator import SimulatedShop, start_simulator

from .test_conformance import Magento

SAMPLE = Path(__file__).resolve().parents[5] / "shared/reference/stores/samples/openmage/rest__customers.list.json"


@pytest.fixture(scope="module")
def shop() -> Iterator[SimulatedShop]:
    with start_simulator(platform="openmage", seed=6, customers=104) as found:
        yield found


def oauth(user: str, key: str) -> dict[str, str]:
    return {"user": user, "key": key, "token": f"{user}_token", "token_secret": f"{key}_token"}


class TestRest(Magento):
    scopes: ClassVar[Mapping[str, str]] = {"no_orders": "orders"}
    spoiled = ("base_grand_total", "twelve")

    def credentials(self, shop: Any) -> dict[str, str]:
        return oauth(shop.key, shop.secret)

    def lesser(self, shop: Any, scope: str) -> dict[str, str]:
        return oauth(*shop.new_key(scope))

    def test_counts_equal_the_truth(self, shop: Any) -> None:
        """Nobody can say how many there are, and nothing is claimed."""
        assert set(self.use(shop, lambda c: c.counts()).values()) == {None}

    def test_fetch_leaves_out_what_is_gone_and_dates_refunds(self, shop: Any) -> None:
        """REST tells the sum of the refunds, and no date of any."""
        order = str(shop.act("order", email="guest@example.com")["id"])
        shop.act("refund", order_id=order, amount="1.00")

        async def run(connector: Any) -> None:
            page = await connector.fetch("orders", [order, "999999999"])
            (found,) = connector.read("orders", page.body, datetime.now(UTC)).records
            assert isinstance(found, Order)
            assert (found.email, found.customer_id) == ("guest@example.com", None), "from its address"
            assert [(each.amount, each.created_at) for each in found.refunds] == [(Decimal("1.0000"), None)]

        self.use(shop, run)

    def test_a_bad_row_is_reported_and_its_page_goes_on(self, shop: Any) -> None:
        async def run(connector: Any) -> None:
            page = await connector.changes("orders", None, datetime(2000, 1, 1, tzinfo=UTC))
            rows = load(page.body)[:3]
            rows[1]["base_grand_total"] = "twelve"
            mapped = connector.read("orders", page_body(rows), datetime.now(UTC))
            assert [(bad.field, bad.external_id) for bad in mapped.bad] == [("grand_total", rows[1]["order_id"])]
            assert len(mapped.records) == 2

        self.use(shop, run)


def test_the_last_page_is_repeated_for_ever_and_is_not_believed(shop: SimulatedShop) -> None:
    auth = OAuth1(*oauth(shop.key, shop.secret).values(), method="HMAC-SHA1")
    with httpx2.Client(auth=auth, trust_env=False, headers={"Accept": "application/json"}) as client:
        pages = [
            client.get(f"{shop.url}/api/rest/customers", params={"limit": 100, "page": page}).json()
            for page in (2, 3, 9)
        ]
    assert pages[0] == pages[1] == pages[2], "the trap is there"
    found = TestRest().use(shop, lambda c: TestRest().everything(c, "customers"))
    assert len(found) == len(set(found)) == shop.truth(people=False)["customers"]


def test_amounts_are_those_of_the_base_currency_and_lines_add_up(shop: SimulatedShop) -> None:
    order = str(shop.act("order", email="usd@example.com", currency="USD")["id"])

    async def run(connector: Any) -> None:
        page = await connector.fetch("orders", [order])
        (raw,) = load(page.body)
        (found,) = connector.read("orders", page.body, datetime.now(UTC)).records
        assert isinstance(found, Order)
        assert (found.currency, found.rate) == ("EUR", 1)
        assert found.total == Decimal(raw["base_grand_total"]) != Decimal(raw["grand_total"])
        assert abs(sum(line.total for line in found.lines) + found.shipping - found.total) < Decimal("0.05")

    TestRest().use(shop, run)


@pytest.mark.skipif(not SAMPLE.exists(), reason="the reference samples are not part of the project")
def test_the_sampled_list_of_customers_is_read() -> None:
    rows = load(SAMPLE.read_bytes())
    mapped = Reader(StoreConfig("https://shop.example.com", {})).read(
        "customers", page_body(rows.values()), datetime.now(UTC)
    )
    assert not mapped.bad
    assert [each.external_id for each in mapped.records if isinstance(each, Customer)] == ["2", "4"]
    first = mapped.records[0]
    assert isinstance(first, Customer)
    assert (first.email, first.created_at) == ("test@example.com", datetime(2012, 3, 22, 14, 15, 54, tzinfo=UTC))
