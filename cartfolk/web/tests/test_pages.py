"""Every page, in both languages, empty and full; who may see it; what its headers say."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import get_resolver

from cartfolk.core.sql import Connection
from cartfolk.web import context
from cartfolk.web.roles import Role

PAGES = ("/", "/contacts", "/stores", "/stores/connect", "/settings/properties")
FULL = (
    *PAGES,
    "/contacts/1",
    "/contacts/1/orders",
    "/contacts/1/carts",
    "/contacts/1/properties",
    "/contacts/1/properties/firstname",
    "/stores/teashop",
    "/stores/teashop/progress",
    "/stores/teashop/disconnect",
)


@pytest.mark.parametrize("language", ["en", "de"])
def test_pages_render_empty(owner: Client, language: str) -> None:
    for page in PAGES:
        response = owner.get(page, headers={"accept-language": language})
        assert response.status_code == 200, page
        assert f'<html lang="{language}"' in response.text


@pytest.mark.parametrize("language", ["en", "de"])
def test_pages_render_full(owner: Client, people: int, language: str) -> None:
    for page in FULL:
        response = owner.get(page, headers={"accept-language": language})
        assert response.status_code == 200, page
        assert "<b>, 2" not in response.text
        assert "style=" not in response.text  # the policy would drop it
        assert not re.search(r"<script(?![^>]*src=)", response.text)


def test_every_page_under_settings_marks_its_tab_and_no_other(owner: Client) -> None:
    from cartfolk.web.urls import urlpatterns

    seen = set()
    for pattern in urlpatterns:
        first, _slash, rest = str(pattern.pattern).partition("/")
        if first == "settings":
            tab = "properties" if rest.startswith("propert") else rest.split("/")[0]
            pages = context._frame(pattern.name, Role.OWNER)["settings_pages"]
            assert [page["address"] for page in pages if page["current"]] == [f"/settings/{tab}"], pattern.name
            seen.add(tab)
    assert seen == {
        page["address"].removeprefix("/settings/") for page in context._frame("", Role.OWNER)["settings_pages"]
    }
    shown = owner.get("/settings/properties/new").text
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', shown.partition('class="tabs"')[2]) == [
        "/settings/properties"
    ]


def test_strangers_are_sent_to_sign_in(database: str) -> None:
    open_routes = {"sign-in", "sign-in-code", "sign-out", "setup", "language", "invitation", "confirm", "unsubscribe"}
    kwargs = {"name": "x", "platform": "woocommerce"}
    from cartfolk.web.urls import urlpatterns

    for pattern in urlpatterns:
        if pattern.name in open_routes:
            continue
        address = "/" + re.sub(r"<\w+:(\w+)>", lambda m: str(kwargs.get(m[1], 1)), str(pattern.pattern))
        for response in (Client().get(address), Client().post(address)):
            assert response.status_code == 302, address
            assert "/sign-in" in response["Location"]
    assert get_resolver()


def test_policy_and_csrf(owner: Client) -> None:
    response = owner.get("/contacts")
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = owner.cookies
    assert strict.post("/contacts/columns", {"column": "email"}).status_code == 403


def test_missing_things_are_explained(owner: Client, people: int) -> None:
    for page in ("/nowhere", "/contacts/99999", "/stores/none", "/contacts/1/properties/none"):
        response = owner.get(page)
        assert response.status_code == 404
        assert "There is nothing here" in response.text


def test_merged_contact_leads_to_the_kept_one(owner: Client, people: int, conn: Connection) -> None:
    conn.execute(
        "insert into contact_merge (kept_id, gone_id, merged_at, reason, merged_by) values (1, 900, now(), 'r', 'sync')"
    )
    assert owner.get("/contacts/900")["Location"] == "/contacts/1"


def test_timeline_pages_hold_every_event_once(owner: Client, people: int) -> None:
    found, address = 0, "/contacts/1"
    while address:
        text = owner.get(address).text
        found += len(re.findall(r'<li class="(?:order|refund|cart|conversion|consent)"', text))
        match = re.search(r'hx-get="([^"]*timeline[^"]*)"', text)
        address = match[1].replace("&amp;", "&") if match else ""
    assert found == 95 + 3 + 1


def test_ingest_secret_only_on_demand(owner: Client, shop: int) -> None:
    assert "whsec_abc" not in owner.get("/stores/teashop").text
    assert "whsec_abc" in owner.post("/stores/teashop/secret").text


def test_queries_of_the_hot_pages(owner: Client, people: int) -> None:
    """Statements do not grow with the rows of a page."""
    from django.db import connection

    connection.ensure_connection()
    for page, most in (("/contacts", 12), ("/contacts/1", 16), ("/contacts/1/properties", 16)):
        counted: list[str] = []
        raw = connection.connection
        original = type(raw).execute

        def counting(self, *args, original=original, counted=counted, **kwargs):
            counted.append(str(args[0])[:60])
            return original(self, *args, **kwargs)

        type(raw).execute = counting
        try:
            assert owner.get(page).status_code == 200
        finally:
            type(raw).execute = original
        assert len(counted) <= most, counted


def test_a_person_known_in_two_shops_has_a_group_for_each(
    owner: Client, people: int, shop: int, conn: Connection
) -> None:
    one = owner.get("/contacts/1/properties").text
    assert "WooCommerce (" not in one
    conn.execute(
        "insert into store_rule (store_id, home_currency, live_from, label, name, url) "
        "values (77, 'USD', now(), 'Magento', 'us', 'https://www.us.example/shop')"
    )
    conn.execute("update contact_list set store_ids = array[%s::bigint, 77] where contact_id = 1", [shop])
    two = owner.get("/contacts/1/properties").text
    headings = re.findall(r"<h2>([^<]+)</h2>", two)
    assert headings.index("Magento (us.example)") > headings.index("WooCommerce · Magento")
    assert any(heading.startswith("WooCommerce (") for heading in headings)
    assert two.count('properties/total_number_of_orders"') == 1, "only what is stored has a history"
