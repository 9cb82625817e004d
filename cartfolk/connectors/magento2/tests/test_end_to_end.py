"""Risk: the contacts are not the shop's people, or not with their orders and refunds; from connecting to changes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from cartfolk import reconcile
from cartfolk.commerce import rules
from cartfolk.connectors.tests.linked import LinkedStore
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.simulator import SimulatedShop, start_simulator
from cartfolk.stores import connect

from .test_conformance import keys


class Linked(LinkedStore):
    """A shop and the store it is."""

    def __init__(self, conn: Connection, database: str, shop: SimulatedShop) -> None:
        self.conn, self.database, self.shop = conn, database, shop
        values = {"url": shop.url, **keys(shop.key, shop.secret)}
        wish = connect.Application("magento2", "shop", values, allow_private_address=True)
        self.store, _report = connect.connect(conn, wish, now())
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))

    def of(self, email: str, column: str) -> Any:
        row = self.conn.execute(f"select {column} from contact_list where email = %s", [email]).fetchone()
        return row and row[0]

    def one(self, query: str, *values: Any) -> Any:
        row = self.conn.execute(query, values).fetchone()
        return row and row[0]


@pytest.fixture
def linked(conn: Connection, database: str) -> Iterator[Linked]:
    with start_simulator(platform="magento2", seed=12, customers=60) as shop:
        yield Linked(conn, database, shop)


def test_imported_contacts_are_the_shops_people_and_changes_arrive(linked: Linked) -> None:
    linked.import_all()
    truth, conn = linked.shop.truth(), linked.conn
    assert linked.one("select count(*) from quarantine") == 0
    assert linked.one("select count(*) from orders") == truth["orders"]
    assert linked.one("select count(*) from refund") == truth["refunds"]
    assert linked.one("select count(*) from customer where registered") == truth["customers"]
    # An order of nobody is a contact of its own.
    assert linked.one("select count(*) from contact") == truth["persons"] + truth["orders_without_identity"]
    assert linked.one("select count(*) from consent_event") == 0, "a bare newsletter flag is no consent"

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
        wanted = {currency: (Decimal(told["gross"]), Decimal(told["refunded"])) for currency, told in
                  person["currencies"].items()}  # fmt: skip
        assert {currency: numbers[1:] for currency, numbers in found.items()} == wanted, key
        assert sum(numbers[0] for numbers in found.values()) == person["counted_orders"], key
        # The shop rounds each order's value in its base currency.
        value = linked.one("select total_value_of_orders from contact_property where contact_id = %s", contact)
        assert abs(Decimal(value or 0) - Decimal(person["net_home"])) <= Decimal("0.005") * (1 + person["orders"]), key

    shop, email = linked.shop, "live@example.com"
    order = shop.act("order", email=email, status="pending_payment")["id"]
    linked.poll()
    assert linked.of(email, "total_number_of_orders") in (None, 0), "it is not paid"
    shop.act("status", order_id=order, status="processing")
    shop.act("refund", order_id=order, amount="1.00")
    account = shop.act("register", email="fresh@example.com", first_name="Fresh")["id"]
    linked.poll()
    assert linked.of(email, "total_number_of_orders") == 1
    assert linked.one("select refunded from orders where external_id = %s", str(order)) == Decimal("1.00")
    assert "Fresh" in linked.of("fresh@example.com", "name")

    shop.act("delete_order", order_id=order)
    shop.act("delete_customer", customer_id=account)
    linked.ask(lambda connector: reconcile.reconcile(conn, linked.store, connector, reconcile.EVER))
    linked.handle()
    assert linked.of(email, "total_number_of_orders") in (None, 0)
    assert linked.one("select deleted_at from customer where external_id = %s", str(account)) is not None


def test_carts_with_a_name_are_their_persons_and_end_with_the_order(linked: Linked) -> None:
    linked.import_all()
    linked.shop.live(minutes=3 * 24 * 60)
    linked.poll()
    assert linked.one("select count(*) from quarantine") == 0

    async def raw(connector: Any) -> dict[str, dict[str, Any]]:
        found = await connector.client.search("carts", [("is_active", "eq", 1)], size=100)
        assert found.total == len(found.rows)
        return {str(row["id"]): row for row in found.rows}

    active = linked.ask(raw)
    named = {key for key, row in active.items() if row["items"] and row["customer"].get("email")}
    nameless = {key for key, row in active.items() if row["items"] and not row["customer"].get("email")}
    assert named
    assert nameless
    lines = "select count(*) from cart_line l where l.contact_id = c.contact_id and l.cart_id = c.cart_id"
    ours = dict(linked.conn.execute(f"select c.external_id, ({lines}) from cart c").fetchall())
    assert {key: ours.get(key) for key in named} == {key: len(active[key]["items"]) for key in named}
    assert not nameless & set(ours), "a cart without a name is nobody's yet"

    truth = linked.shop.truth(people=False)
    assert linked.one("select count(*) from orders") == truth["orders"]
