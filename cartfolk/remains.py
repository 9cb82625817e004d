"""What is left of people behind the tables: raw deliveries, quarantine, log files, the server's own files.

An erasure walks through it in parts, each its own transaction that says how far it is, so that one that was killed
goes on where it was.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cartfolk.connectors.base import Connector
from cartfolk.core.sql import Connection
from cartfolk.identity.suppression import Name
from cartfolk.inbox import deliveries, quarantine
from cartfolk.pipeline import LIVE
from cartfolk.stores import lookup
from cartfolk.stores.shop import reader
from cartfolk.traces import Piece, Traces

PART = 100  # deliveries a transaction
SMALL = 64 << 20  # bytes of a table that is written anew without being asked: it is locked for less than a second


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of the deliveries held of the people."""

    last: int  # the number of its last delivery
    deliveries: int = 0  # with objects of theirs
    objects: int = 0
    webhooks: int = 0


def pieces(conn: Connection, traces: Traces) -> Iterator[Piece]:
    """The people's own objects in every stored delivery and in quarantine, as text."""
    readers = _readers(conn)
    for some in _walk(conn, 0):
        for found, _change in _theirs(conn, some, traces, readers):
            yield from found
    for waiting in quarantined(conn, traces):
        yield Piece(0, waiting.store_id, waiting.stream, waiting.raw)


def look(conn: Connection, traces: Traces, seconds: float | None) -> Iterator[Part]:
    """What every stored delivery holds of the people, part by part, for so many seconds at most; changes nothing."""
    until = time.monotonic() + seconds if seconds is not None else None
    readers = _readers(conn)
    for some in _walk(conn, 0):
        yield _part(some, list(_theirs(conn, some, traces, readers)))
        if until is not None and time.monotonic() > until:
            return


def cut(conn: Connection, traces: Traces, after: int, tell: Callable[[Part], None]) -> None:
    """Cuts the people out of every delivery behind ``after``; ``tell`` is called in each part's transaction."""
    readers = _readers(conn)
    for some in _walk(conn, after):
        with conn.transaction():
            theirs = list(_theirs(conn, some, traces, readers))
            for _mine, change in theirs:
                change()
            tell(_part(some, theirs))


def _walk(conn: Connection, after: int) -> Iterator[list[deliveries.Delivery]]:
    while some := deliveries.walk(conn, after, PART):
        after = some[-1].delivery_id
        yield some


def _part(some: Sequence[deliveries.Delivery], theirs: Sequence[tuple[list[Piece], Callable[[], None]]]) -> Part:
    own = [mine for mine, _change in theirs if mine]
    return Part(some[-1].delivery_id, len(own), sum(map(len, own)), len(theirs) - len(own))


def _theirs(
    conn: Connection, some: Sequence[deliveries.Delivery], traces: Traces, readers: Callable[[int], Connector]
) -> Iterator[tuple[list[Piece], Callable[[], None]]]:
    """Each delivery with something of theirs: their objects (none for a webhook, which goes whole), and the change."""
    for one in some:
        number = one.delivery_id
        if one.kind == "webhook":
            if traces.in_hint(one):
                yield [], lambda number=number: deliveries.drop(conn, [number])  # type: ignore[misc]
        elif split := traces.split(one, readers(one.store_id)):
            body, mine = split
            yield mine, lambda number=number, body=body: deliveries.rewrite(conn, {number: body})  # type: ignore[misc]


def quarantined(conn: Connection, traces: Traces) -> list[quarantine.Waiting]:
    """Records in quarantine that are theirs."""
    readers = _readers(conn)
    found: list[quarantine.Waiting] = []
    after = 0
    while some := quarantine.walk(conn, after):
        after = some[-1].quarantine_id
        for one in some:
            own = one.external_id is not None and Name(one.kind, one.store_id, one.external_id) in traces.names
            kind = one.stream if one.stream in ("ingest", "track") else "fetched"
            raw = deliveries.Delivery(
                0, one.store_id, LIVE, kind, one.stream, one.created_at,
                f"[{one.raw}]".encode("utf-8", "replace"), None, None, 0,
            )  # fmt: skip
            if own or traces.in_text(one.raw + one.reason) or traces.split(raw, readers(one.store_id)):
                found.append(one)
    return found


def _readers(conn: Connection) -> Callable[[int], Connector]:
    return cache(lambda store_id: reader(lookup.by_id(conn, store_id)))


def logs(folder: Path, traces: Traces) -> int:
    """Takes lines that name an address, and those in which the server shows whole rows, out of our log files."""
    gone = 0
    for path in folder.rglob("*.log*"):
        if not path.is_file() or path.is_symlink() or any(part in ("base", "pg_wal") for part in path.parts):
            continue
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not _tells(line.decode("utf-8", "replace"), traces)]
        if len(kept) < len(lines):
            gone += len(lines) - len(kept)
            with path.open("r+b") as file:  # whoever writes to it goes on writing to the same file
                os.truncate(file.fileno(), 0)
                file.write(b"".join(kept))
    return gone


def _tells(line: str, traces: Traces) -> bool:
    return "Failing row contains" in line or "Key (" in line or traces.in_text(line)


def files(conn: Connection, names: Sequence[str], rewrite: bool) -> Iterator[tuple[str, str]]:
    """Gives the space of these tables back; yields each with what was done: rewritten or vacuumed.

    VACUUM leaves old bytes in a page until it is used again; VACUUM FULL writes the table anew. The planner's
    samples hold values as well: they are taken again."""
    conn.execute("set lock_timeout = '5s'")
    try:
        for table in names:
            row = conn.execute("select pg_total_relation_size(to_regclass(%s))", [table]).fetchone()
            if row is None or row[0] is None:
                continue
            done = "vacuumed"
            if rewrite or row[0] < SMALL:
                with suppress(psycopg.errors.LockNotAvailable):
                    conn.execute(sql.SQL("vacuum (full, analyze) {}").format(sql.Identifier(table)))
                    done = "rewritten"
            if done == "vacuumed":
                conn.execute(sql.SQL("vacuum (analyze) {}").format(sql.Identifier(table)))
            yield table, done
        for last in ("vacuum full pg_statistic", "checkpoint"):
            with suppress(psycopg.Error):  # a managed server may refuse either
                conn.execute(last)
    finally:
        conn.execute("reset lock_timeout")


def journal(conn: Connection) -> dict[str, Any]:
    """What the server's own journal keeps: the pages before the erasure, until its files are written over."""
    names = ("max_wal_size", "wal_keep_size", "archive_mode")
    rows = conn.execute("select name, current_setting(name) from pg_settings where name = any(%s)", [list(names)])
    return dict(rows.fetchall())
