"""How far a backfill is: for the store's page and the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cartfolk.core.sql import Connection

from .deliveries import Q


@dataclass(frozen=True, slots=True)
class StreamProgress:
    """Rows of one stream. ``expected`` is None where the platform cannot say."""

    stream: str
    expected: int | None
    fetched: int
    applied: int


@dataclass(frozen=True, slots=True)
class Progress:
    """``rate`` in rows a second, ``seconds_left`` until everything is applied (None = not known yet),
    ``fraction`` 0 to 1 of what is applied; ``note`` says what the run waits for or why it ended."""

    run_id: int
    state: str
    started_at: datetime
    finished_at: datetime | None
    seconds: float
    streams: tuple[StreamProgress, ...]
    quarantined: int
    note: str

    @property
    def fetched(self) -> int:
        return sum(stream.fetched for stream in self.streams)

    @property
    def applied(self) -> int:
        return sum(stream.applied for stream in self.streams)

    @property
    def expected(self) -> int:
        """What there is: what the shop counted, or more when more came; exact once all is fetched."""
        if self.state == "done":
            return self.fetched
        return sum(max(stream.expected or 0, stream.fetched) for stream in self.streams)

    @property
    def rate(self) -> float:
        return self.applied / self.seconds if self.seconds > 0 else 0.0

    @property
    def fraction(self) -> float:
        if self.expected == 0:
            return 1.0 if self.state == "done" else 0.0
        return min(1.0, self.applied / self.expected)

    @property
    def seconds_left(self) -> float | None:
        if self.complete:
            return 0.0
        return (self.expected - self.applied) / self.rate if self.rate > 0 else None

    @property
    def complete(self) -> bool:
        """Everything fetched is applied as well."""
        return self.state == "done" and self.applied >= self.fetched


def applied(conn: Connection, rows: Iterable[tuple[int, str, int]]) -> None:
    """Counts rows (run id, stream, rows) as handled.

    Call as the *last* statement of the transaction that applied them: the counter's row is shared with
    the fetching process and the other workers, who would wait for as long as it is held.
    """
    several = list(rows)
    if several:
        run_ids, streams, counts = zip(*several, strict=True)
        conn.execute(Q["count_applied"], {"run_ids": list(run_ids), "streams": list(streams), "rows": list(counts)})


def latest(conn: Connection, store_id: int) -> Progress | None:
    """The store's newest backfill, running or over; None when there was none."""
    row = conn.execute(Q["latest_run"], {"store_id": store_id}).fetchone()
    if row is None:
        return None
    run_id, _store, state, _high_water, started_at, finished_at, _beat, seconds, error, quarantined = row
    streams = conn.execute(Q["streams"], {"run_id": run_id}).fetchall()
    return Progress(
        run_id,
        state,
        started_at,
        finished_at,
        float(seconds),
        tuple(StreamProgress(stream, expected, got, done) for stream, _position, expected, got, done in streams),
        int(quarantined),
        error or "",
    )
