# ruff: noqa: E501
"""Risk: the orders a page shows for a number are not the ones the number was made of."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cartfolk.properties.catalogue import COMPUTED
from cartfolk.properties.compute import compute, shops_word
from cartfolk.properties.provenance import MOST, RECIPES, trace
from cartfolk.properties.read import values
from cartfolk.properties.write import Mode, Write, write

AT = datetime(2026, 3, 30, 12, tzinfo=UTC)
NUMBERS = (
    "total_value_of_orders", "hs_analytics_revenue", "average_order_value", "total_number_of_orders",
    "average_days_between_orders", "total_number_of_current_orders", "first_order_value", "last_order_value",
    "total_number_of_products_bought", "last_total_number_of_products_bought", "abandoned_cart_counter",
    "abandoned_cart_tax_value", "abandoned_cart_subtotal", "abandoned_cart_total_value", "num_conversion_events",
)  # fmt: skip
PEOPLE = range(1, 31)


def told(conn, person):
    return {name: value for group in values(conn, person).values() for name, value in group.items()}


@pytest.fixture
def people(conn):
    """Two stores of different home currencies, ties, unknown rates, deleted and uncounted orders, several carts."""
    draw = random.Random(8)
    for store, home, counted in ((1, "EUR", "{completed,refunded}"), (2, "CHF", "{completed}")):
        conn.execute(
            "insert into store_rule (store_id, home_currency, live_from, label, name, counted)"
            " values (%s, %s, '2026-01-01', 'WooCommerce', 's' || %s, %s)",
            [store, home, store, counted],
        )
    for person in PEOPLE:
        conn.execute("insert into contact (contact_id, first_seen) values (%s, %s)", [person, AT])
        for k in range(draw.randrange(9)):
            number, store = person * 100 + k, draw.choice([1, 1, 2])
            total = Decimal(draw.randrange(1, 400_000)) / 1000
            fact = {
                "p": person, "o": number, "s": store, "at": AT - timedelta(hours=draw.randrange(40) * 31, minutes=7),
                "status": draw.choice(["completed", "completed", "refunded", "pending", "failed", "ignored"]),
                "currency": draw.choice(["EUR", "EUR", "CHF", "USD"]), "total": total, "t": AT,
                "refunded": draw.choice([Decimal(0), Decimal(0), total / 2]),
                "rate": draw.choice([None, Decimal("0.91237")]), "gone": AT if draw.random() < 0.1 else None,
            }  # fmt: skip
            conn.execute(
                "insert into orders (contact_id, order_id, store_id, external_id, version, received_at, number, status,"
                " status_raw, currency, total, tax, shipping, discount, refunded, rate, placed_at, deleted_at, detail)"
                " values (%(p)s, %(o)s, %(s)s, %(o)s::text, %(t)s, %(t)s, 'N' || %(o)s, %(status)s, '', %(currency)s,"
                " %(total)s, 0, 0, 0, %(refunded)s, %(rate)s, %(at)s, %(gone)s, 0)",
                fact,
            )
            for position in range(1, draw.randrange(1, 4)):
                conn.execute(
                    "insert into order_line (contact_id, order_id, position, store_id, name, quantity, total, tax,"
                    " discount) values (%s, %s, %s, %s, 'Mug', %s, 5, 0, 0)",
                    [person, number, position, store, draw.choice([1, 2, Decimal("0.5")])],
                )
            conn.execute(
                "insert into conversion (contact_id, at, name, store_id, source_id, historic)"
                " values (%s, %s, 'Order placed', %s, %s, true)",
                [person, fact["at"], store, number],
            )
        for k in range(draw.randrange(3)):
            cart, state, at = (
                person * 10 + k,
                draw.choice(["abandoned", "abandoned", "open"]),
                AT - timedelta(days=k % 2),
            )
            conn.execute(
                "insert into cart (contact_id, cart_id, store_id, external_id, version, received_at, created_at, currency,"
                " total, subtotal, tax, state, abandoned_at, detail) values (%s, %s, 1, %s, %s, %s, %s, 'EUR', %s, %s, %s,"
                " %s, %s, 0)",
                [person, cart, str(cart), at, AT, at, 9 + k, 8 + k, 1 + k, state, at if state == "abandoned" else None],
            )
            conn.execute(
                "insert into cart_line (contact_id, cart_id, position, name, quantity, total)"
                " values (%s, %s, 1, 'Tea', %s, 5), (%s, %s, 2, 'Mug', 1, 5)",
                [person, cart, k + 2, person, cart],
            )
        if person % 3 == 0:
            conn.execute(
                "insert into consent_event (contact_id, store_id, channel, purpose, at, status, source, received_at)"
                " values (%s, 1, 'email', 'marketing', %s, 'granted', 'checkout', %s)",
                [person, AT - timedelta(days=99), AT],
            )
    with conn.transaction():
        compute(conn, list(PEOPLE), AT, "import")


def test_the_facts_of_every_number_add_up_to_it(conn, people):
    compared = 0
    for person in PEOPLE:
        stored = told(conn, person)
        for name in NUMBERS:
            origin = trace(conn, person, name)
            assert origin is not None
            if origin.facts:
                assert origin.like(stored[name]) == stored[name], (person, name)
            else:
                assert stored[name] in (None, 0), (person, name)
            compared += stored[name] not in (None, 0)
            if origin.measure in ("sum", "units"):
                parts = [fact.part for fact in origin.facts if fact.part is not None]
                assert (sum(parts) if parts else None) == (origin.result if origin.facts else None)
    assert compared > 200


def test_the_fact_shown_for_a_date_a_word_or_a_product_is_its_own(conn, people):
    for person in PEOPLE:
        stored = told(conn, person)
        for name in ("first_order_date", "last_order_date"):
            assert [fact.at for fact in trace(conn, person, name).facts] == [stored[name]] * (stored[name] is not None)
        newest = trace(conn, person, "last_order_order_number").facts
        assert [fact.title for fact in newest] == [stored["last_order_order_number"]] * bool(newest)
        last = trace(conn, person, "last_order_currency").facts
        assert [fact.currency for fact in last] == [stored["last_order_currency"]] * bool(last)
        recent = trace(conn, person, "last_products_bought_product_1_name").facts
        assert [fact.title for fact in recent[:1]] == [stored["last_products_bought_product_1_name"]] * bool(recent)
        stages = {fact.title: fact.at for fact in trace(conn, person, "lifecyclestage").facts}
        for stage in ("subscriber", "customer", "evangelist"):
            assert stages.get(stage) == stored[f"hs_lifecyclestage_{stage}_date"], (person, stage)
        consents = trace(conn, person, "newsletter_subscription").facts
        assert bool(consents) == (stored["newsletter_subscription"] == "yes")


def test_a_list_that_is_cut_off_still_tells_the_sum_of_all(conn, people):
    conn.execute(
        "insert into orders (contact_id, order_id, store_id, external_id, version, received_at, number, status, status_raw,"
        " currency, total, tax, shipping, discount, placed_at, detail) select 1, 50000 + n, 1, 'x' || n, %(t)s, %(t)s,"
        " n::text, 'completed', '', 'EUR', n + 0.01, 0, 0, 0, %(t)s, 0 from generate_series(1, 300) n",
        {"t": AT},
    )
    with conn.transaction():
        compute(conn, [1], AT, "sync")
    origin = trace(conn, 1, "total_value_of_orders")
    assert len(origin.facts) == MOST < 300 <= origin.count
    assert origin.like(told(conn, 1)["total_value_of_orders"]) == told(conn, 1)["total_value_of_orders"]


def test_every_recipe_names_a_computed_property_and_can_be_asked(conn, people):
    assert set(RECIPES) <= set(COMPUTED)
    assert set(NUMBERS) <= set(RECIPES)
    for name in RECIPES:
        assert trace(conn, 3, name) is not None
    assert trace(conn, 3, "jobtitle") is None


def test_the_shops_word_is_told_beside_ours_and_nothing_is_written(conn, people):
    conn.execute(
        "insert into customer (contact_id, store_id, external_id, version, received_at, first_name, last_name)"
        " values (1, 1, '7', %(t)s, %(t)s, 'Anna', 'Adler')",
        {"t": AT},
    )
    write(conn, [Write(1, {"firstname": "Anne"})], mode=Mode.OVERWRITE, source="user", by="user:1")
    before = conn.execute("select p::text from contact_property p where contact_id = 1").fetchone()
    assert shops_word(conn, 1, AT)["firstname"] == "Anna"
    assert conn.execute("select p::text from contact_property p where contact_id = 1").fetchone() == before
    assert told(conn, 1)["firstname"] == "Anne"
