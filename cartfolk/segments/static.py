"""Static segments: contacts that people, files and programs put in and take out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.identity.resolve import hold
from cartfolk.segments import refresh

Q = Statements.beside(__file__, "static.sql")
BATCH = 5_000


class NotStatic(ValueError):
    """The segment follows its definition: change that, or save it as static first."""


class SegmentMissing(LookupError):
    """There is no such segment, or it was deleted: look at the list."""


def add(conn: Connection, segment: int, contacts: Sequence[int], by: str = "user") -> list[int]:
    """Puts contacts in; returns those that were not in it. Raises :class:`NotStatic`, :class:`SegmentMissing`."""
    return _each(conn, "put", segment, contacts, by)


def remove(conn: Connection, segment: int, contacts: Sequence[int], by: str = "user") -> list[int]:
    """Takes contacts out; returns those that were in it. Raises :class:`NotStatic`, :class:`SegmentMissing`."""
    return _each(conn, "take", segment, contacts, by)


def _each(conn: Connection, statement: str, segment: int, contacts: Sequence[int], reason: str) -> list[int]:
    kind, _definition = conn.execute(Q["kind"], {"segment": segment}).fetchone() or (None, None)
    if kind is None:
        raise SegmentMissing(f"There is no segment {segment}; see the list of segments.")
    if kind != "static":
        raise NotStatic("This segment follows its definition. Change the definition, or save it as a static one.")
    ids = sorted(set(contacts))
    changed: list[int] = []
    for start in range(0, len(ids), BATCH):
        with conn.transaction():
            held = set(hold(conn, ids[start : start + BATCH]).values())
            changed += _move(conn, statement, segment, sorted(held), now(), reason)
    return changed


def put(conn: Connection, segment: int, contacts: Sequence[int], at: datetime, reason: str) -> list[int]:
    """The same inside the caller's transaction, without a look at the segment; the caller holds the contacts."""
    return _move(conn, "put", segment, contacts, at, reason)


def _move(
    conn: Connection, statement: str, segment: int, contacts: Sequence[int], at: datetime, reason: str
) -> list[int]:
    parameters = {"segment": segment, "contacts": list(contacts), "at": at, "reason": reason}
    moved = [row[0] for row in conn.execute(Q[statement], parameters)]
    if moved:
        refresh.of_some(conn, {segment}, moved, at, "segment", historic=False)
    return moved
