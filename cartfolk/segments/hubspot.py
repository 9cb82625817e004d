"""HubSpot's filter trees (``filterBranch``) as ours; ``hubspot_out`` goes the other way.

What both languages can say comes back as it went; what one of them cannot is named with its place. A test holds
every row of the tables below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cartfolk.segments.language import DEEPEST, from_json
from cartfolk.segments.operators import OPERATORS, Kind, kind
from cartfolk.segments.problems import gettext_noop
from cartfolk.segments.tree import Context, Node

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What one language cannot say of the other: where it stands (``place``), what it is ``about`` (a property, a type
    of filter), and why not, with the way out: an English template with its ``values`` (sentence.unsaid)."""

    place: str
    about: str
    text: str
    values: Mapping[str, str | int]

    def __str__(self) -> str:
        return f"{self.place} ({self.about}): {self.text % self.values}"


class Unsupported(ValueError):
    """Parts of a tree the other language cannot say. Leave them out or ask in another way, as each says."""

    def __init__(self, parts: tuple[Unsaid, ...]) -> None:
        super().__init__(" ".join(map(str, parts)))
        self.parts = parts


class Part(Exception):
    """This one part cannot be said."""

    def __init__(self, text: str, **told: str | int) -> None:
        super().__init__(text % told)
        self.text, self.told = text, told

    def at(self, place: str, about: str) -> Unsaid:
        return Unsaid(place, about, self.text, self.told)


LEAVE_OUT = gettext_noop("%(type)s is not supported. Leave it out.")
_BOUGHT = gettext_noop("%(type)s is not supported. Leave it out, or ask for orders, carts or products in the builder.")
_STEPS = gettext_noop("%(type)s is not supported. Leave it out, or ask for steps of the purchase in the builder.")
_CONSENT = gettext_noop("%(type)s is not supported. Leave it out, or ask for consent in the builder.")
THEIR_NUMBER = gettext_noop(
    "%(list)s is HubSpot's number of a list. Leave it out, and ask for the segment it is here in the builder."
)
_INSTEAD: Mapping[str, str] = {
    "ASSOCIATION": _BOUGHT,
    "PROPERTY_ASSOCIATION": _BOUGHT,
    "NUM_ASSOCIATIONS": _BOUGHT,
    "EVENT": _STEPS,
    "INTEGRATION_EVENT": _STEPS,
    "UNIFIED_EVENTS": _STEPS,
    "FORM_SUBMISSION": _STEPS,
    "EMAIL_SUBSCRIPTION": _CONSENT,
    "COMMUNICATION_SUBSCRIPTION": _CONSENT,
    "PRIVACY": _CONSENT,
}
"""What to ask instead of a filter or a branch that only HubSpot has."""


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


CONTACTS = "0-1"
"""HubSpot's number of the type "contact"."""


def _listed(data: Json) -> list[Json]:
    """The lists in what the list API takes or answers: one by itself, or several in an envelope."""
    found: object = data.get("lists", data.get("list", data.get("updatedList", data)))
    return [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, dict)]


def keeps_its_members(data: object) -> bool:
    """Whether HubSpot asks such a list's filters once and then keeps whom it found, as our segments of a definition
    do not."""
    return isinstance(data, dict) and any(item.get("processingType") == "SNAPSHOT" for item in _listed(data))


def of_list(data: object) -> tuple[str, Json] | None:
    """Name and filterBranch of what HubSpot's list API takes or answers: a list, by itself or in its envelope, or a
    filterBranch alone, without a name. None for anything else. Raises Unsupported for a list without filters, of
    something else than contacts, or one of several."""
    if not isinstance(data, dict):
        return None
    if "filterBranchType" in data:
        return "", data
    several = _listed(data)
    if not several or not all(item.keys() & {"filterBranch", "listId"} for item in several):
        return None
    name = str(several[0].get("name") or "")
    try:
        if len(several) > 1:
            raise Part(gettext_noop("there are %(count)s lists. Give one of them."), count=len(several))
        if (type_ := several[0].get("objectTypeId", CONTACTS)) != CONTACTS:
            raise Part(gettext_noop("the list is of objects of the type %(type)s, not of contacts."), type=str(type_))
        if not isinstance(branch := several[0].get("filterBranch"), dict):
            text = gettext_noop("the list has no filters: ask HubSpot for it with includeFilters=true.")
            raise Part(text)
    except Part as part:
        raise Unsupported((part.at("filterBranch", name or gettext_noop("list")),)) from None
    return name, branch


def from_hubspot(branch: Json, context: Context, lists: Mapping[int, int] | None = None) -> Node:
    """A filterBranch as our tree. ``lists``: which of our segments HubSpot's lists are, where their numbers are not
    ours. Raises Unsupported for what we cannot say, problems.Refused for what we could but that makes no sense here
    (an unknown property ...)."""
    unsupported: list[Unsaid] = []
    node = _branch(branch, "filterBranch", context, lists, unsupported)
    if unsupported:
        raise Unsupported(tuple(unsupported))
    if node is None:
        node = {"type": "group", "match": "all", "children": []}
    elif node["match"] == "any" and len(node["children"]) == 1 and node["children"][0]["type"] == "group":
        node = node["children"][0]  # the only branch of HubSpot's outer one
    return from_json({"version": 1, "root": node}, context)


def _branch(
    branch: object, place: str, context: Context, lists: Mapping[int, int] | None, unsupported: list[Unsaid]
) -> Json | None:
    """A branch; None when it holds for everybody."""
    branch = _object(branch)
    type_ = str(branch.get("filterBranchType"))
    try:
        if type_ not in ("OR", "AND", "NOT_ALL", "NOT_ANY"):
            raise Part(_INSTEAD.get(type_, LEAVE_OUT), type=type_)
        if place.count(".") > DEEPEST:
            raise Part(gettext_noop("groups may be nested %(most)s deep."), most=DEEPEST)
    except Part as part:
        unsupported.append(part.at(place, type_))
        return None
    children: list[Json] = []
    everybody = False
    for position, item in enumerate(_several(branch.get("filters"))):
        item, here = _object(item), f"{place}.filters[{position}]"
        try:
            children += (found := _filter(item, context, lists))
            everybody = everybody or not found
        except Part as part:
            unsupported.append(part.at(here, str(item.get("property") or item.get("filterType"))))
    for position, item in enumerate(_several(branch.get("filterBranches"))):
        below = _branch(item, f"{place}.filterBranches[{position}]", context, lists, unsupported)
        everybody = everybody or below is None
        children += [below] if below is not None else []
    if type_ in ("NOT_ALL", "NOT_ANY"):
        if everybody or not children:
            text = gettext_noop("a denied branch that holds for everybody or nobody is not supported. Leave it out.")
            unsupported.append(Part(text).at(place, type_))
            return None
        inner = children if type_ == "NOT_ANY" else [{"type": "group", "match": "all", "children": children}]
        return {"type": "group", "match": "none", "children": inner}
    if not children or (type_ == "OR" and everybody):
        return None
    return {"type": "group", "match": "any" if type_ == "OR" else "all", "children": children}


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _several(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _filter(item: Json, context: Context, lists: Mapping[int, int] | None) -> list[Json]:
    """The conditions of one filter, all of which must hold; none for one that accepts everybody."""
    match item.get("filterType"):
        case "CONSTANT" if item.get("shouldAccept") is True:
            return []
        case "IN_LIST":
            if item.get("metadata") or item.get("operator") not in ("IN_LIST", "NOT_IN_LIST"):
                raise Part(gettext_noop("lists of workflows and imports are not supported. Leave it out."))
            number = _list(str(item.get("listId")), lists)
            return [{"type": "segment", "segment": number, "member": item["operator"] == "IN_LIST"}]
        case "PROPERTY":
            return [_property(item, context)]
    type_ = str(item.get("filterType"))
    raise Part(_INSTEAD.get(type_, LEAVE_OUT), type=type_)


def _list(number: str, lists: Mapping[int, int] | None) -> int:
    """The segment a list is here."""
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise Part(gettext_noop("there is no list %(list)s. Leave it out."), list=number)
    if lists is None:
        return int(number)
    if int(number) not in lists:
        raise Part(THEIR_NUMBER, list=number)
    return lists[int(number)]


def _property(item: Json, context: Context) -> Json:
    operation, name = _object(item.get("operation")), str(item.get("property"))
    type_, told = str(operation.get("operationType")), str(operation.get("operator"))
    operator = OPERATIONS.get(type_, {}).get(told)
    if operator is None:
        text = gettext_noop("the operator %(operator)s of %(type)s is not supported. Ask in another way.")
        raise Part(text, operator=told, type=type_)
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
            if len(_several(operation.get("values"))) != 1:
                raise Part(gettext_noop("a property with one value is never exactly several. Ask for one of them."))
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
                raise Part(gettext_noop("fiscal years are not supported. Ask for calendar years."))
            value = {"unit": str(operation.get("timeUnit")).lower()}
            count = operation.get("timeUnitCount") or 1
            return operator, value | ({"count": count} if count != 1 else {})
    if operation.get("defaultComparisonValue") not in (None, ""):
        text = gettext_noop(
            "a value in place of the other property's is not supported. Leave defaultComparisonValue out."
        )
        raise Part(text)
    return operator, operation.get("comparisonPropertyName")


def _instant(milliseconds: object) -> str:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float | str):
        raise Part(gettext_noop("there is no timestamp in milliseconds. Add it."))
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(milliseconds))
    except (ValueError, OverflowError):
        text = gettext_noop("%(value)s is no timestamp in milliseconds. Correct it.")
        raise Part(text, value=str(milliseconds)[:80]) from None
    return moment.isoformat()


def _time_point(operator: str, operation: Json, context: Context) -> tuple[str, Any]:
    point = _object(operation.get("timePoint"))
    updated = operation.get("propertyParser") == "UPDATED_AT"
    if point.get("timeType") == "PROPERTY_REFERENCED":
        if point.get("referenceType", "VALUE") != "VALUE":
            raise Part(gettext_noop("only with the other property's VALUE can be compared. Change referenceType."))
        return f"{'updated_' if updated else ''}{operator}_property", point.get("property")
    if point.get("timeType") == "INDEXED" and operator == "before" and not updated:
        if (whole := _whole_units(point, context)) is not None and operation.get("endpointBehavior") != "INCLUSIVE":
            return "before_previous", whole
        if (days := _days_from_now(point)) is not None and days < 0:
            return "more_than_ago", {"amount": -days, "unit": "day"}
    if operation.get("endpointBehavior") == "INCLUSIVE":
        raise Part(gettext_noop("a moment that is itself included is not supported. Make endpointBehavior EXCLUSIVE."))
    return f"{'updated_' if updated else ''}{operator}", _date(point)


def _time_ranged(operator: str, operation: Json, context: Context) -> tuple[str, Any]:
    if operation.get("propertyParser") == "UPDATED_AT":
        text = gettext_noop(
            "a change between two moments is not supported. Ask for one after and one before in two filters."
        )
        raise Part(text)
    lower, upper = _object(operation.get("lowerBoundTimePoint")), _object(operation.get("upperBoundTimePoint"))
    if lower.get("timeType") == upper.get("timeType") == "INDEXED":
        first, last, whole = _days_from_now(lower), _days_from_now(upper), _whole_units(lower, context)
        negative = "not_" if operator == "not_between" else ""
        if whole is not None and last == 0 and operation.get("lowerBoundEndpointBehavior") != "EXCLUSIVE":
            return f"{negative}since_previous", whole
        if first is not None and first < 0 and last == 0:
            return f"{negative}in_last", {"amount": -first, "unit": "day"}
        if first == 0 and last is not None and last > 0:
            return f"{negative}in_next", {"amount": last, "unit": "day"}
        text = gettext_noop(
            "only spans from the beginning of a day, week … until NOW, or of days from NOW, are supported."
        )
        raise Part(text)
    ends = (operation.get("lowerBoundEndpointBehavior"), operation.get("upperBoundEndpointBehavior"))
    if "EXCLUSIVE" in ends:
        raise Part(gettext_noop("a span without its ends is not supported. Make endpointBehavior INCLUSIVE."))
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
    try:
        offset = {name: int(count) for name, count in _object(point.get("offset")).items() if count}
    except (TypeError, ValueError, OverflowError):
        raise Part(gettext_noop("an offset is made of whole numbers. Correct it.")) from None
    return str(_object(point.get("indexReference")).get("referenceType")), offset


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
        text = gettext_noop(
            "days of %(zone)s are not supported, only those of the account's time zone: put %(own)s there."
        )
        raise Part(text, zone=str(zone), own=context.zone.key)
    return {"unit": unit} | ({"count": count} if count > 1 else {})


def _date(point: Json) -> str:
    if point.get("timeType") != "DATE":
        text = gettext_noop("moments of the type %(type)s are not supported here. Name a date.")
        raise Part(text, type=str(point.get("timeType")))
    try:
        parts = [int(point[name]) for name in ("year", "month", "day")]
        clock = [int(point.get(name) or 0) for name in ("hour", "minute", "second", "millisecond")]
        zone = ZoneInfo(str(point.get("zoneId") or "UTC"))
        hour, minute, second, thousandth = clock
        moment = datetime(parts[0], parts[1], parts[2], hour, minute, second, thousandth * 1000, tzinfo=zone)
    except (KeyError, ValueError, TypeError, OSError, OverflowError):
        raise Part(gettext_noop("the date is not complete: it needs year, month, day and a known zoneId.")) from None
    return moment.astimezone(UTC).isoformat()
