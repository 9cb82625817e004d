"""Risk: the same facts, delivered in another order, twice, late or across a crash, end in other contacts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

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


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Record, datetime]]:
    """What happened in a shop, moment by moment, as records with the time each was received."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    told: list[tuple[Record, datetime]] = [
        (Product(str(n), f"Thing {n}", START, slug=f"thing-{n}", categories=(f"c{n % 2}",)), START) for n in range(4)
    ]
    emails: dict[str, str] = {}
    for step in range(draw(st.integers(3, 14))):
        at = START + timedelta(minutes=step * 130 + rng.randint(0, 50))
        kind = rng.choice(["customer", "order", "order", "cart", "cart", "consent"])
        account = rng.choice([None, "1", "2"])
        email = emails.get(account or "") or rng.choice(EMAILS)
        if kind == "cart":
            email = rng.choice(EMAILS)
        if kind == "customer":
            account = account or "1"
            email = rng.choice(EMAILS)
            emails[account] = email
            told.append(
                (
                    Customer(account, email, at, created_at=START, first_name=f"N{step}", groups=("customer",)),
                    at,
                )
            )
        elif kind == "order":
            number = str(100 + step)
            # a cart is one shopper's: it is named by that shopper's address only
            cart = f"cart{EMAILS.index(email)}" if account is None and rng.random() < 0.5 else None
            lines = tuple(line(rng.randint(0, 3), rng.randint(1, 3)) for _ in range(rng.randint(1, 3)))
            total = sum((one.total for one in lines), Decimal(0))
            currency, rate = rng.choice([("EUR", None), ("USD", Decimal("0.9")), ("JPY", None)])
            status = rng.choice(list(OrderStatus))
            for version in range(rng.randint(1, 3)):
                changed = at + timedelta(minutes=version * 20)
                refunds = (Refund("r1", total / 2, changed),) if version == 2 else ()
                told.append(
                    (
                        Order(
                            number, number, status, status.value, currency, total, at, changed, rate=rate,
                            customer_id=account, email=email, lines=lines, refunds=refunds, cart_id=cart,
                            paid_at=at if status is OrderStatus.COMPLETED else None,
                            billing=Address("A", "B", city="Köln", country="DE"),
                        ),
                        changed,
                    )
                )  # fmt: skip
                status = rng.choice(list(OrderStatus))
        elif kind == "cart":
            token = f"cart{EMAILS.index(email)}"
            lines = tuple(line(rng.randint(0, 3)) for _ in range(rng.randint(0, 2)))
            total = sum((one.total for one in lines), Decimal(0))
            named = rng.random() < 0.5
            told.append(
                (
                    Cart(
                        token, at, "EUR", total, total, created_at=START, email=email if named else None,
                        lines=lines, checkout=rng.random() < 0.3, recovered=rng.random() < 0.1,
                    ),
                    at,
                )
            )  # fmt: skip
        else:
            status = rng.choice(list(ConsentStatus))  # type: ignore[assignment]
            told.append((Consent(status, at, "checkout", email=email), at))  # type: ignore[arg-type]
    return told


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
    conn.execute(f"truncate {', '.join([*set(tables), 'anonymous_cart', 'product', 'contact_merge'])}")


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
