"""Webhooks, retries and quarantine: duplicates, forgeries, busy shops, coalescing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from cartfolk.connectors.canonical import BadRecord
from cartfolk.connectors.errors import CredentialsInvalid, RetryLater, SignatureInvalid
from cartfolk.core.time import now
from cartfolk.inbox import deliveries, quarantine, realtime
from cartfolk.stores import health, lookup

from .shop import T0, add_store, rows, tiny


def hook(conn, store, shop, **told):
    body = json.dumps(told).encode()
    signature = hmac.new(b"hook secret", body, hashlib.sha256).hexdigest()
    return realtime.accept_webhook(conn, store, shop, {"x-signature": signature, "x-topic": "t"}, body, now())


def follow(conn, shop, at=None):
    async def connector(_store_id):
        return shop

    return asyncio.run(realtime.follow_hints(conn, connector, at=at))


def test_tampered_webhook_is_refused_and_not_stored(conn):
    store = add_store(conn)
    with pytest.raises(SignatureInvalid):
        realtime.accept_webhook(conn, store, tiny(store), {"x-signature": "0"}, b"{}", now())
    assert deliveries.waiting(conn).count == 0


def test_same_hint_waits_once_but_counts_again_after_it_was_followed(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(3))
    assert hook(conn, store, shop, stream="orders", ids=["1"]).outcome == "stored"
    assert hook(conn, store, shop, stream="orders", ids=["1"]).outcome == "waiting"
    assert hook(conn, store, shop, ping=1).outcome == "ignored"
    assert follow(conn, shop) == 1
    # an object deleted twice (restored in between) sends the same bytes twice
    assert hook(conn, store, shop, stream="orders", ids=["1"]).outcome == "stored"


def test_hints_are_fetched_together_and_what_is_gone_is_said_to_be_deleted(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(3), customers=rows(2))
    for number in (1, 2, 99, 1):
        hook(conn, store, shop, stream="orders", ids=[str(number)], again=number)
    hook(conn, store, shop, stream="customers", ids=["2"])
    assert follow(conn, shop) == 4
    assert shop.asked == [("fetch", "customers", ("2",)), ("fetch", "orders", ("1", "2", "99"))]
    found = {(one.kind, one.stream): json.loads(one.body) for one in deliveries.claim(conn, 0, 10)}
    assert [raw["id"] for raw in found["fetched", "orders"]] == [1, 2]
    assert found["deleted", "orders"] == ["99"]
    assert follow(conn, shop) == 0


def test_busy_shop_keeps_its_hints_and_they_come_again_later(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(1))
    hook(conn, store, shop, stream="orders", ids=["1"])
    shop.errors.append(RetryLater("Busy.", 30))
    follow(conn, shop)
    assert follow(conn, shop) == 0
    assert follow(conn, shop, now() + timedelta(seconds=31)) == 1
    assert len(deliveries.claim(conn, 0, 10)) == 1


def test_worker_killed_while_fetching_loses_no_hint(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(1))
    hook(conn, store, shop, stream="orders", ids=["1"])
    assert realtime.take(conn, 10, now())  # taken, and then the process is gone
    assert realtime.take(conn, 10, now()) == {}
    assert follow(conn, shop, now() + timedelta(seconds=61)) == 1


def test_paused_and_stopped_stores_keep_their_hints_until_resumed(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(1))
    health.pause(conn, store.pk)
    assert hook(conn, store, shop, stream="orders", ids=["1"]).outcome == "stored"
    assert follow(conn, shop) == 0
    health.resume(conn, store.pk)
    shop.errors.append(CredentialsInvalid("Make a new key."))
    follow(conn, shop)
    assert lookup.by_id(conn, store.pk).state_reason == "Make a new key."
    health.resume(conn, store.pk)
    assert follow(conn, shop, now() + timedelta(hours=2)) == 1


def test_clone_guard_stops_the_store(conn):
    store = add_store(conn)
    assert health.guard(conn, store, "")
    assert health.guard(conn, store, "tiny.example")
    assert not health.guard(conn, store, "staging.example")
    assert "staging.example" in lookup.by_id(conn, store.pk).state_reason


def test_quarantine_keeps_one_row_is_retried_with_its_first_date_and_resolved(conn):
    store = add_store(conn)

    def bad(reason, at):
        return quarantine.Bad(
            store.pk, "orders", BadRecord("order", "7", "total", reason, '{"id": 7, "t": "\\u0000"}'), at
        )

    quarantine.put(conn, [bad("first", T0), bad("second", T0 + timedelta(hours=1))])
    quarantine.put(conn, [bad("third", T0 + timedelta(hours=2))])
    [waiting] = quarantine.listing(conn)
    assert (waiting.reason, waiting.attempts, quarantine.count(conn, store.pk)) == ("third", 2, 1)
    with conn.transaction():
        assert quarantine.retry(conn, store.pk, now(), [waiting.quarantine_id]) == 1
    [again] = deliveries.claim(conn, 0, 10)
    assert (again.kind, again.stream, json.loads(again.body)[0]["id"]) == ("fetched", "orders", 7)
    assert again.received_at == waiting.created_at  # what came later still wins
    assert quarantine.count(conn) == 0
    quarantine.put(conn, [bad("fourth", now())])
    quarantine.resolve(conn, [(store.pk, "order", "7"), (store.pk, "order", "8")], now())
    assert quarantine.count(conn) == 0


def test_postponed_delivery_waits_longer_each_time_and_replay_brings_handled_ones_back(conn):
    store = add_store(conn)
    delivery = deliveries.store(conn, store.pk, "page", "orders", b"[]", T0, lane=1)
    assert deliveries.store(conn, store.pk, "ingest", "ingest", b"[]", T0, dedupe="x")
    assert deliveries.store(conn, store.pk, "ingest", "ingest", b"[]", T0, dedupe="x") is None
    deliveries.postpone(conn, [delivery], "boom", T0)
    assert deliveries.claim(conn, 1, 5, T0) == []
    assert len(deliveries.claim(conn, 1, 5, T0 + timedelta(seconds=2))) == 1
    deliveries.handled(conn, [delivery], T0)
    assert deliveries.replay(conn, store.pk, "orders") == 1
    assert len(deliveries.claim(conn, 1, 5)) == 1
