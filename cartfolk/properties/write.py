"""Writes values that people, files and programs give: one path for hand, bulk, API and CSV.

    parse        a value that does not fit is refused with a sentence, the others go on
    lock         the contacts, in the order of their numbers; of merged ones the kept contact
    compare      with what counts now: what stays the same is neither written nor noted
    write        contact_custom and one row of history a contact
    compute      what follows: own words over the shop's, formulas

Five thousand contacts at a time, a few statements each, in the caller's transaction or one of its own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Json

from cartfolk.commerce import derive
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.identity.resolve import hold
from cartfolk.properties import calculated, sorting
from cartfolk.properties.catalogue import Property
from cartfolk.properties.compute import compute
from cartfolk.properties.defined import load
from cartfolk.properties.parse import BadValue, parse

Q = Statements.beside(__file__, "write.sql")
_BATCH = 5_000  # contacts a few statements handle
_FEW = 1_000  # contacts that may go before an import's
LIVE, BULK = 0, 1
_STAGE = "lifecyclestage"


class Mode(StrEnum):
    """What happens to a value that is there already."""

    OVERWRITE = "overwrite"
    SET_IF_NEW = "set_if_new"
    SET_IF_EMPTY = "set_if_empty"
    APPEND = "append"


@dataclass(frozen=True, slots=True)
class Write:
    """Raw values (text, list or ``None`` = empty) by property name for one contact."""

    contact_id: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A value that was not written, and why: the reason continues a sentence that begins with the label."""

    name: str
    value: object
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one Write. ``contact_id`` is the contact written to: of a merged one the kept contact."""

    contact_id: int
    changed: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()


@dataclass(slots=True)
class _Person:
    """The effective values and people's own words of one contact while its writes are laid over each other."""

    counts: dict[str, Any]
    mine: dict[str, Any]
    written: dict[str, Any]


def write(
    conn: Connection,
    writes: Sequence[Write],
    *,
    mode: Mode,
    source: str,
    source_id: str = "",
    by: str = "",
    new: Collection[int] = (),
    pretend: bool = False,
) -> list[Outcome]:
    """Writes the values and everything that follows from them; one Outcome a Write, in their order.

    ``source`` is import, user, api, restore ...; ``by`` who did it (``user:3``). ``new``: contacts this very import or
    request made, the only ones SET_IF_NEW fills. An empty value clears (in OVERWRITE; of an own property the shop's
    value counts again) and is otherwise passed over. Nothing is raised for a bad value, an unknown property or a
    contact that is gone: the outcome says so. ``pretend`` tells the outcomes and writes nothing.
    """
    fresh = frozenset(new)
    known = load(conn).properties
    outcomes: list[Outcome] = []
    for start in range(0, len(writes), _BATCH):
        with conn.transaction():
            part = writes[start : start + _BATCH]
            outcomes += _Batch(conn, known, mode, source, source_id, by, fresh, pretend).write(part)
    return outcomes


@dataclass(slots=True)
class _Batch:
    conn: Connection
    known: Mapping[str, Property]
    mode: Mode
    source: str
    source_id: str
    by: str
    new: frozenset[int]
    pretend: bool

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        at = now()
        kept = hold(self.conn, {item.contact_id for item in writes})
        names = sorted({name for item in writes for name in item.values if name in self.known})
        people = self._people(sorted(set(kept.values())), names)
        outcomes = [self._one(item, kept.get(item.contact_id), people) for item in writes]
        changed = {contact: person.written for contact, person in people.items() if person.written}
        if changed and not self.pretend:
            self._store(changed, people, at)
        return outcomes

    def _people(self, contacts: Sequence[int], names: Sequence[str]) -> dict[int, _Person]:
        own = [name for name in names if self.known[name].own]
        parts: list[sql.Composable] = [sql.SQL("asked.contact_id")]
        for name in names:
            if self.known[name].stored:
                table = "p" if self.known[name].table == "contact_property" else "c"
                parts.append(sql.SQL("{} as {}").format(sql.Identifier(table, name), sql.Identifier(name)))
        parts += [sql.SQL("{} as {}").format(sql.Identifier("c", name), sql.Identifier("mine:" + name)) for name in own]
        statement = sql.SQL(Q["present"]).format(columns=sql.SQL(", ").join(parts))
        with self.conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(statement, {"contacts": list(contacts)}).fetchall()
        return {
            row["contact_id"]: _Person(
                {name: row.get(name) for name in names}, {name: row["mine:" + name] for name in own}, {}
            )
            for row in rows
        }

    def _one(self, item: Write, contact: int | None, people: Mapping[int, _Person]) -> Outcome:
        person = people.get(contact) if contact is not None else None
        if contact is None or person is None:
            reason = _("cannot be written: the contact is gone")
            return Outcome(item.contact_id, (), tuple(Refusal(n, v, reason) for n, v in item.values.items()))
        changed: list[str] = []
        refused: list[Refusal] = []
        for name, raw in item.values.items():
            try:
                if self._lay(person, name, raw, contact in self.new or item.contact_id in self.new):
                    changed.append(name)
            except BadValue as error:
                refused.append(Refusal(name, raw, str(error)))
        return Outcome(contact, tuple(changed), tuple(refused))

    def _lay(self, person: _Person, name: str, raw: object, is_new: bool) -> bool:
        """Lays one value over what is there; whether it changes anything. Raises BadValue."""
        prop = self.known.get(name)
        if prop is None:
            raise BadValue(_("is no property of contacts"))
        if not prop.editable:
            raise BadValue(_("is computed and cannot be set"))
        value = parse(prop, raw)
        present = person.counts[name]
        if value is None and self.mode is not Mode.OVERWRITE:
            return False
        match self.mode:
            case Mode.SET_IF_NEW if not is_new:
                return False
            case Mode.SET_IF_EMPTY if present not in (None, "", []):
                return False
            case Mode.APPEND if present not in (None, "", []):
                value = _appended(prop, present, value)
        if value is None and prop.own:
            if person.mine[name] is None:
                return False
        elif value == present:
            return False
        person.counts[name] = person.written[name] = value
        if prop.own:
            person.mine[name] = value
        return True

    def _store(self, changed: Mapping[int, dict[str, Any]], people: Mapping[int, _Person], at: datetime) -> None:
        columns: set[str] = set().union(*changed.values())
        docs: list[str] = []
        notes: list[str] = []
        for values in changed.values():
            notes.append(_json({n: v for n, v in values.items() if not self.known[n].own}))
            if _STAGE in values:
                stage = values[_STAGE]
                values = values | {"lifecyclestage_set_at": at if stage else None}
                if stage:
                    values[f"hs_lifecyclestage_{stage}_date"] = at
                columns |= set(values)
            docs.append(_json(values))
        quoted = sorted(columns)
        statement = sql.SQL(Q["store"]).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, quoted)),
            values=sql.SQL(", ").join(sql.Identifier("filled", name) for name in quoted),
            changes=sql.SQL(", ").join(_assignment(name) for name in quoted),
        )
        contacts = list(changed)
        self.conn.execute(statement, {"docs": _rows(contacts, docs)})
        noted = {"at": at, "source": self.source, "source_id": self.source_id, "by": self.by}
        self.conn.execute(Q["note"], noted | {"docs": _rows(contacts, notes)})
        own = [c for c, values in changed.items() if any(self.known[n].own for n in values)]
        if own and compute(self.conn, own, at, self.source, self.source_id, self.by):
            self.conn.execute(Q["fold"], noted | {"contacts": own})
        # What nothing shop-made follows from: last modified moves all the same, and formulas read it.
        others = sorted(changed.keys() - set(own))
        self.conn.execute(Q["touch"], {"contacts": others, "at": at})
        sorting.follow(self.conn, others)
        calculated.calculate(self.conn, others, at, self.by)
        # Rooms behind this one (segments) look at the contact with the next refresh.
        derive.dirty(self.conn, contacts, LIVE if len(contacts) <= _FEW else BULK)


def _rows(contacts: Sequence[int], docs: Sequence[str]) -> Json:
    """Contacts with their JSON as one parameter: a list of texts with quotes costs psycopg ten times as much."""
    rows = (f'{{"contact_id": {contact}, "doc": {doc}}}' for contact, doc in zip(contacts, docs, strict=True))
    return Json(f"[{', '.join(rows)}]", dumps=str)


def _assignment(name: str) -> sql.Composable:
    column = sql.Identifier(name)
    if name.startswith("hs_lifecyclestage_"):  # the first time counts
        return sql.SQL("{0} = least(contact_custom.{0}, excluded.{0})").format(column)
    return sql.SQL("{0} = excluded.{0}").format(column)


def _appended(prop: Property, present: Any, value: Any) -> Any:
    if prop.multi:
        return [*present, *(v for v in value if v not in present)]
    if prop.type == "text":
        return present if value in present.split("\n") else f"{present}\n{value}"
    raise BadValue(_("holds one value; appending needs a list or a long text"))


def _json(values: Mapping[str, Any]) -> str:
    """The JSON text history keeps and columns are filled from: numbers exact, moments in UTC."""
    return "{" + ", ".join(f"{json.dumps(name)}: {''.join(_literal(value))}" for name, value in values.items()) + "}"


def _literal(value: Any) -> Iterator[str]:
    if isinstance(value, Decimal):
        yield format(value, "f")
    elif isinstance(value, datetime):
        yield f'"{value.astimezone(UTC).isoformat().replace("+00:00", "Z")}"'
    elif isinstance(value, date):
        yield f'"{value.isoformat()}"'
    else:
        yield json.dumps(value, ensure_ascii=False)
