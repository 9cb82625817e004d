"""Risk: what is imported is not what the shop has. The contacts are compared with the shop's own account."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cartfolk import pipeline, reconcile
from cartfolk.commerce import rules
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import bulk
from cartfolk.inbox.poll import poll
from cartfolk.simulator import SimulatedShop, start_simulator
from cartfolk.stores import connect
from cartfolk.stores.shop import open_store


class Linked:
    """A shop and the store it is."""

    def __init__(self, conn: Connection, database: str, shop: SimulatedShop) -> None:
        self.conn, self.database, self.shop = conn, database, shop
        keys = {"url": shop.url, "key": shop.key}
        wish = connect.Application("prestashop", "shop", keys, allow_private_address=True)
        self.store, _report = connect.connect(conn, wish, now())
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))

    def sync(self, what: Any) -> Any:
        async def run() -> Any:
            async with open_store(self.store) as connector:
                return await what(self.conn, self.store, connector)

        done = asyncio.run(run())
        with psycopg.connect(self.database, autocommit=True) as identity:
            for lane in (pipeline.LIVE, pipeline.BULK):
                while pipeline.drain(self.conn, identity, lane, 500):
                    pass
                while pipeline.refresh_dirty(self.conn, lane, 500):
                    pass
        return done

    def all(self, query: Any, *values: Any) -> list[Any]:
        return self.conn.execute(query, values).fetchall()

    def of(self, emails: list[str]) -> tuple[int, Decimal, dict[str, tuple[Decimal, Decimal]]]:
        """Counted orders, their worth at home, and gross and refunded sums by currency, of whoever has one of these
        addresses. PrestaShop forgets an old address of an account, so a guest of that address is another contact."""
        people = [key for (key,) in self.all("select contact_id from identity where value = any(%s)", emails)]
        counted = "contact_id = any(%s) and status in ('completed', 'refunded') and deleted_at is null"
        (number, home), *_rest = self.all(
            f"select count(*), coalesce(sum((total - refunded) * rate), 0) from orders where {counted}", people
        )
        sums = self.all(f"select currency, sum(total), sum(refunded) from orders where {counted} group by 1", people)
        return number, home, {currency: (gross, refunded) for currency, gross, refunded in sums}


@pytest.fixture
def linked(conn: Connection, database: str) -> Iterator[Linked]:
    with start_simulator(platform="prestashop", seed=21, customers=60) as shop:
        yield Linked(conn, database, shop)


def test_everybody_has_the_orders_and_refunds_the_shop_says_and_changes_arrive_by_poll(linked: Linked) -> None:
    assert linked.sync(bulk.backfill) == "done"
    truth = linked.shop.truth()
    assert linked.all("select count(*) from orders") == [(truth["orders"],)]
    assert linked.all("select count(*) from customer where registered") == [(truth["customers"],)]
    assert linked.all("select count(*) from refund") == [(truth["refunds"],)]
    assert linked.all("select reason from quarantine where resolved_at is null") == []
    assert len(truth["people"]) > 60
    for name, person in truth["people"].items():
        number, home, sums = linked.of(person["emails"])
        assert number == person["counted_orders"], name
        told = {
            code: (Decimal(each["gross"]), Decimal(each["refunded"])) for code, each in person["currencies"].items()
        }
        assert sums == told, name
        assert abs(home - Decimal(person["net_home"])) < Decimal("0.001"), name
    assert linked.all("select count(*) from cart where contact_id is not null")[0][0] > 0

    made = linked.shop.act("order", email="live@example.com")["id"]
    linked.shop.act("refund", order_id=made, amount="1.00")
    account = linked.shop.act("register", email="fresh@example.com")["id"]
    linked.shop.act("consent", customer_id=account, given=True)
    assert linked.sync(poll) >= 2
    assert linked.all("select refunded from orders where external_id = %s", str(made)) == [(Decimal(1),)]
    assert linked.of(["live@example.com"])[0] == 1
    people = "select contact_id from account where external_id = %s"
    (contact,) = linked.all(people, str(account))
    assert linked.all("select status from consent_event where contact_id = %s", contact[0]) == [("granted",)]
    seen = linked.all("select count(*) from orders")
    linked.sync(poll)
    assert linked.all("select count(*) from orders") == seen, "the overlap brings the same again, and changes nothing"


def test_shop_and_contacts_count_the_same_customers_guests_or_not(linked: Linked) -> None:
    """Risk: guests, who stand in PrestaShop's list of customers, are counted on one side only."""
    assert linked.sync(bulk.backfill) == "done"
    guests = [linked.shop.act("order", email=f"guest.{number}@example.com") for number in range(3)]
    linked.shop.act("register", email="guest.0@example.com")  # the account of a former guest is a row of its own
    assert guests
    linked.sync(poll)

    async def compare(conn: Connection, store: Any, connector: Any) -> list[reconcile.Found]:
        return await reconcile.reconcile(conn, store, connector, reconcile.EVER)

    found = {one.stream: one for one in linked.sync(compare)}
    for stream in ("customers", "orders"):
        assert found[stream].there == found[stream].here > 0, found[stream]
        assert (found[stream].gone, found[stream].missing) == (0, 0), found[stream]
    assert linked.all("select count(*) from customer where not registered")[0][0] >= 3, "guests are there, and apart"
