"""Harm to the shop's customers: written to when they should not be, or shown to strangers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client, RequestFactory

from cartfolk import pipeline
from cartfolk.commerce import consent
from cartfolk.connectors.canonical import Consent, ConsentStatus, Customer
from cartfolk.core.time import now
from cartfolk.inbox import doors, known, recovery, tracker
from cartfolk.segments import build, stored

from .scene import Scene, dump

GRANTED, WITHDRAWN = ConsentStatus.GRANTED, ConsentStatus.WITHDRAWN


def test_abandoned_cart_mail_after_the_purchase(open_shop: Callable[..., Scene]) -> None:
    """The cart knows one address, the order another and the account; in any order of arrival nothing is abandoned."""
    for order_of_arrival in itertools.permutations(range(3)):
        shop = open_shop()
        told = [
            shop.cart(shop.ago(hours=5)),
            Customer("77", shop.email(), shop.ago(days=9)),
            shop.order(5, email=shop.email("work"), customer_id="77", placed_at=shop.ago(hours=4.9)),
        ]
        for place in order_of_arrival:
            shop.tell(told[place])
        pipeline.sweep(shop.conn, now())
        assert shop.cart_states() == ["ordered"], order_of_arrival
        assert "Abandoned Cart" not in shop.conversions(), order_of_arrival
    shop = open_shop()  # one that writes the cart once more when its order is made
    shop.tell(shop.order(6, cart_id="c", placed_at=shop.ago(hours=5)), shop.cart(shop.ago(hours=4.9)))
    pipeline.sweep(shop.conn, now())
    assert shop.cart_states() == ["ordered"]
    assert "Abandoned Cart" not in shop.conversions()


def test_sync_changes_consent(shop: Scene) -> None:
    def entry(status: ConsentStatus, hours: float, source: str) -> Consent:
        return Consent(status, shop.ago(hours=hours), source, email=shop.email())

    agreed = {"type": "consent", "channel": "email", "purpose": "marketing", "status": "granted"}
    number = stored.create(shop.conn, f"May be written to {shop.number}", {"version": 1, "root": agreed}, "user:1")
    assert build.build(shop.conn, number)

    def granted() -> bool:
        """What the ledger, the contact's property and the segment say, which must be the same."""
        found = consent.granted(shop.conn, shop.contact())
        assert (shop.value("newsletter_subscription") == "yes") == found
        assert (shop.contact() in stored.members(shop.conn, number)) == found
        return found

    shop.tell(shop.order(1))
    assert not granted(), "a buyer is no subscriber"
    shop.tell(entry(GRANTED, 50, "checkout"))
    assert granted()
    shop.tell(entry(WITHDRAWN, 40, "unsubscribe link"))
    for source in ("import", "sync"):  # what the shop still believes, told again and later
        shop.tell(entry(GRANTED, 30, source), lane=pipeline.BULK)
    assert not granted()
    shop.tell(entry(GRANTED, 45, "checkout"))  # late: it happened before the withdrawal
    assert not granted()
    shop.tell(entry(GRANTED, 20, "registration"))
    assert granted(), "the person's own later act"


def test_imported_history_triggers_automations(open_shop: Callable[..., Scene]) -> None:
    shop = open_shop(live_from=now())
    buyers = {"type": "event", "event": "order", "measure": "count", "operator": "greater_equal", "value": 1}
    number = stored.create(shop.conn, f"Buyers {shop.number}", {"version": 1, "root": buyers}, "user:1")
    assert build.build(shop.conn, number)
    shop.tell(*(shop.order(n, placed_at=shop.ago(days=400 - n)) for n in range(3)), lane=pipeline.BULK)
    found = shop.rows("select name, historic from conversion where contact_id = %s", shop.contact())
    assert found == [("Last Order Summary", True)]
    moves = [move for move in stored.moves(shop.conn, number).rows if move["contact_id"] == shop.contact()]
    assert [(move["joined"], move["historic"]) for move in moves] == [(True, True)]


def test_recovery_link_lets_strangers_in(shop: Scene) -> None:
    shop.tell(shop.cart(shop.ago(hours=3), url="https://shop.example/cart?restore=1"))
    links = recovery.make(shop.conn, [(shop.store, "c")] * 2, now())
    tokens = [link.rpartition("/")[2] for link in links]
    assert len(set(tokens)) == 2
    assert all(len(token) >= 22 for token in tokens), "128 random bits"
    assert not any(token in dump(shop.conn) for token in tokens), "only hashes are kept"
    told = Client(headers={"user-agent": "Mozilla/5.0 Firefox/150.0"}).get(f"/r/{tokens[0]}")
    assert told["Location"] == "https://shop.example/cart?restore=1"
    assert not told.cookies, "it signs nobody in"
    assert shop.email() not in str(told.headers) + told.text
    assert Client().get(f"/r/{tokens[0][:-1]}x").status_code == 404


def test_recovery_link_opens_another_or_an_empty_cart(shop: Scene) -> None:
    for token in ("a", "b"):
        shop.tell(
            shop.cart(shop.ago(hours=3), token, url=f"https://shop.example/cart/{token}", email=shop.email(token))
        )
    shop.tell(shop.cart(shop.ago(hours=1), "a", url="https://evil.example/cart", email=shop.email("a")))
    link_a, link_b = recovery.make(shop.conn, [(shop.store, "a"), (shop.store, "b")], now())
    old = recovery.make(shop.conn, [(shop.store, "b")], shop.ago(days=99), timedelta(days=1))[0]
    client = Client(headers={"user-agent": "Mozilla/5.0 Firefox/150.0"})

    def opened(link: str) -> str:
        return client.get("/r/" + link.rpartition("/")[2]).headers.get("Location", "")

    assert opened(link_b) == "https://shop.example/cart/b"
    assert opened(link_a).rstrip("/") == "https://shop.example", "an address elsewhere is not followed"
    late = client.get("/r/" + old.rpartition("/")[2])
    assert late.status_code == 410
    assert "https://shop.example" in late.text, "a page that leads to the shop, not an error"


def test_personal_data_before_consent(shop: Scene) -> None:
    """A cart of nobody is no contact; it becomes one with its history when an address is given."""
    for minutes in (300, 200):
        shop.tell(shop.cart(shop.ago(minutes=minutes), email=None))
    assert shop.contacts() == 0
    assert shop.cart_states() == []
    shop.tell(shop.cart(shop.ago(minutes=100), checkout=True))
    assert shop.contacts() == 1
    found = shop.rows("select created_at from cart where store_id = %s", shop.store)
    assert found == [(shop.ago(minutes=300),)]
    assert not consent.granted(shop.conn, shop.contact()), "to know an address is not to be allowed to write"


@pytest.mark.parametrize(
    ("way", "state"), [("checkout", "abandoned"), ("account", "abandoned"), ("order", "ordered"), ("script", "open")]
)
def test_guests_address_is_not_captured(shop: Scene, way: str, state: str) -> None:
    """Whichever way the address comes, the cart is that person's from its first moment; one without stays nobody's."""
    for token in ("c", "another"):
        shop.tell(shop.cart(shop.ago(hours=5), token, email=None))
    assert shop.contacts() == 0
    later = shop.ago(hours=4)
    match way:
        case "checkout":
            shop.tell(shop.cart(later, checkout=True))
        case "account":
            shop.tell(Customer("7", shop.email(), shop.ago(days=2)), shop.cart(later, email=None, customer_id="7"))
        case "order":
            shop.tell(shop.order(5, cart_id="c", placed_at=later, updated_at=later))
        case "script":
            known.forget()
            lines = [{"name": "Tea", "quantity": 1, "price": "9.50"}]
            told = {"cart_id": "c", "email": shop.email(), "currency": "EUR", "lines": lines}
            moment = {"kind": "cart", "object": told}
            page = {"HTTP_ORIGIN": "https://shop.example", "HTTP_USER_AGENT": "Mozilla/5.0 Firefox/150.0"}
            sent = RequestFactory().post("/", json.dumps(moment).encode(), content_type="text/plain", **page)
            assert doors.track(sent, shop.made.key).status_code == 204
            shop.handle()
    pipeline.sweep(shop.conn, now())
    found = shop.rows("select contact_id, created_at, state from cart where store_id = %s", shop.store)
    assert found == [(shop.contact(), shop.ago(hours=5), state)]
    waiting = shop.rows("select external_id from anonymous_cart where store_id = %s", shop.store)
    assert waiting == [("another",)]


def test_recovered_cart_shown_as_abandoned_again(shop: Scene) -> None:
    first = shop.cart(shop.ago(hours=9))
    shop.tell(first)
    pipeline.sweep(shop.conn, now())
    assert shop.cart_states() == ["abandoned"]
    shop.tell(shop.cart(shop.ago(hours=2), recovered=True))
    shop.tell(first)  # told once more, late
    shop.tell(shop.order(8, cart_id="c", placed_at=shop.ago(hours=1.9), updated_at=shop.ago(hours=1.9)))
    shop.tell(first)
    pipeline.sweep(shop.conn, now() + timedelta(days=2))
    assert shop.cart_states() == ["ordered"]
    assert shop.conversions().count("Abandoned Cart") == 1
    assert shop.conversions().count("Cart recovered") == 1
    other = shop.cart(shop.ago(hours=9), "d", email=shop.email("bob"))
    shop.tell(other)
    shop.tell(shop.cart(shop.ago(minutes=20), "d", email=shop.email("bob"), recovered=True), other)
    pipeline.sweep(shop.conn, now())
    assert shop.cart_states() == ["ordered", "recovered"]


@pytest.mark.parametrize("agent", ["Googlebot/2.1", "python-requests/2.33", "", "HeadlessChrome/151"])
def test_bots_are_people(agent: str) -> None:
    assert tracker.is_robot(agent) or not recovery.is_person(agent)


def test_bots_and_empty_carts_flood_the_table(shop: Scene) -> None:
    shop.tell(*(shop.cart(shop.ago(hours=1), f"bot{n}", email=None) for n in range(500)))
    shop.tell(*(shop.cart(shop.ago(hours=1), f"empty{n}", email=None, lines=()) for n in range(100)))
    assert shop.contacts() == 0
    assert shop.rows("select count(*) from cart where store_id = %s", shop.store) == [(0,)]
