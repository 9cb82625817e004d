"""Risk: names and addresses that wait unread stay for ever, or something goes that could still be read."""

from __future__ import annotations

import json
from datetime import timedelta

from cartfolk.audit import log
from cartfolk.connectors.canonical import BadRecord
from cartfolk.core.time import now
from cartfolk.inbox import deliveries, quarantine, retention
from cartfolk.inbox.quarantine import WHOLE_PAGE, Bad

from .shop import add_store


def bad(store, number, field="email", at=None):
    text = json.dumps({"id": number, "email": f"p{number}@example.org"})
    return Bad(store.pk, "orders", BadRecord("order", number, field, "is wrong", text), at or now())


def last_tried(conn, **days):
    for number, ago in days.items():
        at = now() - timedelta(days=ago)
        conn.execute("update quarantine set tried_at = %s where external_id = %s", [at, number])


def waiting(conn):
    return sorted(one.external_id or "" for one in quarantine.listing(conn))


def test_a_record_is_forgotten_ninety_days_after_its_last_attempt_and_that_is_told_by_number(conn):
    store = add_store(conn)
    quarantine.put(conn, [bad(store, "a"), bad(store, "b", at=now() - timedelta(days=500)), bad(store, "c")])
    last_tried(conn, a=91, c=89)
    assert retention.would_forget(conn, retention.days(conn))["quarantine"] == 1
    retention.clean(conn)
    assert waiting(conn) == ["b", "c"], "b was received long ago and tried today"
    [told] = log.recent(conn, action="store.waiting_forgotten")
    assert (told.actor, told.target, told.detail) == ("system", f"store:{store.name}", {"records": 1, "messages": 0})
    retention.clean(conn)
    assert len(log.recent(conn, action="store.waiting_forgotten")) == 1, "nothing was forgotten: nothing to tell"


def test_every_attempt_begins_the_time_anew(conn):
    store = add_store(conn)
    quarantine.put(conn, [bad(store, "a"), bad(store, "b")])
    last_tried(conn, a=200, b=200)
    quarantine.put(conn, [bad(store, "a", at=now() - timedelta(days=300))])
    retention.clean(conn)
    assert waiting(conn) == ["a"]


def test_a_place_where_the_shop_gave_nothing_stays_and_a_page_that_is_text_does_not(conn):
    store = add_store(conn)
    quarantine.put(conn, [bad(store, "poll:orders", WHOLE_PAGE), bad(store, None, WHOLE_PAGE)])
    conn.execute("update quarantine set tried_at = now() - interval '5 years'")
    retention.clean(conn)
    assert waiting(conn) == ["poll:orders"]


def test_resolved_quarantine_goes_with_the_raw_deliveries(conn):
    store = add_store(conn)
    retention.choose(conn, {"deliveries": 10, "quarantine": 3000})
    quarantine.put(conn, [bad(store, "a"), bad(store, "b")])
    for number, ago in {"a": 11, "b": 9}.items():
        quarantine.resolve(conn, [(store.pk, "order", number)], now() - timedelta(days=ago))
    assert retention.would_forget(conn, retention.days(conn))["deliveries"] == 1
    retention.clean(conn)
    assert conn.execute("select external_id from quarantine").fetchall() == [("b",)]


def test_a_held_message_goes_and_one_that_waits_for_the_worker_never_does(conn):
    store = add_store(conn)
    retention.choose(conn, {"quarantine": 5})
    old, young = now() - timedelta(days=6), now() - timedelta(days=4)
    deliveries.store(conn, store.pk, "ingest", "ingest", b"[1]", old, held_for="staging.example")
    kept = deliveries.store(conn, store.pk, "ingest", "ingest", b"[2]", young, held_for="staging.example")
    new = deliveries.store(conn, store.pk, "ingest", "ingest", b"[3]", old)
    assert retention.would_forget(conn, retention.days(conn))["quarantine"] == 1
    retention.clean(conn)
    assert conn.execute("select delivery_id from delivery order by 1").fetchall() == [(kept,), (new,)]
    [told] = log.recent(conn, action="store.waiting_forgotten")
    assert told.detail == {"records": 0, "messages": 1}
