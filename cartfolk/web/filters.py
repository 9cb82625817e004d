"""The filter bar: a property, one of its operators, a value; each filter a chip that can be changed or removed.

Filters are property conditions of the segment language under one group (all or any of them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext
from psycopg import sql

from cartfolk.core.sql import Connection
from cartfolk.properties.catalogue import Property
from cartfolk.properties.defined import Defined
from cartfolk.segments import labels, language, operators, sentence, stored, tree
from cartfolk.segments.operators import Operator
from cartfolk.segments.problems import Refused

from . import controls, formats
from .asked import UNREADABLE, Asked
from .given import whole

_SAMPLE, _SUGGESTED = 2_000, 40
_SHOWN = 4  # values of a filter in its chip


class FilterRefused(ValueError):
    """A filter that cannot be asked; the message is for the reader."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter: its sentence, the address without it, and what its form is asked for with."""

    label: str
    text: str
    without: str
    property: str = ""  # '' when the bar cannot change it (a condition made elsewhere)
    place: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one filter: the property, its operators, the control its operator needs."""

    item: Property
    label: str
    definition: str
    operators: list[tuple[str, str, bool]]  # name, words, whether it is the chosen one
    operator: Operator
    control: str  # none, text, texts, options, option, number, date, bool, amount, calendar, property; pair: two of it
    pair: bool
    values: list[str]
    unit: str
    units: list[tuple[str, str]]
    options: list[tuple[str, str, bool]]
    suggestions: list[str]
    include_unknown: bool
    may_include_unknown: bool
    place: str  # the filter that is changed; '' adds one
    problem: str = ""

    @property
    def counted(self) -> bool:
        """Whether the units of the calendar may be several."""
        return self.operator.name in operators.COUNTED


def context(conn: Connection, defined: Defined | None = None) -> tree.Context:
    """What conditions may ask in this account; ``defined``: its properties, where they are read already."""
    return stored.context(conn, defined=defined)


def offered(known: tree.Context) -> list[tuple[str, str]]:
    """Every property that can be filtered by: name and label."""
    return [
        (item.name, item.label(formats.language()))
        for item in known.properties.values()
        if item.stored and not item.hidden
    ]


def root(filters: Mapping[str, Any] | None, known: tree.Context) -> tree.Group | None:
    """The condition of the filters, checked; none without one. Raises FilterRefused."""
    if filters == UNREADABLE:
        raise FilterRefused(gettext("They are not complete. Open the whole address again, or choose filters here."))
    if not filters or (isinstance(filters.get("root"), dict) and filters["root"].get("children") == []):
        return None
    try:
        node = language.from_json(dict(filters), known)
    except Refused as refused:
        raise FilterRefused(str(refused)) from None
    return node if isinstance(node, tree.Group) else tree.Group("all", (node,))


def _raw(filters: Mapping[str, Any] | None) -> tuple[str, list[dict[str, Any]]]:
    """How the filters combine, and each as JSON."""
    top = (filters or {}).get("root")
    if not isinstance(top, dict):
        return "all", []
    if top.get("type") != "group":
        return "all", [top]
    children = top.get("children")
    return top.get("match", "all"), [c for c in children if isinstance(c, dict)] if isinstance(children, list) else []


def _together(match: str, children: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not children:
        return None
    return {"version": language.VERSION, "root": {"type": "group", "match": match, "children": list(children)}}


def without(asked: Asked, place: int) -> Asked:
    match, children = _raw(asked.shown.filters)
    return asked.with_(filters=_together(match, children[:place] + children[place + 1 :]))


def matched(asked: Asked, match: str) -> Asked:
    """The same filters, all or any of them."""
    return asked.with_(filters=_together(match, _raw(asked.shown.filters)[1]))


def match(asked: Asked) -> str:
    return _raw(asked.shown.filters)[0]


def chips(asked: Asked, known: tree.Context) -> list[Chip]:
    """The filters as the bar shows them."""
    found = []
    for place, child in enumerate(_raw(asked.shown.filters)[1]):
        item = known.properties.get(str(child.get("property"))) if child.get("type") == "property" else None
        away = without(asked, place).address()
        if item is None:
            found.append(Chip(_said(child, known) or gettext("Further conditions"), "", away))
        else:
            words = _said(child, known) or str(labels.OPERATORS.get(str(child.get("operator")), ""))
            found.append(Chip(item.label(formats.language()), words, away, item.name, place))
    return found


def _said(condition: Mapping[str, Any], known: tree.Context) -> str:
    """What a filter asks, without the name of the property; '' when it cannot be asked, and the page says why."""
    try:
        node = language.from_json({"version": language.VERSION, "root": condition}, known)
    except Refused:
        return ""
    if isinstance(node, tree.Property):
        return sentence.about(node, known, _SHOWN)
    return sentence.node(node, known)


def form(conn: Connection, asked: Asked, known: tree.Context, given: QueryDict, problem: str = "") -> Form:
    """The form for ``property`` in ``given``; ``place`` changes that filter. Raises FilterRefused."""
    item = known.properties.get(given.get("property", ""))
    if item is None or not item.stored:
        raise FilterRefused(gettext("This property cannot be filtered by. Choose another."))
    asked_kind = operators.kind(item)
    there = [row for row in operators.of(asked_kind) if row.name != controls.FIFTH]  # worked out for segments alone
    present: dict[str, Any] = {}
    place = given.get("place", "")
    children = _raw(asked.shown.filters)[1]
    if (at := whole(place)) is not None and at < len(children):
        present = children[at]
    name = given.get("operator") or str(present.get("operator") or controls.usual(asked_kind))
    operator = next((row for row in there if row.name == name), there[0])
    same = operator.name == present.get("operator") and "operator" not in given
    typed = given.getlist("value")
    values = typed or (controls.texts(present.get("value")) if same else [])
    unit = given.get("unit") or (controls.unit(present.get("value")) if same else "")
    control, pair = controls.control(asked_kind, operator, bool(item.options))
    inputs = typed or (controls.held(asked_kind, control, present.get("value")) if same else [])
    return Form(
        item=item,
        label=item.label(formats.language()),
        definition=item.definition(formats.language()),
        operators=[(row.name, str(labels.OPERATORS[row.name]), row is operator) for row in there],
        operator=operator,
        control=control,
        pair=pair,
        values=inputs + [""] * (2 - len(inputs)),
        unit=unit or "day",
        units=controls.units(operator, asked_kind),
        options=options_of(item, operator, control, known, values),
        suggestions=suggestions(conn, item) if control in ("text", "texts") else [],
        include_unknown="include_unknown" in given or bool(same and present.get("include_unknown")),
        may_include_unknown=operator.denies is not None and not operator.without_value,
        place=place,
        problem=problem,
    )


def options_of(
    item: Property, operator: Operator, control: str, known: tree.Context, values: Sequence[str]
) -> list[tuple[str, str, bool]]:
    if control == "property":
        kinds = operators.comparable(operator, operators.kind(item))
        return [
            (other.name, other.label(formats.language()), other.name in values)
            for other in known.properties.values()
            if operators.kind(other) in kinds and other.name != item.name and other.stored
        ]
    return [(option.value, option.label(formats.language()), option.value in values) for option in item.options]


def suggestions(conn: Connection, item: Property) -> list[str]:
    """Values that occur, the frequent ones first: of a sample, so that it costs the same at any size."""
    column = sql.Identifier(item.name)
    if item.multi:
        column = sql.SQL("unnest({})").format(column)  # type: ignore[assignment]
    statement = sql.SQL(
        "select v from (select {column} as v from (select {name} from {table} where {name} is not null limit %s) s) t "
        "group by v order by count(*) desc, v limit %s"
    ).format(column=column, name=sql.Identifier(item.name), table=sql.Identifier(item.table))
    return [str(row[0])[:200] for row in conn.execute(statement, [_SAMPLE, _SUGGESTED])]


def added(asked: Asked, known: tree.Context, given: QueryDict) -> Asked:
    """The list with the form's filter added or changed. Raises FilterRefused."""
    item = known.properties.get(given.get("property", ""))
    operator = operators.OPERATORS.get(given.get("operator", ""))
    if item is None or operator is None:
        raise FilterRefused(gettext("Choose a property and an operator."))
    condition: dict[str, Any] = {"type": "property", "property": item.name, "operator": operator.name}
    value = controls.value(
        operators.kind(item), operator, bool(item.options), given.getlist("value"), given.get("unit", "")
    )
    if value is not None:
        condition["value"] = value
    if "include_unknown" in given and operator.denies and not operator.without_value:
        condition["include_unknown"] = True
    try:
        language.from_json(_together("all", [condition]), known)
    except Refused as refused:
        problem = refused.problems[0]
        raise FilterRefused(gettext(problem.text) % problem.values) from None
    how, children = _raw(asked.shown.filters)
    place = whole(given.get("place"))
    if place is not None and place < len(children):
        children[place] = condition
    else:
        children.append(condition)
    return asked.with_(filters=_together(how, children))
