"""Coarse jobs: synchronise this store, look at all stores, clean up. Never one job per contact.

One job a store waits at most (queueing lock); who really works on a store is decided by bulk.alone, so that
a job lost to a kill -9 costs at most a minute: ``sync_due`` starts it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
from django.conf import settings
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from cartfolk.connectors.errors import ConnectorError, RetryLater, StopStore
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.stores import handshake, health, lookup
from cartfolk.stores.models import Store
from cartfolk.stores.shop import open_store

from . import bulk, deliveries, poll, recovery, retention
from .deliveries import Q

log = logging.getLogger(__name__)
STEP = 5000  # deliveries forgotten by one statement
KEEP_LINKS = timedelta(days=90)  # an expired recovery link still names its shop that long


def start_sync(store_id: int) -> bool:
    """Has the worker synchronise the store; False when that waits already."""
    try:
        sync_store.configure(queueing_lock=f"sync-{store_id}").defer(store_id=store_id)
    except AlreadyEnqueued:
        return False
    return True


def start_settling() -> None:
    """Has the worker try the keys that apps brought, at once; it looks every minute anyway (``joining``)."""
    with suppress(AlreadyEnqueued):
        app.configure_task("cartfolk.settle_apps", queueing_lock="settle-apps").defer(timestamp=int(now().timestamp()))


def hook_url(store: Store) -> str:
    """Where the shop's webhooks go."""
    return handshake.doors(store).hooks


@app.task(name="cartfolk.sync_store", pass_context=False)
async def sync_store(store_id: int) -> None:
    """Continues or makes the store's backfill, then polls what changed since."""
    with connected() as conn:
        try:
            store = lookup.by_id(conn, store_id)
        except lookup.UnknownStore:
            return
        if store.state != Store.State.CONNECTED:
            return
        if not store.webhook_health:  # connected from the command line: the running program makes its webhooks
            await _patient(check_store(conn, store), store)
        try:
            async with open_store(store) as connector:
                if bulk.needed(conn, store_id) and await bulk.backfill(conn, store, connector) != "done":
                    return
                await poll.poll(conn, store, connector)
        except StopStore as error:
            health.stop(conn, store_id, str(error))
        except RetryLater as error:
            log.info("Store %s is busy, the next poll goes on: %s", store.name, error)
        except ConnectorError as error:
            log.warning("Store %s: %s", store.name, error)


@app.periodic(cron="* * * * *")
@app.task(name="cartfolk.sync_due", queueing_lock="sync-due")
async def sync_due(timestamp: int) -> None:
    """Starts the sync of every store whose poll is due or whose backfill nobody works on."""
    with connected() as conn:
        await start_due(conn)


def due(conn: Connection) -> list[int]:
    """The stores that have something to do: a backfill to make or continue, or a poll that is due."""
    before = now() - timedelta(seconds=settings.POLL_SECONDS)
    return [int(row[0]) for row in conn.execute(Q["stores_to_sync"], {"before": before})]


async def start_due(conn: Connection) -> None:
    """Queues the sync of every store that has something to do, once each."""
    for store_id in due(conn):
        with suppress(AlreadyEnqueued):
            await sync_store.configure(queueing_lock=f"sync-{store_id}").defer_async(store_id=store_id)


@app.periodic(cron="17 * * * *")
@app.task(name="cartfolk.check_webhooks", queueing_lock="check-webhooks")
async def check_webhooks(timestamp: int) -> None:
    """Hourly: is it still the same shop, and are its webhooks there and enabled? Shops switch them off."""
    with connected() as conn:
        stores = [store for store in lookup.every(conn) if store.state == Store.State.CONNECTED]
        await asyncio.gather(*(_patient(check_store(conn, store), store) for store in stores))


async def _patient(work: Coroutine[Any, Any, None], store: Store) -> None:
    try:
        await work
    except ConnectorError as error:
        log.info("Store %s could not be checked: %s", store.name, error)


async def check_store(conn: Connection, store: Store) -> None:
    """Clone guard and webhooks of one store. Raises ConnectorError when the shop does not answer."""
    async with open_store(store) as connector:
        try:
            report = await connector.check()
            if report.ok and not health.guard(conn, store, report.fingerprint):
                return
            health.webhooks(conn, store.pk, await connector.ensure_webhooks(hook_url(store)), now())
        except StopStore as error:
            health.stop(conn, store.pk, str(error))


@app.periodic(cron="23 3 * * *")
@app.task(name="cartfolk.rescan_customers", queueing_lock="rescan-customers")
async def rescan_customers(timestamp: int) -> None:
    """Nightly: customers are read again from the beginning, since shops do not date every change of theirs."""
    with connected() as conn:
        for store in lookup.every(conn):
            poll.rescan(conn, store.pk, "customers", store.connected_at.replace(year=2000))
        await start_due(conn)


@app.periodic(cron="41 * * * *")
@app.task(name="cartfolk.clean_up", queueing_lock="clean-up")
async def clean_up(timestamp: int) -> None:
    """Forgets raw deliveries handled long enough ago, in small steps, old recovery links, quarantine and audit log.
    What waits to be handled is never forgotten; what could not be, long after its last attempt."""
    with connected() as conn:
        before = retention.before(conn, "deliveries")
        while deliveries.clean(conn, before, STEP) == STEP:
            await asyncio.sleep(0.05)
        recovery.clean(conn, now() - KEEP_LINKS)
        retention.clean(conn)


def connected() -> psycopg.Connection[Any]:
    """A connection of the job's own (autocommit); ``with`` closes it."""
    return psycopg.connect(settings.DATABASE_URL, autocommit=True)
