"""How far contacts are computed anew after an update, for whoever wonders about numbers meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from cartfolk.core.sql import Connection
from cartfolk.properties import recompute

IDLE = 30.0  # seconds a process believes that nothing is computed anew: no page asks for that by itself
BUSY = 5.0


@dataclass(frozen=True, slots=True)
class Computing:
    """``rate`` in contacts a second and ``seconds_left``: None until two looks have told how fast it is."""

    done: int
    total: int
    rate: float | None
    seconds_left: float | None


@dataclass(slots=True)
class _Look:
    """What a process saw last, and first of this update."""

    until: float  # on the clock of time.monotonic
    told: Computing | None
    since: datetime | None = None
    began: float = 0
    waiting: int = 0


_looks: dict[tuple[str, int, str], _Look] = {}  # by database


def progress(conn: Connection) -> Computing | None:
    """How far it is; None when every number is as this version defines it. Asks the database at most every 30
    seconds a process, every 5 while it is under way."""
    clock = time.monotonic()
    key = (conn.info.host, conn.info.port, conn.info.dbname)
    last = _looks.get(key)
    if last is None or last.until <= clock:
        last = _looks[key] = _look(recompute.progress(conn), last, clock)
    return last.told


def _look(found: recompute.Progress | None, last: _Look | None, clock: float) -> _Look:
    if found is None:
        return _Look(clock + IDLE, None)
    if last is None or last.since != found.since or last.waiting < found.waiting:
        return _Look(clock + BUSY, Computing(found.done, found.total, None, None), found.since, clock, found.waiting)
    taken = last.waiting - found.waiting
    rate = taken / (clock - last.began) if taken else None
    told = Computing(found.done, found.total, rate, found.waiting / rate if rate else None)
    return _Look(clock + BUSY, told, last.since, last.began, last.waiting)
