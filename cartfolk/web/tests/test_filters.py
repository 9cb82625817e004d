"""Risks: a filter shows the wrong people, loses some on the way from page to page, or the address forgets it."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.properties import definitions, sorting
from cartfolk.properties.catalogue import PROPERTIES, Property
from cartfolk.properties.write import Mode, Write, write
from cartfolk.segments import labels
from cartfolk.segments.operators import OPERATORS, Kind, Shape
from cartfolk.web import filters, listing, narrow, properties
from cartfolk.web.models import SavedView

from .conftest import BORN

CONTACTS = reverse("web:contacts")


@pytest.fixture
def values(conn: Connection, people: int) -> None:
    conn.execute(
        """
        update contact_property p
           set city = case when n %% 28 = 0 then repeat('x', 220) || ' Ziel'
                      when n %% 4 > 0 then (array['Berlin','Aachen','Ürzig'])[1 + n %% 3] end,
               average_order_value = case when n %% 3 > 0 then n %% 7 * 10.50 end,
               account_creation_date = case when n %% 5 > 0 then %(born)s::timestamptz + n / 2 * interval '1 day' end,
               hs_email_optout = case when n %% 6 > 0 then n %% 2 = 0 end, email = l.email,
               total_number_of_orders = l.total_number_of_orders, total_value_of_orders = l.total_value_of_orders,
               createdate = l.createdate, last_order_date = l.last_order_date
          from (select *, contact_id as n from contact_list) l where l.contact_id = p.contact_id
        """,
        {"born": BORN},
    )


def condition(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    found = {"type": "property", "property": name, "operator": operator, **more}
    return found if value is None else found | {"value": value}


def filtered(*children: dict[str, Any], match: str = "all") -> dict[str, Any]:
    return {"version": 1, "root": {"type": "group", "match": match, "children": list(children)}}


# The filter, and the same as SQL over contact_property p and contact_list l, typed by hand.
FILTERS: list[tuple[dict[str, Any], str]] = [
    (filtered(condition("city", "is", "berlin")), "lower(p.city) = 'berlin'"),
    (filtered(condition("city", "is_any_of", ["Aachen", "Ürzig"])), "p.city in ('Aachen', 'Ürzig')"),
    (filtered(condition("city", "starts_with", "b")), "p.city like 'B%%'"),
    (filtered(condition("city", "contains", "RLI")), "p.city = 'Berlin'"),
    (filtered(condition("city", "contains", "zig")), "p.city = 'Ürzig'"),
    (filtered(condition("city", "contains", "ÜR")), "p.city = 'Ürzig'"),
    (filtered(condition("city", "contains", "x ziel")), "p.city like '%%Ziel'"),  # behind what a kept word holds
    (filtered(condition("city", "contains", "xxx")), "p.city like 'xxx%%'"),  # in what is kept, and cut as well
    (filtered(condition("email", "contains", "11@")), "l.email like '%%11@%%'"),
    (filtered(condition("city", "is_not", "Berlin")), "p.city <> 'Berlin'"),
    (filtered(condition("city", "unknown")), "p.city is null"),
    (filtered(condition("city", "is", "Berlin", include_unknown=True)), "coalesce(p.city, 'Berlin') = 'Berlin'"),
    (filtered(condition("average_order_value", "between", [10, 42])), "p.average_order_value between 10 and 42"),
    (filtered(condition("average_order_value", "less", 10.5)), "p.average_order_value < 10.5"),
    (filtered(condition("total_number_of_orders", "greater", 2)), "l.total_number_of_orders > 2"),
    (filtered(condition("total_value_of_orders", "is_any_of", [10.5, 42])), "l.total_value_of_orders in (10.5, 42)"),
    (filtered(condition("account_creation_date", "before", "2026-01-20")), "p.account_creation_date < '2026-01-20Z'"),
    (filtered(condition("last_order_date", "after", "2026-04-01")), "l.last_order_date >= '2026-04-02Z'"),
    (filtered(condition("hs_email_optout", "is", True)), "p.hs_email_optout"),
    (filtered(condition("email", "starts_with", "p11")), "l.email like 'p11%%'"),
    (
        filtered(condition("city", "is", "Aachen"), condition("total_number_of_orders", "greater_equal", 3)),
        "p.city = 'Aachen' and l.total_number_of_orders >= 3",
    ),
    (
        filtered(condition("city", "is", "Berlin"), condition("average_order_value", "is", 21), match="any"),
        "p.city = 'Berlin' or p.average_order_value = 21",
    ),
    (filtered(condition("city", "known"), match="none"), "p.city is null"),
]


def test_calendar_days_are_the_accounts_not_the_servers(conn: Connection, people: int) -> None:
    """Noon of the first in UTC is the second in Auckland."""
    conn.execute("update contact_list set createdate = '2026-03-01 12:00+00' where contact_id = 20")
    conn.execute("update contact_property set createdate = '2026-03-01 12:00+00' where contact_id = 20")
    on_the_second = filtered(condition("createdate", "between", ["2026-03-02"] * 2))
    types, found = properties.columns(conn)[0], []
    for zone in ("UTC", "Pacific/Auckland"):
        conn.execute("update stores_store set timezone = %s", [zone])
        known = filters.context(conn)
        root = filters.root(on_the_second, known)
        assert root is not None
        question = listing.Question(columns=types, narrowing=narrow.narrowing(conn, root, known, types))
        found.append([row["contact_id"] for row in listing.page(conn, question).rows])
    assert found == [[], [20]]


WAYS = ["scan", "kept", "met", "far", "behind", "walk", "impatient"]


def take(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By meeting the few along the order, not soon enough or not among its first; by walking small windows, and with a
    page that gives up after each window; by scan and by the kept order as they are."""
    if way in ("met", "far", "behind"):
        monkeypatch.setattr(listing, "SORTED", 0)
        monkeypatch.setattr(listing, "MET", 20 if way == "far" else 1_000)
    if way == "behind":
        monkeypatch.setattr(listing, "NEAR", 1)
    if way in ("walk", "impatient"):
        monkeypatch.setattr(narrow, "FEW", 0)
        monkeypatch.setattr(listing, "FILTERED_WINDOW", 9)
    if way == "impatient":
        monkeypatch.setattr(listing, "PATIENCE", -1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sort", ["-createdate", "total_value_of_orders", "-city", "average_order_value"])
def test_every_way_to_filter_finds_the_same_people_in_order_both_ways(
    conn: Connection, people: int, values: None, monkeypatch: pytest.MonkeyPatch, way: str, sort: str
) -> None:
    types = properties.columns(conn)[0]
    if way != "scan":
        for name in ("city", "email", "average_order_value", "account_creation_date", "hs_email_optout"):
            sorting.fill(conn, sorting.key(name, types[name]), BORN)
    take(way, monkeypatch)
    known = filters.context(conn)
    everybody = walk(conn, listing.Question(sort=sort, size=200, columns=types))
    for definition, where in FILTERS:
        root = filters.root(definition, known)
        assert root is not None
        question = listing.Question(
            sort=sort, size=7, columns=types, narrowing=narrow.narrowing(conn, root, known, types)
        )
        matching = f"select contact_id from contact_property p join contact_list l using (contact_id) where {where}"
        expected = {row[0] for row in conn.execute(matching.replace("%%", "%"))}
        assert 0 < len(expected) < people, where
        assert walk(conn, question) == [contact for contact in everybody if contact in expected], where
        assert listing.count_found(conn, question) == len(expected)


@pytest.mark.parametrize("sort", ["city", "-city", "average_order_value", "last_order_date", "-total_value_of_orders"])
def test_a_filter_on_what_sorts_begins_where_its_contacts_are(
    conn: Connection, people: int, values: None, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    """Not in front of everybody who sorts before them: a page is full before its patience is tried."""
    types, known, name = properties.columns(conn)[0], filters.context(conn), sort.removeprefix("-")
    for far in ("city", "average_order_value"):
        sorting.fill(conn, sorting.key(far, types[far]), BORN)
    take("impatient", monkeypatch)
    behind = {
        "city": condition("city", "is", "Berlin"),
        "average_order_value": condition("average_order_value", "greater", 40),
        "last_order_date": condition("last_order_date", "after", "2026-04-01"),
        "total_value_of_orders": condition("total_value_of_orders", "between", [10, 22]),
    }
    root = filters.root(filtered(behind[name]), known)
    assert root is not None
    question = listing.Question(sort=sort, size=7, columns=types, narrowing=narrow.narrowing(conn, root, known, types))
    page = listing.page(conn, question)
    assert (len(page.rows), page.looking, page.walked) == (7, False, True)


OWN = {
    "points": ("number", "case when n % 3 > 0 then n % 10 * 10 end"),
    "nick": ("string", "case when n % 4 > 0 then (array['Bertl','Ärmel','anna'])[1 + n % 3] end"),
    "fair_day": ("date", "case when n % 5 > 0 then date '2026-01-01' + n::int / 2 end"),
    "trade": ("bool", "case when n % 6 > 0 then n % 2 = 0 end"),
}
OWN_FILTERS: list[tuple[dict[str, Any], str]] = [
    (filtered(condition("points", "between", [20, 50])), "points between 20 and 50"),
    (filtered(condition("points", "greater", 80)), "points > 80"),
    (filtered(condition("nick", "is", "bertl")), "nick = 'Bertl'"),
    (filtered(condition("nick", "contains", "RME")), "nick = 'Ärmel'"),
    (filtered(condition("nick", "is_not", "anna")), "nick <> 'anna'"),
    (filtered(condition("fair_day", "before", "2026-01-11")), "fair_day < '2026-01-11'"),
    (filtered(condition("trade", "is", True)), "trade"),
    (filtered(condition("trade", "unknown")), "trade is null"),
    (filtered(condition("points", "is", 10), condition("nick", "is", "anna")), "points = 10 and nick = 'anna'"),
]


@pytest.mark.parametrize("way", WAYS)
def test_what_people_set_is_filtered_and_sorted_the_same_by_scan_and_by_its_kept_order(
    conn: Connection, people: int, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    for name, (type_, _values) in OWN.items():
        item = Property(
            name=name, label_en=name, label_de=name, group="contactinformation", type=type_,  # type: ignore[arg-type]
            definition_en="", definition_de="", computed=False, custom=True,
        )  # fmt: skip
        definitions.create(conn, item, by="user:1")
    names, made = ", ".join(OWN), ", ".join(values for _type, values in OWN.values())
    # Every seventh has no row of what people set at all.
    conn.execute(
        f"insert into contact_custom (contact_id, {names}) select n, {made}"
        " from (select contact_id as n from contact) c where n % 7 > 0"
    )
    there, custom = properties.columns(conn)
    if way != "scan":
        for name in OWN:
            sorting.fill(conn, sorting.key(name, custom[name], custom=True), BORN)
    take(way, monkeypatch)
    known = filters.context(conn)
    table = "contact_list left join contact_custom using (contact_id)"
    for sort, order in (("-createdate", "createdate desc, contact_id desc"), ("points", "points, contact_id"),
                        ("-nick", 'lower(nick) collate "C" desc nulls last, contact_id desc')):  # fmt: skip
        everybody = [row[0] for row in conn.execute(f"select contact_id from {table} order by {order}")]
        assert listing.page(conn, listing.Question(sort=sort, columns=there, custom=custom)).scanned == (
            way == "scan" and sort != "-createdate"
        )
        for definition, where in OWN_FILTERS:
            root = filters.root(definition, known)
            assert root is not None
            narrowing = narrow.narrowing(conn, root, known, there | custom)
            assert bool(narrowing.unkept) == (way == "scan")
            question = listing.Question(sort=sort, size=7, columns=there, custom=custom, narrowing=narrowing)
            expected = {row[0] for row in conn.execute(f"select contact_id from {table} where {where}")}
            assert 0 < len(expected) < people, where
            assert walk(conn, question) == [contact for contact in everybody if contact in expected], (sort, where)


def shown(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<tr data-id="(\d+)"', page)]


def walk(conn: Connection, question: listing.Question) -> list[int]:
    """All contacts page by page; back from the end must tell the same."""
    page = listing.page(conn, question)
    forward = [row["contact_id"] for row in page.rows]
    while page.after:
        page = listing.page(conn, dataclasses.replace(question, after=page.after))
        forward += [row["contact_id"] for row in page.rows]
    back = [row["contact_id"] for row in page.rows]
    while page.before:
        page = listing.page(conn, dataclasses.replace(question, before=page.before))
        back = [row["contact_id"] for row in page.rows] + back
    assert back == forward
    return forward


def test_a_filter_is_added_changed_and_removed_by_addresses(owner: Client, values: None) -> None:
    asked = {"property": "city", "operator": "is", "value": "Berlin", "add": "1"}
    answer = owner.get(reverse("web:contacts-filter"), asked, headers={"HX-Request": "true"})
    address = answer["HX-Redirect"]
    page = owner.get(address).content.decode()
    assert len(shown(page)) == 33
    assert {contact % 3 for contact in shown(page)} == {0}
    assert "<b>Stadt</b> ist Berlin" in page or "<b>City</b> is Berlin" in page
    changed = owner.get(
        reverse("web:contacts-filter"),
        {**asked, "filters": parse_qs(urlsplit(address).query)["filters"][0], "place": "0", "value": "Aachen"},
    )
    kept = json.loads(parse_qs(urlsplit(changed["Location"]).query)["filters"][0])
    assert [child["value"] for child in kept["root"]["children"]] == ["Aachen"]
    [without] = re.findall(r'class="button link" href="([^"]+)" aria-label', page)
    assert len(shown(owner.get(html.unescape(without)).content.decode())) == 50


def test_every_chip_says_what_it_asks(owner: Client, values: None) -> None:
    asked = {
        "is at least 1,000": condition("total_number_of_orders", "greater_equal", 1000),
        "is Aachen": condition("city", "is_any_of", ["Aachen"]),
        "is Aachen or Bonn": condition("city", "is_any_of", ["Aachen", "Bonn"]),
        "is neither A nor B nor C nor D (+2)": condition("city", "is_none_of", list("ABCDEF")),
        "(is not Bonn or has no value)": condition("city", "is_not", "Bonn", include_unknown=True),
        "is in the last day": condition("createdate", "in_last", {"amount": 1, "unit": "day"}),
        "is this month": condition("createdate", "in_this", {"unit": "month"}),
        "is between 2 Jan 2026 and 4 Feb 2026": condition("createdate", "between", ["2026-01-02", "2026-02-04"]),
        "is after “Last Order Date”": condition("createdate", "after_property", "last_order_date"),
        "has no value": condition("city", "unknown"),
        "is Yes": condition("hs_email_optout", "is", True),
        "is known in the store “teashop”": {"type": "store", "store": 1, "member": True},
    }
    page = owner.get(CONTACTS, {"filters": json.dumps(filtered(*asked.values()))})
    assert page.context["problem"] == ""
    assert [chip.text or chip.label for chip in page.context["chips"]] == list(asked)


def test_a_filter_that_cannot_be_asked_says_why_and_shows_everybody(owner: Client, values: None) -> None:
    answer = owner.get(
        reverse("web:contacts-filter"),
        {"property": "average_order_value", "operator": "between", "value": ["9", "3"], "add": "1"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 422
    assert b"nothing is between 9 and 3" in answer.content
    page = owner.get(CONTACTS, {"filters": json.dumps(filtered(condition("nonsense", "is", "x")))}).content.decode()
    assert "nonsense" in page
    assert 'role="alert"' in page
    assert len(shown(page)) == 50
    assert "<span>Further conditions</span>" in page
    for broken in ("{", "[]", '{"version": 1}', '{"version":1,"root":7}', '{"version":1,"root":{"type":"group"}}'):
        assert owner.get(CONTACTS, {"filters": broken}).status_code == 200, broken


def test_every_operator_of_every_kind_has_a_form_whose_values_it_reads_back(owner: Client, values: None) -> None:
    from cartfolk.segments import operators

    names = ("city", "current_abandoned_cart", "customer_group", "average_order_value", "createdate", "hs_email_optout")
    for name in names:
        for operator in operators.of(operators.kind(PROPERTIES[name])):
            answer = owner.get(reverse("web:contacts-filter"), {"property": name, "operator": operator.name})
            assert answer.status_code == 200, operator
            chosen = f'<option value="{operator.name}" selected>{labels.OPERATORS[operator.name]}</option>'
            assert (chosen in answer.text) == (operator.name != "in_fifth"), operator


@pytest.mark.parametrize(
    "name", ["city", "current_abandoned_cart", "customer_group", "average_order_value", "createdate"]
)
def test_what_a_form_offers_to_compare_with_can_be_asked(owner: Client, values: None, name: str) -> None:
    from cartfolk.segments import operators

    asked = operators.of(operators.kind(PROPERTIES[name]))
    for operator in [row for row in asked if row.shape is operators.Shape.PROPERTY]:
        given = {"property": name, "operator": operator.name}
        form = owner.get(reverse("web:contacts-filter"), given).context["form"]
        for other in (form.options[0][0], form.options[-1][0]):
            answer = owner.get(reverse("web:contacts-filter"), given | {"value": other, "add": "1"})
            assert answer.status_code == 302, (operator.name, other)


def test_filters_that_cannot_be_asked_export_nobody(owner: Client, values: None) -> None:
    gone = json.dumps(filtered(condition("nothere", "known")))
    answer = owner.get(reverse("web:contacts-export"), {"filters": gone})
    assert answer.status_code == 302
    assert "cannot be asked" in owner.get(answer["Location"]).text


def test_a_number_is_typed_and_shown_in_the_readers_language(owner: Client, values: None) -> None:
    german = {"accept-language": "de"}
    asked = {"property": "average_order_value", "operator": "is_any_of", "value": "1.500; 10,5; 10.5", "add": "1"}
    answer = owner.get(reverse("web:contacts-filter"), asked, headers=german)
    (kept,) = parse_qs(urlsplit(answer.headers.get("HX-Location") or answer["Location"]).query)["filters"]
    assert json.loads(kept)["root"]["children"][0]["value"] == ["1500", "10.5", "10.5"]
    held = filtered(condition("average_order_value", "is_any_of", [1500, 10.5, 2.125]))
    form = {"property": "average_order_value", "place": "0", "filters": json.dumps(held)}
    assert 'value="1500; 10,5; 2,125"' in owner.get(reverse("web:contacts-filter"), form, headers=german).text
    assert 'value="1500; 10.5; 2.125"' in owner.get(reverse("web:contacts-filter"), form).text


def test_properties_people_make_are_columns_filters_and_orders(owner: Client, conn: Connection, values: None) -> None:
    item = Property(
        name="shoe_size", label_en="Shoe size", label_de="Schuhgröße", group="contactinformation", type="number",
        definition_en="", definition_de="", computed=False, custom=True,
    )  # fmt: skip
    definitions.create(conn, item, by="user:1")
    write(conn, [Write(n, {"shoe_size": n}) for n in range(1, 31)], mode=Mode.OVERWRITE, source="user")
    asked = {"filters": json.dumps(filtered(condition("shoe_size", "greater", 10))), "columns": "shoe_size,email"}
    page = owner.get(CONTACTS, {**asked, "sort": "-shoe_size"}).content.decode()
    assert shown(page) == list(range(30, 10, -1))
    assert "Shoe size" in page
    assert shown(owner.get(CONTACTS, {"sort": "shoe_size"}).content.decode())[:31] == [*range(1, 31), 31]
    lines = b"".join(owner.get(reverse("web:contacts-export"), {**asked, "sort": "shoe_size"})).decode().splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == [str(n) for n in range(11, 31)]


HALF = r'{"version":1,"root":{"type":"property","property":"city","operator":"is","value":"\ud83d"}}'


@pytest.mark.parametrize(
    "asked", [{"filters": '{"version":1,"root":{"ty'}, {"filters": "[1]"}, {"filters": HALF}, {"view": "999"}]
)
def test_an_address_that_lost_what_it_asked_does_not_do_it_to_everybody(
    owner: Client, values: None, asked: dict[str, str]
) -> None:
    """A link that was cut off by mail, a view that somebody deleted meanwhile."""
    owner.post(reverse("web:contacts-view-save"), asked | {"name": "Cut off"})
    assert not SavedView.objects.filter(name="Cut off").exists()
    assert '<p class="notice error" role="alert">' in owner.get(CONTACTS, asked).text
    assert owner.get(reverse("web:contacts-export"), asked).status_code == 302
    for way in ("web:contacts-edit", "web:contacts-erase"):
        answer = owner.get(reverse(way), asked | {"everything": "1"}, follow=True)
        assert "No contacts are chosen" in answer.text, way
    assert owner.get(CONTACTS, {"view": "customers"}).context["problem"] == ""


def test_whatever_can_be_asked_of_a_moment_gets_an_answer(owner: Client, conn: Connection, values: None) -> None:
    """ "Created is not 2 January" was an error: what an order can be asked for was worked out for it, too."""
    given = {
        Shape.NONE: None, Shape.ONE: "2026-01-02", Shape.SOME: 1, Shape.PAIR: ["2026-01-02", "2026-01-03"],
        Shape.AMOUNT: {"amount": 3, "unit": "day"}, Shape.CALENDAR: {"unit": "week"}, Shape.PROPERTY: "last_order_date",
    }  # fmt: skip
    asked = [row for row in OPERATORS.values() if Kind.MOMENT in row.kinds and row.name != "in_fifth"]
    assert len(asked) > 25
    for name in ("createdate", "account_creation_date"):
        for row in asked:
            page = owner.get(CONTACTS, {"filters": json.dumps(filtered(condition(name, row.name, given[row.shape])))})
            assert (page.status_code, page.context["problem"]) == (200, ""), row.name
        sorting.fill(conn, sorting.key("account_creation_date", "timestamptz"), now())
