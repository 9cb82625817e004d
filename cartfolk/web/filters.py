"""The filter bar: a property, one of its operators, a value; each filter a chip that can be changed or removed.

Filters are property conditions of the segment language under one group (all or any of them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy
from psycopg import sql

from cartfolk.core.sql import Connection
from cartfolk.properties.catalogue import Property
from cartfolk.segments import labels, language, operators, stored, tree
from cartfolk.segments.operators import Kind, Operator, Shape
from cartfolk.segments.problems import Refused

from . import controls, formats
from .asked import Asked
from .given import whole
from .templatetags.cartfolk import day, number

WORDS: Mapping[str, Any] = {
    "known": gettext_lazy("has a value"),
    "unknown": gettext_lazy("has no value"),
    "is": gettext_lazy("is"),
    "is_not": gettext_lazy("is not"),
    "is_any_of": gettext_lazy("is any of"),
    "is_none_of": gettext_lazy("is none of"),
    "contains": gettext_lazy("contains"),
    "not_contains": gettext_lazy("does not contain"),
    "starts_with": gettext_lazy("starts with"),
    "not_starts_with": gettext_lazy("does not start with"),
    "ends_with": gettext_lazy("ends with"),
    "not_ends_with": gettext_lazy("does not end with"),
    "contains_all": gettext_lazy("contains all of"),
    "not_contains_all": gettext_lazy("does not contain all of"),
    "is_exactly": gettext_lazy("is exactly"),
    "is_not_exactly": gettext_lazy("is not exactly"),
    "greater": gettext_lazy("is more than"),
    "greater_equal": gettext_lazy("is at least"),
    "less": gettext_lazy("is less than"),
    "less_equal": gettext_lazy("is at most"),
    "between": gettext_lazy("is between"),
    "not_between": gettext_lazy("is not between"),
    "before": gettext_lazy("is before"),
    "after": gettext_lazy("is after"),
    "in_last": gettext_lazy("is in the last"),
    "not_in_last": gettext_lazy("is not in the last"),
    "more_than_ago": gettext_lazy("is longer ago than"),
    "in_next": gettext_lazy("is in the next"),
    "not_in_next": gettext_lazy("is not in the next"),
    "more_than_ahead": gettext_lazy("is further ahead than"),
    "in_this": gettext_lazy("is in this"),
    "in_this_so_far": gettext_lazy("is in this, up to now,"),
    "in_previous": gettext_lazy("is in the previous"),
    "in_following": gettext_lazy("is in the following"),
    "anniversary_in_last": gettext_lazy("has its anniversary in the last"),
    "anniversary_in_next": gettext_lazy("has its anniversary in the next"),
    "anniversary_in_this": gettext_lazy("has its anniversary in this"),
    "ever_was": gettext_lazy("was ever"),
    "never_was": gettext_lazy("was never"),
    "ever_contained": gettext_lazy("ever contained"),
    "never_contained": gettext_lazy("never contained"),
    "ever_contained_all": gettext_lazy("ever contained all of"),
    "never_contained_all": gettext_lazy("never contained all of"),
    "ever_was_exactly": gettext_lazy("was ever exactly"),
    "never_was_exactly": gettext_lazy("was never exactly"),
    "updated_in_last": gettext_lazy("changed in the last"),
    "not_updated_in_last": gettext_lazy("did not change in the last"),
    "updated_before": gettext_lazy("changed last before"),
    "updated_after": gettext_lazy("changed after"),
    "updated_before_property": gettext_lazy("changed before the moment in"),
    "updated_after_property": gettext_lazy("changed after the moment in"),
    "equals_property": gettext_lazy("equals the property"),
    "not_equals_property": gettext_lazy("differs from the property"),
    "greater_property": gettext_lazy("is more than the property"),
    "less_property": gettext_lazy("is less than the property"),
    "in_fifth": gettext_lazy("is in this fifth of all (5 is the highest)"),
    "before_property": gettext_lazy("is before the property"),
    "after_property": gettext_lazy("is after the property"),
}
UNITS: Mapping[str, Any] = {unit.value: word for unit, word in labels.UNITS.items()}
THIS: Mapping[str, Any] = {
    "day": gettext_lazy("day"),
    "week": gettext_lazy("week"),
    "month": gettext_lazy("month"),
    "quarter": gettext_lazy("quarter"),
    "year": gettext_lazy("year"),
}
_SAMPLE, _SUGGESTED = 2_000, 40


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


def context(conn: Connection) -> tree.Context:
    """What conditions may ask in this account."""
    return stored.context(conn)


def offered(known: tree.Context) -> list[tuple[str, str]]:
    """Every property that can be filtered by: name and label."""
    return [
        (item.name, item.label(formats.language()))
        for item in known.properties.values()
        if item.stored and not item.hidden
    ]


def root(filters: Mapping[str, Any] | None, known: tree.Context) -> tree.Group | None:
    """The condition of the filters, checked; none without one. Raises FilterRefused."""
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
            found.append(Chip(gettext("Further conditions"), "", away))
            continue
        operator = operators.OPERATORS.get(str(child.get("operator")))
        words = _words(operator, child.get("value")) if operator else str(child.get("operator"))
        value = _told(item, operator, child.get("value"), known) if operator else ""
        found.append(Chip(item.label(formats.language()), f"{words} {value}".strip(), away, item.name, place))
    return found


def _words(operator: Operator, value: Any) -> str:
    """An operator in words; any of one value is that value."""
    only = not isinstance(value, list) or len(value) == 1
    name = {"is_any_of": "is", "is_none_of": "is_not"}.get(operator.name, operator.name) if only else operator.name
    return str(WORDS.get(name, name))


def _told(item: Property, operator: Operator, value: Any, known: tree.Context) -> str:
    """What a filter compares with, in words."""
    words = {option.value: option.label(formats.language()) for option in item.options}
    match operator.shape:
        case Shape.NONE:
            return ""
        case Shape.AMOUNT:
            return f"{value.get('amount')} {UNITS.get(str(value.get('unit')), '')}" if isinstance(value, dict) else ""
        case Shape.CALENDAR:
            if not isinstance(value, dict):
                return ""
            count = value.get("count", 1)
            return (
                f"{count} {UNITS.get(str(value.get('unit')))}"
                if count > 1
                else str(THIS.get(str(str(value.get("unit"))), ""))
            )
        case Shape.PROPERTY:
            other = known.properties.get(str(value))
            return gettext("“%(name)s”") % {"name": other.label(formats.language()) if other else value}
        case Shape.PAIR if isinstance(value, list):
            return f" {gettext('and')} ".join(_one(item, part, words) for part in value)
    parts = value if isinstance(value, list) else [value]
    shown = [_one(item, part, words) for part in parts[:4]]
    return ", ".join(shown) + (f" +{len(parts) - 4}" if len(parts) > 4 else "")


def _one(item: Property, value: Any, labels: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, int | float):
        return number(value)
    if item.type in ("date", "datetime") and isinstance(value, str):
        return str(day(value[:10]))
    return labels.get(str(value), str(value))


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
    values = given.getlist("value") or (controls.texts(present.get("value")) if same else [])
    unit = given.get("unit") or (controls.unit(present.get("value")) if same else "")
    control, pair = controls.control(asked_kind, operator, bool(item.options))
    return Form(
        item=item,
        label=item.label(formats.language()),
        definition=item.definition(formats.language()),
        operators=[(row.name, str(labels.OPERATORS[row.name]), row is operator) for row in there],
        operator=operator,
        control=control,
        pair=pair,
        values=values + [""] * (2 - len(values)),
        unit=unit or "day",
        units=controls.units(operator, asked_kind),
        options=options_of(item, control, known, values),
        suggestions=suggestions(conn, item) if control in ("text", "texts") else [],
        include_unknown="include_unknown" in given or bool(same and present.get("include_unknown")),
        may_include_unknown=operator.denies is not None and not operator.without_value,
        place=place,
        problem=problem,
    )


def options_of(item: Property, control: str, known: tree.Context, values: Sequence[str]) -> list[tuple[str, str, bool]]:
    if control == "property":
        kinds = {operators.kind(item)}
        if kinds & {Kind.MOMENT, Kind.DAY}:
            kinds = {Kind.MOMENT, Kind.DAY}
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
