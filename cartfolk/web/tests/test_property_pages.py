"""Risk: a property made on a page cannot be used, or what was refused is lost without a word."""

from __future__ import annotations

import re
from html import unescape

from cartfolk.properties.defined import load
from cartfolk.properties.write import Mode, Write, write

GIVEN = {
    "label_de": "Größe", "label_en": "Size", "group": "contactinformation", "kind": "multi",
    "options": "s | Small | Klein\nl | Large | Groß",
}  # fmt: skip


def test_a_property_is_made_shown_changed_put_aside_and_deleted(conn, owner):
    assert owner.get("/settings/properties/new").status_code == 200
    assert (
        "“Size” is made. It stands in the group Contact"
        in owner.post("/settings/properties/new", GIVEN, follow=True).text
    )
    item = load(conn).properties["size"]
    assert [o.label_de for o in item.options] == ["Klein", "Groß"]
    assert "/settings/properties/size" in owner.get("/settings/properties").text
    page = owner.get("/settings/properties/size")
    assert "s | Small | Klein" in page.text
    owner.post("/settings/properties/size", GIVEN | {"new_group": "Körper"})
    assert load(conn).properties["size"].group == "koerper"
    aside = owner.post("/settings/properties/size/state", {"do": "archive"}, follow=True).text
    assert "size" not in load(conn).properties
    assert "“Size” is archived." in aside
    assert 'value="restore"' in aside, "the way back is where one stands"
    assert (
        "is back with every value" in owner.post("/settings/properties/size/state", {"do": "restore"}, follow=True).text
    )
    owner.post("/settings/properties/size/state", {"do": "archive"})
    owner.post("/settings/properties/size/state", {"do": "delete"})
    assert "size" not in load(conn, archived=True).properties


def test_a_refused_definition_says_why_and_keeps_what_was_typed(conn, owner):
    answer = owner.post("/settings/properties/new", GIVEN | {"name": "email"})
    assert answer.status_code == 422
    assert "email" in answer.text
    assert "s | Small | Klein" in answer.text


def test_a_missing_label_is_said_before_the_name_it_would_make(conn, owner):
    for page, nothing in (("properties/new", GIVEN | {"label_de": "", "label_en": " "}), ("property-groups/new", {})):
        answer = owner.post(f"/settings/{page}", nothing)
        assert (answer.status_code, "A label is missing." in answer.text) == (422, True)


def test_an_option_that_somebody_has_does_not_go_without_a_word(conn, owner, people):
    owner.post("/settings/properties/new", GIVEN)
    write(conn, [Write(n, {"size": "s;l"}) for n in (1, 2)], mode=Mode.OVERWRITE, source="user", by="user:1")
    fewer = GIVEN | {"options": "l | Large | Groß"}
    told = owner.post("/settings/properties/size", fewer, follow=True).text
    assert "2 contacts still hold an option that is no more (s)" in told
    assert "no more" not in owner.post("/settings/properties/size", fewer, follow=True).text


def test_a_formula_is_checked_while_it_is_typed_and_made(conn, owner, people):
    page = owner.get("/settings/properties/new?calculated")
    assert "total_value_of_orders" in page.text, "the names a formula may read"
    assert "days_between" in page.text
    typed = {"formula": "total_number_of_orders * 2", "kind": "number", "sample": "1"}
    conn.execute("update contact_property set total_number_of_orders = 21 where contact_id = 1")
    assert "<strong>42</strong>" in owner.post("/settings/property-formula", typed).text
    assert "no contact" in owner.post("/settings/property-formula", typed | {"sample": "nobody@nowhere.example"}).text
    wrong = owner.post("/settings/property-formula", typed | {"formula": "total_number_of_orders * <b>"})
    assert "alert" in wrong.text
    assert "<b>&" not in wrong.text.replace("<b>Formula", "")
    assert "&lt;b&gt;" in wrong.text, "what was typed is shown as text"
    other = owner.post("/settings/property-formula", typed | {"kind": "date"})
    assert "choose the type Number" in other.text

    made = {"label_en": "Twice", "label_de": "Doppelt", "group": "contactinformation", "kind": "whole"}
    refused = owner.post("/settings/properties/new?calculated", made | {"formula": "twice + 1"})
    assert refused.status_code == 422
    assert "twice + 1" in refused.text
    assert owner.post("/settings/properties/new?calculated", made | typed | {"kind": "whole"}).status_code == 302
    assert "calculating" in owner.get("/settings/properties").text, "everybody is calculated in the background"
    from cartfolk.properties import calculated

    assert calculated.rebuild(conn)
    assert "calculating" not in owner.get("/settings/properties").text
    assert conn.execute("select twice from contact_custom where contact_id = 1").fetchone() == (42,)
    edited = owner.get("/settings/properties/twice").text
    assert "total_number_of_orders * 2" in edited
    owner.post("/settings/properties/twice", made | {"formula": "total_number_of_orders * 3"})
    assert load(conn).properties["twice"].formula == "total_number_of_orders * 3"


def test_a_year_is_written_without_a_mark_for_thousands(conn, owner, people):
    typed = {"formula": "year(createdate)", "kind": "number", "sample": "1"}
    conn.execute("update contact_property set createdate = '2026-03-01Z' where contact_id = 1")
    assert "<strong>2026</strong>" in owner.post("/settings/property-formula", typed).text
    doubled = owner.post("/settings/property-formula", typed | {"formula": "year(createdate) * 2"})
    assert "<strong>4,052</strong>" in doubled.text
    for formula in (
        "if(is_known(createdate), year(createdate))",
        "if(is_known(phone), 0, if(is_known(createdate), year(createdate), 1990))",
        "coalesce(year(last_order_date), year(createdate))",
    ):
        assert "<strong>2026</strong>" in owner.post("/settings/property-formula", typed | {"formula": formula}).text
    mixed = owner.post("/settings/property-formula", typed | {"formula": "if(true, 2026, total_value_of_orders)"})
    assert "<strong>2,026</strong>" in mixed.text
    owner.post("/settings/properties/new?calculated", typed | {"label_en": "Since", "group": "contactinformation"})
    from cartfolk.properties import calculated

    assert calculated.rebuild(conn)
    for language in ("en", "de"):
        row = owner.get("/contacts/1/properties/since/value", headers={"accept-language": language}).text
        assert "<dd>2026</dd>" in row


def test_the_page_of_a_property_tells_what_uses_it(conn, owner, people):
    owner.post("/settings/properties/new", GIVEN | {"kind": "number", "options": ""})
    asks = {"type": "property", "property": "size", "operator": "greater", "value": 1}
    definition = {"version": 1, "root": {"type": "group", "match": "all", "children": [asks]}}
    from cartfolk.segments import stored

    stored.create(conn, "Large people", definition, "user:1")
    calculated_ = {"label_en": "Bigger", "group": "contactinformation", "kind": "number", "formula": "size + 1"}
    owner.post("/settings/properties/new?calculated", calculated_)
    page = owner.get("/settings/properties/size").text
    assert "Large people" in page
    assert "Bigger" in page
    answer = owner.post("/settings/properties/size/state", {"do": "archive"}, follow=True)
    assert "formula of bigger" in answer.text
    assert "size" in load(conn).properties


def test_order_and_hiding_reach_the_columns_and_the_contact(conn, owner, people):
    owner.post("/settings/properties/new", GIVEN)
    names = lambda: [n for n, p in load(conn).properties.items() if p.group == "contactinformation"]  # noqa: E731
    before = names()
    answer = owner.post("/settings/property-order", {"do": "up:size"}, headers={"HX-Request": "true"})
    assert answer.text.index("up-size") < answer.text.index(f"up-{before[-2]}")
    assert names() == [*before[:-2], "size", before[-2]]
    owner.post("/settings/property-order", {"do": "down:size"})
    assert names() == before
    owner.post("/settings/property-order", {"do": f"up:{before[0]}"})
    assert names() == before, "the first one stays"
    owner.post("/settings/property-order", {"do": "hide:size"})
    owner.post("/settings/properties/size", GIVEN)
    assert load(conn).properties["size"].hidden, "saving its form does not show it again"
    owner.post("/settings/property-order", {"do": "hide:phone"})
    assert 'data-text="phone' not in owner.get("/contacts/1/properties").text.lower()
    assert "hide-phone" in owner.get("/settings/properties?arrange").text, "it can be shown again"
    owner.post("/settings/property-order", {"do": "show:phone"})
    assert not load(conn).properties["phone"].hidden
    owner.post("/settings/property-order", {"do": "group-down:contactinformation"})
    page = owner.get("/settings/properties").text
    assert page.index("<h2>Email information") < page.index("<h2>Contact information")
    assert owner.post("/settings/property-order", {"do": "up:nowhere"}).status_code == 400
    assert owner.post("/settings/property-groups/new", {"label_de": "Körper"}).status_code == 302
    assert "koerper" in load(conn).groups


def test_a_group_is_renamed_hidden_put_aside_brought_back_and_deleted_when_empty(conn, owner, people):
    owner.post("/settings/properties/new", GIVEN | {"new_group": "Body"})
    page = "/settings/property-group/body"
    assert page in owner.get("/settings/properties").text
    owner.post(page, {"label_en": "Measures", "label_de": "Maße"})
    assert "<h2>Measures" in owner.get("/settings/properties").text
    assert owner.post(page, {"label_en": " "}).status_code == 422, "a group keeps a label"
    shown = lambda: "property-size" in owner.get("/contacts/1/properties").text  # noqa: E731
    owner.post("/settings/property-order", {"do": "group-hide:body"})
    assert not shown()
    owner.post("/settings/property-order", {"do": "group-show:body"})
    assert shown()
    owner.post("/settings/property-order", {"do": "group-hide:emailinformation"})
    assert all(p.hidden for p in load(conn).properties.values() if p.group == "emailinformation")
    owner.post("/settings/property-order", {"do": "group-show:emailinformation"})
    assert "in this group: size" in owner.post(f"{page}/state", {"do": "delete"}, follow=True).text
    owner.post(f"{page}/state", {"do": "archive"})
    assert not shown()
    owner.post(f"{page}/state", {"do": "restore"})
    assert shown()
    owner.post("/settings/properties/size", GIVEN)
    assert page in owner.get("/settings/properties").text, "an empty group can still be reached"
    owner.post(f"{page}/state", {"do": "delete"})
    assert "body" not in load(conn).groups
    assert owner.get("/settings/property-group/contactinformation").status_code == 404


def test_a_group_is_not_put_aside_while_a_formula_outside_reads_it(conn, owner, people):
    number = {"kind": "number", "options": "", "label_de": ""}
    owner.post("/settings/properties/new", GIVEN | number | {"label_en": "Width", "new_group": "Body"})
    made = {"group": "body", "kind": "number", "label_en": "Twice", "formula": "width * 2"}
    owner.post("/settings/properties/new?calculated", made)
    owner.post("/settings/property-group/body/state", {"do": "archive"})
    assert not {"width", "twice"} & load(conn).properties.keys(), "what reads each other goes together"
    owner.post("/settings/property-group/body/state", {"do": "restore"})
    assert {"width", "twice"} <= load(conn).properties.keys()
    owner.post("/settings/properties/twice?calculated", made | {"group": "contactinformation"})
    answer = owner.post("/settings/property-group/body/state", {"do": "archive"}, follow=True)
    assert "formula of twice" in answer.text
    assert "width" in load(conn).properties


def test_hiding_a_whole_group_is_taken_back_exactly(conn, owner, people):
    def hidden():
        return {p.name for p in load(conn).properties.values() if p.hidden and p.group == "emailinformation"}

    def post(**given):
        return owner.post("/settings/property-order", given, headers={"HX-Request": "true"}).text

    owner.post("/settings/property-order", {"do": "hide:hs_email_domain"})
    every, before = {p.name for p in load(conn).properties.values() if p.group == "emailinformation"}, hidden()
    page = post(do="group-hide:emailinformation")
    assert hidden() == every
    assert f"{len(every) - len(before)} properties of Email information are hidden now." in page
    (names,) = re.findall(r'name="names" value="([^"]*)"', page)
    assert "Undo" in page
    assert "hidden now" not in post(do="group-show:emailinformation", names=names)
    assert hidden() == before, "hidden before, and still"
    page = post(do="group-show:emailinformation")
    assert hidden() == set(), "all is all"
    (names,) = re.findall(r'name="names" value="([^"]*)"', page)
    post(do="group-hide:emailinformation", names=f"{names} firstname")
    assert hidden() == before
    assert not load(conn).properties["firstname"].hidden, "of another group"
    assert "hidden now" not in post(do="group-hide:nowhere")
    form = "http://testserver/settings/properties?arrange"
    page = owner.post("/settings/property-order", {"do": "group-hide:emailinformation"}, headers={"Referer": form}).text
    assert "</html>" in page, "without JavaScript the whole page, and its way back"
    assert f'name="next" value="{form}"' in page, "another language leads to a page, not to what only takes forms"
    (names,) = re.findall(r'name="names" value="([^"]*)"', page)
    assert (
        owner.post("/settings/property-order", {"do": "group-show:emailinformation", "names": names}).status_code == 302
    )
    assert hidden() == before


def test_a_label_that_is_taken_is_refused_with_who_has_it(conn, owner):
    owner.post("/settings/properties/new", GIVEN)
    answer = owner.post("/settings/properties/new", GIVEN | {"name": "size_2", "label_en": "size ", "label_de": ""})
    assert answer.status_code == 422
    assert "The property size has the label “Size”. Choose another label, or use that one." in unescape(answer.text)
    assert "size_2" not in load(conn).properties


def test_a_label_of_any_letters_makes_an_internal_name(conn, owner):
    for label, name in (("2024 revenue", "p_2024_revenue"), ("会员等级", "p_")):
        owner.post("/settings/properties/new", {"label_en": label, "kind": "string", "group": "contactinformation"})
        assert [
            item for item in load(conn).properties.values() if item.label_en == label and item.name.startswith(name)
        ]
