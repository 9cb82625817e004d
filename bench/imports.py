"""Claim: canonical records become contacts with facts, conversions, history and all properties at no less
than 5,000 complete contacts a second on 4 cores, in at most four times the time that raw COPY needs for
the same rows into the same indexed tables.

Both sides use the same number of connections. Records are made batch by batch, as a worker reads pages, and
the time for making them is taken off each worker's clock; memory is the largest worker's peak.
"""

from __future__ import annotations

import multiprocessing as mp
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from .data import NOW, contacts, products
from .server import add_store, database, processes

TABLES = (
    "contact", "identity", "reference", "account", "customer", "orders", "order_line", "refund", "conversion",
    "contact_property", "property_history", "contact_list", "contact_due",
)  # fmt: skip
BATCH = 500  # contacts a batch: their 500 customers, 2,500 orders and 7,500 lines


def run(count: int = 100_000, repeats: int = 1) -> dict[str, Any]:
    """Imports ``count`` contacts ``repeats`` times and compares with COPY; medians."""
    taken, copied, one_by_one, peak = [], [], [], 0.0
    for _ in range(repeats):
        with database() as url:
            with psycopg.connect(url, autocommit=True) as conn:
                store = add_store(conn, NOW)
                _catalogue(conn, store)
            seconds, memory = _import(url, store, count)
            taken.append(seconds)
            peak = max(peak, memory)
            with psycopg.connect(url, autocommit=True) as conn:
                (made,) = conn.execute("select count(*) from contact_property").fetchone() or (0,)
                assert made == count, f"{made} contacts instead of {count}"
                parallel, single = _copy(conn, url)
            copied.append(parallel)
            one_by_one.append(single)
    seconds, baseline = statistics.median(taken), statistics.median(copied)
    return {
        "bench": "import",
        "contacts": count,
        "repeats": repeats,
        "connections": processes(),
        "seconds": round(seconds, 2),
        "contacts_per_second": round(count / seconds),
        "copy_seconds": round(baseline, 2),
        "ratio_to_copy": round(seconds / baseline, 2),
        "ratio_to_copy_on_one_connection": round(seconds / statistics.median(one_by_one), 2),
        "peak_memory_mb": round(peak),
    }


def _catalogue(conn: psycopg.Connection[Any], store: int) -> None:
    from cartfolk.commerce import facts

    with conn.transaction():
        facts.write_catalogue(conn, store, products(), NOW, 1)


def _import(url: str, store: int, count: int) -> tuple[float, float]:
    """Seconds from the first batch to the last refreshed contact, and the largest worker's memory in MB."""
    number = processes()
    context = mp.get_context("fork")
    ready, go = context.Barrier(number + 1), context.Barrier(number + 1)
    results: Any = context.SimpleQueue()
    cuts = [count * k // number for k in range(number + 1)]
    workers = [
        context.Process(target=_work, args=(url, store, cuts[k], cuts[k + 1], ready, go, results))
        for k in range(number)
    ]
    for worker in workers:
        worker.start()
    ready.wait()
    go.wait()
    found = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    return max(seconds for seconds, _ in found), max(memory for _, memory in found)


def _work(url: str, store: int, first: int, last: int, ready: Any, go: Any, results: Any) -> None:
    from cartfolk import pipeline
    from cartfolk.core.garbage import collect_seldom

    collect_seldom()
    with (
        psycopg.connect(url, autocommit=True) as conn,
        psycopg.connect(url, autocommit=True) as identity,
    ):
        ready.wait()
        go.wait()
        began, making = time.perf_counter(), 0.0
        for start in range(first, last, BATCH):
            made = time.perf_counter()
            records = contacts(start, min(start + BATCH, last))
            batch = [pipeline.Received(record, store, NOW) for record in records]
            making += time.perf_counter() - made
            with conn.transaction():
                pipeline.apply(conn, identity, batch, pipeline.BULK)
            if start // BATCH % 2:  # a worker refreshes when nothing waits to be drained, a thousand at a time
                pipeline.refresh_dirty(conn, pipeline.BULK, 1000)
        while pipeline.refresh_dirty(conn, pipeline.BULK, 1000):
            pass
        results.put((time.perf_counter() - began - making, _memory()))


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _copy(conn: psycopg.Connection[Any], url: str) -> tuple[float, float]:
    """Seconds that raw COPY of the same rows takes into empty copies of the tables with all their indexes:
    on as many connections as the import had, and on one."""
    with tempfile.TemporaryDirectory() as folder:
        parts: list[tuple[str, Path]] = []
        number = processes()
        for table in TABLES:
            conn.execute(f"create table copied_{table} (like {table} including all)")  # type: ignore[arg-type]
            key = "hashtext(kind || value)" if table == "identity" else "contact_id"
            for k in range(number):
                path = Path(folder, f"{table}.{k}")
                with path.open("wb") as file:
                    query = f"select * from {table} where abs({key} %% {number}) = {k}".replace("%%", "%")
                    with conn.cursor().copy(f"copy ({query}) to stdout (format binary)") as copy:  # type: ignore[arg-type]
                        for block in copy:
                            file.write(block)
                parts.append((table, path))

        def one_by_one() -> None:
            for part in parts:
                _load(url, [part])

        single = _timed(one_by_one)
        for table in TABLES:
            conn.execute(f"truncate copied_{table}")  # type: ignore[arg-type]
        groups = [[part for part in parts if part[1].suffix == f".{k}"] for k in range(number)]
        context = mp.get_context("fork")

        def parallel() -> None:
            loaders = [context.Process(target=_load, args=(url, group)) for group in groups]
            for loader in loaders:
                loader.start()
            for loader in loaders:
                loader.join()

        seconds = _timed(parallel)
        for table in TABLES:
            conn.execute(f"drop table copied_{table}")  # type: ignore[arg-type]
        return seconds, single


def _timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _load(url: str, parts: list[tuple[str, Path]]) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        for table, path in parts:
            with (
                path.open("rb") as file,
                conn.cursor().copy(f"copy copied_{table} from stdin (format binary)") as copy,  # type: ignore[arg-type]
            ):
                while block := file.read(1 << 20):
                    copy.write(block)
