"""A store connected to a shop, in tests: import, poll, and on to the contacts, as the running program does it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg

from cartfolk import pipeline
from cartfolk.core.sql import Connection
from cartfolk.inbox import bulk, poll, realtime
from cartfolk.stores.models import Store
from cartfolk.stores.shop import open_store


def follow_hints(conn: Connection, ask: Callable[[Any], Any]) -> None:
    """Fetches what webhooks told of. ``ask`` runs what is given to it with the store's open connector."""

    async def follow(connector: Any) -> None:
        async def ours(_store_id: int) -> Any:
            return connector

        await realtime.follow_hints(conn, ours)

    ask(follow)


class LinkedStore:
    """What every platform's end-to-end test does; ``__init__`` connects the platform's own way."""

    conn: Connection
    database: str
    store: Store

    def ask(self, what: Any) -> Any:
        async def run() -> Any:
            async with open_store(self.store) as connector:
                return await what(connector)

        return asyncio.run(run())

    def handle(self) -> None:
        """Everything that waits becomes contacts."""
        with psycopg.connect(self.database, autocommit=True) as identity:
            for lane in (pipeline.LIVE, pipeline.BULK):
                while pipeline.drain(self.conn, identity, lane, 500):
                    pass
                while pipeline.refresh_dirty(self.conn, lane, 500):
                    pass

    def import_all(self) -> None:
        assert self.ask(lambda connector: bulk.backfill(self.conn, self.store, connector)) == "done"
        self.handle()

    def poll(self) -> None:
        self.ask(lambda connector: poll.poll(self.conn, self.store, connector))
        self.handle()
