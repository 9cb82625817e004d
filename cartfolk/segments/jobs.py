"""Coarse jobs: build this segment, fold the counts. Never one job per contact."""

from __future__ import annotations

from contextlib import suppress

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox.jobs import connected
from cartfolk.properties.jobs import calculate_changed
from cartfolk.segments import build, cuts, static, stored


def start(segment: int) -> None:
    """Has the worker build the segment. Asking again while that waits changes nothing."""
    with suppress(AlreadyEnqueued):
        build_segment.configure(queueing_lock=f"build-segment-{segment}").defer(segment=segment)


@app.task(name="cartfolk.build_segment")
def build_segment(segment: int) -> None:
    with connected() as conn:
        build.build(conn, segment)
        stored.fold(conn)


def mind(conn: Connection) -> None:
    """Has what stopped or can go on noted (see build.mind), and what waits for a build built."""
    build.mind(conn)
    for segment in build.waiting(conn):
        start(segment)


def properties_changed(conn: Connection) -> None:
    """Call it after definitions of properties changed and are committed: has the worker calculate everybody where a
    formula changed, and build the segments that can be asked again."""
    calculate_changed(conn)
    mind(conn)


def freeze(segment: int, into: int) -> None:
    """Has the worker put the present members of a segment into a static one."""
    freeze_segment.defer(segment=segment, into=into)


@app.task(name="cartfolk.freeze_segment")
def freeze_segment(segment: int, into: int) -> None:
    """Page by page; started again it puts in who is missing."""
    with connected() as conn:
        after = 0
        while some := stored.members(conn, segment, after, static.BATCH):
            static.add(conn, into, some)
            after = some[-1]
        stored.fold(conn)


@app.periodic(cron="* * * * *")
@app.task(name="cartfolk.tend_segments", queueing_lock="tend-segments")
def tend_segments(timestamp: int) -> None:
    """Every minute: counts go into sizes; builds nobody works on are started again."""
    with connected() as conn:
        stored.fold(conn)
        mind(conn)


@app.periodic(cron="23 * * * *")
@app.task(name="cartfolk.tend_fifths", queueing_lock="tend-fifths")
def tend_fifths(timestamp: int) -> None:
    """Hourly: the cuts between fifths are worked out anew where they are a day old or much has changed."""
    with connected() as conn:
        for segment in cuts.tend(conn, now()):
            start(segment)


@app.periodic(cron="11 4 * * *")
@app.task(name="cartfolk.recount_segments", queueing_lock="recount-segments")
def recount_segments(timestamp: int) -> None:
    """Nightly: sizes are counted anew."""
    with connected() as conn:
        stored.recount(conn)
