"""Builds a segment after its definition changed, in the background and beside everybody else.

One statement says who should be a member now, another who is noted as one; only contacts on whom the two differ are
looked at again, each batch under its locks by the statement that keeps touched contacts true. So a contact touched
meanwhile is right whoever comes first, and a build that was killed is simply made again.
"""

from __future__ import annotations

import time

import psycopg

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.identity.resolve import lock_for_refresh
from cartfolk.segments import refresh
from cartfolk.segments.compile import compile as compile_segment
from cartfolk.segments.due import clocked
from cartfolk.segments.tree import Context, Node

Q = Statements.beside(__file__, "build.sql")
BATCH = 5_000  # contacts a transaction
GONE = "A condition asks for something that is gone. Open the definition and mend it."
_LOST = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


def build(conn: Connection, segment: int) -> bool:
    """Makes the members of a segment those of its present definition; False when there was nothing to build, another
    process builds it, or it was cancelled or redefined meanwhile. ``conn`` is autocommit."""
    if not _true(conn, "alone", segment):
        return False
    try:
        row = conn.execute(Q["take"], {"segment": segment}).fetchone()
        if row is None:
            return False
        version = int(row[0])
        now_defined = refresh.definitions(conn)
        root = now_defined.roots.get(segment)
        if root is None:
            conn.execute(Q["failed"], {"segment": segment, "version": version, "error": GONE})
            return False
        if not _build(conn, segment, version, root, now_defined.context):
            conn.execute(Q["stopped"], {"segment": segment})
            return False
        conn.execute(Q["complete"], {"segment": segment, "version": version, "at": now()})
        return True
    finally:
        _true(conn, "release", segment)


def mind(conn: Connection) -> None:
    """Segments that can be asked no more (a property they name is archived) are said to have stopped; those that can
    again wait for a build, since what happened meanwhile passed them by."""
    found = refresh.definitions(conn)
    told = {"refused": sorted(found.refused), "readable": sorted(found.roots), "gone": GONE}
    conn.execute(Q["stop"], told)
    conn.execute(Q["go_on"], told)


def waiting(conn: Connection) -> list[int]:
    """Segments that wait for a build, or whose builder died."""
    return [row[0] for row in conn.execute(Q["waiting"])]


def _build(conn: Connection, segment: int, version: int, root: Node, context: Context) -> bool:
    if clocked(root, context):  # everybody is looked at: the clock must know when each of them is due
        contacts = [row[0] for row in conn.execute(Q["everybody"])]
    else:
        wanted = compile_segment(root, context)
        members = {row[0] for row in conn.execute(wanted.text, wanted.at(now()))}
        present = {row[0] for row in conn.execute(Q["present"], {"segment": segment})}
        contacts = sorted(members ^ present)
    steps = {"segment": segment, "version": version, "expected": len(contacts)}
    for start in range(0, len(contacts), BATCH):
        if not conn.execute(Q["step"], steps | {"done": start}).fetchone():
            return False
        _batch(conn, segment, contacts[start : start + BATCH])
    return bool(conn.execute(Q["step"], steps | {"done": len(contacts)}).fetchone())


def _batch(conn: Connection, segment: int, contacts: list[int]) -> None:
    for attempt in range(5):
        try:
            with conn.transaction():
                held = lock_for_refresh(conn, contacts)
                refresh.of_some(conn, {segment}, held, now(), "definition", historic=True)
            return
        except _LOST:
            if attempt == 4:
                raise
            time.sleep(0.05 * (attempt + 1))


def _true(conn: Connection, name: str, segment: int) -> bool:
    row = conn.execute(Q[name], {"segment": segment}).fetchone()
    return bool(row and row[0])
