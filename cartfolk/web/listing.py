"""One page of All contacts by keyset: sorted by any property, searched, never an OFFSET, never a full count.

An order is two stretches, contacts with a value and contacts without, each walked by
(value, contact_id). A cursor is the last row's pair; going back walks the same stretches in reverse.

A search first looks through the next :data:`WINDOW` contacts in the list's order: a frequent prefix fills
the page there. Only a rare one goes to the word index, where sorting the few it finds is cheap.

Filters (narrow.py) that leave few contacts are answered from where those lie side by side. Other filters are looked
for along the list's order, window by window, for :data:`PATIENCE` at most: then the page shows what there is, and
where to go on (:attr:`Page.looking`).
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties.read import search_query

from . import narrow
from .sort import DEFAULT, Sort, sort_for

Q = Statements.beside(__file__)
SIZE = 50
WINDOW = 5_000
FILTERED_WINDOW = 12_000  # contacts looked through at a time for a filter
SORTED = 1_500  # of a filter's few are fetched and sorted as quickly as a page of more is met along the order,
MET = 40_000  # contacts of it at most: a filter may say what the order says, and its few lie far behind,
NEAR = MET // 8  # which its first contacts tell: six of a page's are among them when it is met in time;
DEAR = 2_500  # of so many, sorting costs twice as much as having walked for nothing, whatever the first tell
PATIENCE = 0.35  # seconds a page looks for filtered contacts
EXACT = 10_000  # up to here the number of contacts is counted, above it is estimated


class CursorInvalid(ValueError):
    """The address carries a cursor that is not ours, or of another sort: show the first page."""


@dataclass(frozen=True, slots=True)
class Page:
    """``rows`` hold contact_list's columns; ``before``/``after`` are cursors or '' at the ends."""

    rows: list[dict[str, Any]]
    before: str = ""
    after: str = ""
    first: bool = True
    scanned: bool = False  # no index nor kept order served this sort: worth keeping one when there are many
    looking: bool = False  # not everybody was looked at: ``after`` (``before``) goes on where the page stopped
    walked: bool = False  # filters left too many, or had no place of their own: the list was walked


@dataclass(frozen=True, slots=True)
class Question:
    """What a reader asks of the list."""

    sort: str = DEFAULT  # a leading minus sorts downwards
    search: str = ""
    after: str = ""
    before: str = ""
    size: int = SIZE
    columns: Mapping[str, str] = field(default_factory=dict)  # of contact_property: name -> PostgreSQL type
    custom: Mapping[str, str] = field(default_factory=dict)  # of contact_custom alone
    narrowing: narrow.Narrowing | None = None


def page(conn: Connection, question: Question) -> Page:
    """One page in the asked order. Raises :class:`CursorInvalid`."""
    name = question.sort.removeprefix("-")
    sort = sort_for(conn, name, question.columns, question.custom)
    if sort is None:
        raise CursorInvalid(name)
    descending = question.sort.startswith("-")
    backward = bool(question.before)
    cursor = _decode(question.before or question.after)
    walk = _Walk(conn, name, sort, descending, backward, search_query(question.search), question.narrowing)
    try:
        rows = walk.rows(cursor, question.size + 1)
    except psycopg.DataError as error:
        raise CursorInvalid(str(error)) from None
    more = len(rows) > question.size
    rows = rows[: question.size]
    if backward:
        rows.reverse()
    ahead = _encode(*walk.stopped) if walk.stopped else ""
    has_before = more or bool(ahead) if backward else cursor is not None
    has_after = True if backward else more or bool(ahead)
    # Of an empty page both sides are the cursor; on the way back its own row counts, it was on the page before.
    edge = _encode(cursor[0], cursor[1] + (1 if backward == descending else -1)) if cursor else ""
    return Page(
        rows=rows,
        before=(ahead if backward and ahead else _of(rows[0]) if rows else edge) if has_before else "",
        after=(ahead if not backward and ahead else _of(rows[-1]) if rows else edge) if has_after else "",
        first=not has_before,
        scanned=not sort.indexed,
        looking=bool(ahead),
        walked=walk.walked,
    )


def count(conn: Connection) -> tuple[int, bool]:
    """How many contacts there are, and whether that is an estimate."""
    (estimate,) = conn.execute(Q["list_estimate"]).fetchone() or (0,)
    if estimate > 10 * EXACT:  # far from the limit, however old the statistics are
        return estimate, True
    (exact,) = conn.execute(Q["list_count"], {"limit": EXACT + 1}).fetchone() or (0,)
    return (exact, False) if exact <= EXACT else (max(estimate, exact), True)


def everybody_found(
    question: Question, what: sql.Composable, rest: LiteralString = ""
) -> tuple[sql.Composed, dict[str, Any]]:
    """A statement over all contacts ``x`` that the search and the filters leave, and its parameters."""
    conditions: list[sql.Composable] = [sql.SQL("true")]
    parameters: dict[str, Any] = {"query": search_query(question.search)}
    if parameters["query"]:
        conditions.append(sql.SQL("x.search @@ %(query)s::tsquery"))
    if question.narrowing is not None:
        conditions.append(question.narrowing.everybody)
        parameters |= question.narrowing.parameters
    joins = question.narrowing.joins if question.narrowing else sql.SQL("")
    statement = sql.SQL("select {} from contact_list x {} where {}").format(
        what, joins, sql.SQL(" and ").join(conditions)
    )
    return statement + sql.SQL(rest), parameters


def count_found(conn: Connection, question: Question, *, patience: float | None = None) -> int | None:
    """Exactly how many contacts the search and the filters leave; None when ``patience`` seconds were not enough."""
    statement, parameters = everybody_found(question, sql.SQL("count(*)"))
    try:
        with conn.transaction():
            limit = "0" if patience is None else str(max(1, int(patience * 1000)))
            conn.execute("select set_config('statement_timeout', %s, true)", [limit])
            return int((conn.execute(statement, parameters).fetchone() or (0,))[0])
    except psycopg.errors.QueryCanceled:
        return None


# The statement of a page, by where its order comes from. {key} and {contact} are the order's columns.
_ORDERED = "select l.*, ({key})::text as sort_value from {source} where {where} {order} limit %(size)s"
_NEAR = (
    "select * from (select l.*, ({key})::text as sort_value from {source} where {where} {order} limit %(window)s) x "
    "where {keep} limit %(size)s"
)
# Where a window ends: from there the next one begins.
_END = "select ({key})::text, {contact} from {narrow} where {where} {order} offset %(window)s - 1 limit 1"
# The few a filter leaves: all fetched and sorted, or met while the order's narrow index is walked past others ("+ 0":
# not looked up one by one after all).
_FIND: LiteralString = "with found as materialized (select x.contact_id, x.key from ("
_SHOW: LiteralString = (
    " offset 0) x where {keep} limit %(size)s) "
    "select l.*, near.key::text as sort_value from found near join contact_list l using (contact_id) {again}"
)
_FEW_SORTED: LiteralString = (
    _FIND
    + "select few.* from unnest(%(few)s::bigint[]) asked (id) cross join lateral (select {contact} as contact_id, "
    "{key} as key{search} from {narrow} where {where} and {contact} = asked.id offset 0) few {over}" + _SHOW
)
_FEW_MET: LiteralString = (
    _FIND + "select few.* from (select {contact} as contact_id, {key} as key from {narrow} where {where} {order} "
    "limit case when %(near)s = 0 or (select count(*) from (select {contact} as contact_id from {narrow} "
    "where {where} {order} limit %(near)s) near where near.contact_id + 0 = any(%(few)s::bigint[])) > 1 "
    "then %(window)s else 0 end) few where few.contact_id + 0 = any(%(few)s::bigint[])" + _SHOW
)
# A window of the order's narrow index, what the filters leave of it.
_WALKED: LiteralString = (
    _FIND + "select {contact} as contact_id, {key} as key from {narrow} where {where} {order} limit %(window)s" + _SHOW
)
# Sorted by two narrow columns; what the page shows is fetched for its own rows only.
_SCANNED = (
    "select l.*, near.key::text as sort_value from (select p.contact_id, {key} as key from {wide} "
    "where {where} {order} limit %(size)s) near join contact_list l using (contact_id) {again}"
)
# Materialised, so that the word index answers and not a walk through everything.
_FOUND = (
    "with found as materialized (select * from (select l.contact_id, {key} as key from {source} "
    "where {where} and l.search @@ %(query)s::tsquery) x where {keep}) "
    "select l.*, near.key::text as sort_value from (select * from found near {again} limit %(size)s) near "
    "join contact_list l using (contact_id) {again}"
)


@dataclass(slots=True)
class _Walk:
    conn: Connection
    name: str  # of the property that sorts
    sort: Sort
    descending: bool
    backward: bool
    query: str
    narrowing: narrow.Narrowing | None = None
    stopped: tuple[str | None, int] | None = None  # how far patience reached
    walked: bool = False

    def rows(self, cursor: tuple[str | None, int] | None, size: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        stretches = [True, False]  # with a value first, without one last, whatever the direction
        if self.backward:
            stretches.reverse()
        few = narrow.few(self.conn, self.narrowing) if self.narrowing else None
        until = time.monotonic() + PATIENCE
        for valued in stretches:
            start = None
            if cursor is not None:
                if (cursor[0] is not None) == valued:
                    start = cursor
                elif valued != self.backward:
                    continue  # the cursor lies behind this stretch
            wanted = size - len(found)
            if few is not None:
                found += self._few(valued, start, wanted, few)
            elif self.narrowing is not None:
                found += self._filtered(valued, start, wanted, until)
            else:
                found += self._stretch(valued, start, wanted)
            if len(found) >= size or self.stopped:
                break
        return found

    def _few(
        self, valued: bool, start: tuple[str | None, int] | None, size: int, few: narrow.Few
    ) -> list[dict[str, Any]]:
        if self.sort.indexed and not self.query and few.count > SORTED:
            met = self._run(_FEW_MET, valued, start, size, few)
            if len(met) >= size:
                return met  # else they lie far behind in this order, or hardly any is left
        return self._run(_FEW_SORTED, valued, start, size, few)

    def _stretch(self, valued: bool, start: tuple[str | None, int] | None, size: int) -> list[dict[str, Any]]:
        if not self.query:
            return self._run(_ORDERED if self.sort.indexed else _SCANNED, valued, start, size)
        if self.sort.indexed:
            near = self._run(_NEAR, valued, start, size)
            if len(near) >= size:
                return near
        return self._run(_FOUND, valued, start, size)

    def _filtered(
        self, valued: bool, start: tuple[str | None, int] | None, size: int, until: float
    ) -> list[dict[str, Any]]:
        """Along the order, window by window, as long as patience lasts."""
        assert self.narrowing is not None
        self.walked = True
        found: list[dict[str, Any]] = []
        while True:
            found += self._run(_NEAR if self.query else _WALKED, valued, start, size - len(found))
            if len(found) >= size:
                return found
            end = self._end(valued, start)
            if end is None:
                return found
            start = end
            if time.monotonic() > until:
                self.stopped = end
                return found

    def _end(self, valued: bool, start: tuple[str | None, int] | None) -> tuple[str | None, int] | None:
        row = self.conn.execute(*self.statement(_END, valued, start, 1)).fetchone()
        return (row[0], row[1]) if row else None

    def _run(
        self,
        text: LiteralString,
        valued: bool,
        start: tuple[str | None, int] | None,
        size: int,
        few: narrow.Few | None = None,
    ) -> list[dict[str, Any]]:
        # In a plan kept for any few they would be compared one after the other: twice the time for two thousand.
        prepare = False if few is not None else None
        with self.conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(*self.statement(text, valued, start, size, few), prepare=prepare).fetchall()

    def statement(
        self,
        text: LiteralString,
        valued: bool,
        start: tuple[str | None, int] | None,
        size: int,
        few: narrow.Few | None = None,
    ) -> tuple[sql.Composed, dict[str, Any]]:
        """One stretch's statement and its parameters."""
        downwards = self.descending != self.backward
        natural = downwards == (self.sort.natural == "desc")
        nulls = self.sort.nulls_natural if natural else {"last": "first", "first": "last"}[self.sort.nulls_natural]
        key = self.sort.key
        contact = sql.SQL("p.contact_id" if text is _SCANNED else self.sort.contact)

        def order(key: sql.Composable, contact: sql.Composable) -> sql.Composed:
            # Told exactly as the index was made, or PostgreSQL would sort a million rows.
            return sql.SQL("order by {key} {direction} nulls {nulls}, {contact} {direction}").format(
                key=key, contact=contact, direction=sql.SQL("desc" if downwards else "asc"), nulls=sql.SQL(nulls)
            )

        conditions: list[sql.Composable] = [
            sql.SQL(self.sort.only),
            sql.SQL("{} is not null" if valued else "{} is null").format(key),
        ]
        parameters: dict[str, Any] = {
            "size": size,
            "query": self.query,
            "window": MET if few is not None else FILTERED_WINDOW if self.narrowing else WINDOW,
            "near": NEAR if few is not None and few.count < DEAR else 0,
            "place": self.sort.place,
        }
        keep: list[sql.Composable] = [sql.SQL("true")]
        if self.query and text in (_NEAR, _FEW_SORTED):
            keep.append(sql.SQL("x.search @@ %(query)s::tsquery"))
        if few is not None:
            parameters["few"] = few.numbers
        if self.narrowing is not None:
            keep.append(self.narrowing.condition)
            parameters |= self.narrowing.parameters
            if self.sort.indexed:
                conditions += narrow.within(self.narrowing, self.name, parameters)
        if start is not None:
            parameters |= {"value": start[0], "id": start[1]}
            than = sql.SQL("<" if downwards else ">")
            if valued:
                conditions.append(
                    sql.SQL("({key}, {contact}) {than} (%(value)s::{cast}, %(id)s)").format(
                        key=key, contact=contact, than=than, cast=sql.SQL(self.sort.cast)
                    )
                )
            else:
                conditions.append(sql.SQL("{} {} %(id)s").format(contact, than))
        composed = sql.SQL(text).format(
            key=key,
            source=sql.SQL(self.sort.source),
            narrow=sql.SQL(self.sort.source if self.query else self.sort.narrow),
            where=sql.SQL(" and ").join(conditions),
            order=order(key, contact),
            over=order(sql.SQL("few.key"), sql.SQL("few.contact_id")),
            again=order(sql.SQL("near.key"), sql.SQL("near.contact_id")),
            contact=contact,
            search=sql.SQL(", l.search" if self.query else ""),
            wide=sql.SQL(self.sort.wide),
            keep=sql.SQL(" and ").join(keep),
        )
        return composed, parameters


def _of(row: Mapping[str, Any]) -> str:
    return _encode(row["sort_value"], row["contact_id"])


def _encode(value: str | None, contact: int) -> str:
    text = json.dumps([value, contact], ensure_ascii=False)
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
