"""HubSpot's trees become ours and theirs again without loss; what one of the two cannot say is named with its place."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartfolk.segments.hubspot import OPERATIONS, Unsupported, from_hubspot, of_list
from cartfolk.segments.hubspot_out import to_hubspot
from cartfolk.segments.language import from_json, to_json
from cartfolk.segments.problems import Refused
from cartfolk.segments.tests.oracle import Oracle
from cartfolk.segments.tests.world import ASKED, Person, World
from cartfolk.segments.tree import Context, Known

CONTEXT = Context(ASKED, segments={12: Known("VIP")})
VALUES: dict[str, dict[str, Any]] = {
    "ALL_PROPERTY": {"": {}},
    "BOOL": {"hs_email_optout": {"value": True}},
    "STRING": {"city": {"value": "Ulm"}},
    "MULTISTRING": {"city": {"values": ["Ulm", "Bern"]}},
    "ENUMERATION": {"skus_bought": {"values": ["A", "B"]}},
    "NUMBER": {"total_value_of_orders": {"value": 500.5}},
    "NUMBER_RANGED": {"total_value_of_orders": {"lowerBound": 1, "upperBound": 9}},
    "DATETIME": {"createdate": {"timestamp": 1767225600123, "requiresTimeZoneConversion": False}},
    "RANGED_DATE": {
        "createdate": {"lowerBound": 1767225600000, "upperBound": 1769904000000, "requiresTimeZoneConversion": False}
    },
    "ROLLING_DATE_RANGE": {"createdate": {"numberOfDays": 60, "requiresTimeZoneConversion": False}},
    "ROLLING_PROPERTY_UPDATED": {"city": {"numberOfDays": 7}},
    "CALENDAR_DATE": {"createdate": {"timeUnit": "QUARTER", "timeUnitCount": 1, "useFiscalYear": False}},
    "COMPARATIVE_DATE": {"createdate": {"comparisonPropertyName": "last_order_date"}},
    "COMPARATIVE_PROPERTY_UPDATED": {"city": {"comparisonPropertyName": "last_order_date"}},
    "COMPARATIVE_STRING": {"city": {"comparisonPropertyName": "country"}},
}
SAYS_ITSELF = ("HAS_NEVER", "NOT_UPDATED", "IS_UNKNOWN")


def tree(*filters: dict[str, Any], branches: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    inner = {
        "filterBranchType": "AND",
        "filterBranchOperator": "AND",
        "filters": list(filters),
        "filterBranches": list(branches),
    }
    return {"filterBranchType": "OR", "filterBranchOperator": "OR", "filters": [], "filterBranches": [inner]}


def about(name: str, **operation: Any) -> dict[str, Any]:
    return {"filterType": "PROPERTY", "property": name, "operation": operation}


@pytest.mark.parametrize(
    ("type_", "operator"),
    [
        (type_, operator)
        for type_, operators in OPERATIONS.items()
        for operator in operators
        if type_ in VALUES and "BLANK" not in operator
    ],
)
@pytest.mark.parametrize("unknown", [False, True])
def test_every_operation_comes_back_as_it_went(type_: str, operator: str, unknown: bool) -> None:
    name, value = next(iter(VALUES[type_].items()))
    itself = operator.startswith(SAYS_ITSELF)
    unknown = itself or (unknown and operator != "IS_KNOWN")
    operation = {"operationType": type_, "operator": operator, "includeObjectsWithNoValueSet": unknown} | value
    there = tree(about(name or "city", **operation))
    ours = from_hubspot(there, CONTEXT)
    assert to_hubspot(ours, CONTEXT) == there
    assert from_json(to_json(ours), CONTEXT) == ours


def test_branches_and_lists_come_back_as_they_went() -> None:
    known = about("city", operationType="ALL_PROPERTY", operator="IS_KNOWN", includeObjectsWithNoValueSet=False)
    member = {"filterType": "IN_LIST", "operator": "NOT_IN_LIST", "listId": "12"}
    denied = {"filterBranchType": "NOT_ANY", "filterBranchOperator": "NOT_ANY"}
    denied |= {"filters": [known, member], "filterBranches": []}
    there = tree(known, member, branches=(denied,))
    there["filterBranches"] += tree(member)["filterBranches"]
    assert to_hubspot(from_hubspot(there, CONTEXT), CONTEXT) == there


def test_nested_choices_are_multiplied_out() -> None:
    def city(name: str) -> dict[str, Any]:
        return {"type": "property", "property": "city", "operator": "is", "value": name}

    pair = {"type": "group", "match": "any", "children": [city("a"), city("b")]}
    root = from_json({"version": 1, "root": {"type": "group", "match": "all", "children": [pair, city("c")]}}, CONTEXT)
    there = to_hubspot(root, CONTEXT)
    said = [[item["operation"]["value"] for item in branch["filters"]] for branch in there["filterBranches"]]
    assert said == [["a", "c"], ["b", "c"]]


def test_moments_are_read_in_every_form() -> None:
    def point(days: int, reference: str = "NOW") -> dict[str, Any]:
        return {"timeType": "INDEXED", "indexReference": {"referenceType": reference}, "offset": {"days": days}}

    date = {"timeType": "DATE", "year": 2026, "month": 3, "day": 1, "zoneId": "Europe/Berlin"}
    for operation, expected in (
        (
            {"operationType": "TIME_RANGED", "operator": "IS_BETWEEN"}
            | {"lowerBoundTimePoint": point(-60), "upperBoundTimePoint": point(0)},
            {"operator": "in_last", "value": {"amount": 60, "unit": "day"}},
        ),
        (
            {"operationType": "TIME_RANGED", "operator": "IS_BETWEEN"}
            | {"lowerBoundTimePoint": point(-60, "TODAY"), "upperBoundTimePoint": point(0)},
            {"operator": "since_previous", "value": {"unit": "day", "count": 60}},
        ),
        (
            {"operationType": "TIME_POINT", "operator": "IS_BEFORE", "timePoint": point(-90)},
            {"operator": "more_than_ago", "value": {"amount": 90, "unit": "day"}},
        ),
        (
            {"operationType": "TIME_POINT", "operator": "IS_AFTER", "timePoint": date},
            {"operator": "after", "value": "2026-02-28T23:00:00Z"},
        ),
        (
            {"operationType": "TIME_POINT", "operator": "IS_AFTER", "timePoint": date, "propertyParser": "UPDATED_AT"},
            {"operator": "updated_after", "value": "2026-02-28T23:00:00Z"},
        ),
        (
            {"operationType": "TIME_POINT", "operator": "IS_BEFORE"}
            | {"timePoint": {"timeType": "PROPERTY_REFERENCED", "property": "last_order_date"}},
            {"operator": "before_property", "value": "last_order_date"},
        ),
    ):
        root = to_json(from_hubspot(tree(about("createdate", **operation)), CONTEXT))["root"]
        found = root["children"][0]
        assert {name: found[name] for name in expected} == expected


def indexed(reference: str, zone: str = "UTC", **offset: int) -> dict[str, Any]:
    at = {"timeType": "INDEXED", "timezoneSource": "CUSTOM", "zoneId": zone}
    return at | {"indexReference": {"referenceType": reference}} | ({"offset": offset} if offset else {})


def between(lower: dict[str, Any], upper: dict[str, Any], operator: str = "IS_BETWEEN") -> dict[str, Any]:
    ends = dict.fromkeys(("lowerBoundEndpointBehavior", "upperBoundEndpointBehavior"), "INCLUSIVE")
    points = {"lowerBoundTimePoint": lower, "upperBoundTimePoint": upper, "propertyParser": "VALUE"}
    return {"operationType": "TIME_RANGED", "operator": operator} | points | ends


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        (between(indexed("TODAY", days=-60), indexed("NOW")), [1, 2]),
        (between(indexed("TODAY", days=-60), indexed("NOW"), "IS_NOT_BETWEEN"), [0]),
        (between(indexed("MONTH", months=-2), indexed("NOW")), [1, 2]),
        (between(indexed("NOW", days=-60), indexed("NOW"), "IS_NOT_BETWEEN"), [0, 1]),
        (
            {"operationType": "TIME_POINT", "operator": "IS_BEFORE", "timePoint": indexed("TODAY", days=-60)}
            | {"endpointBehavior": "EXCLUSIVE", "propertyParser": "VALUE"},
            [0],
        ),
        (
            {"operationType": "ROLLING_DATE_RANGE", "operator": "IS_LESS_THAN_X_DAYS_AGO"}
            | {"numberOfDays": 60, "requiresTimeZoneConversion": False},
            [2],
        ),
    ],
)
def test_the_last_days_are_whole_where_hubspots_are_and_come_back_as_they_went(
    operation: dict[str, Any], members: list[int]
) -> None:
    """Risk: sixty times 24 hours are asked where the sixty days begin at midnight, or the other way round."""
    there = tree(about("createdate", includeObjectsWithNoValueSet=False, **operation))
    ours = from_hubspot(there, CONTEXT)
    assert to_hubspot(ours, CONTEXT) == there
    at = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # sixty days before is 1 January
    created = ("2025-12-31T23:59:59", "2026-01-01T00:00:00", "2026-01-02T00:00:00")
    people = [
        Person(number, {"createdate": datetime.fromisoformat(f"{text}+00:00")}) for number, text in enumerate(created)
    ]
    assert sorted(Oracle(World(people, {}), CONTEXT.zone, at).members(ours)) == members


def test_days_of_another_time_zone_are_not_taken_for_the_accounts() -> None:
    there = tree(about("createdate", **between(indexed("TODAY", "US/Eastern", days=-60), indexed("NOW"))))
    with pytest.raises(Unsupported, match="days of US/Eastern"):
        from_hubspot(there, CONTEXT)
    eastern = replace(CONTEXT, zone=ZoneInfo("US/Eastern"))
    assert from_hubspot(there, eastern)


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"filterType": "PAGE_VIEW"}, "PAGE_VIEW"),
        ({"filterType": "IN_LIST", "operator": "IN_LIST", "listId": "12", "metadata": {"id": "1"}}, "workflows"),
        (about("city", operationType="MULTISTRING", operator="CONTAINS_EXACTLY", values=["a"]), "CONTAINS_EXACTLY"),
        (
            about("createdate", operationType="CALENDAR_DATE", operator="IN_THIS_TIME_UNIT", useFiscalYear=True),
            "fiscal",
        ),
    ],
)
def test_what_we_cannot_say_is_named_with_its_place(item: dict[str, Any], told: str) -> None:
    known = about("city", operationType="ALL_PROPERTY", operator="IS_KNOWN")
    with pytest.raises(Unsupported, match=told) as caught:
        from_hubspot(tree(known, item), CONTEXT)
    (part,) = caught.value.parts
    assert part.place == "filterBranch.filterBranches[0].filters[1]"
    assert part.about == item.get("property", item["filterType"])
    assert part.text.endswith(".")  # a sentence that says the way out


def test_what_hubspot_cannot_say_is_named_with_its_place() -> None:
    order = {"type": "event", "event": "order", "measure": "count", "operator": "greater", "value": 1}
    hours = {
        "type": "property",
        "property": "createdate",
        "operator": "in_last",
        "value": {"amount": 1, "unit": "hour"},
    }
    root = {"type": "group", "match": "all", "children": [order, hours]}
    with pytest.raises(Unsupported) as caught:
        to_hubspot(from_json({"version": 1, "root": root}, CONTEXT), CONTEXT)
    assert [(part.place, part.about) for part in caught.value.parts] == [
        ("root.children[0]", "event"),
        ("root.children[1]", "createdate"),
    ]


def test_what_makes_no_sense_here_is_refused() -> None:
    with pytest.raises(Refused, match="there is no property “shoe_size”"):
        from_hubspot(tree(about("shoe_size", operationType="ALL_PROPERTY", operator="IS_KNOWN")), CONTEXT)


def test_everybody_stays_everybody() -> None:
    everybody = tree({"filterType": "CONSTANT", "shouldAccept": True})
    assert to_hubspot(from_hubspot(everybody, CONTEXT), CONTEXT) == everybody


def test_a_list_is_known_by_its_keys_alone_and_in_its_envelope() -> None:
    branch = tree(about("city", operationType="ALL_PROPERTY", operator="IS_KNOWN"))
    one = {"listId": "7", "name": "VIP", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch}
    for told in (one, {"list": one}, {"lists": [one]}, {"updatedList": one}):
        assert of_list(told) == ("VIP", branch)
    assert of_list(branch) == ("", branch)
    for ours in ({"version": 1, "root": {"type": "group", "match": "all", "children": []}}, {}, [], None, "x"):
        assert of_list(ours) is None
    for bad, told in (
        ({"listId": "7", "processingType": "MANUAL"}, "has no filters"),
        (one | {"objectTypeId": "0-2"}, "not of contacts"),
        ({"lists": [one, one]}, "2 lists"),
    ):
        with pytest.raises(Unsupported, match=told):
            of_list(bad)


def test_hubspots_numbers_of_lists_are_not_taken_for_ours() -> None:
    """Risk: list 12 there is another one than segment 12 here."""
    there = tree({"filterType": "IN_LIST", "operator": "IN_LIST", "listId": "77"})
    with pytest.raises(Unsupported, match="77 is HubSpot's number of a list"):
        from_hubspot(there, CONTEXT, {})
    assert to_hubspot(from_hubspot(there, CONTEXT, {77: 12}), CONTEXT)["filterBranches"][0]["filters"] == [
        {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": "12"}
    ]


JUNK = st.sampled_from([None, True, 3, -1.5, "x", "9" * 30, [], [None], {}, {"days": "x"}, {"timeType": "INDEXED"}])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_pasted_is_read_or_refused(data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from(sorted(OPERATIONS)))
    operation = {"operationType": type_, "operator": data.draw(st.sampled_from(sorted(OPERATIONS[type_])))}
    names = ("value", "values", "lowerBound", "upperBound", "timestamp", "numberOfDays", "timeUnit", "timeUnitCount")
    names += ("timePoint", "lowerBoundTimePoint", "upperBoundTimePoint", "comparisonPropertyName")
    operation |= {name: data.draw(JUNK | st.just(indexed("TODAY", days=-1))) for name in names}
    item = about(
        data.draw(st.sampled_from(["city", "createdate", "skus_bought", "total_value_of_orders"])), **operation
    )
    there: Any = tree(item, data.draw(JUNK), branches=(data.draw(JUNK),))
    with suppress(Unsupported, Refused):
        assert from_hubspot(there, CONTEXT)
    deep = there
    for _ in range(50):
        deep = {"filterBranchType": "AND", "filterBranches": [deep]}
    with pytest.raises(Unsupported, match="nested"):
        from_hubspot(deep, CONTEXT)
