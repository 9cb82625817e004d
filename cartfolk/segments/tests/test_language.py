"""What cannot be asked is refused with a sentence that names the condition; and the language is fully described."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override

from cartfolk.properties.catalogue import PROPERTIES
from cartfolk.segments import labels, language, sentence
from cartfolk.segments.fields import CART_STATES, CONSENT_STATES, CONVERSIONS, EVENTS, MEASURES, ORDER_STATES
from cartfolk.segments.language import from_json, to_json
from cartfolk.segments.operators import OPERATORS, Unit
from cartfolk.segments.problems import Refused
from cartfolk.segments.tree import Context, Known, Shop, order
from cartfolk.web import words

PAGE = Path(__file__).resolve().parents[3] / "docs/developers/segment-language.md"
SEGMENTS = {1: Known("First", frozenset({2})), 2: Known("Second", frozenset({3})), 3: Known("Third"), 4: Known("Alone")}
CONTEXT = Context(PROPERTIES, stores={1: Shop("Shop", currency="EUR")}, segments=SEGMENTS)
CITY = {"type": "property", "property": "city", "operator": "is", "value": "Ulm"}
COUNT = {"type": "event", "event": "order", "measure": "count", "operator": "at_least", "value": 1}


def read(*children: Any, context: Context = CONTEXT) -> Any:
    return from_json({"version": 1, "root": {"type": "group", "match": "all", "children": list(children)}}, context)


def about(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    data = {"type": "property", "property": name, "operator": operator} | more
    return data if value is None else data | {"value": value}


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (about("shoe_size", "is", "9"), "there is no property “shoe_size”. Choose another or create it."),
        (about("lastmodifieddate", "known"), "“lastmodifieddate” is derived when it is read and cannot be asked."),
        (about("city", "greater", 3), "greater cannot be asked here."),
        (about("city", "resembles", "x"), "the operator resembles is not known."),
        (about("city", "is"), "there is nothing to compare with. Enter a value."),
        (about("city", "is_any_of", []), "the list of values is empty. Choose at least one."),
        (about("city", "known", "x"), "known takes no value."),
        (about("city", "is", "Ulm", store=1), "properties are told for all stores together."),
        (about("city", "is", "Ulm", negate=True), "“negate” is not part of this condition."),
        (about("city", "unknown", include_unknown=True), "unknown says itself what holds without a value"),
        (about("monetary_rating", "is", "7"), "“7” is not one of the options: 5, 4, 3, 2, 1."),
        (about("total_value_of_orders", "is", "many"), "“many” is not a number."),
        (about("total_value_of_orders", "is", "NaN"), "“NaN” is not a number that can be compared."),
        (about("total_value_of_orders", "between", [9, 3]), "nothing is between 9 and 3"),
        (about("total_value_of_orders", "between", [9]), "between needs two values"),
        (about("hs_email_optout", "is", "yes"), "compare with true or false."),
        (about("createdate", "before", "2026-02-30"), "“2026-02-30” is neither a date"),
        (about("createdate", "before", "2026-02-28T12:00:00"), "“2026-02-28T12:00:00” is neither a date"),
        (about("createdate", "between", ["2026-02-02", "2026-02-01"]), "nothing is between 2026-02-02 and 2026-02-01"),
        (about("createdate", "in_last", {"amount": 0, "unit": "day"}), "a whole number from 1 to 10000"),
        (about("createdate", "in_last", {"amount": 1, "unit": "decade"}), "the unit “decade” cannot be used here"),
        (about("createdate", "in_last", {"amount": 9999, "unit": "year"}), "that is too long a time"),
        (about("createdate", "in_this", {"unit": "month", "count": 2}), "there is only one such month"),
        (about("createdate", "before_property", "city"), "“city” has another type and cannot be compared with."),
        (about("createdate", "before_property", "nothing"), "there is no property “nothing” to compare with."),
        (COUNT | {"event": "visit"}, "the event “visit” is not known."),
        (COUNT | {"measure": "median"}, "the measure “median” is not known."),
        (COUNT | {"field": "total"}, "a count is of the events themselves"),
        (COUNT | {"measure": "sum", "field": "status"}, "the sum of the field “status” cannot be made."),
        (COUNT | {"measure": "sum", "field": "colour"}, "the field “colour” is not one of this event."),
        (COUNT | {"operator": "unknown"}, "takes no value"),
        (COUNT | {"include_unknown": True}, "a count or a sum always has a value"),
        (COUNT | {"store": 9}, "there is no store 9."),
        (COUNT | {"period": {"last": 3}}, "a period is the last days"),
        (COUNT | {"period": {"from": "2026-02-02", "to": "2026-02-01"}}, "nothing is between 2026-02-02 and"),
        (COUNT | {"where": [{"field": "sku", "operator": "is", "value": "x"}]}, "the field “sku” is not one of this"),
        (COUNT | {"where": [{"lines": []}]}, "“lines” is a list of at least one condition on lines."),
        (
            COUNT | {"where": [{"field": "status", "operator": "is", "value": "lost"}]},
            "“lost” is not one of the options",
        ),
        ({"type": "consent", "status": "maybe"}, "consent is granted, withdrawn, pending or unknown."),
        ({"type": "consent", "status": "granted", "channel": "a b"}, "channel and purpose are words"),
        ({"type": "segment", "segment": 99}, "there is no segment 99."),
        ({"type": "store", "store": True}, "there is no store True."),
        ({"type": "weather"}, "the type “weather” is not known."),
        ("city is Ulm", "a condition is an object with a type."),
        ({"type": "group", "match": "most", "children": [CITY]}, "a group matches all, any or none"),
        ({"type": "group", "match": "any", "children": []}, "there is no condition."),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(condition: Any, sentence: str) -> None:
    with pytest.raises(Refused) as caught:
        read(CITY, condition)
    (problem,) = caught.value.problems
    assert problem.path == (1,)
    assert str(problem).startswith("Condition 2: ")
    assert sentence in str(problem)


def test_an_archived_property_is_told_from_one_that_never_was() -> None:
    put_aside = replace(CONTEXT, archived=frozenset({"shoe_size"}))
    with pytest.raises(Refused, match=r"“shoe_size” is archived\. Restore it"):
        read(about("shoe_size", "is", "9"), context=put_aside)


def test_every_bad_condition_is_named_at_once_and_where_it_stands() -> None:
    bad = about("city", "is")
    inner = {"type": "group", "match": "any", "children": [CITY, bad, COUNT | {"where": [{"field": "x"}]}]}
    with pytest.raises(Refused) as caught:
        read(bad, {"type": "group", "match": "none", "children": [inner]})
    assert [problem.path for problem in caught.value.problems] == [(0,), (1, 0, 1), (1, 0, 2)]
    assert [problem.part for problem in caught.value.problems] == ["value", "value", "where.0.field"]
    assert "Condition 2 in group 2.1: there is nothing to compare with." in str(caught.value)
    with override("de"):
        assert sentence.problem(caught.value.problems[1]) == (
            "Bedingung 2 in Gruppe 2.1: Es gibt nichts zum Vergleichen. Geben Sie einen Wert ein."
        )


def test_segments_may_not_name_each_other_in_a_circle() -> None:
    third = Context(PROPERTIES, segments=SEGMENTS, itself=3)
    with pytest.raises(Refused, match="in a circle: Third → First → Second → Third"):
        read({"type": "segment", "segment": 1}, context=third)
    with pytest.raises(Refused, match="in a circle: Third → Third"):
        read({"type": "segment", "segment": 3}, context=third)
    assert read({"type": "segment", "segment": 4}, context=third)


def test_segments_are_put_after_those_they_name() -> None:
    known = Context(PROPERTIES, segments={number: Known(str(number)) for number in (4, 6, 9)})
    trees = {n: read({"type": "segment", "segment": m}, context=known) for n, m in ((5, 6), (6, 9), (9, 4))}
    assert order(trees) == [9, 6, 5]


def test_definitions_have_limits() -> None:
    deep: dict[str, Any] = CITY
    for _ in range(10):
        deep = {"type": "group", "match": "all", "children": [deep]}
    assert from_json({"version": 1, "root": deep}, CONTEXT)
    with pytest.raises(Refused, match="groups may be nested 10 deep"):
        read(deep)
    assert read(*[CITY] * 250)
    with pytest.raises(Refused, match="251 conditions are more than 250"):
        read(*[CITY] * 251)


@pytest.mark.parametrize("version", [0, 2, "1", None, True])
def test_another_version_is_refused(version: Any) -> None:
    with pytest.raises(Refused, match="is not known here"):
        from_json({"version": version, "root": CITY}, CONTEXT)


def test_an_older_version_is_upgraded_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def upgrade(data: dict[str, Any]) -> dict[str, Any]:
        return {"version": 1, "root": data["root"] | {"operator": "is"}}

    monkeypatch.setitem(language._UPGRADES, 0, upgrade)
    old = {"version": 0, "root": CITY | {"operator": "equals"}}
    assert to_json(from_json(old, CONTEXT)) == {"version": 1, "root": CITY}


def test_whatever_a_stranger_sends_is_read_or_refused() -> None:
    for data in (None, 1, "x", [], {}, {"version": 1}, {"version": 1, "root": None}, {"version": 1, "root": []}):
        with pytest.raises(Refused):
            from_json(data, CONTEXT)
    for value in (None, True, 1, -1, 1e300, "x", [], [None], {}, {"amount": "x"}, [[1]], {"unit": []}, "\0"):
        for name in (
            "city",
            "monetary_rating",
            "skus_bought",
            "total_value_of_orders",
            "createdate",
            "hs_email_optout",
        ):
            for operator in OPERATORS:
                try:
                    node = read(about(name, operator, value))
                except Refused:
                    continue
                assert from_json(to_json(node), CONTEXT) == node


def test_the_page_for_developers_names_everything() -> None:
    page = PAGE.read_text("utf-8")
    told = {name for name in OPERATORS if f"`{name}`" in page}
    assert told == set(OPERATORS)
    for name in (*EVENTS, *MEASURES, *CONSENT_STATES):
        assert f"`{name}`" in page, name
    for event in EVENTS.values():
        for field in event.fields:
            assert f"`{field}`" in page, (event.name, field)


def test_everything_has_a_word() -> None:
    assert set(labels.OPERATORS) == set(OPERATORS) == set(labels.SENTENCES)
    assert set(labels.EVENTS) == set(EVENTS) == set(labels.FACTS) == set(labels.FACT)
    assert set(labels.MEASURES) == set(MEASURES) == {"count", *labels.MEASURED}
    assert set(labels.FIELDS) == {field for event in EVENTS.values() for field in event.fields}
    assert set(labels.STATES) == {*ORDER_STATES, *CART_STATES}
    assert set(CONVERSIONS) == set(words.CONVERSIONS)
    assert set(labels.CONSENTS) == set(CONSENT_STATES)
    assert set(labels.UNITS) == set(Unit)


@pytest.mark.parametrize(
    ("condition", "english", "german"),
    [
        (
            COUNT
            | {"value": 2, "period": {"last": 90, "unit": "day"}}
            | {"where": [{"lines": [{"field": "category", "operator": "is_any_of", "value": ["shoes"]}]}]},
            "Contacts: at least 2 orders in the last 90 days with (an item with Category has shoes)",
            "Kontakte: mindestens 2 Bestellungen in den letzten 90 Tagen mit (ein Artikel mit Kategorie hat shoes)",
        ),
        (
            COUNT | {"measure": "sum", "field": "value", "operator": "more", "value": 500, "store": 1},
            "Contacts: the sum of “Value after refunds” of orders in the store “Shop” is more than €500.00",
            "Kontakte: die Summe von „Wert nach Erstattungen“ (Bestellungen im Shop „Shop“) ist mehr als 500,00\xa0€",
        ),
        (
            {"type": "group", "match": "none", "children": [CITY, {"type": "segment", "segment": 4}]},
            "Contacts: none of these: City is Ulm; is in the segment “Alone”",
            "Kontakte: nichts davon: Ort ist Ulm; ist im Segment „Alone“",
        ),
        (
            about("createdate", "in_previous", {"unit": "quarter", "count": 2}),
            "Contacts: Create Date is in the previous 2 quarters",
            "Kontakte: Erstelldatum ist in den vorigen 2 Quartalen",
        ),
        (
            about("createdate", "since_previous", {"unit": "day", "count": 60}),
            "Contacts: Create Date is in the previous 60 days or today so far",
            "Kontakte: Erstelldatum ist in den vorigen 60 Tagen oder heute bis jetzt",
        ),
        (
            about("createdate", "not_since_previous", {"unit": "month"}),
            "Contacts: Create Date is neither in the previous month nor this month so far",
            "Kontakte: Erstelldatum ist weder im vorigen Monat noch in diesem Monat bis jetzt",
        ),
        (
            about("createdate", "before_previous", {"unit": "day", "count": 90}),
            "Contacts: Create Date is before the previous 90 days",
            "Kontakte: Erstelldatum liegt vor den vorigen 90 Tagen",
        ),
        (
            about("city", "is_none_of", ["Ulm", "Bonn"], include_unknown=True),
            "Contacts: (City is neither Ulm nor Bonn or has no value)",
            "Kontakte: (Ort ist weder Ulm noch Bonn oder hat keinen Wert)",
        ),
        (COUNT | {"operator": "exactly", "value": 0}, "Contacts: no orders", "Kontakte: keine Bestellungen"),
        (COUNT, "Contacts: at least 1 order", "Kontakte: mindestens 1 Bestellung"),
        (COUNT | {"operator": "more", "value": 0}, "Contacts: at least 1 order", "Kontakte: mindestens 1 Bestellung"),
    ],
)
def test_a_definition_reads_as_a_sentence(condition: dict[str, Any], english: str, german: str) -> None:
    root = from_json({"version": 1, "root": condition}, CONTEXT)
    with override("en"):
        assert sentence.segment(root, CONTEXT) == english
    with override("de"):
        assert sentence.segment(root, CONTEXT) == german


ONE_OF = {  # of one unit and of three
    "hour": ("der letzten Stunde", "der nächsten Stunde", "einer Stunde", "Stunden"),
    "day": ("des letzten Tages", "des nächsten Tages", "einem Tag", "Tagen"),
    "week": ("der letzten Woche", "der nächsten Woche", "einer Woche", "Wochen"),
    "month": ("des letzten Monats", "des nächsten Monats", "einem Monat", "Monaten"),
    "year": ("des letzten Jahres", "des nächsten Jahres", "einem Jahr", "Jahren"),
}


@pytest.mark.parametrize("unit", ONE_OF)
def test_one_unit_of_time_is_told_in_the_singular(unit: str) -> None:
    """Risk: "in den letzten 1 Jahr"."""
    last, following, one, many = ONE_OF[unit]
    an = "an" if unit == "hour" else "a"
    spans = {
        "in_last": (f"is in the last {unit}", f"liegt innerhalb {last}"),
        "not_in_last": (f"is not in the last {unit}", f"liegt nicht innerhalb {last}"),
        "in_next": (f"is in the next {unit}", f"liegt innerhalb {following}"),
        "not_in_next": (f"is not in the next {unit}", f"liegt nicht innerhalb {following}"),
        "more_than_ago": (f"is more than {an} {unit} ago", f"liegt vor mehr als {one}"),
        "more_than_ahead": (f"is more than {an} {unit} ahead", f"liegt in mehr als {one}"),
        "updated_in_last": (f"changed in the last {unit}", f"änderte sich innerhalb {last}"),
        "not_updated_in_last": (f"did not change in the last {unit}", f"änderte sich innerhalb {last} nicht"),
    }
    if unit in ("day", "week"):
        spans["anniversary_in_last"] = f"had its anniversary in the last {unit}", f"jährte sich innerhalb {last}"
        spans["anniversary_in_next"] = f"has its anniversary in the next {unit}", f"jährt sich innerhalb {following}"

    def said(condition: dict[str, Any], language: str) -> str:
        with override(language):
            return sentence.segment(from_json({"version": 1, "root": condition}, CONTEXT), CONTEXT)

    for operator, (english, german) in spans.items():
        once = about("createdate", operator, {"amount": 1, "unit": unit})
        assert said(once, "en") == f"Contacts: Create Date {english}"
        assert said(once, "de") == f"Kontakte: Erstelldatum {german}"
        often = about("createdate", operator, {"amount": 3, "unit": unit})
        assert f"3 {unit}s" in said(often, "en")
        assert f"3 {many}" in said(often, "de")
    assert said(COUNT | {"period": {"last": 1, "unit": unit}}, "en") == f"Contacts: at least 1 order in the last {unit}"
    assert said(COUNT | {"period": {"last": 1, "unit": unit}}, "de").endswith(f"1 Bestellung innerhalb {last}")
    assert said(COUNT | {"period": {"more_than": 1, "unit": unit}}, "en").endswith(f"order more than {an} {unit} ago")
    assert said(COUNT | {"period": {"more_than": 1, "unit": unit}}, "de").endswith(f"Bestellung vor mehr als {one}")


def test_what_is_asked_by_number_reads_by_the_shops_name() -> None:
    called = {
        "variant": {"71": {1: "Blue mug (large)"}, "72": {1: "Blue mug", 2: "Tea"}},
        "category": {"41": {1: "Mugs"}},
    }
    where = replace(CONTEXT, stores={1: Shop("Shop", currency="EUR"), 2: Shop("Other")}, called=called)

    def said(field: str, operator: str, value: Any, language: str = "en", **more: Any) -> str:
        line = {"field": field, "operator": operator, "value": value}
        root = from_json({"version": 1, "root": COUNT | {"where": [{"lines": [line]}]} | more}, where)
        with override(language):
            before = " with (an item with " if language == "en" else " mit (ein Artikel mit "
            return sentence.segment(root, where).partition(before)[2].removesuffix(")")

    assert said("variant", "is", "71") == "Variant is Blue mug (large)"
    assert said("variant", "is", "71", "de") == "Variante ist Blue mug (large)"
    assert said("variant", "is_none_of", ["71", "9"]) == "Variant is neither Blue mug (large) nor 9"
    assert said("variant", "is", "9") == "Variant (number in the shop) is 9"
    assert said("variant", "is", "9", "de") == "Variante (Nummer im Shop) ist 9"
    assert said("variant", "contains", ["71"]) == "Variant (number in the shop) contains 71"  # any with 71 in it
    assert said("variant", "is", "72") == "Variant is Blue mug / Tea"  # two shops gave the number to two things
    assert said("variant", "is", "72", store=2) == "Variant is Tea"
    assert said("variant", "is", "71", store=2) == "Variant (number in the shop) is 71"
    assert said("category", "is_any_of", ["41"]) == "Category has Mugs"
    bought = {"type": "event", "event": "line", "measure": "last", "field": "variant", "operator": "is", "value": "71"}
    assert "“Variant” of products bought is Blue mug (large)" in sentence.segment(
        from_json({"version": 1, "root": bought}, where), where
    )


def test_two_values_of_one_name_keep_their_numbers() -> None:
    where = replace(CONTEXT, called={"variant": {"71": {1: "Blue mug"}, "72": {1: "Blue mug"}}})
    line = {"field": "variant", "operator": "is_any_of", "value": ["71", "72"]}
    root = from_json({"version": 1, "root": COUNT | {"where": [{"lines": [line]}]}}, where)
    assert "Variant is Blue mug (71) or Blue mug (72)" in sentence.segment(root, where)


def test_an_amount_is_asked_in_the_accounts_currency_only() -> None:
    over = {"type": "event", "event": "order", "measure": "sum", "field": "value", "operator": "greater", "value": 5}
    assert from_json({"version": 1, "root": over | {"currency": "EUR"}}, CONTEXT) == from_json(
        {"version": 1, "root": over}, CONTEXT
    )
    with pytest.raises(Refused) as refused:
        from_json({"version": 1, "root": over | {"currency": "USD"}}, CONTEXT)
    assert "EUR" in sentence.problem(refused.value.problems[0])
    with pytest.raises(Refused) as refused:
        from_json({"version": 1, "root": over}, Context(PROPERTIES))
    assert refused.value.problems[0].part == "currency"
    inside = {"field": "total", "operator": "greater", "value": 5, "currency": "USD"}
    counted = {"type": "event", "event": "order", "measure": "count", "operator": "greater", "value": 0}
    with pytest.raises(Refused) as refused:
        from_json({"version": 1, "root": counted | {"where": [inside]}}, CONTEXT)
    assert refused.value.problems[0].part == "where.0.currency"
