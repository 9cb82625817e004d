"""One property changed for many contacts: asked for once, done in parts, taken back as a whole.

The contacts are noted first, as numbers, so that what an edit changes cannot change who is edited, and so that an
edit killed half-way goes on where it was. Every part is one transaction through properties/write.py. Taking back
reads the history: what was changed by somebody else since stays.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from cartfolk.audit import log
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.identity.resolve import hold
from cartfolk.properties import defined
from cartfolk.properties.write import Mode, Outcome, Write, write

from . import listing
from .models import BulkEdit, BulkPart

Q = Statements.beside(__file__, "bulk.sql")
PART = 1_000  # contacts a transaction: nobody waits longer than that takes
AT_ONCE = 1_000  # up to here the reader waits for it; more is done by the worker
TRIED = 1_000  # contacts a preview tries the change on


@dataclass(frozen=True, slots=True)
class Selection:
    """The contacts something is done with: some by number, or all that a question finds when it is asked."""

    ids: tuple[int, ...] = ()
    question: listing.Question | None = None

    def contacts(self, conn: Connection) -> Generator[int]:
        """Their numbers, ascending, in bounded memory."""
        if self.question is None:
            yield from self.ids
            return
        with conn.transaction(), conn.cursor(name="selection") as cursor:
            cursor.itersize = 10_000
            cursor.execute(*listing.everybody_found(self.question, sql.SQL("x.contact_id"), " order by x.contact_id"))
            for row in cursor:
                yield row[0]

    def count(self, conn: Connection) -> int:
        if self.question is None:
            return len(self.ids)
        return listing.count_found(conn, self.question) or 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edit would do: tried on ``tried`` of ``total`` contacts."""

    total: int
    tried: int
    changed: int
    refused: int
    reason: str

    @property
    def estimate(self) -> int:
        """How many of all would change."""
        return round(self.changed * self.total / self.tried) if self.tried else 0


class _Tried(Exception):
    """Takes a tried change back."""


def preview(conn: Connection, selection: Selection, name: str, mode: Mode, value: object) -> Preview:
    """Tries the change on the first contacts and takes it back: the very statements, so the figures are true."""
    with closing(selection.contacts(conn)) as found:
        contacts = list(itertools.islice(found, TRIED))
    outcomes: list[Outcome] = []
    try:
        with conn.transaction():
            outcomes = _write(conn, contacts, name, mode, value, "preview", "")
            raise _Tried
    except _Tried:
        pass
    total = selection.count(conn) if len(contacts) == TRIED else len(contacts)
    changed, refused, reason = _summed(outcomes)
    return Preview(total, len(contacts), changed, refused, reason)


def ask(conn: Connection, by: str, selection: Selection, name: str, mode: Mode, value: object) -> BulkEdit:
    """Notes the edit and its contacts, and the act in the audit log; :func:`run` does it."""
    with conn.transaction():
        edit = BulkEdit.objects.create(by=by, created_at=now(), property=name, mode=mode.value, value=value)
        contacts = selection.contacts(conn)
        for number in itertools.count():
            part = list(itertools.islice(contacts, PART))
            if not part:
                break
            BulkPart.objects.create(edit=edit, number=number, contacts=part)
            edit.total += len(part)
        edit.save(update_fields=["total"])
        log.note(conn, by, "contacts.edit", f"bulk:{edit.pk}", property=name, mode=mode.value, contacts=edit.total)
    return edit


def run(conn: Connection, edit: BulkEdit) -> None:
    """Does what is left of the edit, or takes back what is left of it. Killed, it is called again."""
    going = str(BulkEdit.State.UNDOING if edit.state == BulkEdit.State.UNDOING else BulkEdit.State.RUNNING)
    while True:
        try:
            if not _part(conn, edit, going):
                break
        except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
            continue
    after = BulkEdit.State.UNDONE if going == BulkEdit.State.UNDOING else BulkEdit.State.DONE
    conn.execute(Q["finish"], {"edit": edit.pk, "before": going, "after": str(after)})


def undo(conn: Connection, by: str, edit: BulkEdit) -> bool:
    """Begins to take the edit back; False when it is not done, or taken back already."""
    with conn.transaction():
        if conn.execute(Q["back"], {"edit": edit.pk}).fetchone() is None:
            return False
        log.note(conn, by, "contacts.edit_undone", f"bulk:{edit.pk}", property=edit.property)
    return True


def _part(conn: Connection, edit: BulkEdit, going: str) -> bool:
    with conn.transaction():
        row = conn.execute(Q["part"], {"edit": edit.pk, "state": going}).fetchone()
        if row is None:
            return False
        if going == BulkEdit.State.UNDOING:
            changed, refused, reason = 0, *_restore(conn, row[0], edit)
        else:
            outcomes = _write(conn, row[0], edit.property, Mode(edit.mode), edit.value, f"bulk:{edit.pk}", edit.by)
            changed, refused, reason = _summed(outcomes)
        told = {"edit": edit.pk, "handled": len(row[0]), "changed": changed, "refused": refused, "reason": reason}
        conn.execute(Q["advance"], told)
    return True


def _write(
    conn: Connection, contacts: Sequence[int], name: str, mode: Mode, value: object, source_id: str, by: str
) -> list[Outcome]:
    writes = [Write(contact, {name: value}) for contact in contacts]
    return write(conn, writes, mode=mode, source="user", source_id=source_id, by=by)


def _summed(outcomes: Sequence[Outcome]) -> tuple[int, int, str]:
    refusals = [refusal for outcome in outcomes for refusal in outcome.refused]
    changed = sum(bool(outcome.changed) for outcome in outcomes)
    return changed, len(refusals), refusals[0].reason if refusals else ""


def _restore(conn: Connection, contacts: Sequence[int], edit: BulkEdit) -> tuple[int, str]:
    """Puts back what the property held; how many contacts keep what they have, and why where a value was refused (the
    others were changed since, or merged). Of an own property the shop's value counts first; people's word is written
    again only where it was another one."""
    name = edit.property
    people = sorted(set(hold(conn, contacts).values()))  # nobody changes what is looked at
    asked = {"contacts": people, "source": f"bulk:{edit.pk}", "name": name, "since": edit.created_at}
    rows = conn.execute(Q["before"], asked).fetchall()
    held: dict[int, Any] = {contact: value for contact, value, stays in rows if not stays}
    left = len(rows) - len(held)
    item = defined.load(conn, archived=True).properties.get(name)
    outcomes: list[Outcome] = []

    def put(values: dict[int, Any]) -> None:
        nonlocal outcomes
        writes = [Write(contact, {name: value}) for contact, value in values.items()]
        outcomes += write(conn, writes, mode=Mode.OVERWRITE, source="restore", source_id=f"bulk:{edit.pk}", by=edit.by)

    if item is not None and item.own and held:
        put(dict.fromkeys(held))
        shops: dict[int, Any] = dict(conn.execute(Q["effective"], {"contacts": list(held), "name": name}).fetchall())
        held = {contact: value for contact, value in held.items() if shops.get(contact) != value}
    put(held)
    _changed, refused, reason = _summed(outcomes)
    return refused + left, reason
