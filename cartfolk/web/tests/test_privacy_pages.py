"""Risk: an owner cannot see what an erasure touches, or the pages keep or tell something of the erased person."""

from __future__ import annotations

import html
import json
from dataclasses import replace

from django.test import Client

from cartfolk import cli, erasure
from cartfolk.commerce import consent
from cartfolk.identity import suppression
from cartfolk.inbox import retention
from cartfolk.properties import definitions
from cartfolk.properties.catalogue import Option, Property
from cartfolk.properties.write import Mode, Write, write


def test_an_owner_looks_erases_and_gets_the_proof(conn, owner, people):
    conn.execute("insert into identity values ('email', 'p1@example.org', 1, 'P1@example.org', 0, now(), 1, '')")
    page = owner.post("/settings/privacy/erase", {"who": "p1@example.org"})
    assert page.status_code == 200
    assert "orders 3" in page.text
    assert owner.post("/settings/privacy/erase", {"who": "p1@example.org", "confirm": "no"}).status_code == 422
    assert conn.execute("select count(*) from contact where contact_id = 1").fetchone() == (1,)
    asked = owner.post("/settings/privacy/erase", {"who": "p1@example.org", "confirm": "Erase"})
    address = asked["Location"]
    assert "hx-trigger" in owner.get(address).text, "it is done by the worker; the page tells how far"
    assert "Under way" in owner.get("/settings/privacy").text
    (waiting,) = suppression.unfinished(conn)
    assert erasure.run(conn, waiting)
    done = owner.get(address, headers={"HX-Request": "true"}).text
    assert "Proof of erasure" in done
    assert "hx-trigger" not in done
    assert "p1@example.org" not in done.lower()
    assert conn.execute("select count(*) from orders").fetchone() == (0,)
    proof = json.loads(owner.get(address + "?as=json").content)
    assert proof["contacts"] == [1]
    assert "Erased people everywhere" in owner.get("/settings/audit?kind=contact").text
    assert owner.post("/settings/privacy/let-in", {"email": "P1@example.org"}, follow=True).status_code == 200
    assert conn.execute("select count(*) from suppression where kind = 'email'").fetchone() == (0,)


def test_chosen_contacts_are_erased_once_their_number_is_typed(conn, owner, people):
    page = owner.get("/contacts/erase?ids=1&ids=2&ids=3").text
    assert "erase 3" in page
    name, email = conn.execute("select name, email from contact_list where contact_id = 2").fetchone()
    assert html.escape(name) in page, "who goes is said by name, not by number"
    assert email in page
    who = {"who": "1 2 3"}
    assert owner.post("/settings/privacy/erase", who | {"confirm": "erase"}).status_code == 422
    assert owner.post("/settings/privacy/erase", who | {"confirm": "erase 3"}).status_code == 302
    (waiting,) = suppression.unfinished(conn)
    erasure.run(conn, waiting)
    assert conn.execute("select count(*) from contact").fetchone() == (people - 3,)
    everybody = owner.get("/contacts/erase?everything=1").text
    assert f"erase {people - 3}" in everybody
    assert owner.get("/contacts/erase")["Location"] == "/contacts", "nobody is chosen"


def test_more_people_than_a_page_can_tell_are_not_erased_at_once(conn, owner, people):
    conn.execute(
        "insert into contact_list (contact_id, createdate, store_ids) "
        "select n, now(), '{}' from generate_series(9000, 10000) n"
    )
    refused = owner.get("/contacts/erase?everything=1", follow=True)
    assert "At most 1,000 contacts" in refused.text


def test_everything_held_is_shown_and_downloaded_and_that_is_noted(conn, owner, people):
    conn.execute("update contact_property set hs_email_domain = 'tea.example' where contact_id = 1")
    page = owner.get("/contacts/1/everything").text
    assert "Darjeeling" in page
    assert "<h2>Properties</h2>" in page, "in words the person can read"
    assert "<dt>Email Domain</dt><dd>tea.example</dd>" in page
    assert "contact_property" not in page
    told = json.loads(owner.get("/contacts/1/everything?as=json").content)
    assert len(told["data"]["orders"]) == 3
    assert owner.get("/contacts/99999/everything").status_code == 404
    assert "Exported everything" in owner.get("/settings/audit").text


def test_everything_held_is_told_in_the_readers_words_and_stays_raw_as_json(conn, owner, people):
    plain = Property(
        name="colour", label_en="Colour", label_de="Farbe", group="contactinformation", definition_en="",
        definition_de="", type="enumeration", options=(Option("r", "Red", "Rot"), Option("b", "Blue", "Blau")),
        computed=False, custom=True,
    )  # fmt: skip
    definitions.create(conn, plain, by="user:1")
    definitions.create(conn, replace(plain, name="vip", label_de="Wichtig", label_en="VIP", type="bool", options=()),
                       by="user:1")  # fmt: skip
    definitions.create(conn, replace(plain, name="liked", label_de="Mag", label_en="Likes", multi=True), by="user:1")
    given = {"colour": "r", "vip": "yes", "liked": "r;b"}
    write(conn, [Write(1, given)], mode=Mode.OVERWRITE, source="user", by="user:1")
    conn.execute(
        "update contact_property set total_value_of_orders = 1298.5, last_order_date = '2026-06-30 22:30+00',"
        " hs_email_optout = true where contact_id = 1"
    )
    owner.cookies["timezone"], owner.cookies["django_language"] = "Europe/Berlin", "de"
    page = owner.get("/contacts/1/everything").text.replace("\xa0", " ")
    for told in (
        "<dt>Farbe</dt><dd>Rot</dd>", "<dt>Wichtig</dt><dd>Ja</dd>", "<dt>Mag</dt><dd>Rot, Blau</dd>",
        "<dd>1.298,50 €</dd>", "<dd>01.07.2026, 00:30:00 CEST</dd>",
        "<dt>Summe</dt><dd>99,50 €</dd>",  # an order
        "<dt>Status</dt><dd>Bezahlt</dd>", "<dt>Bestellt am</dt><dd>01.01.2026, 01:00:00 CET</dd>",
        "Farbe: Rot", "<dt>Shop</dt><dd>teashop</dd>",
    ):  # fmt: skip
        assert told in page, told
    assert "2026-01-01T" not in page
    assert ">True<" not in page
    told = json.loads(owner.get("/contacts/1/everything?as=json").content)["data"]
    assert (told["contact_custom"][0]["colour"], told["contact_custom"][0]["vip"]) == ("r", True)
    assert told["orders"][0]["placed_at"].startswith("2026-01-0")


def test_no_number_loses_digits_in_what_is_handed_over(conn, owner, people, shop, database, monkeypatch, capsys):
    sku = "123456789012345678901234567890"
    conn.execute("update orders set total = 12345678901234567890.12, rate = 0.123456789012 where contact_id = 1")
    body = f'{{"id": 1, "email": "p1@example.org", "weight": 0.1000000000000000055511151231, "gtin": {sku}}}'
    conn.execute("insert into identity values ('email', 'p1@example.org', 1, 'P1@example.org', 0, now(), 1, '')")
    conn.execute(
        "insert into quarantine (store_id, stream, kind, field, reason, raw, created_at) "
        "values (%s, 'customers', 'customer', '', '', %s, now())",
        [shop, body],
    )
    text = owner.get("/contacts/1/everything?as=json").text
    page = owner.get("/contacts/1/everything").text
    monkeypatch.setenv("DATABASE_URL", database)
    assert cli.main(["erase", "1", "--export"]) == 0
    printed = capsys.readouterr().out
    for number in ("12345678901234567890.12", "0.123456789012", "0.1000000000000000055511151231", sku):
        for told in (text, printed):
            assert f": {number}" in told, "a number, not a text"
    assert "0.1000000000000000055511151231" in page
    assert "12,345,678,901,234,567,890.12" in page
    json.loads(text)


def test_how_long_things_are_kept_is_looked_at_before_it_is_saved(conn, owner, shop):
    conn.execute(
        "insert into delivery (store_id, lane, kind, stream, received_at, body, state, handled_at) "
        "values (%s, 0, 'page', 'orders', now(), '', 'handled', now() - interval '40 days')", [shop]
    )  # fmt: skip
    days = {"deliveries": "20", "quarantine": "5", "anonymous_carts": "7", "audit": "400"}
    assert "Tonight 1 would be forgotten" in owner.post("/settings/privacy/keep", days | {"do": "look"}).text
    assert retention.days(conn)["deliveries"] != 20
    assert owner.post("/settings/privacy/keep", days | {"do": "save"}).status_code == 302
    assert retention.days(conn) == {name: int(text) for name, text in days.items()}
    wrong = owner.post("/settings/privacy/keep", days | {"audit": "many", "do": "save"})
    assert (wrong.status_code, "Audit log: say a whole number" in wrong.text) == (422, True)


def test_consent_is_noted_with_evidence_only(conn, owner, people):
    act = {"channel": "email", "purpose": "marketing", "do": "grant", "text": "", "basis": "consent"}
    refused = owner.post("/contacts/1/consent/act", act)
    assert (refused.status_code, "Evidence" in refused.text) == (422, True)
    assert consent.states(conn, [1]) == []
    assert owner.post("/contacts/1/consent/act", act | {"text": "Form at the fair"}).status_code == 302
    assert consent.granted(conn, 1)
    assert "Form at the fair" in owner.get("/contacts/1/consent").text
    owner.post("/contacts/1/consent/act", act | {"do": "withdraw"})
    assert not consent.granted(conn, 1)


def test_pages_of_privacy_are_for_signed_in_people(database, people):
    client = Client()
    for path in ("/settings/privacy", "/settings/audit", "/contacts/1/everything", "/settings/privacy/erase?who=1"):
        assert client.get(path).status_code == 302
