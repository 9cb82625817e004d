"""Risk: one record that makes the shop crash costs more than itself, or is lost in silence.

A simulated shop over real HTTP, with records whose presence in an answer, even by id alone, is a 500.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import partial

import pytest

from cartfolk.connectors import registry
from cartfolk.core.time import now
from cartfolk.inbox import bulk, deliveries, quarantine
from cartfolk.simulator import SimulatedShop, start_simulator
from cartfolk.stores import connect, shop

FROZEN = "2026-03-01T12:00:00Z"


@pytest.fixture(scope="module")
def simulated() -> Iterator[SimulatedShop]:
    with start_simulator(seed=4, customers=120, now=FROZEN, frozen_clock=True) as running:
        yield running


@pytest.fixture
def store(conn, simulated, monkeypatch):
    monkeypatch.setattr(shop.registry, "opened", partial(registry.opened, attempts=2, patience=0.01))
    monkeypatch.setattr(bulk.random, "uniform", lambda low, high: 0.01)  # waits a hundredth
    application = connect.Application(
        "woocommerce", "shop", {"url": simulated.url, "key": simulated.key, "secret": simulated.secret}, True
    )
    yield connect.connect(conn, application, now())[0]
    simulated.clear_faults()


def fetched(conn, stream):
    return sorted(
        {raw["id"] for d in deliveries.claim(conn, 1, 5000) if d.stream == stream for raw in json.loads(d.body)}
    )


def backfill(conn, store):
    async def run():
        async with shop.open_store(store) as connector:
            return await bulk.backfill(conn, store, connector)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("stream", "route", "places"),
    [
        ("orders", "/orders", (0, 1, 40, 41, -1)),  # the first, neighbours, the last; walked by time
        ("customers", "/customers", (0, 1, 40, 41, -1)),  # walked by id and offset
    ],
)
def test_everything_but_the_record_that_crashes_the_shop_arrives_and_its_retry_brings_it(
    conn, store, simulated, stream, route, places
):
    assert backfill(conn, store) == "done"
    everything = fetched(conn, stream)
    others = {name: fetched(conn, name) for name in ("products", "customers", "orders") if name != stream}
    assert len(everything) > 100
    conn.execute("truncate delivery, run, run_stream, run_window, stream_cursor")
    broken = {everything[place] for place in places}
    for one in broken:
        simulated.post_fault("poison", id=one, path=route, deep=True)
    assert backfill(conn, store) == "done"
    assert fetched(conn, stream) == sorted(set(everything) - broken)
    assert {name: fetched(conn, name) for name in others} == others
    waiting = quarantine.listing(conn, store.pk)
    assert {(one.stream, one.field) for one in waiting} == {(stream, "page")}
    assert len(waiting) == len(broken)
    simulated.clear_faults()
    with conn.transaction():
        assert quarantine.retry(conn, store.pk, now()) == len(broken)
    assert backfill(conn, store) == "done"
    assert fetched(conn, stream) == everything
    assert quarantine.count(conn) == 0
