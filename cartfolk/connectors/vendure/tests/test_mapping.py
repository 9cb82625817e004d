"""Raw objects as Vendure sends them, and what they become."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Cart, Category, Coupon, Customer, Order, OrderStatus, Product
from cartfolk.connectors.errors import SignatureInvalid
from cartfolk.connectors.vendure.mapping import Reader
from cartfolk.connectors.vendure.webhooks import hint
from cartfolk.core import secrets

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[5] / "shared/reference/stores/samples/vendure"
READER = Reader(StoreConfig("https://shop.example.com", {}, learned={"precision": 2}))
PAYMENT = {
    "id": "3", "state": "Settled", "method": "card", "amount": 3470, "createdAt": "2026-11-20T10:00:07.000Z",
    "updatedAt": "2026-11-20T10:00:07.000Z", "refunds": [],
}  # fmt: skip
ORDER: dict[str, Any] = {
    "id": "12", "code": "YTYNRJS7LGPQPWDG", "state": "PaymentSettled", "active": False, "type": "Regular",
    "createdAt": "2026-11-20T09:50:00.000Z", "updatedAt": "2026-11-20T09:51:00.000Z",
    "orderPlacedAt": "2026-11-20T10:00:07.473Z", "currencyCode": "EUR", "couponCodes": ["FIVE"],
    "total": 2994, "totalWithTax": 3470, "subTotal": 2504, "subTotalWithTax": 2980, "shipping": 490,
    "shippingWithTax": 490, "discounts": [{"amountWithTax": -500}],
    "customer": {"id": "4", "firstName": "Ada", "lastName": "L", "emailAddress": "ada@example.com", "user": None},
    "billingAddress": None,
    "shippingAddress": {"fullName": "Ada King Lovelace", "streetLine1": "A 1", "city": "Köln", "countryCode": "de"},
    "lines": [{
        "id": "9", "quantity": 2, "orderPlacedQuantity": 2, "unitPriceWithTax": 1740, "proratedUnitPriceWithTax": 1490,
        "proratedLinePriceWithTax": 2980, "lineTax": 476, "featuredAsset": {"preview": "https://shop.example.com/m.png"},
        "productVariant": {"id": "1", "sku": "MUG-W", "name": "Mug white", "productId": "7"},
    }],
    "payments": [PAYMENT], "fulfillments": [],
    "history": {"items": [{"createdAt": "2026-11-20T10:00:08.000Z"}]},
}  # fmt: skip


def read(stream: str, *rows: Any, reader: Reader = READER) -> Any:
    mapped = reader.read(stream, json.dumps(rows).encode(), NOW)
    assert not mapped.bad, mapped.bad
    return mapped.records[0]


def test_an_order_in_full() -> None:
    order = read("orders", ORDER)
    assert isinstance(order, Order)
    assert (order.external_id, order.number, order.cart_id) == ("12", "YTYNRJS7LGPQPWDG", "12")
    assert (order.status, order.status_raw, order.email) == (OrderStatus.COMPLETED, "PaymentSettled", "ada@example.com")
    amounts = (order.total, order.tax, order.shipping, order.discount)
    assert amounts == (Decimal("34.70"), Decimal("4.76"), Decimal("4.90"), Decimal("5.00"))
    assert str(order.total) == "34.70"
    assert order.placed_at == datetime(2026, 11, 20, 10, 0, 7, 473000, tzinfo=UTC)
    assert order.billing == order.shipping_address
    assert order.billing is not None
    assert (order.billing.first_name, order.billing.last_name, order.billing.country) == ("Ada King", "Lovelace", "DE")
    (line,) = order.lines
    assert (line.product_id, line.variant_id, line.quantity, line.total) == ("7", "1", 2, Decimal("29.80"))
    assert (line.price, line.discount, line.tax) == (Decimal("14.90"), Decimal("5.00"), Decimal("4.76"))
    assert order.coupons == ("FIVE",)


@pytest.mark.parametrize("where", ["history", "payments", "refunds", "fulfillments", "own"])
def test_the_version_of_an_order_is_the_newest_of_all_its_times(where: str) -> None:
    later = "2026-11-24T08:00:00.000Z"
    changed = {
        "history": {"history": {"items": [{"createdAt": later}]}},
        "payments": {"payments": [PAYMENT | {"updatedAt": later}]},
        "refunds": {"payments": [PAYMENT | {"refunds": [{"id": "1", "total": 1, "updatedAt": later}]}]},
        "fulfillments": {"fulfillments": [{"state": "Shipped", "updatedAt": later}]},
        "own": {"updatedAt": later},
    }[where]
    assert read("orders", ORDER | changed).updated_at == datetime(2026, 11, 24, 8, tzinfo=UTC)


STATES = {
    "Created": "pending", "ArrangingPayment": "pending", "PaymentAuthorized": "pending", "PaymentSettled": "completed",
    "PartiallyShipped": "completed", "Shipped": "completed", "PartiallyDelivered": "completed",
    "Delivered": "completed", "Modifying": "pending", "ArrangingAdditionalPayment": "pending",
    "Cancelled": "cancelled", "Draft": "ignored",
}  # fmt: skip


@pytest.mark.parametrize(("state", "ours"), STATES.items())
def test_every_state_of_the_default_process(state: str, ours: str) -> None:
    order = read("orders", ORDER | {"state": state})
    assert (order.status, order.status_raw) == (ours, state)


def test_a_state_of_the_shops_own_means_paid_when_the_payments_say_so() -> None:
    assert read("orders", ORDER | {"state": "InPreparation"}).status is OrderStatus.COMPLETED
    authorised = [PAYMENT | {"state": "Authorized"}]
    assert read("orders", ORDER | {"state": "InPreparation", "payments": authorised}).status is OrderStatus.PENDING
    partly = [PAYMENT | {"amount": 1000}]
    assert read("orders", ORDER | {"state": "InPreparation", "payments": partly}).status is OrderStatus.PENDING


def test_the_owner_says_what_a_state_means() -> None:
    config = StoreConfig("https://shop.example.com", {}, settings={"statuses": {"InPreparation": "failed"}})
    assert read("orders", ORDER | {"state": "InPreparation"}, reader=Reader(config)).status is OrderStatus.FAILED


def refund(number: int, total: int, state: str = "Settled") -> dict[str, Any]:
    at = "2026-11-21T10:00:00.000Z"
    return {"id": str(number), "total": total, "state": state, "reason": "a crack", "createdAt": at, "updatedAt": at}


def test_only_settled_refunds_count_and_a_full_one_turns_the_order() -> None:
    some = read("orders", ORDER | {"payments": [PAYMENT | {"refunds": [refund(1, 500), refund(2, 2970, "Pending")]}]})
    assert [each.amount for each in some.refunds] == [Decimal("5.00")]
    assert (some.status, some.total) == (OrderStatus.COMPLETED, Decimal("34.70"))
    full = read("orders", ORDER | {"payments": [PAYMENT | {"refunds": [refund(1, 500), refund(2, 2970)]}]})
    assert full.status is OrderStatus.REFUNDED
    failed = read("orders", ORDER | {"payments": [PAYMENT | {"refunds": [refund(1, 3470, "Failed")]}]})
    assert (failed.status, failed.refunds) == (OrderStatus.COMPLETED, ())


def test_a_cancelled_line_is_not_subtracted_twice() -> None:
    """Cancelling takes the line out of the order's total; what was paid and what was given back say what is left."""
    line = ORDER["lines"][0] | {"quantity": 1, "proratedLinePriceWithTax": 1490}
    payments = [PAYMENT | {"refunds": [refund(1, 1490)]}]
    order = read("orders", ORDER | {"totalWithTax": 1980, "total": 1742, "lines": [line], "payments": payments})
    assert order.total - order.refunds[0].amount == Decimal("19.80")
    assert (order.lines[0].quantity, order.lines[0].total) == (2, Decimal("29.80"))


def test_decimals_are_the_servers_not_the_currencys() -> None:
    assert str(read("orders", ORDER | {"currencyCode": "JPY"}).total) == "34.70"
    three = Reader(StoreConfig("https://shop.example.com", {}, learned={"precision": 3}))
    assert str(read("orders", ORDER, reader=three).total) == "3.470"
    big = read("orders", ORDER | {"totalWithTax": 900719925474099307})
    assert str(big.total) == "9007199254740993.07"


def test_other_currencies_have_no_rate() -> None:
    assert read("orders", ORDER).rate == 1
    assert read("orders", ORDER | {"currencyCode": "USD"}).rate is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("totalWithTax", 12.5), ("totalWithTax", "twelve"), ("currencyCode", "Euro"), ("state", ""), ("id", None)],
)
def test_a_field_nobody_can_read_is_named(field: str, value: Any) -> None:
    mapped = READER.read("orders", json.dumps([ORDER | {field: value}, ORDER]).encode(), NOW)
    assert [bad.field for bad in mapped.bad] == [field]
    assert len(mapped.records) == 1


def test_a_cart_is_an_order_nobody_placed() -> None:
    cart = read("carts", ORDER | {"active": True, "orderPlacedAt": None, "state": "ArrangingPayment", "payments": []})
    assert isinstance(cart, Cart)
    assert (cart.external_id, cart.email, cart.checkout) == ("12", "ada@example.com", True)
    assert (cart.total, cart.subtotal, len(cart.lines)) == (Decimal("34.70"), Decimal("25.04"), 1)


def test_a_cart_of_nobody_and_an_emptied_one() -> None:
    raw = ORDER | {"active": True, "orderPlacedAt": None, "state": "AddingItems", "customer": None, "lines": []}
    cart = read("carts", raw | {"shippingAddress": None})
    assert (cart.email, cart.customer_id, cart.lines, cart.checkout) == (None, None, (), False)


def test_a_guest_is_a_customer_without_a_user_and_addresses_count_for_the_version() -> None:
    address = {
        "fullName": "Ada Lovelace", "company": "Engines Ltd", "streetLine1": "A 1", "country": {"code": "GB"},
        "defaultBillingAddress": True, "updatedAt": "2026-11-22T00:00:00.000Z",
    }  # fmt: skip
    raw = {
        "id": "4", "firstName": "Ada", "lastName": "L", "emailAddress": " Ada@Example.com ", "user": None,
        "createdAt": "2026-11-20T10:00:00.000Z", "updatedAt": "2026-11-20T10:00:00.000Z",
        "groups": [{"name": "VIP"}], "addresses": [address],
    }  # fmt: skip
    guest = read("customers", raw)
    assert isinstance(guest, Customer)
    assert (guest.registered, guest.groups, guest.company) == (False, ("VIP",), "Engines Ltd")
    assert guest.updated_at == datetime(2026, 11, 22, tzinfo=UTC)
    assert (guest.billing is not None, guest.shipping) == (True, None)
    assert read("customers", raw | {"user": {"id": "9"}}).registered


def test_goods_and_coupons() -> None:
    times = {"createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-02T00:00:00.000Z"}
    product = read("products", times | {
        "id": "7", "name": "Mug &amp; cup", "slug": "mug", "collections": [{"slug": "kitchen"}],
        "variantList": {"items": [{"sku": "MUG-W", "priceWithTax": 1490}]},
    })  # fmt: skip
    assert isinstance(product, Product)
    assert (product.name, product.sku, product.price) == ("Mug & cup", "MUG-W", Decimal("14.90"))
    assert read("categories", times | {"id": "2", "name": "K", "slug": "k", "parentId": "1"}) == Category(
        "2", "K", "k", "1"
    )
    for code, worth in (("order_percentage_discount", Decimal(10)), ("order_fixed_discount", Decimal("0.10"))):
        actions = [{"code": code, "args": [{"name": "discount", "value": "10"}]}]
        coupon = read("coupons", times | {"id": "1", "couponCode": "TEN", "actions": actions})
        assert isinstance(coupon, Coupon)
        assert (coupon.code, coupon.amount) == ("TEN", worth)


# -- hints of the plugin

SECRET = secrets.new_webhook_secret()


def signed(body: bytes, secret: str = SECRET, at: int | None = None) -> dict[str, str]:
    stamp = int(time.time()) if at is None else at
    signature = secrets.sign(secret, "evt_1", stamp, body)
    return {"webhook-id": "evt_1", "webhook-timestamp": str(stamp), "webhook-signature": signature}


def test_a_hint_is_believed_only_if_signed_and_fresh() -> None:
    body = b'{"stream":"orders","ids":["12","15","12"]}'
    found = hint(signed(body), body, SECRET)
    assert (found.stream, found.ids, found.deleted) == ("orders", ("12", "15"), False)
    for headers, secret in (
        ({}, SECRET),
        (signed(body), ""),
        (signed(body), secrets.new_webhook_secret()),
        (signed(body + b" "), SECRET),
        (signed(body, at=int(time.time()) - 3600), SECRET),
    ):
        with pytest.raises(SignatureInvalid):
            hint(headers, body, secret)


@pytest.mark.parametrize("body", [b"[]", b"{}", b"no", b'{"stream":"users","ids":["1"]}', b'{"stream":"orders"}'])
def test_what_is_no_hint_is_ignored(body: bytes) -> None:
    assert hint(signed(body), body, SECRET).ignore


# -- the vendor's shapes

here = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not part of the repository")


@here
def test_every_sample_is_read() -> None:
    documents = sorted(SAMPLES.glob("*.json"))
    assert documents
    kinds = []
    for path in documents:
        for field, listed in json.loads(path.read_text(encoding="utf-8"))["data"].items():
            mapped = READER.read(field, json.dumps(listed["items"]).encode(), NOW)
            assert not mapped.bad
            assert len(mapped.records) == len(listed["items"])
            kinds += [type(each).__name__ for each in mapped.records]
    assert sorted(kinds) == ["Cart", "Order"]


@here
def test_every_field_we_ask_for_is_in_the_vendors_schema() -> None:
    from graphql import parse, visit
    from graphql.language import FieldNode, Visitor

    from cartfolk.connectors.vendure.queries import LISTINGS

    schema = (SAMPLES / "schema_subset.graphql").read_text(encoding="utf-8")
    asked: set[str] = set()

    class Fields(Visitor):
        def enter_field(self, node: FieldNode, *_rest: Any) -> None:
            asked.add(node.name.value)

    for stream in ("customers", "orders", "carts"):
        visit(parse(LISTINGS[stream].query()), Fields())
    unknown = {name for name in asked - {"customers", "orders"} if f" {name}" not in schema}
    # Of types the subset leaves out: Fulfillment, Asset, Country.
    assert unknown <= {"trackingCode", "preview", "code"}
