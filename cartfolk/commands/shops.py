"""``cartfolk connect``, ``sync``, ``status``, ``pause``, ``resume``: stores from the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from cartfolk.core.plain import plain
from cartfolk.core.sql import Connection
from cartfolk.core.time import now

from . import program
from .contacts import Q
from .exits import CommandFailed, Exit


def add_platforms(parser: argparse.ArgumentParser) -> None:
    """One sub-command a connector found, its options generated from the connector's own form."""
    from cartfolk.connectors import registry
    from cartfolk.connectors.options import add_arguments

    platforms = parser.add_subparsers(dest="platform", metavar="PLATFORM", required=True)
    for connector in registry.all():
        info = connector.info
        one = platforms.add_parser(info.platform, help=info.title, description=info.guide)
        add_arguments(one, info)
        one.add_argument("--json", action="store_true")
        one.set_defaults(run=connect)


def connect(arguments: argparse.Namespace) -> int:
    """Checks the keys and keeps the store; the running program imports it and creates its webhooks."""
    with program.database() as url:
        program.migrate()
        from cartfolk.connectors import registry
        from cartfolk.stores import forms
        from cartfolk.stores.connect import ConnectRefused, by_app

        info = registry.get(arguments.platform).info
        wish = forms.from_arguments(info, arguments)
        with program.connected(url) as conn:
            try:
                store, report = join(conn, wish)
            except ConnectRefused as refused:
                for step in refused.report.steps if refused.report else ():
                    print(f"{'ok ' if step.ok else 'NO '} {step.message}", file=sys.stderr)
                raise CommandFailed(str(refused), _refusal(refused)) from refused
            if arguments.json:
                steps = [{"name": s.name, "ok": s.ok, "message": s.message} for s in report.steps]
                told = {"store": store.name, "url": store.url, "waiting_for_app": by_app(wish)}
                print(json.dumps(told | {"steps": steps}))
            else:
                for step in report.steps:
                    print(f"ok  {step.message}")
                if by_app(wish):
                    print(
                        f"{store.name} waits for its shop. `cartfolk app {store.name}` writes the app to install there."
                    )
                    return Exit.OK
                way = f"sync {store.name} --wait` imports it"
                if not info.streams:
                    way = f"import {store.name}` takes its files in"
                print(f"Connected {store.name}. `cartfolk {way}.")
    return Exit.OK


def app(arguments: argparse.Namespace) -> int:
    """Writes the app that a store's shop installs to connect itself; the file carries a secret."""
    with opened(arguments.store) as (conn, store):
        from cartfolk.audit import log
        from cartfolk.stores import handshake

        try:
            made = handshake.file(store)
        except handshake.NoApp as error:
            raise CommandFailed(str(error), Exit.USAGE) from error
        path = Path(arguments.file or made.name)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(made.body)
        except OSError as error:
            raise CommandFailed(f"{path} cannot be written: {error.strerror}.", Exit.USAGE) from error
        log.note(conn, log.SYSTEM, "store.app_downloaded", f"store:{store.name}")
        steps = handshake.steps(store)
    if arguments.json:
        print(json.dumps({"store": store.name, "file": str(path), "steps": steps}))
    else:
        print(f"Wrote {path}.")
        for number, step in enumerate(steps[1:], 1):
            print(f"{number}. {step}")
    return Exit.OK


def _refusal(refused: Any) -> Exit:
    steps = refused.report.steps if refused.report else ()
    if not steps:
        return Exit.USAGE
    unreachable = any(step.name in {"address", "connection", "reachable"} and not step.ok for step in steps)
    return Exit.SHOP_UNREACHABLE if unreachable else Exit.SHOP_REFUSED


def join(conn: Connection, application: Any) -> tuple[Any, Any]:
    """Connects a shop and tells commerce its rule: what form, command and demo have in common."""
    from cartfolk.commerce import rules
    from cartfolk.stores import connect as stores

    store, report = stores.connect(conn, application, now())
    rules.save(conn, store.pk, **stores.rule_of(store))
    return store, report


def store_named(conn: Connection, name: str) -> Any:
    """The store of that name. Raises CommandFailed."""
    from cartfolk.stores.lookup import UnknownStore, by_name

    try:
        return by_name(conn, name)
    except UnknownStore as error:
        raise CommandFailed(str(error), Exit.NOT_FOUND) from error


@contextmanager
def opened(name: str) -> Iterator[tuple[Connection, Any]]:
    """A connection to the database, its tables up to date, and the store of that name. Raises CommandFailed."""
    with program.database() as url:
        program.migrate()
        with program.connected(url) as conn:
            yield conn, store_named(conn, name)


def sync(arguments: argparse.Namespace) -> int:
    """Backfill (or its rest), then what changed since. With --wait until all of it is in the contacts."""
    with program.database() as url:
        program.migrate()
        with program.connected(url) as conn:
            store = store_named(conn, arguments.store)
            if not arguments.wait:
                from cartfolk.inbox import jobs

                jobs.start_sync(store.pk)
                print(
                    f"The sync of {store.name} is with the worker; `cartfolk status` shows it.",
                    file=sys.stderr,
                )
                return Exit.OK
            summary = import_all(url, store, arguments.json, arguments.full)
    if arguments.json:
        print(json.dumps(plain(summary)))
    else:
        print(
            f"{summary['store']}: {summary['customers']} customers, {summary['guests']} guests, "
            f"{summary['orders']} orders, {summary['carts']} carts in {summary['seconds']} s; "
            f"{summary['quarantined']} in quarantine"
        )
    return Exit.QUARANTINED if summary["quarantined"] else Exit.OK


def import_all(url: str, store: Any, quiet: bool, full: bool = False) -> dict[str, Any]:
    """Fetches in this process while drain processes turn pages into contacts; returns the summary.

    Works beside a running worker: whoever holds the store's lock fetches, everybody drains.
    """
    from django.conf import settings

    from cartfolk import work

    began = time.monotonic()
    with work.drainers(url, settings.WORKERS):
        asyncio.run(_fetch(url, store, quiet, full))
        with psycopg.connect(url, autocommit=True) as conn:
            wait_until_idle(conn, store.pk, quiet)
    with psycopg.connect(url, autocommit=True) as conn:
        return summarise(conn, store) | {"seconds": round(time.monotonic() - began, 2)}


async def _fetch(url: str, store: Any, quiet: bool, full: bool) -> None:
    from cartfolk.connectors.errors import ConnectorError, StopStore
    from cartfolk.inbox import poll, progress
    from cartfolk.stores.shop import open_store

    with psycopg.connect(url, autocommit=True) as conn, psycopg.connect(url, autocommit=True) as eye:
        bar = asyncio.create_task(_show(eye, store.pk, quiet))
        try:
            async with open_store(store) as connector:
                before = progress.latest(conn, store.pk)
                if full or before is None or before.state != "done":
                    await _backfill(conn, store, connector)
                await poll.poll(conn, store, connector)
        except StopStore as error:
            raise CommandFailed(str(error), Exit.SHOP_REFUSED) from error
        except ConnectorError as error:
            raise CommandFailed(str(error), Exit.SHOP_UNREACHABLE) from error
        finally:
            bar.cancel()


async def _backfill(conn: Connection, store: Any, connector: Any) -> None:
    from cartfolk.inbox import bulk

    while True:
        outcome = await bulk.backfill(conn, store, connector)
        if outcome == "done":
            return
        if outcome != "busy":
            row = conn.execute("select state_reason from stores_store where id = %s", [store.pk]).fetchone()
            reason = (row and row[0]) or "`cartfolk resume` goes on."
            code = Exit.SHOP_REFUSED if outcome == "stopped" else Exit.UNEXPECTED
            raise CommandFailed(f"The import of {store.name} is {outcome}: {reason}", code)
        await asyncio.sleep(1)  # a worker is at it


async def _show(conn: Connection, store_id: int, quiet: bool) -> None:
    if quiet:
        return
    with ProgressBar() as bar:
        while True:
            bar.update(conn, store_id)
            await asyncio.sleep(0.25)


class ProgressBar:
    """The run's progress in the terminal: done of expected, rate, time left, quarantined."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}  {task.fields[told]}"),
            console=Console(file=sys.stderr),
        )
        self._task = self._progress.add_task("importing", total=1, told="")

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, conn: Connection, store_id: int) -> bool:
        """Shows the present state; True when everything is applied."""
        from cartfolk.inbox import progress

        found = progress.latest(conn, store_id)
        if found is None:
            return False
        left = "" if found.seconds_left is None else f"{found.seconds_left:.0f} s left"
        held = f"  {found.quarantined} in quarantine" if found.quarantined else ""
        self._progress.update(
            self._task,
            total=max(found.expected, 1),
            completed=found.applied,
            told=f"{found.rate:,.0f}/s  {left}{held}",
        )
        return found.complete


def wait_until_idle(conn: Connection, store_id: int, quiet: bool = True, timeout: float = 3600) -> None:
    """Returns once no delivery of the store waits and no contact is stale."""
    deadline = time.monotonic() + timeout
    bar = None if quiet else ProgressBar()
    if bar:
        bar.__enter__()
    try:
        while time.monotonic() < deadline:
            if bar:
                bar.update(conn, store_id)
            row = conn.execute(Q["waiting"], {"store": store_id}).fetchone()
            if row and not row[0]:
                return
            time.sleep(0.05)
    finally:
        if bar:
            bar.__exit__()
    raise CommandFailed("The deliveries were not handled in time; `cartfolk doctor` tells what is wrong.")


def summarise(conn: Connection, store: Any) -> dict[str, Any]:
    """What the store has become in the contact database."""
    with conn.cursor(row_factory=dict_row) as cursor:
        counts = cursor.execute(Q["store_counts"], {"store": store.pk}).fetchone()
    return {"store": store.name, **(counts or {})}


def pause(arguments: argparse.Namespace) -> int:
    def act(conn: Connection, store_id: int) -> None:
        from cartfolk.inbox import bulk
        from cartfolk.stores import health

        bulk.pause(conn, store_id, now())
        health.pause(conn, store_id)

    return _switch(arguments.store, act)


def resume(arguments: argparse.Namespace) -> int:
    def act(conn: Connection, store_id: int) -> None:
        from cartfolk.inbox import bulk
        from cartfolk.stores import health

        if arguments.moved or arguments.copy:
            _decide(conn, store_id, arguments.moved)
        health.resume(conn, store_id)
        bulk.resume(conn, store_id)

    return _switch(arguments.store, act)


def _decide(conn: Connection, store_id: int, moved: bool) -> None:
    """The owner's word on another place that sends with the store's secret. Raises CommandFailed."""
    from cartfolk.audit import log
    from cartfolk.inbox import strangers
    from cartfolk.stores.lookup import by_id

    store = by_id(conn, store_id)
    with conn.transaction():
        site = strangers.moved(conn, store) if moved else strangers.copied(conn, store)
        if not site:
            raise CommandFailed(f"No other shop sends with the secret of {store.name}: nothing to decide.", Exit.USAGE)
        log.note(conn, log.SYSTEM, "store.sender", f"store:{store.name}", do="moved" if moved else "copy")


def _switch(name: str, act: Callable[[Connection, int], None]) -> int:
    """``act`` imports the rooms it needs itself: they can be imported once the store is open and Django set up."""
    with opened(name) as (conn, store):
        act(conn, store.pk)
        print(f"{name} is {store_named(conn, name).get_state_display().lower()}.", file=sys.stderr)
    return Exit.OK


def reconcile(arguments: argparse.Namespace) -> int:
    """Asks the shop which of our customers and orders it still has, and which of its own we miss."""
    with opened(arguments.store) as (conn, store):
        from cartfolk import reconcile as comparing
        from cartfolk.connectors.errors import ConnectorError
        from cartfolk.stores.shop import open_store

        since = now() - comparing.RECENT if arguments.recent else comparing.EVER

        async def compare() -> list[comparing.Found]:
            async with open_store(store) as connector:
                return await comparing.reconcile(conn, store, connector, since)

        try:
            found = asyncio.run(compare())
        except ConnectorError as error:
            raise CommandFailed(str(error), Exit.SHOP_UNREACHABLE) from error
    for one in found:
        if arguments.json:
            print(json.dumps({"store": store.name} | asdict(one)))
        else:
            there = "?" if one.there is None else one.there
            print(
                f"{one.stream}: {there} in the shop, {one.here} here; {one.gone} deleted there, "
                f"{one.missing} fetched again by the running program"
            )
    return Exit.OK


def status(arguments: argparse.Namespace) -> int:
    """Every store with its state, counts, progress, lag and quarantine."""
    with program.database() as url:
        program.migrate()
        with program.connected(url) as conn:
            from cartfolk.commerce import rates
            from cartfolk.inbox import progress
            from cartfolk.stores.lookup import every

            stores = [store_named(conn, arguments.store)] if arguments.store else every(conn)
            told = []
            for store in stores:
                run = progress.latest(conn, store.pk)
                told.append(
                    summarise(conn, store)
                    | {
                        "state": store.state,
                        "reason": store.state_reason,
                        "last_ok_at": store.last_ok_at,
                        "webhooks": store.webhook_health.get("ok"),
                        "orders_without_rate": rates.missing(conn, store.pk),
                        "run": run and {
                            "state": run.state, "expected": run.expected, "done": run.applied,
                            "rate": round(run.rate, 1), "seconds_left": run.seconds_left,
                        },
                    }
                )  # fmt: skip
    for one in told:
        if arguments.json:
            print(json.dumps(plain(one)))
        else:
            print(f"{one['store']:20} {one['state']:10} {one['contacts']} contacts, {one['orders']} orders, "
                  f"{one['quarantined']} in quarantine  {one['reason']}")  # fmt: skip
            for currency, number in one["orders_without_rate"].items():
                print(f"{'':20} {left_out(number, currency)} "
                      f"`cartfolk rates {one['store']} set {currency} RATE` enters one.")  # fmt: skip
    if not told and not arguments.json:
        print("No store yet: `cartfolk connect` connects one.")
    return Exit.OK


def left_out(number: int, currency: str) -> str:
    """Orders that count without value."""
    orders, its = ("order", "its") if number == 1 else ("orders", "their")
    return f"{number} {orders} in {currency} without an exchange rate: {its} value is left out."
