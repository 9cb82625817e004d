"""Risk: a property is missing, unnamed in one language, or documented otherwise than it is computed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cartfolk.properties import document
from cartfolk.properties.catalogue import BLOCKS, COMPUTED, GROUPS, PROPERTIES, SETTABLE
from cartfolk.properties.columns import ensure

FACTS = Path(__file__).resolve().parents[4] / "shared" / "reference" / "hubspot" / "properties.json"
INTERNAL = {
    "hs_object_source", "hs_object_source_id", "hs_object_source_label", "hs_object_source_user_id",
    "hs_all_contact_vids", "hs_calculated_merged_vids", "hs_calculated_form_submissions", "hs_created_by_user_id",
    "hs_updated_by_user_id", "hs_was_imported", "hs_is_contact", "associatedcompanyid",
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_document_says_what_the_catalogue_says(language):
    text = document.PAGES[language].read_text(encoding="utf-8")
    assert text == document.page(language), "run python -m cartfolk.properties.document"


@pytest.mark.skipif(not FACTS.exists(), reason="the reference is not beside the checkout")
def test_nothing_in_scope_is_missing():
    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    shop = {p["name"] for p in facts["shoppingCart"] if p["group"] not in ("roi_tracking", "subscriptions_details")}
    main = {p["name"] for p in facts["hubspotDefaults"] if p["group"] in GROUPS} - INTERNAL
    assert len(shop) == 73
    assert not (shop | main) - set(PROPERTIES)
    for fact in facts["shoppingCart"] + facts["hubspotDefaults"]:
        if fact["name"] in PROPERTIES:
            assert PROPERTIES[fact["name"]].group == fact["group"]


def test_labels_are_there_in_both_languages_and_unique_in_their_group():
    seen = set()
    for p in PROPERTIES.values():
        assert all((p.label_en, p.label_de, p.definition_en, p.definition_de)), p.name
        for language in ("en", "de"):
            assert (p.group, language, p.label(language)) not in seen
            seen.add((p.group, language, p.label(language)))
        assert p.group in GROUPS
        assert (p.block in BLOCKS) == GROUPS[p.group].shop_group


def test_migrate_made_a_typed_column_for_each(conn):
    for table, names in (("contact_property", COMPUTED), ("contact_custom", SETTABLE)):
        columns = dict(
            conn.execute(
                "select attname::text, format_type(atttypid, atttypmod) from pg_attribute"
                " where attrelid = %s::regclass and attnum > 0",
                [table],
            ).fetchall()
        )
        assert {name: columns.get(name) for name in names} == {name: PROPERTIES[name].column for name in names}
    ensure(conn)  # again: nothing to do
