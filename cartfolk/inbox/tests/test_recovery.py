"""Recovery links: who is led where, what counts as a click, and what it does to the cart."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from cartfolk import pipeline
from cartfolk.commerce import rules
from cartfolk.connectors import registry
from cartfolk.core.time import iso, now
from cartfolk.inbox import deliveries, known, recovery
from cartfolk.stores import connect, health

from .shop import TinyShop, add_store

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
BACK = "https://tiny.example/cart?cartfolk_cart=abc"


@pytest.fixture
def store(conn, monkeypatch):
    monkeypatch.setattr(registry, "get", lambda platform: TinyShop)
    known.forget()
    made = add_store(conn)
    rules.save(conn, made.pk, **connect.rule_of(made))
    return made


@pytest.fixture
def identity(database):
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def told(conn, identity, store, at, url=BACK, cart="c1", **more):
    """A cart of somebody as the shop told it, handled."""
    lines = [{"name": "Mug", "sku": "M1", "quantity": 2, "price": "29.90"}]
    one = {"cart_id": cart, "email": "a@b.example", "currency": "EUR", "lines": lines, "url": url, **more}
    body = json.dumps({"kind": "cart", "occurred_at": iso(at), "object": one}).encode()
    deliveries.store(conn, store.pk, "ingest", "ingest", body, at)
    handle(conn, identity)


def handle(conn, identity, at=None):
    while pipeline.drain(conn, identity, 0):
        pass
    while pipeline.refresh_dirty(conn, 0):
        pass
    pipeline.sweep(conn, at or now())


def state(conn):
    return conn.execute("select state from cart").fetchone()[0]


def click(address, method="get", agent=BROWSER, **headers):
    client = Client(headers={"user-agent": agent, **headers})
    return getattr(client, method)("/r/" + address.rpartition("/r/")[2])


def waiting(conn):
    return deliveries.waiting(conn).count


def test_a_shop_asked_at_another_address_than_its_shoppers_see_leads_to_theirs(conn, identity, store):
    conn.execute("""update stores_store set url = 'https://api.example/stores/1',
        learned = '{"storefront": "https://tiny.example"}'""")
    known.forget()
    for number, url in enumerate([BACK, "https://api.example/stores/1/cart"]):
        told(conn, identity, store, now() - timedelta(hours=3), url, cart=f"c{number}")
    links = recovery.make(conn, [(store.pk, "c0"), (store.pk, "c1")], now())
    assert [click(link)["Location"] for link in links] == [BACK, "https://tiny.example"]
    assert known.by_key(conn, store.key).host == "tiny.example"


def test_abandoned_cart_becomes_recovered_with_its_lines_and_is_led_to_the_shop(conn, identity, store):
    told(conn, identity, store, now() - timedelta(hours=3))
    assert state(conn) == "abandoned"
    [address] = recovery.make(conn, [(store.pk, "c1")], now())
    answer = click(address)
    assert (answer.status_code, answer["Location"]) == (302, BACK)
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")
    handle(conn, identity)
    assert state(conn) == "recovered"
    assert conn.execute("select name, sku, quantity, total from cart_line").fetchall() == [
        ("Mug", "M1", 2, Decimal("59.80"))
    ]
    assert conn.execute("select count(*) from conversion where name = 'Cart recovered'").fetchone()[0] == 1
    assert conn.execute("select count(*) from quarantine").fetchone()[0] == 0
    [link] = recovery.of(conn, [(store.pk, "c1"), (store.pk, "other")])
    assert (link.opened, link.cart) == (1, "c1")
    assert link.opened_at is not None


def test_database_holds_no_token_and_the_address_no_person(conn, store):
    [address] = recovery.make(conn, [(store.pk, "c1")], now())
    token = address.rpartition("/r/")[2]
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/r/[A-Za-z0-9_-]{22}", address)
    [(kept,)] = conn.execute("select token_hash from recovery_link").fetchall()
    assert bytes(kept) == hashlib.sha256(token.encode()).digest()
    dump = conn.execute("select recovery_link::text from recovery_link").fetchone()[0]
    assert token not in dump
    assert len({*recovery.make(conn, [(store.pk, "c1")] * 50, now())}) == 50


@pytest.mark.parametrize(
    ("method", "agent", "headers", "status"),
    [
        ("head", BROWSER, {}, 302),
        ("get", BROWSER, {"purpose": "prefetch"}, 503),
        ("get", BROWSER, {"sec-purpose": "prefetch;prerender"}, 503),
        ("get", BROWSER, {"x-moz": "prefetch"}, 503),
        ("get", "Slackbot-LinkExpanding 1.0 (+https://api.slack.example/robots)", {}, 302),
        ("get", "facebookexternalhit/1.1", {}, 302),
        ("get", "WhatsApp/2.23.20.0", {}, 302),
        ("get", "", {}, 302),
        ("post", BROWSER, {}, 405),
    ],
)
def test_what_no_person_opened_does_not_count(conn, identity, store, caplog, method, agent, headers, status):
    told(conn, identity, store, now() - timedelta(hours=3))
    [address] = recovery.make(conn, [(store.pk, "c1")], now())
    answer = click(address, method, agent, **headers)
    assert answer.status_code == status
    if status == 302:
        assert answer["Location"] == BACK
    assert waiting(conn) == 0
    assert recovery.of(conn, [(store.pk, "c1")])[0].opened == 0
    assert address.rpartition("/r/")[2] not in caplog.text


def test_impatient_clicks_are_one_moment_a_minute(conn, identity, store):
    told(conn, identity, store, now() - timedelta(hours=3))
    [address] = recovery.make(conn, [(store.pk, "c1")], now())
    target = recovery.find(conn, address.rpartition("/r/")[2])
    at = now().replace(second=1)
    for seconds in (0, 1, 30, 61):
        recovery.opened(conn, address.rpartition("/r/")[2], target, at + timedelta(seconds=seconds))
    assert waiting(conn) == 2
    assert recovery.of(conn, [(store.pk, "c1")])[0].opened == 2


def test_click_after_the_order_brings_no_ordered_cart_back(conn, identity, store):
    told(conn, identity, store, now() - timedelta(hours=3))
    order = {
        "order_id": "9", "status": "completed", "currency": "EUR", "total": "59.80", "email": "a@b.example",
        "placed_at": iso(now() - timedelta(hours=1)), "cart_id": "c1",
        "lines": [{"name": "Mug", "quantity": 2, "price": "29.90"}],
    }  # fmt: skip
    body = json.dumps({"kind": "order", "occurred_at": iso(now()), "object": order}).encode()
    deliveries.store(conn, store.pk, "ingest", "ingest", body, now())
    handle(conn, identity)
    before = state(conn)
    assert before in {"ordered", "purchased"}
    [address] = recovery.make(conn, [(store.pk, "c1")], now())
    assert click(address).status_code == 302
    assert waiting(conn) == 0
    handle(conn, identity)
    assert state(conn) == before


def test_late_cut_off_and_made_up_links_end_on_a_page_that_helps(conn, identity, store):
    told(conn, identity, store, now() - timedelta(hours=3))
    [late] = recovery.make(conn, [(store.pk, "c1")], now() - timedelta(days=31))
    answer = click(late)
    assert answer.status_code == 410
    assert 'href="https://tiny.example"' in answer.content.decode()
    assert "choose your products again" in answer.content.decode()
    german = click(late, **{"accept-language": "de"}).content.decode()
    assert "Dieser Link ist nicht mehr gültig" in german
    for made_up in ("A" * 22, late[:-3], "x", "%00" * 22):
        answer = click(made_up)
        assert answer.status_code == 404
        assert "tiny" not in answer.content.decode()
    assert waiting(conn) == 0
    assert recovery.clean(conn, now()) == 1
    assert click(late).status_code == 404


def test_disconnected_store_and_vanished_cart_do_not_break_the_link(conn, store):
    import asyncio

    [address] = recovery.make(conn, [(store.pk, "never seen")], now())
    answer = click(address)
    assert (answer.status_code, answer["Location"]) == (302, "https://tiny.example")
    asyncio.run(health.disconnect(conn, store.pk, None, ""))
    assert click(address).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/cart",
        "https://eviltiny.example/cart",
        "https://tiny.example.evil.example/",
        "https://tiny.example@evil.example/",
        "https://user@tiny.example/",
        "https://evil.example\\@tiny.example/",
        "//evil.example/",
        "http://tiny.example/cart",  # the shop is on https: nobody is led back to plain http
        "https://tiny.example:8443/",
        "https://tiny.example:99999/",
        "javascript:alert(1)//tiny.example",
        "ftp://tiny.example/",
        "https://tiny.example/\r\nSet-Cookie: a=b",
        "/cart",
        "",
        None,
    ],
)
def test_link_of_ours_leads_nowhere_but_to_the_shop(url):
    assert recovery.safe(url, "https://tiny.example") is None


@pytest.mark.parametrize(
    ("url", "shop"),
    [
        (BACK, "https://tiny.example"),
        (BACK, "https://www.tiny.example/shop"),
        ("https://www.TINY.example:443/cart", "https://tiny.example"),
        ("https://tiny.example/cart", "http://tiny.example"),
        ("http://127.0.0.1:8080/cart", "http://127.0.0.1:8080"),
    ],
)
def test_shop_s_own_addresses_are_followed(url, shop):
    assert recovery.safe(url, shop) == url


def test_cart_that_names_another_server_is_led_to_the_shop_s_front_page(conn, identity, store):
    told(conn, identity, store, now() - timedelta(hours=3), url="https://evil.example/cart")
    [address] = recovery.make(conn, [(store.pk, "c1")], now())
    assert click(address)["Location"] == "https://tiny.example"
