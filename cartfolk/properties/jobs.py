"""Coarse jobs: make the order of a property ready, give up the ones nobody uses."""

from __future__ import annotations

from contextlib import suppress

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox.jobs import connected

from . import calculated, sorting


def keep_sorted(name: str, column_type: str, *, custom: bool = False) -> None:
    """Has the worker make the order of a property ready, ``custom``: one that people set. Asking again while that waits
    changes nothing."""
    with suppress(AlreadyEnqueued):
        job = fill_order.configure(queueing_lock=f"fill-order-{name}")
        job.defer(name=name, column_type=column_type, custom=custom)


@app.task(name="cartfolk.fill_order", lock="fill-order")
def fill_order(name: str, column_type: str, custom: bool = False) -> None:
    """Fills contact_sort with one property, one after the other; seconds per million contacts."""
    with connected() as conn:
        sorting.fill(conn, sorting.key(name, column_type, custom=custom), now())


def calculate_changed(conn: Connection) -> None:
    """Call it after a definition changed and is committed: has the worker calculate everybody where that is due."""
    if calculated.progress(conn).waiting:
        calculate_everybody()


def calculate_everybody() -> None:
    """Has the worker calculate everybody with the formulas that count now."""
    with suppress(AlreadyEnqueued):
        calculate.configure(queueing_lock="calculate").defer()


@app.task(name="cartfolk.calculate", lock="calculate")
def calculate() -> None:
    """Every contact's formulas, in short transactions."""
    with connected() as conn:
        calculated.rebuild(conn)


@app.periodic(cron="*/10 * * * *")
@app.task(name="cartfolk.watch_formulas", queueing_lock="watch-formulas")
def watch_formulas(timestamp: int) -> None:
    """Goes on with a killed walk; begins one when the account's time zone changed."""
    with connected() as conn:
        if calculated.watch(conn):
            calculate_everybody()


@app.periodic(cron="37 3 * * *")
@app.task(name="cartfolk.tidy_orders", queueing_lock="tidy-orders")
def tidy_orders(timestamp: int) -> None:
    """Nightly: orders of properties nobody sorts by any more are given up."""
    with connected() as conn:
        sorting.tidy(conn, now())
