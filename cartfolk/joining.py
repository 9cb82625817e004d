"""A shop that installed our app becomes a connected store: its keys are tried, its rule is told to commerce, its
history comes in. Done by the worker, since a shop lets an app in only after the request that brings the keys."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta

from procrastinate.contrib.django import app

from cartfolk.commerce import rules
from cartfolk.connectors.errors import ConnectorError
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import jobs
from cartfolk.stores import connect, handshake, lookup
from cartfolk.stores.models import Store

log = logging.getLogger(__name__)
EAGER = timedelta(hours=1)  # after that a shop is asked less often
SELDOM = 15  # minutes


@app.periodic(cron="* * * * *")
@app.task(name="cartfolk.settle_apps", queueing_lock="settle-apps", lock="settle-apps")
def settle_apps(timestamp: int) -> None:
    """Every minute, and whenever a shop says something new of its app."""
    with jobs.connected() as conn:
        for store in handshake.waiting(conn):
            if now() - _told_at(store) < EAGER or timestamp // 60 % SELDOM == 0:
                settle(conn, store)


def settle(conn: Connection, store: Store) -> bool:
    """Tries the store's keys; True when it is connected now, and its import under way."""
    if not asyncio.run(handshake.settle(conn, store, now())).ok:
        return False
    store = lookup.by_id(conn, store.pk)
    rules.save(conn, store.pk, **connect.rule_of(store))
    if store.state == Store.State.CONNECTED:
        with suppress(ConnectorError):  # the hourly look comes again
            asyncio.run(jobs.check_store(conn, store))
        jobs.start_sync(store.pk)
    return True


def _told_at(store: Store) -> datetime:
    return datetime.fromisoformat(store.learned["app"]["at"])
