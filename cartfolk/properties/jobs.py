"""Coarse jobs: make the order of a property ready, give up the ones nobody uses."""

from __future__ import annotations

from contextlib import suppress

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from cartfolk.core.time import now
from cartfolk.inbox.jobs import connected

from . import sorting


def keep_sorted(name: str, column_type: str) -> None:
    """Has the worker make the order of a property ready. Asking again while that waits changes nothing."""
    with suppress(AlreadyEnqueued):
        fill_order.configure(queueing_lock=f"fill-order-{name}").defer(name=name, column_type=column_type)


@app.task(name="cartfolk.fill_order", lock="fill-order")
def fill_order(name: str, column_type: str) -> None:
    """Fills contact_sort with one property, one after the other; seconds per million contacts."""
    with connected() as conn:
        sorting.fill(conn, sorting.key(name, column_type), now())


@app.periodic(cron="37 3 * * *")
@app.task(name="cartfolk.tidy_orders", queueing_lock="tidy-orders")
def tidy_orders(timestamp: int) -> None:
    """Nightly: orders of properties nobody sorts by any more are given up."""
    with connected() as conn:
        sorting.tidy(conn, now())
