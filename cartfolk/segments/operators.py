"""What can be asked of a value: one row an operator, by the kind of the value.

Kinds are coarser than property types: what matters is which questions make sense. Nothing here knows a database.
docs/developers/segment-language.md publishes this table; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from cartfolk.properties.catalogue.model import Property


class Kind(StrEnum):
    """What sort of value a question is about."""

    TEXT = "text"
    CHOICE = "choice"  # one of the options of an enumeration
    LIST = "list"  # several texts or options
    NUMBER = "number"
    MOMENT = "moment"  # an instant
    DAY = "day"  # a calendar date without a time
    BOOL = "bool"


class Shape(StrEnum):
    """What an operator compares with, as JSON tells it."""

    NONE = "none"  # nothing
    ONE = "one"  # one value of the kind; a date or an ISO time for moments
    SOME = "some"  # one value or a list of them: any, or all, as the operator says
    PAIR = "pair"  # [lower, upper], both included
    AMOUNT = "amount"  # {"amount": 60, "unit": "day"}
    CALENDAR = "calendar"  # {"unit": "month"}, {"unit": "month", "count": 3}
    PROPERTY = "property"  # the name of another property of the same kind (after ``updated_``: of a moment)


class Unit(StrEnum):
    """Units of time. An hour, a day and a week are exact spans; months and longer follow the calendar."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Operator:
    """One question. ``denies`` names the question it is the opposite of: for a contact with a value exactly one
    of the two is true, for one without a value neither, unless ``without_value``. ``fact`` operators can also be asked
    of the fields of events, the others need a property's history or its neighbours. ``relative`` ones change by
    the clock alone."""

    name: str
    kinds: frozenset[Kind]
    shape: Shape
    denies: str | None = None
    without_value: bool = False
    fact: bool = True
    relative: bool = False


_ALL = frozenset(Kind)
_TEXT = frozenset({Kind.TEXT})
_WORDS = frozenset({Kind.TEXT, Kind.LIST})
_SINGLE = _ALL - {Kind.LIST}
_LIST = frozenset({Kind.LIST})
_NUMBER = frozenset({Kind.NUMBER})
_TIME = frozenset({Kind.MOMENT, Kind.DAY})
_SET = frozenset({Kind.TEXT, Kind.CHOICE, Kind.LIST, Kind.NUMBER})
_PAST = _ALL - _TIME

_OPERATORS = (
    Operator("known", _ALL, Shape.NONE),
    Operator("unknown", _ALL, Shape.NONE, denies="known", without_value=True),
    # values
    Operator("is", _SINGLE, Shape.ONE),
    Operator("is_not", _SINGLE, Shape.ONE, denies="is"),
    Operator("is_any_of", _SET, Shape.SOME),
    Operator("is_none_of", _SET, Shape.SOME, denies="is_any_of"),
    Operator("contains", _WORDS, Shape.SOME),
    Operator("not_contains", _WORDS, Shape.SOME, denies="contains"),
    Operator("starts_with", _WORDS, Shape.SOME),
    Operator("not_starts_with", _WORDS, Shape.SOME, denies="starts_with"),
    Operator("ends_with", _WORDS, Shape.SOME),
    Operator("not_ends_with", _WORDS, Shape.SOME, denies="ends_with"),
    Operator("contains_all", _LIST, Shape.SOME),
    Operator("not_contains_all", _LIST, Shape.SOME, denies="contains_all"),
    Operator("is_exactly", _LIST, Shape.SOME),
    Operator("is_not_exactly", _LIST, Shape.SOME, denies="is_exactly"),
    Operator("greater", _NUMBER, Shape.ONE),
    Operator("greater_equal", _NUMBER, Shape.ONE),
    Operator("less", _NUMBER, Shape.ONE),
    Operator("less_equal", _NUMBER, Shape.ONE),
    Operator("between", _NUMBER | _TIME, Shape.PAIR),
    Operator("not_between", _NUMBER | _TIME, Shape.PAIR, denies="between"),
    # time
    Operator("before", _TIME, Shape.ONE),
    Operator("after", _TIME, Shape.ONE),
    Operator("in_last", _TIME, Shape.AMOUNT, relative=True),
    Operator("not_in_last", _TIME, Shape.AMOUNT, denies="in_last", relative=True),
    Operator("more_than_ago", _TIME, Shape.AMOUNT, relative=True),
    Operator("in_next", _TIME, Shape.AMOUNT, relative=True),
    Operator("not_in_next", _TIME, Shape.AMOUNT, denies="in_next", relative=True),
    Operator("more_than_ahead", _TIME, Shape.AMOUNT, relative=True),
    Operator("in_this", _TIME, Shape.CALENDAR, relative=True),
    Operator("in_this_so_far", _TIME, Shape.CALENDAR, relative=True),
    Operator("in_previous", _TIME, Shape.CALENDAR, relative=True),
    Operator("in_following", _TIME, Shape.CALENDAR, relative=True),
    Operator("since_previous", _TIME, Shape.CALENDAR, relative=True),
    Operator("not_since_previous", _TIME, Shape.CALENDAR, denies="since_previous", relative=True),
    Operator("before_previous", _TIME, Shape.CALENDAR, relative=True),
    Operator("anniversary_in_last", _TIME, Shape.AMOUNT, relative=True),
    Operator("anniversary_in_next", _TIME, Shape.AMOUNT, relative=True),
    Operator("anniversary_in_this", _TIME, Shape.CALENDAR, relative=True),
    # among all contacts
    Operator("in_fifth", frozenset({Kind.NUMBER, Kind.MOMENT}), Shape.SOME, fact=False),
    # history
    Operator("ever_was", _PAST, Shape.SOME, fact=False),
    Operator("never_was", _PAST, Shape.SOME, denies="ever_was", without_value=True, fact=False),
    Operator("ever_contained", _WORDS, Shape.SOME, fact=False),
    Operator("never_contained", _WORDS, Shape.SOME, denies="ever_contained", without_value=True, fact=False),
    Operator("ever_contained_all", _LIST, Shape.SOME, fact=False),
    Operator("never_contained_all", _LIST, Shape.SOME, denies="ever_contained_all", without_value=True, fact=False),
    Operator("ever_was_exactly", _LIST, Shape.SOME, fact=False),
    Operator("never_was_exactly", _LIST, Shape.SOME, denies="ever_was_exactly", without_value=True, fact=False),
    Operator("updated_in_last", _ALL, Shape.AMOUNT, fact=False, relative=True),
    Operator(
        "not_updated_in_last",
        _ALL,
        Shape.AMOUNT,
        denies="updated_in_last",
        without_value=True,
        fact=False,
        relative=True,
    ),
    Operator("updated_before", _ALL, Shape.ONE, fact=False),
    Operator("updated_after", _ALL, Shape.ONE, fact=False),
    Operator("updated_before_property", _ALL, Shape.PROPERTY, fact=False),
    Operator("updated_after_property", _ALL, Shape.PROPERTY, fact=False),
    # another property
    Operator("equals_property", _SINGLE, Shape.PROPERTY, fact=False),
    Operator("not_equals_property", _SINGLE, Shape.PROPERTY, denies="equals_property", fact=False),
    Operator("greater_property", _NUMBER, Shape.PROPERTY, fact=False),
    Operator("less_property", _NUMBER, Shape.PROPERTY, fact=False),
    Operator("before_property", _TIME, Shape.PROPERTY, fact=False),
    Operator("after_property", _TIME, Shape.PROPERTY, fact=False),
)

OPERATORS: Mapping[str, Operator] = MappingProxyType({row.name: row for row in _OPERATORS})
"""Every operator by name, in the order menus show them."""

COUNTED = frozenset({"in_previous", "in_following", "since_previous", "not_since_previous", "before_previous"})
"""The operators about units of the calendar that may be several."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "at_least": "greater_equal",
        "at_most": "less_equal",
        "exactly": "is",
        "not_exactly": "is_not",
        "more": "greater",
    }
)
"""Other words that are read for operators, as people say them of counts; written back is the operator's own name."""


def kind(item: Property) -> Kind:
    """What can be asked of a property."""
    if item.multi:
        return Kind.LIST
    match item.type:
        case "number":
            return Kind.NUMBER
        case "bool":
            return Kind.BOOL
        case "date":
            return Kind.DAY
        case "datetime":
            return Kind.MOMENT
        case "enumeration":
            return Kind.CHOICE
        case _:
            return Kind.TEXT


def of(asked: Kind, *, event: bool = False) -> tuple[Operator, ...]:
    """The operators for a kind of value, in the order of menus; with ``event`` those for fields of events."""
    return tuple(row for row in _OPERATORS if asked in row.kinds and (row.fact or not event))


def comparable(operator: Operator, asked: Kind) -> frozenset[Kind]:
    """The kinds of property that a value of this kind is compared with, or the time it changed at."""
    if "updated" in operator.name or asked in _TIME:
        return _TIME
    words = frozenset({Kind.TEXT, Kind.CHOICE})
    return words if asked in words else frozenset({asked})


def units(operator: Operator, asked: Kind) -> tuple[Unit, ...]:
    """The units of time an operator takes for a kind of value."""
    if operator.shape is Shape.CALENDAR:
        if operator.name == "anniversary_in_this":
            return (Unit.DAY, Unit.WEEK, Unit.MONTH)
        return (Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.QUARTER, Unit.YEAR)
    if operator.shape is not Shape.AMOUNT:
        return ()
    if operator.name.startswith("anniversary"):
        return (Unit.DAY, Unit.WEEK)
    if asked is Kind.DAY and "updated" not in operator.name:
        return (Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR)
    return (Unit.HOUR, Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR)
