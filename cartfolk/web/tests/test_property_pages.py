"""Risk: a property made on a page cannot be used, or what was refused is lost without a word."""

from __future__ import annotations

from cartfolk.properties.defined import load

GIVEN = {
    "label_de": "Größe", "label_en": "Size", "group": "contactinformation", "kind": "multi",
    "options": "s | Small | Klein\nl | Large | Groß",
}  # fmt: skip


def test_a_property_is_made_shown_changed_put_aside_and_deleted(conn, owner):
    assert owner.get("/settings/properties/new").status_code == 200
    assert owner.post("/settings/properties/new", GIVEN).status_code == 302
    item = load(conn).properties["size"]
    assert [o.label_de for o in item.options] == ["Klein", "Groß"]
    assert "/settings/properties/size" in owner.get("/settings/properties").text
    page = owner.get("/settings/properties/size")
    assert "s | Small | Klein" in page.text
    owner.post("/settings/properties/size", GIVEN | {"new_group": "Körper"})
    assert load(conn).properties["size"].group == "koerper"
    owner.post("/settings/properties/size/state", {"do": "archive"})
    assert "size" not in load(conn).properties
    owner.post("/settings/properties/size/state", {"do": "delete"})
    assert "size" not in load(conn, archived=True).properties


def test_a_refused_definition_says_why_and_keeps_what_was_typed(conn, owner):
    answer = owner.post("/settings/properties/new", GIVEN | {"name": "email"})
    assert answer.status_code == 422
    assert "email" in answer.text
    assert "s | Small | Klein" in answer.text
