"""Risk: between Shopify's exports and webhooks and the contacts, a person, an order, a cent or a consent is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from cartfolk import erasure, reconcile
from cartfolk.commerce import rules
from cartfolk.connectors.shopify import bulk as shopify_bulk
from cartfolk.connectors.shopify import webhooks
from cartfolk.connectors.tests.linked import LinkedStore, follow_hints
from cartfolk.connectors.woocommerce.tests.door import Door
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import realtime
from cartfolk.simulator import SimulatedShop, start_simulator
from cartfolk.stores import connect
from cartfolk.stores.shop import reader


class Linked(LinkedStore):
    """A shop and the store it is; its webhooks are kept until they are followed."""

    def __init__(self, conn: Connection, database: str, shop: SimulatedShop, door: Door) -> None:
        self.conn, self.database, self.shop, self.door = conn, database, shop, door
        keys = {"url": shop.url, "client_id": shop.key, "client_secret": shop.secret}
        wish = connect.Application("shopify", "shop", keys, allow_private_address=True)
        self.store, _report = connect.connect(conn, wish, now())
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))

    def accept(self, headers: dict[str, str], body: bytes) -> str:
        return realtime.accept_webhook(self.conn, self.store, reader(self.store), headers, body, now()).outcome

    def follow(self) -> list[str]:
        """Takes in what was sent, follows it to the contacts; returns what became of each delivery."""
        self.shop.live(minutes=0)
        heard, self.door.heard = self.door.heard, []
        outcomes = [self.accept(headers, body) for headers, body in heard]

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
    with start_simulator(platform="shopify", seed=12, customers=50) as shop:
        yield Linked(conn, database, shop, door)
    door.close()


def test_imported_contacts_are_the_shops_people_and_changes_arrive(linked: Linked) -> None:
    linked.import_all()
    truth, conn = linked.shop.truth(), linked.conn
    assert linked.one("select count(*) from quarantine") == 0
    assert linked.one("select count(*) from orders") == truth["orders"]
    assert linked.one("select count(*) from refund") == truth["refunds"]
    assert linked.one("select count(*) from customer where registered") == truth["customers"]
    assert linked.one("select count(*) from customer where not registered") == truth["guests"]
    # An order of nobody is a contact of its own.
    assert linked.one("select count(*) from contact") == truth["persons"] + truth["orders_without_identity"]

    accounts = dict(conn.execute("select external_id, contact_id from account").fetchall())
    emails = dict(conn.execute("select value, contact_id from identity where kind = 'email'").fetchall())
    granted = {row[0] for row in conn.execute("select contact_id from consent_event where status = 'granted'")}
    stated = {row[0] for row in conn.execute("select contact_id from consent_event")}
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
        if not person["unvalued_orders"]:
            value = linked.one("select total_value_of_orders from contact_property where contact_id = %s", contact)
            assert abs(Decimal(value or 0) - Decimal(person["net_home"])) <= Decimal("0.01") * (1 + person["orders"])
        if person["consent"]:
            assert contact in granted, key
        elif person["consent"] is None:
            assert contact not in stated, key

    email = "live@example.com"
    order = linked.shop.act("order", email=email, status="PENDING")["id"]
    linked.poll()
    assert linked.of(email, "total_number_of_orders") in (None, 0), "it is not paid"
    linked.shop.act("status", order_id=order, status="PAID")
    linked.shop.act("refund", order_id=order, amount="1.00")
    linked.poll()
    assert linked.of(email, "total_number_of_orders") == 1
    assert linked.one("select refunded from orders where external_id = %s", str(order)) == Decimal("1.00")


def test_what_happens_arrives_live_once_and_deletions_too(linked: Linked) -> None:
    assert linked.ask(lambda connector: connector.ensure_webhooks(linked.door.url)).ok
    linked.shop.post_fault("webhook_duplicate")
    shop, email = linked.shop, "live@example.com"
    account = shop.act("register", email=email, first_name="First")["id"]
    order = shop.act("order", customer_id=account)["id"]
    shop.act("refund", order_id=order, amount="2.00")
    outcomes = linked.follow()
    assert "waiting" in outcomes, "the second of two deliveries waits with the first"
    assert linked.of(email, "total_number_of_orders") == 1
    assert linked.one("select refunded from orders where external_id = %s", str(order)) == Decimal("2.00")
    shop.clear_faults()

    shop.act("change_customer", customer_id=account, first_name="Second")
    shop.act("consent", customer_id=account, given=True)
    linked.follow()
    assert "Second" in linked.of(email, "name")
    assert linked.one("select count(*) from consent_event where status = 'granted'") == 1

    shop.act("delete_order", order_id=order)
    linked.follow()
    assert linked.of(email, "total_number_of_orders") in (None, 0)

    # A request to erase: nothing of him stays, whatever the shop still tells.
    shop.post_fault("webhook_drop")
    shop.act("delete_customer", customer_id=account)
    linked.follow()
    body = json.dumps({"shop_domain": "simulated.myshopify.com", "customer": {"id": account, "email": email}}).encode()
    headers = {"x-shopify-topic": "customers/redact", "x-shopify-hmac-sha256": webhooks.signature(body, shop.secret)}
    assert linked.accept(headers, body) == "stored"
    assert linked.one("select count(*) from delivery where kind = 'webhook' and state = 'new'") == 0
    assert erasure.requests(linked.conn) == 1
    linked.follow()
    assert linked.one("select count(*) from customer where external_id = %s", str(account)) == 0
    assert linked.one("select count(*) from identity where value = %s", email) == 0


def test_a_deletion_nobody_told_of_is_found_at_night(linked: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify_bulk, "PATIENCE", 0.0)  # every page of a running export comes back empty
    linked.import_all()
    email = "night@example.com"
    orders = [linked.shop.act("order", email=email)["id"] for _ in range(2)]
    linked.poll()
    assert linked.of(email, "total_number_of_orders") == 2
    linked.shop.act("delete_order", order_id=orders[0])
    missed = linked.shop.act("order", email="missed@example.com")["id"]
    found = linked.ask(lambda connector: reconcile.reconcile(linked.conn, linked.store, connector, reconcile.EVER))
    linked.follow()
    assert {each.stream: (each.gone, each.missing) for each in found} == {"customers": (0, 1), "orders": (1, 1)}
    for each in found:
        assert each.there == each.here - each.gone + each.missing, "guests are counted on both sides"
    assert linked.one("select count(*) from orders where external_id = %s", str(missed)) == 1
    assert linked.of(email, "total_number_of_orders") == 1
