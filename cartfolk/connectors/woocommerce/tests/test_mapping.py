"""Raw objects as shops send them, and what they become."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Order, OrderStatus
from cartfolk.connectors.woocommerce.mapping import Reader
from cartfolk.connectors.woocommerce.webhooks import signature

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[5] / "shared/reference/stores/samples/woocommerce"
READER = Reader(StoreConfig("https://shop.example.com", {}))
ORDER = {
    "id": 7, "status": "wc-picked", "currency": "USD", "total": "-5.00", "customer_id": 0,
    "date_created_gmt": "2026-10-24T23:30:00", "date_modified_gmt": "2026-10-25T01:10:00",
    "billing": {"email": "A@example.com", "first_name": "Tom &amp; Jerry"},
    "line_items": [{"id": 1, "name": "Cup", "product_id": 0, "quantity": 2, "total": "8.00", "total_tax": "2"}],
    "refunds": [{"id": 9, "total": "-1.00"}],
    "meta_data": [
        {"key": "_woocs_order_rate", "value": "1.25"}, {"key": "_newsletter_optin", "value": "no"},
        {"key": "_newsletter_optin_date", "value": "2026-10-24T23:30:00Z"}, {"key": "_cartfolk_cart", "value": "tok"},
    ],
}  # fmt: skip


def read(*rows):
    return READER.read("orders", json.dumps(rows).encode(), NOW)


def test_an_order_with_every_oddity():
    (order,) = read(ORDER).records
    assert isinstance(order, Order)
    assert (order.status, order.status_raw) == (OrderStatus.PENDING, "picked")
    assert (order.total, order.rate, order.customer_id) == (Decimal("-5.00"), Decimal("0.8"), None)
    assert order.lines[0].product_id is None
    assert (order.lines[0].total, order.lines[0].price) == (Decimal("10.00"), Decimal("5.00"))
    assert (order.refunds[0].amount, order.cart_id) == (Decimal("1.00"), "tok")
    assert order.billing is not None
    assert order.billing.first_name == "Tom & Jerry"


def test_an_error_instead_of_an_object_is_a_bad_record():
    mapped = READER.read("orders", b'{"code":"woocommerce_rest_cannot_view","message":"Sorry"}', NOW)
    assert not mapped.records
    assert mapped.bad[0].field == "id"


def test_signature_vector():
    assert signature(b"{}", "a&amp;b") == signature(b"{}", "a&b")


def test_a_page_of_a_hundred_orders_is_read_within_ten_milliseconds():
    body = json.dumps([{**ORDER, "id": number} for number in range(1, 101)]).encode()
    took = []
    for _ in range(5):
        began = time.perf_counter()
        READER.read("orders", body, NOW)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.01


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the reference samples are not part of the project")
@pytest.mark.parametrize("stream", ["customers", "orders", "products", "categories"])
def test_every_sample_is_read(stream):
    for path in [*SAMPLES.glob(f"{stream}__list*"), *SAMPLES.glob(f"{stream}__retrieve-a*")]:
        mapped = READER.read(stream, path.read_bytes(), NOW)
        assert not mapped.bad, path.name
        assert mapped.records
