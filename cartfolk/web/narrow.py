"""How filtered contacts are found without looking at everybody.

Each filter that is a value or a range has a place where its contacts lie side by side: an index of contact_list, or
the narrow copy the properties room keeps of what people sort and filter by (properties/sorting.py). When a filter
leaves few (:data:`FEW`), they are taken from there, checked against all filters and sorted. When it leaves many,
the list is walked in its own order, which fills a page soon. See docs/decisions/0014.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, LiteralString

from psycopg import sql

from cartfolk.core.sql import Connection, array
from cartfolk.core.time import now
from cartfolk.properties import sorting
from cartfolk.segments import compile as compiler
from cartfolk.segments import operators, tree, windows
from cartfolk.segments.operators import Kind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FEW = 4_000  # contacts that are fetched and sorted faster than a page is found by walking
SURE = 300  # contacts that are counted for a page's total; of more the page says "about"

# What contact_list has an index for: property -> its expression there, and whether it is a word.
_LISTED: Mapping[str, LiteralString] = {
    "createdate": "l.createdate",
    "email": 'l.email collate "C"',
    "recent_conversion_event_name": 'l.recent_conversion_event_name collate "C"',
    "recent_conversion_date": "l.recent_conversion_date",
    "last_order_date": "l.last_order_date",
    "total_value_of_orders": "l.total_value_of_orders",
    "total_number_of_orders": "l.total_number_of_orders",
}


@dataclass(frozen=True, slots=True)
class Few:
    """Some contacts, each once, as PostgreSQL writes an array: thousands of numbers are not worth reading here."""

    numbers: str
    count: int


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The filters as SQL: ``condition`` is over a row ``x`` with a contact_id."""

    condition: sql.Composable
    everybody: sql.Composable  # the same to ask of all contacts at once, with ``joins`` beside ``x``
    joins: sql.Composable
    parameters: Mapping[str, Any]
    root: tree.Group
    known: tree.Context
    types: Mapping[str, str]  # the columns there are: name -> PostgreSQL type
    kept: Mapping[str, int | None]  # filtered properties that contact_list does not carry: their sort_id, None without
    # What was found for this request already; a page, its total and the next stretch ask the same.
    found: list[Few | None] = field(default_factory=list, compare=False)

    @property
    def unkept(self) -> list[str]:
        """Filtered properties that have no place of their own (yet)."""
        return [name for name, place in self.kept.items() if place is None]


def narrowing(conn: Connection, root: tree.Group, known: tree.Context, types: Mapping[str, str]) -> Narrowing:
    single, whole = _compiled(root, known)
    # Asked contact by contact (``offset 0`` keeps it so): a page needs few, and joined PostgreSQL would read everybody.
    condition = sql.SQL("exists (select from (select x.contact_id) y {} where {} offset 0)").format(
        sql.SQL(single.joins), sql.SQL(single.text)
    )
    elsewhere = dict.fromkeys(
        node.name
        for node in tree.walk(root)
        if isinstance(node, tree.Property)
        and (node.name not in _LISTED or node.question.operator == "contains")
        and node.name in types
    )
    kept = {name: sorting.place(conn, name, now()) for name in elsewhere}
    parameters = single.at(now()) | whole.at(now())
    return Narrowing(condition, sql.SQL(whole.text), sql.SQL(whole.joins), parameters, root, known, types, kept)


@lru_cache(64)
def _compiled(root: tree.Group, known: tree.Context) -> tuple[compiler.Sql, compiler.Sql]:
    """The condition for one contact at a time, beside ``y``, and for all at once, beside ``x``."""
    single = compiler.where(root, known, row="y", prefix="keep")
    return single, compiler.where(root, known, row="x", prefix="all")


def few(conn: Connection, narrowing: Narrowing) -> Few | None:
    """The contacts of the rarest filter when they are few, else None; they still have to answer ``condition``."""
    if not narrowing.found:
        narrowing.found.append(_Places(narrowing).of(conn, narrowing.root))
    return narrowing.found[0]


def total(conn: Connection, narrowing: Narrowing, everybody: int) -> tuple[int | None, bool]:
    """How many contacts the filters leave, and whether that is an estimate: exact when they are quickly asked, else by
    the rarest filter or, when that leaves many, by the planner's statistics."""
    near = few(conn, narrowing)
    if near is not None and near.count > SURE:
        return near.count, True
    if near is not None:
        statement = sql.SQL("select count(*) from unnest(%(few)s::bigint[]) x (contact_id) {} where {}").format(
            narrowing.joins, narrowing.everybody
        )
        row = conn.execute(statement, {"few": near.numbers, **narrowing.parameters}).fetchone()
        return (int(row[0]) if row else 0), False
    statement = sql.SQL("explain (format json) select from contact_list x {} where {}").format(
        narrowing.joins, narrowing.everybody
    )
    row = conn.execute(statement, narrowing.parameters).fetchone()
    return (min(everybody, int(row[0][0]["Plan"]["Plan Rows"])) if row else None), True


def within(narrowing: Narrowing, name: str, parameters: dict[str, Any]) -> list[sql.Composed]:
    """The stretch of an order by ``name`` that the filters leave when they ask for that property, too: conditions on
    what sorts, their values added to ``parameters``."""
    places, root, found = _Places(narrowing), narrowing.root, []
    for node in root.children if root.match == "all" else ():
        if not isinstance(node, tree.Property) or node.name != name or places.scattered(node):
            continue
        value = node.question.value
        if node.question.operator == "is_any_of" and isinstance(value, tuple) and len(value) > 1:
            continue  # several stretches are not one
        if name in _LISTED:
            stretch = places.listed(node, parameters)
        elif narrowing.kept.get(name) is not None:
            stretch = places.kept(node, parameters)
        else:
            stretch = None
        if stretch is not None:
            found.append(stretch)
    return found


@dataclass(slots=True)
class _Places:
    narrowing: Narrowing

    def of(self, conn: Connection, group: tree.Group) -> Few | None:
        if group.match == "none":
            return None
        if group.match == "all":
            found = [some for child in group.children if (some := self.one(conn, child)) is not None]
            return min(found, key=lambda some: some.count, default=None)
        together: set[int] = set()
        for child in group.children:
            some = self.one(conn, child)
            if some is None:
                return None
            together.update(map(int, filter(None, some.numbers[1:-1].split(","))))
        return Few(array(sorted(together)), len(together)) if len(together) <= FEW else None

    def one(self, conn: Connection, node: tree.Node) -> Few | None:
        """The contacts a condition leaves; None when they are too many, or not known."""
        if isinstance(node, tree.Group):
            return self.of(conn, node)
        parameters: dict[str, Any] = {}
        place = self.place(node, parameters) if isinstance(node, tree.Property) else None
        if place is None:
            return None
        statement = sql.SQL(
            "select count(*), coalesce(array_agg(contact_id), '{{}}')::text from ({} limit {}) few"
        ).format(place, sql.Literal(FEW + 1))
        count, numbers = conn.execute(statement, parameters).fetchone() or (0, "{}")
        return Few(numbers, count) if count <= FEW else None

    def place(self, node: tree.Property, parameters: dict[str, Any]) -> sql.Composed | None:
        """A statement for the contacts of a condition where they lie side by side; None when they do not."""
        if self.scattered(node):
            return None
        contains = node.question.operator == "contains"
        if node.name in _LISTED and not contains:
            condition = self.listed(node, parameters)
            if condition is None:
                return None
            return sql.SQL("select l.contact_id from contact_list l where {}").format(condition)
        if node.name not in self.narrowing.types:
            return None
        sort_id = self.narrowing.kept[node.name]
        if sort_id is None:
            return None
        key = sorting.key(node.name, self.narrowing.types[node.name])
        if contains and key.column == "word":
            return _containing(node, sort_id, parameters)
        condition = self.kept(node, parameters)
        if condition is None:
            return None
        # The other column's emptiness is what the two indexes of contact_sort are cut by.
        other = sql.Identifier("s", "number" if key.column == "word" else "word")
        return sql.SQL("select s.contact_id from contact_sort s where s.sort_id = {} and {} is null and {}").format(
            sql.Literal(sort_id), other, condition
        )

    def kind(self, node: tree.Property) -> Kind:
        return operators.kind(self.narrowing.known.properties[node.name])

    def scattered(self, node: tree.Property) -> bool:
        """Whether those whom a condition leaves can lie anywhere in the order of its property."""
        return node.question.include_unknown or self.kind(node) is Kind.LIST

    def listed(self, node: tree.Property, parameters: dict[str, Any]) -> sql.Composed | None:
        """What contact_list's own index can be asked for a condition."""
        return self.range(node, sql.SQL(_LISTED[node.name]), parameters, epoch=False)

    def kept(self, node: tree.Property, parameters: dict[str, Any]) -> sql.Composed | None:
        """What the order kept of the property can be asked for a condition."""
        column = sql.Identifier("s", sorting.key(node.name, self.narrowing.types[node.name]).column)
        return self.range(node, column, parameters, epoch=True)

    def range(
        self, node: tree.Property, column: sql.Composable, parameters: dict[str, Any], *, epoch: bool
    ) -> sql.Composed | None:
        """A condition on the kept value that every contact of the filter fulfils; None when there is none."""
        asked = self.kind(node)

        def given(value: Any) -> sql.Composed:
            name = f"few{len(parameters)}"
            parameters[name] = value
            cast: LiteralString = "text" if isinstance(value, str) else "numeric" if epoch else "timestamptz"
            if isinstance(value, list):
                cast = "text[]"
            elif not isinstance(value, (str, date)):
                cast = "numeric"
            return sql.SQL("{}::{}").format(sql.Placeholder(name), sql.SQL(cast))

        def between(lower: Any, upper: Any) -> sql.Composed | None:
            ends = [
                sql.SQL("{} {} {}").format(column, sql.SQL(sign), given(value))
                for sign, value in ((">=", lower), ("<=", upper))
                if value is not None
            ]
            return sql.SQL(" and ").join(ends) if ends else None

        question, name = node.question, node.question.operator
        if asked in (Kind.MOMENT, Kind.DAY):
            row = operators.OPERATORS[name]
            if name == "known" or row.denies or "anniversary" in name:
                return None
            if row.shape is operators.Shape.PROPERTY or not row.fact:
                return None
            work_out = windows.days if asked is Kind.DAY else windows.instants
            lower, upper = work_out(question, now(), self.narrowing.known.zone)
            return between(*(_number(end) if epoch else end for end in (lower, upper)))
        values = question.value if isinstance(question.value, tuple) else (question.value,)
        match name:
            case "is" | "is_any_of" if asked in (Kind.TEXT, Kind.CHOICE):
                if node.name == "recent_conversion_event_name":  # kept as it is written
                    return None
                if len(values) == 1:
                    return sql.SQL("{} = left(lower({}), 200)").format(column, given(str(values[0])))
                words = given([str(value) for value in values])
                return sql.SQL("{} = any(array(select left(lower(w), 200) from unnest({}) w))").format(column, words)
            case "starts_with" if len(values) == 1 and node.name != "recent_conversion_event_name":
                start = given(str(values[0])[:100])
                return sql.SQL("({0} >= lower({1}) and {0} < lower({1}) || chr(1114111))").format(column, start)
            case "is" if asked is Kind.BOOL and epoch:
                return sql.SQL("{} = {}").format(column, given(int(bool(question.value))))
            case "is" | "is_any_of" if asked is Kind.NUMBER:
                listed = sql.SQL(", ").join(given(value) for value in values)
                return sql.SQL("{} in ({})").format(column, listed)
            case "between" if asked is Kind.NUMBER:
                return between(*values)
            case "greater" | "greater_equal":
                return between(question.value, None)
            case "less" | "less_equal":
                return between(None, question.value)
        return None


# One branch a lookup: joined by "or" the letters of every word found would be taken apart again.
_CONTAINING = (
    "select s.contact_id from contact_sort s where s.sort_id = {place} and s.number is null"
    " and sort_grams(s.sort_id, s.word) @> sort_grams({place}::smallint, %(text)s) and strpos(s.word, %(text)s) > 0 "
    "union all select s.contact_id from contact_sort s where s.sort_id = {place} and s.number is null"
    " and sort_grams(s.sort_id, s.word) @> array[hashtext({place} || '*')] and strpos(s.word, %(text)s) = 0"
)


def _containing(node: tree.Property, sort_id: int, parameters: dict[str, Any]) -> sql.Composed | None:
    """Where a kept word contains the text, by the index of three letters that follow each other, and the words that
    were cut, which could contain it behind the cut; None for fewer letters."""
    texts = node.question.value if isinstance(node.question.value, tuple) else (node.question.value,)
    if len(texts) != 1 or not 3 <= len(str(texts[0])) <= 100:
        return None
    parameters["text"] = str(texts[0]).lower()
    return sql.SQL(_CONTAINING).format(place=sql.Literal(sort_id))


def _number(end: datetime | date | None) -> Decimal | None:
    """An end of a window as the narrow copy keeps moments and days: seconds since 1970."""
    if end is None:
        return None
    if not isinstance(end, datetime):
        end = datetime(end.year, end.month, end.day, tzinfo=UTC)
    return Decimal((end - _EPOCH) // timedelta(microseconds=1)).scaleb(-6)
