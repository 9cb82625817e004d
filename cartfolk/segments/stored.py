"""Segments at rest: made, changed, deleted and brought back; their members, sizes, joins and leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from cartfolk.audit import log as audit
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.properties.defined import Defined
from cartfolk.segments import account, called, cuts, refresh
from cartfolk.segments.compile import compile as compile_segment
from cartfolk.segments.estimate import Estimate, estimate
from cartfolk.segments.language import from_json, to_json
from cartfolk.segments.static import NotStatic, SegmentMissing
from cartfolk.segments.tree import Context, Node

__all__ = ["Changed", "Counted", "InUse", "NameTaken", "NotStatic", "Segment", "SegmentMissing", "TooSlow"]

Q = Statements.beside(__file__, "stored.sql")
KEPT = timedelta(days=90)  # a deleted segment can be restored that long
LATEST = 20_000  # moves of all segments that are looked through for the last of one
FARTHEST = 200_000  # and for those of a segment that more than LATEST joined or left
PATIENCE = 1  # seconds a preview counts before it estimates
SAMPLE = 10
WAITING = 1_000
MOMENT = timedelta(seconds=5)


class NameTaken(ValueError):
    """Another segment has this name: choose another."""


class InUse(ValueError):
    """Other segments ask for members of this one: change or delete those first."""

    def __init__(self, users: list[str]) -> None:
        super().__init__(f"It is used by {', '.join(users)}. Change or delete those first.")
        self.users = users


class Changed(ValueError):
    """Somebody changed the segment since it was opened; ``segment`` is as it is now. Look at it, or save over it by
    naming its ``changed_at``."""

    def __init__(self, segment: Segment) -> None:
        super().__init__(f"{segment.name!r} was changed meanwhile. Look at it, or save over it.")
        self.segment = segment


class TooSlow(RuntimeError):
    """Counting took longer than it may: estimate, or save the segment, it is built in the background."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment. ``size`` is as of now; ``true`` says that its members are those of its present definition."""

    segment_id: int
    name: str
    kind: str  # active | static
    definition: dict[str, Any] | None
    version: int
    built: int
    state: str  # waiting building ready failed
    done: int
    expected: int | None
    error: str
    built_at: datetime | None
    size: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    deleted_at: datetime | None

    @property
    def true(self) -> bool:
        return self.kind == "static" or self.built == self.version


@dataclass(frozen=True, slots=True)
class Moves:
    """Joins and leaves of a segment, the newest first. ``further`` is what to ask for those before them; None: there
    are none."""

    rows: list[dict[str, Any]]
    further: int | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Contacts that wait to be looked at; with ``more`` there are more than that. False when nobody waits."""

    contacts: int
    more: bool

    def __bool__(self) -> bool:
        return self.contacts > 0


@dataclass(frozen=True, slots=True)
class Counted:
    """How many contacts an unsaved definition has, and some of them."""

    count: int
    sample: list[int]


def every(conn: Connection, *, deleted: bool = False) -> list[Segment]:
    """All segments by name; with ``deleted`` those that can still be restored."""
    return _all(conn, deleted, None)


def one(conn: Connection, segment: int, *, deleted: bool = False) -> Segment:
    """Raises :class:`SegmentMissing`."""
    if found := _all(conn, deleted, segment):
        return found[0]
    raise SegmentMissing(f"There is no segment {segment}; see the list of segments.")


def named(conn: Connection, name: str) -> Segment:
    """The segment of that name or number. Raises :class:`SegmentMissing`."""
    for item in every(conn):
        if item.name.lower() == name.lower() or str(item.segment_id) == name:
            return item
    raise SegmentMissing(f"There is no segment named {name!r}; see the list of segments.")


def _all(conn: Connection, deleted: bool, segment: int | None) -> list[Segment]:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(Q["all"], {"deleted": deleted, "since": now() - KEPT, "segment": segment}).fetchall()
    return [Segment(**row | {"size": int(row["size"])}) for row in rows]


def context(conn: Connection, itself: int | None = None, defined: Defined | None = None) -> Context:
    """What a definition is read against (see account.context), with the fifths that presets ask for."""
    found = account.context(conn, itself, defined)
    if found.cuts.keys() >= set(cuts.RFM):
        return found
    cuts.ensure(conn, cuts.RFM, now())
    return account.context(conn, itself, defined)


def read(conn: Connection, segment: Segment) -> tuple[Node, Context]:
    """What an active segment asks, and what to tell it with (sentence.py). Raises problems.Refused when it cannot be
    asked any more: a property, store or segment it names is gone."""
    where = context(conn, segment.segment_id)
    return from_json(segment.definition, where), called.context(conn, segment.definition, where)


def create(conn: Connection, name: str, definition: object | None, by: str) -> int:
    """Makes an active segment, or without a definition a static one; returns its number. An active one waits for its
    build (jobs.start). Raises :class:`NameTaken` and problems.Refused with every bad condition."""
    at = now()
    cuts.ensure(conn, cuts.asked(definition), at)
    checked = None if definition is None else to_json(from_json(definition, context(conn)))
    parameters = {
        "name": _name(name),
        "kind": "static" if checked is None else "active",
        "definition": None if checked is None else Jsonb(checked),
        "state": "ready" if checked is None else "waiting",
        "built": 1 if checked is None else 0,
        "at": at,
        "by": by,
    }
    try:
        with conn.transaction():
            (number,) = conn.execute(Q["add"], parameters).fetchone() or (0,)
            audit.note(conn, by, "segment.created", f"segment:{number}")
    except psycopg.errors.UniqueViolation:
        raise NameTaken(f"There is a segment named {name!r} already.") from None
    return int(number)


def redefine(conn: Connection, segment: int, definition: object, by: str) -> None:
    """Gives an active segment a new definition, to be built. Raises as :func:`create`, :class:`SegmentMissing`."""
    cuts.ensure(conn, cuts.asked(definition), now())
    checked = to_json(from_json(definition, context(conn, segment)))
    _change(conn, "redefine", segment, by, "segment.redefined", definition=Jsonb(checked))


def save(conn: Connection, segment: int, name: str, definition: object | None, by: str, seen: datetime | None) -> None:
    """Gives an active segment the name and, unless None, the definition that somebody made of it as it was when
    ``changed_at`` was ``seen``. Raises :class:`Changed` when it is not any more, and as :func:`rename` and
    :func:`redefine`; nothing is saved then."""
    with conn.transaction():
        conn.execute(Q["lock"], {"segment": segment})
        there = one(conn, segment)
        renamed = _name(name) != there.name
        if (renamed or definition is not None) and there.changed_at != seen:
            raise Changed(there)
        if renamed:
            rename(conn, segment, name, by)
        if definition is not None:
            redefine(conn, segment, definition, by)


def rename(conn: Connection, segment: int, name: str, by: str) -> None:
    """Raises :class:`NameTaken`, :class:`SegmentMissing`."""
    try:
        _change(conn, "rename", segment, by, "segment.renamed", name=_name(name))
    except psycopg.errors.UniqueViolation:
        raise NameTaken(f"There is a segment named {name!r} already.") from None


def delete(conn: Connection, segment: int, by: str) -> None:
    """Puts a segment aside for 90 days. Raises :class:`InUse`, :class:`SegmentMissing`."""
    if users := used_by(conn, segment):
        raise InUse([user.name for user in users])
    _change(conn, "delete", segment, by, "segment.deleted")


def restore(conn: Connection, segment: int, by: str) -> None:
    """Brings a deleted one back. Raises :class:`SegmentMissing`, :class:`NameTaken`."""
    try:
        _change(conn, "restore", segment, by, "segment.restored")
    except psycopg.errors.UniqueViolation:
        raise NameTaken("Another segment has this name by now; rename that one first.") from None


def cancel(conn: Connection, segment: int, by: str) -> None:
    """Ends a build that waits or runs; the segment stays as it is and says that it is not complete."""
    _change(conn, "cancel", segment, by, "segment.cancelled")


def rebuild(conn: Connection, segment: int, by: str) -> None:
    """Has an active segment built again. Raises :class:`SegmentMissing`."""
    _change(conn, "again", segment, by, "segment.rebuilt")


def _change(conn: Connection, statement: str, segment: int, by: str, act: str, **more: object) -> None:
    with conn.transaction():
        if not conn.execute(Q[statement], {"segment": segment, "at": now(), "by": by, **more}).rowcount:
            raise SegmentMissing(f"There is no segment {segment} this can be done with; see the list of segments.")
        audit.note(conn, by, act, f"segment:{segment}")


def _name(name: str) -> str:
    text = " ".join(name.split())
    if not 1 <= len(text) <= 120:
        raise ValueError("A segment needs a name of 1 to 120 characters.")
    return text


def used_by(conn: Connection, segment: int) -> list[Segment]:
    """The segments whose definition names this one."""
    return [item for item in every(conn) if segment in refresh.names(item.definition)]


def preview(conn: Connection, root: Node, where: Context, at: datetime) -> Counted | Estimate:
    """How many contacts a definition has, counted where that is quick, else by some of them."""
    try:
        return count(conn, root, where, at, PATIENCE)
    except TooSlow:
        return estimate(conn, root, where, at, SAMPLE)


def count(conn: Connection, root: Node, where: Context, at: datetime, patience: float = PATIENCE) -> Counted:
    """How many contacts a definition has at ``at``, with some of them. Raises :class:`TooSlow`. A condition on members
    of another segment takes them as they are now."""
    found = compile_segment(root, where)
    text = (
        f"with found as materialized ({found.text}) select (select count(*) from found),"
        f" array(select contact_id from found order by contact_id desc limit {SAMPLE})"
    )
    try:
        with conn.transaction():
            conn.execute("select set_config('statement_timeout', %s, true)", [f"{max(1, int(patience * 1000))}ms"])
            number, sample = conn.execute(text, found.at(at)).fetchone() or (0, [])
    except psycopg.errors.QueryCanceled:
        raise TooSlow("Counting takes too long. Save it: it is built in the background.") from None
    return Counted(int(number), list(sample))


def members(conn: Connection, segment: int, after: int = 0, limit: int = 100) -> list[int]:
    """A page of the members by number, those after ``after``."""
    rows = conn.execute(Q["members"], {"segment": segment, "after": after, "limit": limit})
    return [row[0] for row in rows]


def compare(conn: Connection, one_id: int, other: int) -> tuple[int, int, int]:
    """How many are in both, only in the first, only in the second."""
    row = conn.execute(Q["compare"], {"one": one_id, "other": other}).fetchone() or (0, 0, 0)
    return int(row[0]), int(row[1]), int(row[2])


def sizes(conn: Connection, segment: int, since: date) -> list[tuple[date, int]]:
    """The size at the end of each day with a change, oldest first."""
    return [(row[0], row[1]) for row in conn.execute(Q["sizes"], {"segment": segment, "since": since})]


def moves(conn: Connection, segment: int, limit: int = 50, before: int | None = None) -> Moves:
    """A page of the joins and leaves, the newest first, of those before ``before``. However many there are, some
    thousand rows are read: those of a segment that changes lie among the last of all; of one that few joined or left
    they are found by its number; of one that many joined long ago a page may end before it is full."""
    asked: dict[str, Any] = {"segment": segment, "limit": limit + 1, "before": before, "few": LATEST}
    with conn.cursor(row_factory=dict_row) as cursor:
        for window in (LATEST, FARTHEST):
            reached = cursor.execute(Q["reach"], asked | {"window": window}).fetchone()
            lowest = reached["log_id"] if reached else None
            rows = cursor.execute(Q["latest"], asked | {"lowest": lowest}).fetchall()
            if len(rows) <= limit and lowest is not None and window == LATEST and _few(conn, asked):
                rows, lowest = cursor.execute(Q["log"], asked).fetchall(), None
            if len(rows) > limit:
                return Moves(rows[:limit], rows[limit - 1]["log_id"])
            if lowest is None:
                return Moves(rows, None)
    return Moves(rows, lowest)


def _few(conn: Connection, asked: dict[str, Any]) -> bool:
    (count,) = conn.execute(Q["few"], asked).fetchone() or (0,)
    return int(count) <= LATEST


def of_contact(conn: Connection, contact_id: int) -> list[dict[str, Any]]:
    """The segments a contact is in by name, with ``since`` (None: it was in before anything was noted)."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(Q["of_contact"], {"contact": contact_id}).fetchall()


def log_of_contact(conn: Connection, contact_id: int, limit: int = 100) -> list[dict[str, Any]]:
    """What a contact joined and left, the newest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(Q["log_of_contact"], {"contact": contact_id, "limit": limit}).fetchall()


def waiting(conn: Connection) -> Waiting:
    """How many contacts wait to be looked at, and more than WAITING are not counted: as long as there are any, active
    segments are catching up. What the clock reached a moment ago is about to be looked at."""
    (count,) = conn.execute(Q["waiting"], {"at": now() - MOMENT, "most": WAITING + 1}).fetchone() or (0,)
    return Waiting(min(int(count), WAITING), int(count) > WAITING)


def fold(conn: Connection) -> None:
    """Takes counted joins and leaves into the sizes and the day's history."""
    conn.execute(Q["fold"], {"at": now()})


def recount(conn: Connection) -> None:
    """Counts every segment anew and forgets what was deleted long ago."""
    with conn.transaction():
        conn.execute(Q["lock_sizes"])
        fold(conn)
        conn.execute(Q["recount"])
        conn.execute(Q["forget_deleted"], {"before": now() - KEPT})
