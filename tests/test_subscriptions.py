"""Risk: a subscription is counted as an order, is lost, or shows what it was; its renewals are not recognised."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from psycopg.rows import dict_row

from cartfolk.commerce import rules
from cartfolk.connectors.tests.linked import LinkedStore, follow_hints
from cartfolk.connectors.woocommerce import webhooks
from cartfolk.connectors.woocommerce.tests.door import Door
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import realtime
from cartfolk.properties.write import Mode, Write, write
from cartfolk.reconcile import EVER, reconcile
from cartfolk.simulator import SimulatedShop, start_simulator
from cartfolk.stores import connect
from cartfolk.stores.shop import reader
from cartfolk.web import timeline

WORDS = {"active": "active", "paused": "on-hold", "cancelled": "cancelled"}


class Linked(LinkedStore):
    platform = "woocommerce"

    def __init__(self, conn: Connection, database: str, shop: SimulatedShop, door: Door) -> None:
        self.conn, self.database, self.shop, self.door = conn, database, shop, door
        keys = self.keys(shop)
        wish = connect.Application(self.platform, "shop", keys, allow_private_address=True)
        self.store, _report = connect.connect(conn, wish, now())
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))
        self.ask(lambda connector: connector.ensure_webhooks(door.url))

    def keys(self, shop: SimulatedShop) -> dict[str, str]:
        return {"url": shop.url, "key": shop.key, "secret": shop.secret}

    def follow(self) -> None:
        """Takes in what was sent and follows it to the contacts."""
        self.shop.live(minutes=0)
        heard, self.door.heard = self.door.heard, []
        for headers, body in heard:
            realtime.accept_webhook(self.conn, self.store, reader(self.store), headers, body, now())

        follow_hints(self.conn, self.ask)
        self.handle()

    def of(self, email: str) -> dict[str, Any]:
        query = "select p.* from contact_property p join contact_list l using (contact_id) where lower(l.email) = %s"
        with self.conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, [email.strip().lower()]).fetchone() or {}


@pytest.fixture
def linked(conn: Connection, database: str) -> Iterator[Linked]:
    door = Door()
    with start_simulator(seed=21, customers=80, subscriptions=True) as shop:
        yield Linked(conn, database, shop, door)
    door.close()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def check(linked: Linked, told: dict[str, Any]) -> None:
    """The properties say what the shop's own account says (``state``: in the shop's word, or one of `WORDS`)."""
    found = linked.of(told["email"])
    assert found["last_subscription_order_number"] == str(told["id"])
    assert found["last_subscription_parent_order_number"] == told["parent"]
    assert found["last_subscription_order_status"] == WORDS.get(told["state"], told["state"])
    assert found["last_subscription_order_creation_date"] == _moment(told["began"])
    assert found["last_subscription_order_paid_date"] == _moment(told["paid"])
    assert found["last_subscription_trial_end_date"] == _moment(told["trial_end"])
    assert found["last_subscription_next_payment_date"] == _moment(told["next_payment"])
    assert found["last_subscription_billing_period"] == told["period"]
    assert found["last_subscription_billing_interval"] == str(told["interval"])
    assert found["last_subscription_products"] == sorted({html.unescape(name) for name in told["products"]})
    assert found["related_last_order_creation_date"] == _moment(told["renewed"])


def test_what_subscriptions_tell_is_what_the_shop_knows_and_no_order_is_counted_twice(linked: Linked) -> None:
    linked.import_all()
    truth = linked.shop.truth()
    told = truth["subscriptions"]
    assert len(told) > 5
    assert any(one["renewed"] for one in told)
    assert any(one["trial_end"] for one in told)
    for one in told:
        check(linked, one)
    (orders,) = linked.conn.execute("select sum(total_number_of_orders) from contact_property").fetchone() or (0,)
    assert orders == truth["counted_orders"] - truth["orders_without_identity"] or orders == truth["counted_orders"]
    (with_one,) = linked.conn.execute(
        "select count(*) from contact_property where last_subscription_order_number is not null"
    ).fetchone() or (0,)
    assert with_one == len(told)


def test_a_change_comes_by_webhook_and_without_one_by_the_poll(linked: Linked) -> None:
    linked.import_all()
    assert {f"subscription.{event}" for event in webhooks.EVENTS} <= {
        one["topic"] for one in linked.shop.webhooks()["webhooks"]
    }
    linked.door.heard.clear()
    first, second = linked.shop.truth()["subscriptions"][:2]
    linked.shop.act("subscription", subscription_id=first["id"], status="cancelled")
    linked.follow()
    check(linked, linked.shop.truth()["subscriptions"][0])
    found = linked.of(first["email"])
    assert found["last_subscription_next_payment_date"] is None
    events = timeline.page(linked.conn, found["contact_id"], ["subscription"]).events
    assert [event["state"] for event in events] == ["cancelled", "active"]
    assert events[-1]["at"] == _moment(first["began"])
    linked.shop.act("subscription", subscription_id=second["id"], status="paused")
    linked.shop.live(minutes=0)
    linked.door.heard.clear()  # lost
    linked.poll()
    check(linked, linked.shop.truth()["subscriptions"][1])


def test_a_comparison_does_not_take_a_subscription_for_an_order_the_shop_lost(linked: Linked) -> None:
    linked.import_all()

    found = linked.ask(lambda connector: reconcile(linked.conn, linked.store, connector, EVER))
    assert [(one.gone, one.missing) for one in found] == [(0, 0)] * len(found)
    assert next(one.here for one in found if one.stream == "orders") == linked.shop.truth()["orders"]


def test_the_owners_map_of_statuses_makes_no_order_of_a_subscription(linked: Linked) -> None:
    linked.import_all()
    told = linked.shop.truth()["subscriptions"][0]
    before = linked.of(told["email"])["total_number_of_orders"]
    rules.save(linked.conn, linked.store.pk, **connect.rule_of(linked.store) | {"statuses": {"active": "completed"}})
    linked.handle()
    assert linked.of(told["email"])["total_number_of_orders"] == before
    check(linked, told)


def test_what_people_set_goes_before_the_shops_word_and_comes_off_again(linked: Linked) -> None:
    linked.import_all()
    told = linked.shop.truth()["subscriptions"][0]
    contact = linked.of(told["email"])["contact_id"]
    name = "last_subscription_order_status"
    for value, counts in (("paused by phone", "paused by phone"), ("", WORDS[told["state"]])):
        (outcome,) = write(linked.conn, [Write(contact, {name: value})], mode=Mode.OVERWRITE, source="user")
        assert outcome.changed == (name,)
        assert linked.of(told["email"])[name] == counts


def test_a_shop_without_the_plugin_is_imported_as_ever(conn: Connection, database: str) -> None:
    door = Door()
    with start_simulator(seed=22, customers=20) as shop:
        linked = Linked(conn, database, shop, door)
        linked.import_all()
        linked.poll()
        assert linked.ask(lambda connector: connector.counts())["subscriptions"] == 0
        assert {one["topic"] for one in shop.webhooks()["webhooks"]} == set(webhooks.TOPICS)
        assert conn.execute("select count(*) from orders where subscription is not null").fetchone() == (0,)
    door.close()
