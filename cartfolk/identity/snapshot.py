"""Rows of contacts as text, whatever the table: read before a merge, put back by an undo.

Each value is PostgreSQL's own text of it, so that it comes back exactly (JSON alone would take a null in a
``jsonb`` column and a column without value for the same).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from psycopg import sql
from psycopg.types.json import Jsonb

from cartfolk.core.sql import Connection, Statements

Q = Statements.beside(__file__, "merges.sql")

Row = dict[str, str | None]
Key = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a table with their types, and those that tell a contact's rows apart."""

    types: Mapping[str, str]
    key: tuple[str, ...]

    def key_of(self, row: Row) -> Key:
        return tuple(row[name] for name in self.key)


Rows = dict[tuple[str, int], dict[Key, Row]]  # (table, contact) -> key -> row without contact_id


class Saved(NamedTuple):
    before: Rows
    made: dict[str, dict[Key, Row | None]]  # what the merge itself wrote (None = took away) for the kept contact


def shapes(conn: Connection, tables: Sequence[str]) -> dict[str, Shape]:
    """The shape of each table as it is now; columns the database generates are left out."""
    rows = conn.execute(Q["shapes"], {"tables": list(tables)}).fetchall()
    return {table: Shape(dict(zip(names, types, strict=True)), tuple(key)) for table, names, types, key in rows}


def read(conn: Connection, known: Mapping[str, Shape], contacts: Sequence[int]) -> Rows:
    """All rows of these contacts in these tables: one statement."""
    parts = [
        sql.SQL(
            """select {table} as name, contact_id,
                   jsonb_agg(jsonb_object(array[{names}]::text[], array[{values}]::text[]))
               from {of} where contact_id = any(%(contacts)s::bigint[]) group by contact_id"""
        ).format(
            table=sql.Literal(table),
            of=sql.Identifier(table),
            names=sql.SQL(", ").join(sql.Literal(name) for name in shape.types),
            values=sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in shape.types),
        )
        for table, shape in known.items()
    ]
    found: Rows = {(table, contact): {} for table in known for contact in contacts}
    if parts:
        for table, contact, rows in conn.execute(sql.SQL(" union all ").join(parts), {"contacts": list(contacts)}):
            found[table, contact] = {known[table].key_of(row): row for row in rows}
    return found


def made_by_merge(before: Rows, after: Rows, gone: int, kept: int) -> dict[str, dict[Key, Row | None]]:
    """What a merge wrote that neither contact had, and what it took away: nothing, mostly."""
    made: dict[str, dict[Key, Row | None]] = {}
    for (table, contact), rows in after.items():
        if contact != kept:
            continue
        mine, others = before[table, kept], before[table, gone]
        changed: dict[Key, Row | None] = {k: r for k, r in rows.items() if r not in (mine.get(k), others.get(k))}
        changed |= dict.fromkeys((mine.keys() | others.keys()) - rows.keys())
        if changed:
            made[table] = changed
    return made


def names(rows: Rows, contact: int) -> list[tuple[str | None, str | None, str | None]]:
    """What names a contact: kind, value and how it was written."""
    told = [(row["kind"], row["value"], row["original"]) for row in rows["identity", contact].values()]
    accounts = [row["external_id"] for row in rows["account", contact].values()]
    return sorted(told) + [("customer", number, number) for number in sorted(filter(None, accounts))]


def save(
    conn: Connection, merge_id: int, before: Rows, made: Mapping[str, dict[Key, Row | None]], gone: int, kept: int
) -> None:
    """Keeps the rows of both before merge ``merge_id`` and what it made of them."""
    mine = [(one, rows) for one, rows in before.items() if one[1] in (gone, kept)]
    full = [(one, rows) for one, rows in mine if rows or (one[1] == kept and one[0] in made)]
    conn.execute(
        Q["save_snapshot"],
        {
            "merge": merge_id,
            "contacts": [contact for (_, contact), _ in full],
            "tables": [table for (table, _), _ in full],
            "rows": [Jsonb(list(rows.values())) for _, rows in full],
            "made": [
                Jsonb([[list(k), row] for k, row in made.get(table, {}).items()] if contact == kept else [])
                for (table, contact), _ in full
            ],
        },
    )


def load(conn: Connection, merge_id: int, known: Mapping[str, Shape], contacts: Sequence[int]) -> Saved | None:
    """The rows before that merge; None when nothing is kept of it. A column added since has no value there."""
    rows = conn.execute(Q["load_snapshot"], {"merge": merge_id}).fetchall()
    if not rows:
        return None
    saved = Saved({(table, contact): {} for table in known for contact in contacts}, {})
    for table, contact, kept_rows, made in rows:
        if table not in known:  # a table that is no more
            continue
        shape = known[table]

        def whole(row: Row, names: Mapping[str, str] = shape.types) -> Row:
            return {name: row.get(name) for name in names}

        saved.before[table, contact] = {shape.key_of(row): whole(row) for row in kept_rows}
        if made:
            saved.made[table] = {tuple(key): None if row is None else whole(row) for key, row in made}
    return saved


def remove(conn: Connection, table: str, shape: Shape, contact: int, rows: Sequence[Row]) -> None:
    """Takes these rows of the contact away."""
    if not rows:
        return
    match = sql.SQL("").join(
        sql.SQL(" and t.{name} = (r ->> {word})::{type}").format(
            name=sql.Identifier(name), word=sql.Literal(name), type=sql.SQL(shape.types[name])
        )
        for name in shape.key
    )
    conn.execute(
        sql.SQL("delete from {} t using unnest(%(rows)s::jsonb[]) r where t.contact_id = %(contact)s{}").format(
            sql.Identifier(table), match
        ),
        {"rows": [Jsonb(row) for row in rows], "contact": contact},
    )


def insert(conn: Connection, table: str, shape: Shape, contact: int, rows: Sequence[Row]) -> None:
    """Writes these rows of the contact, numbers the database gave included."""
    if not rows:
        return
    names = list(shape.types)
    conn.execute(
        sql.SQL(
            "insert into {} (contact_id{}) overriding system value"
            " select %(contact)s{} from unnest(%(rows)s::jsonb[]) r"
        ).format(
            sql.Identifier(table),
            sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier(name)) for name in names),
            sql.SQL("").join(
                sql.SQL(", (r ->> {})::{}").format(sql.Literal(name), sql.SQL(shape.types[name])) for name in names
            ),
        ),
        {"rows": [Jsonb(row) for row in rows], "contact": contact},
    )
