"""Risk: a value on a contact is not what the shop's facts say."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest

from cartfolk.properties.compute import compute, move, of_store
from cartfolk.properties.read import history, search_query, values

AT = datetime(2026, 3, 30, 12, tzinfo=UTC)
COUNTED = ("completed", "refunded")


def store(conn, store_id=1, home="EUR"):
    conn.execute(
        "insert into store_rule (store_id, home_currency, live_from, label, name)"
        " values (%s, %s, '2026-01-01', 'WooCommerce', %s)",
        [store_id, home, f"shop-{store_id}"],
    )


def contact(conn, number):
    conn.execute("insert into contact (contact_id, first_seen) values (%s, %s)", [number, AT])


def order(conn, person, number, placed_at, *, status="completed", currency="EUR", total="10", refunded="0",
          rate=None, deleted=False, lines=(), home_store=1):  # fmt: skip
    conn.execute(
        "insert into orders (contact_id, order_id, store_id, external_id, version, received_at, number, status,"
        " status_raw, currency, total, tax, shipping, discount, refunded, rate, placed_at, email, deleted_at, detail)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, 0, %s, %s, %s, %s, %s, 0)",
        [person, number, home_store, str(number), placed_at, AT, f"N{number}", status, f"raw-{status}", currency,
         total, refunded, rate, placed_at, f"p{person}@Shop.example", AT if deleted else None],
    )  # fmt: skip
    for position, (product, name, quantity) in enumerate(lines, 1):
        conn.execute(
            "insert into order_line (contact_id, order_id, position, store_id, product_id, name, quantity, price,"
            " total, tax, discount) values (%s, %s, %s, 1, %s, %s, %s, 5, 5, 0, 0)",
            [person, number, position, product, name, quantity],
        )


def flat(conn, person):
    return {name: value for group in values(conn, person).values() for name, value in group.items()}


def rounded(cent, value):
    return None if value is None else value.quantize(cent, ROUND_HALF_UP)


def run(conn, people, at=AT, source="sync"):
    with conn.transaction():
        return compute(conn, people, at, source)


@pytest.mark.parametrize(("home", "step"), [("EUR", "0.01"), ("JPY", "1"), ("KWD", "0.001")])
def test_totals_equal_plain_arithmetic(conn, home, step):
    """Refunds, failed, deleted, foreign and unknown currencies, summer time: against Decimal in Python."""
    draw = random.Random(home)
    store(conn, 1, home)
    expected = {}
    for person in range(1, 41):
        contact(conn, person)
        orders = []
        for k in range(draw.randrange(7)):
            total = Decimal(draw.randrange(1, 400000)) / 1000
            fact = {
                "status": draw.choice(
                    ["completed", "completed", "refunded", "pending", "failed", "cancelled", "ignored"]
                ),
                "currency": draw.choice([home, home, "USD"]),
                "total": total,
                "refunded": draw.choice([Decimal(0), total, (total / 2).quantize(Decimal("0.001"))]),
                "rate": draw.choice([None, Decimal("0.91237")]),
                "deleted": draw.random() < 0.1,
            }
            at = datetime(2026, 3, 28, 22, tzinfo=UTC) + timedelta(minutes=draw.randrange(-400000, 1700))
            order(conn, person, person * 10 + k, at, **fact)
            orders.append((at, person * 10 + k, fact))
        expected[person] = sorted(orders, key=lambda o: o[:2])
    run(conn, list(expected))
    cent = Decimal(step)
    for person, orders in expected.items():
        told = flat(conn, person)
        there = [o for o in orders if not o[2]["deleted"] and o[2]["status"] != "ignored"]
        counted = [o for o in there if o[2]["status"] in COUNTED]
        worth = [
            None if f["currency"] != home and f["rate"] is None
            else (f["total"] - f["refunded"]) * (1 if f["currency"] == home else f["rate"])
            for _, _, f in counted
        ]  # fmt: skip
        sure = [w for w in worth if w is not None]
        assert told["total_number_of_orders"] == len(counted)
        assert told["total_value_of_orders"] == (rounded(cent, sum(sure)) if sure else None)
        assert told["average_order_value"] == (rounded(cent, sum(sure) / len(sure)) if sure else None)
        assert told["first_order_value"] == (rounded(cent, worth[0]) if worth else None)
        assert told["last_order_value"] == (rounded(cent, worth[-1]) if worth else None)
        assert told["first_order_date"] == (counted[0][0] if counted else None)
        assert told["last_order_date"] == (counted[-1][0] if counted else None)
        assert told["last_order_order_number"] == (f"N{there[-1][1]}" if there else None)
        assert told["total_number_of_current_orders"] == sum(f["status"] == "pending" for _, _, f in there)
        gap = None
        if len(counted) > 1:
            seconds = Decimal(int((counted[-1][0] - counted[0][0]).total_seconds()))
            gap = (seconds / (len(counted) - 1) / 86400).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert told["average_days_between_orders"] == gap


def test_incremental_equals_from_scratch_and_history_holds_only_changes(conn):
    store(conn)
    for person in (1, 2):
        contact(conn, person)
        order(conn, person, person, AT - timedelta(days=50))
    assert run(conn, [1, 2]) == 2
    untouched = conn.execute("select * from contact_property where contact_id = 2").fetchall()
    order(conn, 1, 10, AT - timedelta(days=5), total="20")
    assert run(conn, [1]) == 1
    assert run(conn, [1]) == 0, "a second time nothing differs"
    newest, first = history(conn, 1)
    assert newest.changes["total_number_of_orders"] == 2
    assert newest.changes["last_order_date"] == "2026-03-25T12:00:00Z"
    assert "first_order_date" not in newest.changes
    assert None not in first.changes.values()
    assert len(history(conn, 1, "first_order_date")) == 1
    assert conn.execute("select * from contact_property where contact_id = 2").fetchall() == untouched
    grown = flat(conn, 1)
    conn.execute("delete from contact_property where contact_id = 1")
    run(conn, [1])
    assert flat(conn, 1) == grown
    conn.execute("update orders set deleted_at = now() where contact_id = 1")
    run(conn, [1])
    emptied = history(conn, 1)[0].changes
    assert emptied["last_order_date"] is None
    assert emptied["total_number_of_orders"] == 0


@pytest.mark.parametrize(
    ("days", "rating"),
    [(0, 5), (30, 5), (31, 4), (90, 4), (91, 3), (180, 3), (181, 2), (360, 2), (361, 1), (900, 1)],
)
def test_recency_at_its_thresholds_and_when_it_changes_next(conn, days, rating):
    store(conn)
    contact(conn, 1)
    order(conn, 1, 1, AT - timedelta(days=days))
    run(conn, [1])
    assert flat(conn, 1)["order_recency_rating"] == str(rating)
    due = conn.execute("select due_at from contact_due").fetchone()
    if rating == 1:
        assert due is None
        return
    assert due[0] > AT
    run(conn, [1], due[0] - timedelta(seconds=1))
    assert flat(conn, 1)["order_recency_rating"] == str(rating)
    run(conn, [1], due[0])
    assert flat(conn, 1)["order_recency_rating"] == str(rating - 1)


@pytest.mark.parametrize(("currency", "price"), [("EUR", "17.79"), ("JPY", "18"), ("KWD", "17.785")])
def test_prices_in_a_mail_have_the_decimals_of_their_currency(conn, currency, price):
    """Shops keep up to six of a single unit, and four of a sum that has none."""
    store(conn)
    contact(conn, 1)
    order(conn, 1, 1, AT, currency=currency, lines=[("7", "Mug", 2)])
    conn.execute("update order_line set price = 17.7850, total = 36.0000, discount = 0")
    run(conn, [1])
    digits = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    cells = "</td><td>".join(f"{amount} {currency}" for amount in (price, f"{0:.{digits}f}", f"{36:.{digits}f}"))
    assert f"<td>{cells}</td></tr>" in flat(conn, 1)["last_products_bought_html"]


def test_markup_from_the_shop_stays_text(conn):
    store(conn)
    contact(conn, 1)
    order(conn, 1, 1, AT, lines=[("7", "<script>\"x\"&'y'</script>", 2)])
    conn.execute("update order_line set url = 'javascript:alert(1)', image_url = 'https://x.example/\"><i>'")
    run(conn, [1])
    told = flat(conn, 1)
    assert "<script" not in told["last_products_bought_html"]
    assert "&lt;script&gt;&quot;x&quot;&amp;&#39;y&#39;&lt;/script&gt;" in told["last_products_bought_html"]
    assert "javascript" not in told["last_products_bought_html"]
    assert "<i>" not in told["last_products_bought_html"]
    assert told["last_products_bought_product_1_url"] is None
    assert told["products_bought"] == ["p-7"]


@pytest.mark.parametrize(
    ("ledger", "told"),
    [
        ([], None),
        ([("granted", "import")], "yes"),
        ([("granted", "checkout"), ("withdrawn", "link")], "no"),
        ([("withdrawn", "link"), ("granted", "sync")], "no"),
        ([("withdrawn", "link"), ("granted", "checkout")], "yes"),
    ],
)
def test_a_withdrawal_is_lifted_only_by_the_person(conn, ledger, told):
    contact(conn, 1)
    for hour, (status, source) in enumerate(ledger):
        conn.execute(
            "insert into consent_event (contact_id, store_id, channel, purpose, at, status, source, received_at)"
            " values (1, 1, 'email', 'marketing', %s, %s, %s, now())",
            [AT + timedelta(hours=hour), status, source],
        )
    run(conn, [1])
    assert flat(conn, 1)["newsletter_subscription"] == told
    assert flat(conn, 1)["hs_marketable_status"] == ("true" if told == "yes" else "false")
    assert flat(conn, 1)["hs_email_optout"] is (told == "no")


def test_the_list_finds_parts_of_addresses_and_a_merge_moves_what_people_set(conn):
    store(conn)
    for person in (1, 2):
        contact(conn, person)
        order(conn, person, person, AT)
    conn.execute("insert into contact_custom (contact_id, jobtitle, hs_legal_basis) values (2, 'Baker', '{a,b}')")
    run(conn, [1, 2])
    for typed, found in (("P1@shop.ex", [1]), ("shop", [1, 2]), ("n2", [2]), ("nobody", [])):
        rows = conn.execute(
            "select contact_id from contact_list where search @@ %s::tsquery order by 1", [search_query(typed)]
        ).fetchall()
        assert [row[0] for row in rows] == found, typed
    with conn.transaction():
        conn.execute("delete from contact where contact_id = 2")
        move(conn, {2: 1})
        compute(conn, [1, 2], AT, "merge")
    told = flat(conn, 1)
    assert (told["jobtitle"], told["hs_legal_basis"], told["hs_merged_object_ids"]) == ("Baker", ["a", "b"], ["2"])
    for table in ("contact_property", "contact_custom", "contact_list", "contact_due", "property_history"):
        assert conn.execute(f"select count(*) from {table} where contact_id = 2").fetchone() == (0,)
    assert len(history(conn, 1)) == 2


@pytest.mark.parametrize("stored", ["+49 30 1234567", "0049 30/123-4567", "(030) 1234567", "030 1234567"])
def test_a_phone_is_found_however_it_is_spelled(conn, stored):
    store(conn)
    for person, phone in ((1, stored), (2, "+49 40 7654321")):
        contact(conn, person)
        order(conn, person, person, AT, lines=[(f"A{person}", "Tea", 1)])
        conn.execute("insert into contact_custom (contact_id, phone) values (%s, %s)", [person, phone])
    conn.execute("update order_line set sku = 'TEA-' || contact_id || '/green'")
    run(conn, [1, 2])
    typed = ("+49 30 1234567", "+49301234567", "0049 30 123", "030 1234567", "030/1234567", "0301234567", "30 12345")
    for text in (*typed, "tea-1", "TEA-1/GREEN", "n1"):
        rows = conn.execute(
            "select contact_id from contact_list where search @@ %s::tsquery", [search_query(text)]
        ).fetchall()
        assert rows == [(1,)], text


def test_the_newest_abandoned_cart_is_the_one_told(conn):
    store(conn)
    contact(conn, 1)
    for number, state, hours in ((1, "abandoned", 9), (2, "abandoned", 3), (3, "open", 1)):
        conn.execute(
            "insert into cart (contact_id, cart_id, store_id, external_id, version, received_at, created_at, currency,"
            " total, subtotal, tax, url, email, detail, state, abandoned_at)"
            " values (1, %s, 1, %s, %s, now(), %s, 'USD', 12, 10, 2, 'https://x.example/c', 'c@x.example', 0, %s, %s)",
            [number, f"t{number}", AT - timedelta(hours=hours), AT - timedelta(days=2), state,
             AT - timedelta(hours=hours) if state == "abandoned" else None],
        )  # fmt: skip
        conn.execute(
            "insert into cart_line (contact_id, cart_id, position, product_id, sku, name, quantity, total)"
            " values (1, %s, 1, %s, 'S', '<b>Mug</b>', 3, 12)",
            [number, str(number)],
        )
    run(conn, [1])
    told = flat(conn, 1)
    assert told["current_abandoned_cart"] == "yes"
    assert told["abandoned_cart_date"] == AT - timedelta(hours=3)
    assert (told["abandoned_cart_counter"], told["abandoned_cart_products"]) == (3, ["p-2"])
    assert (told["abandoned_cart_total_value"], told["abandoned_cart_currency"]) == (12, "USD")
    assert "&lt;b&gt;Mug" in told["abandoned_cart_products_html"]
    assert (told["email"], told["lifecyclestage"]) == ("c@x.example", "lead")
    assert told["createdate"] == AT - timedelta(days=2)
    conn.execute("update cart set state = 'ordered'")
    run(conn, [1])
    told = flat(conn, 1)
    assert (told["current_abandoned_cart"], told["abandoned_cart_url"], told["abandoned_cart_counter"]) == (
        "no",
        None,
        0,
    )


def test_each_store_is_told_apart_in_its_own_currency(conn):
    """A person who buys in two shops: what one shop knows is what it would be without the other."""
    draw = random.Random(5)
    store(conn, 1, "EUR")
    store(conn, 2, "USD")
    at = AT - timedelta(days=30)
    contact(conn, 1)
    contact(conn, 2)
    for number in range(1, 15):
        shop = draw.choice([1, 2])
        fact = {
            "total": str(draw.randrange(100, 9000)), "refunded": draw.choice(["0", "50"]), "home_store": shop,
            "currency": draw.choice(["EUR", "USD"]), "rate": "0.5",
            "status": draw.choice(["completed", "pending", "refunded"]),
        }  # fmt: skip
        order(conn, 1, number, at + timedelta(hours=number), lines=[("7", "Tea", number)], **fact)
        if shop == 2:
            order(conn, 2, 100 + number, at + timedelta(hours=number), lines=[("7", "Tea", number)], **fact)
            conn.execute("update orders set number = %s where order_id = %s", [f"N{number}", 100 + number])
    run(conn, [1, 2])
    alone = of_store(conn, 2, 2, AT)
    assert of_store(conn, 1, 2, AT) == alone
    assert alone["total_value_of_orders"] > 0
    assert (
        of_store(conn, 1, 1, AT)["total_number_of_orders"] + alone["total_number_of_orders"]
        == (flat(conn, 1)["total_number_of_orders"])
    )
    assert "email" not in alone, "only the shop's groups"
