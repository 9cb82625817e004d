"""Two at once, one after the other where it matters: an act in a thread of its own, and the moment it waits for us."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg

from cartfolk.core.sql import Connection

PATIENCE = 20.0  # seconds after which somebody waits for ever


@contextmanager
def others(url: str) -> Iterator[Callable[[Callable[[Connection], object]], Future[object]]]:
    """Gives what begins an act beside us, on a connection of its own (autocommit)."""
    from django.db import connections

    def run(act: Callable[[Connection], object]) -> object:
        try:
            with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as conn:
                return act(conn)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        yield lambda act: pool.submit(run, act)


def waiting(url: str, count: int = 1) -> None:
    """Returns when so many sessions wait for a lock. Raises TimeoutError."""
    until = time.monotonic() + PATIENCE
    with psycopg.connect(url, autocommit=True) as conn:
        while time.monotonic() < until:
            row = conn.execute(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            ).fetchone()
            if row and row[0] >= count:
                return
            time.sleep(0.01)
    raise TimeoutError("nobody waits for us")


def homeless(conn: Connection) -> dict[str, int]:
    """Rows that belong to no contact, by table: nobody sees them, and no erasure finds them."""
    from cartfolk.erasure import tables

    found: dict[str, int] = {}
    for table in tables():
        if table not in ("contact", "contact_dirty", "person_link", "merge_snapshot", "contact_apart"):
            row = conn.execute(
                f"select count(*) from {table} t"
                " where not exists (select from contact c where c.contact_id = t.contact_id)"
            ).fetchone()
            if row and row[0]:
                found[table] = row[0]
    return found
