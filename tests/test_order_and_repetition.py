"""Risk: the same facts, delivered in another order, twice, late or across a crash, end in other contacts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.server import add_store
from cartfolk import pipeline
from cartfolk.connectors.canonical import (
    Address,
    Cart,
    Consent,
    ConsentStatus,
    Customer,
    Deleted,
    Line,
    Order,
    OrderStatus,
    Product,
    Record,
    Refund,
)
from cartfolk.core.sql import Connection

from .people import differences, refresh_all, snapshot

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
LIVE_FROM = START + timedelta(hours=12)
EMAILS = ["anna@x.de", "Anna@X.de ", "ben@x.de", "clara@x.de"]
TOKENS = ["cart0", "cart1", "cart2"]


def line(number: int, quantity: int = 1) -> Line:
    price = Decimal("9.95") + number
    return Line(
        f"Thing {number}",
        Decimal(quantity),
        price * quantity,
        product_id=str(number),
        sku=f"S{number}",
        price=price,
    )


class Shop:
    """A shop and its shoppers at random: who shares carts and devices, whose addresses change hands, where objects
    are deleted and restored and told of three times within one second (A, B, A again)."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.told: list[tuple[Record, datetime]] = []
        self.emails: dict[str, str] = {}

    def tell(self, record: Record, at: datetime) -> None:
        self.told.append((record, at))

    def tell_changes(self, record: Record, at: datetime, **changed: Any) -> None:
        """One record; sometimes changed and changed back without a newer version."""
        self.tell(record, at)
        if self.rng.random() < 0.3:
            self.tell(replace(record, **changed), at + timedelta(seconds=1))
            if self.rng.random() < 0.6:
                self.tell(record, at + timedelta(seconds=2))

    def lines(self, least: int) -> tuple[Line, ...]:
        return tuple(line(self.rng.randint(0, 3), self.rng.randint(1, 3)) for _ in range(self.rng.randint(least, 2)))

    def deletion(self, record: Any, kind: str, at: datetime) -> None:
        if self.rng.random() < 0.3:
            self.tell(Deleted(kind, record.external_id, at), at)
            if self.rng.random() < 0.4:
                at += timedelta(minutes=5)
                self.tell(replace(record, updated_at=at), at)

    def product(self, number: int) -> None:
        record = Product(str(number), f"Thing {number}", START, slug=f"thing-{number}", categories=(f"c{number % 2}",))
        self.tell_changes(record, START, name="Another thing")
        self.deletion(record, "product", START + timedelta(minutes=7))

    def customer(self, at: datetime) -> None:
        account, email = self.rng.choice("12"), self.rng.choice(EMAILS)
        self.emails[account] = email
        record = Customer(account, email, at, created_at=START, first_name=f"N{at:%H%M}", groups=("customer",))
        self.tell_changes(record, at, first_name="Other", email=self.rng.choice(EMAILS))
        self.deletion(record, "customer", at + timedelta(minutes=10))

    def order(self, number: str, at: datetime) -> None:
        rng = self.rng
        account = rng.choice([None, None, "1", "2"])
        email = self.emails.get(account or "") or rng.choice(EMAILS)
        lines = self.lines(1)
        total = sum((one.total for one in lines), Decimal(0))
        currency, rate = rng.choice([("EUR", None), ("USD", Decimal("0.9")), ("JPY", None)])
        cart = rng.choice([None, *TOKENS])  # a device in the shop serves more than one
        changed = at
        for version in range(rng.randint(1, 3)):
            changed = at + timedelta(minutes=version * 20)
            status = rng.choice(list(OrderStatus))
            record = Order(
                number, number, status, status.value, currency, total, at, changed, rate=rate,
                customer_id=account, email=email, lines=lines, cart_id=cart,
                refunds=(Refund("r1", total / 2, changed),) if version == 2 else (),
                paid_at=at if status is OrderStatus.COMPLETED else None,
                billing=Address("A", "B", city="Köln", country="DE"),
            )  # fmt: skip
            self.tell_changes(record, changed, email=rng.choice(EMAILS), lines=self.lines(1), customer_id=None)
            if rng.random() < 0.2:  # the guest opens an account, the shop gives it the order
                account = account or rng.choice("12")
        self.deletion(record, "order", changed + timedelta(minutes=10))

    def cart(self, at: datetime) -> None:
        rng = self.rng
        lines = self.lines(0)
        total = sum((one.total for one in lines), Decimal(0))
        email = rng.choice([None, None, *EMAILS])
        self.tell_changes(
            Cart(
                rng.choice(TOKENS), at, "EUR", total, total, created_at=START, email=email,
                customer_id=rng.choice([None, None, None, "1", "2"]) if email else None,
                lines=lines, checkout=rng.random() < 0.3, recovered=rng.random() < 0.1,
            ),
            at, total=Decimal(7), email=rng.choice([None, *EMAILS]),
        )  # fmt: skip

    def consent(self, at: datetime) -> None:
        status = self.rng.choice(list(ConsentStatus))
        account = self.rng.choice([None, None, "1", "2"])
        record = Consent(status, at, "checkout", email=self.rng.choice(EMAILS), customer_id=account, wording="Yes")
        self.tell_changes(record, at, wording="Oh yes")


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Record, datetime]]:
    """What happened in a shop, moment by moment, as records with the time each was received."""
    shop = Shop(random.Random(draw(st.integers(0, 2**32))))
    for number in range(4):
        shop.product(number)
    for step in range(draw(st.integers(3, 14))):
        at = START + timedelta(minutes=step * 130 + shop.rng.randint(0, 50))
        kind = shop.rng.choice(["customer", "order", "order", "cart", "cart", "consent"])
        if kind == "order":
            shop.order(str(100 + step), at)
        else:
            getattr(shop, kind)(at)
    return shop.told


class _Killed(Exception):
    """The worker died here: nothing of this transaction is left."""


@pytest.fixture
def store(conn: Connection) -> int:
    return add_store(conn, LIVE_FROM)


def _clean(conn: Connection) -> None:
    tables = [
        row[0]
        for row in conn.execute(
            """select c.table_name from information_schema.columns c
               join information_schema.tables t using (table_schema, table_name)
               where c.column_name = 'contact_id' and c.table_schema = 'public' and t.table_type = 'BASE TABLE'"""
        )
    ]
    conn.execute(f"truncate {', '.join([*set(tables), 'anonymous_cart', 'product', 'contact_merge', 'tombstone'])}")


def _feed(
    conn: Connection,
    identity: Connection,
    store: int,
    told: Sequence[tuple[Record, datetime]],
    kill: bool = False,
) -> None:
    received = [pipeline.Received(record, store, at) for record, at in told]
    try:
        with conn.transaction():
            pipeline.apply(conn, identity, received, pipeline.LIVE)
            if kill:
                raise _Killed
    except _Killed:
        pass


@settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(told=histories(), data=st.data())
def test_any_interleaving_ends_in_the_contacts_of_the_plain_import(
    conn: Connection, database: str, store: int, told: list[tuple[Record, datetime]], data: st.DataObject
) -> None:
    with psycopg.connect(database, autocommit=True) as identity:
        _clean(conn)
        _feed(conn, identity, store, told)
        refresh_all(conn)
        plain = snapshot(conn)

        _clean(conn)
        repeated = data.draw(st.lists(st.sampled_from(told), max_size=6))
        shuffled = data.draw(st.permutations([*told, *repeated]))
        position = 0
        while position < len(shuffled):
            size = data.draw(st.integers(1, 7))
            batch = shuffled[position : position + size]
            if data.draw(st.booleans()) and data.draw(st.booleans()):
                _feed(conn, identity, store, batch, kill=True)  # died before the commit: it comes again
            _feed(conn, identity, store, batch)
            if data.draw(st.booleans()):
                pipeline.refresh_dirty(conn, pipeline.LIVE, limit=data.draw(st.integers(1, 50)))
            position += size
        refresh_all(conn)
        assert "\n".join(differences(plain, snapshot(conn))) == ""

        # incremental equals recompute from scratch
        conn.execute("truncate conversion, contact_property, contact_list, contact_due")
        conn.execute("insert into contact_dirty (contact_id, lane) select contact_id, 0 from contact")
        refresh_all(conn)
        assert "\n".join(differences(plain, snapshot(conn))) == ""
