"""Risks: of two tabs that change the same, one writes over the other without a word; what was typed is lost with the
session; an act is done for whom it was not meant because what it stood on is gone."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from cartfolk.core.sql import Connection
from cartfolk.properties import notes
from cartfolk.properties.defined import load
from cartfolk.web.models import BulkEdit, SavedView

from .test_property_pages import GIVEN
from .test_saved_views import change, saved
from .test_values import ONE, anna, value

__all__ = ["anna"]
HTMX = {"HX-Request": "true"}


def hidden(page: str, name: str) -> list[str]:
    return [unescape(found) for found in re.findall(rf'type="hidden" name="{name}" value="([^"]*)"', page)]


def test_a_value_that_somebody_else_saved_is_not_written_over_unawares(
    owner: Client, anna: None, conn: Connection
) -> None:
    owner.post(f"{ONE}/jobtitle/edit", {"value": "Baker"})
    was = hidden(owner.get(f"{ONE}/jobtitle/edit").text, "was")
    owner.post(f"{ONE}/jobtitle/edit", {"value": "Miller", "was": was})  # the other tab
    assert "Miller" in owner.post(f"{ONE}/jobtitle/edit", {"value": "Baker", "was": was}).text
    assert value(conn, "jobtitle") == "Miller", "who changed nothing puts back nothing"
    told = owner.post(f"{ONE}/jobtitle/edit", {"value": "Smith", "was": was})
    assert told.status_code == 422
    assert "“Miller” in the meantime" in told.text
    assert 'value="Smith"' in told.text, "what was typed stays"
    assert value(conn, "jobtitle") == "Miller"
    knowing = {"value": "Smith", "was": hidden(told.text, "was")}
    assert owner.post(f"{ONE}/jobtitle/edit", knowing).status_code == 200
    assert value(conn, "jobtitle") == "Smith"
    owner.post(f"{ONE}/jobtitle/edit", {"value": "", "was": "Smith"})
    assert "was emptied" in owner.post(f"{ONE}/jobtitle/edit", {"value": "Cook", "was": "Smith"}).text
    owner.post(f"{ONE}/jobtitle/edit", {"value": "Cook", "was": ""})
    assert value(conn, "jobtitle") == "Cook"


def test_a_note_of_two_tabs_keeps_both_texts_in_sight(owner: Client, people: int, conn: Connection) -> None:
    number = notes.add(conn, 1, "Calls at noon", "user:1")
    address = f"/contacts/1/notes/{number}"
    (seen,) = hidden(owner.get(address).text, "seen")
    owner.post(address, {"body": "Calls at one", "seen": seen})
    told = owner.post(address, {"body": "Never\r\ncalls", "seen": seen})
    assert (told.status_code, "was changed in the meantime" in told.text) == (422, True)
    assert "Calls at one</span>" in told.text
    assert "Never\r\ncalls</textarea>" in told.text
    assert notes.one(conn, 1, number).body == "Calls at one"
    (seen,) = hidden(told.text, "seen")
    assert owner.post(address, {"body": "Never\r\ncalls", "seen": seen}).status_code == 302
    assert notes.one(conn, 1, number).body == "Never\ncalls"
    owner.post(f"{address}/delete")
    gone = owner.post(address, {"body": "Typed since", "seen": seen})
    assert "was deleted in the meantime" in gone.text
    assert re.search(r'action="/contacts/1/notes".*Typed since</textarea>', gone.text, re.DOTALL)


def test_a_note_of_a_contact_that_was_merged_meanwhile_is_written_for_who_was_kept(
    owner: Client, people: int, conn: Connection
) -> None:
    owner.post("/contacts/merge", {"ids": "1,2", "kept": "2"})
    assert owner.post("/contacts/1/notes", {"body": "Typed before the merge"})["Location"] == "/contacts/2"
    assert "Typed before the merge" in owner.get("/contacts/2").text


def test_a_property_of_two_tabs_loses_no_option_without_a_word(conn: Connection, owner: Client) -> None:
    owner.post("/settings/properties/new", GIVEN)
    address = "/settings/properties/size"
    seen = hidden(owner.get(address).text, "seen")
    owner.post(address, GIVEN | {"options": GIVEN["options"] + "\nx | Extra | Extra", "seen": seen})
    told = owner.post(address, GIVEN | {"label_en": "Measure", "seen": seen})
    assert (told.status_code, "was changed since you opened it" in told.text) == (422, True)
    assert 'value="Measure"' in told.text
    assert len(load(conn).properties["size"].options) == 3
    owner.post(address, GIVEN | {"label_en": "Measure", "seen": hidden(told.text, "seen")})
    assert load(conn).properties["size"].label_en == "Measure"


def test_a_view_that_is_gone_does_not_turn_into_everybody(owner: Client, people: int, conn: Connection) -> None:
    """Deleted in another tab, its address would list, export or edit every contact under the view's name."""
    address = saved(owner, "Few", q="p1@")
    (number,) = SavedView.objects.values_list("pk", flat=True)
    change(owner, number, "delete")
    assert owner.get(f"{address}&sort=email", headers=HTMX)["HX-Redirect"] == f"{address}&sort=email"
    page = owner.get(address).text
    assert "The view of this address is not there" in page
    assert f"view={number}" not in page[page.index('id="filters"') :], "what leads on from here does not lead there"
    every = {"view": str(number), "everything": "1"}
    for path in ("edit", "list", "erase"):
        answer = owner.get(f"/contacts/{path}", every, follow=True)
        assert answer.request["PATH_INFO"] == "/contacts"
        assert "The view of this address is not there" in answer.text
    assert owner.get("/contacts/export", every).status_code == 302
    owner.post("/contacts/edit", every | {"property": "jobtitle", "value": "x", "mode": "overwrite", "confirm": "1"})
    assert not BulkEdit.objects.exists()
    kept = change(owner, number, "save", q="p2@")
    assert "The view of this address is not there" in owner.get(kept["Location"], follow=True).text


def test_a_filter_that_cannot_be_asked_any_more_is_told_when_the_list_is_sorted(owner: Client, people: int) -> None:
    """Its property was archived in another tab: the rows of everybody stand under the chips of the view."""
    owner.post("/settings/properties/new", GIVEN | {"kind": "string", "options": ""})
    condition = {"type": "property", "property": "size", "operator": "is_any_of", "value": ["x"]}
    asked = json.dumps({"version": 1, "root": {"type": "group", "match": "all", "children": [condition]}})
    before = owner.get("/contacts", {"filters": asked, "sort": "email"}, headers=HTMX).text
    owner.post("/settings/properties/size/state", {"do": "archive"})
    after = owner.get("/contacts", {"filters": asked, "sort": "email"}, headers=HTMX).text
    told = "The filters of this address cannot be asked; everybody is shown."
    assert (told in before, told in after) == (False, True)
    assert '<div id="problem" hx-swap-oob="true"><p class="notice error" role="alert">' in after


def test_the_answer_to_a_search_brings_all_that_leads_on_from_it(owner: Client, people: int) -> None:
    """The menus above the table would ask for what the page showed when it was opened."""
    part = owner.get("/contacts", {"q": "p1@", "sort": "email"}, headers=HTMX).text
    assert 'id="filters" hx-swap-oob="true"' in part
    assert hidden(part[part.index('id="asked"') :], "sort")[0] == "email"
    assert "p1@" in hidden(part[part.index("contacts/views") :], "q"), "a view saved now is of this search"
    live = owner.get("/contacts", {"version": "old"}, headers=HTMX).text
    assert 'id="filters"' not in live, "nobody asked; a menu may be open"


@pytest.mark.parametrize("htmx", [True, False])
def test_a_form_sent_after_the_session_ended_loses_nothing(owner: Client, people: int, htmx: bool) -> None:
    owner.logout()
    headers: dict[str, Any] = HTMX if htmx else {}
    answer = owner.post("/contacts/1/notes", {"body": 'Said "yes"\nand <no>'}, headers=headers)
    assert answer.status_code == 401
    assert "Location" not in answer
    if not htmx:
        assert hidden(answer.text, "body") == ['Said "yes"\nand <no>']
        assert 'href="/sign-in" target="_blank"' in answer.text


def test_no_secret_and_no_file_waits_on_a_page_for_the_next_session(owner: Client, shop: int) -> None:
    """After signing in the page with the form is there again, not the address that only takes the form."""
    owner.logout()
    here = {"Referer": "http://testserver/settings/account?x=1"}
    sent = {"present": "a long pass phrase", "password": "another one"}
    answer = owner.post("/settings/account/password", sent, headers=here)
    assert answer["Location"] == "/sign-in?next=/settings/account%3Fx%3D1"
    foreign = owner.post("/settings/account/password", sent, headers={"Referer": "https://elsewhere.example/x"})
    assert foreign["Location"] == "/sign-in?next=/"
