"""Risk: a person's stage falls back by itself, or depends on the order in which the shop's reports arrived."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from bench.server import add_store
from cartfolk import pipeline
from cartfolk.connectors.canonical import Cart, Consent, ConsentStatus, Customer, Deleted, Line, Order, OrderStatus
from tests.people import refresh_all

START = datetime(2026, 2, 1, 9, tzinfo=UTC)
ONE = (Line("Mug", Decimal(1), Decimal(10), product_id="1", price=Decimal(10)),)


def at(day, minutes=0):
    return START + timedelta(days=day, minutes=minutes)


def order(number, day, status=OrderStatus.COMPLETED, version=0, email="eva@x.de"):
    return Order(
        number, number, status, status.value, "EUR", Decimal(10), at(day), at(day, version), email=email, lines=ONE
    )


GRANTED = Consent(ConsentStatus.GRANTED, at(0), "newsletter form", email="eva@x.de")
WITHDRAWN = replace(GRANTED, status=ConsentStatus.WITHDRAWN, at=at(1))
CART = Cart("c1", at(2, 30), "EUR", Decimal(10), Decimal(10), created_at=at(2), email="eva@x.de", lines=ONE)
CHECKOUT = replace(CART, updated_at=at(2, 40), checkout=True)


@pytest.fixture
def stage(conn, database):
    """Feeds reports in batches and says the stage and the dates that are told."""
    store = add_store(conn, at(-1))

    def feed(*batches):
        with psycopg.connect(database, autocommit=True) as identity:
            for batch in batches:
                received = [pipeline.Received(record, store, at(300)) for record in batch]
                with conn.transaction():
                    pipeline.apply(conn, identity, received, pipeline.LIVE)
                refresh_all(conn)
        names = ("subscriber", "lead", "marketingqualifiedlead", "opportunity", "customer", "evangelist", "other")
        columns = ", ".join(f"hs_lifecyclestage_{name}_date" for name in names)
        row = conn.execute(f"select lifecyclestage, {columns} from contact_property").fetchone()
        return row[0], {name: day for name, day in zip(names, row[1:], strict=True) if day}

    return feed


def test_each_stage_follows_from_what_happened(stage):
    account = Customer("1", "eva@x.de", at(1), created_at=at(1), registered=True)
    assert stage([GRANTED]) == ("subscriber", {"subscriber": at(0)})
    assert stage([WITHDRAWN])[0] == "subscriber"
    assert stage([account])[0] == "lead"
    assert stage([CART])[1]["lead"] == at(1)
    assert stage([CHECKOUT])[0] == "marketingqualifiedlead"
    assert stage([order("10", 3, OrderStatus.PENDING)])[0] == "opportunity"
    assert stage([order("10", 3, OrderStatus.COMPLETED, 5)])[0] == "customer"
    more = [order(str(20 + day), 4 + day) for day in range(4)]
    assert stage(more) == (
        "evangelist",
        {"subscriber": at(0), "lead": at(1), "marketingqualifiedlead": at(2, 40), "opportunity": at(3),
         "customer": at(3), "evangelist": at(7)},
    )  # fmt: skip


def test_an_order_cancelled_later_takes_no_stage_away_but_leaves_the_numbers(stage, conn):
    stage([order("10", 3)])
    assert stage([order("10", 3, OrderStatus.CANCELLED, 60)]) == ("customer", {"opportunity": at(3), "customer": at(3)})
    assert conn.execute("select total_number_of_orders, total_value_of_orders from contact_property").fetchone() == (
        0,
        None,
    )


def test_an_order_that_was_never_paid_makes_no_customer(stage):
    stage([order("10", 3, OrderStatus.PENDING)])
    assert stage([order("10", 3, OrderStatus.FAILED, 60)])[0] == "opportunity"


def test_an_order_the_shop_deleted_never_was(stage):
    stage([order("10", 3)])
    assert stage([Deleted("order", "10", at(3, 90))])[0] == "other"


REPORTS = (
    order("10", 3, OrderStatus.PENDING),
    order("10", 3, OrderStatus.COMPLETED, 5),
    order("10", 3, OrderStatus.CANCELLED, 60),
    CHECKOUT,
    GRANTED,
)


@pytest.mark.parametrize("arrival", list(itertools.permutations(range(len(REPORTS))))[::5])
def test_reports_in_any_order_one_by_one_lead_to_the_same_stage_and_dates(stage, arrival):
    assert stage(*([REPORTS[place]] for place in arrival)) == (
        "customer",
        {"subscriber": at(0), "lead": at(2), "marketingqualifiedlead": at(2, 40), "opportunity": at(3),
         "customer": at(3)},
    )  # fmt: skip


def test_reports_that_come_together_lead_to_the_same_stage(stage):
    assert stage(REPORTS)[0] == "customer"
