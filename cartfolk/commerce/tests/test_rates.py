"""Risk: an order's value depends on when its owner's exchange rate was entered, or outlives that rate."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartfolk.commerce import facts, rates, rules
from cartfolk.connectors.canonical import Line, Order

T = datetime(2026, 3, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)
LINE = Line("Tea", D(1), D("9.50"), sku="tea")


def setup(conn, home="EUR"):
    conn.execute("truncate orders, order_line, order_event, own_rate, own_rate_waiting, contact_dirty, store_rule")
    conn.execute("insert into contact (contact_id) select generate_series(1, 40) on conflict do nothing")
    rules.save(conn, 7, home_currency=home, live_from=T, label="Shop", name="shop")


def order(number, day, version=0, currency="USD", rate=None):
    return Order(str(number), str(number), "completed", "completed", currency, D("9.50"), T + day * DAY,
                 T + day * DAY + version * timedelta(hours=1), rate=rate, lines=(LINE,))  # fmt: skip


def put(conn, *records, store=7):
    with conn.transaction():
        facts.write(
            conn, [facts.Placed(r, 1 + int(r.number) % 40, int(r.number), store, r.updated_at) for r in records], lane=0
        )


def own(conn, currency, rate, day=None, store=7):
    at = rates.beginning(day, "UTC")
    if rate is None:
        rates.remove(conn, store, currency, at)
    else:
        rates.save(conn, store, rates.OwnRate(currency, at, D(rate)))


def follow(conn, store=7, step=3):
    return rates.follow(conn, store, step)


def stored(conn):
    rows = conn.execute("select order_id, rate, rate_version is null from orders order by 1").fetchall()
    return {number: (rate, mine) for number, rate, mine in rows}


ORDERS = [order(1, 0), order(1, 0, 1), order(2, 5), order(2, 5, 1, rate=D("0.8")), order(3, 9, currency="GBP"),
          order(3, 9, 1), order(4, 9, currency="EUR"), order(5, 20, rate=D("0.7")), order(5, 20, 1)]  # fmt: skip
ENTERED = [("USD", "0.9", None), ("USD", "0.95", date(2026, 3, 6)), ("GBP", "1.1", date(2026, 3, 10)),
           ("USD", "0.91", None), ("GBP", None, date(2026, 3, 10)), ("GBP", "1.15", date(2026, 1, 1))]  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_orders_and_rates_in_any_order_end_like_importing_with_those_rates(conn, rng):
    setup(conn)
    for entry in ENTERED:
        own(conn, *entry)
    put(conn, *ORDERS)
    follow(conn)
    want = stored(conn)
    assert want == {1: (D("0.91"), True), 2: (D("0.8"), False), 3: (D("0.95"), True), 4: (None, True),
                    5: (D("0.7"), False)}  # fmt: skip
    setup(conn)
    told = [*ORDERS, *rng.sample(ORDERS, 3)]
    rng.shuffle(told)
    steps = [lambda one=one: put(conn, one) for one in told]
    entries = iter(ENTERED)  # in their own order, anywhere between the orders; sometimes followed at once
    for step in steps:
        step()
        if rng.random() < 0.5 and (entry := next(entries, None)):
            own(conn, *entry)
            if rng.random() < 0.5:
                follow(conn)
    for entry in entries:
        own(conn, *entry)
    follow(conn)
    assert stored(conn) == want
    assert rates.waiting(conn) == {}


def test_exactly_the_contacts_whose_value_changes_are_made_again(conn):
    setup(conn)
    put(conn, *(order(n, n, currency=("USD", "GBP")[n % 2], rate=D(1) if n % 5 == 0 else None) for n in range(1, 31)))
    conn.execute("truncate contact_dirty")
    own(conn, "USD", "0.9", date(2026, 3, 11))
    assert follow(conn) == 8  # even days from 10 on, without those the shop rated
    dirty = {row[0] for row in conn.execute("select contact_id from contact_dirty")}
    assert dirty == {1 + n for n in range(10, 31, 2) if n % 5}
    conn.execute("truncate contact_dirty")
    own(conn, "USD", "0.9", date(2026, 3, 11))  # the same again
    assert follow(conn) == 0
    assert not conn.execute("select from contact_dirty").fetchone()
    assert rates.missing(conn, 7) == {"GBP": 12, "USD": 4}
    own(conn, "USD", None, date(2026, 3, 11))
    assert follow(conn) == 8
    assert rates.missing(conn, 7) == {"USD": 12, "GBP": 12}


def test_a_rate_serves_the_day_where_the_store_is_and_no_other_store(conn):
    setup(conn)
    rules.save(conn, 8, home_currency="EUR", live_from=T, label="Shop", name="other")
    at = rates.beginning(date(2026, 3, 29), "Europe/Berlin")  # the day summer time begins
    assert at == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert rates.day_of(at, "Europe/Berlin") == date(2026, 3, 29)
    assert rates.day_of(rates.beginning(None, "Europe/Berlin"), "Europe/Berlin") is None
    rates.save(conn, 7, rates.OwnRate("USD", at, D("0.9")))
    for number, moment in ((1, at - timedelta(microseconds=1)), (2, at)):
        put(conn, Order(str(number), str(number), "completed", "completed", "USD", D(1), moment, moment))
    put(conn, order(3, 60), store=8)
    follow(conn)
    follow(conn, 8)
    assert [stored(conn)[n][0] for n in (1, 2, 3)] == [None, D("0.9"), None]


def test_rates_to_a_former_home_currency_serve_nobody(conn):
    setup(conn)
    own(conn, "USD", "0.9")
    put(conn, order(1, 0))
    assert stored(conn)[1] == (D("0.9"), True)
    rules.save(conn, 7, home_currency="CHF", live_from=T, label="Shop", name="shop")
    follow(conn)
    assert stored(conn)[1] == (None, True)
    assert rates.listed(conn, 7) == []
    rules.save(conn, 7, home_currency="EUR", live_from=T, label="Shop", name="shop")
    follow(conn)
    assert stored(conn)[1] == (D("0.9"), True)


def test_a_rate_entered_while_orders_are_being_written_reaches_them(conn, database):
    setup(conn)
    with psycopg.connect(database, autocommit=True) as other:
        entering = threading.Thread(target=own, args=(other, "USD", "0.9"))
        with conn.transaction():
            facts.write(conn, [facts.Placed(order(1, 0), 2, 1, 7, T)], lane=0)
            entering.start()
            entering.join(0.3)
            assert entering.is_alive(), "a rate waits for orders that were written without it"
        entering.join()
        assert stored(conn)[1][0] is None
        assert follow(other) == 1
    assert stored(conn)[1] == (D("0.9"), True)


def test_killed_after_any_step_the_rest_is_done_by_the_next(conn):
    setup(conn)
    put(conn, *(order(n, 0) for n in range(1, 31)))
    own(conn, "USD", "0.9")
    conn.execute(rates.Q["rate_stored"], {"store": 7, "after": 0, "limit": 4})
    assert 7 in rates.waiting(conn)
    assert follow(conn) == 26
    assert {rate for rate, _ in stored(conn).values()} == {D("0.9")}


@pytest.mark.parametrize(
    ("text", "value"), [("0,9174", "0.9174"), (" 1.0834 ", "1.0834"), ("130", "130"), (",5", "0.5")]
)
def test_a_rate_is_read_with_comma_or_point(text, value):
    assert rates.number(text) == D(value)


@pytest.mark.parametrize("text", ["", "0", "0,00", "-1", "1e3", "1.234,5", "1 000", "NaN", "٣", "0." + "1" * 13])
def test_what_is_no_rate_is_said_and_not_guessed(text):
    with pytest.raises(rates.RateInvalid, match=r"0\.9174") as refused:
        rates.number(text)
    assert refused.value.field == "rate"


@pytest.mark.parametrize("text", ["EUR", "eur ", "US", "DOLLAR", "U$D", ""])
def test_a_currency_is_a_code_other_than_the_home_currency(text):
    with pytest.raises(rates.RateInvalid):
        rates.code(text, "EUR")


def test_entered_listed_and_removed_by_command(conn, database, capsys, monkeypatch):
    from cartfolk import cli
    from cartfolk.stores import credentials
    from cartfolk.stores.models import Store

    store = Store.objects.create(
        name="shop", platform="medusa", url="https://s.example", key="k", credentials=credentials.seal({}),
        webhook_secret=credentials.seal("w"), ingest_secret=credentials.seal("i"), home_currency="EUR",
        timezone="Europe/Berlin", connected_at=T, live_from=T,
    )  # fmt: skip
    rules.save(conn, store.pk, home_currency="EUR", live_from=T, label="Shop", name="shop")
    conn.execute("insert into contact (contact_id) values (2) on conflict do nothing")
    put(conn, order(1, 0), store=store.pk)
    monkeypatch.setenv("DATABASE_URL", database)

    def run(*words):
        code = cli.main(["rates", "shop", *words])
        return code, capsys.readouterr()

    assert run("set", "usd", "0,9", "--from", "2026-02-01")[0] == 0
    assert stored(conn)[1] == (D("0.9"), True)
    told = json.loads(run("list", "--json")[1].out)
    assert told["rates"] == [{"currency": "USD", "rate": "0.9", "from": "2026-02-01"}]
    assert told["orders_without_rate"] == {}
    assert run("set", "EUR", "1")[0] != 0
    assert run("remove", "USD")[0] != 0, "there is none from the beginning"
    assert run("remove", "USD", "--from", "2026-02-01")[0] == 0
    assert stored(conn)[1] == (None, True)
    acts = [row[0] for row in conn.execute("select action from audit_event order by event_id")]
    assert acts == ["store.rate_saved", "store.rate_removed"]
