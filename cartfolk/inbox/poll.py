"""The poll: what changed since the last look, behind every webhook; page and cursor in one transaction."""

from __future__ import annotations

from datetime import datetime

from cartfolk.connectors.base import Connector, kind
from cartfolk.connectors.canonical import BadRecord
from cartfolk.connectors.errors import PageUnreadable, StopStore
from cartfolk.connectors.http import Overwhelmed
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.stores import health
from cartfolk.stores.models import Store

from . import deliveries, quarantine
from .bulk import alone
from .deliveries import Q


async def poll(conn: Connection, store: Store, connector: Connector, *, most_pages: int = 10_000) -> int:
    """Fetches what changed in every stream and stores it; returns the number of rows.

    Streams without a cursor (no backfill finished) are left out. Raises RetryLater when the shop is busy:
    what is stored is kept and the next poll goes on there. A shop that needs its owner, or another one at its
    address, stops the store. Returns 0 at once when another process works on the store.
    """
    rows = 0
    overwhelmed: Overwhelmed | None = None
    with alone(conn, store.pk) as mine:
        if not mine:
            return 0
        cursors = conn.execute(Q["cursors"], {"store_id": store.pk}).fetchall()
        known = {stream: (cursor, since) for stream, cursor, since, _polled in cursors}
        try:
            if known:
                await health.recognise(store, connector)
            for stream in connector.info.streams:
                if stream in known:
                    cursor, since = known[stream]
                    try:
                        rows += await _stream(conn, store, connector, stream, cursor, since, most_pages)
                    except Overwhelmed as error:
                        overwhelmed = error  # perhaps one bad row of this stream: the others are looked at all the same
        except StopStore as error:
            health.stop(conn, store.pk, str(error))
    if overwhelmed is not None:
        raise overwhelmed
    return rows


async def _stream(
    conn: Connection,
    store: Store,
    connector: Connector,
    stream: str,
    cursor: str | None,
    since: datetime,
    most_pages: int,
) -> int:
    rows = 0
    for _ in range(most_pages):
        asked_at = now()
        try:
            page = await connector.changes(stream, cursor, since)
        except PageUnreadable as error:
            record = BadRecord(kind(stream), f"poll:{stream}", quarantine.WHOLE_PAGE, str(error), "{}")
            quarantine.put(conn, [quarantine.Bad(store.pk, stream, record, asked_at)])
            return rows
        with conn.transaction():
            moved = conn.execute(
                Q["step_cursor"],
                {
                    "store_id": store.pk,
                    "stream": stream,
                    "before": cursor,
                    "after": page.cursor,
                    "at": asked_at,
                },
            )
            if moved.rowcount == 0:
                return rows  # a new backfill moved the cursor meanwhile: its page is the right one
            conn.execute(Q["resolve_poll"], {"store_id": store.pk, "stream": stream, "at": asked_at})
            if page.rows:
                deliveries.store(conn, store.pk, "poll", stream, page.body, asked_at, lane=deliveries.BULK)
                deliveries.ring(conn)
        health.ok(conn, store.pk, now())
        rows += page.rows
        if page.rows < connector.page_size or page.cursor == cursor:
            break
        cursor = page.cursor
    return rows


def rescan(conn: Connection, store_id: int, stream: str, since: datetime) -> None:
    """Has the next poll read the stream again from ``since``, for platforms whose change dates miss changes."""
    conn.execute(Q["rescan_cursor"], {"store_id": store_id, "stream": stream, "since": since})
