"""The doors: who may come in, what is refused with which words."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from django.test import RequestFactory

from cartfolk.connectors import registry
from cartfolk.core import secrets
from cartfolk.inbox import deliveries, doors, envelope, known, tracker

from .shop import T0, TinyShop, add_store

SECRET = "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ="
CART = {
    "kind": "cart",
    "occurred_at": "2026-03-01T10:00:00Z",
    "object": {
        "cart_id": "c1",
        "email": "a@b.example",
        "currency": "EUR",
        "lines": [{"name": "Mug", "quantity": 2, "price": "29.90"}],
    },
}


@pytest.fixture
def store(conn, monkeypatch):
    monkeypatch.setattr(registry, "get", lambda platform: TinyShop)
    known.forget()
    tracker.LIMITER = tracker.Limiter()
    return add_store(conn)


def post(door, body, key="k1", **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    meta = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return door(RequestFactory().post("/", data, content_type="text/plain", **meta), key)


def signed(body, at=None, secret=SECRET, message="m1"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    at = int(time.time() if at is None else at)
    signature = "v1,bm90aGluZw== " + secrets.sign(secret, message, at, data)
    return post(doors.ingest, data, webhook_id=message, webhook_timestamp=str(at), webhook_signature=signature)


def test_hook_stores_answers_and_refuses_strangers(conn, store):
    body = json.dumps({"stream": "orders", "ids": ["1"]}).encode()
    good = hmac.new(b"hook secret", body, hashlib.sha256).hexdigest()
    assert post(doors.hook, body, x_signature=good).status_code == 200
    assert post(doors.hook, body + b" ", x_signature=good).status_code == 401
    assert post(doors.hook, body, key="nobody", x_signature=good).status_code == 404
    assert post(doors.hook, b"x" * (doors.LARGEST + 1)).status_code == 413
    assert deliveries.waiting(conn).count == 1


def test_ingest_checks_signature_and_replay_window_and_takes_a_message_once(conn, store):
    assert signed(CART).status_code == 202
    again = signed(CART)
    assert (again.status_code, json.loads(again.content)["status"]) == (202, "known")
    assert signed(CART, time.time() - 301).status_code == 401
    assert signed(CART, time.time() + 301).status_code == 401
    assert signed(CART, secret=secrets.new_webhook_secret()).status_code == 401
    assert deliveries.waiting(conn).count == 1


def test_ingest_names_field_and_record_and_keeps_the_good_ones(conn, store):
    bad = {**CART, "object": {**CART["object"], "lines": [{"name": "Mug", "price": "ten"}]}}
    answer = signed([CART, bad])
    told = json.loads(answer.content)
    assert (answer.status_code, told["accepted"], told["quarantined"]) == (202, 1, 1)
    assert (told["errors"][0]["record"], told["errors"][0]["field"]) == (2, "object.lines[0].price")
    assert signed(bad, message="m2").status_code == 400
    assert signed([CART] * 501, message="m3").status_code == 400
    assert signed(b"{", message="m4").status_code == 400
    [delivery] = deliveries.claim(conn, 0, 10)
    mapped = envelope.read(delivery.body, delivery.received_at)
    assert [record.total for record in mapped.records] == [mapped.records[0].lines[0].price * 2]
    assert [(one.kind, one.external_id, one.field) for one in mapped.bad] == [("cart", "c1", "object.lines[0].price")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "basket"}, "kind"),
        ({"occurred_at": "2026-03-01T10:00:00"}, "occurred_at"),
        ({"occurred_at": "2099-03-01T10:00:00Z"}, "occurred_at"),
        ({"extra": 1}, "extra"),
        ({"object": {"email": "a@b.example"}}, "object.cart_id"),
        ({"object": {"cart_id": "c", "email": "nobody"}}, "object.email"),
        ({"object": {"cart_id": "c", "total": "NaN"}}, "object.total"),
        ({"object": {"cart_id": "c", "currency": "EURO"}}, "object.currency"),
        ({"object": {"cart_id": "c", "url": "javascript:alert(1)"}}, "object.url"),
        ({"object": {"cart_id": "c", "total": True}}, "object.total"),
        ({"object": {"cart_id": "c\u0000"}}, "object.cart_id"),
        ({"kind": "order", "object": {"order_id": "1", "status": "paid"}}, "object.status"),
        ({"kind": "consent", "object": {"status": "granted", "source": "form"}}, "object.email"),
        ({"kind": "customer", "object": {"customer_id": "1", "billing": {"country": "DEU"}}}, "object.billing.country"),
        ({"object": []}, "object"),
    ],
)
def test_wrong_envelope_is_refused_with_the_field(change, field):
    mapped = envelope.read(json.dumps({**CART, **change}).encode(), T0)
    assert mapped.records == ()
    assert mapped.bad[0].field == field


def test_tracker_believes_the_shop_pages_only_and_carts_only(conn, store):
    moment = {"kind": "cart", "object": {**CART["object"], "customer_id": "1", "order_id": "9"}}
    browser = {"user_agent": "Mozilla/5.0", "origin": "https://www.tiny.example"}
    answer = post(doors.track, moment, **browser)
    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Origin"] == "https://www.tiny.example"
    assert post(doors.track, moment, **browser | {"origin": "https://eviltiny.example"}).status_code == 403
    assert post(doors.track, moment, user_agent="Mozilla/5.0").status_code == 403
    assert post(doors.track, {**moment, "kind": "order"}, **browser).status_code == 400
    assert post(doors.track, b"x" * (tracker.LARGEST + 1), **browser).status_code == 413
    assert post(doors.track, moment, **browser | {"user_agent": "Googlebot/2.1"}).status_code == 204
    [delivery] = deliveries.claim(conn, 0, 10)
    [cart] = envelope.read(delivery.body, delivery.received_at, tracked=True).records
    assert (cart.email, cart.customer_id, cart.order_id) == ("a@b.example", None, None)
    assert cart.updated_at == delivery.received_at
    codes = [post(doors.track, moment, **browser).status_code for _ in range(tracker.PER_VISITOR + 1)]
    assert codes[-1] == 429


def test_script_is_small_and_keeps_nothing_before_consent(store):
    answer = doors.script(RequestFactory().get("/"), "k1")
    text = answer.content.decode()
    assert len(answer.content) < 6 * 1024
    assert "document.cookie" not in text
    assert text.index("if (agreed !== true) return;") < text.index("setItem")


def test_the_servers_doors_answer_with_a_length_and_without_a_session(database: str) -> None:
    """They pass by the pages' middleware (cartfolk/wsgi.py): what it did for them must still be done."""
    from django.test import RequestFactory

    from cartfolk.wsgi import application

    told: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        told.update({"status": status} | {name.lower(): value for name, value in headers})

    request = RequestFactory().post("/ingest/v1/nobody", b"{}", content_type="application/json")
    body = b"".join(application(request.environ, start_response))
    assert told["status"].startswith("404")
    assert told["content-length"] == str(len(body))
    assert told["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in told
