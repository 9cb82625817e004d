"""Risk: between a Medusa server's answers and the contacts a person, an order or a cent is lost."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cartfolk import pipeline
from cartfolk.commerce import rules
from cartfolk.connectors.tests.linked import follow_hints
from cartfolk.core import secrets
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import bulk, poll, realtime
from cartfolk.stores import connect
from cartfolk.stores.credentials import ingest_secret
from cartfolk.stores.shop import open_store, reader

from .shop import NamedShop, started


class Linked:
    """A shop and the store it is."""

    def __init__(self, conn: Connection, database: str, shop: NamedShop) -> None:
        self.conn, self.database, self.shop = conn, database, shop
        wish = connect.Application("medusa", "shop", {"url": shop.url, "key": shop.key}, allow_private_address=True)
        self.store, report = connect.connect(conn, wish, now())
        assert report.ok, report.steps
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))

    def run(self, what: Any) -> Any:
        async def run() -> Any:
            async with open_store(self.store) as connector:
                return await what(connector)

        return asyncio.run(run())

    def poll(self) -> None:
        self.run(lambda connector: poll.poll(self.conn, self.store, connector))
        self.handle()

    def hint(self, stream: str, *ids: str) -> None:
        """What our subscriber sends, followed to the contacts."""
        body = json.dumps({"stream": stream, "ids": ids}).encode()
        stamp = int(time.time())
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(stamp),
            "webhook-signature": secrets.sign(ingest_secret(self.store), "evt_1", stamp, body),
        }
        accepted = realtime.accept_webhook(self.conn, self.store, reader(self.store), headers, body, now())
        assert accepted.outcome == "stored"

        follow_hints(self.conn, self.run)
        self.handle()

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

    def of(self, email: str, column: str) -> Any:
        rows = self.rows(f"select {column} from contact_list where email = %s", email)
        return rows[0][0] if rows else None


@pytest.fixture
def linked(conn: Connection, database: str) -> Iterator[Linked]:
    with started(seed=12, customers=60) as shop:
        yield Linked(conn, database, shop)


def test_the_imported_contacts_are_the_shops_people_and_changes_arrive(linked: Linked) -> None:
    shop = linked.shop
    assert linked.run(lambda c: bulk.backfill(linked.conn, linked.store, c)) == "done"
    linked.handle()
    truth = shop.truth()
    assert linked.rows("select count(*) from quarantine") == [(0,)]
    assert linked.rows("select count(*) from orders") == [(truth["orders"],)]
    assert linked.rows("select count(*) from customer where registered") == [(truth["customers"],)]
    assert linked.rows("select count(*) from refund") == [(truth["refunds"],)]
    assert linked.rows("select count(*) from contact_list where email is not null") == [(truth["persons"],)]
    same_money(linked, truth)
    same_people(linked, truth)

    # The subscriber hints at a new account and a new order ...
    account = shop.act("register", email="live@example.com", first_name="Nora", last_name="Live")["id"]
    linked.hint("customers", account)
    assert linked.of("live@example.com", "name") == "Nora Live"
    order = shop.act("order", email="live@example.com", status="authorized")["id"]
    linked.hint("orders", order)
    assert not linked.of("live@example.com", "total_number_of_orders")
    # ... and what it did not tell is found by the poll.
    shop.act("status", order_id=order, status="captured")
    linked.poll()
    assert linked.of("live@example.com", "total_number_of_orders") == 1
    shop.act("refund", order_id=order, amount="1.00")
    linked.poll()
    assert linked.rows("select refunded from orders where external_id = %s", order) == [(Decimal("1.00"),)]
    same_money(linked, shop.truth())


def same_money(linked: Linked, truth: dict[str, Any]) -> None:
    money = linked.rows(
        """select currency, sum(total), sum(refunded) from orders where status in ('completed', 'refunded')
           group by currency"""
    )
    assert {currency: (gross, refunded) for currency, gross, refunded in money} == {
        currency: (Decimal(told["gross"]), Decimal(told["refunded"])) for currency, told in truth["currencies"].items()
    }


def same_people(linked: Linked, truth: dict[str, Any]) -> None:
    accounts = dict(linked.rows("select external_id, contact_id from account"))
    guests = dict(linked.rows("select value, contact_id from identity where kind = 'email'"))
    values = {
        contact: (orders, value)
        for contact, orders, value in linked.rows(
            """select contact_id, coalesce(total_number_of_orders, 0), coalesce(total_value_of_orders, 0)
               from contact_list"""
        )
    }
    for told in truth["people"].values():
        number = told["customer_id"]
        contact = guests[told["emails"][0]] if number is None else accounts[f"cus_01{number:024d}"]
        orders, value = values[contact]
        assert orders == told["counted_orders"], told
        # Medusa tells no rate: an order in another currency counts, its value is left out.
        home = told["currencies"].get("EUR", {"net": "0"})["net"]
        assert value == Decimal(home), told
