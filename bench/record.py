"""Claim: the record of a contact with all properties and 5,000 events is served within 80 ms (p95) of server time:
its first page, all properties, its orders and every page of its timeline.

One shopper with 1,250 orders that were placed, paid, changed and noted, among ``count`` ordinary ones, imported by the
pipeline; asked through Django's own client, so everything but the network is measured.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import psycopg

from cartfolk.connectors.canonical import Customer, Order, OrderStatus, Record

from .contact_list import p95, timed
from .data import NOW, contact, contacts, products
from .server import add_store, database

ORDERS = 1_250  # each brings: placed, its status twice, complete
BATCH = 500
_FURTHER = re.compile(r'hx-get="([^"]*/timeline[?]before=[^"]*)"')


def run(count: int = 20_000, repeats: int = 5) -> dict[str, Any]:
    with database() as url:
        with psycopg.connect(url, autocommit=True) as conn, psycopg.connect(url, autocommit=True) as identity:
            store = add_store(conn, NOW - timedelta(days=2000))
            shopper = _fill(conn, identity, store, count)
            events = (
                conn.execute("select count(*) from order_event where contact_id = %s", [shopper]).fetchone() or (0,)
            )[0]
            conn.execute("vacuum analyze")
        return {
            "bench": "record",
            "contacts": count,
            "orders": ORDERS,
            "order_events": events,
            **_ask(shopper, repeats),
        }


def _fill(conn: psycopg.Connection[Any], identity: psycopg.Connection[Any], store: int, count: int) -> int:
    from cartfolk import pipeline
    from cartfolk.commerce import facts

    with conn.transaction():
        facts.write_catalogue(conn, store, products(), NOW, 1)
    for first in range(1, count, BATCH):
        _apply(conn, identity, store, list(contacts(first, first + BATCH)))
    busy = list(_busy())
    for first in range(0, len(busy), 1000):
        _apply(conn, identity, store, busy[first : first + 1000])
    while pipeline.refresh_dirty(conn, pipeline.BULK, 1000):
        pass
    row = conn.execute("select contact_id from contact_property where email = 'busy@example.com'").fetchone()
    assert row is not None
    return int(row[0])


def _apply(conn: psycopg.Connection[Any], identity: psycopg.Connection[Any], store: int, records: list[Record]) -> None:
    from cartfolk import pipeline

    with conn.transaction():
        pipeline.apply(conn, identity, [pipeline.Received(record, store, NOW) for record in records], pipeline.BULK)


def _busy() -> Any:
    """The shopper, her orders as first placed, then the same orders when they were paid, then changed once more."""
    customer, *orders = contact(10_000_001)
    assert isinstance(customer, Customer)
    yield replace(customer, email="busy@example.com")
    for status, hours in ((OrderStatus.PENDING, 0), (OrderStatus.COMPLETED, 2), (OrderStatus.REFUNDED, 50)):
        for n in range(ORDERS):
            order = orders[n % len(orders)]
            assert isinstance(order, Order)
            placed = NOW - timedelta(days=1500) + timedelta(days=n)
            if status is OrderStatus.REFUNDED and n % 10:
                status_now, raw = OrderStatus.COMPLETED, "shipped"
            else:
                status_now, raw = status, status.value
            yield replace(
                order, external_id=f"busy-{n}", number=f"B{n}", email="busy@example.com", placed_at=placed,
                status=status_now, status_raw=raw, updated_at=placed + timedelta(hours=hours),
                paid_at=None if status is OrderStatus.PENDING else placed + timedelta(hours=2), refunds=(),
            )  # fmt: skip


def _ask(shopper: int, repeats: int) -> dict[str, Any]:
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.urls import reverse

    client = Client()
    client.force_login(get_user_model().objects.create_user("bench@example.com", "bench@example.com", "bench-bench-1"))
    record = reverse("web:contact", args=[shopper])
    pages = {
        "record": record,
        "properties": reverse("web:contact-properties", args=[shopper]),
        "orders": reverse("web:contact-orders", args=[shopper]),
    }
    for address in pages.values():
        client.get(address)
    found = {f"{name}_p95_ms": p95([timed(client, page) for _ in range(repeats * 6)]) for name, page in pages.items()}
    times, walked = [], 0
    address = record
    while address:
        times.append(timed(client, address))
        following = _FURTHER.search(client.get(address).content.decode())
        address = unescape(following[1]) if following else ""
        walked += 1
    return found | {"timeline_pages": walked, "timeline_p95_ms": p95(times)}
