"""HubSpot's filter trees (``filterBranch``) as ours; ``hubspot_out`` goes the other way.

What both languages can say comes back as it went; what one of them cannot is named with its place. A test holds
every row of the tables below.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cartfolk.segments.language import from_json
from cartfolk.segments.operators import OPERATORS, Kind, kind
from cartfolk.segments.tree import Context, Node

Json = dict[str, Any]


class Unsupported(ValueError):
    """Parts of a tree the other language cannot say; ``parts`` are (place, sentence). Leave them out or ask in
    another way."""

    def __init__(self, parts: tuple[tuple[str, str], ...]) -> None:
        super().__init__(" ".join(f"{place}: {text}" for place, text in parts))
        self.parts = parts


class Part(Exception):
    """This one part cannot be said."""


TEXT = {
    "IS_EQUAL_TO": "is_any_of",
    "IS_NOT_EQUAL_TO": "is_none_of",
    "CONTAINS": "contains",
    "DOES_NOT_CONTAIN": "not_contains",
    "STARTS_WITH": "starts_with",
    "ENDS_WITH": "ends_with",
}
_ONE = {"IS_EQUAL_TO": "is", "IS_NOT_EQUAL_TO": "is_not"}
_EVER = {"HAS_EVER_BEEN_EQUAL_TO": "ever_was", "HAS_NEVER_BEEN_EQUAL_TO": "never_was"}

OPERATIONS: Mapping[str, Mapping[str, str]] = {
    "ALL_PROPERTY": {"IS_KNOWN": "known", "IS_UNKNOWN": "unknown", "IS_NOT_BLANK": "known", "IS_BLANK": "unknown"},
    "BOOL": _ONE | _EVER,
    "STRING": TEXT | _ONE | _EVER | {"HAS_EVER_CONTAINED": "ever_contained", "HAS_NEVER_CONTAINED": "never_contained"},
    "MULTISTRING": TEXT,
    "ENUMERATION": {
        "IS_ANY_OF": "is_any_of",
        "IS_NONE_OF": "is_none_of",
        "IS_EXACTLY": "is_exactly",
        "IS_NOT_EXACTLY": "is_not_exactly",
        "CONTAINS_ALL": "contains_all",
        "DOES_NOT_CONTAIN_ALL": "not_contains_all",
        "HAS_EVER_BEEN_ANY_OF": "ever_was",
        "HAS_NEVER_BEEN_ANY_OF": "never_was",
        "HAS_EVER_BEEN_EXACTLY": "ever_was_exactly",
        "HAS_NEVER_BEEN_EXACTLY": "never_was_exactly",
        "HAS_EVER_CONTAINED_ALL": "ever_contained_all",
        "HAS_NEVER_CONTAINED_ALL": "never_contained_all",
    },
    "NUMBER": _ONE
    | _EVER
    | {
        "IS_GREATER_THAN": "greater",
        "IS_GREATER_THAN_OR_EQUAL_TO": "greater_equal",
        "IS_LESS_THAN": "less",
        "IS_LESS_THAN_OR_EQUAL_TO": "less_equal",
    },
    "NUMBER_RANGED": {"IS_BETWEEN": "between", "IS_NOT_BETWEEN": "not_between"},
    "DATETIME": {"IS_BEFORE": "before", "IS_AFTER": "after"},
    "RANGED_DATE": {"IS_BETWEEN": "between", "IS_NOT_BETWEEN": "not_between"},
    "TIME_POINT": {"IS_BEFORE": "before", "IS_AFTER": "after"},
    "TIME_RANGED": {"IS_BETWEEN": "between", "IS_NOT_BETWEEN": "not_between"},
    "ROLLING_DATE_RANGE": {
        "IS_LESS_THAN_X_DAYS_AGO": "in_last",
        "IS_MORE_THAN_X_DAYS_AGO": "more_than_ago",
        "IS_LESS_THAN_X_DAYS_FROM_NOW": "in_next",
        "IS_MORE_THAN_X_DAYS_FROM_NOW": "more_than_ahead",
    },
    "ROLLING_PROPERTY_UPDATED": {
        "UPDATED_IN_LAST_X_DAYS": "updated_in_last",
        "NOT_UPDATED_IN_LAST_X_DAYS": "not_updated_in_last",
    },
    "CALENDAR_DATE": {
        "IN_THIS_TIME_UNIT": "in_this",
        "IN_THIS_TIME_UNIT_SO_FAR": "in_this_so_far",
        "IN_LAST_TIME_UNIT": "in_previous",
        "IN_NEXT_TIME_UNIT": "in_following",
    },
    "COMPARATIVE_DATE": {"IS_BEFORE": "before_property", "IS_AFTER": "after_property"},
    "COMPARATIVE_PROPERTY_UPDATED": {"IS_BEFORE": "updated_before_property", "IS_AFTER": "updated_after_property"},
    "COMPARATIVE_STRING": {"IS_EQUAL_TO": "equals_property", "IS_NOT_EQUAL_TO": "not_equals_property"},
}
"""HubSpot's operation types and their operators: ours."""


def from_hubspot(branch: Json, context: Context) -> Node:
    """A filterBranch as our tree. Raises Unsupported for what we cannot say, problems.Refused for what we could
    but that makes no sense here (an unknown property ...)."""
    unsupported: list[tuple[str, str]] = []
    node = _branch(branch, "filterBranch", context, unsupported)
    if unsupported:
        raise Unsupported(tuple(unsupported))
    if node is None:
        node = {"type": "group", "match": "all", "children": []}
    return from_json({"version": 1, "root": node}, context)


def _branch(branch: Json, place: str, context: Context, unsupported: list[tuple[str, str]]) -> Json | None:
    """A branch; None when it holds for everybody."""
    type_ = branch.get("filterBranchType")
    if type_ not in ("OR", "AND", "NOT_ALL", "NOT_ANY"):
        unsupported.append((place, f"branches of the type {type_} are not supported"))
        return None
    children: list[Json] = []
    everybody = False
    for position, item in enumerate(branch.get("filters") or []):
        here = f"{place}.filters[{position}]"
        try:
            children += (found := _filter(item, context))
            everybody = everybody or not found
        except Part as part:
            unsupported.append((here, str(part)))
    for position, item in enumerate(branch.get("filterBranches") or []):
        below = _branch(item, f"{place}.filterBranches[{position}]", context, unsupported)
        everybody = everybody or below is None
        children += [below] if below is not None else []
    if type_ in ("NOT_ALL", "NOT_ANY"):
        if everybody or not children:
            unsupported.append((place, "a denied branch that holds for everybody or nobody is not supported"))
            return None
        inner = children if type_ == "NOT_ANY" else [{"type": "group", "match": "all", "children": children}]
        return {"type": "group", "match": "none", "children": inner}
    if not children or (type_ == "OR" and everybody):
        return None
    return {"type": "group", "match": "any" if type_ == "OR" else "all", "children": children}


def _filter(item: Json, context: Context) -> list[Json]:
    """The conditions of one filter, all of which must hold; none for one that accepts everybody."""
    match item.get("filterType"):
        case "CONSTANT" if item.get("shouldAccept") is True:
            return []
        case "IN_LIST":
            if item.get("metadata") or item.get("operator") not in ("IN_LIST", "NOT_IN_LIST"):
                raise Part("lists of workflows and imports are not supported")
            number = str(item.get("listId"))
            if not number.isdecimal():
                raise Part(f"there is no list {number}")
            return [{"type": "segment", "segment": int(number), "member": item["operator"] == "IN_LIST"}]
        case "PROPERTY":
            return [_property(item, context)]
    raise Part(f"filters of the type {item.get('filterType')} are not supported")


def _property(item: Json, context: Context) -> Json:
    operation, name = item.get("operation") or {}, str(item.get("property"))
    type_, told = str(operation.get("operationType")), str(operation.get("operator"))
    operator = OPERATIONS.get(type_, {}).get(told)
    if operator is None:
        raise Part(f"the operator {told} of {type_} is not supported")
    data: Json = {"type": "property", "property": name}
    defined = context.properties.get(name)
    asked = kind(defined) if defined else Kind.TEXT
    operator, value = _read(type_, operator, operation, asked, context)
    data["operator"] = operator
    if value is not None:
        data["value"] = value
    says_itself = OPERATORS[operator].without_value or operator == "known"
    if operation.get("includeObjectsWithNoValueSet") is True and not says_itself:
        data["include_unknown"] = True
    return data


def _read(type_: str, operator: str, operation: Json, asked: Kind, context: Context) -> tuple[str, Any]:
    """Our operator and its value as JSON."""
    match type_:
        case "ALL_PROPERTY":
            return operator, None
        case "STRING" if operator in ("is", "is_not") and asked is Kind.LIST:
            return {"is": "is_any_of", "is_not": "is_none_of"}[operator], [operation.get("value")]
        case "ENUMERATION" if operator.endswith("_exactly") and asked is Kind.CHOICE:
            single = {"is_exactly": "is_any_of", "is_not_exactly": "is_none_of"}
            single |= {"ever_was_exactly": "ever_was", "never_was_exactly": "never_was"}
            if len(operation.get("values") or []) != 1:
                raise Part("a property with one value is never exactly several")
            return single[operator], operation["values"]
        case "MULTISTRING" | "ENUMERATION":
            return operator, operation.get("values")
        case "BOOL" | "STRING" | "NUMBER":
            several = operator not in ("is", "is_not") and not operator.startswith(("greater", "less"))
            return operator, [operation.get("value")] if several else operation.get("value")
        case "NUMBER_RANGED":
            return operator, [operation.get("lowerBound"), operation.get("upperBound")]
        case "DATETIME":
            return operator, _instant(operation.get("timestamp"))
        case "RANGED_DATE":
            return operator, [_instant(operation.get("lowerBound")), _instant(operation.get("upperBound"))]
        case "TIME_POINT":
            return _time_point(operator, operation, context)
        case "TIME_RANGED":
            return _time_ranged(operator, operation, context)
        case "ROLLING_DATE_RANGE" | "ROLLING_PROPERTY_UPDATED":
            return operator, {"amount": operation.get("numberOfDays"), "unit": "day"}
        case "CALENDAR_DATE":
            if operation.get("useFiscalYear"):
                raise Part("fiscal years are not supported")
            value = {"unit": str(operation.get("timeUnit")).lower()}
            count = operation.get("timeUnitCount") or 1
            return operator, value | ({"count": count} if count != 1 else {})
    if operation.get("defaultComparisonValue") not in (None, ""):
        raise Part("a value to compare with where the other property has none is not supported")
    return operator, operation.get("comparisonPropertyName")


def _instant(milliseconds: object) -> str:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float | str):
        raise Part("there is no timestamp in milliseconds")
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(milliseconds))
    except (ValueError, OverflowError):
        raise Part(f"{milliseconds} is no timestamp in milliseconds") from None
    return moment.isoformat()


def _time_point(operator: str, operation: Json, context: Context) -> tuple[str, Any]:
    point = operation.get("timePoint") or {}
    updated = operation.get("propertyParser") == "UPDATED_AT"
    if point.get("timeType") == "PROPERTY_REFERENCED":
        if point.get("referenceType", "VALUE") != "VALUE":
            raise Part("only the value of the other property can be compared with")
        return f"{'updated_' if updated else ''}{operator}_property", point.get("property")
    if point.get("timeType") == "INDEXED" and operator == "before" and not updated:
        if (whole := _whole_units(point, context)) is not None and operation.get("endpointBehavior") != "INCLUSIVE":
            return "before_previous", whole
        if (days := _days_from_now(point)) is not None and days < 0:
            return "more_than_ago", {"amount": -days, "unit": "day"}
    if operation.get("endpointBehavior") == "INCLUSIVE":
        raise Part("a moment that is itself included is not supported")
    return f"{'updated_' if updated else ''}{operator}", _date(point)


def _time_ranged(operator: str, operation: Json, context: Context) -> tuple[str, Any]:
    if operation.get("propertyParser") == "UPDATED_AT":
        raise Part("a change between two moments is not supported")
    lower, upper = operation.get("lowerBoundTimePoint") or {}, operation.get("upperBoundTimePoint") or {}
    if lower.get("timeType") == upper.get("timeType") == "INDEXED":
        first, last, whole = _days_from_now(lower), _days_from_now(upper), _whole_units(lower, context)
        negative = "not_" if operator == "not_between" else ""
        if whole is not None and last == 0 and operation.get("lowerBoundEndpointBehavior") != "EXCLUSIVE":
            return f"{negative}since_previous", whole
        if first is not None and first < 0 and last == 0:
            return f"{negative}in_last", {"amount": -first, "unit": "day"}
        if first == 0 and last is not None and last > 0:
            return f"{negative}in_next", {"amount": last, "unit": "day"}
        raise Part("only spans from the beginning of a day, week … until now, or of days from now, are supported")
    ends = (operation.get("lowerBoundEndpointBehavior"), operation.get("upperBoundEndpointBehavior"))
    if "EXCLUSIVE" in ends:
        raise Part("a span without its ends is not supported")
    return operator, [_date(lower), _date(upper)]


REFERENCES: Mapping[str, str] = {
    "TODAY": "day",
    "WEEK": "week",
    "MONTH": "month",
    "QUARTER": "quarter",
    "YEAR": "year",
}
"""What HubSpot counts units of the calendar from, each from its beginning in a time zone: our unit."""


def _shifted(point: Json) -> tuple[str, dict[str, int]]:
    """What an indexed point counts from, and how far: unit → count."""
    offset = {name: int(count) for name, count in (point.get("offset") or {}).items() if count}
    return str((point.get("indexReference") or {}).get("referenceType")), offset


def _days_from_now(point: Json) -> int | None:
    """Exact days (of 24 hours) from now; None when it is something else."""
    reference, offset = _shifted(point)
    if reference != "NOW" or not set(offset) <= {"days", "weeks"}:
        return None
    return offset.get("days", 0) + 7 * offset.get("weeks", 0)


def _whole_units(point: Json, context: Context) -> Json | None:
    """The beginning of the day, week … so many before this one, in the account's time zone; None when it is something
    else. HubSpot's last sixty days begin so: with the day, not at the present hour of it."""
    reference, offset = _shifted(point)
    unit = REFERENCES.get(reference)
    if unit is None or not set(offset) <= {f"{unit}s"} or (count := -offset.get(f"{unit}s", 0)) < 1:
        return None
    zone = point.get("zoneId")
    if zone not in (None, "", context.zone.key) and point.get("timezoneSource") != "PORTAL":
        raise Part(f"days of {zone} are not supported, only those of the account's time zone, {context.zone.key}")
    return {"unit": unit} | ({"count": count} if count > 1 else {})


def _date(point: Json) -> str:
    if point.get("timeType") != "DATE":
        raise Part(f"moments of the type {point.get('timeType')} are not supported here")
    try:
        parts = [int(point[name]) for name in ("year", "month", "day")]
        clock = [int(point.get(name) or 0) for name in ("hour", "minute", "second", "millisecond")]
        zone = ZoneInfo(str(point.get("zoneId") or "UTC"))
        hour, minute, second, thousandth = clock
        moment = datetime(parts[0], parts[1], parts[2], hour, minute, second, thousandth * 1000, tzinfo=zone)
    except (KeyError, ValueError, TypeError, OSError):
        raise Part("the date is not complete") from None
    return moment.astimezone(UTC).isoformat()
