"""Our definitions as HubSpot's filter trees, for what HubSpot can say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from cartfolk.segments.hubspot import LEAVE_OUT, OPERATIONS, REFERENCES, Json, Part, Unsaid, Unsupported
from cartfolk.segments.operators import OPERATORS, Kind, kind
from cartfolk.segments.problems import gettext_noop
from cartfolk.segments.tree import Amount, Calendar, Context, Group, Member, Node, Other, Property, Question

_ENDS = ("starts_with", "ends_with", "ever_contained", "never_contained")
_OPERATOR = gettext_noop("the operator %(operator)s is not supported. Ask in another way.")
_MILLISECONDS = gettext_noop(
    "only moments in whole milliseconds are supported, not days. Enter a moment with its time."
)
_SINGLE = {"is": "is_any_of", "is_not": "is_none_of"}


def to_hubspot(root: Node, context: Context) -> Json:
    """Our tree as a filterBranch: an OR of ANDs; groups within are multiplied out, denied ones become NOT_ANY.
    Raises Unsupported."""
    unsupported: list[Unsaid] = []
    branches = _alternatives(root, "root", context, unsupported)
    if unsupported:
        raise Unsupported(tuple(unsupported))
    return {"filterBranchType": "OR", "filterBranchOperator": "OR", "filters": [], "filterBranches": branches}


_MOST_BRANCHES = 100


def _and(filters: list[Json], branches: list[Json]) -> Json:
    return {"filterBranchType": "AND", "filterBranchOperator": "AND", "filters": filters, "filterBranches": branches}


def _alternatives(node: Node, place: str, context: Context, unsupported: list[Unsaid]) -> list[Json]:
    """AND branches one of which must hold."""
    if not isinstance(node, Group):
        try:
            return [_and([_said(node, context)], [])]
        except Part as part:
            unsupported.append(part.at(place, node.name if isinstance(node, Property) else _sort(node)))
            return []
    below = [
        _alternatives(child, f"{place}.children[{number}]", context, unsupported)
        for number, child in enumerate(node.children)
    ]
    if node.match == "any":
        return [branch for branches in below for branch in branches]
    if node.match == "none":
        inner = [branch for branches in below for branch in branches]
        plain = all(len(branch["filters"]) == 1 and not branch["filterBranches"] for branch in inner)
        denied = {"filterBranchType": "NOT_ANY", "filterBranchOperator": "NOT_ANY"}
        filters = [branch["filters"][0] for branch in inner] if plain else []
        return [_and([], [denied | {"filters": filters, "filterBranches": [] if plain else inner}])]
    product = [_and([], [])] if below else [_and([{"filterType": "CONSTANT", "shouldAccept": True}], [])]
    for branches in below:
        product = [
            _and(a["filters"] + b["filters"], a["filterBranches"] + b["filterBranches"])
            for a in product
            for b in branches
        ]
        if len(product) > _MOST_BRANCHES:
            text = gettext_noop("multiplied out these are more than %(most)s branches. Split the segment.")
            unsupported.append(Part(text, most=_MOST_BRANCHES).at(place, _sort(node)))
            return []
    return product


def _said(node: Node, context: Context) -> Json:
    match node:
        case Member(number, member):
            operator = "IN_LIST" if member else "NOT_IN_LIST"
            return {"filterType": "IN_LIST", "operator": operator, "listId": str(number)}
        case Property(name, question):
            asked = kind(context.properties[name])
            if asked is Kind.CHOICE and question.operator in _SINGLE:
                value = (cast(str, question.value),)
                question = Question(_SINGLE[question.operator], value, question.include_unknown)
            operation = _span(question, context) or _write(question, asked)
            operation["includeObjectsWithNoValueSet"] = (
                question.include_unknown or OPERATORS[question.operator].without_value
            )
            return {"filterType": "PROPERTY", "property": name, "operation": operation}
    raise Part(LEAVE_OUT, type=_sort(node))


def _sort(node: Node) -> str:
    """The type of a condition, as our JSON calls it."""
    return type(node).__name__.lower()


def _span(question: Question, context: Context) -> Json | None:
    """A span that begins or ends now and is no plain number of days back or ahead; None for other questions."""

    def point(reference: str, **offset: int) -> Json:
        at = {"timeType": "INDEXED", "timezoneSource": "CUSTOM", "zoneId": context.zone.key}
        return at | {"indexReference": {"referenceType": reference}} | ({"offset": offset} if offset else {})

    match question.operator, question.value:
        case (("since_previous" | "not_since_previous" | "before_previous"), Calendar(unit, count)):
            reference = next(name for name, ours in REFERENCES.items() if ours == unit)
            begin, end = point(reference, **{f"{unit.value}s": -count}), point("NOW")
        case "not_in_last", Amount(count, "day"):
            begin, end = point("NOW", days=-count), point("NOW")
        case "not_in_next", Amount(count, "day"):
            begin, end = point("NOW"), point("NOW", days=count)
        case _:
            return None
    if question.operator == "before_previous":
        told = {"operationType": "TIME_POINT", "operator": "IS_BEFORE", "timePoint": begin}
        return told | {"endpointBehavior": "EXCLUSIVE", "propertyParser": "VALUE"}
    told = {"operationType": "TIME_RANGED", "lowerBoundTimePoint": begin, "upperBoundTimePoint": end}
    told |= dict.fromkeys(("lowerBoundEndpointBehavior", "upperBoundEndpointBehavior"), "INCLUSIVE")
    negative = question.operator.startswith("not_")
    return told | {"operator": "IS_NOT_BETWEEN" if negative else "IS_BETWEEN", "propertyParser": "VALUE"}


def _write(question: Question, asked: Kind) -> Json:
    operator, value = question.operator, question.value
    type_ = _type(operator, value, asked)
    for told, ours in OPERATIONS.get(type_, {}).items():
        if ours == operator.removeprefix("updated_") or ours == operator:
            return {"operationType": type_, "operator": told} | _told(type_, operator, value)
    raise Part(_OPERATOR, operator=operator)


def _type(operator: str, value: Any, asked: Kind) -> str:
    if operator in ("known", "unknown"):
        return "ALL_PROPERTY"
    if isinstance(value, Other):
        if operator.startswith("updated_"):
            return "COMPARATIVE_PROPERTY_UPDATED"
        return "COMPARATIVE_DATE" if asked in (Kind.MOMENT, Kind.DAY) else "COMPARATIVE_STRING"
    if isinstance(value, Amount):
        if value.unit != "day":
            raise Part(gettext_noop("only spans of days are supported. Ask for days."))
        return "ROLLING_PROPERTY_UPDATED" if "updated" in operator else "ROLLING_DATE_RANGE"
    if isinstance(value, Calendar):
        return "CALENDAR_DATE"
    if operator.startswith("updated_"):
        return "TIME_POINT"
    if asked in (Kind.MOMENT, Kind.DAY):
        return "RANGED_DATE" if isinstance(value, tuple) else "DATETIME"
    if asked is Kind.NUMBER:
        return "NUMBER_RANGED" if "between" in operator else "NUMBER"
    if asked is Kind.BOOL:
        return "BOOL"
    one = isinstance(value, str) or len(value) == 1
    if asked is Kind.CHOICE or (asked is Kind.LIST and operator not in ("contains", "not_contains", *_ENDS)):
        return "ENUMERATION"
    return "STRING" if one and operator not in ("is_any_of", "is_none_of") else "MULTISTRING"


def _told(type_: str, operator: str, value: Any) -> Json:
    writers: Mapping[str, Callable[[Any], Json]] = {
        "ALL_PROPERTY": lambda _: {},
        "NUMBER_RANGED": lambda pair: {"lowerBound": _plain(pair[0]), "upperBound": _plain(pair[1])},
        "DATETIME": lambda moment: {"timestamp": _milliseconds(moment), "requiresTimeZoneConversion": False},
        "RANGED_DATE": lambda pair: {
            "lowerBound": _milliseconds(pair[0]),
            "upperBound": _milliseconds(pair[1]),
            "requiresTimeZoneConversion": False,
        },
        "TIME_POINT": lambda moment: {"timePoint": _point(moment), "propertyParser": "UPDATED_AT"},
        "ROLLING_DATE_RANGE": lambda span: {"numberOfDays": span.amount, "requiresTimeZoneConversion": False},
        "ROLLING_PROPERTY_UPDATED": lambda span: {"numberOfDays": span.amount},
        "CALENDAR_DATE": lambda span: {
            "timeUnit": span.unit.value.upper(),
            "timeUnitCount": span.count,
            "useFiscalYear": False,
        },
        "MULTISTRING": lambda texts: {"values": list(texts)},
        "ENUMERATION": lambda texts: {"values": list(texts) if isinstance(texts, tuple) else [texts]},
    }
    if isinstance(value, Other):
        return {"comparisonPropertyName": value.name}
    if type_ in writers:
        return writers[type_](value)
    if isinstance(value, tuple):
        if len(value) != 1:
            raise Part(gettext_noop("%(operator)s of several values is not supported. Ask for one."), operator=operator)
        value = value[0]
    return {"value": _plain(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _milliseconds(moment: Any) -> int:
    if not isinstance(moment, datetime) or moment.microsecond % 1000:
        raise Part(_MILLISECONDS)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _point(moment: date) -> Json:
    if not isinstance(moment, datetime) or moment.microsecond % 1000:
        raise Part(_MILLISECONDS)
    parts = ("year", "month", "day", "hour", "minute", "second")
    return (
        {"timeType": "DATE", "zoneId": "UTC", "timezoneSource": "CUSTOM"}
        | {name: getattr(moment, name) for name in parts}
        | {"millisecond": moment.microsecond // 1000}
    )
