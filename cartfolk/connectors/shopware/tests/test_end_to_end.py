"""Risk: the contacts are not the shop's people, or not with their orders and refunds; from connecting to changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from cartfolk.commerce import rules
from cartfolk.connectors.tests.linked import LinkedStore, follow_hints
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import realtime
from cartfolk.simulator.shopware.words import uuid
from cartfolk.stores import connect
from cartfolk.stores.shop import reader

from .shop import Door, Shop, running


class Linked(LinkedStore):
    """A shop and the store it is."""

    def __init__(self, conn: Connection, database: str, shop: Shop, door: Door) -> None:
        self.conn, self.database, self.shop, self.door = conn, database, shop, door
        keys = {"url": shop.url, "key": shop.key, "secret": shop.secret}
        wish = connect.Application("shopware", "shop", keys, allow_private_address=True)
        self.store, _report = connect.connect(conn, wish, now())
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))

    def follow(self) -> None:
        """Takes in what the shop has sent and follows it."""
        self.shop.live(minutes=0)
        heard, self.door.heard = self.door.heard, []
        for headers, body in heard:
            realtime.accept_webhook(self.conn, self.store, reader(self.store), headers, body, now())

        follow_hints(self.conn, self.ask)
        self.handle()

    def of(self, email: str, column: str) -> Any:
        row = self.conn.execute(f"select {column} from contact_list where email = %s", [email]).fetchone()
        return row and row[0]

    def compare(self) -> None:
        """Contacts, orders and refunds against the shop's own account of them."""
        truth = self.shop.truth()
        one = self.conn.execute(
            "select (select count(*) from contact), (select count(*) from orders), (select count(*) from refund),"
            " (select count(*) from customer where registered and deleted_at is null),"
            " (select count(*) from quarantine)"
        ).fetchone()
        nobody = truth["orders_without_identity"]  # what has no name is a contact of its own
        wanted = (truth["persons"] + nobody, truth["orders"], truth["refunds"], truth["customers"], 0)
        assert one == wanted
        ours: dict[int, dict[str, Any]] = defaultdict(dict)
        for contact, currency, orders, gross, refunded in self.conn.execute(
            "select contact_id, currency, count(*), sum(total), sum(refunded) from orders"
            " where status in ('completed', 'refunded') group by 1, 2"
        ):
            ours[contact][currency] = (orders, gross, refunded)
        accounts = dict(self.conn.execute("select external_id, contact_id from account").fetchall())
        emails = dict(self.conn.execute("select value, contact_id from identity where kind = 'email'").fetchall())
        for key, person in truth["people"].items():
            number = person["customer_id"]
            contact = accounts[uuid("customer", number)] if number else emails[key.removeprefix("guest:")]
            found = ours.get(contact, {})
            assert {
                currency: (Decimal(told["gross"]), Decimal(told["refunded"]))
                for currency, told in person["currencies"].items()
            } == {currency: numbers[1:] for currency, numbers in found.items()}, key
            assert person["counted_orders"] == sum(numbers[0] for numbers in found.values()), key

    def compare_consent(self) -> None:
        """The ledger against what the recipients confirmed; who did not answer is not in it."""

        async def recipients(connector: Any) -> list[dict[str, Any]]:
            found = await connector.client.search("newsletter-recipient", limit=500)
            return list(found.rows)

        wanted = {
            row["email"].strip().lower(): "withdrawn" if row["status"] == "optOut" else "granted"
            for row in self.ask(recipients)
            if row["status"] != "notSet"
        }
        assert {"granted", "withdrawn"} == set(wanted.values())
        found = self.conn.execute("select lower(trim(email)), status from consent_event order by at").fetchall()
        assert dict(found) == wanted


@pytest.fixture
def linked(conn: Connection, database: str) -> Iterator[Linked]:
    door = Door()
    with running(seed=12, customers=60) as shop:
        yield Linked(conn, database, shop, door)
    door.close()


def test_imported_contacts_are_the_shops_people_and_live_changes_arrive(linked: Linked) -> None:
    linked.import_all()
    linked.compare()
    linked.compare_consent()

    shop, email = linked.shop, "live@example.com"
    order = shop.act("order", email=email, status="unconfirmed")["id"]
    linked.poll()
    assert linked.of(email, "total_number_of_orders") in (None, 0), "it is not paid"
    shop.act("status", order_id=order, status="paid")
    linked.poll()
    assert linked.of(email, "total_number_of_orders") == 1

    assert linked.ask(lambda connector: connector.ensure_webhooks(linked.door.url)).ok
    shop.act("refund", order_id=order, amount="1.00")
    shop.act("register", email="webhook@example.com", first_name="Webhook")
    gone = shop.act("register", email="gone@example.com")["id"]
    linked.follow()
    assert "Webhook" in linked.of("webhook@example.com", "name")
    refunded = linked.conn.execute("select refunded from orders where external_id = %s", [order]).fetchone()
    assert refunded == (Decimal("1.00"),)
    shop.act("delete_customer", customer_id=gone)
    linked.follow()
    deleted = linked.conn.execute("select deleted_at from customer where external_id = %s", [gone]).fetchone()
    assert deleted is not None
    assert deleted[0] is not None
