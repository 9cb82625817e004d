"""Risk: a copied shop's testers become contacts, or a shop that moved loses what it said meanwhile."""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg
import pytest
from django.test import Client

from cartfolk import pipeline
from cartfolk.commerce import rules
from cartfolk.connectors import registry
from cartfolk.connectors.base import CheckReport, CheckStep
from cartfolk.connectors.woocommerce.tests.door import Door
from cartfolk.core import secrets
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import known, strangers
from cartfolk.simulator import start_simulator
from cartfolk.stores import connect, health, lookup, senders
from cartfolk.stores.credentials import ingest_secret
from cartfolk.stores.models import Store

PLATFORMS = ("openmage", "medusa", "vendure", "magento2", "prestashop", "woocommerce")


def made(conn: Connection, platform: str, url: str = "https://shop.example") -> Store:
    known.forget()
    keys = {item.name: "x" for item in registry.get(platform).info.fields if item.required and item.name != "url"}
    wish = connect.Application(platform, "shop", keys | {"url": url})
    store = connect.save(conn, wish, CheckReport((CheckStep("keys", True, "ok"),), "Shop", "EUR", "UTC", "same"), now())
    rules.save(conn, store.pk, **connect.rule_of(store))
    return store


def send(store: Store, door: str, told: Any, number: int) -> Any:
    """What a module sends; the answer's JSON with its status."""
    body, stamp, name = json.dumps(told).encode(), int(time.time()), f"msg_{number}"
    headers = {
        "webhook-id": name, "webhook-timestamp": str(stamp),
        "webhook-signature": secrets.sign(ingest_secret(store), name, stamp, body),
    }  # fmt: skip
    answer = Client().post(f"/{door}/{store.key}", body, content_type="application/json", headers=headers)
    return answer.json() | {"code": answer.status_code}


def cart(number: int, site: str | None) -> dict[str, Any]:
    told = {
        "id": f"c{number}", "kind": "cart", "occurred_at": "2026-03-01T10:00:00Z",
        "object": {"cart_id": f"c{number}", "email": f"p{number}@example.org", "currency": "EUR",
                   "lines": [{"name": "Tea", "quantity": 1, "price": "5.00"}]},
    }  # fmt: skip
    return told if site is None else told | {"site": site}


def handle(conn: Connection, database: str) -> set[str]:
    """Everything that may be handled is; the e-mails of all carts' contacts."""
    with psycopg.connect(database, autocommit=True) as identity:
        while pipeline.drain(conn, identity, pipeline.LIVE, 500):
            pass
    return {row[0] for row in conn.execute("select value from identity where kind = 'email'")}


def again(conn: Connection, store: Store) -> Store:
    return lookup.by_id(conn, store.pk)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_carts_of_a_copy_are_kept_and_not_applied_until_its_owner_decides(
    platform: str, conn: Connection, database: str
) -> None:
    store = made(conn, platform)
    assert send(store, "ingest/v1", cart(1, "https://www.shop.example/"), 1)["status"] == "stored"
    assert send(store, "ingest/v1", cart(2, None), 2)["status"] == "stored", "an older module"
    assert send(store, "ingest/v1", [cart(3, "http://shop.example"), cart(4, "staging.example")], 3)["status"] == "held"
    assert handle(conn, database) == {"p1@example.org", "p2@example.org"}
    stopped = again(conn, store)
    assert stopped.state == "stopped"
    assert "staging.example" in stopped.state_reason
    assert strangers.waiting(conn, stopped) == ("staging.example", 1)
    assert send(store, "ingest/v1", cart(5, "https://shop.example"), 5)["status"] == "stored", (
        "the shop goes on telling"
    )

    assert strangers.copied(conn, stopped) == "staging.example"
    assert again(conn, store).state == "connected"
    refused = send(store, "ingest/v1", cart(6, "https://staging.example"), 6)
    assert refused["code"] == 400
    assert "copy" in refused["error"]
    assert again(conn, store).state == "connected", "a known copy stops nothing"
    assert handle(conn, database) == {f"p{n}@example.org" for n in (1, 2, 5)}


@pytest.mark.parametrize("platform", ["vendure", "medusa"])
def test_hints_of_a_copy_are_held_and_a_moved_shop_loses_nothing(platform: str, conn: Connection) -> None:
    store = made(conn, platform)

    def hint(number: int, site: str) -> Any:
        return send(store, "hooks", {"stream": "orders", "ids": [str(number)], "site": site}, number)

    assert hint(1, "https://shop.example")["status"] == "stored"
    assert hint(2, "https://new.example")["status"] == "held"
    assert hint(3, "https://new.example")["status"] == "held"
    states = "select hint -> 'ids' ->> 0, state from delivery order by 1"
    assert conn.execute(states).fetchall() == [("1", "new"), ("2", "held"), ("3", "held")]
    assert strangers.moved(conn, again(conn, store)) == "new.example"
    assert conn.execute(states).fetchall() == [("1", "new"), ("2", "new"), ("3", "new")]
    assert again(conn, store).state == "connected"
    assert hint(4, "https://new.example/")["status"] == "stored"
    assert hint(5, "https://shop.example")["status"] == "held", "the old place is the copy now"


def test_carts_and_hints_are_compared_with_the_same_place(conn: Connection) -> None:
    store = made(conn, "medusa")
    send(store, "hooks", {"stream": "orders", "ids": ["o1"], "site": "https://shop.example:443"}, 1)
    assert send(store, "ingest/v1", cart(1, "https://shop.example"), 2)["status"] == "stored"
    assert send(store, "ingest/v1", cart(2, "https://shop.example/copy"), 3)["status"] == "held"


def test_an_owner_who_resumes_without_deciding_is_asked_again(conn: Connection) -> None:
    store = made(conn, "openmage")
    send(store, "ingest/v1", cart(1, "shop.example"), 1)
    send(store, "ingest/v1", cart(2, "staging.example"), 2)
    health.resume(conn, store.pk)
    assert send(store, "ingest/v1", cart(3, "staging.example"), 3)["status"] == "held"
    assert again(conn, store).state == "stopped"
    assert strangers.waiting(conn, again(conn, store)) == ("staging.example", 2)


def test_what_is_learned_of_webhooks_and_a_new_connection_leave_the_place_alone(conn: Connection) -> None:
    store = made(conn, "openmage")
    senders.judge(conn, store, "shop.example")
    made(conn, "openmage")
    assert again(conn, store).learned["site"] == "shop.example"
    assert senders.judge(conn, store, "shop.example") == "own", "as it was read before anything was learned"


def hand_in(store: Store, door: Door) -> None:
    """What arrived at a real door goes through ours as it is."""
    heard, door.heard = door.heard, []
    assert heard
    for headers, body in heard:
        kept = {name: value for name, value in headers.items() if name.startswith("webhook-")}
        answer = Client().post(f"/ingest/v1/{store.key}", body, content_type="application/json", headers=kept)
        assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("platform", ["openmage", "medusa", "vendure"])
def test_a_simulated_shop_and_its_copy(platform: str, conn: Connection, database: str) -> None:
    """Two shops made from the same seed: the same database, the same keys, the same secret, two addresses."""
    options = {"platform": platform, "seed": 5, "customers": 20}
    with start_simulator(**options) as shop, start_simulator(**options) as copy:
        store = made(conn, platform, shop.url)
        door = Door()
        for one in (shop, copy):
            one.ingest(door.url, ingest_secret(store), told=True)
        shop.live(60)
        hand_in(store, door)
        handle(conn, database)
        before = conn.execute("select count(*) from cart").fetchone()
        assert before
        assert before[0]
        copy.live(60)
        hand_in(store, door)
        door.close()
        handle(conn, database)
        assert conn.execute("select count(*) from cart").fetchone() == before
        stopped = again(conn, store)
        assert stopped.state == "stopped"
        waiting = strangers.waiting(conn, stopped)
        assert waiting
        assert waiting[0] == senders.place(copy.url)
        assert waiting[1]


@pytest.mark.parametrize(
    ("address", "place"),
    [("https://www.Shop.example/", "shop.example"), ("http://shop.example:80/de/", "shop.example/de"),
     ("shop.example:8080", "shop.example:8080"), ("", ""), ("https://", ""), ("https://a b", ""), (None, ""),
     ("http://[::1", ""), ("x" * 301, "")],
)  # fmt: skip
def test_places_are_compared_without_what_says_nothing(address: object, place: str) -> None:
    assert senders.place(address) == place
    assert senders.place(place) == place
