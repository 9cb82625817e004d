"""Risk: pieces that fit each other do not fit together: connect, import, and the contacts are what the shop knows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cartfolk import pipeline, reconcile
from cartfolk.commerce import rules
from cartfolk.connectors.tests.linked import follow_hints
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import bulk, poll, realtime
from cartfolk.simulator import SimulatedShop
from cartfolk.stores import connect
from cartfolk.stores.credentials import ingest_secret
from cartfolk.stores.shop import open_store, reader

from .shop import started
from .test_mapping import signed


class Linked:
    """A fake shop and the store it is."""

    def __init__(self, conn: Connection, database: str, shop: SimulatedShop) -> None:
        self.conn, self.database, self.shop = conn, database, shop
        wish = connect.Application("vendure", "shop", {"url": shop.url, "key": shop.key}, allow_private_address=True)
        self.store, _report = connect.connect(conn, wish, now())
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))

    def run(self, what: Any) -> Any:
        async def run() -> Any:
            async with open_store(self.store) as connector:
                return await what(connector)

        found = asyncio.run(run())
        with psycopg.connect(self.database, autocommit=True) as identity:
            for lane in (pipeline.LIVE, pipeline.BULK):
                while pipeline.drain(self.conn, identity, lane):
                    pass
                while pipeline.refresh_dirty(self.conn, lane):
                    pass
        return found

    def one(self, query: str, *values: object) -> Any:
        row = self.conn.execute(query, values).fetchone()
        return row and row[0]

    def hint(self, body: bytes) -> str:
        """What the plugin sends, taken in and followed."""
        headers = signed(body, ingest_secret(self.store))
        accepted = realtime.accept_webhook(self.conn, self.store, reader(self.store), headers, body, now())

        self.follow()
        return accepted.outcome

    def follow(self) -> None:
        """Follows the hints that wait."""

        follow_hints(self.conn, self.run)


@pytest.fixture
def linked(conn: Connection, database: str) -> Iterator[Linked]:
    with started(seed=12, customers=40) as shop:
        found = Linked(conn, database, shop)
        assert found.run(lambda connector: bulk.backfill(conn, found.store, connector)) == "done"
        yield found


ORDERS = """
select currency, total,
  coalesce((select sum(amount) from refund r where r.contact_id = o.contact_id and r.order_id = o.order_id), 0)
from orders o where contact_id = %s and status in ('completed', 'refunded')
"""


def people(linked: Linked) -> dict[str, tuple[int, Counter[str], Counter[str]]]:
    """Every contact under the truth's name of it: counted orders, and by currency what came in and went back."""
    truth = linked.shop.truth()["people"]
    owner = {email: key for key, told in truth.items() for email in told["emails"] if key.startswith("customer:")}
    owner |= {email: key for key, told in truth.items() for email in told["emails"] if key.startswith("guest:")}
    accounts: dict[int, str] = {}
    for contact, external in linked.conn.execute("select contact_id, external_id from account").fetchall():
        if f"customer:{external}" in truth:
            accounts[contact] = f"customer:{external}"
    found: dict[str, tuple[int, Counter[str], Counter[str]]] = {}
    listed = "select contact_id, email from contact_list where email is not null"  # a few orders are nobody's
    for contact, email in linked.conn.execute(listed).fetchall():
        counted, gross, refunded = found.setdefault(accounts.get(contact) or owner[email], (0, Counter(), Counter()))
        orders = linked.conn.execute(ORDERS, [contact]).fetchall()
        for currency, total, back in orders:
            gross[currency] += total
            refunded[currency] += back
        found[accounts.get(contact) or owner[email]] = (counted + len(orders), gross, refunded)
    return found


def expected(told: dict[str, Any]) -> tuple[int, Counter[str], Counter[str]]:
    gross: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    for currency, sums in told["currencies"].items():
        gross[currency], refunded[currency] = Decimal(sums["gross"]), Decimal(sums["refunded"])  # type: ignore[assignment]
    return told["counted_orders"], gross, refunded


def compare(linked: Linked) -> None:
    found, truth = people(linked), linked.shop.truth()
    assert found.keys() == truth["people"].keys()
    wrong = {key: (found[key], expected(told)) for key, told in truth["people"].items() if found[key] != expected(told)}
    assert not wrong
    assert linked.one("select count(*) from orders") == truth["orders"]
    assert linked.one("select count(*) from refund") == truth["refunds"]
    assert linked.one("select count(*) from quarantine") == 0


def test_imported_contacts_are_what_the_shop_knows_and_a_poll_follows_it(linked: Linked) -> None:
    compare(linked)
    shop = linked.shop
    order = shop.act("order", email="late@example.com")["id"]
    shop.act("refund", order_id=order, amount="1.00")
    account = shop.act("register", email="fresh@example.com", first_name="Fresh")["id"]
    linked.run(lambda connector: poll.poll(linked.conn, linked.store, connector))
    compare(linked)
    shop.act("change_customer", customer_id=account, first_name="Renamed")
    linked.run(lambda connector: poll.poll(linked.conn, linked.store, connector))
    assert "Renamed" in linked.one("select name from contact_list where email = %s", "fresh@example.com")


def test_a_hint_of_the_plugin_brings_order_and_deletion(linked: Linked) -> None:
    shop = linked.shop
    order = shop.act("order", email="hint@example.com")["id"]
    assert linked.hint(b'{"stream":"orders","ids":["%d"]}' % order) == "stored"
    number = "select total_number_of_orders from contact_list where email = %s"
    assert linked.one(number, "hint@example.com") == 1
    shop.act("delete_order", order_id=order)
    assert linked.hint(b'{"stream":"orders","ids":["%d"]}' % order) == "stored"
    assert linked.one(number, "hint@example.com") == 0


def test_a_refund_older_than_every_poll_is_found_by_the_comparison_of_everything(linked: Linked) -> None:
    """Guests are in Vendure's list of customers: both sides count them, and nobody is taken for deleted."""
    oldest = linked.one(
        "select external_id from orders o where status = 'completed' "
        "and not exists (select 1 from refund r where r.order_id = o.order_id) order by placed_at limit 1"
    )
    linked.shop.act("refund", order_id=oldest, amount="1.00")
    linked.run(lambda connector: poll.poll(linked.conn, linked.store, connector))
    amount = "select sum(amount) from refund join orders o using (contact_id, order_id) where o.external_id = %s"
    assert linked.one(amount, oldest) is None

    async def compared(connector: Any) -> Any:
        return await reconcile.reconcile(linked.conn, linked.store, connector, reconcile.EVER)

    found = {one.stream: one for one in linked.run(compared)}
    assert [(one.gone, one.missing) for one in found.values()] == [(0, 0), (0, 1)]
    assert all(one.there == one.here for one in found.values())
    linked.follow()
    assert linked.one(amount, oldest) == 1
