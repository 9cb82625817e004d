"""Claim: a backfill keeps the shop's limit busy. Against a shop that takes 50 ms for every page it fetches at least
90 % of the pages a second that the same requests reach when nothing is stored.

Baseline in the same run: the same connector walks the same windows with the same number of requests at once and
throws every page away. What the backfill adds is storing each page with its cursor.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from .server import database

LATENCY = 0.05  # seconds the shop takes at least for a page
AT_ONCE = 6


def run(count: int = 2_000, repeats: int = 5) -> dict[str, Any]:
    """Fetches the history of a simulated shop with ``count`` accounts ``repeats`` times both ways; medians."""
    from cartfolk.simulator import start_simulator

    with start_simulator(seed=3, customers=count, pretend_https=True) as shop:
        shop.post_fault("latency", seconds=LATENCY)
        ideal, real, pages = [], [], 0
        for _ in range(repeats):
            with database() as url, psycopg.connect(url, autocommit=True) as conn:
                store = _connect(conn, shop)
                pages, seconds = asyncio.run(_walk(store))
                ideal.append(pages / seconds)
                began = time.perf_counter()
                asyncio.run(_backfill(conn, store))
                (fetched,) = conn.execute("select sum(pages) from run_window").fetchone() or (0,)
                real.append(fetched / (time.perf_counter() - began))
    return {
        "bench": "backfill",
        "accounts": count,
        "repeats": repeats,
        "pages": pages,
        "latency_ms": LATENCY * 1000,
        "at_once": AT_ONCE,
        "ideal_pages_per_second": round(statistics.median(ideal), 1),
        "pages_per_second": round(statistics.median(real), 1),
        "share_of_ideal": round(statistics.median(r / i for r, i in zip(real, ideal, strict=True)), 2),
    }


def _connect(conn: psycopg.Connection[Any], shop: Any) -> Any:
    from cartfolk.commerce import rules
    from cartfolk.stores import connect

    keys = {"url": shop.url, "key": shop.key, "secret": shop.secret}
    wish = connect.Application("woocommerce", "bench", keys, allow_private_address=True, max_concurrency=AT_ONCE)
    store, _report = connect.connect(conn, wish, datetime.now(UTC) - timedelta(days=1))
    rules.save(conn, store.pk, **connect.rule_of(store))
    return store


async def _walk(store: Any) -> tuple[int, float]:
    """Pages and seconds of fetching everything and keeping nothing; streams one after the other, as a backfill has
    them, a stream's windows side by side."""
    from cartfolk.stores.shop import open_store

    async with open_store(store) as connector:

        async def walk(window: Any) -> int:
            pages, cursor = 0, None
            while True:
                page = await connector.page(window, cursor)
                pages, cursor = pages + 1, page.cursor
                if cursor is None:
                    return pages

        began, total = time.perf_counter(), 0
        for stream in connector.info.streams:
            windows = await connector.windows(stream, datetime.now(UTC))
            total += sum(await asyncio.gather(*map(walk, windows)))
        return total, time.perf_counter() - began


async def _backfill(conn: psycopg.Connection[Any], store: Any) -> None:
    from cartfolk.inbox import bulk
    from cartfolk.stores.shop import open_store

    async with open_store(store) as connector:
        assert await bulk.backfill(conn, store, connector, most_waiting=1_000_000) == "done"
