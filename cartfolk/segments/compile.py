"""Definitions become SQL: a pure function of the tree and what the account has.

``compile``          one statement that gives the contacts of one segment: to build it, or to count it
``where``            the same as joins and a condition beside any row with a contact_id: the contact list's filters
``compile_touched``  one statement that gives, for the contacts in ``ids``, the segments each is in: many at once

All three put the same conditions (asking.py, sources.py) into two forms. In the first, every condition about facts
is a grouped sub-select of the contacts that answer it, outer-joined: PostgreSQL makes joins and anti-joins of what
must hold and must not. In the second, the facts of a contact are read once a source, and every distinct condition is
a FILTERed aggregate over them. Run the text with ``Sql.at(now)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString, Protocol

from cartfolk.segments import history
from cartfolk.segments.asking import Parameters, ask, bounds, has, of_nothing, sure
from cartfolk.segments.consent import consent
from cartfolk.segments.fields import EVENTS, MEASURES
from cartfolk.segments.operators import OPERATORS, Kind, kind
from cartfolk.segments.sources import Facts, Found, found
from cartfolk.segments.tree import (
    Consent,
    Context,
    Event,
    Group,
    Member,
    Node,
    Property,
    Question,
    Store,
    order,
    uses,
    walk,
)


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement, or with ``joins`` a condition and the joins it needs."""

    text: LiteralString
    parameters: Parameters
    context: Context
    joins: LiteralString = ""

    def at(self, at: datetime) -> dict[str, Any]:
        """The parameters when it is run at ``at`` (aware)."""
        return {"at": at} | self.parameters.fixed | bounds(self.parameters.times, at, self.context)


Having = Callable[[str], str]
"""The condition on a measure, from the measure's SQL."""


class Form(Protocol):
    """How a condition reaches what it is about."""

    def table(self, name: str) -> str:
        """The alias under which the contact's row of a table stands."""

    def measured(self, rows: Found, having: Having, *, nothing: bool, some: bool = False) -> str:
        """The condition on what was found. ``nothing``: what it is for a contact without any such fact; ``some``: it
        is the opposite as soon as there is one."""

    def member(self, segment: int) -> str:
        """The contact is a member of a segment."""


class Conditions:
    """The tree as one boolean expression. Below a negation every condition is made sure to be true or false."""

    def __init__(self, form: Form, parameters: Parameters, context: Context) -> None:
        self.form, self.parameters, self.context = form, parameters, context

    def node(self, node: Node, *, denied: bool = False) -> str:
        match node:
            case Group(match, children):
                if not children:
                    return "true"
                parts = [self.node(child, denied=denied or match == "none") for child in children]
                if match == "none":
                    return f"not ({' or '.join(parts)})"
                return f"({(' and ' if match == 'all' else ' or ').join(parts)})"
            case Property():
                condition = self.property(node)
            case Event():
                condition = self.event(node)
            case Consent(channel, purpose, status):
                rows = consent(channel, purpose, self.parameters)
                condition = self.form.measured(rows, lambda state: f"{state} = '{status}'", nothing=status == "unknown")
            case Member(segment, member):
                condition = self.form.member(segment)
                if not member:
                    condition = f"not {sure(condition)}"
            case Store(store, member):
                condition = f"{self.form.table('contact_list')}.store_ids @> array[{int(store)}]::bigint[]"
                if not member:
                    condition = f"not {sure(condition)}"
        return sure(condition) if denied else condition

    def value(self, name: str) -> str:
        """The SQL of a property's value."""
        item = self.context.properties[name]
        column = name.replace('"', '""').replace("%", "%%")
        return f'{self.form.table(item.table)}."{column}"'

    def property(self, node: Property) -> str:
        question, asked = node.question, kind(self.context.properties[node.name])
        operator = OPERATORS[question.operator]
        positive = operator.denies or operator.name
        if positive.startswith(("ever_", "updated_")):
            condition = self.past(node.name, Question(positive, question.value, question.include_unknown), asked)
            return f"not {sure(condition)}" if operator.denies else condition
        return ask(question, asked, self.value(node.name), self.parameters, self.context, self.value)

    def past(self, name: str, question: Question, asked: Kind) -> str:
        """A question about a property's history."""
        if question.operator.startswith("updated_"):

            def having(changed: str) -> str:
                return ask(question, Kind.MOMENT, changed, self.parameters, self.context, self.value)

            rows = history.changed(name, self.parameters)
            if question.operator.endswith("_property"):  # of two columns: it cannot be asked of one table alone
                condition = having(self.form.measured(rows, itself, nothing=False))
                return condition
            return self.form.measured(rows, having, nothing=question.include_unknown)
        once = self.form.measured(
            history.was(name, question, asked, self.parameters), lambda count: f"{count} > 0", nothing=False, some=True
        )
        now = history.now(question, asked, self.value(name), self.parameters, self.context)
        missing = ""
        if question.include_unknown:
            missing = f" or ({has(self.value(name), asked)}) is not true"
        return f"({sure(once)} or {sure(now)}{missing})"

    def event(self, node: Event) -> str:
        measure = MEASURES[node.measure]
        asked = EVENTS[node.event].fields[node.field].kind if node.field else Kind.NUMBER
        question = node.question
        without = question.include_unknown or OPERATORS[question.operator].without_value
        nothing = of_nothing(question) if measure.empty_is_zero else without
        return self.form.measured(
            found(node, self.parameters, self.context),
            lambda value: ask(question, asked, value, self.parameters, self.context),
            nothing=nothing,
            some=measure.name == "count" and _any_will_do(question, nothing),
        )


def itself(measure: str) -> str:
    return measure


def _any_will_do(question: Question, nothing: bool) -> bool:
    """A count answers the opposite of ``nothing`` from one on, whatever it is."""
    match question:
        case Question("greater_equal" | "less", value):
            return value == 1
        case Question("greater" | "less_equal" | "is" | "is_not", value):
            return value == 0
    return False


def _rows(facts: Facts, joins: tuple[str, ...], *conditions: str) -> str:
    kept = [condition for condition in (facts.keep, *conditions) if condition]
    where = f" where {' and '.join(kept)}" if kept else ""
    return " ".join((f"from {facts.tables}", *joins)) + where


@dataclass(slots=True)
class _Joined:
    """Outer joins beside a row with a contact_id."""

    row: str
    tables: dict[str, str]  # table → alias
    joins: dict[str, str] = field(default_factory=dict)  # text of the sub-select → alias
    given: dict[str, str] = field(default_factory=dict)  # sub-selects that are the row itself

    def table(self, name: str) -> str:
        if name not in self.tables:
            self.tables[name] = alias = f"{self.row}_{name}"
            self.joins[name] = alias
        return self.tables[name]

    def measured(self, rows: Found, having: Having, *, nothing: bool, some: bool = False) -> str:
        if having is itself:
            grouped = self._select(rows, "", rows.measure.replace("{filter}", ""))
            return f"{self._alias(grouped)}.v"
        select = self.select(rows, having, nothing=nothing, some=some)
        if select in self.given:
            return "true"
        return f"{self._alias(select)}.contact_id is {'null' if nothing else 'not null'}"

    def select(self, rows: Found, having: Having, *, nothing: bool, some: bool) -> str:
        """The contacts that answer; with ``nothing`` those that do not."""
        condition = "" if some else having(rows.measure.replace("{filter}", ""))
        if nothing and condition:
            condition = f"not {sure(condition)}"
        return self._select(rows, condition)

    def _select(self, rows: Found, having: str, value: str = "") -> str:
        told = f", {value} as v" if value else ""
        having = f" having {having}" if having else ""
        contact = rows.facts.contact
        text = _rows(rows.facts, rows.joins, rows.filter)
        return f"(select {contact} as contact_id{told} {text} group by {contact}{having})"

    def _alias(self, select: str) -> str:
        return self.joins.setdefault(select, f"{self.row}{len(self.joins)}")

    def member(self, segment: int) -> str:
        return f"{self.table('contact_segment')}.segments @> array[{int(segment)}]::int[]"

    def text(self) -> str:
        return " ".join(
            f"left join {source} {alias} on {alias}.contact_id = {self.row}.contact_id"
            for source, alias in self.joins.items()
        )


def where(root: Node, context: Context, *, row: str, joined: Mapping[str, str] | None = None, prefix: str = "q") -> Sql:
    """The definition as a condition (``text``) and the ``joins`` it needs, beside a row with a contact_id that goes by
    the alias ``row``. ``joined`` names the tables that stand there already, e.g. {"contact_property": "p"}."""
    form = _Joined(row, dict(joined or {}))
    parameters = Parameters(prefix)
    condition = Conditions(form, parameters, context).node(root)
    return Sql(condition, parameters, context, form.text())


def compile(root: Node, context: Context) -> Sql:
    """One statement that gives the contact_id of every contact in the segment, once each."""
    parameters = Parameters()
    form = _Joined("b", {})
    conditions = Conditions(form, parameters, context)
    base = "contact_property b"
    form.tables["contact_property"] = "b"
    if not any(isinstance(node, Property) for node in walk(root)):
        for needed in _needed(root):
            select = _select_of(needed, conditions, form)
            if select:
                base, form.given = f"{select} b", {select: "b"}
                break
    condition = conditions.node(root)
    text = f"select b.contact_id from {base} {form.text()} where {condition}"
    return Sql(text, parameters, context)


def _needed(root: Node) -> list[Event]:
    """The event conditions that must hold of every member."""
    if isinstance(root, Event):
        return [root]
    if isinstance(root, Group) and (root.match == "all" or (root.match == "any" and len(root.children) == 1)):
        return [event for child in root.children for event in _needed(child)]
    return []


def _select_of(event: Event, conditions: Conditions, form: _Joined) -> str:
    """The sub-select of an event condition that no contact without such an event answers, or nothing."""
    selects: list[str] = []

    @dataclass(slots=True)
    class _Watching:
        table: Callable[[str], str] = form.table
        member: Callable[[int], str] = form.member

        def measured(self, rows: Found, having: Having, *, nothing: bool, some: bool = False) -> str:
            if not nothing:
                selects.append(form.select(rows, having, nothing=nothing, some=some))
            return ""

    Conditions(_Watching(), conditions.parameters, conditions.context).event(event)
    return selects[0] if selects else ""


@dataclass(slots=True)
class Lateral:
    """The facts of each touched contact, read once a source."""

    row: str
    tables: dict[str, str] = field(default_factory=dict)
    sources: dict[Facts, _Source] = field(default_factory=dict)
    fresh: dict[int, str] = field(default_factory=dict)  # segments of this statement that are known already

    def table(self, name: str) -> str:
        return self.tables.setdefault(name, f"{self.row}_{name}")

    def measured(self, rows: Found, having: Having, *, nothing: bool, some: bool = False) -> str:
        source = self.sources.setdefault(rows.facts, _Source(f"{self.row}{len(self.sources)}"))
        source.joins |= dict.fromkeys(rows.joins)
        aggregate = rows.measure.replace("{filter}", f" filter (where {rows.filter})" if rows.filter else "")
        return having(f"{source.alias}.{source.column(aggregate)}")

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
            columns = ", ".join(f"{aggregate} as {name}" for aggregate, name in source.columns.items())
            rows = _rows(facts, tuple(source.joins), f"{facts.contact} = {self.row}.contact_id")
            joins.append(f"left join lateral (select {columns} {rows}) {source.alias} on true")
        return " ".join(joins)


@dataclass(slots=True)
class _Source:
    alias: str
    columns: dict[str, str] = field(default_factory=dict)  # aggregate → name
    joins: dict[str, None] = field(default_factory=dict)

    def column(self, aggregate: str) -> str:
        return self.columns.setdefault(aggregate, f"a{len(self.columns)}")


def compile_touched(roots: Mapping[int, Node], context: Context) -> Sql:
    """One statement (contact_id, segments int[]): for every contact in ``ids`` that has its properties, those of
    the segments ``roots`` (by number) it is in, in ascending order. A segment that names another of ``roots`` follows
    its answer here; any other it names is looked up in contact_segment."""
    parameters = Parameters()
    form = Lateral("t")
    form.tables["contact_property"] = "p"
    conditions = Conditions(form, parameters, context)
    levels: list[dict[int, str]] = []
    depth: dict[int, int] = {}
    for number in order(roots):
        depth[number] = 1 + max((depth[below] for below in uses(roots[number]) if below in depth), default=-1)
        if depth[number] == len(levels):
            levels.append({})
        levels[depth[number]][number] = sure(conditions.node(roots[number]))
        form.fresh[number] = f"s{depth[number]}.m{int(number)}"
    selects = (", ".join(f"{text} as m{int(number)}" for number, text in level.items()) for level in levels)
    answers = " ".join(
        f"cross join lateral (select {select} offset 0) s{place}" for place, select in enumerate(selects)
    )
    listed = ", ".join(f"case when {form.fresh[number]} then {int(number)} end" for number in sorted(roots))
    del form.tables["contact_property"]
    text = (
        "with touched as materialized (select distinct unnest(%(ids)s::bigint[]) as contact_id)"
        f" select t.contact_id, array_remove(array[{listed}]::int[], null) as segments from touched t"
        " cross join lateral (select * from contact_property p where p.contact_id = t.contact_id offset 0) p"
        f" {form.text()} {answers}"
    )
    return Sql(text, parameters, context)
