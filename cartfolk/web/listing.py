"""One page of All contacts by keyset: sorted by any property, searched, never an OFFSET, never a full count.

An order is two stretches, contacts with a value and contacts without, each walked by
(value, contact_id). A cursor is the last row's pair; going back walks the same stretches in reverse.

A search first looks through the next :data:`WINDOW` contacts in the list's order: a frequent prefix fills
the page there. Only a rare one goes to the word index, where sorting the few it finds is cheap.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties.read import search_query

Q = Statements.beside(__file__)
SIZE = 50
WINDOW = 10_000
EXACT = 10_000  # up to here the number of contacts is counted, above it is estimated


class CursorInvalid(ValueError):
    """The address carries a cursor that is not ours, or of another sort: show the first page."""


@dataclass(frozen=True, slots=True)
class Sort:
    """How one column orders contacts. ``natural`` is the direction its index was made for."""

    expression: sql.Composable
    cast: str
    natural: str  # "asc" (nulls last) or "desc"
    nulls_natural: str = "last"
    indexed: bool = True


def _list(expression: str, cast: str, natural: str, nulls: str = "last", indexed: bool = True) -> Sort:
    return Sort(sql.SQL(expression), cast, natural, nulls, indexed)


# Columns that contact_list itself carries; the expression is exactly the index's.
LIST_SORTS: dict[str, Sort] = {
    "createdate": _list("l.createdate", "timestamptz", "desc", "first"),
    "name": _list('(lower(l.name) collate "C")', "text", "asc"),
    "email": _list('(l.email collate "C")', "text", "asc"),
    "recent_conversion_date": _list("l.recent_conversion_date", "timestamptz", "desc"),
    "last_order_date": _list("l.last_order_date", "timestamptz", "desc"),
    "total_value_of_orders": _list("l.total_value_of_orders", "numeric", "desc"),
    "total_number_of_orders": _list("l.total_number_of_orders", "integer", "desc", indexed=False),
    "recent_conversion_event_name": _list("l.recent_conversion_event_name", "text", "asc", indexed=False),
}
DEFAULT = "-createdate"


def sort_for(name: str, columns: Mapping[str, str]) -> Sort | None:
    """The sort of a property, or None when it has no column. ``columns``: name -> PostgreSQL type."""
    if found := LIST_SORTS.get(name):
        return found
    if name not in columns or name == "contact_id":
        return None
    kind = columns[name]
    column = sql.Identifier("p", name)
    if kind.endswith("[]") or kind in {"json", "jsonb"}:
        column_text = sql.SQL("({})::text").format(column)
        return Sort(column_text, "text", "asc", indexed=False)
    natural = "asc" if kind == "text" else "desc"
    return Sort(column, kind, natural, indexed=False)


@dataclass(frozen=True, slots=True)
class Page:
    """``rows`` hold contact_list's columns; ``before``/``after`` are cursors or '' at the ends."""

    rows: list[dict[str, Any]]
    before: str = ""
    after: str = ""
    total: int = 0
    estimated: bool = False
    first: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """What a reader asks of the list."""

    sort: str = DEFAULT  # a leading minus sorts downwards
    search: str = ""
    after: str = ""
    before: str = ""
    size: int = SIZE
    columns: Mapping[str, str] = field(default_factory=dict)


def page(conn: Connection, question: Question) -> Page:
    """One page in the asked order. Raises :class:`CursorInvalid`."""
    name = question.sort.lstrip("-")
    sort = sort_for(name, question.columns)
    if sort is None:
        raise CursorInvalid(name)
    descending = question.sort.startswith("-")
    backward = bool(question.before)
    cursor = _decode(question.before or question.after)
    walk = _Walk(conn, sort, descending, backward, search_query(question.search))
    try:
        rows = walk.rows(cursor, question.size + 1)
    except psycopg.DataError as error:
        raise CursorInvalid(str(error)) from None
    more = len(rows) > question.size
    rows = rows[: question.size]
    if backward:
        rows.reverse()
    has_before = more if backward else cursor is not None
    has_after = True if backward else more
    return Page(
        rows=rows,
        before=_encode(rows[0]) if rows and has_before else "",
        after=_encode(rows[-1]) if rows and has_after else "",
        first=not has_before,
    )


def count(conn: Connection) -> tuple[int, bool]:
    """How many contacts there are, and whether that is an estimate."""
    (exact,) = conn.execute(Q["list_count"], {"limit": EXACT + 1}).fetchone() or (0,)
    if exact <= EXACT:
        return exact, False
    (estimate,) = conn.execute(Q["list_estimate"]).fetchone() or (0,)
    return max(estimate, exact), True


@dataclass(slots=True)
class _Walk:
    conn: Connection
    sort: Sort
    descending: bool
    backward: bool
    query: str

    def rows(self, cursor: tuple[str | None, int] | None, size: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        stretches = [True, False]  # with a value first, without one last, whatever the direction
        if self.backward:
            stretches.reverse()
        for valued in stretches:
            start = None
            if cursor is not None:
                if (cursor[0] is not None) == valued:
                    start = cursor
                elif valued != self.backward:
                    continue  # the cursor lies behind this stretch
            found += self._stretch(valued, start, size - len(found))
            if len(found) >= size:
                break
        return found

    def _stretch(self, valued: bool, start: tuple[str | None, int] | None, size: int) -> list[dict[str, Any]]:
        if not self.query:
            return self._run(valued, start, size, window=None, search=False)
        if self.sort.indexed:
            near = self._run(valued, start, size, window=WINDOW, search=True)
            if len(near) >= size:
                return near
        return self._run(valued, start, size, window=None, search=True)

    def _run(
        self, valued: bool, start: tuple[str | None, int] | None, size: int, window: int | None, search: bool
    ) -> list[dict[str, Any]]:
        downwards = self.descending != self.backward
        natural = downwards == (self.sort.natural == "desc")
        nulls = self.sort.nulls_natural if natural else {"last": "first", "first": "last"}[self.sort.nulls_natural]
        direction = "desc" if downwards else "asc"
        key = self.sort.expression
        # Told exactly as the index was made, or PostgreSQL would sort a million rows.
        order = sql.SQL("order by {key} {direction} nulls {nulls}, l.contact_id {direction}").format(
            key=key, direction=sql.SQL(direction), nulls=sql.SQL(nulls)
        )
        conditions = [sql.SQL("{} is not null" if valued else "{} is null").format(key)]
        parameters: dict[str, Any] = {"size": size, "query": self.query, "window": window}
        if start is not None:
            parameters |= {"value": start[0], "id": start[1]}
            comparison = sql.SQL("<" if downwards else ">")
            if valued:
                conditions.append(
                    sql.SQL("({key}, l.contact_id) {than} (%(value)s::{cast}, %(id)s)").format(
                        key=key,
                        than=comparison,
                        cast=sql.SQL(self.sort.cast),
                    )
                )
            else:
                conditions.append(sql.SQL("l.contact_id {} %(id)s").format(comparison))
        foreign = key.as_string(None).find('"p".') >= 0
        source = sql.SQL("contact_list l")
        if foreign:
            source = sql.SQL("contact_list l left join contact_property p using (contact_id)")
        where = sql.SQL(" and ").join(conditions)
        if search and window is None:
            # Materialised, so that the word index answers and not a walk through everything.
            statement = sql.SQL(
                "with l as materialized (select * from contact_list where search @@ %(query)s::tsquery) "
                "select l.*, ({key})::text as sort_value from {source} where {where} {order} limit %(size)s"
            )
            source = sql.SQL("l left join contact_property p using (contact_id)") if foreign else sql.SQL("l")
        elif search:
            statement = sql.SQL(
                "select * from (select l.*, ({key})::text as sort_value from {source} where {where} {order} "
                "limit %(window)s) near where search @@ %(query)s::tsquery limit %(size)s"
            )
        else:
            statement = sql.SQL(
                "select l.*, ({key})::text as sort_value from {source} where {where} {order} limit %(size)s"
            )
        composed = statement.format(key=key, source=source, where=where, order=order)
        with self.conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(composed, parameters).fetchall()


def _encode(row: Mapping[str, Any]) -> str:
    text = json.dumps([row["sort_value"], row["contact_id"]], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(text: str) -> tuple[str | None, int] | None:
    if not text:
        return None
    try:
        value, contact = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(contact, int) or not isinstance(value, str | None):
            raise CursorInvalid(text)
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError) as error:
        raise CursorInvalid(text) from error
    return value, contact
