"""Backfill and poll: nothing lost, nothing doubled, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import psycopg
import pytest

from cartfolk.connectors.errors import CredentialsInvalid, PageUnreadable, RetryLater
from cartfolk.connectors.http import Overwhelmed
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import bulk, deliveries, poll, progress, quarantine
from cartfolk.stores import lookup

from .shop import add_store, rows, tiny


def stored(conn: Connection, stream: str = "orders") -> list[int]:
    found = [d for d in deliveries.claim(conn, 1, 1000) if d.stream == stream]
    return sorted(raw["id"] for d in found for raw in json.loads(d.body))


def test_everything_arrives_once_and_catalogue_first(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(57), customers=rows(23), products=rows(5))
    assert asyncio.run(bulk.backfill(conn, store, shop)) == "done"
    assert stored(conn) == list(range(1, 58))
    assert stored(conn, "customers") == list(range(1, 24))
    asked = [asked[1] for asked in shop.asked if asked[0] == "page"]
    assert asked.index("orders") > max(i for i, stream in enumerate(asked) if stream == "products")
    found = progress.latest(conn, store.pk)
    assert found is not None
    assert (found.state, found.fetched, found.expected, found.complete) == ("done", 85, 85, False)
    progress.applied(
        conn, [(found.run_id, "orders", 57), (found.run_id, "customers", 23), (found.run_id, "products", 5)]
    )
    done = progress.latest(conn, store.pk)
    assert done is not None
    assert done.complete
    assert done.fraction == 1.0
    assert not bulk.needed(conn, store.pk)


@pytest.mark.parametrize("pages", [1, 3, 6])
def test_killed_after_some_pages_goes_on_from_the_checkpoints(conn, database, pages):
    store = add_store(conn)
    shop = tiny(store, orders=rows(57), customers=rows(23), products=rows(5))
    shop.shared["delay"] = 0.005

    async def killed() -> None:
        with psycopg.connect(database, autocommit=True) as mine:
            task = asyncio.create_task(bulk.backfill(mine, store, shop))
            while len([asked for asked in shop.asked if asked[0] == "page"]) <= pages:
                await asyncio.sleep(0.001)
            mine.close()  # what a SIGKILL leaves behind: a connection that is gone
            with suppress(Exception):
                await task

    asyncio.run(killed())
    assert bulk.open_run(conn, store.pk).state == "running"
    ((kept,),) = conn.execute("select count(*) from delivery where kind = 'page'").fetchall()
    shop.asked.clear()
    assert asyncio.run(bulk.backfill(conn, store, shop)) == "done"
    ((whole,),) = conn.execute("select count(*) from delivery where kind = 'page'").fetchall()
    asked = [asked for asked in shop.asked if asked[0] == "page"]
    assert len(asked) == whole - kept, "what is stored is not asked for again"
    assert stored(conn) == list(range(1, 58))
    assert stored(conn, "customers") == list(range(1, 24))
    assert conn.execute("select count(*) from run").fetchone()[0] == 1


@pytest.mark.parametrize("act", ["pause", "cancel"])
def test_pause_and_cancel_are_heard_between_pages(conn, database, act):
    store = add_store(conn)
    shop = tiny(store, orders=rows(200), customers=rows(5))
    shop.shared["delay"] = 0.01

    async def stopped_midway() -> str:
        with psycopg.connect(database, autocommit=True) as mine:
            task = asyncio.create_task(bulk.backfill(mine, store, shop))
            await asyncio.sleep(0.1)
            assert getattr(bulk, act)(conn, store.pk, now())
            return await task

    assert asyncio.run(stopped_midway()) == ("paused" if act == "pause" else "cancelled")
    assert len(stored(conn)) < 200
    if act == "pause":
        assert asyncio.run(bulk.backfill(conn, store, shop)) == "paused"
        assert bulk.resume(conn, store.pk)
        assert asyncio.run(bulk.backfill(conn, store, shop)) == "done"
        assert stored(conn) == list(range(1, 201))
    else:
        assert stored(conn) == []
        assert not bulk.resume(conn, store.pk)
        assert not bulk.needed(conn, store.pk)


def test_two_workers_do_not_fetch_the_same_store(conn, database):
    store = add_store(conn)
    with psycopg.connect(database, autocommit=True) as other, bulk.alone(other, store.pk) as mine:
        assert mine
        assert asyncio.run(bulk.backfill(conn, store, tiny(store))) == "busy"


def test_busy_shop_is_waited_for_and_wrong_keys_stop_the_store(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(5))
    shop.errors += [RetryLater("Busy.", 0.01), RetryLater("Busy.", 0.01)]
    assert asyncio.run(bulk.backfill(conn, store, shop)) == "done"
    bulk.start(conn, store.pk, now())
    shop.errors += [CredentialsInvalid("The shop refuses the key; make a new one.")]
    assert asyncio.run(bulk.backfill(conn, store, shop)) == "stopped"
    stopped = lookup.by_id(conn, store.pk)
    assert (stopped.state, stopped.state_reason) == ("stopped", "The shop refuses the key; make a new one.")
    assert bulk.open_run(conn, store.pk).state == "paused"


def test_unreadable_row_is_stepped_over_and_its_retry_fetches_it(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(40))
    shop.shared["steps"] = True
    shop.unreadable.update({"7", "9", "31"})
    assert asyncio.run(bulk.backfill(conn, store, shop)) == "done"
    assert stored(conn) == sorted(set(range(1, 41)) - {7, 9, 31})
    waiting = quarantine.listing(conn, store.pk)
    assert [(one.kind, one.field) for one in waiting] == [("order", "page")] * 3
    with conn.transaction():
        assert quarantine.retry(conn, store.pk, now()) == 3
    assert asyncio.run(bulk.backfill(conn, store, shop)) == "done"
    assert quarantine.count(conn) == 3  # still bad: each is back, once
    shop.unreadable.clear()
    with conn.transaction():
        quarantine.retry(conn, store.pk, now())
    assert bulk.needed(conn, store.pk)
    assert asyncio.run(bulk.backfill(conn, store, shop)) == "done"
    assert set(stored(conn)) == set(range(1, 41))
    assert quarantine.count(conn) == 0


def test_unreadable_rest_of_a_window_waits_in_quarantine_and_its_retry_fills_it(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(40))  # its cursors cannot step over a row
    shop.unreadable.add("7")
    assert asyncio.run(bulk.backfill(conn, store, shop)) == "done"
    assert stored(conn) == sorted({*range(2, 41, 2), 1, 3, 5})
    [waiting] = quarantine.listing(conn, store.pk)
    assert (waiting.kind, waiting.field) == ("order", "page")
    since = conn.execute("select since from stream_cursor where stream = 'orders'").fetchone()
    conn.execute("update stream_cursor set cursor = 'polled' where stream = 'orders'")
    shop.unreadable.clear()
    with conn.transaction():
        assert quarantine.retry(conn, store.pk, now(), [waiting.quarantine_id]) == 1
    assert asyncio.run(bulk.backfill(conn, store, shop)) == "done"
    assert stored(conn) == list(range(1, 41))  # from its place on, nothing twice
    assert quarantine.count(conn) == 0
    # the poll goes on where it stood: nothing is asked again from the first day on
    assert conn.execute("select cursor, since from stream_cursor where stream = 'orders'").fetchone() == (
        "polled",
        *since,
    )


def test_retry_opens_no_backfill_that_was_cancelled(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(40))
    shop.unreadable.add("7")
    asyncio.run(bulk.backfill(conn, store, shop))
    bulk.start(conn, store.pk, now())
    bulk.cancel(conn, store.pk, now())
    with conn.transaction():
        assert quarantine.retry(conn, store.pk, now()) == 0
    assert quarantine.count(conn) == 1
    assert not bulk.needed(conn, store.pk)


def test_ill_shop_is_waited_for_and_no_row_is_blamed(conn, monkeypatch):
    store = add_store(conn)
    shop = tiny(store, orders=rows(10))
    shop.shared["steps"] = True
    monkeypatch.setattr(bulk.random, "uniform", lambda low, high: 0.01)
    ill = [Overwhelmed("The shop reports an error of its own (500).") for _ in range(30)]

    async def cured() -> str:
        task = asyncio.create_task(bulk.backfill(conn, store, shop))
        while not any(asked[0] == "page" for asked in shop.asked):
            await asyncio.sleep(0)
        shop.errors += ill
        return await task

    assert asyncio.run(cured()) == "done"
    assert shop.errors == []
    assert stored(conn) == list(range(1, 11))
    assert quarantine.count(conn) == 0


@pytest.mark.parametrize("what", ["backfill", "poll"])
def test_another_shop_at_the_address_is_noticed_before_anything_is_fetched(conn, what):
    store = add_store(conn)
    shop = tiny(store, orders=rows(5))
    if what == "poll":
        asyncio.run(bulk.backfill(conn, store, shop))
        shop.asked.clear()
    shop.shared["fingerprint"] = "staging.example"
    if what == "backfill":
        assert asyncio.run(bulk.backfill(conn, store, shop)) == "stopped"
        assert bulk.open_run(conn, store.pk).state == "paused"
    else:
        assert asyncio.run(poll.poll(conn, store, shop)) == 0
    assert shop.asked == []
    stopped = lookup.by_id(conn, store.pk)
    assert stopped.state == "stopped"
    assert "it says it is staging.example, but tiny.example was connected" in stopped.state_reason


def test_poll_reports_a_page_it_cannot_read_until_it_can(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(3))
    asyncio.run(bulk.backfill(conn, store, shop))
    for _ in range(2):
        shop.errors.append(PageUnreadable("Half a page."))
        asyncio.run(poll.poll(conn, store, shop))
    assert [(one.stream, one.attempts) for one in quarantine.listing(conn)] == [("products", 2)]
    asyncio.run(poll.poll(conn, store, shop))
    assert quarantine.count(conn) == 0


def test_stream_the_shop_cannot_give_does_not_keep_the_others_from_being_polled(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(3))
    asyncio.run(bulk.backfill(conn, store, shop))
    shop.asked.clear()
    shop.errors.append(Overwhelmed("The shop reports an error of its own (500)."))
    with pytest.raises(Overwhelmed):
        asyncio.run(poll.poll(conn, store, shop))
    assert [asked[1] for asked in shop.asked] == ["products", "customers", "orders"]


def test_fetching_waits_while_too_much_lies_unhandled(conn, database):
    store = add_store(conn)
    shop = tiny(store, orders=rows(1500))
    shop.shared["delay"] = 0.04

    async def watched() -> tuple[int, str]:
        with psycopg.connect(database, autocommit=True) as mine:
            bulk_run = asyncio.create_task(bulk.backfill(mine, store, shop, most_waiting=1))
            await asyncio.sleep(1.6)
            before = len(shop.asked)
            await asyncio.sleep(0.5)
            assert len(shop.asked) == before  # nothing is asked while the pages lie there
            while not bulk_run.done():
                conn.execute("update delivery set state = 'handled' where state = 'new'")
                await asyncio.sleep(0.05)
            return before, bulk_run.result()

    before, outcome = asyncio.run(watched())
    assert outcome == "done"
    assert before < len(shop.asked)


def test_poll_goes_on_where_it_stood_and_starts_before_the_high_water_mark(conn):
    store = add_store(conn)
    shop = tiny(store, orders=rows(3))
    assert asyncio.run(poll.poll(conn, store, shop)) == 0  # no backfill yet: nothing to go on from
    asyncio.run(bulk.backfill(conn, store, shop))
    high_water = conn.execute("select high_water from run").fetchone()[0]
    shop.shop["orders"] = rows(25)
    assert asyncio.run(poll.poll(conn, store, shop)) == 25
    since = next(asked[3] for asked in shop.asked if asked[:2] == ("changes", "orders"))
    assert since == high_water - shop.overlap
    shop.shop["orders"] = rows(26)
    assert asyncio.run(poll.poll(conn, store, shop)) == 1
