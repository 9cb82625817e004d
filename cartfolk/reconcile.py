"""The nightly comparison: does the shop still have what we know?

No platform lists what was deleted, and a lost webhook is not sent again, so the shop is asked by id: every night
for what is younger than `RECENT`, on the first of the month for everything. What it no longer has is stored as
deleted, like after a webhook. A shop that suddenly denies a great part of what was asked is not believed.
"""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta

from procrastinate.contrib.django import app

from cartfolk.connectors.base import Connector
from cartfolk.connectors.errors import ConnectorError, PageUnreadable
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.inbox import bulk, deliveries
from cartfolk.inbox.jobs import connected
from cartfolk.inbox.realtime import missing
from cartfolk.stores import lookup
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
        await asyncio.gather(*(_opened(conn, store, since) for store in stores if not bulk.needed(conn, store.pk)))


async def _opened(conn: Connection, store: Store, since: datetime) -> None:
    try:
        async with open_store(store) as connector:
            await reconcile(conn, store, connector, since)
    except ConnectorError as error:
        log.info("Store %s could not be compared to its end, the next night goes on: %s", store.name, error)


async def reconcile(conn: Connection, store: Store, connector: Connector, since: datetime) -> int:
    """Asks the shop for everything known whose source version is not older than ``since``; returns how many
    objects are gone. They are stored as deleted for the pipeline. Raises ConnectorError."""
    found = 0
    for stream, kind in KINDS.items():
        if stream in connector.info.streams:
            found += await _stream(conn, store, connector, stream, kind, since)
    return found


async def _stream(conn: Connection, store: Store, connector: Connector, stream: str, kind: str, since: datetime) -> int:
    began = now()  # whatever is gone was gone after this: a newer version of it wins
    asked, gone, after = 0, list[str](), ""
    while True:
        wanted = {"store_id": store.pk, "kind": kind, "after": after, "since": since, "limit": connector.page_size}
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
