"""Risk: between Saleor's lists and webhooks and the contacts, a person, an order, a cart or a cent is lost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from cartfolk import reconcile
from cartfolk.commerce import rules
from cartfolk.connectors.tests.linked import LinkedStore, follow_hints
from cartfolk.connectors.woocommerce.tests.door import Door
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import realtime
from cartfolk.stores import connect, health
from cartfolk.stores.models import Store
from cartfolk.stores.shop import reader

from .shop import Known, started


class Linked(LinkedStore):
    """A shop and the store it is; its webhooks are kept until they are followed."""

    def __init__(self, conn: Connection, database: str, shop: Known, door: Door) -> None:
        self.conn, self.database, self.shop, self.door = conn, database, shop, door
        keys = {"url": shop.url, "token": shop.key}
        wish = connect.Application("saleor", "shop", keys, allow_private_address=True)
        self.store, _report = connect.connect(conn, wish, now())
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))

    def follow(self) -> list[str]:
        """Takes in what was sent, follows it to the contacts; returns what became of each delivery."""
        self.shop.live(minutes=0)
        heard, self.door.heard = self.door.heard, []
        known = reader(self.store)
        outcomes = [
            realtime.accept_webhook(self.conn, self.store, known, headers, body, now()).outcome
            for headers, body in heard
        ]

        follow_hints(self.conn, self.ask)
        self.handle()
        return outcomes

    def one(self, query: str, *values: Any) -> Any:
        row = self.conn.execute(query, values).fetchone()
        return row and row[0]

    def of(self, email: str, column: str) -> Any:
        return self.one(f"select {column} from contact_list where email = %s", email)


@pytest.fixture
def linked(conn: Connection, database: str) -> Iterator[Linked]:
    door = Door()
    with started(seed=12, customers=30) as shop:
        yield Linked(conn, database, Known(shop), door)
    door.close()


def test_imported_contacts_are_the_shops_people_and_a_poll_follows_them(linked: Linked) -> None:
    linked.import_all()
    truth, conn = linked.shop.truth(), linked.conn
    assert linked.one("select count(*) from quarantine") == 0
    assert linked.one("select count(*) from orders") == truth["orders"]
    assert linked.one("select count(*) from refund") == truth["refunds"]
    assert linked.one("select count(*) from customer where registered") == truth["customers"]
    assert linked.one("select count(*) from contact") == truth["persons"] + truth["orders_without_identity"]
    assert linked.one("select count(*) from consent_event") == 0, "nobody named the metadata's keys"

    accounts = dict(conn.execute("select external_id, contact_id from account").fetchall())
    emails = dict(conn.execute("select value, contact_id from identity where kind = 'email'").fetchall())
    for key, person in truth["people"].items():
        number = person["customer_id"]
        contact = accounts[str(number)] if number else emails[key.removeprefix("guest:")]
        found = {
            currency: (orders, gross, refunded)
            for currency, orders, gross, refunded in conn.execute(
                "select currency, count(*), sum(total), sum(refunded) from orders"
                " where contact_id = %s and status in ('completed', 'refunded') group by 1",
                [contact],
            )
        }
        wanted = {
            name: (Decimal(told["gross"]), Decimal(told["refunded"])) for name, told in person["currencies"].items()
        }
        assert {name: numbers[1:] for name, numbers in found.items()} == wanted, key
        assert sum(numbers[0] for numbers in found.values()) == person["counted_orders"], key

    email = "live@example.com"
    order = linked.shop.act("order", email=email, status="NOT_CHARGED")["id"]
    linked.poll()
    assert linked.of(email, "total_number_of_orders") in (None, 0), "it is not paid"
    linked.shop.act("status", order_id=order, status="FULLY_CHARGED")
    linked.shop.act("refund", order_id=order, amount="1.00")
    linked.poll()
    assert linked.of(email, "total_number_of_orders") == 1
    assert linked.one("select refunded from orders where external_id = %s", order) == Decimal("1.00")


def test_what_happens_arrives_live_once_and_deletions_by_night(linked: Linked) -> None:
    linked.import_all()
    made = linked.ask(lambda connector: connector.ensure_webhooks(linked.door.url))
    health.webhooks(linked.conn, linked.store.pk, made, now())
    linked.store = Store.objects.get(pk=linked.store.pk)
    shop, email = linked.shop, "hook@example.com"
    shop.post_fault("webhook_duplicate")
    shop.post_fault("webhook_reorder", every=2)
    account = shop.act("register", email=email, first_name="First")["id"]
    order = shop.act("order", customer_id=account)["id"]
    shop.act("refund", order_id=order, amount="2.00")
    shop.act("change_customer", customer_id=account, first_name="Second")
    outcomes = linked.follow()
    assert len(outcomes) >= 8
    assert linked.of(email, "total_number_of_orders") == 1
    assert "Second" in linked.of(email, "name")
    assert linked.one("select refunded from orders where external_id = %s", order) == Decimal("2.00")
    shop.clear_faults()

    shop.act("delete_order", order_id=order)
    found = linked.ask(lambda connector: reconcile.reconcile(linked.conn, linked.store, connector, reconcile.EVER))
    linked.follow()
    assert {each.stream: (each.gone, each.missing) for each in found}["orders"] == (1, 0)
    assert linked.of(email, "total_number_of_orders") in (None, 0)


def test_checkouts_become_carts_and_the_ordered_ones_conversions(linked: Linked) -> None:
    linked.shop.live(minutes=60 * 12)
    linked.import_all()
    both = "select external_id from cart union all select external_id from anonymous_cart"
    carts = {key for (key,) in linked.conn.execute(both).fetchall()}
    assert len(carts) == linked.shop.webhooks()["checkouts"] > 0
    linked.shop.live(minutes=60 * 24)
    linked.poll()
    assert linked.one("select count(*) from quarantine") == 0
    ordered = {key for (key,) in linked.conn.execute("select cart_token from orders").fetchall()}
    assert ordered & carts, "who was seen with a cart has ordered it since"
