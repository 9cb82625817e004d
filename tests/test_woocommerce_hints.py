"""Risk: WooCommerce's webhooks share ids, come twice, show drafts or do not come: an order is lost or counted twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from cartfolk import pipeline, reconcile
from cartfolk.commerce import rules
from cartfolk.connectors.tests.linked import follow_hints
from cartfolk.connectors.woocommerce.tests.door import Door
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import realtime
from cartfolk.simulator import SimulatedShop, start_simulator
from cartfolk.stores import connect
from cartfolk.stores.shop import open_store, reader

NOW = "2026-11-01T12:00:00Z"  # the shop's time stands still there: all that happens is in one second


class Linked:
    """A shop and the store it is; its webhooks are kept until they are followed."""

    def __init__(self, conn: Connection, database: str, shop: SimulatedShop, door: Door) -> None:
        self.conn, self.database, self.shop, self.door = conn, database, shop, door
        keys = {"url": shop.url, "key": shop.key, "secret": shop.secret}
        wish = connect.Application("woocommerce", "shop", keys, allow_private_address=True)
        self.store, _report = connect.connect(conn, wish, now())
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))
        self._with_connector(lambda connector: connector.ensure_webhooks(door.url))

    def _with_connector(self, what: Any) -> Any:
        async def run() -> Any:
            async with open_store(self.store) as connector:
                return await what(connector)

        return asyncio.run(run())

    def follow(self) -> list[str]:
        """Takes in what was sent, follows it to the contacts; returns what became of each delivery."""
        self.shop.live(minutes=0)
        heard, self.door.heard = self.door.heard, []
        outcomes = [
            realtime.accept_webhook(self.conn, self.store, reader(self.store), headers, body, now()).outcome
            for headers, body in heard
        ]

        follow_hints(self.conn, self._with_connector)
        self.handle()
        return outcomes

    def handle(self) -> None:
        """Everything that waits becomes contacts."""
        with psycopg.connect(self.database, autocommit=True) as identity:
            for lane in (pipeline.LIVE, pipeline.BULK):
                while pipeline.drain(self.conn, identity, lane, 100):
                    pass
                while pipeline.refresh_dirty(self.conn, lane, 100):
                    pass

    def compare(self) -> int:
        """The nightly comparison; returns how many objects are gone."""
        return sum(found.gone for found in self.compared())

    def compared(self) -> list[reconcile.Found]:
        async def run(connector: Any) -> list[reconcile.Found]:
            return await reconcile.reconcile(self.conn, self.store, connector, reconcile.EVER)

        found: list[reconcile.Found] = self._with_connector(run)
        self.handle()
        self.follow()
        return found

    def of(self, email: str, column: str) -> Any:
        row = self.conn.execute(f"select {column} from contact_list where email = %s", [email]).fetchone()
        return row and row[0]


@pytest.fixture
def linked(conn: Connection, database: str) -> Iterator[Linked]:
    door = Door()
    with start_simulator(seed=12, customers=60, now=NOW, frozen_clock=True) as shop:
        found = Linked(conn, database, shop, door)
        found.follow()  # the pings
        yield found
    door.close()


def test_deliveries_that_share_an_id_are_all_followed_and_cost_one_question(linked: Linked) -> None:
    people = [f"same.second{number}@example.com" for number in range(6)]
    for email in people:
        linked.shop.act("order", email=email)
    asked = linked.shop.stats()["requests"]["GET /wc/v3/orders"]
    outcomes = linked.follow()
    assert outcomes.count("stored") >= 6
    assert [linked.of(email, "total_number_of_orders") for email in people] == [1] * 6
    assert linked.shop.stats()["requests"]["GET /wc/v3/orders"] == asked + 1


def test_a_checkout_draft_that_leaks_out_does_not_hide_the_order_it_becomes(linked: Linked) -> None:
    """A draft is in no list unless asked for by name; it is no order yet, and must not be in the way of it."""
    email = "draft@example.com"
    order = linked.shop.act("order", email=email, status="checkout-draft")["id"]
    linked.shop.act("touch", order_id=order)  # order.updated fires for drafts too
    assert "stored" in linked.follow()
    assert not linked.of(email, "total_number_of_orders")
    linked.shop.act("status", order_id=order, status="processing")
    linked.follow()
    assert linked.of(email, "total_number_of_orders") == 1


def test_two_edits_in_one_second_end_in_the_second_one(linked: Linked) -> None:
    """Times have whole seconds: of two equal versions the one fetched last is true."""
    email = "twice@example.com"
    account = linked.shop.act("register", email=email, first_name="First")["id"]
    linked.follow()
    linked.shop.act("change_customer", customer_id=account, first_name="Second")
    linked.follow()
    assert "Second" in linked.of(email, "name")


def test_a_deletion_nobody_told_of_is_found_at_night(linked: Linked) -> None:
    email = "deleted@example.com"
    orders = [linked.shop.act("order", email=email)["id"] for _ in range(3)]
    account = linked.shop.act("register", email="leaves@example.com")["id"]
    linked.follow()
    linked.compare()  # brings what was there before it was connected
    assert linked.compare() == 0
    linked.shop.post_fault("webhook_drop")
    linked.shop.act("delete_order", order_id=orders[0])
    linked.shop.act("delete_customer", customer_id=account)
    assert "stored" not in linked.follow()
    assert linked.of(email, "total_number_of_orders") == 3
    assert linked.compare() == 2
    assert linked.of(email, "total_number_of_orders") == 2


def test_a_shop_that_denies_nearly_everything_at_night_is_not_believed(linked: Linked) -> None:
    email = "many@example.com"
    orders = [linked.shop.act("order", email=email)["id"] for _ in range(30)]
    linked.follow()
    linked.shop.post_fault("webhook_drop")
    for order in orders[:25]:
        linked.shop.act("delete_order", order_id=order)
    linked.follow()
    assert linked.compare() == 0
    assert linked.of(email, "total_number_of_orders") == 30


def test_what_no_webhook_and_no_poll_told_of_is_found_by_its_id_and_both_sides_count_the_same(linked: Linked) -> None:
    linked.shop.post_fault("webhook_drop")
    linked.shop.act("order", email="lost@example.com")
    linked.shop.act("register", email="unheard@example.com")
    linked.follow()
    assert linked.of("lost@example.com", "total_number_of_orders") is None
    first = {found.stream: found for found in linked.compared()}
    assert first["orders"].missing > 0
    assert linked.of("lost@example.com", "total_number_of_orders") == 1
    assert linked.of("unheard@example.com", "email")
    for found in linked.compared():
        assert (found.missing, found.gone) == (0, 0)
        assert found.there == found.here
    kept = linked.conn.execute("select compared from stores_store").fetchone()
    assert kept
    assert set(kept[0]["streams"]) == {"customers", "orders"}
