"""Deliveries: raw material stored first, handled later, replayable.

A delivery is handled in the transaction that claimed it: if the worker dies, PostgreSQL lets go of the
claim and another takes it. Duplicate ones do no harm, facts are idempotent.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now

Q = Statements.beside(__file__)

LIVE, BULK = 0, 1
Kind = Literal["webhook", "ingest", "track", "page", "poll", "fetched", "deleted"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """``body`` is the text as received: a JSON list of raw objects (page, poll, fetched), a JSON list of ids
    (deleted), or our own envelopes (ingest, track)."""

    delivery_id: int
    store_id: int
    lane: int
    kind: str
    stream: str
    received_at: datetime
    body: bytes
    hint: Mapping[str, Any] | None
    run_id: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is not handled yet: how many, their weight in bytes as stored, and since when the oldest waits."""

    count: int
    size: int
    oldest: datetime | None


def store(
    conn: Connection,
    store_id: int,
    kind: Kind,
    stream: str,
    body: bytes,
    received_at: datetime,
    *,
    lane: int = LIVE,
    headers: Mapping[str, str] | None = None,
    dedupe: str | None = None,
    hint: Mapping[str, Any] | None = None,
    run_id: int | None = None,
    held_for: str = "",
) -> int | None:
    """Stores a delivery and returns its id; None when one with the same ``dedupe`` is stored already.

    ``held_for``: the place of a sender the owner has to decide on (``strangers``); until then nobody claims it."""
    row = conn.execute(
        Q["store_delivery"],
        {
            "store_id": store_id,
            "lane": lane,
            "kind": kind,
            "stream": stream,
            "received_at": received_at,
            "headers": Jsonb({**(headers or {}), "site": held_for} if held_for else dict(headers or {})),
            "state": "held" if held_for else "new",
            "body": zlib.compress(body, 1 if kind == "webhook" else 3),
            "dedupe": dedupe,
            "hint": None if hint is None else Jsonb(dict(hint)),
            "run_id": run_id,
        },
    ).fetchone()
    return None if row is None else int(row[0])


def ring(conn: Connection) -> None:
    """Wakes the workers once this transaction commits."""
    conn.execute(Q["ring"])


def claim(conn: Connection, lane: int, limit: int, at: datetime | None = None) -> list[Delivery]:
    """The oldest deliveries of the lane to be read (all kinds but webhooks, which are hints), for this
    transaction only; those another worker holds and those waiting for a retry are left out."""
    rows = conn.execute(Q["claim"], {"lane": lane, "limit": limit, "at": at or now()})
    return [
        Delivery(delivery, store_id, lane_, kind, stream, received, zlib.decompress(body), hint, run, attempts)
        for delivery, store_id, lane_, kind, stream, received, body, hint, run, attempts in rows
    ]


def handled(conn: Connection, ids: Sequence[int], at: datetime) -> None:
    """Call in the transaction that applied what the deliveries held."""
    if ids:
        conn.execute(Q["handled"], {"ids": list(ids), "at": at})


def postpone(conn: Connection, ids: Sequence[int], error: str, at: datetime, after: float = 0) -> None:
    """The deliveries could not be handled: they wait ``after`` seconds at least, twice as long each time, at
    most an hour, and carry the error."""
    if ids:
        conn.execute(Q["postpone"], {"ids": list(ids), "error": error[:2000], "at": at, "after": float(after)})


def replay(conn: Connection, store_id: int, stream: str | None = None, since: datetime | None = None) -> int:
    """Has stored deliveries handled again, in the bulk lane; returns how many."""
    cursor = conn.execute(Q["replay"], {"store_id": store_id, "stream": stream, "since": since})
    ring(conn)
    return cursor.rowcount


def waiting(conn: Connection, store_id: int | None = None, lane: int | None = None) -> Waiting:
    """What waits, of one store or of all, in one lane or in both."""
    row = conn.execute(Q["waiting"], {"store_id": store_id, "lane": lane}).fetchone()
    assert row is not None
    return Waiting(int(row[0]), int(row[1]), row[2])


def clean(conn: Connection, before: datetime, limit: int = 5000) -> int:
    """Forgets at most ``limit`` deliveries handled before ``before``; returns how many."""
    return conn.execute(Q["clean_deliveries"], {"before": before, "limit": limit}).rowcount


def walk(conn: Connection, after: int = 0, limit: int = 500) -> list[Delivery]:
    """Stored deliveries whatever their state, by number, behind ``after``."""
    rows = conn.execute(Q["walk"], {"after": after, "limit": limit})
    return [
        Delivery(delivery, store_id, lane, kind, stream, received, zlib.decompress(body), hint, run, attempts)
        for delivery, store_id, lane, kind, stream, received, body, hint, run, attempts in rows
    ]


def last(conn: Connection) -> int:
    """The number of the newest stored delivery; 0 without one."""
    (number,) = conn.execute(Q["last"]).fetchone() or (0,)
    return int(number)


def behind(conn: Connection, after: int) -> int:
    """How many stored deliveries come after this number."""
    (count,) = conn.execute(Q["behind"], {"after": after}).fetchone() or (0,)
    return int(count)


def rewrite(conn: Connection, bodies: Mapping[int, bytes]) -> None:
    """Replaces the bodies of these deliveries: somebody's objects were cut out."""
    if bodies:
        packed = [zlib.compress(body, 3) for body in bodies.values()]
        conn.execute(Q["rewrite"], {"ids": list(bodies), "bodies": packed})


def drop(conn: Connection, ids: Sequence[int]) -> None:
    """Forgets these deliveries altogether."""
    if ids:
        conn.execute(Q["drop"], {"ids": list(ids)})


def drop_hints(conn: Connection, store_id: int, ids: Sequence[str]) -> None:
    """Forgets handled webhooks about these objects of the store."""
    if ids:
        conn.execute(Q["drop_hints"], {"store_id": store_id, "ids": list(ids)})
