"""Risk: what a BigCommerce store holds and what its contacts say are two things: import, webhooks and poll, compared
with the store's own account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cartfolk import pipeline, reconcile
from cartfolk.commerce import rules
from cartfolk.connectors.tests.linked import LinkedStore, follow_hints
from cartfolk.connectors.woocommerce.tests.door import Door
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import bulk, realtime
from cartfolk.simulator import SimulatedShop
from cartfolk.stores import connect
from cartfolk.stores.shop import reader
from cartfolk.web import sentences

from .shop import BIG, api, start


class Linked(LinkedStore):
    """A store and what Cartfolk knows of it; its webhooks are kept until they are followed."""

    def __init__(self, conn: Connection, database: str, shop: SimulatedShop, door: Door) -> None:
        self.conn, self.database, self.shop, self.door = conn, database, shop, door
        keys = {"url": api(shop), **BIG.credentials(shop)}
        wish = connect.Application("bigcommerce", "big", keys, allow_private_address=True)
        self.store, self.report = connect.connect(conn, wish, now())
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))
        self.ask(lambda connector: connector.ensure_webhooks(door.url))

    def handle(self) -> None:
        """Everything that waits becomes contacts."""
        with psycopg.connect(self.database, autocommit=True) as identity:
            for lane in (pipeline.LIVE, pipeline.BULK):
                while pipeline.drain(self.conn, identity, lane, 200):
                    pass
                while pipeline.refresh_dirty(self.conn, lane, 200):
                    pass

    def backfill(self) -> str:
        outcome: str = self.ask(lambda connector: bulk.backfill(self.conn, self.store, connector))
        self.handle()
        return outcome

    def follow(self) -> None:
        """Takes in what was sent and follows it."""
        self.shop.live(minutes=0)
        heard, self.door.heard = self.door.heard, []
        for headers, body in heard:
            realtime.accept_webhook(self.conn, self.store, reader(self.store), headers, body, now())

        follow_hints(self.conn, self.ask)
        self.handle()

    def of(self, email: str, column: str) -> Any:
        row = self.conn.execute(f"select {column} from contact_list where email = %s", [email]).fetchone()
        return row and row[0]

    def people(self) -> dict[str, dict[str, Any]]:
        """By account and by guest's address, as the store's own account names them: counted orders, and money by
        currency."""
        found: dict[int, dict[str, Any]] = defaultdict(
            lambda: {"counted_orders": 0, "orders": 0, "gross": defaultdict(Decimal), "refunded": defaultdict(Decimal)}
        )
        rows = self.conn.execute(
            "select contact_id, status, currency, total, refunded from orders where status <> 'ignored'"
        )
        for contact, status, currency, total, refunded in rows:
            person = found[contact]
            person["orders"] += 1
            if status in ("completed", "refunded"):
                person["counted_orders"] += 1
                person["gross"][currency] += total
                person["refunded"][currency] += refunded
        named = {
            f"customer:{key}": found[contact]
            for contact, key in self.conn.execute("select contact_id, external_id from account")
        }
        for contact, email in self.conn.execute("select contact_id, value from identity where kind = 'email'"):
            named.setdefault(f"guest:{email}", found[contact])
        return named


@pytest.fixture
def linked(conn: Connection, database: str) -> Iterator[Linked]:
    door = Door()
    with start(seed=12, customers=60) as shop:
        yield Linked(conn, database, shop, door)
    door.close()


def test_the_contacts_are_the_stores_own_and_stay_so(linked: Linked) -> None:
    shop = linked.shop
    assert linked.report.ok
    assert linked.backfill() == "done"
    assert linked.conn.execute("select reason, raw from quarantine").fetchall() == []
    compare(linked)

    # an order, its refund and a renamed account arrive by webhook, twice and in any order
    shop.post_fault("webhook_duplicate")
    shop.post_fault("webhook_reorder", every=2)
    order = shop.act("order", email="live.person@example.com")["id"]
    shop.act("refund", order_id=order, amount="1.00")
    account = shop.act("register", email="fresh@example.com", first_name="First")["id"]
    linked.follow()
    shop.act("change_customer", customer_id=account, first_name="Second")
    linked.follow()
    assert linked.of("live.person@example.com", "total_number_of_orders") == 1
    assert "Second" in linked.of("fresh@example.com", "name")

    # webhooks are lost, the poll brings what they told
    shop.clear_faults()
    shop.post_fault("webhook_drop")
    shop.act("order", email="lost.person@example.com")
    shop.act("status", order_id=order, status="Cancelled")
    linked.follow()
    assert linked.of("lost.person@example.com", "total_number_of_orders") is None
    linked.poll()
    assert linked.of("lost.person@example.com", "total_number_of_orders") == 1
    assert not linked.of("live.person@example.com", "total_value_of_orders")

    # and the nightly comparison what nobody told
    shop.act("delete_customer", customer_id=account)
    shop.clear_faults()
    found = linked.ask(lambda connector: reconcile.reconcile(linked.conn, linked.store, connector, reconcile.EVER))
    linked.handle()
    assert {each.stream: (each.gone, each.missing) for each in found} == {"customers": (1, 0), "orders": (0, 0)}
    assert all(each.there == each.here for each in found if each.stream == "orders")
    compare(linked)


def compare(linked: Linked) -> None:
    """Every person of the store's own account against the contacts."""
    truth = linked.shop.truth()
    ours = linked.people()
    for name, wanted in truth["people"].items():
        mine = ours.get(name)
        assert mine is not None, name
        assert (mine["orders"], mine["counted_orders"]) == (wanted["orders"], wanted["counted_orders"]), name
        money = {
            currency: (Decimal(sums["gross"]), Decimal(sums["refunded"]))
            for currency, sums in wanted["currencies"].items()
        }
        assert {
            currency: (mine["gross"][currency], mine["refunded"][currency]) for currency in mine["gross"]
        } == money, name
    (orders,) = linked.conn.execute("select count(*) from orders where status <> 'ignored'").fetchone() or (0,)
    assert orders == truth["orders"]


def test_a_cart_of_a_signed_in_shopper_becomes_the_contacts_by_webhook(conn: Connection, database: str) -> None:
    door = Door()
    with start(seed=11, customers=60, now="2026-11-01T12:00:00Z", frozen_clock=True) as shop:
        linked = Linked(conn, database, shop, door)
        shop.live(minutes=240)
        linked.follow()
        told = shop.truth(people=False)["carts"]
        known = {each["cart_id"]: each for each in told if each["email"] and not each["order_id"] and each["lines"]}
        assert known
        rows = conn.execute(
            "select c.external_id, l.email from cart c join contact_list l using (contact_id)"
        ).fetchall()
        ours = {key: email for key, email in rows if key in known}
        assert ours == {key: each["email"].strip().lower() for key, each in known.items()}
    door.close()


def test_every_sentence_of_the_check_and_of_the_webhooks_is_known_to_the_pages() -> None:
    """What is not known is shown in English to every reader."""
    with start(seed=3, customers=60) as shop:
        urls = (api(shop), f"{shop.url}/stores/other/v3", shop.url, "http://127.0.0.1:9/stores/x/v3")
        keys = [BIG.credentials(shop), {"token": "nobodys"}]
        keys += [BIG.lesser(shop, scope) for scope in ("nothing", "without_carts", "without_store")]
        said = [
            step.message
            for url in urls
            for key in (keys if url == urls[0] else keys[:1])
            for step in BIG.use(shop, lambda c: c.check(), url=url, credentials=key).steps
        ]
        here = "http://127.0.0.1:9/hooks/x"
        said.append(BIG.use(shop, lambda c: c.ensure_webhooks(here)).message)
        shop.post_fault("webhook_unsafe")
        said.append(BIG.use(shop, lambda c: c.ensure_webhooks(here + "y")).message)
    assert len(set(said)) > 15
    assert [sentence for sentence in said if sentences.match(sentence) is None] == []
