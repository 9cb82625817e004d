"""Risk: a value of a person is lost, written twice, noted wrongly, or the shop's value wins over theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from cartfolk.properties.catalogue import PROPERTIES
from cartfolk.properties.compute import compute
from cartfolk.properties.read import history, values
from cartfolk.properties.write import Mode, Write, write

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def contact(conn):
    conn.execute("insert into contact (contact_id, first_seen) values (1, %s), (2, %s)", [NOON, NOON])
    conn.execute(
        """insert into customer (contact_id, store_id, external_id, version, received_at, registered, created_at,
               first_name, last_name, email)
           values (1, 1, '7', %(t)s, %(t)s, true, %(t)s, 'Anna', 'Adler', 'anna@example.com')""",
        {"t": NOON},
    )
    compute(conn, [1, 2], NOON, "import")
    return 1


def say(conn, contact, mode=Mode.OVERWRITE, new=(), **given):
    (outcome,) = write(conn, [Write(contact, given)], mode=mode, source="user", by="user:3", new=new)
    return outcome


def test_a_persons_word_goes_before_the_shops_until_it_is_taken_back(conn, contact):
    assert say(conn, 1, firstname="Anne", jobtitle="Baker").changed == ("firstname", "jobtitle")
    compute(conn, [1], NOON, "sync")
    assert values(conn, 1)["contactinformation"]["firstname"] == "Anne"
    assert conn.execute("select name from contact_list where contact_id = 1").fetchone() == ("Anne Adler",)
    newest = history(conn, 1)[0]
    assert (newest.source, newest.by, newest.changes) == ("user", "user:3", {"firstname": "Anne", "jobtitle": "Baker"})
    assert say(conn, 1, firstname="Anne", jobtitle="Baker ").changed == ()
    assert say(conn, 1, firstname=None).changed == ("firstname",)
    assert values(conn, 1)["contactinformation"]["firstname"] == "Anna"


def test_a_country_is_its_code_whichever_way_it_was_written(conn, contact):
    assert say(conn, 1, country="Deutschland").changed == ("country",)
    assert values(conn, 1)["contactinformation"]["country"] == "DE"
    for same in ("Germany", "DEU", "de"):
        assert say(conn, 1, country=same).changed == ()
    assert say(conn, 1, country="Atlantis", ip_country="Germany").changed == ("country", "ip_country")
    assert conn.execute("select country, ip_country from contact_custom").fetchone() == ("Atlantis", "Germany")


def test_each_mode_leaves_alone_what_it_must(conn, contact):
    assert say(conn, 1, Mode.SET_IF_EMPTY, firstname="Eva").changed == ()
    assert say(conn, 1, Mode.SET_IF_EMPTY, firstname="Eva", fax="+49 30 123").changed == ("fax",)
    assert say(conn, 1, Mode.SET_IF_NEW, fax="+49 30 999").changed == ()
    assert say(conn, 1, Mode.SET_IF_NEW, new=[1], fax="+49 30 999").changed == ("fax",)
    assert say(conn, 1, Mode.APPEND, message="a").changed == ("message",)
    assert say(conn, 1, Mode.APPEND, message="b").changed == ("message",)
    assert say(conn, 1, Mode.APPEND, message="b").changed == ()
    assert values(conn, 1)["contact_activity"]["message"] == "a\nb"
    (refusal,) = say(conn, 1, Mode.APPEND, fax="+49 30 555").refused
    assert refusal.name == "fax"


def test_a_bad_value_is_refused_with_a_reason_and_the_others_are_written(conn, contact):
    outcome = say(conn, 1, num_notes="many", total_number_of_orders="3", nonsense="x", jobtitle="Baker")
    assert outcome.changed == ("jobtitle",)
    assert [r.name for r in outcome.refused] == ["num_notes", "total_number_of_orders", "nonsense"]
    assert all(r.reason for r in outcome.refused)


def test_a_refused_option_names_what_people_see(conn, contact):
    told = {}
    for language in ("en", "de"):
        with translation.override(language):
            (refusal,) = say(conn, 1, lifecyclestage="nonsense").refused
        told[language] = refusal.reason
    stage = next(o for o in PROPERTIES["lifecyclestage"].options if o.label_en != o.label_de)
    assert f"{stage.label_en} [{stage.value}]" in told["en"]
    assert f"{stage.label_de} [{stage.value}]" in told["de"]


def test_a_merged_contact_is_written_where_it_lives_now(conn, contact):
    conn.execute("delete from contact where contact_id = 2")
    conn.execute(
        "insert into contact_merge (kept_id, gone_id, merged_at, reason, merged_by) values (1, 2, now(), '', '')"
    )
    assert say(conn, 2, jobtitle="Baker").contact_id == 1
    assert say(conn, 99, jobtitle="Baker").refused


def test_a_stage_set_by_hand_holds_until_a_later_fact(conn, contact):
    assert values(conn, 1)["contactinformation"]["lifecyclestage"] == "lead"
    assert say(conn, 1, lifecyclestage="Customer").changed == ("lifecyclestage",)
    found = values(conn, 1)["contactinformation"]
    assert found["lifecyclestage"] == "customer"
    assert found["hs_lifecyclestage_customer_date"] is not None
    say(conn, 1, lifecyclestage="subscriber")
    compute(conn, [1], NOON, "sync")
    assert values(conn, 1)["contactinformation"]["lifecyclestage"] == "subscriber"


def test_many_contacts_with_different_values_in_one_call(conn):
    conn.execute("insert into contact (contact_id, first_seen) select g, %s from generate_series(1, 6000) g", [NOON])
    given = [Write(g, {"num_notes": str(g), **({"fax": f"0{g}00"} if g % 2 else {})}) for g in range(1, 6001)]
    write(conn, given, mode=Mode.OVERWRITE, source="import")
    write(conn, given, mode=Mode.OVERWRITE, source="import")
    assert conn.execute("select count(*), sum(num_notes), count(fax) from contact_custom").fetchone() == (
        6000,
        Decimal(18003000),
        3000,
    )
    assert conn.execute("select count(*) from property_history").fetchone() == (6000,)


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "mailto:ann@example.org", "https://", "a b.example", "<b>x</b>"]
)
def test_what_is_no_web_address_is_refused(conn, contact, text):
    assert [refused.name for refused in say(conn, 1, website=text).refused] == ["website"]
    assert say(conn, 1, website="shop.example:8443/x").changed == ("website",)
    assert values(conn, 1)["contactinformation"]["website"] == "https://shop.example:8443/x"
