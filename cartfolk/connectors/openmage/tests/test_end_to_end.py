"""Risk: between a Magento's answers and the contacts a person, an order or a cent is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cartfolk import pipeline
from cartfolk.commerce import rules
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import bulk, deliveries, poll
from cartfolk.simulator import SimulatedShop, start_simulator
from cartfolk.stores import connect
from cartfolk.stores.shop import open_store


class Linked:
    """A shop and the store it is."""

    def __init__(self, conn: Connection, database: str, shop: SimulatedShop) -> None:
        self.conn, self.database, self.shop = conn, database, shop
        keys = {"url": shop.url, "user": shop.key, "key": shop.secret}
        wish = connect.Application("openmage", "shop", keys, allow_private_address=True)
        self.store, report = connect.connect(conn, wish, now())
        assert report.ok, report.steps
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))

    def run(self, what: Any) -> Any:
        async def run() -> Any:
            async with open_store(self.store) as connector:
                return await what(connector)

        return asyncio.run(run())

    def handle(self) -> None:
        """Everything that waits becomes contacts."""
        with psycopg.connect(self.database, autocommit=True) as identity:
            for lane in (pipeline.LIVE, pipeline.BULK):
                while pipeline.drain(self.conn, identity, lane, 100):
                    pass
                while pipeline.refresh_dirty(self.conn, lane, 100):
                    pass

    def rows(self, sql: str, *values: Any) -> list[Any]:
        return self.conn.execute(sql, list(values)).fetchall()


@pytest.fixture
def linked(conn: Connection, database: str) -> Iterator[Linked]:
    with start_simulator(platform="openmage", seed=12, customers=60) as shop:
        yield Linked(conn, database, shop)


def test_the_imported_contacts_are_the_shops_people_and_a_change_arrives(linked: Linked) -> None:
    assert linked.run(lambda c: bulk.backfill(linked.conn, linked.store, c)) == "done"
    linked.handle()
    truth = linked.shop.truth()
    assert linked.rows("select count(*) from quarantine") == [(0,)]
    assert linked.rows("select count(*) from orders") == [(truth["orders"],)]
    assert linked.rows("select count(*) from customer") == [(truth["customers"],)]
    assert linked.rows("select count(*) from refund") == [(truth["refunds"],)]
    assert linked.rows("select count(*) from contact_list where email is not null") == [(truth["persons"],)]

    money = linked.rows(
        """select currency, sum(total), sum(refunded) from orders where status in ('completed', 'refunded')
           group by currency"""
    )
    assert {currency: (gross, refunded) for currency, gross, refunded in money} == {
        currency: (Decimal(told["gross"]), Decimal(told["refunded"])) for currency, told in truth["currencies"].items()
    }

    people = dict(linked.rows("select a.external_id, a.contact_id from account a"))
    values = {
        contact: (orders, value)
        for contact, orders, value in linked.rows(
            """select contact_id, coalesce(total_number_of_orders, 0), coalesce(total_value_of_orders, 0)
               from contact_list"""
        )
    }
    for told in truth["people"].values():
        if told["customer_id"] is None:
            (found,) = linked.rows(
                "select contact_id from identity where kind = 'email' and value = %s", told["emails"][0]
            )
            contact = found[0]
        else:
            contact = people[str(told["customer_id"])]
        orders, value = values[contact]
        assert orders == told["counted_orders"], told
        assert abs(value - Decimal(told["net_home"])) <= Decimal("0.01"), told

    order = linked.shop.act("order", email="live@example.com")["id"]
    linked.shop.act("refund", order_id=order, amount="1.00")
    assert linked.run(lambda c: poll.poll(linked.conn, linked.store, c)) > 0
    linked.handle()
    live = "select total_number_of_orders from contact_list where email = 'live@example.com'"
    assert linked.rows(live) == [(1,)]
    refunded = "select refunded from orders where external_id = %s"
    assert linked.rows(refunded, str(order)) == [(Decimal("1.00"),)]


def test_a_cart_the_module_told_becomes_the_order_the_poll_finds(linked: Linked) -> None:
    """The module names a cart by its quote, the order names the quote it was."""
    assert linked.run(lambda c: bulk.backfill(linked.conn, linked.store, c)) == "done"
    at = now()
    goods = [{"product_id": "7", "name": "Cup", "quantity": "1", "total": "9.9000"}]
    told = {
        "id": "cart-99001-1",
        "kind": "cart",
        "occurred_at": at.isoformat(),
        "object": {"cart_id": "99001", "email": "basket@example.com", "currency": "EUR", "lines": goods},
    }
    body = json.dumps([told]).encode()
    deliveries.store(linked.conn, linked.store.pk, "ingest", "ingest", body, at, dedupe="ingest msg_1")
    linked.handle()
    state = "select state from cart where external_id = '99001'"
    assert linked.rows(state) == [("open",)]
    order = linked.shop.act("order", email="basket@example.com", cart="99001")["id"]
    linked.run(lambda c: poll.poll(linked.conn, linked.store, c))
    linked.handle()
    assert linked.rows(state) == [("ordered",)]
    assert linked.rows("select cart_token from orders where external_id = %s", str(order)) == [("99001",)]
