"""Backfill: everything a shop has, page by page, side by side, killed at any moment without loss.

    1. The high-water mark is the time before anything is asked; from there on the poll is in charge.
    2. Each stream is cut into windows, written down before the first page.
    3. A page is stored in the same transaction as its window's checkpoint and the stream's counter.
    4. Who continues after a kill takes the windows that are not done, from their checkpoints.

One process works on a store at a time, by a lock that dies with its connection.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from cartfolk.connectors.base import CATALOGUE, Connector, Window
from cartfolk.connectors.errors import RetryLater, StopStore
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.stores import health
from cartfolk.stores.models import Store

from . import deliveries, quarantine
from .deliveries import Q
from .walk import Found, Walk

MOST_WAITING = 64 * 1024 * 1024  # bytes of stored, unhandled bulk material at which fetching waits
Outcome = Literal["done", "paused", "cancelled", "stopped", "busy"]
T = TypeVar("T")


class Halt(Exception):
    """The run is not ours to continue: paused, cancelled, or another process is at it."""


@dataclass(frozen=True, slots=True)
class Run:
    run_id: int
    store_id: int
    state: str
    high_water: datetime
    started_at: datetime


def open_run(conn: Connection, store_id: int) -> Run | None:
    """The store's backfill that is running or paused."""
    row = conn.execute(Q["open_run"], {"store_id": store_id}).fetchone()
    return None if row is None else Run(*row)


def needed(conn: Connection, store_id: int) -> bool:
    """Whether a backfill is to be continued or was never made; one that is over is not made again by itself."""
    row = conn.execute(Q["backfill_state"], {"store_id": store_id}).fetchone()
    return row is None or row[0] in {"running", "paused"}


def start(conn: Connection, store_id: int, at: datetime) -> Run:
    """A new backfill up to ``at``, or the one that is open already."""
    row = conn.execute(Q["start_run"], {"store_id": store_id, "kind": "backfill", "at": at}).fetchone()
    if row is not None:
        return Run(*row)
    found = open_run(conn, store_id)
    assert found is not None
    return found


def pause(conn: Connection, store_id: int, at: datetime) -> bool:
    """Stops fetching after the pages under way; what is stored is still handled. False = nothing runs."""
    run = open_run(conn, store_id)
    return run is not None and run.state == "running" and _set(conn, run.run_id, "paused", at)


def resume(conn: Connection, store_id: int) -> bool:
    """A paused or failed backfill may go on; the caller starts the sync job. False = there is none."""
    return conn.execute(Q["revive_run"], {"store_id": store_id}).rowcount > 0


def cancel(conn: Connection, store_id: int, at: datetime) -> bool:
    """Ends the backfill for good, in a transaction of its own: pages not handled yet are dropped, what is
    applied stays. False = nothing is open."""
    run = open_run(conn, store_id)
    if run is None:
        return False
    with conn.transaction():
        _set(conn, run.run_id, "cancelled", at)
        conn.execute(Q["drop_pages"], {"run_id": run.run_id, "at": at})
    return True


def _set(conn: Connection, run_id: int, state: str, at: datetime, error: str | None = None) -> bool:
    return conn.execute(Q["set_run_state"], {"run_id": run_id, "state": state, "at": at, "error": error}).rowcount > 0


@contextmanager
def alone(conn: Connection, store_id: int) -> Iterator[bool]:
    """Whether this process is the one that works on the store; held until the block or the connection ends."""
    row = conn.execute(Q["lock_run"], {"store_id": store_id}).fetchone()
    mine = bool(row and row[0])
    try:
        yield mine
    finally:
        if mine and not conn.closed:
            conn.execute(Q["unlock_run"], {"store_id": store_id})


async def backfill(
    conn: Connection, store: Store, connector: Connector, *, most_waiting: int = MOST_WAITING
) -> Outcome:
    """Makes or continues the store's backfill until it is done, paused, cancelled or stopped. First of all the
    shop must say that it is the one that was connected.

    ``conn`` is used by this call alone (autocommit, no transaction open). A shop that is busy is waited for;
    one that needs its owner stops the store and pauses the run. Other errors mark the run failed and rise.
    """
    with alone(conn, store.pk) as mine:
        if not mine:
            return "busy"
        run = start(conn, store.pk, now())
        if run.state != "running":
            return "paused"
        work = _Backfill(conn, store, connector, run, most_waiting)
        try:
            await work.run_all()
        except BaseExceptionGroup as errors:
            error = _first(errors)
            if isinstance(error, StopStore):
                health.stop(conn, store.pk, str(error))
                _set(conn, run.run_id, "paused", now(), str(error))
                return "stopped"
            if not isinstance(error, Halt):
                # A lost database leaves the run as it is: whoever comes next goes on.
                if not conn.closed:
                    _set(conn, run.run_id, "failed", now(), f"{type(error).__name__}: {error}"[:500])
                raise error from None
        row = conn.execute("select state from run where run_id = %s", [run.run_id]).fetchone()
        return row[0] if row and row[0] in {"done", "paused", "cancelled"} else "busy"


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Backfill:
    """One process's work on one run."""

    def __init__(self, conn: Connection, store: Store, connector: Connector, run: Run, most_waiting: int) -> None:
        self.conn, self.store, self.connector, self.run, self.most_waiting = (
            conn,
            store,
            connector,
            run,
            most_waiting,
        )
        self.room = asyncio.Event()
        self.room.set()
        self.beaten = time.monotonic()

    async def run_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            heart = group.create_task(self._beat())
            try:
                await self._fetch_everything()
            finally:
                heart.cancel()

    async def _fetch_everything(self) -> None:
        await self._patiently(lambda: health.recognise(self.store, self.connector))
        streams = self.connector.info.streams
        if not self.conn.execute(Q["streams"], {"run_id": self.run.run_id}).fetchone():
            expected = await self._patiently(self.connector.counts)
            self.conn.execute(
                Q["add_streams"],
                {
                    "run_id": self.run.run_id,
                    "streams": list(streams),
                    "positions": list(range(len(streams))),
                    "expected": [expected.get(stream) for stream in streams],
                },
            )
        first = [stream for stream in streams if stream in CATALOGUE]
        then = [stream for stream in streams if stream not in CATALOGUE]
        while True:
            for phase in (first, then):
                await self._fetch_side_by_side(phase)
            if self._finish(streams):
                return

    def _finish(self, streams: Sequence[str]) -> bool:
        """The run is done and the poll takes over; False when windows were added meanwhile (``refill``)."""
        run = {"run_id": self.run.run_id, "streams": list(streams)}
        with self.conn.transaction():
            held = self.conn.execute(Q["hold_run"], run).fetchone()
            left = self.conn.execute(Q["windows_left"], run).fetchone()
            if held is None or (left and left[0]):
                self._check()
                return False
            self._tick()
            if held[0] is None:
                since = self.run.high_water - self.connector.overlap
                self.conn.execute(
                    Q["start_cursors"], {"store_id": self.store.pk, "streams": list(streams), "since": since}
                )
            _set(self.conn, self.run.run_id, "done", now())
        return True

    async def _fetch_side_by_side(self, streams: Sequence[str]) -> None:
        """All windows of these streams, a window of each stream in turn."""
        lanes = [deque(await self._windows(stream)) for stream in streams]
        turn: deque[tuple[Window, str | None]] = deque()
        while any(lanes):
            turn += [lane.popleft() for lane in lanes if lane]

        async def worker() -> None:
            while turn:
                window, cursor = turn.popleft()
                await self._fetch_window(window, cursor)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.store.max_concurrency, len(turn))):
                group.create_task(worker())

    async def _windows(self, stream: str) -> list[tuple[Window, str | None]]:
        """The windows of a stream that are not done, with their checkpoints; cut on the first visit."""
        where = {"run_id": self.run.run_id, "stream": stream}
        rows = self.conn.execute(Q["windows"], where).fetchall()
        if not rows:
            cut = await self._patiently(lambda: self.connector.windows(stream, self.run.high_water))
            self.conn.execute(
                Q["add_windows"],
                where
                | {
                    "keys": [window.key for window in cut],
                    "starts": [window.start for window in cut],
                    "ends": [window.end for window in cut],
                },
            )
            return [(window, None) for window in cut]
        return [(Window(stream, key, begin, end), cursor) for key, begin, end, cursor, _pages, done in rows if not done]

    async def _fetch_window(self, window: Window, cursor: str | None) -> None:
        walk = Walk(self.connector, window)
        while True:
            await self.room.wait()
            self._check()
            asked_at = now()  # what the page says is at least as new as this
            found = await self._patiently(lambda: walk.page(cursor))  # noqa: B023 (awaited here)
            self._keep(window, cursor, found, asked_at)
            if found.page.cursor is None:
                return
            cursor = found.page.cursor

    def _keep(self, window: Window, before: str | None, found: Found, asked_at: datetime) -> None:
        """Page, checkpoint and counter in one transaction. No request is begun or read while this lasts, so its
        statements go out together, and nobody waits for the disk: a crash takes page and checkpoint away together, and
        the end of the run is written behind all of them."""
        run_id, page = self.run.run_id, found.page
        place = {"run_id": run_id, "stream": window.stream}
        with self.conn.pipeline() as together, self.conn.transaction():
            self.conn.execute(Q["unhurried"])
            step = {"key": window.key, "before": before, "after": page.cursor, "done": page.cursor is None}
            moved = self.conn.execute(Q["step_window"], place | step)
            quarantine.put(self.conn, [lost.bad(self.store.pk, run_id, asked_at) for lost in found.lost])
            if page.rows:
                self.conn.execute(Q["count_fetched"], place | {"rows": page.rows})
                deliveries.ring(self.conn)
                deliveries.store(
                    self.conn,
                    self.store.pk,
                    "page",
                    window.stream,
                    page.body,
                    asked_at,
                    lane=deliveries.BULK,
                    run_id=run_id,
                )
            health.ok(self.conn, self.store.pk, now())
            together.sync()
            if moved.rowcount == 0:
                raise Halt

    def _check(self) -> None:
        row = self.conn.execute("select state from run where run_id = %s", [self.run.run_id]).fetchone()
        if row is None or row[0] != "running":
            raise Halt

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Asks until the shop answers: it is waited for as long as it says, else 1, 2, 4 ... 60 s."""
        tries = 0
        while True:
            try:
                answer = await ask()
            except RetryLater as error:
                own = min(60.0, 2.0 ** min(tries, 6)) * random.uniform(0.7, 1.3)  # noqa: S311 (no secret)
                await self._rest(own if error.after is None else max(error.after, 0.05), str(error))
                tries += 1
                continue
            if tries:
                self.conn.execute(Q["note_run"], {"run_id": self.run.run_id, "error": None})
            return answer

    async def _rest(self, seconds: float, reason: str) -> None:
        """Waits, and notices within a second when the owner pauses or cancels."""
        self.conn.execute(Q["note_run"], {"run_id": self.run.run_id, "error": reason})
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 1.0))
            self._check()

    def _tick(self) -> None:
        passed, self.beaten = time.monotonic() - self.beaten, time.monotonic()
        self.conn.execute(Q["beat"], {"run_id": self.run.run_id, "at": now(), "seconds": passed})

    async def _beat(self) -> None:
        """The run's heartbeat, and back-pressure: fetching waits while too much lies unhandled."""
        while True:
            self._tick()
            weight = deliveries.waiting(self.conn, lane=deliveries.BULK).size
            if weight > self.most_waiting:
                self.room.clear()
            elif weight <= self.most_waiting * 0.8:
                self.room.set()
            await asyncio.sleep(0.2 if not self.room.is_set() else 1.0)
            self._check()
