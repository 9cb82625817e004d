"""Quarantine: records that could not be read or applied wait here with their reason; their page goes on.

Nothing waits for ever: what nobody could read is forgotten some time after its last attempt (``retention``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cartfolk.connectors.canonical import BadRecord
from cartfolk.core.sql import Connection
from cartfolk.core.time import now

from . import deliveries
from .deliveries import Q
from .refill import Hole, refill

WHOLE_PAGE = "page"  # the field of a row that stands for a page the shop could not give


@dataclass(frozen=True, slots=True)
class Waiting:
    """One record in quarantine. ``raw`` is its own JSON as received."""

    quarantine_id: int
    store_id: int
    stream: str
    kind: str
    external_id: str | None
    field: str
    reason: str
    raw: str
    created_at: datetime
    attempts: int
    run_id: int | None


@dataclass(frozen=True, slots=True)
class Bad:
    """A bad record and the delivery it came in."""

    store_id: int
    stream: str
    record: BadRecord
    at: datetime  # when the delivery was received: a retry must not outrank what came later
    delivery_id: int | None = None
    run_id: int | None = None


def put(conn: Connection, found: Iterable[Bad]) -> None:
    """Keeps bad records; one object has one open row, whose newest text and reason count."""
    newest = {
        (bad.store_id, bad.stream, bad.record.kind, bad.record.external_id or bad.record.raw): bad
        for bad in sorted(found, key=lambda bad: bad.at)
    }
    rows = list(newest.values())
    if not rows:
        return
    conn.execute(
        Q["put_quarantine"],
        {
            "store_ids": [bad.store_id for bad in rows],
            "streams": [bad.stream for bad in rows],
            "kinds": [bad.record.kind for bad in rows],
            "external_ids": [_clean(bad.record.external_id) for bad in rows],
            "fields": [_clean(bad.record.field) for bad in rows],
            "reasons": [_clean(bad.record.reason) for bad in rows],
            "raws": [_clean(bad.record.raw) for bad in rows],
            "delivery_ids": [bad.delivery_id for bad in rows],
            "run_ids": [bad.run_id for bad in rows],
            "ats": [bad.at for bad in rows],
            "now": now(),
        },
    )


def _clean(text: str | None) -> str | None:
    """PostgreSQL's text takes no NUL and no half of a surrogate pair; a bad record may hold both."""
    if text is None:
        return None
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def resolve(conn: Connection, good: Sequence[tuple[int, str, str]], at: datetime) -> None:
    """A good version of these objects (store id, kind, external id) was applied: their open rows are done."""
    if not good:
        return
    row = conn.execute(Q["any_quarantine"]).fetchone()
    if row is None or not row[0]:
        return
    store_ids, kinds, external_ids = zip(*good, strict=True)
    conn.execute(
        Q["resolve_quarantine"],
        {"store_ids": list(store_ids), "kinds": list(kinds), "external_ids": list(external_ids), "at": at},
    )


def retry(conn: Connection, store_id: int, at: datetime, ids: Sequence[int] | None = None) -> int:
    """Reads the store's quarantined records again (all, or those named): each becomes a delivery of its own,
    dated as received the first time, so that what came later still wins. Returns how many.

    Call in a transaction. A record that is still bad comes back with its present reason. What the shop could
    not give is no text to read again: it is fetched again (``refill``).
    """
    rows = conn.execute(
        Q["retry_quarantine"], {"store_id": store_id, "ids": None if ids is None else list(ids)}
    ).fetchall()
    again: list[int] = []
    holes: list[Hole] = []
    for quarantine_id, store, stream, kind, _external_id, field, raw, _run_id, created_at in rows:
        if field == WHOLE_PAGE:
            holes.append(Hole(quarantine_id, store, stream, raw))
            continue
        again.append(quarantine_id)
        ours = stream in {"ingest", "track"}
        deliveries.store(
            conn,
            store,
            stream if ours else "fetched",
            stream,
            f"[{raw}]".encode(),
            created_at,
            hint={"retry": quarantine_id, "kind": kind},
        )
    again += refill(conn, store_id, holes, at)
    if again:
        conn.execute(Q["close_quarantine"], {"ids": again, "at": at})
        deliveries.ring(conn)
    return len(again)


def listing(conn: Connection, store_id: int | None = None, limit: int = 50, offset: int = 0) -> list[Waiting]:
    """Records that wait, newest first, of one store or of all."""
    rows = conn.execute(Q["list_quarantine"], {"store_id": store_id, "limit": limit, "offset": offset})
    return [Waiting(*row) for row in rows]


def count(conn: Connection, store_id: int | None = None) -> int:
    """How many records wait, of one store or of all."""
    row = conn.execute(Q["count_quarantine"], {"store_id": store_id}).fetchone()
    return 0 if row is None else int(row[0])


def walk(conn: Connection, after: int = 0, limit: int = 500) -> list[Waiting]:
    """Quarantined records, open or done, by number, behind ``after``."""
    return [Waiting(*row) for row in conn.execute(Q["walk_quarantine"], {"after": after, "limit": limit})]


def drop(conn: Connection, ids: Sequence[int]) -> None:
    """Forgets these records: their person was erased."""
    if ids:
        conn.execute(Q["drop_quarantine"], {"ids": list(ids)})
