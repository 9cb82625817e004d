"""Risk: what happens in the shop shows too late, or not at all: the whole program, webhooks over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from cartfolk.core.postgres import EmbeddedPostgres
from cartfolk.core.sql import Connection
from cartfolk.simulator import start_simulator

from .machine import connect, environment, ok

SOON = 5.0  # seconds; the budget is two, a busy machine gets patience


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str, Path, Connection]]:
    """A shop of 60 customers, Cartfolk serving, connected and imported, webhooks in place."""
    data = tmp_path_factory.mktemp("live")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        start_simulator(seed=5, customers=60, pretend_https=True) as shop,
        EmbeddedPostgres(data) as server,
        psycopg.connect(server.url, autocommit=True) as conn,
    ):
        serving = subprocess.Popen(
            [sys.executable, "-m", "cartfolk", "serve", "--port", str(port), "--data", str(data)],
            env=environment(data),
            stderr=subprocess.DEVNULL,
        )
        try:
            base = f"http://127.0.0.1:{port}"
            _until(lambda: _answers(base), 60)
            connect(data, shop)
            _until(lambda: ok(data, "status", "shop", "--json")[0]["webhooks"] is True, 90)
            yield shop, base, data, conn
        finally:
            serving.terminate()
            serving.wait(30)


def _answers(base: str) -> bool:
    try:
        return httpx2.get(f"{base}/sign-in", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def _until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _one(conn: Connection, query: str, *values: object) -> Any:
    row = conn.execute(query, values).fetchone()
    return row and row[0]


def test_a_new_account_an_order_and_its_refund_are_on_the_contact_at_once(program: Any) -> None:
    shop, _, _, conn = program
    email = "nora.live@example.com"
    shop.act("register", email=email, first_name="Nora", last_name="Live")
    _until(lambda: _one(conn, "select 1 from contact_list where email = %s", email) == 1, SOON)
    order = shop.act("order", email=email)
    conversion = "select recent_conversion_event_name from contact_list where email = %s"
    _until(lambda: _one(conn, conversion, email) == "Order complete", SOON)
    shop.act("refund", order_id=order["id"])
    value = "select total_value_of_orders from contact_list where email = %s"
    _until(lambda: _one(conn, value, email) == 0, SOON)


def test_a_deleted_order_no_longer_counts(program: Any) -> None:
    shop, _, _, conn = program
    email = "dora.gone@example.com"
    order = shop.act("order", email=email)
    number = "select total_number_of_orders from contact_list where email = %s"
    _until(lambda: _one(conn, number, email) == 1, SOON)
    shop.act("delete_order", order_id=order["id"])
    _until(lambda: _one(conn, number, email) == 0, SOON)


def test_an_anonymous_cart_gets_its_person_through_the_ingest_door(program: Any) -> None:
    _, base, _, conn = program
    key = _one(conn, "select key from stores_store")
    secret = _secret(program)
    line = {"product_id": "1", "sku": "S1", "name": "Cup", "quantity": 1, "price": "9.95", "total": "9.95"}
    cart = {"cart_id": "tok-live-1", "currency": "EUR", "total": "9.95", "lines": [line]}
    _ingest(base, key, secret, "cart", cart)
    _until(lambda: _one(conn, "select 1 from anonymous_cart where external_id = 'tok-live-1'") == 1, SOON)
    _ingest(base, key, secret, "checkout", cart | {"email": "carla.cart@example.com"})
    moments = """select count(*) from cart_event e join cart c using (contact_id, cart_id)
                 join contact_list l using (contact_id) where l.email = %s"""
    _until(lambda: _one(conn, moments, "carla.cart@example.com") == 2, SOON)
    assert _one(conn, "select count(*) from anonymous_cart") == 0


def _secret(program: Any) -> str:
    """The store's secret, read by a process that knows the data folder's key."""
    _, _, data, _ = program
    code = (
        "from cartfolk.commands import program\n"
        "with program.database() as url, program.connected(url) as conn:\n"
        "    from cartfolk.stores.credentials import ingest_secret\n"
        "    from cartfolk.stores.lookup import by_name\n"
        "    print(ingest_secret(by_name(conn, 'shop')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(data), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _ingest(base: str, key: str, secret: str, kind: str, thing: dict[str, Any]) -> None:
    when = datetime.now(UTC)
    number = f"live-{when.timestamp()}"
    body = json.dumps({"id": number, "kind": kind, "occurred_at": when.isoformat(), "object": thing})
    stamp = str(int(when.timestamp()))
    raw = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(raw, f"{number}.{stamp}.{body}".encode(), hashlib.sha256)).decode()
    headers = {"webhook-id": number, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}
    answer = httpx2.post(f"{base}/ingest/v1/{key}", content=body, headers=headers)
    assert answer.status_code in {200, 202}, answer.text
