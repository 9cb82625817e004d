"""Raw objects as BigCommerce sends them, and what they become."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.bigcommerce import webhooks
from cartfolk.connectors.bigcommerce.client import located
from cartfolk.connectors.bigcommerce.info import INFO, STATES
from cartfolk.connectors.bigcommerce.mapping import Reader
from cartfolk.connectors.canonical import Cart, Consent, ConsentStatus, Customer, Order, OrderStatus
from cartfolk.connectors.errors import SignatureInvalid

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[5] / "shared/reference/stores/samples/bigcommerce"
API = "https://api.bigcommerce.com/stores/abc123/v3"
READER = Reader(StoreConfig(API, {}, home_currency="USD", learned={"storefront": "https://shop.example.com"}))
ORDER: dict[str, Any] = {
    "id": 218, "customer_id": 0, "status_id": 11, "status": "Packing!", "custom_status": "Packing!",
    "date_created": "Sat, 24 Oct 2026 23:30:00 +0000", "date_modified": "Sun, 25 Oct 2026 02:10:00 +0100",
    "date_shipped": "", "total_inc_tax": "69.8400", "total_tax": "5.3100", "shipping_cost_inc_tax": "12.0000",
    "handling_cost_inc_tax": "0.0000", "discount_amount": "5.0000", "coupon_discount": "5.0000",
    "refunded_amount": "0.0000", "currency_code": "EUR", "currency_exchange_rate": "0.9000000000",
    "default_currency_code": "USD", "store_default_currency_code": "", "payment_method": "Cash",
    "store_default_to_transactional_exchange_rate": "1.0000000000", "is_email_opt_in": False,
    "cart_id": "7e48f7ef-2e88-4817-aea4-b0ed01490114", "items_total": 2,
    "billing_address": {"first_name": "Tom &amp; Jerry", "email": " A@example.com ", "country_iso2": "us"},
    "products": {"url": "https://api.bigcommerce.com/stores/abc123/v2/orders/218/products", "resource": "/orders"},
    "consignments": {
        "shipping": [{
            "first_name": "Eve", "city": "Austin", "zip": "78751", "country_iso2": "US",
            "line_items": [{
                "id": 65, "product_id": 77, "variant_id": 9, "name": "Towel", "sku": "T", "quantity": 2,
                "total_inc_tax": "67.8400", "total_tax": "5.1600", "discounted_total_inc_tax": "57.8400",
                "applied_discounts": [
                    {"id": "coupon", "amount": "5.0000", "code": "S2549", "name": "Ten"},
                    {"id": "manual-discount", "amount": "5.0000", "code": None, "name": "Manual"},
                ],
            }],
        }],
        "pickups": [], "downloads": [], "email": {"gift_certificates": [
            {"line_items": [{"id": 66, "product_id": 0, "name": "Voucher", "quantity": 1, "total_inc_tax": "0.0000"}]}
        ]},
    },
}  # fmt: skip


def read(stream: str, *rows: Mapping[str, Any]) -> list[Any]:
    mapped = READER.read(stream, json.dumps(rows).encode(), NOW)
    assert not mapped.bad, mapped.bad
    return list(mapped.records)


def order(**changes: Any) -> Order:
    return next(each for each in read("orders", ORDER | changes) if isinstance(each, Order))


def test_an_order_with_every_oddity():
    found = order()
    assert (found.status, found.status_raw) == (
        OrderStatus.COMPLETED,
        "Awaiting Fulfillment",
    )  # whatever it is renamed to
    assert (found.customer_id, found.email) == (None, "A@example.com")
    assert str(found.total) == "69.8400"
    assert (found.discount, found.shipping, found.coupons) == (Decimal(10), Decimal(12), ("S2549",))
    towel, voucher = found.lines
    assert (towel.total, towel.discount, towel.price) == (Decimal("57.84"), Decimal(10), Decimal("28.92"))
    assert (towel.product_id, towel.variant_id, voucher.product_id) == ("77", "9", None)
    assert found.billing is not None
    assert (found.billing.first_name, found.billing.country) == ("Tom & Jerry", "US")
    assert found.shipping_address is not None
    assert found.shipping_address.city == "Austin"
    assert found.shipped_at is None


def test_times_as_in_mails_and_as_in_programs():
    found = order()
    assert found.placed_at == datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    bad = READER.read("orders", json.dumps([ORDER | {"date_created": "Sat, 99 Foo"}]).encode(), NOW).bad
    assert [each.field for each in bad] == ["date_created"]
    account = {"id": 5, "email": "a@example.com", "date_created": "2018-08-15T14:49:05+02:00"}
    (customer,) = read("customers", account)
    assert customer.created_at == datetime(2018, 8, 15, 12, 49, 5, tzinfo=UTC)


@pytest.mark.parametrize("number", STATES)
def test_states_are_known_by_number(number):
    wanted = {
        0: "ignored", 1: "pending", 7: "pending", 12: "pending", 5: "cancelled", 6: "cancelled", 4: "refunded",
    }.get(number, "completed")  # fmt: skip
    assert order(status_id=number).status == wanted
    assert order(status_id=number, is_deleted=True).status == "ignored"
    assert set(INFO.order_statuses) == {*STATES.values(), "Archived"}


def test_a_state_nobody_knows_is_not_counted_until_the_owner_says_so():
    assert (order(status_id=99).status, order(status_id=99).status_raw) == (OrderStatus.PENDING, "99")
    reader = Reader(StoreConfig(API, {}, settings={"statuses": {"99": "completed"}}))
    (found,) = reader.read("orders", json.dumps([ORDER | {"status_id": 99}]).encode(), NOW).records
    assert isinstance(found, Order)
    assert found.status is OrderStatus.COMPLETED


def test_paid_was_in_the_default_currency_not_in_the_shown_one():
    assert (order().currency, order().rate) == ("USD", Decimal(1))
    told = {"default_currency_code": "EUR", "store_default_currency_code": "USD"}
    rate = {"store_default_to_transactional_exchange_rate": "0.8000000000"}
    assert (order(**told, **rate).currency, order(**told, **rate).rate) == ("EUR", Decimal("1.25"))
    other = told | {"store_default_currency_code": "GBP"}
    assert order(**other, **rate).rate is None, "no rate to our home currency"
    assert order(**told, store_default_to_transactional_exchange_rate=None).rate is None


def test_refunds_are_dated_where_told_and_what_is_not_told_is_one_refund():
    full = {"id": 3, "order_id": 218, "created": "2026-11-01T10:00:00Z", "reason": "Broken", "total_amount": 5.5}
    body = json.dumps([ORDER | {"refunded_amount": "9.5000", "status_id": 14, "_refunds": [full]}]).encode()
    (found,) = READER.read("orders", body, NOW).records
    assert isinstance(found, Order)
    assert (found.status, found.total) == (OrderStatus.COMPLETED, Decimal("69.84"))
    first, rest = found.refunds
    assert (first.external_id, first.amount, first.reason) == ("3", Decimal("5.5"), "Broken")
    assert (rest.external_id, rest.amount, rest.created_at) == ("218-rest", Decimal("4.0"), None)
    assert order(status_id=4).refunds[0].amount == Decimal("69.84"), "the state was set by hand"


def test_a_declined_payment_of_a_refund_gave_nothing_back():
    declined = {"id": 1, "amount": 5.5, "is_declined": True}
    refund = {"id": 3, "order_id": 218, "created": "2026-11-01T10:00:00Z", "total_amount": 5.5, "payments": [declined]}
    assert order(_refunds=[refund]).refunds == ()


def test_money_keeps_the_digits_of_its_text():
    body = json.dumps([ORDER | {"total_inc_tax": "@"}]).replace('"@"', "9007199254740993.07")
    (found,) = READER.read("orders", body.encode(), NOW).records
    assert isinstance(found, Order)
    assert str(found.total) == "9007199254740993.07"


def test_an_incomplete_order_is_a_moment_of_its_cart():
    found, cart = read("orders", ORDER | {"status_id": 0})
    assert found.status is OrderStatus.IGNORED
    assert isinstance(cart, Cart)
    assert (cart.external_id, cart.email, cart.checkout) == (ORDER["cart_id"], "A@example.com", True)
    assert (cart.total, cart.lines) == (found.total, found.lines)
    assert [type(each) for each in read("orders", ORDER | {"status_id": 0, "cart_id": None})] == [Order]


def test_a_ticked_box_at_the_checkout_is_a_consent_and_an_empty_one_says_nothing():
    _order, consent = read("orders", ORDER | {"is_email_opt_in": True})
    assert (consent.status, consent.at, consent.evidence) == (
        ConsentStatus.GRANTED, datetime(2026, 10, 24, 23, 30, tzinfo=UTC), {"order": "218"},
    )  # fmt: skip
    assert len(read("orders", ORDER)) == 1


SUBSCRIBER = {
    "id": 5, "email": "s@example.com", "source": "storefront", "consents": ["marketing_newsletter"],
    "date_created": "2026-01-01T10:00:00Z", "date_modified": "2026-05-01T10:00:00Z",
}  # fmt: skip


def test_a_subscriber_agreed_when_the_entry_was_made_not_when_it_was_edited():
    (found,) = read("subscribers", SUBSCRIBER)
    assert (found.status, found.at.month, found.email) == (ConsentStatus.GRANTED, 1, "s@example.com")
    (found,) = read("subscribers", {key: value for key, value in SUBSCRIBER.items() if key != "consents"})
    assert found.status is ConsentStatus.GRANTED


def test_a_changed_entry_without_consents_is_a_withdrawal_and_an_unchanged_one_a_box_not_ticked():
    (found,) = read("subscribers", SUBSCRIBER | {"consents": ["abandoned_cart"]})
    assert (found.status, found.at.month) == (ConsentStatus.WITHDRAWN, 5)
    assert read("subscribers", SUBSCRIBER | {"consents": [], "date_modified": SUBSCRIBER["date_created"]}) == []


def test_accounts_say_nothing_of_consent_because_their_flag_has_no_date():
    row = {"id": 5, "email": "a@example.com", "accepts_product_review_abandoned_cart_emails": True, "_group": "Trade"}
    (found,) = read("customers", row)
    assert isinstance(found, Customer)
    assert (found.groups, found.updated_at) == (("Trade",), NOW)


@pytest.mark.parametrize("url", [API, f"{API}/", API.removesuffix("/v3"), f"{API.removesuffix('3')}2"])
def test_the_api_path_is_understood_with_and_without_its_version(url):
    assert located(url) == ("https://api.bigcommerce.com/stores/abc123", "abc123")


def test_the_shops_own_address_is_no_api_path():
    assert located("https://shop.example.com/stores/") == ("", "")
    assert located("https://store-abc123.mybigcommerce.com/manage") == ("", "")


# --- the reference samples, where they lie beside the checkout ---

NAMES = sorted(path.name for path in SAMPLES.glob("*.json"))
needs_samples = pytest.mark.skipif(not NAMES, reason="the reference samples are not part of the project")
# Documents of interfaces the connector does not read, or reads without a record of its own.
OTHERS = (
    "orders__orders_count", "synth_from_schema__abandoned_carts", "synth_from_schema__customers__customers_customerid",
    "synth_from_schema__orders__orders_order_id_transactions", "synth_from_schema__webhooks", "webhooks__",
    "synth_from_schema__customers__customer_groups",
)  # fmt: skip
PARTS = {  # documents that are part of an order
    "orders__orders_order_id_coupons.json": "_coupons",
    "orders__orders_order_id_products.json": "_products",
    "synth_from_schema__orders__orders_payment_actions_refunds.json": "_refunds",
}


def sample(name: str) -> list[dict[str, Any]]:
    """The objects in a sample. A schema's placeholders stand for values nobody could read: times and numbers are
    put in their places, and ids that are missing or 0."""
    text = (SAMPLES / name).read_text()
    if name.startswith("synth"):
        text = re.sub(r'"(date_\w+|\w+_time|created)": "string"', r'"\1": "2026-01-02T03:04:05Z"', text)
        text = re.sub(r'"(quantity|list_price)": "string"', r'"\1": "2"', text)
        text = re.sub(r'"id": 0\b', '"id": 1', text)
    found = json.loads(text)
    if isinstance(found, dict) and "data" in found and "scope" not in found:
        found = found["data"]
    return found if isinstance(found, list) else [found]


@needs_samples
@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("webhook__")])
def test_every_sample_is_read(name):
    if name.startswith(OTHERS):
        pytest.skip("the connector does not read this interface, or as part of another object")
    rows = sample(name)
    if name in PARTS:
        plain = {key: value for key, value in ORDER.items() if key != "consignments"}
        found = order(**plain | {PARTS[name]: rows, "consignments": {"resource": "/orders/218/consignments"}})
        parts = {"_coupons": found.coupons, "_products": found.lines, "_refunds": found.refunds}[PARTS[name]]
        assert len(parts) == len(rows)
        return
    if name.endswith("shipping_addresses.json"):
        found = order(consignments={"shipping": rows})
        assert found.shipping_address is not None
        assert found.shipping_address.city == rows[0]["city"]
        return
    if name.endswith("customers_addresses.json"):
        (customer,) = read("customers", {"id": 1, "addresses": rows})
        assert customer.billing.line1 == rows[0]["address1"]
        return
    if name.endswith("order_statuses.json"):
        assert {row["id"]: row["system_label"] for row in rows} == STATES
        return
    stream = name.removeprefix("synth_from_schema__").partition("__")[0]
    stream = {"checkouts": "carts", "products_catalog": "products"}.get(stream, stream)
    rows = [{"id": 1} | row for row in rows]  # the accounts' sample has no ids
    records = read(stream, *rows)
    assert len([each for each in records if not isinstance(each, Consent) or stream == "subscribers"]) == len(rows)
    if stream == "orders":
        for row, found in zip(rows, (each for each in records if isinstance(each, Order)), strict=True):
            assert str(found.total) == row["total_inc_tax"]
            assert found.placed_at.strftime("%a, %d %b %Y %H:%M:%S +0000") == row["date_created"]


@needs_samples
@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("webhook__")])
def test_every_sampled_webhook_is_a_hint_or_ignored_with_a_reason(name):
    body = (SAMPLES / name).read_bytes().replace(b"{store_hash}", b"abc123")
    told = json.loads(body)
    found = webhooks.hint(body, "abc123")
    data, scope = told["data"], told["scope"].removeprefix("store/")
    if scope in ("cart/deleted", "sku/inventory/order/updated"):
        assert found.ignore
        return
    if scope == "cart/converted":
        assert (found.stream, found.ids) == ("orders", (str(data["orderId"]),))
        return
    wanted = data["address"]["customer_id"] if "address" in data else data.get("cartId", data["id"])
    assert (found.stream, found.ids) == (f"{scope.partition('/')[0]}s", (str(wanted),))
    assert found.deleted is (scope.split("/")[1] in ("deleted", "archived"))


@needs_samples
def test_every_signature_vector_is_believed_and_a_changed_one_is_not():
    vectors = json.loads((SAMPLES.parent / "webhook_signature_vectors.json").read_text())
    assert [key for key in vectors if key.startswith("bigcommerce")] == ["bigcommerce_standard_webhooks"]
    vector = vectors["bigcommerce_standard_webhooks"]
    headers, body, secret = vector["headers"], vector["body"].encode(), vector["client_secret"]
    at = int(headers["webhook-timestamp"])
    webhooks.verify(headers, body, secret, "", at + 60)
    assert webhooks.hint(body, "abc123").ids == ("250",)
    assert webhooks.hint(body, "another").ignore == "another store"
    later = at + webhooks.OLDEST + 1
    for changed in (
        (body + b" ", secret, at),
        (body, secret + "x", at),
        (body, secret, later),
        (body, secret, at - 400),
    ):
        with pytest.raises(SignatureInvalid):
            webhooks.verify(headers, changed[0], changed[1], "", changed[2])
