"""Risk: a property people made cannot be written, loses values when put aside, or takes a name of ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cartfolk.properties import definitions
from cartfolk.properties.catalogue import Option, Property
from cartfolk.properties.defined import load
from cartfolk.properties.definitions import BadDefinition
from cartfolk.properties.read import history, values
from cartfolk.properties.write import Mode, Write, write

SIZE = Property(
    name="shoe_size", label_en="Shoe size", label_de="Schuhgröße", group="contactinformation", type="number",
    definition_en="", definition_de="", computed=False, custom=True,
)  # fmt: skip
TASTE = replace(
    SIZE, name="taste", label_en="Taste", label_de="Geschmack", type="enumeration", multi=True,
    options=(Option("a", "Apple", "Apfel"), Option("b", "Pear", "Birne")),
)  # fmt: skip
AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_made_property_is_written_noted_put_aside_and_brought_back(conn):
    definitions.create(conn, SIZE, by="user:1")
    definitions.create(conn, TASTE, by="user:1")
    conn.execute("insert into contact (contact_id, first_seen) values (1, %s)", [AT])
    given = [Write(1, {"shoe_size": "42.5", "taste": "Apfel"})]
    (outcome,) = write(conn, given, mode=Mode.OVERWRITE, source="user")
    assert not outcome.refused
    write(conn, [Write(1, {"taste": ["b"]})], mode=Mode.APPEND, source="user")
    assert history(conn, 1)[0].changes == {"taste": ["a", "b"]}
    assert values(conn, 1)["contactinformation"]["shoe_size"] == Decimal("42.5")

    definitions.archive(conn, "shoe_size", by="user:1")
    assert "shoe_size" not in load(conn).properties
    (outcome,) = write(conn, given, mode=Mode.OVERWRITE, source="user")
    assert [r.name for r in outcome.refused] == ["shoe_size"]
    definitions.restore(conn, "shoe_size", by="user:1")
    assert conn.execute("select shoe_size from contact_custom").fetchone() == (Decimal("42.5"),)


def test_only_what_is_put_aside_can_be_deleted_and_the_count_comes_first(conn):
    definitions.create(conn, SIZE, by="user:1")
    conn.execute("insert into contact (contact_id, first_seen) values (1, %s)", [AT])
    write(conn, [Write(1, {"shoe_size": "42"})], mode=Mode.OVERWRITE, source="user")
    assert definitions.usage(conn, "shoe_size") == definitions.Usage(1, 1)
    with pytest.raises(BadDefinition):
        definitions.delete(conn, "shoe_size", by="user:1")
    definitions.archive(conn, "shoe_size", by="user:1")
    definitions.delete(conn, "shoe_size", by="user:1")
    definitions.create(conn, replace(SIZE, type="date"), by="user:1")


@pytest.mark.parametrize(
    "bad",
    [
        replace(SIZE, name="email"),
        replace(SIZE, name="contact_id"),
        replace(SIZE, name='x"; drop table contact; --'),
        replace(SIZE, name="Größe"),
        replace(SIZE, group="nowhere"),
        replace(SIZE, label_en=" ", label_de=""),
        replace(TASTE, options=()),
        replace(TASTE, options=(Option("a;b", "", ""),)),
        replace(SIZE, type="string", percent=True),
    ],
)
def test_a_bad_definition_is_refused_with_a_sentence(conn, bad):
    with pytest.raises(BadDefinition, match=r"\."):
        definitions.create(conn, bad, by="user:1")


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (("Shoe size", "Fußlänge"), "shoe_size"),  # the same in English only
        (("Foot", " schuhGRÖSSE "), "shoe_size"),  # in German only, spelt otherwise
        (("", "E-Mail"), "email"),  # one of ours
        (("First  name", ""), "firstname"),
    ],
)
def test_two_properties_nobody_can_tell_apart_are_not_made(conn, labels, told):
    definitions.create(conn, SIZE, by="user:1")
    en, de = labels
    second = replace(SIZE, name="second", label_en=en, label_de=de)
    with pytest.raises(BadDefinition, match=rf"{told} .*use that one"):
        definitions.create(conn, second, by="user:1")
    definitions.create(conn, replace(second, label_en="Other", label_de="Anders"), by="user:1")
    with pytest.raises(BadDefinition, match=told):
        definitions.change(conn, second, by="user:1")


def test_a_label_is_free_again_when_its_property_is_deleted_and_not_before(conn):
    definitions.create(conn, SIZE, by="user:1")
    definitions.change(conn, replace(SIZE, label_en="SHOE SIZE"), by="user:1")  # its own
    definitions.archive(conn, "shoe_size", by="user:1")
    with pytest.raises(BadDefinition, match=r"archived property shoe_size .*restore"):
        definitions.create(conn, replace(SIZE, name="second"), by="user:1")
    definitions.delete(conn, "shoe_size", by="user:1")
    definitions.create(conn, replace(SIZE, name="second"), by="user:1")


def test_what_shares_a_label_since_ever_can_still_be_changed(conn):
    definitions.create(conn, SIZE, by="user:1")
    definitions.create(conn, replace(SIZE, name="second", label_en="Foot", label_de="Fuß"), by="user:1")
    conn.execute("update property_definition set label_en = 'Foot', label_de = 'Fuß'")
    definitions.change(
        conn, replace(SIZE, name="second", label_en="Foot", label_de="Fuß", definition_en="In cm."), by="user:1"
    )


def test_a_type_changes_only_where_nothing_is_lost(conn):
    definitions.create(conn, replace(SIZE, type="email"), by="user:1")
    definitions.change(conn, replace(SIZE, type="string"), by="user:1")
    with pytest.raises(BadDefinition):
        definitions.change(conn, replace(SIZE, type="number"), by="user:1")
