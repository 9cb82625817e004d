"""The worker: processes that turn what lies in the inbox into true contacts.

    drain   raw deliveries → contacts; several side by side, each with its own connections
    hints   follows webhooks: fetches what changed, one shop never waiting for another
    jobs    the coarse jobs: backfill, poll, health, clean-up

``run_worker`` starts and watches them. Each is a program of its own (``python -m cartfolk.work drain``):
one that dies is started again, all end with SIGTERM, and none outlives its parent.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any

import psycopg

from cartfolk.core.garbage import collect_seldom
from cartfolk.core.sql import Connection, again
from cartfolk.core.time import now

log = logging.getLogger(__name__)
LIVE, BULK = 0, 1
IDLE = 0.5  # seconds a process waits for the bell before it looks by itself
SWEEP_EVERY = 0.5  # seconds between looks at the clock when idle; at most ten times that under load
DEAD_AFTER = 60  # seconds without a sign of life from a worker of jobs, which gives one every ten
LOOK_EVERY = 10.0  # seconds between looks for what dead workers had in hand
TRIES = 5  # times a job may take its worker down
LIVE_BATCH, BULK_BATCH, REFRESH_BATCH = 200, 30, 1000


# --- the parent ---------------------------------------------------------------------------------------


def run_worker(processes: int) -> None:
    """Runs ``processes`` drain processes, the hints and the jobs until SIGTERM or SIGINT."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with _Family(["hints", "jobs", *["drain"] * max(1, processes)]) as family:
        while not stopping.wait(0.5):
            family.watch()


@contextmanager
def drainers(url: str, processes: int) -> Iterator[None]:
    """``processes`` drain processes on the database ``url`` for as long as the block lasts."""
    with _Family(["drain"] * max(1, processes), {"DATABASE_URL": url}) as family:
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(family, ended), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()


def _watch(family: _Family, ended: threading.Event) -> None:
    while not ended.wait(0.5):
        family.watch()


class _Family:
    """Child processes of this module, by role; started on entering, ended on leaving."""

    def __init__(self, roles: list[str], environment: dict[str, str] | None = None) -> None:
        from django.conf import settings

        self._roles = roles
        self._environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "cartfolk.settings"),
            "DATABASE_URL": settings.DATABASE_URL,
            "CARTFOLK_DATA": str(settings.DATA_DIR),
            **(environment or {}),
        }
        self._children: list[subprocess.Popen[bytes]] = []
        self._started: list[float] = []

    def __enter__(self) -> _Family:
        self._children = [self._start(role) for role in self._roles]
        self._started = [time.monotonic()] * len(self._roles)
        return self

    def _start(self, role: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "cartfolk.work", role, str(os.getpid())]
        # A session of its own: Ctrl-C reaches the parent only, which ends the children in order.
        return subprocess.Popen(command, env=self._environment, start_new_session=True)

    def watch(self) -> None:
        """Starts again what has died; one that dies at once is given a second's rest."""
        for position, child in enumerate(self._children):
            if child.poll() is not None and time.monotonic() - self._started[position] > 1:
                role = self._roles[position]
                log.warning("The %s process ended with %s; another takes over.", role, child.returncode)
                self._children[position] = self._start(role)
                self._started[position] = time.monotonic()

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.terminate()
        until = time.monotonic() + 10
        for child in self._children:
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


# --- the children -------------------------------------------------------------------------------------


class Stop:
    """Whether this process should end: it was told to, or its parent is gone."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._told = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._tell)

    def _tell(self, *_: object) -> None:
        self._told = True

    def __bool__(self) -> bool:
        return self._told or os.getppid() != self._parent


def connect() -> psycopg.Connection[Any]:
    """An autocommit connection to our database."""
    from django.conf import settings

    return psycopg.connect(settings.DATABASE_URL, autocommit=True, application_name="cartfolk worker")


def drain_forever(stop: Stop) -> None:
    """Live before bulk before derived rows before the clock; connects again when the database was away."""
    collect_seldom()
    while not stop:
        try:
            with connect() as conn, connect() as identity_conn, connect() as ear:
                ear.execute("listen inbox")
                drain = Drain(conn, identity_conn)
                while not stop:
                    if not drain.step():
                        for _ in ear.notifies(timeout=IDLE, stop_after=1):
                            pass
        except psycopg.OperationalError as error:
            log.warning("The database is away, trying again: %s", str(error).splitlines()[:1])
            time.sleep(IDLE)


class Drain:
    """One drain process's round."""

    def __init__(self, conn: Connection, identity_conn: Connection) -> None:
        self.conn, self.identity_conn = conn, identity_conn
        self._swept = 0.0

    def step(self) -> int:
        """Does the most urgent thing there is; 0 when there was nothing to do."""
        if time.monotonic() - self._swept > SWEEP_EVERY * 10:
            self._sweep()
        live = self._drain(LIVE, LIVE_BATCH) + self._refresh(LIVE)
        return live or self._drain(BULK, BULK_BATCH) or self._refresh(BULK) or self._idle()

    def _idle(self) -> int:
        return self._sweep() if time.monotonic() - self._swept > SWEEP_EVERY else 0

    def _drain(self, lane: int, limit: int) -> int:
        from cartfolk import pipeline

        def whole() -> int:
            return pipeline.drain(self.conn, self.identity_conn, lane, limit)

        try:
            return again(whole)
        except psycopg.OperationalError:
            raise
        except Exception:
            log.exception("A batch could not be handled; its deliveries are tried one by one.")
            return self._one_by_one(lane, limit)

    def _one_by_one(self, lane: int, limit: int) -> int:
        """After a batch failed: the delivery that made it fail waits with its error, the others go on."""
        from cartfolk import pipeline
        from cartfolk.inbox import deliveries

        done = 0
        for _ in range(limit):
            try:
                if not pipeline.drain(self.conn, self.identity_conn, lane, 1):
                    break
            except psycopg.OperationalError:
                raise
            except Exception as error:
                with self.conn.transaction():
                    held = [delivery.delivery_id for delivery in deliveries.claim(self.conn, lane, 1)]
                    deliveries.postpone(self.conn, held, f"{type(error).__name__}: {error}", now())
            done += 1
        return done

    def _refresh(self, lane: int) -> int:
        from cartfolk import pipeline

        return again(lambda: pipeline.refresh_dirty(self.conn, lane, REFRESH_BATCH))

    def _sweep(self) -> int:
        from cartfolk import pipeline

        self._swept = time.monotonic()
        return again(lambda: pipeline.sweep(self.conn, now()))


class Shops:
    """Connectors kept open with their connections, until their store changes."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._open: dict[int, tuple[object, Any, AsyncExitStack]] = {}

    async def connector(self, store_id: int) -> Any:
        """The connector of a store. Raises stores.lookup.UnknownStore, ConnectorError."""
        from cartfolk.stores import lookup
        from cartfolk.stores.shop import open_store

        store = lookup.by_id(self._conn, store_id)
        looks = (store.url, bytes(store.credentials), store.settings, store.max_concurrency)
        if store_id in self._open:
            as_opened, connector, stack = self._open[store_id]
            if as_opened == looks:
                return connector
            del self._open[store_id]
            await stack.aclose()
        stack = AsyncExitStack()
        connector = await stack.enter_async_context(open_store(store))
        self._open[store_id] = (looks, connector, stack)
        return connector

    async def close(self) -> None:
        for _looks, _connector, stack in self._open.values():
            with suppress(Exception):
                await stack.aclose()


async def follow_forever(stop: Stop) -> None:
    """Follows webhooks as they come. A shop being asked is left alone until it has answered: its further
    hints gather and cost one fetch together."""
    while not stop:
        try:
            with connect() as conn, connect() as ear:
                await _follow(conn, ear, stop)
        except psycopg.OperationalError as error:
            log.warning("The database is away, trying again: %s", error)
            await asyncio.sleep(IDLE)


async def _follow(conn: Connection, ear: Connection, stop: Stop) -> None:
    from cartfolk.inbox import realtime

    wake = asyncio.Event()
    asked: dict[int, asyncio.Task[None]] = {}
    shops = Shops(conn)

    def hear() -> None:
        try:
            for _ in ear.notifies(timeout=0):
                pass
        except psycopg.OperationalError:
            loop.remove_reader(ear.fileno())
        wake.set()

    def answered(store_id: int, _: asyncio.Task[None]) -> None:
        asked.pop(store_id, None)
        wake.set()

    ear.execute("listen inbox")
    loop = asyncio.get_running_loop()
    loop.add_reader(ear.fileno(), hear)
    try:
        while not stop:
            wake.clear()
            for store_id, groups in realtime.take(conn, 1000, now(), list(asked)).items():
                task = asyncio.create_task(realtime.follow(conn, shops.connector, groups))
                asked[store_id] = task
                task.add_done_callback(functools.partial(answered, store_id))
            with suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), IDLE)
    finally:
        with suppress(Exception):
            loop.remove_reader(ear.fileno())
        for task in asked.values():
            task.cancel()
        await asyncio.gather(*asked.values(), return_exceptions=True)
        await shops.close()


def know_tasks() -> None:
    """Brings in every module with a task, so that the worker knows what is asked of it: ``jobs`` of each installed
    room (pages have one too, though nothing here may know pages), and what stands beside the rooms."""
    from django.utils.module_loading import autodiscover_modules

    from cartfolk import duplicate_jobs as _duplicates  # noqa: F401
    from cartfolk import erasure as _erasure  # noqa: F401
    from cartfolk import joining as _joining  # noqa: F401
    from cartfolk import reconcile as _reconcile  # noqa: F401
    from cartfolk.contact_files import jobs as _contact_files  # noqa: F401

    autodiscover_modules("jobs")


async def give_back(working: Any) -> None:
    """What a killed worker had in hand is asked for again: its locks would hold up whoever asks for the same, and some
    of it nobody asks for twice. The work itself is in our own tables and goes on where it was. A job that took its
    worker down time and again is dropped. ``working``: procrastinate's app, open."""
    from procrastinate.exceptions import ConnectorException
    from procrastinate.jobs import Status

    for lost in await working.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER):
        if lost.attempts < TRIES:
            with suppress(ConnectorException):  # the same is waiting already, or another worker was quicker
                await working.job_manager.retry_job(lost)
                continue
        with suppress(ConnectorException):
            await working.job_manager.finish_job(lost, Status.FAILED, delete_job=True)


async def jobs_forever(stop: Stop) -> None:
    """procrastinate's worker; at its start every store with work is queued."""
    from procrastinate.contrib.django import app

    from cartfolk.inbox import jobs

    know_tasks()
    while not stop:
        try:
            connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
            with app.replace_connector(connector) as working:
                async with working.open_async():
                    await give_back(working)
                    with jobs.connected() as conn:
                        await jobs.start_due(conn)
                    worker = asyncio.create_task(
                        working.run_worker_async(
                            concurrency=20,
                            delete_jobs="always",
                            install_signal_handlers=False,
                            shutdown_graceful_timeout=3,
                            fetch_job_polling_interval=2,
                        )
                    )
                    looked = time.monotonic()
                    while not stop and not worker.done():
                        await asyncio.sleep(0.3)
                        if time.monotonic() - looked > LOOK_EVERY:
                            await give_back(working)
                            looked = time.monotonic()
                    worker.cancel()
                    with suppress(asyncio.CancelledError):
                        await worker
        except Exception as error:
            # The database restarts, or is not there yet.
            log.warning("The jobs stopped, starting them again: %s", error)
            await asyncio.sleep(IDLE)


def main(arguments: list[str]) -> int:
    """``python -m cartfolk.work drain|hints|jobs PARENT_ID``."""
    import django

    django.setup()
    role, parent = arguments[0], int(arguments[1])
    stop = Stop(parent)
    if role == "drain":
        drain_forever(stop)
    elif role == "hints":
        asyncio.run(follow_forever(stop))
    else:
        asyncio.run(jobs_forever(stop))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
