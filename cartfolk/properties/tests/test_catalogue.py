"""Risk: a property is missing, unnamed in one language, or documented otherwise than it is computed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cartfolk.properties import document
from cartfolk.properties.catalogue import BLOCKS, COMPUTED, GROUPS, LEFT_OUT, PROPERTIES, SETTABLE
from cartfolk.properties.columns import ensure
from cartfolk.properties.document import PAGES
from cartfolk.properties.formula import FUNCTIONS, parse
from cartfolk.properties.tests.yardstick import EXPECTED

FACTS = Path(__file__).resolve().parents[4] / "shared" / "reference" / "hubspot" / "properties.json"
# A type of ours that tells more than theirs, or their closed set that is the shop's own words.
FINER = {("string", "text"), ("string", "url"), ("string", "email"), ("string", "phone"), ("date", "datetime"),
         ("enumeration", "string"), ("enumeration", "email")}  # fmt: skip
TEXT_NUMBERS = {
    # An id or a number on an invoice is no quantity, and not every shop uses digits.
    "shopping_cart_customer_id",
    "last_subscription_order_number",
    "last_subscription_parent_order_number",
}


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_document_says_what_the_catalogue_says(language):
    text = document.PAGES[language].read_text(encoding="utf-8")
    assert text == document.page(language), "run python -m cartfolk.properties.document"


@pytest.mark.parametrize("group", EXPECTED)
def test_every_expected_property_is_there_with_its_group_and_type_or_is_left_out_with_a_reason(group):
    for kind, names in EXPECTED[group].items():
        for name in names.split():
            if name in LEFT_OUT:
                assert name not in PROPERTIES
                assert all(LEFT_OUT[name])
                continue
            ours = PROPERTIES[name]
            assert ours.group == group
            assert ours.type == kind or (kind, ours.type) in FINER or name in TEXT_NUMBERS, name


@pytest.mark.skipif(not FACTS.exists(), reason="the reference is not beside the checkout")
def test_the_yardstick_is_the_whole_reference():
    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    told = {(p["group"], p["type"], p["name"]) for p in facts["shoppingCart"] + facts["hubspotDefaults"]}
    assert told == {
        (g, t, name) for g, kinds in EXPECTED.items() for t, names in kinds.items() for name in names.split()
    }


def test_what_is_left_out_was_asked_for():
    asked = {name for kinds in EXPECTED.values() for names in kinds.values() for name in names.split()}
    assert set(LEFT_OUT) <= asked


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


def test_every_formula_of_the_manuals_and_the_help_can_be_used():
    told = [row.example for row in FUNCTIONS.values()]
    for path in PAGES.values():
        told += re.findall(r"^\| [^|]* \| `([^`]*)` \| [^|]* \|$", path.read_text(), re.MULTILINE)
    assert len(told) > len(FUNCTIONS) + 10
    for text in told:
        parse(text, PROPERTIES, options=True)
