"""The order of contacts by any property, kept ready for the properties people sort by.

contact_list has indexes of its own. A property that only a wide table holds gets, when somebody sorts by it, a
narrow row per contact in contact_sort (:func:`fill`, some seconds per million contacts, in the worker). From then on
these rows are kept true: of contact_property by the statement that computes contacts (``write`` in queries.sql), of
contact_custom, what people set, by whoever writes there (:func:`follow`). What is not asked for any more is given up
by :func:`tidy`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

import psycopg
from psycopg import sql

from cartfolk.core.sql import Connection, Statements, array

Q = Statements.beside(__file__, "sorting.sql")
MOST = 6  # properties kept at a time; each costs a narrow row per contact
KEPT = timedelta(days=30)  # since it was last asked for
_CHUNK = 5_000  # contacts a transaction: nobody waits longer than that takes
_KINDS = {"timestamp with time zone": "time", "boolean": "bool", "date": "date"}
_NUMBERS = {"numeric", "bigint", "integer", "smallint", "double precision", "real"}


@dataclass(frozen=True, slots=True)
class Key:
    """What a property is sorted by: ``value`` over ``contact_property p``, with ``custom`` over ``contact_custom p``;
    kept in contact_sort's ``column``."""

    name: str
    kind: str  # word number time bool date
    value: sql.Composed
    custom: bool = False

    @property
    def column(self) -> str:
        return "word" if self.kind == "word" else "number"


def key(name: str, column_type: str, *, custom: bool = False) -> Key:
    """How a property is sorted, by the PostgreSQL type of its column; lists and JSON by their text."""
    column = sql.Identifier("p", name)
    kind = "number" if column_type in _NUMBERS else _KINDS.get(column_type, "word")
    texts: dict[str, LiteralString] = {
        "word": '(left(lower({}), 200) collate "C")',
        "number": "({}::numeric)",
        "time": "extract(epoch from {})",
        "bool": "({}::integer::numeric)",
        "date": "extract(epoch from {}::timestamp)",
    }
    if column_type != "text":
        texts["word"] = "(left(lower(to_jsonb({}) #>> '{{}}'), 200) collate \"C\")"
    return Key(name, kind, sql.SQL(texts[kind]).format(column), custom)


def place(conn: Connection, name: str, at: datetime) -> int | None:
    """The ``sort_id`` under which contact_sort holds every contact by this property; None: not (yet)."""
    row = conn.execute(Q["find"], {"name": name, "at": at}).fetchone()
    if row is None or not row[1]:
        return None
    if row[2]:
        conn.execute(Q["note_asked"], {"name": name, "at": at})
    return int(row[0])


def fill(conn: Connection, wanted: Key, at: datetime) -> bool:
    """Makes the order of a property ready; a killed one is continued by the next call.

    ``conn`` is autocommit: it works in short transactions beside every other writer. False when another
    process fills one now; ask again later.
    """
    if not _true(conn, "alone"):
        return False
    try:
        tidy(conn, at, MOST - 1, wanted.name)
        sort_id, ready = conn.execute(
            Q["register"], {"name": wanted.name, "kind": wanted.kind, "custom": wanted.custom, "at": at}
        ).fetchone() or (0, False)
        if not ready:
            _wait_for_writers(conn)
            _copy(conn, wanted, sort_id)
            conn.execute(Q["forget_gone"], {"sort": sort_id})
            conn.execute(Q["complete"], {"sort": sort_id})
        return True
    finally:
        _true(conn, "release")


def tidy(conn: Connection, at: datetime, most: int = MOST, but: str = "") -> None:
    """Gives up the orders not asked for since :data:`KEPT`, and the longest unasked beyond ``most``; not ``but``."""
    conn.execute(Q["surplus"], {"most": most, "before": at - KEPT, "but": but})
    kept = [row[0] for row in conn.execute(Q["kept"])]
    while conn.execute(Q["forget_unkept"], {"kept": kept, "limit": 10 * _CHUNK}).rowcount:
        pass


def follow(conn: Connection, contacts: Sequence[int]) -> None:
    """The orders kept of what people set, after contact_custom was written for these contacts, in its transaction."""
    if contacts:
        conn.execute(Q["follow"], {"contacts": array(contacts)})


def give_up(conn: Connection, name: str) -> None:
    """Keeps no order of this property any more; its rows go with the next :func:`tidy`."""
    conn.execute(Q["give_up"], {"name": name})


def _wait_for_writers(conn: Connection) -> None:
    """Until every computation that may not know of the property yet has ended."""
    waiting = {row[0] for row in conn.execute(Q["writers"])}
    while waiting:
        time.sleep(0.02)
        waiting &= {row[0] for row in conn.execute(Q["writers"])}


def _copy(conn: Connection, wanted: Key, sort_id: int) -> None:
    """A row for every contact that has none; where a computation was quicker, its row is the newer one."""
    source: LiteralString = "contact_property p"
    if wanted.custom:
        source = "(contact_property l left join contact_custom v using (contact_id)) p"
    statement = sql.SQL(
        "with part as materialized (select p.contact_id, {value} as value from {source}"
        " where p.contact_id > %(after)s order by p.contact_id limit %(limit)s),"
        " copied as (insert into contact_sort (contact_id, sort_id, {column})"
        " select contact_id, %(sort)s, value from part on conflict do nothing)"
        " select max(contact_id) from part"
    ).format(value=wanted.value, source=sql.SQL(source), column=sql.Identifier(wanted.column))
    after: int | None = 0
    while after is not None:
        try:
            row = conn.execute(statement, {"after": after, "limit": _CHUNK, "sort": sort_id}).fetchone()
        except psycopg.errors.DeadlockDetected:
            continue
        after = row[0] if row else None


def _true(conn: Connection, name: str) -> bool:
    row = conn.execute(Q[name]).fetchone()
    return bool(row and row[0])
