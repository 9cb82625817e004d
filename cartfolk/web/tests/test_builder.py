"""Risk: the builder loses, changes or misplaces a condition, or a page it wrote cannot be read back by it."""

from __future__ import annotations

import copy
import html
import json
import random
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from cartfolk.core.sql import Connection
from cartfolk.segments import build, language, stored
from cartfolk.segments.operators import Kind
from cartfolk.segments.presets import PRESETS
from cartfolk.segments.tests import world as worlds
from cartfolk.segments.tests.trees import Trees
from cartfolk.segments.tree import Context, Known, Shop
from cartfolk.web import builder, building
from cartfolk.web.given import as_typed, number

KINDS = {"city": (Kind.TEXT, False), "total_number_of_orders": (Kind.NUMBER, False)}
CITY = {"type": "property", "property": "city", "operator": "is", "value": "Ulm"}
GROUPS = st.sampled_from(["all", "any", "none"])
NODES = st.recursive(
    st.sampled_from([CITY, {"type": "consent", "channel": "email", "purpose": "marketing", "status": "granted"}]),
    lambda below: st.fixed_dictionaries(
        {"type": st.just("group"), "match": GROUPS, "children": st.lists(below, min_size=1, max_size=3)}
    ),
    max_leaves=8,
)
DRAFTS = st.lists(NODES, min_size=1, max_size=4).map(lambda children: builder.empty() | {"children": children})


def leaves(node: dict[str, Any]) -> list[str]:
    return sorted(json.dumps(n, sort_keys=True) for _address, n in builder.walk(node) if n["type"] != "group")


@settings(max_examples=60, deadline=None)
@given(DRAFTS, st.data())
def test_moving_and_wrapping_loses_no_condition_and_leads_to_it(draft: dict[str, Any], data: st.DataObject) -> None:
    draft = copy.deepcopy(draft)
    for _ in range(5):
        places = [address for address, _node in builder.walk(draft) if address != builder.ROOT]
        address = data.draw(st.sampled_from(places))
        moved = builder.at(draft, address)
        verb = data.draw(st.sampled_from(["up", "down", "wrap", "out"]))
        before, kept = leaves(draft), copy.deepcopy(draft)
        try:
            after, focus = builder.act(draft, verb, address)
        except LookupError:
            assert verb in ("out", "wrap")
            continue
        assert draft == kept  # the draft that was there is what undo goes back to
        assert leaves(after) == before
        assert builder.at(after, focus) == moved
        assert builder.sound(json.loads(json.dumps(after))) == after
        draft = after


@settings(max_examples=40, deadline=None)
@given(DRAFTS, st.data())
def test_a_copy_removed_is_the_draft_before(draft: dict[str, Any], data: st.DataObject) -> None:
    draft = copy.deepcopy(draft)
    address = data.draw(st.sampled_from([a for a, _node in builder.walk(draft) if a != builder.ROOT]))
    copied, focus = builder.act(draft, "copy", address)
    assert builder.act(copied, "remove", focus)[0] == draft


def test_a_form_with_another_operator_begins_its_value_anew_and_keeps_it_where_it_fits() -> None:
    root = builder.empty() | {"children": [copy.deepcopy(CITY)]}
    sent = QueryDict("r.0:was=is&r.0:operator=starts_with&r.0:value=Ul")
    assert builder.read(root, sent, KINDS)["children"][0] == CITY | {"operator": "starts_with", "value": ["Ul"]}
    sent = QueryDict("r.0:was=is&r.0:operator=updated_in_last&r.0:value=Ul")
    assert builder.read(root, sent, KINDS)["children"][0]["value"] == {"amount": 30, "unit": "day"}


def test_a_measure_of_another_kind_begins_its_question_anew() -> None:
    root = builder.empty() | {"children": [builder.new("event:order", KINDS, {})]}
    sent = QueryDict("r.0:measure=sum&r.0:operator=greater_equal&r.0:was=greater_equal&r.0:value=500")
    node = builder.read(root, sent, KINDS)["children"][0]
    assert (node["measure"], node["field"], node["value"]) == ("sum", "value", "500")
    node = builder.read({**root, "children": [node]}, QueryDict("r.0:measure=last&r.0:field=placed_at"), KINDS)[
        "children"
    ][0]
    assert (node["field"], node["operator"]) == ("placed_at", "in_last")


def sent_back(root: dict[str, Any], known: Context) -> dict[str, Any]:
    """What the builder reads when its form of a draft is sent as it is shown."""
    sent = QueryDict(mutable=True)
    for part in parts(building.part(root, known)):
        controls(part, sent)
    return builder.read(root, sent, building.kinds(known))


@pytest.mark.parametrize("key", sorted(PRESETS))
def test_every_preset_passes_through_the_builders_form_unchanged(conn: Connection, key: str) -> None:
    """What the page shows of a definition, sent back, is that definition."""
    known = stored.context(conn)
    definition = language.to_json(language.from_json(PRESETS[key].definition, known))
    root = builder.sound(definition["root"])
    read = sent_back(root, known)
    again = language.to_json(language.from_json({"version": 1, "root": read}, known))["root"]
    assert ordered(again) == ordered(root)


ACCOUNT = Context(
    worlds.ASKED,
    stores={number: Shop(f"shop {number}", currency="EUR") for number in worlds.STORES},
    segments={901: Known("one"), 902: Known("two")},
    cuts=worlds.CUTS,
)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_any_definition_opened_and_saved_asks_the_same(seed: int) -> None:
    """Definitions come from the command line, too: several texts, times of day, exact periods."""
    moments = [datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), datetime(2028, 2, 29, 23, 30, tzinfo=UTC)]
    asked = language.from_json(Trees(random.Random(seed), moments).definition(), ACCOUNT)
    root = builder.sound(language.to_json(asked)["root"])
    with override(("en", "de")[seed % 2]):
        read = sent_back(root, ACCOUNT)
    again = language.to_json(language.from_json({"version": 1, "root": read}, ACCOUNT))["root"]
    assert ordered(again) == ordered(root)


@pytest.mark.parametrize(
    "node",
    [
        {"type": "store", "store": 9, "member": False},
        {"type": "segment", "segment": 9, "member": True},
        {"type": "event", "event": "cart", "measure": "count", "operator": "is", "value": "0", "store": 9},
        {"type": "property", "property": "monetary_rating", "operator": "is_any_of", "value": ["7"]},
    ],
)
def test_what_is_gone_stays_asked_for_until_somebody_chooses(node: dict[str, Any]) -> None:
    root = builder.empty() | {"children": [node]}
    assert sent_back(root, ACCOUNT) == root


@pytest.mark.parametrize(
    ("typed", "english", "german"),
    [
        ("500", "500", "500"),
        ("500,5", "500.5", "500.5"),
        ("1.5", "1.5", "1.5"),
        ("1,5", "1.5", "1.5"),
        ("1.234,50", "1234.50", "1234.50"),
        ("1,234.50", "1234.50", "1234.50"),
        ("1.234.567,5", "1234567.5", "1234567.5"),
        ("1.500", "1.500", "1500"),
        ("1,500", "1500", "1.500"),
        ("-12.345.678", "-12.345.678", "-12345678"),
        ("12,345,678", "12345678", "12.345.678"),
        ("0.125", "0.125", "0.125"),
        ("0,125", "0.125", "0.125"),
        ("1500.250", "1500.250", "1500.250"),
        ("1,2,3", "1.2.3", "1.2.3"),
        ("abc", "abc", "abc"),
    ],
)
def test_numbers_are_read_as_people_write_them(typed: str, english: str, german: str) -> None:
    """Risk: fifteen hundred is asked for as one and a half."""
    root = builder.empty() | {"children": [builder.new("property:total_number_of_orders", KINDS, {})]}
    sent = QueryDict(f"r.0:was=greater&r.0:operator=greater&r.0:value={typed}")
    several = QueryDict(f"r.0:was=is_any_of&r.0:operator=is_any_of&r.0:value={typed}; 7")
    for tongue, read in (("en", english), ("de", german)):
        with override(tongue):
            assert builder.read(root, sent, KINDS)["children"][0]["value"] == read
            assert builder.read(root, several, KINDS)["children"][0]["value"] == [read, "7"]


@settings(max_examples=300, deadline=None)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12)
    | st.integers(-(10**12), 10**12)
    | st.floats(-(10**12), 10**12, allow_subnormal=False)
)
def test_what_a_field_shows_of_a_number_is_read_as_that_number(value: Decimal | int | float) -> None:
    for tongue in ("en", "de"):
        with override(tongue):
            shown = as_typed(str(value))
            assert Decimal(number(shown)) == Decimal(str(value)), (tongue, shown)


def test_a_value_with_a_semicolon_stays_one_until_somebody_types() -> None:
    node = CITY | {"operator": "is_any_of", "value": ["Ulm; Donau", "Bonn"]}
    root = builder.empty() | {"children": [node]}
    shown = "r.0:was=is_any_of&r.0:operator=is_any_of&r.0:value=Ulm; Donau; Bonn"
    assert builder.read(root, QueryDict(shown), KINDS) == root
    typed = builder.read(root, QueryDict(shown + "; Köln"), KINDS)
    assert typed["children"][0]["value"] == ["Ulm", "Donau", "Bonn", "Köln"]


def ordered(value: Any) -> Any:
    """Options come in the order of the page: which of them is chosen is what counts."""
    if isinstance(value, dict):
        return {name: ordered(inner) for name, inner in value.items()}
    if isinstance(value, list):
        inner = [ordered(item) for item in value]
        return sorted(inner) if all(isinstance(item, str) for item in inner) else inner
    return value


def parts(part: building.Part) -> list[building.Part]:
    return [part, *(below for child in part.parts for below in parts(child))]


def controls(part: building.Part, sent: QueryDict) -> None:
    """What a browser would send for a part as it is shown."""

    def chosen(name: str, choices: list[building.Choice]) -> None:
        for value, _word, on in choices:
            if on:
                sent.appendlist(f"{part.address}:{name}", value)

    for name, choices in (("match", part.match), ("measure", part.measures), ("field", part.fields), *part.more):
        chosen(name, choices)
    if part.sort == "lines":
        chosen("none", part.choices)
    elif part.member:
        chosen("member", part.member)
        chosen(part.sort, part.choices)
    chosen("store", part.stores)
    if part.period:
        chosen("period", part.period.kinds)
        told = {"count": part.period.count, "every": part.period.unit, "from": part.period.begin, "to": part.period.end}
        for name, value in told.items():
            sent[f"{part.address}:{name}"] = value
    asked = part.question
    if asked is None:
        return
    sent[f"{part.address}:was"] = asked.operator
    chosen("operator", asked.operators)
    sent[f"{part.address}:unit"] = asked.unit
    if asked.unknown:
        sent[f"{part.address}:unknown"] = "on"
    if asked.control in ("options", "option", "property"):
        chosen("value", asked.options)
    else:
        sent.setlist(f"{part.address}:value", asked.values if asked.pair else asked.values[:1])


def post(owner: Client, act: str, draft: dict[str, Any], **more: str) -> str:
    sent = {"act": act, "draft": json.dumps(draft), "name": "Mine", **more}
    return owner.post("/segments/build", sent, headers={"HX-Request": "true"}).text


def opened(segment: stored.Segment) -> dict[str, str]:
    """What the builder's form carries of the segment it was opened for."""
    return {"segment": str(segment.segment_id), "seen": segment.changed_at.isoformat()}


def test_what_takes_long_to_count_is_estimated_and_says_so(
    owner: Client, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn.execute(
        "insert into contact_property (contact_id, computed_at, city)"
        " select n, now(), case when n % 2 = 0 then 'Ulm' else 'Köln' end from generate_series(1, 20000) n"
    )
    conn.execute("analyze contact_property")
    monkeypatch.setattr(stored, "PATIENCE", 0.001)
    draft = json.dumps(builder.empty() | {"children": [CITY | {"value": "Ulm"}]})
    assert "contacts drawn at random" in owner.post("/segments/preview", {"draft": draft}).text
    draft = json.dumps(builder.empty() | {"children": [CITY | {"value": "Rom"}]})
    assert "fewer than" in owner.post("/segments/preview", {"draft": draft}).text


def test_built_counted_explained_and_saved(owner: Client, people: int, conn: Connection) -> None:
    conn.execute("update contact_property set city = 'Ulm' where contact_id in (7, 8)")
    page = owner.get("/segments/new").text
    assert 'value="property:city"' in page
    page = post(owner, "add:r", builder.empty(), what="property:city")
    assert 'name="r.0:operator"' in page
    draft = builder.empty() | {"children": [CITY | {"value": ""}]}
    said = owner.post("/segments/preview", {"draft": json.dumps(draft)}).text
    assert "Condition 1: there is nothing to compare with" in said
    said = owner.post("/segments/preview", {"draft": json.dumps(draft), "r.0:operator": "is", "r.0:value": "ulm"}).text
    assert "City" in said
    assert '<strong class="big">2</strong>' in said
    assert 'href="/contacts/7"' in said
    refused = owner.post("/segments/build", {"act": "save:", "draft": json.dumps(draft), "name": "Ulm"})
    assert refused.status_code == 422
    assert "It cannot be saved yet" in refused.text
    draft["children"][0]["value"] = "Ulm"
    answer = owner.post("/segments/build", {"act": "save:", "draft": json.dumps(draft), "name": "Ulm"})
    made = stored.named(conn, "Ulm")
    assert answer["Location"] == f"/segments/{made.segment_id}"
    assert build.build(conn, made.segment_id)
    assert stored.members(conn, made.segment_id) == [7, 8]
    page = owner.get(f"/segments/{made.segment_id}/edit").text
    assert 'value="Ulm"' in page
    changed = {"r.0:operator": "is_not", "r.0:was": "is", "r.0:value": "Ulm", **opened(made)}
    sent = {"act": "save:", "draft": json.dumps(draft), "name": "Ulm", **changed}
    again = owner.post("/segments/build", sent, headers={"HX-Request": "true"})
    assert again["HX-Redirect"] == f"/segments/{made.segment_id}"
    assert stored.one(conn, made.segment_id).version == 2


def test_a_new_name_alone_builds_nothing_again(owner: Client, people: int, conn: Connection) -> None:
    number = stored.create(conn, "Ulm", {"version": 1, "root": CITY}, "user:1")
    assert build.build(conn, number)
    shown = json.dumps(builder.sound(CITY))
    sent = {"act": "save:", "draft": shown, "name": "From Ulm", **opened(stored.one(conn, number))}
    owner.post("/segments/build", sent)
    item = stored.one(conn, number)
    assert (item.name, item.true, item.definition) == ("From Ulm", True, {"version": 1, "root": CITY})


def test_a_segment_that_would_ask_for_itself_is_refused_in_its_place(
    owner: Client, people: int, conn: Connection
) -> None:
    first = stored.create(conn, "First", {"version": 1, "root": builder.empty()}, "user:1")
    member = {"type": "segment", "segment": first, "member": True}
    second = stored.create(conn, "Second", {"version": 1, "root": member}, "user:1")
    draft = builder.empty() | {"children": [member | {"segment": second}]}
    page = post(owner, "show:", draft, segment=str(first))
    assert "in a circle: First → Second → First" in page
    assert "Other segments ask for this one" in page


@pytest.mark.parametrize(
    "sent", ["", "[]", "{", '{"type": "group", "children": [7]}', '{"type":"group","match":"x","children":[{}]}']
)
def test_a_draft_that_is_none_begins_anew(owner: Client, people: int, sent: str) -> None:
    page = owner.post("/segments/build", {"act": "up:r.7.w3", "draft": sent}, headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert 'id="part-r"' in page.text


def test_values_that_occur_are_suggested(owner: Client, people: int, conn: Connection) -> None:
    conn.execute("update contact_property set city = 'Ulm' where contact_id in (7, 8)")
    assert '<option value="Ulm">' in owner.get("/segments/suggest", {"of": "property:city"}).text
    product = "insert into product (store_id, external_id, version, received_at, name, sku) "
    conn.execute(product + "values (1, '5', now(), now(), 'Red shoe', 'RS-5')")
    assert (
        'value="A-1; RS-5"'
        in owner.get("/segments/suggest", {"of": "field:sku", "several": "yes", "r.0.w0:value": "A-1; rs"}).text
    )
    assert owner.get("/segments/suggest", {"of": "field:total"}).text.strip() == ""


def test_a_variant_asked_by_its_number_is_told_by_its_name(owner: Client, people: int, conn: Connection) -> None:
    conn.execute(
        "insert into order_line (contact_id, order_id, position, store_id, variant_id, name, quantity, total, tax,"
        " discount) values (7, 1, 1, 1, '71', 'Blue <mug>', 1, 1, 0, 0)"
    )
    bought = builder.new("event:line", KINDS, {}) | {"where": [{"field": "variant", "operator": "is", "value": "71"}]}
    draft = builder.empty() | {"children": [bought]}
    assert '<span class="hint" id="called-r-0-w0">Blue &lt;mug&gt;</span>' in post(owner, "show:", draft)
    said = owner.post("/segments/preview", {"draft": json.dumps(draft)}).text
    assert "with (Variant is Blue &lt;mug&gt;)" in said
    assert '<span class="hint" id="called-r-0-w0" hx-swap-oob="true">Blue &lt;mug&gt;</span>' in said
    sent = {"draft": json.dumps(draft), "r.0.w0:operator": "is", "r.0.w0:was": "is", "r.0.w0:value": "7"}
    assert (
        '<span class="hint" id="called-r-0-w0" hx-swap-oob="true"></span>' in owner.post("/segments/preview", sent).text
    )
    number = stored.create(conn, "Mugs", {"version": 1, "root": draft}, "user:1")
    assert "Variant is Blue &lt;mug&gt;" in owner.get(f"/segments/{number}").text
    assert "Variant is Blue &lt;mug&gt;" in owner.get(f"/contacts/7/segments/{number}/why").text


def test_the_largest_definition_can_be_sent(owner: Client, people: int, conn: Connection) -> None:
    known = stored.context(conn)
    condition = language.node_json(
        language.from_json({"version": 1, "root": builder.new("event:order", KINDS, {})}, known)
    )
    root = builder.empty() | {"children": [condition] * language.MOST_CONDITIONS}
    sent = QueryDict(mutable=True)
    for part in parts(building.part(root, known)):
        controls(part, sent)
    answer = owner.post("/segments/build", {**dict(sent.lists()), "draft": json.dumps(root), "act": "up:r.249"})
    assert answer.status_code == 200
    assert 'id="part-r-249"' in answer.text


def test_a_pasted_list_of_hubspot_opens_unsaved_or_says_what_it_cannot_ask(
    owner: Client, people: int, conn: Connection
) -> None:
    city = {"operationType": "STRING", "operator": "IS_EQUAL_TO", "value": "Ulm"}
    good = {"filterType": "PROPERTY", "property": "city", "operation": city}
    branch = {"filterBranchType": "AND", "filters": [good]}
    pasted = {"name": "Ulm <3", "listId": "4", "filterBranch": {"filterBranchType": "OR", "filterBranches": [branch]}}
    page = owner.post("/segments/hubspot", {"text": json.dumps(pasted)}).text
    assert 'name="r.0:operator"' in page
    assert 'value="Ulm &lt;3"' in page
    kept = owner.post("/segments/hubspot", {"text": json.dumps(pasted | {"processingType": "SNAPSHOT"})}).text
    assert ["keeps whom it found at first" in told for told in (page, kept)] == [False, True]
    branch["filters"] = [good, {"filterType": "PAGE_VIEW"}, {"filterType": "IN_LIST", "operator": "IN_LIST"}]
    refused = owner.post("/segments/hubspot", {"text": json.dumps(pasted)}, headers={"accept-language": "de"})
    assert refused.status_code == 422
    assert "filters[1] (PAGE_VIEW): PAGE_VIEW wird nicht unterstützt" in refused.text
    assert "filters[2] (IN_LIST)" in refused.text
    for none in ("{", "[" * 100_000, r'{"name": "half \ud83d", "filterBranch": {}}', r'{"name": "\u0000"}'):
        assert owner.post("/segments/hubspot", {"text": none}).status_code == 422
    assert stored.every(conn) == []


def test_of_two_who_edit_a_segment_the_later_is_told_and_loses_nothing(
    owner: Client, people: int, conn: Connection
) -> None:
    """Risk: the later save wins without a word."""

    def named(city: str) -> dict[str, Any]:
        return builder.empty() | {"children": [CITY | {"value": city}]}

    number = stored.create(conn, "Ulm", {"version": 1, "root": named("Ulm")}, "user:1")
    before = opened(stored.one(conn, number))
    assert html.escape(before["seen"]) in owner.get(f"/segments/{number}/edit").text
    mine = {"draft": json.dumps(named("Bern")), "name": "Bern", **before}
    other = User.objects.create_user("max@example.org", first_name="Max")
    seen = stored.one(conn, number).changed_at
    stored.save(conn, number, "Rome", {"version": 1, "root": named("Rom")}, f"user:{other.pk}", seen)
    for again in ("save:", "save:2026-01-01T00:00:00+00:00", "save:x"):
        told = owner.post("/segments/build", mine | {"act": again}, headers={"HX-Request": "true"})
        assert told.status_code == 422
        assert "Max changed" in told.text
        assert f'href="/segments/{number}/edit" target="_blank"' in told.text
        assert 'value="Bern"' in told.text
        assert before["seen"] in told.text
    assert stored.one(conn, number).name == "Rome"
    (over,) = re.findall(r'value="(save:[^"]+)">Save anyway', told.text)
    stored.rename(conn, number, "Roma", "system")  # and once more, while the reader thinks
    told = owner.post("/segments/build", mine | {"act": over}, headers={"HX-Request": "true"})
    assert "This segment was changed" in told.text
    (over,) = re.findall(r'value="(save:[^"]+)">Save anyway', told.text)
    assert owner.post("/segments/build", mine | {"act": over})["Location"] == f"/segments/{number}"
    item = stored.one(conn, number)
    assert (item.name, item.definition) == ("Bern", {"version": 1, "root": named("Bern")})
    unchanged = mine | {"act": "save:"}  # saved twice, the same: nothing would be lost
    assert owner.post("/segments/build", unchanged)["Location"] == f"/segments/{number}"
