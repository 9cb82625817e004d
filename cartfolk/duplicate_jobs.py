"""Coarse jobs: look for contacts that may be one person."""

from __future__ import annotations

from contextlib import suppress

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from cartfolk import duplicates
from cartfolk.core.time import now
from cartfolk.inbox.jobs import connected


def start() -> None:
    """Has the worker compare what changed now; once, however often it is asked."""
    with suppress(AlreadyEnqueued):
        app.configure_task("cartfolk.find_duplicates", queueing_lock="find-duplicates").defer(
            timestamp=int(now().timestamp())
        )


@app.periodic(cron="23 * * * *")
@app.task(name="cartfolk.find_duplicates", queueing_lock="find-duplicates", lock="duplicates")
def find_duplicates(timestamp: int) -> None:
    """Hourly: compares the contacts whose values changed."""
    with connected() as conn:
        duplicates.find(conn)


@app.periodic(cron="53 3 * * *")
@app.task(name="cartfolk.find_all_duplicates", queueing_lock="find-all-duplicates", lock="duplicates")
def find_all_duplicates(timestamp: int) -> None:
    """Nightly: compares all, so that nothing missed stays missed."""
    with connected() as conn:
        duplicates.find(conn, everything=True)
