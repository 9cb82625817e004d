"""The shop lives: what shoppers do reaches webhooks and the ingest door, and the truth follows."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from cartfolk.simulator import SimulatedShop, SimulatorFailed, start_simulator

from .conftest import Receiver

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
YESTERDAY = "2026-11-22T10:00:00Z"


def envelopes(receiver: Receiver) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for heard in receiver.heard:
        body = json.loads(heard.body)
        found += body if isinstance(body, list) else [body]
    return found


def test_same_seed_lives_the_same_day():
    told = []
    for _ in range(2):
        with start_simulator(seed=4, customers=80, now=YESTERDAY, frozen_clock=True) as shop:
            shop.live(1440)
            told.append(shop.truth())
    assert told[0] == told[1]
    assert told[0]["now"] == "2026-11-23T10:00:00Z"
    assert told[0]["carts"]


@pytest.fixture(scope="module")
def lived():
    """A day of a shop whose carts and webhooks were heard."""
    with start_simulator(seed=8, customers=1500, now=YESTERDAY, frozen_clock=True) as shop:
        yield shop, shop.truth(people=False)


def test_a_day_brings_orders_carts_refunds_and_accounts(lived, receiver: Receiver):
    shop, before = lived
    shop.ingest(receiver.url, SECRET)
    played = shop.live(3 * 1440)
    after = shop.truth(people=False)
    assert played["settled"]
    for thing in ("orders", "customers", "refunds", "counted_orders"):
        assert after[thing] > before[thing], thing
    for deed in ("carts_left", "checkouts_left", "recovered", "registered", "email_changes", "shipped"):
        assert played["life"].get(deed, 0) > 0, deed
    events = envelopes(receiver)
    assert len({event["id"] for event in events}) == len(events) == played["ingest"]["delivered"]
    assert {event["kind"] for event in events} == {"cart", "checkout"}
    carts = [event["object"] for event in events]
    assert any(cart["lines"] == [] for cart in carts), "somebody emptied the cart"
    assert any(cart["recovered"] for cart in carts)
    assert any(cart["email"] is None for cart in carts)
    assert all(event["object"]["email"] for event in events if event["kind"] == "checkout")
    assert any(cart["customer_id"] for cart in carts)
    for cart in carts:
        assert float(cart["total"]) == pytest.approx(sum(float(line["total"]) for line in cart["lines"]))
        assert float(cart["subtotal"]) + float(cart["tax"]) == pytest.approx(float(cart["total"]))
        assert cart["cart_id"] in cart["url"]
    known = {cart["cart_id"] for cart in after["carts"]}
    assert {cart["cart_id"] for cart in carts} <= known
    times = [event["occurred_at"] for event in events]
    assert times == sorted(times), "sent in order"


def test_envelopes_are_signed_by_standard_webhooks(lived, receiver: Receiver):
    shop, _before = lived
    shop.ingest(receiver.url, SECRET)
    shop.live(60)
    heard = receiver.heard[0]
    signed = f"{heard.headers['webhook-id']}.{heard.headers['webhook-timestamp']}.".encode() + heard.body
    digest = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert heard.headers["webhook-signature"] == f"v1,{digest}"
    assert abs(int(heard.headers["webhook-timestamp"]) - time.time()) < 60


def test_orders_know_their_cart_and_fire_webhooks(shop: SimulatedShop, api, receiver: Receiver):
    for topic in ("order.created", "order.updated", "customer.created"):
        api.post("webhooks", json={"topic": topic, "delivery_url": receiver.url, "secret": "s"})
    played = shop.live(1440)
    created = [json.loads(heard.body) for heard in receiver.of_topic("order.created")]
    assert len(created) == played["life"]["orders"]
    carts = {cart["cart_id"]: cart for cart in shop.truth(people=False)["carts"]}
    for order in created:
        (token,) = [meta["value"] for meta in order["meta_data"] if meta["key"] == "_cartfolk_cart"]
        assert carts[token]["order_id"] == str(order["id"])


def test_nothing_is_dated_after_the_real_time(shop: SimulatedShop, api):
    shop.live(1440)
    newest = api.get("orders", params={"orderby": "date", "per_page": 1}).json()[0]
    assert newest["date_created_gmt"] <= time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())


def test_a_day_can_be_caught_up_to_now():
    start = int(time.time()) - 86400
    with start_simulator(seed=6, customers=60, now=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start))) as shop:
        shop.live(1440)
        told = shop.truth(people=False)
        moments = [cart["updated"] for cart in told["carts"]]
    behind = time.mktime(time.strptime(told["now"], "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(time.gmtime())
    assert abs(behind) < 10
    assert min(moments)[:13] < max(moments)[:13], "spread over the day"


def test_live_rate_moves_by_itself(shop: SimulatedShop):
    shop.live_at(200)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and shop.stats()["life"].get("actions", 0) < 50:
        time.sleep(0.05)
    shop.live_at(0)
    actions = shop.stats()["life"]["actions"]
    assert actions >= 50
    time.sleep(0.2)
    assert shop.stats()["life"]["actions"] == actions


def test_a_wrong_secret_is_refused(shop: SimulatedShop):
    with pytest.raises(SimulatorFailed, match="whsec_"):
        shop.ingest("http://127.0.0.1:1/", "plain")
    with pytest.raises(SimulatorFailed, match="do='dance'"):
        shop.act("dance")


def test_acts_are_refused_with_the_field_that_is_wrong(shop: SimulatedShop):
    order = shop.act("order", email="a@example.com")["order"]
    with pytest.raises(SimulatorFailed, match="left to refund"):
        shop.act("refund", order_id=order["id"], amount="99999999.00")
    assert shop.act("refund", order_id=order["id"])["order"]["status"] == "refunded"
    shop.act("register", email="taken@example.com")
    with pytest.raises(SimulatorFailed, match="already has an account"):
        shop.act("register", email=" TAKEN@example.com")
