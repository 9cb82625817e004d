"""Contacts from a file, a chunk at a time: find or make, write, note what changed.

A check does the very same on contacts that exist only inside its transaction, and rolls it back.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from psycopg import sql

from cartfolk import people, pipeline
from cartfolk.core.sql import LOST, Connection, Statements
from cartfolk.core.time import now
from cartfolk.identity import normalise
from cartfolk.identity.decide import Sighting
from cartfolk.identity.merges import standing
from cartfolk.identity.resolve import lock_for_refresh, look_up, pretend
from cartfolk.inbox.files import errors, ledger
from cartfolk.inbox.files.ledger import Step
from cartfolk.properties.catalogue import Property
from cartfolk.properties.defined import load
from cartfolk.properties.write import Outcome, Write, write
from cartfolk.stores import lookup

from . import upload
from .columns import KEYS, Chosen, check
from .rows import Problem, Reader, Wanted

Q = Statements.beside(__file__)
CHUNK = 2_000  # rows of one transaction
SHOWN = 20  # rows of each outcome a check shows


def source_id(import_id: int) -> str:
    """How the history names this import."""
    return f"file:{import_id}"


def own_words(conn: Connection, contacts: Iterable[int], names: Iterable[str]) -> dict[int, dict[str, Any]]:
    """What people set of these properties, as JSON values; ``names`` are columns of contact_custom."""
    columns = sql.SQL(", ").join(sql.Identifier("c", name) for name in names)
    if not columns.as_string(conn):
        return {}
    statement = sql.SQL(Q["own_words"]).format(columns=columns)
    return dict(conn.execute(statement, {"contacts": sorted(set(contacts))}).fetchall())


class _Gone(Exception):
    """A contact of the chunk was merged or erased since it was found."""


@dataclass(slots=True)
class _Group:
    """What became of a chunk: row by row, and contact by contact."""

    outcomes: list[tuple[Wanted, Outcome, bool]] = field(default_factory=list)  # row, what was written, is it new
    problems: list[Problem] = field(default_factory=list)


class Contacts:
    """Works on one import until it is done, cancelled or its process dies; ``step`` is one chunk.

    ``conn`` and ``identity_conn`` are autocommit and of their own. Raises ledger.UnknownImport, FileUnreadable,
    MappingWrong.
    """

    def __init__(self, conn: Connection, identity_conn: Connection, import_id: int) -> None:
        one = ledger.get(conn, import_id)
        if one.state == "checking" and one.rows:  # it knows only what its own process saw
            ledger.start(conn, import_id, "checking", before=["checking"])
            one = ledger.get(conn, import_id)
        self._conn, self._identity = conn, identity_conn
        self._number, self._state, self._began = import_id, one.state, one.began_at or now()
        self._by = one.made_by
        self._chosen = Chosen.read(one.settings)
        self._known = load(conn)
        with translation.override(self._chosen.language):  # a property may have been archived since it was chosen
            check(self._chosen, one.files[0]["columns"], self._known)
        self._written = sorted(set(self._chosen.columns.values()) & set(self._known.properties) - set(KEYS))
        homes = {store.home_currency for store in lookup.every(conn)}
        self._reader = Reader(self._chosen, self._known, import_id, homes)
        self._table, self._errors = upload.table(one.files[0]), upload.errors(one)
        self._rows = itertools.islice(self._table.rows(), one.rows, None)
        self._preview: dict[str, Any] = one.preview
        self._wrong_bytes = one.wrong_bytes
        self._new: set[int] = set()  # hashes of the people a check would have made

    def step(self) -> bool:
        """One chunk; False when there is nothing more to do."""
        began = time.monotonic()
        rows = list(itertools.islice(self._rows, CHUNK))
        if not rows:
            ledger.finish(self._conn, self._number, "checked" if self._state == "checking" else "done")
            return False
        with translation.override(self._chosen.language):
            group = _Group()
            wanted: list[Wanted] = []
            for row in rows:
                read = self._reader.read(row)
                if isinstance(read, Wanted):
                    wanted.append(read)
                else:
                    group.problems.append(read)
            step = Step(rows=len(rows), bytes=rows[-1].at)
            if self._state == "checking":
                return self._check(wanted, group, step, began)
            return self._run(wanted, group, step, began)

    def _check(self, wanted: Sequence[Wanted], group: _Group, step: Step, began: float) -> bool:
        found = self._find(wanted, group)
        fresh: dict[str, int] = {}
        with self._conn.transaction(force_rollback=True):
            names = sorted({_name(item) for item, contact in found if contact is None})
            fresh = dict(zip(names, pretend(self._conn, len(names)), strict=True))
            placed = [(item, contact or fresh[_name(item)]) for item, contact in found]
            known = [contact for _item, contact in found if contact is not None]
            before: dict[int, Any] = dict(
                self._conn.execute(Q["counting"], {"contacts": known[: 2 * SHOWN]}).fetchall()
            )
            self._write(placed, set(fresh.values()), group)
            self._count(group, step, before)
        for name in fresh:
            if hash(name) in self._new:  # an earlier chunk would have made them
                step.created, step.changed = step.created - 1, step.changed + 1
            self._new.add(hash(name))
        return self._advance(group, step, began)

    def _run(self, wanted: Sequence[Wanted], group: _Group, step: Step, began: float) -> bool:
        wrong = list(group.problems)
        while True:
            found = self._find(wanted, group)
            missing = [item.person for item, contact in found if contact is None and item.person]
            # Whoever was erased or merged between the look and the act is seen when looked for again.
            with suppress(people.Erased, _Gone, *LOST):
                made = iter(people.create(self._conn, self._identity, missing, pipeline.BULK))
                placed = [(item, next(made) if contact is None else contact) for item, contact in found]
                return self._consents(placed) and self._change(placed, group, step, began)
            group.problems[:] = wrong
            group.outcomes.clear()

    def _change(self, placed: Sequence[tuple[Wanted, int]], group: _Group, step: Step, began: float) -> bool:
        """Raises _Gone, and then nothing was written."""
        contacts = sorted({contact for _item, contact in placed})
        with self._conn.transaction():
            if ledger.hold(self._conn, self._number) != self._state:
                return False
            if lock_for_refresh(self._conn, contacts) != contacts:
                raise _Gone
            mine = self._conn.execute(Q["made_since"], {"contacts": contacts, "began": self._began})
            new = {row[0] for row in mine}
            before = self._own(contacts)
            self._write(placed, new, group)
            self._note(group, new, before)
            self._count(group, step, before)
            return self._advance(group, step, began)

    def _find(self, wanted: Sequence[Wanted], group: _Group) -> list[tuple[Wanted, int | None]]:
        """The contact of each row; None = to be made. Rows that neither find nor name anybody are problems."""
        match, conn = self._chosen.match, self._conn
        by_key: Mapping[Any, int] = {}
        keys = sorted({item.key for item in wanted if item.key})
        if match == "contact_id":
            numbers = [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 19]
            by_key = {str(asked): place for asked, place in standing(conn, numbers).items()}
        elif match == "customer_id":
            store = self._chosen.store_id or 0
            sightings = [Sighting(store, datetime(1970, 1, 1, tzinfo=UTC), account=key) for key in keys]
            by_key = {external: contact for (_s, external), contact in look_up(conn, sightings).accounts.items()}
        elif match == "phone":
            named = people.find(conn, [people.NewPerson("", key) for key in keys])
            by_key = {key: contact for key, contact in zip(keys, named, strict=True) if contact is not None}
        others = [item for item in wanted if item.key not in by_key and item.person]
        persons = [item.person for item in others if item.person]
        named = people.find(conn, persons) if others else []
        by_person = dict(zip(map(id, others), named, strict=True))
        gone = people.erased(conn, persons)
        erased = {id(item) for item, out in zip(others, gone, strict=True) if out}
        found: list[tuple[Wanted, int | None]] = []
        for item in wanted:
            if id(item) in erased:  # the error file must not tell of them either
                group.problems.append(Problem(item.line, {}, "", _("This person was erased on request.")))
                continue
            contact = by_key.get(item.key)
            if contact is None and match == "contact_id":
                group.problems.append(Problem(item.line, item.cells, "", _("There is no contact %s.") % item.key))
            elif contact is None and item.person is None:
                reason = _("Nobody has the customer number %s, and without an e-mail address nobody can be made.")
                group.problems.append(Problem(item.line, item.cells, "", reason % (item.key or "–")))
            else:
                found.append((item, contact if contact is not None else by_person[id(item)]))
        return found

    def _own(self, contacts: Iterable[int]) -> dict[int, dict[str, Any]]:
        there = load(self._conn, archived=True).properties  # one may have been deleted since the import began
        return own_words(self._conn, contacts, [name for name in self._written if name in there])

    def _write(self, placed: Sequence[tuple[Wanted, int]], new: set[int], group: _Group) -> None:
        outcomes = write(
            self._conn,
            [Write(contact, item.values) for item, contact in placed],
            mode=self._chosen.mode,
            source="import",
            source_id=source_id(self._number),
            by=self._by,
            new=new,
            pretend=self._state == "checking",
        )
        seen: set[int] = set()
        for (item, contact), outcome in zip(placed, outcomes, strict=True):
            group.outcomes.append((item, outcome, contact in new and contact not in seen))
            seen.add(contact)
            if outcome.refused:  # what only the write can know: an option that is gone, a value that takes no more
                refusal = outcome.refused[0]
                column = self._chosen.column(refusal.name)
                group.problems.append(Problem(item.line, item.cells, column, f"{column}: {refusal.reason}"))

    def _note(self, group: _Group, new: set[int], before: Mapping[int, Mapping[str, Any]]) -> None:
        changed: dict[int, set[str]] = {}
        for _item, outcome, _new in group.outcomes:
            changed.setdefault(outcome.contact_id, set()).update(outcome.changed)
        after = self._own(changed)
        rows = {}
        for contact, names in changed.items():
            was, now_ = before.get(contact, {}), after.get(contact, {})
            rows[contact] = (contact in new, {n: was.get(n) for n in names}, {n: now_.get(n) for n in names})
        again = ledger.in_book(self._conn, self._number, new)
        # counted as new by an earlier chunk
        group.outcomes = [(i, o, is_new and o.contact_id not in again) for i, o, is_new in group.outcomes]
        ledger.note_rows(self._conn, self._number, rows)

    def _consents(self, placed: Sequence[tuple[Wanted, int]]) -> bool:
        """Before the chunk and in a transaction of its own, since it asks who is who and so may hold no contact. Told
        twice, an act is one. False when the import was stopped."""
        at = now()
        received = [pipeline.Received(item.consent, people.HERE, at) for item, _contact in placed if item.consent]
        with self._conn.transaction():
            if received and (going := ledger.hold(self._conn, self._number) == self._state):
                pipeline.apply(self._conn, self._identity, received, pipeline.BULK)
            return not received or going

    def _count(self, group: _Group, step: Step, before: Mapping[int, Mapping[str, Any]]) -> None:
        """Numbers of the chunk, and the first rows of each outcome for the preview of a check."""
        refused = {problem.line for problem in group.problems}
        for item, outcome, is_new in group.outcomes:
            if is_new:
                kind = "created"
            elif item.line in refused and not outcome.changed:
                continue
            else:
                kind = "changed" if outcome.changed else "unchanged"
            setattr(step, kind, getattr(step, kind) + 1)
            if self._state == "checking":
                was = before.get(outcome.contact_id, {})
                changed = [name for name in outcome.changed if name in item.values]
                values = [[self._label(n), _told(was.get(n)), _told(item.values[n])] for n in changed]
                self._show(kind, item, {"contact": None if is_new else outcome.contact_id, "values": values})
        step.wrong += len(group.problems)
        for problem in sorted(group.problems, key=lambda p: p.line) if self._state == "checking" else ():
            self._show("wrong", problem, {"reason": problem.reason, "cells": list(problem.cells.values())})

    def _show(self, kind: str, row: Wanted | Problem, told: Mapping[str, Any]) -> None:
        shown = self._preview.setdefault(kind, [])
        if len(shown) < SHOWN:
            who = row.person.email or row.person.phone if isinstance(row, Wanted) and row.person else ""
            shown.append(_plain({"line": row.line, "who": who or getattr(row, "key", ""), **told}))

    def _label(self, name: str) -> str:
        item: Property | None = self._known.properties.get(name)
        return item.label(self._chosen.language) if item else name

    def _advance(self, group: _Group, step: Step, began: float) -> bool:
        with self._conn.transaction():
            if ledger.hold(self._conn, self._number) != self._state:
                return False  # an erasure may have forgotten its files: none is begun anew
            step.wrong_bytes = self._wrong_bytes = self._put_aside(group.problems)
            step.preview, step.seconds = self._preview, time.monotonic() - began
            ledger.advance(self._conn, self._number, step)
        return True

    def _put_aside(self, problems: Sequence[Problem]) -> int:
        """Appends to the error file: the very columns, line and reason; the new length."""
        head = [*self._table.columns, _("Line"), _("Problem")]
        rows = [
            [*(problem.cells.get(column) for column in self._table.columns), problem.line, problem.reason]
            for problem in sorted(problems, key=lambda problem: problem.line)
        ]
        return errors.append(self._errors, self._wrong_bytes, head, rows, self._table.separator or ",")


def _name(item: Wanted) -> str:
    """Whom ``create`` would find or make."""
    assert item.person
    return normalise.email(item.person.email) or normalise.phone(item.person.phone) or ""


def _told(value: Any) -> Any:
    """Several options as one text."""
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """As JSON of the database takes it: cells cut short, no character that no text can hold."""
    if isinstance(value, str):
        return value.replace("\0", "�").encode("utf-8", "replace").decode()[:200]
    if isinstance(value, dict):
        return {key: _plain(inside) for key, inside in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inside) for inside in value]
    return value if value is None or isinstance(value, (bool, int, float)) else _plain(str(value))
