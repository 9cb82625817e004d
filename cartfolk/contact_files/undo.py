"""Takes an import of contacts back, a chunk at a time, as far as nobody touched since what it did.

A value goes back to what people had set before (the shop's own counts again where they had set nothing), unless
somebody changed it later. A contact that this import made goes, unless anything else knows it by now: a shop, another
import, somebody who edited it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from cartfolk.commerce import derive
from cartfolk.commerce.tables import QUEUES
from cartfolk.core.sql import Connection, again
from cartfolk.identity import merges
from cartfolk.identity.resolve import Q as IDENTITY
from cartfolk.inbox.files import ledger
from cartfolk.properties.defined import load
from cartfolk.properties.write import Mode, Write, write

from .contacts import Q, own_words, source_id

CHUNK = 500  # contacts of one transaction; they are held against their shops meanwhile
_ROOMS = ("inbox", "segments", "properties", "commerce", "identity")  # from the end to the beginning
_OURS = {  # rows that a contact has by being one, or that say nothing on their own
    "contact", "identity", "contact_import_row", "contact_property", "contact_custom", "property_history",
    "contact_list", "contact_sort", "duplicate", "duplicate_key", "conversion",
    "contact_due", "consent_event",
}  # fmt: skip


class Undo:
    """Works on one undo until it is done; ``step`` is one chunk. ``conn`` is autocommit."""

    def __init__(self, conn: Connection, import_id: int) -> None:
        one = ledger.get(conn, import_id)
        self._conn, self._number, self._by = conn, import_id, one.made_by
        self._at = one.undo_at
        self._told: Counter[str] = Counter(one.undone)
        self._tables = _tables()

    def step(self) -> bool:
        """One chunk; False when there is nothing more to do."""
        return again(self._step)

    def _step(self) -> bool:
        began = time.monotonic()
        with self._conn.transaction():
            if ledger.hold(self._conn, self._number) != "undoing":
                return False
            rows = self._held()
            if not rows:
                ledger.finish(self._conn, self._number, "undone")
                return False
            told = self._told + Counter(self._chunk(rows))
            seconds = time.monotonic() - began
            self._conn.execute(
                ledger.Q["undo_advance"],
                {"id": self._number, "at": rows[-1][0], "undone": Jsonb(dict(told)), "seconds": seconds},
            )
        self._at, self._told = rows[-1][0], told
        return True

    def _held(self) -> list[tuple[int, bool, Mapping[str, Any], Mapping[str, Any]]]:
        """The next rows, their contacts held against everybody: a shop that names one of them meanwhile waits, and
        makes it anew if it is gone. Whoever may go is held against a claim on its address, too, which would be left
        without a contact."""
        asked = {"id": self._number, "after": self._at, "limit": CHUNK}
        held: set[int] = set()
        while True:
            rows = self._conn.execute(ledger.Q["rows_to_undo"], asked).fetchall()
            contacts = {row[0] for row in rows}
            if contacts <= held:
                return rows
            if any(mine for _contact, mine, *_ in rows):
                self._conn.execute(IDENTITY["lock_identities"])
            self._conn.execute(IDENTITY["lock_for_merge"], {"contacts": sorted(contacts)})
            held |= contacts  # read again: a merge that was waited for has moved rows

    def _chunk(self, rows: Sequence[tuple[int, bool, Mapping[str, Any], Mapping[str, Any]]]) -> dict[str, int]:
        made = [contact for contact, mine, *_ in rows if mine]
        touched = self._touched(made)
        gone = [contact for contact in made if contact not in touched]
        stay = [row for row in rows if row[0] not in set(gone)]
        self._conn.execute(ledger.Q["hand_down"], {"id": self._number, "contacts": [row[0] for row in stay]})
        told = {"removed": len(gone), "kept": len(touched), **self._restore(stay)}
        if gone:
            merges.forget(self._conn, gone)
            derive.leave_queue(self._conn, gone)
        for table in self._tables if gone else ():
            statement = sql.SQL("delete from {} where contact_id = any(%s)").format(sql.Identifier(table))
            self._conn.execute(statement, [gone])
        return told

    def _touched(self, made: Sequence[int]) -> set[int]:
        """Of the contacts this import made those that something else knows by now."""
        asked = {"contacts": list(made), "id": self._number, "source_id": source_id(self._number)}
        found: set[int] = set()
        for statement in (
            ledger.Q["in_other_imports"], Q["edited"], Q["more_names"], Q["consents_of_others"],
        ):  # fmt: skip
            found |= {row[0] for row in self._conn.execute(statement, asked | {"import": str(self._number)})}
        for table in self._tables:
            if table not in _OURS:
                asking = sql.SQL("select distinct contact_id from {} where contact_id = any(%s)")
                rows = self._conn.execute(asking.format(sql.Identifier(table)), [list(made)])
                found |= {row[0] for row in rows}
        return found

    def _restore(self, rows: Sequence[tuple[int, bool, Mapping[str, Any], Mapping[str, Any]]]) -> dict[str, int]:
        contacts = [row[0] for row in rows]
        asked = {"contacts": contacts, "source_id": source_id(self._number)}
        later = set(self._conn.execute(Q["changed_since"], asked).fetchall())
        there = load(self._conn, archived=True).properties  # one may have been deleted since the undo began
        names = sorted({name for *_, after in rows for name in after} & there.keys())
        current = own_words(self._conn, contacts, names)
        writes: list[Write] = []
        left = 0
        for contact, _made, before, after in rows:
            values = {
                name: before.get(name)
                for name, value in after.items()
                if (contact, name) not in later and current.get(contact, {}).get(name) == value
            }
            left += len(after) - len(values)
            if values:
                writes.append(Write(contact, values))
        outcomes = write(
            self._conn, writes, mode=Mode.OVERWRITE, source="restore", source_id=source_id(self._number), by=self._by
        )
        restored = sum(len(outcome.changed) for outcome in outcomes)
        return {
            "restored": restored,
            "contacts": sum(1 for outcome in outcomes if outcome.changed),
            "left": left + sum(len(outcome.refused) for outcome in outcomes),
        }


def _tables() -> list[str]:
    """Every table with a person's rows, the queue left out."""
    names: list[str] = []
    for room in _ROOMS:
        if find_spec(f"cartfolk.{room}.tables"):
            names += import_module(f"cartfolk.{room}.tables").PERSON_TABLES
    return [name for name in names if name not in QUEUES]
