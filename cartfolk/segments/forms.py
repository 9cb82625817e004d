"""How a condition reaches what it is about: beside a row by outer joins, or contact by contact.

Both read a source of facts once however many conditions are about it: each is a FILTERed aggregate. Beside a row a
source that only one condition asks is narrowed to the contacts that answer, so that PostgreSQL makes a join of it, or
an anti-join.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cartfolk.segments.asking import sure
from cartfolk.segments.conditions import Having, itself
from cartfolk.segments.sources import Facts, Found


def _rows(facts: Facts, joins: tuple[str, ...], *conditions: str) -> str:
    kept = [condition for condition in (facts.keep, *conditions) if condition]
    where = f" where {' and '.join(kept)}" if kept else ""
    return " ".join((f"from {facts.tables}", *joins)) + where


@dataclass(slots=True)
class Source:
    alias: str
    columns: dict[str, str] = field(default_factory=dict)  # aggregate → name
    joins: dict[str, None] = field(default_factory=dict)

    def column(self, aggregate: str) -> str:
        return self.columns.setdefault(aggregate, f"a{len(self.columns)}")

    filters: dict[str, None] = field(default_factory=dict)

    def measure(self, rows: Found) -> str:
        """The measure of what was found, as a column."""
        self.joins |= dict.fromkeys(rows.joins)
        self.filters[rows.filter] = None
        narrowed = f" filter (where {rows.filter})" if rows.filter else ""
        return f"{self.alias}.{self.column(rows.measure.replace('{filter}', narrowed))}"

    def select(self) -> str:
        return ", ".join(f"{aggregate} as {name}" for aggregate, name in self.columns.items())


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition on facts, as it came by."""

    rows: Found
    having: Having
    nothing: bool
    some: bool


@dataclass(slots=True)
class Survey:
    """Says nothing, and notes which facts are asked for."""

    asked: list[Asked] = field(default_factory=list)

    def table(self, name: str) -> str:
        return name

    def measured(self, rows: Found, having: Having, *, nothing: bool, some: bool = False) -> str:
        self.asked.append(Asked(rows, having, nothing, some))
        return "null"

    def member(self, segment: int) -> str:
        return "null"

    def shared(self) -> frozenset[Facts]:
        """The sources that several conditions ask, none by a look-up within (which is cheap for a few rows only)."""
        found: dict[Facts, set[tuple[str, str]]] = {}
        looked_up = set()
        for item in self.asked:
            found.setdefault(item.rows.facts, set()).add((item.rows.filter, item.rows.measure))
            if any(look_up in item.rows.filter for look_up in ("exists (select", "(select sum")):
                looked_up.add(item.rows.facts)
        return frozenset(facts for facts, questions in found.items() if len(questions) > 1) - looked_up


@dataclass(slots=True)
class Joined:
    """Outer joins beside a row with a contact_id. ``own``: the sub-select, or the shared source, that is the row."""

    row: str
    tables: dict[str, str]  # table → alias
    shared: frozenset[Facts] = frozenset()
    joins: dict[str, str] = field(default_factory=dict)  # table or sub-select → alias
    sources: dict[Facts, Source] = field(default_factory=dict)
    own: str | Facts = ""

    def table(self, name: str) -> str:
        if name not in self.tables:
            self.tables[name] = self.joins[name] = f"{self.row}_{name}"
        return self.tables[name]

    def measured(self, rows: Found, having: Having, *, nothing: bool, some: bool = False) -> str:
        if rows.facts in self.shared:
            return self._of_shared(rows, having, nothing=nothing)
        if having is itself:
            return f"{self._alias(_grouped(rows, '', rows.measure.replace('{filter}', '')))}.v"
        select = narrowed(rows, having, nothing=nothing, some=some)
        if select == self.own:
            return "true"
        return f"{self._alias(select)}.contact_id is {'null' if nothing else 'not null'}"

    def _of_shared(self, rows: Found, having: Having, *, nothing: bool) -> str:
        alias = self.row if rows.facts == self.own else f"{self.row}s{len(self.sources)}"
        source = self.sources.setdefault(rows.facts, Source(alias))
        condition = having(source.measure(rows))
        if nothing and source.alias != self.row:
            return f"({source.alias}.contact_id is null or {condition})"
        return condition

    def _alias(self, select: str) -> str:
        return self.joins.setdefault(select, f"{self.row}{len(self.joins)}")

    def member(self, segment: int) -> str:
        return f"{self.table('contact_segment')}.segments @> array[{int(segment)}]::int[]"

    def base(self) -> str:
        """The row itself, if it is one of the sub-selects."""
        return f"{self.own if isinstance(self.own, str) else _all(self.own, self.sources[self.own])} {self.row}"

    def text(self) -> str:
        others = {
            _all(facts, source): source.alias for facts, source in self.sources.items() if source.alias != self.row
        }
        return " ".join(
            f"left join {source} {alias} on {alias}.contact_id = {self.row}.contact_id"
            for source, alias in (self.joins | others).items()
        )


def narrowed(rows: Found, having: Having, *, nothing: bool, some: bool) -> str:
    """The sub-select of the contacts that answer; with ``nothing`` of those that do not."""
    if rows.members and not nothing:
        return f"({rows.members})"
    if some and rows.by_line:
        return _grouped(rows.by_line, "")
    rows = rows.alone or rows
    condition = "" if some else having(rows.measure.replace("{filter}", ""))
    if nothing and condition:
        condition = f"not {sure(condition)}"
    return _grouped(rows, condition)


def _grouped(rows: Found, having: str, value: str = "") -> str:
    told = f", {value} as v" if value else ""
    having = f" having {having}" if having else ""
    contact = rows.facts.contact
    text = _rows(rows.facts, rows.joins, rows.filter)
    return _many(rows.facts, f"select {contact} as contact_id{told} {text} group by {contact}{having}")


def _many(facts: Facts, grouped: str) -> str:
    """The sub-select, as one that PostgreSQL expects many rows of. Parts are joined to their orders by two columns,
    which it takes for independent of each other: it would expect one row, and join contacts to what may be a million
    of them row by row. A function whose number of rows it cannot know makes it a thousand; there is one."""
    if facts.name not in ("line", "refund"):
        return f"({grouped})"
    return f"(select g.* from ({grouped}) g cross join generate_series(1, (select 1)) as once)"


def _all(facts: Facts, source: Source) -> str:
    """The sub-select of all contacts with facts that any condition is about."""
    either = "" if "" in source.filters else f"({' or '.join(f'({text})' for text in source.filters)})"
    text = _rows(facts, tuple(source.joins), either)
    grouped = f"select {facts.contact} as contact_id, {source.select()} {text} group by {facts.contact}"
    return _many(facts, grouped)


@dataclass(slots=True)
class Lateral:
    """The facts of each touched contact, read once a source."""

    row: str
    tables: dict[str, str] = field(default_factory=dict)
    sources: dict[Facts, Source] = field(default_factory=dict)
    fresh: dict[int, str] = field(default_factory=dict)  # segments of this statement that are known already

    def table(self, name: str) -> str:
        return self.tables.setdefault(name, f"{self.row}_{name}")

    def measured(self, rows: Found, having: Having, *, nothing: bool, some: bool = False) -> str:
        source = self.sources.setdefault(rows.facts, Source(f"{self.row}{len(self.sources)}"))
        return having(source.measure(rows))

    def member(self, segment: int) -> str:
        if segment in self.fresh:
            return self.fresh[segment]
        return f"{self.table('contact_segment')}.segments @> array[{int(segment)}]::int[]"

    def text(self) -> str:
        joins = [
            f"left join lateral (select * from {name} where {name}.contact_id = {self.row}.contact_id offset 0)"
            f" {alias} on true"
            for name, alias in self.tables.items()
        ]
        for facts, source in self.sources.items():
            rows = _rows(facts, tuple(source.joins), f"{facts.contact} = {self.row}.contact_id")
            joins.append(f"left join lateral (select {source.select()} {rows}) {source.alias} on true")
        return " ".join(joins)
