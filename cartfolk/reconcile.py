"""The nightly comparison: does the shop still have what we know, and do we know what it has?

No platform lists what was deleted, and a lost webhook is not sent again, so the shop is asked by id: every night
for what is younger than `RECENT`, on the first of the month for everything, and then also which ids it has. What it
no longer has is stored as deleted, like after a webhook; what we miss, or know in an older version only, becomes a
hint like a webhook's. A shop that suddenly denies a great part of what was asked is not believed. What both sides
count is kept with the store, for its page.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from procrastinate.contrib.django import app

from cartfolk.connectors.base import Connector
from cartfolk.connectors.errors import ConnectorError, PageUnreadable
from cartfolk.connectors.together import together
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.inbox import bulk, deliveries
from cartfolk.inbox.jobs import connected
from cartfolk.inbox.realtime import missing
from cartfolk.stores import health, lookup
from cartfolk.stores.models import Store
from cartfolk.stores.shop import open_store

log = logging.getLogger(__name__)
Q = Statements.beside(__file__, "reconcile.sql")
RECENT = timedelta(days=30)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = {"customers": "customer", "orders": "order"}
FEW = 20  # so many may be gone without looking suspicious
TOGETHER = 1000  # ids in one delivery


@app.periodic(cron="47 2 * * *")
@app.task(name="cartfolk.reconcile", queueing_lock="reconcile")
async def reconcile_stores(timestamp: int) -> None:
    """Compares every connected store, one beside the other."""
    at = now()
    since = EVER if at.day == 1 else at - RECENT
    with connected() as conn:
        stores = [store for store in lookup.every(conn) if store.state == Store.State.CONNECTED]
        await together(*(_opened(conn, store, since) for store in stores if not bulk.needed(conn, store.pk)))


async def _opened(conn: Connection, store: Store, since: datetime) -> None:
    try:
        async with open_store(store) as connector:
            await reconcile(conn, store, connector, since)
    except ConnectorError as error:
        log.info("Store %s could not be compared to its end, the next night goes on: %s", store.name, error)


@dataclass(frozen=True, slots=True)
class Found:
    """What a comparison of one stream found. ``there``: what the shop counts (None = it does not say), ``here``: what
    we hold of it, ``gone``: deleted in the shop, ``missing``: asked for again because we did not have it so."""

    stream: str
    there: int | None
    here: int
    gone: int
    missing: int


async def reconcile(conn: Connection, store: Store, connector: Connector, since: datetime) -> list[Found]:
    """Compares customers and orders: those known whose source version is not older than ``since``, and with
    `EVER` every id the shop has. What is found goes the way of a webhook. Raises ConnectorError."""
    began = now()
    streams = [stream for stream in KINDS if stream in connector.info.streams]
    counts = await connector.counts()
    found = []
    for stream in streams:
        gone = await _gone(conn, store, connector, stream, since)
        missing = await _missing(conn, store, connector, stream, began) if since == EVER else 0
        held = {"store_id": store.pk, "kind": KINDS[stream], "guests": _with_guests(connector)}
        (here,) = conn.execute(Q["held"], held).fetchone() or (0,)
        found.append(Found(stream, counts.get(stream), here, gone, missing))
    health.compared(conn, store.pk, {one.stream: asdict(one) for one in found}, began)
    return found


def _with_guests(connector: Connector) -> bool:
    """Whether guests are in the shop's list of customers, not in a list of their own or in none."""
    return "guests" not in connector.info.streams


async def _missing(conn: Connection, store: Store, connector: Connector, stream: str, until: datetime) -> int:
    """Walks the ids the shop has; hints at those we do not know, or know older. Returns how many."""
    total = 0
    for window in await connector.windows(stream, until):
        cursor: str | None = None
        while True:
            page = await connector.ids(window, cursor)
            lost = _unknown(conn, store, stream, page.versions)
            total += len(lost)
            for start in range(0, len(lost), connector.page_size):
                some = lost[start : start + connector.page_size]
                hint = {"ids": some, "deleted": False}
                deliveries.store(conn, store.pk, "webhook", stream, b"", now(), hint=hint)
            if lost:
                deliveries.ring(conn)
            if page.cursor is None:
                break
            cursor = page.cursor
    return total


def _unknown(conn: Connection, store: Store, stream: str, versions: Mapping[str, datetime | None]) -> list[str]:
    wanted = {
        "store_id": store.pk,
        "kind": KINDS[stream],
        "externals": list(versions),
        "versions": list(versions.values()),
    }
    return [str(row[0]) for row in conn.execute(Q["unknown"], wanted)] if versions else []


async def _gone(conn: Connection, store: Store, connector: Connector, stream: str, since: datetime) -> int:
    """Asks for what we know; what is not there any more is stored as deleted. Returns how many."""
    began = now()  # whatever is gone was gone after this: a newer version of it wins
    asked, gone, after = 0, list[str](), ""
    while True:
        wanted = {
            "store_id": store.pk,
            "kind": KINDS[stream],
            "after": after,
            "since": since,
            "guests": _with_guests(connector),
            "limit": connector.page_size,
        }
        ids = [str(row[0]) for row in conn.execute(Q["known"], wanted)]
        if not ids:
            break
        after = ids[-1]
        asked_at = now()
        try:
            page = await connector.fetch(stream, ids)
        except PageUnreadable:
            continue  # something of it is there and cannot be shown
        asked += len(ids)
        gone += missing(connector, stream, ids, page, asked_at)
    if len(gone) > max(FEW, asked // 2):
        log.warning(
            "Store %s denies %s of %s %s it had: nothing is taken for deleted.", store.name, len(gone), asked, stream
        )
        return 0
    with conn.transaction():
        for start in range(0, len(gone), TOGETHER):
            body = json.dumps(gone[start : start + TOGETHER]).encode()
            deliveries.store(conn, store.pk, "deleted", stream, body, began, lane=deliveries.BULK)
        if gone:
            deliveries.ring(conn)
    return len(gone)
