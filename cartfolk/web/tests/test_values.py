"""Risk: a value edited in its place is lost, changed by the wrong hands, or restored as something else; a product's
name runs as a program in the reader's browser."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cartfolk.core.sql import Connection
from cartfolk.properties import definitions, read
from cartfolk.properties.catalogue import Option, Property
from cartfolk.properties.compute import compute
from cartfolk.properties.write import Mode, Write, write
from cartfolk.web import members, products, rows
from cartfolk.web.properties import Shown
from cartfolk.web.roles import Role

from .conftest import BORN

ONE = "/contacts/1/properties"


def value(conn: Connection, name: str) -> object:
    return next(group[name] for group in read.values(conn, 1).values() if name in group)


def define(conn: Connection, name: str, **given: Any) -> None:
    item = Property(
        name=name, label_en=name.title(), label_de=name.title(), group="contactinformation", definition_en="",
        definition_de="", computed=False, custom=True, **given,
    )  # fmt: skip
    definitions.create(conn, item, by="user:1")


@pytest.fixture
def anna(people: int, conn: Connection) -> None:
    conn.execute(
        "insert into customer (contact_id, store_id, external_id, version, received_at, first_name, last_name)"
        " select 1, min(store_id), '7', %(t)s, %(t)s, 'Anna', 'Adler' from store_rule",
        {"t": BORN},
    )
    with conn.transaction():
        compute(conn, [1], BORN, "import")


def test_a_value_is_edited_in_its_place_and_noted(owner: Client, anna: None, conn: Connection) -> None:
    editor = owner.get(f"{ONE}/jobtitle/edit").text
    assert 'name="value"' in editor
    row = owner.post(f"{ONE}/jobtitle/edit", {"value": "Baker <b>"})
    assert row.status_code == 200
    assert "Baker &lt;b&gt;" in row.text
    assert value(conn, "jobtitle") == "Baker <b>"
    newest = read.history(conn, 1, "jobtitle")[0]
    assert (newest.source, newest.by.split(":")[0]) == ("user", "user")
    panel = owner.get(f"{ONE}/jobtitle").text
    assert "olga@example.org" in panel
    noted = conn.execute("select detail::text from audit_event where action = 'contact.edited'").fetchall()
    assert len(noted) == 1
    assert "Baker" not in noted[0][0]


def test_saving_what_is_there_writes_nothing(owner: Client, anna: None, conn: Connection) -> None:
    define(conn, "met", type="datetime")
    owner.post(f"{ONE}/met/edit", {"value": "2026-05-31T14:30:00"})
    before = len(read.history(conn, 1))
    shown = re.search(r'value="(2026-05-31T[^"]+)"', owner.get(f"{ONE}/met/edit").text)
    assert shown is not None
    assert owner.post(f"{ONE}/met/edit", {"value": shown[1]}).status_code == 200
    assert len(read.history(conn, 1)) == before


def test_a_number_is_entered_as_the_readers_language_writes_it(owner: Client, anna: None, conn: Connection) -> None:
    """Risk: fifteen hundred becomes one and a half, or the editor shows what it would read as something else."""
    define(conn, "height", type="number")
    for language, typed, kept, again in (
        ("de", "1.500", "1500", "1500"),
        ("de", "1,125", "1.125", "1,125"),
        ("en", "1,500", "1500", "1500"),
        ("en", "1.125", "1.125", "1.125"),
    ):
        headers = {"accept-language": language}
        assert owner.post(f"{ONE}/height/edit", {"value": typed}, headers=headers).status_code == 200
        assert value(conn, "height") == Decimal(kept)
        assert f'value="{again}"' in owner.get(f"{ONE}/height/edit", headers=headers).text
        before = len(read.history(conn, 1))
        owner.post(f"{ONE}/height/edit", {"value": again}, headers=headers)
        assert len(read.history(conn, 1)) == before


def test_a_time_is_entered_in_the_readers_zone(owner: Client, anna: None, conn: Connection) -> None:
    define(conn, "met", type="datetime")
    owner.cookies["timezone"] = "Europe/Berlin"
    owner.post(f"{ONE}/met/edit", {"value": "2026-06-30T14:30"})
    assert value(conn, "met") == datetime(2026, 6, 30, 12, 30, tzinfo=UTC)


def test_a_value_that_does_not_fit_is_refused_in_its_place(owner: Client, anna: None, conn: Connection) -> None:
    answer = owner.post(f"{ONE}/num_notes/edit", {"value": "many"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'value="many"' in answer.text
    assert value(conn, "num_notes") is None


def test_our_word_and_the_shops_are_told_apart_and_ours_taken_back(owner: Client, anna: None, conn: Connection) -> None:
    row = owner.post(f"{ONE}/firstname/edit", {"value": "Anne"}).text
    assert "the shop says: Anna." in row
    assert "the shop says: Anna." in owner.get(ONE).text
    assert "Set by hand" not in owner.post(f"{ONE}/firstname/edit", {"clear": "1"}).text
    assert value(conn, "firstname") == "Anna"


def test_an_earlier_value_is_restored_exactly(owner: Client, anna: None, conn: Connection) -> None:
    define(conn, "prices", type="number")
    for text in ("12345678901234.123456", "2"):
        owner.post(f"{ONE}/prices/edit", {"value": text})
    first = read.history(conn, 1, "prices")[-1]
    panel = owner.get(f"{ONE}/prices").text
    assert panel.count("Restore this value") == 1
    answer = owner.post(f"{ONE}/prices/restore", {"change": str(first.change_id)})
    assert answer.status_code == 200
    assert 'hx-swap-oob="true"' in answer.text
    assert value(conn, "prices") == Decimal("12345678901234.123456")
    assert read.history(conn, 1, "prices")[0].source == "restore"
    assert owner.post(f"{ONE}/prices/restore", {"change": "999999"}).status_code == 404


def test_a_list_is_edited_and_restored_as_a_list(owner: Client, anna: None, conn: Connection) -> None:
    options = (Option("a", "A", "A"), Option("b", "B", "B"), Option("c", "C", "C"))
    define(conn, "tags", type="enumeration", multi=True, options=options)
    owner.post(f"{ONE}/tags/edit", {"value": ["a", "c"]})
    assert owner.get(f"{ONE}/tags/edit").text.count(" checked") == 2
    first = read.history(conn, 1, "tags")[0].change_id
    owner.post(f"{ONE}/tags/edit", {})
    assert value(conn, "tags") is None
    owner.post(f"{ONE}/tags/restore", {"change": str(first)})
    assert value(conn, "tags") == ["a", "c"]


def test_readers_see_no_editor_and_cannot_write(owner: Client, anna: None, conn: Connection) -> None:
    user = User.objects.create_user("rita@example.org", "rita@example.org", "a long pass phrase")
    member = members.of(user)
    member.role = Role.READER.value
    member.save()
    reader = Client()
    reader.force_login(user)
    page = reader.get(ONE).text
    assert "jobtitle/edit" not in page
    assert "History" in page
    for address in (f"{ONE}/jobtitle/edit", f"{ONE}/jobtitle/restore"):
        assert reader.post(address, {"value": "x", "change": "1"}).status_code == 403
    assert value(conn, "jobtitle") is None


def test_what_is_computed_cannot_be_edited(owner: Client, anna: None, conn: Connection) -> None:
    assert owner.post(f"{ONE}/total_value_of_orders/edit", {"value": "1"}).status_code == 404
    assert "total_value_of_orders/edit" not in owner.get(ONE).text


def test_a_number_is_told_with_its_orders_that_can_be_opened(owner: Client, anna: None) -> None:
    panel = owner.get(f"{ONE}/total_value_of_orders").text
    assert panel.count("<li>") == 3 + 1  # three orders, one change
    assert "€298.50" in panel
    address = re.search(r'href="(/contacts/1/orders\?[^"#]+)#(order-\d+)"', panel)
    assert address is not None
    page = owner.get(address[1].replace("&amp;", "&")).text
    assert re.search(r'<article[^>]* id="([^"]+)"', page)[1] == address[2]  # type: ignore[index]


def test_hiding_empty_ones_is_remembered(owner: Client, anna: None) -> None:
    def hidden() -> bool:
        return re.search(r'id="hide-empty"[^>]* checked', owner.get(ONE).text) is not None

    assert not hidden()
    assert owner.post("/contacts/hide-empty", {"hide": "on"}).status_code == 204
    assert hidden()
    owner.post("/contacts/hide-empty")
    assert not hidden()


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<img src="https://a.example/x.png" onerror="alert(1)" style="position:fixed">',
        "<svg/onload=alert(1)>",
        '<a href="javascript:alert(1)">go</a>',
        '<a href="JaVaScRiPt&colon;alert(1)">go</a>',
        '<a href="data:text/html,<script>alert(1)</script>">go</a>',
        '<a href="https://a.example/&quot; onmouseover=&quot;alert(1)">go</a>',
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<form action=https://evil.example><input name=q><button>Save</button></form>",
        "</td></tr></table></div><script>alert(1)</script>",
        "<style>*{display:none}</style><math><mi xlink:href='javascript:alert(1)'>",
        "<!--><script>alert(1)</script>-->",
    ],
)
def test_a_product_table_shows_only_what_is_allowed(hostile: str) -> None:
    told = products.table(f"<table><tr><td></td><td>{hostile}</td><td>1</td></tr></table>")
    tags = re.findall(r"<(/?)([a-z]+)([^>]*)>", told)
    assert {tag for _close, tag, _rest in tags} <= {"table", "tr", "td", "img", "a"}
    for _close, tag, rest in tags:
        names = re.findall(r'([\w-]+)="[^"]*"', rest)
        assert set(names) <= {"img": {"src", "alt", "width", "loading", "referrerpolicy"}}.get(
            tag, {"href", "rel", "target"} if tag == "a" else set()
        )
        assert re.sub(r'[\w-]+="[^"]*"', "", rest).strip() == ""
        assert all(address.startswith("https://") for address in re.findall(r'(?:src|href)="([^"]*)"', rest))
    opened = [tag for close, tag, _rest in tags if tag != "img" and not close]
    closed = [tag for close, tag, _rest in tags if close]
    assert sorted(opened) == sorted(closed)


def test_the_table_reads_as_a_line_and_as_a_table(owner: Client, anna: None, conn: Connection) -> None:
    text = (
        '<table><tr><td><img src="https://i.example/a.png" alt="" width="80"></td><td><a href="https://a.example/mug">'
        "Mug &lt;i&gt;</a></td><td>2</td><td>5 EUR</td></tr><tr><td></td><td>Tea</td><td>1</td></tr></table>"
    )
    assert products.words(text) == "2 × Mug <i>, 1 × Tea"
    conn.execute("update contact_property set last_products_bought_html = %s where contact_id = 1", [text])
    assert "2 × Mug &lt;i&gt;, 1 × Tea" in owner.get(ONE).text
    panel = owner.get(f"{ONE}/last_products_bought_html").text
    assert '<img src="https://i.example/a.png"' in panel
    assert "Mug &lt;i&gt;" in panel
    assert json.dumps("<i>") not in panel


def test_nothing_in_a_row_can_become_markup() -> None:
    nasty = '"><script>alert(1)</script>'
    item = Shown(nasty, nasty, "g", nasty, "", "text", nasty, False, editable=True)
    row = rows.Row(item, nasty, False, by_hand=True, shops=nasty)
    page = rows.html(row, "/contacts/1/properties", True, True, beside=True, focus=True)
    assert "<script" not in page
    assert '"&gt;' not in page.replace("&quot;&gt;", "")


def test_options_and_percentages_are_told_in_words_in_the_list_and_on_the_contact(
    owner: Client, anna: None, conn: Connection
) -> None:
    red, blue = Option("r", "Red", "Rot"), Option("b", "Blue", "Blau")
    define(conn, "colour", type="enumeration", options=(red, blue))
    define(conn, "colours", type="enumeration", multi=True, options=(red, blue))
    define(conn, "discount", type="number", percent=True)
    define(conn, "latitude", type="number")
    given = {"colour": "r", "colours": "r;b", "discount": "12.5", "latitude": "52.520008"}
    write(conn, [Write(1, given)], mode=Mode.OVERWRITE, source="user")
    owner.cookies["django_language"] = "de"
    shown = owner.get("/contacts?columns=colour,colours,discount&sort=createdate").text + owner.get(ONE).text
    for told in ("<td>Rot</td>", '<span class="chip">Blau</span>', '<td class="right">12,5\xa0%</td>', "<dd>12,5\xa0%",
                 "<dd>52,520008<"):  # fmt: skip
        assert told in shown


def test_a_cart_in_another_currency_is_not_told_in_the_home_currency(
    owner: Client, people: int, conn: Connection
) -> None:
    conn.execute(
        "update contact_property set abandoned_cart_total_value = 12, abandoned_cart_currency = 'USD'"
        " where contact_id = 1"
    )
    text = owner.get("/contacts?columns=abandoned_cart_total_value&sort=-createdate&size=200&q=").text
    text += owner.get("/contacts?columns=abandoned_cart_total_value&sort=createdate").text
    assert "US$12.00" in text
    assert "€12.00" not in text
