"""Webhooks: signed, late, doubled, never repeated, and switched off after seven failures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from cartfolk.simulator import SimulatedShop

from .conftest import Heard, Receiver

SECRET = "a-secret-without-markup"


def hook(api: httpx2.Client, receiver: Receiver, topic: str, secret: str = SECRET) -> dict[str, Any]:
    body = {"name": topic, "topic": topic, "delivery_url": receiver.url, "secret": secret}
    answer = api.post("webhooks", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def settled(shop: SimulatedShop, condition: Callable[[], bool] = lambda: True) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not shop.stats()["webhook_backlog"] and condition():
            return
        time.sleep(0.02)
    raise AssertionError("the deliveries did not settle")


def signed(heard: Heard, secret: str) -> bool:
    digest = hmac.new(secret.encode(), heard.body, hashlib.sha256).digest()
    return heard.headers["x-wc-webhook-signature"] == base64.b64encode(digest).decode()


def test_creation_pings_unsigned_and_hides_the_secret(shop, api, receiver: Receiver):
    made = hook(api, receiver, "order.created")
    assert "secret" not in made
    ping = receiver.heard[0]
    assert ping.body == f"webhook_id={made['id']}".encode()
    assert "x-wc-webhook-signature" not in ping.headers
    assert "x-wc-webhook-topic" not in ping.headers
    receiver.status = 204
    pending = hook(api, receiver, "order.updated")
    shown = {each["id"]: each["pending_delivery"] for each in shop.webhooks()["webhooks"]}
    assert shown == {made["id"]: False, pending["id"]: True}, "only exactly 200 ends the pending state"


def test_one_checkout_tells_created_and_updated_signed(shop, api, receiver: Receiver):
    for topic in ("order.created", "order.updated", "customer.created"):
        hook(api, receiver, topic)
    order = shop.act("order", email="Guest@Example.com ")["order"]
    shop.act("register", email="new@example.com")
    settled(shop)
    (created,) = receiver.of_topic("order.created")
    (updated,) = receiver.of_topic("order.updated")
    (customer,) = receiver.of_topic("customer.created")
    assert json.loads(created.body)["id"] == json.loads(updated.body)["id"] == order["id"]
    assert json.loads(customer.body)["email"] == "new@example.com"
    for heard in (created, updated, customer):
        assert signed(heard, SECRET)
        assert heard.headers["user-agent"].startswith("WooCommerce/")
        assert heard.headers["x-wc-webhook-source"] == shop.url + "/"
    assert created.headers["x-wc-webhook-resource"] == "order"
    assert created.headers["x-wc-webhook-event"] == "created"
    assert created.headers["x-wc-webhook-id"] == "1"


def test_secret_with_markup_is_decoded_before_signing(shop, api, receiver: Receiver):
    hook(api, receiver, "order.created", secret="a&amp;b")
    shop.act("order", email="x@example.com")
    settled(shop)
    assert signed(receiver.of_topic("order.created")[0], "a&b")


def test_delivery_id_repeats_within_a_second(shop, api, receiver: Receiver):
    hook(api, receiver, "order.created")
    for number in range(20):
        shop.act("order", email=f"x{number}@example.com")
    settled(shop)
    ids = [heard.headers["x-wc-webhook-delivery-id"] for heard in receiver.of_topic("order.created")]
    assert len(ids) == 20
    assert len(set(ids)) < 20


def test_body_is_built_at_delivery_and_waiting_jobs_are_one(shop, api, receiver: Receiver):
    hook(api, receiver, "order.updated")
    shop.post_fault("webhook_latency", seconds=0.4)
    order = shop.act("order", email="x@example.com", status="pending")["order"]
    shop.act("status", order_id=order["id"], status="processing")
    shop.act("status", order_id=order["id"], status="completed")
    settled(shop)
    (heard,) = receiver.of_topic("order.updated")
    assert json.loads(heard.body)["status"] == "completed"


def test_deleted_carries_the_id_only_and_trash_counts_as_deleted(shop, api, receiver: Receiver):
    hook(api, receiver, "order.deleted")
    one, two = (shop.act("order", email="x@example.com")["order"]["id"] for _ in range(2))
    shop.act("delete_order", order_id=one)
    shop.act("status", order_id=two, status="trash")
    settled(shop)
    assert {heard.body for heard in receiver.of_topic("order.deleted")} == {
        f'{{"id":{one}}}'.encode(),
        f'{{"id":{two}}}'.encode(),
    }
    assert api.get(f"orders/{one}").status_code == 404


def test_drafts_leak_through_updated(shop, api, receiver: Receiver):
    hook(api, receiver, "order.updated")
    shop.act("order", email="x@example.com", status="checkout-draft")
    settled(shop)
    assert json.loads(receiver.of_topic("order.updated")[0].body)["status"] == "checkout-draft"


def test_nothing_is_sent_again_and_the_seventh_failure_disables(shop, api, receiver: Receiver):
    made = hook(api, receiver, "order.created")
    receiver.status = 500

    def status() -> str:
        return str(api.get(f"webhooks/{made['id']}").json()["status"])

    for number in range(1, 8):
        assert status() == "active"
        shop.act("order", email=f"x{number}@example.com")
        settled(shop)
        assert len(receiver.of_topic("order.created")) == number
    assert status() == "disabled"
    shop.act("order", email="unheard@example.com")
    settled(shop)
    assert len(receiver.of_topic("order.created")) == 7
    receiver.status = 200
    assert api.put(f"webhooks/{made['id']}", json={"status": "active"}).json()["status"] == "active"
    shop.act("order", email="heard@example.com")
    settled(shop)
    assert len(receiver.of_topic("order.created")) == 8


def test_a_success_resets_the_count_and_redirects_count_as_success(shop, api, receiver: Receiver):
    made = hook(api, receiver, "order.created")
    for status in (500, 500, 500, 500, 500, 500, 301, 500):
        receiver.status = status
        shop.act("order", email="x@example.com")
        settled(shop)
    assert api.get(f"webhooks/{made['id']}").json()["status"] == "active"
    assert {heard.path for heard in receiver.heard} == {"/hook"}, "redirects are not followed"


def test_owner_without_rights_sends_a_signed_error(shop, api, receiver: Receiver):
    key = shop.new_key("read_write")
    with httpx2.Client(base_url=str(api.base_url), auth=key, trust_env=False) as other:
        hook(other, receiver, "order.created")
    shop.change_key(key[0], privileged=False)
    shop.act("order", email="x@example.com")
    settled(shop)
    (heard,) = receiver.of_topic("order.created")
    assert signed(heard, SECRET)
    assert json.loads(heard.body)["code"] == "woocommerce_rest_cannot_view"


def test_faults_drop_double_and_reorder(shop, api, receiver: Receiver):
    hook(api, receiver, "order.created")
    shop.post_fault("webhook_drop", count=1)
    lost = shop.act("order", email="lost@example.com")["id"]
    settled(shop)
    shop.post_fault("webhook_duplicate", count=1)
    twice = shop.act("order", email="twice@example.com")["id"]
    settled(shop)
    shop.clear_faults()
    shop.post_fault("webhook_latency", seconds=0.2)
    shop.post_fault("webhook_reorder", count=1)
    order = [shop.act("order", email=f"{number}@example.com")["id"] for number in range(4)]
    settled(shop)
    heard = [json.loads(each.body)["id"] for each in receiver.of_topic("order.created")]
    assert lost not in heard
    assert heard[:2] == [twice, twice]
    assert sorted(heard[2:]) == order
    assert heard[2:] != order


def test_private_addresses_are_refused_when_the_guard_is_on(shop, api, receiver: Receiver):
    shop.post_fault("webhook_unsafe")
    hook(api, receiver, "order.created")
    shop.act("order", email="x@example.com")
    settled(shop)
    assert receiver.heard == []
    assert shop.webhooks()["webhooks"][0]["failures"] == 1


def test_batch_list_and_delete(api, receiver: Receiver):
    good = {"topic": "order.created", "delivery_url": receiver.url}
    answer = api.post("webhooks/batch", json={"create": [good, good | {"topic": "order.sneezed"}]}).json()
    assert answer["create"][0]["topic"] == "order.created"
    assert answer["create"][1]["error"]["code"] == "woocommerce_rest_webhook_invalid_topic"
    made = answer["create"][0]["id"]
    assert [row["id"] for row in api.get("webhooks", params={"status": "active"}).json()] == [made]
    answer = api.post("webhooks/batch", json={"update": [{"id": made, "status": "paused"}]}).json()
    assert answer["update"][0]["status"] == "paused"
    assert api.delete(f"webhooks/{made}").status_code == 501, "webhooks have no trash: force is required"
    assert api.delete(f"webhooks/{made}", params={"force": "true"}).status_code == 200
    assert api.get(f"webhooks/{made}").status_code == 404


@pytest.mark.parametrize("url", ["", "ftp://example.com/x", "no address"])
def test_bad_delivery_addresses_are_refused(api, url: str):
    answer = api.post("webhooks", json={"topic": "order.created", "delivery_url": url})
    assert answer.status_code == 400
    assert answer.json()["code"] == "woocommerce_rest_webhook_invalid_delivery_url"
