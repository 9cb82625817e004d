"""Facts in, states and conversions out, whatever the order of arrival."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from itertools import permutations

import pytest

from cartfolk.commerce import derive, facts, read, rules
from cartfolk.connectors.canonical import Cart, Consent, Line, Order, Refund

T = datetime(2026, 3, 1, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LINE = Line("Tea \0\U0001f375", D(1), D("9.500"), sku="tea")


def setup(conn):
    conn.execute("insert into contact (contact_id) values (1), (2)")
    rules.save(conn, 7, home_currency="EUR", live_from=T, label="WooCommerce", name="shop")


def order(version, **more):
    values = {"external_id": "5", "number": "5", "status": "completed", "status_raw": "completed",
              "currency": "KWD", "total": D("9.500"), "placed_at": T + 30 * MINUTE, "lines": (LINE,)}  # fmt: skip
    return Order(updated_at=T + version * MINUTE, **(values | more))


def cart(minute, **more):
    return Cart("c", T + minute * MINUTE, **({"lines": (LINE,), "email": "A@b.c"} | more))


def put(conn, record, received=0):
    number = {"Order": 50, "Cart": 60}.get(type(record).__name__, 0)
    with conn.transaction():
        facts.write(conn, [facts.Placed(record, 1, number, 7, T + received * MINUTE)], lane=0)


def state(conn, at):
    with conn.transaction():
        derive.refresh(conn, [1], at)
    return conn.execute("select state, due_at from cart").fetchone()


def test_any_order_of_versions_ends_the_same(conn):
    setup(conn)
    versions = [order(1, rate=D("3"), refunds=(Refund("r", D(1), T),)), order(2, refunds=(Refund("r", D(2)),)),
                cart(0), cart(5, email=None), Consent("granted", T, "form", email="a@b.c")]  # fmt: skip
    seen = set()
    for sequence in permutations(versions):
        for record in (*sequence, sequence[0]):
            put(conn, record)
        state(conn, T + 999 * MINUTE)
        tables = ("orders", "order_line", "refund", "order_event", "cart", "cart_line", "cart_event", "conversion")
        seen.add(str([conn.execute(f"select * from {t} order by {t}::text").fetchall() for t in tables]))
        conn.execute("truncate " + ", ".join(tables) + ", consent_event")
    assert len(seen) == 1


def test_every_version_of_an_order_is_known_whatever_order_they_came_in(conn):
    setup(conn)
    words = ("pending", "processing", "completed", "refunded")
    told = [order(n, status_raw=word, status=word if word != "processing" else "completed")
            for n, word in enumerate(words)]  # fmt: skip
    seen = set()
    for sequence in permutations(told):
        with conn.transaction():  # the first two in one delivery
            facts.write(conn, [facts.Placed(one, 1, 50, 7, T) for one in sequence[:2]], lane=0)
        for record in (*sequence[2:], sequence[0]):
            put(conn, record)
        seen.add(str(conn.execute("select at, status_raw from order_event order by at").fetchall()
                     + conn.execute("select version, status_raw from orders").fetchall()))  # fmt: skip
        conn.execute("truncate orders, order_line, order_event")
    assert len(seen) == 1
    (only,) = seen
    assert all(word in only for word in words)


def test_a_cart_lapses_at_exactly_the_limit_and_a_late_order_takes_it_back(conn):
    setup(conn)
    put(conn, cart(0))
    assert state(conn, T + 59 * MINUTE) == ("open", T + 60 * MINUTE)
    assert state(conn, T + 60 * MINUTE)[0] == "abandoned"
    assert "Abandoned Cart" in {row["name"] for row in read.conversions(conn, 1)}
    put(conn, order(30))
    assert state(conn, T + 90 * MINUTE) == ("ordered", None)
    assert "Abandoned Cart" not in {row["name"] for row in read.conversions(conn, 1)}
    assert len(read.timeline(conn, 1)[0]) == 4
    assert read.counts(conn, 7) == read.Counts(0, 1, 1, 1)


@pytest.mark.parametrize("moves", [{1: 2}, {2: 1}])
def test_an_order_that_both_contacts_have_keeps_the_versions_of_either(conn, moves):
    setup(conn)
    told = {1: [order(0, status="pending", status_raw="pending"), order(1, status_raw="processing")],
            2: [order(0, status="pending", status_raw="pending"), order(2)]}  # fmt: skip
    for contact, versions in told.items():
        with conn.transaction():
            for version in versions:
                facts.write(conn, [facts.Placed(version, contact, 50, 7, T)], lane=0)
    with conn.transaction():
        facts.move(conn, moves)
    (kept,) = moves.values()
    assert conn.execute("select contact_id, at, status_raw from order_event order by at").fetchall() == [
        (kept, T, "pending"), (kept, T + MINUTE, "processing"),
    ]  # fmt: skip
    assert conn.execute("select contact_id, version, status_raw from orders").fetchall() == [
        (kept, T + 2 * MINUTE, "completed")
    ]


def test_a_merge_keeps_everything(conn):
    setup(conn)
    put(conn, order(1))
    put(conn, cart(0))
    with conn.transaction():
        facts.move(conn, {1: 2})
    assert len(read.orders(conn, 2)[0]["lines"]) == 1
    assert len(read.carts(conn, 2)[0]["lines"]) == 1
    assert read.orders(conn, 1) == []
