"""Raw objects as Medusa sends them, and what they become."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Category, Coupon, Customer, Order, OrderStatus, Product
from cartfolk.connectors.errors import AddressRefused, CredentialsInvalid, PageUnreadable, PermissionMissing
from cartfolk.connectors.http import Answer
from cartfolk.connectors.medusa.client import base_address, refusal
from cartfolk.connectors.medusa.info import INFO
from cartfolk.connectors.medusa.mapping import Reader

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[5] / "shared/reference/stores/samples/medusa"
READER = Reader(StoreConfig("https://api.shop.example.com", {}))
PAYMENT: dict[str, Any] = {
    "id": "pay_1", "amount": 50, "provider_id": "pp_stripe_stripe", "captured_at": "2026-11-20T11:00:00.250Z",
    "created_at": "2026-11-20T10:00:01.000Z", "updated_at": "2026-11-20T11:00:00.251Z",
    "captures": [{"id": "capt_1", "amount": 50, "created_at": "2026-11-20T11:00:00.249Z"}], "refunds": [],
}  # fmt: skip
ORDER: dict[str, Any] = {
    "id": "order_01A", "display_id": 17, "custom_display_id": None, "status": "pending", "email": "A@example.com",
    "customer_id": "cus_01A", "customer": {"id": "cus_01A", "has_account": True}, "currency_code": "eur",
    "created_at": "2026-11-20T10:00:00.123Z", "updated_at": "2026-11-20T10:00:00.123Z", "canceled_at": None,
    "total": 50, "credit_line_total": 0, "tax_total": 7.98, "discount_total": 5, "shipping_total": 4.9,
    "payment_status": "captured", "fulfillment_status": "not_fulfilled",
    "items": [
        {"id": "ordli_1", "title": "Assam &amp; Co", "variant_title": "250 g", "product_id": "prod_1",
         "variant_id": "variant_1", "variant_sku": "AS", "quantity": 3, "unit_price": 16.7, "total": 45.1,
         "tax_total": 7.2, "discount_total": 5, "thumbnail": None},
    ],
    "billing_address": {"first_name": "Ada", "last_name": "Lovelace", "country_code": "de", "phone": "+49 30 1"},
    "shipping_address": None, "promotions": [{"code": "TEN"}], "cart": {"id": "cart_01A"},
    "payment_collections": [
        {"id": "pay_col_1", "updated_at": "2026-11-20T11:00:00.300Z", "created_at": "2026-11-20T10:00:00.900Z",
         "payments": [PAYMENT]}
    ],
    "fulfillments": [],
}  # fmt: skip


def read(*rows: Any, stream: str = "orders", reader: Reader = READER) -> Any:
    return reader.read(stream, json.dumps(rows).encode(), NOW)


def order(**changes: Any) -> Order:
    (found,) = read(ORDER | changes).records
    assert isinstance(found, Order)
    return found


def paid(**changes: Any) -> list[dict[str, Any]]:
    return [ORDER["payment_collections"][0] | {"payments": [PAYMENT | changes]}]


def test_an_order_with_its_parts() -> None:
    found = order()
    assert (found.number, found.status, found.status_raw) == ("17", OrderStatus.COMPLETED, "captured")
    assert (found.currency, found.total, found.tax, found.shipping) == (
        "EUR",
        Decimal(50),
        Decimal("7.98"),
        Decimal("4.9"),
    )
    assert (found.customer_id, found.email, found.cart_id) == ("cus_01A", "A@example.com", "cart_01A")
    assert (found.coupons, found.payment_method) == (("TEN",), "pp_stripe_stripe")
    (line,) = found.lines
    assert (line.name, line.quantity, line.total) == ("Assam & Co - 250 g", Decimal(3), Decimal("45.1"))
    assert line.price == Decimal("15.033333")
    assert found.billing is not None
    assert (found.billing.country, found.phone, found.shipping_address) == ("DE", "+49 30 1", None)


STATUSES = {
    "captured": "completed", "partially_captured": "completed", "partially_refunded": "completed",
    "refunded": "refunded", "not_paid": "pending", "awaiting": "pending", "authorized": "pending",
    "partially_authorized": "pending", "requires_action": "pending", "canceled": "cancelled", "failed": "failed",
    "of_a_module": "pending",
}  # fmt: skip


@pytest.mark.parametrize(("word", "ours"), STATUSES.items())
@pytest.mark.parametrize("flag", ["pending", "completed", "archived", "requires_action"])
def test_what_was_paid_counts_whatever_the_workflow_says(word: str, ours: str, flag: str) -> None:
    found = order(payment_status=word, status=flag)
    assert (found.status, found.status_raw) == (ours, word)


def test_every_word_of_the_form_is_tested() -> None:
    assert set(INFO.order_statuses) - {"draft"} == set(STATUSES) - {"of_a_module"}


def test_cancelled_and_draft_are_told_by_the_orders_own_status() -> None:
    assert order(status="canceled", payment_status="refunded").status is OrderStatus.CANCELLED
    assert order(status="canceled", payment_status=None).status is OrderStatus.CANCELLED
    assert order(status="draft", payment_status="not_paid").status is OrderStatus.IGNORED
    assert order(is_draft_order=True).status is OrderStatus.IGNORED


def test_an_order_nobody_says_was_paid_is_a_bad_record() -> None:
    mapped = read({key: value for key, value in ORDER.items() if key != "payment_status"}, ORDER)
    assert [(bad.field, bad.external_id) for bad in mapped.bad] == [("payment_status", "order_01A")]
    assert len(mapped.records) == 1


def test_the_owner_says_what_a_modules_word_means() -> None:
    reader = Reader(
        StoreConfig("https://api.shop.example.com", {}, settings={"statuses": {"of_a_module": "completed"}})
    )
    (found,) = read(ORDER | {"payment_status": "of_a_module"}, reader=reader).records
    assert found.status is OrderStatus.COMPLETED


def test_a_refund_takes_a_credit_line_off_the_total_and_the_order_keeps_its_worth() -> None:
    refund = {"id": "ref_1", "amount": 5.5, "note": "broken", "created_at": "2026-11-21T09:00:00.000Z"}
    found = order(
        payment_status="partially_refunded", total=44.5, credit_line_total=5.5,
        payment_collections=paid(refunds=[refund]),
    )  # fmt: skip
    assert (found.status, found.total) == (OrderStatus.COMPLETED, Decimal("50.0"))
    (kept,) = found.refunds
    assert (kept.external_id, kept.amount, kept.reason) == ("ref_1", Decimal("5.5"), "broken")
    assert kept.created_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert found.updated_at == kept.created_at  # newer than the order's own time


def test_an_edit_lowers_the_total_and_its_refund_makes_no_credit_line() -> None:
    """As Medusa 2.21 tells it of three pieces of 9.95, two of them taken out again and 1 given back on top."""
    back = [{"id": f"ref_{amount}", "amount": amount, "created_at": "2026-11-25T20:37:40.000Z"} for amount in (19.9, 1)]
    found = order(
        payment_status="partially_refunded", total=8.95, credit_line_total=1,
        summary={"paid_total": 29.85, "refunded_total": 20.9, "current_order_total": 8.95},
        payment_collections=paid(amount=29.85, refunds=back),
    )  # fmt: skip
    assert found.total == Decimal("29.85")
    assert found.total - sum(each.amount for each in found.refunds) == Decimal("8.95")
    unpaid = order(payment_status="authorized", total=50, summary={"paid_total": 0})
    assert unpaid.total == Decimal(50)


def test_money_that_was_captured_makes_a_new_version_though_the_order_says_it_did_not_change() -> None:
    before = order(payment_status="authorized", payment_collections=[])
    after = order()
    assert before.updated_at == datetime(2026, 11, 20, 10, 0, 0, 123000, tzinfo=UTC)
    assert after.updated_at == datetime(2026, 11, 20, 11, 0, 0, 300000, tzinfo=UTC)
    assert after.paid_at == datetime(2026, 11, 20, 11, 0, 0, 250000, tzinfo=UTC)


def test_money_is_the_digits_of_the_json_text() -> None:
    body = json.dumps([ORDER | {"total": "@"}]).replace('"@"', "9007199254740993.07")
    (found,) = READER.read("orders", body.encode(), NOW).records
    assert isinstance(found, Order)
    assert str(found.total) == "9007199254740993.07"
    for currency, total in {"jpy": "1200", "kwd": "1.250"}.items():
        body = json.dumps([ORDER | {"currency_code": currency, "total": "@"}]).replace('"@"', total)
        (found,) = READER.read("orders", body.encode(), NOW).records
        assert isinstance(found, Order)
        assert (found.currency, str(found.total), found.rate) == (currency.upper(), total, None)


def test_a_guest_has_a_customer_and_no_account() -> None:
    assert order(customer={"id": "cus_01A", "has_account": False}).customer_id is None
    assert order(customer=None).customer_id is None  # deleted since
    row = {"id": "cus_01A", "email": "a@example.com", "has_account": False, "updated_at": "2026-11-20T10:00:00.000Z"}
    (guest,) = read(row, stream="guests").records
    assert isinstance(guest, Customer)
    assert not guest.registered


def test_an_account_with_groups_and_addresses() -> None:
    addresses = [
        {"address_1": "Weg 1", "country_code": "de", "is_default_shipping": True},
        {"address_1": "Hof 2", "company": "Tee & Co", "phone": "+49 1", "is_default_billing": True},
    ]
    row = {
        "id": "cus_1", "email": "a@example.com", "has_account": True, "groups": [{"name": "B2B"}], "phone": None,
        "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-02-01T00:00:00.000Z", "addresses": addresses,
    }  # fmt: skip
    (found,) = read(row, stream="customers").records
    assert isinstance(found, Customer)
    assert (found.groups, found.registered, found.company, found.phone) == (("B2B",), True, "Tee & Co", "+49 1")
    assert found.billing is not None
    assert found.shipping is not None
    assert (found.billing.line1, found.shipping.line1, found.shipping.country) == ("Hof 2", "Weg 1", "DE")


def test_goods_and_coupons() -> None:
    times = {"created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-02-01T00:00:00.000Z"}
    prices = [{"amount": 11, "currency_code": "usd"}, {"amount": 9.95, "currency_code": "eur"}]
    row = times | {
        "id": "prod_1", "title": "Tea", "handle": "tea", "categories": [{"handle": "hot"}],
        "variants": [{"sku": "S", "prices": prices}, {"sku": "L", "prices": [{"amount": 20, "currency_code": "eur"}]}],
    }  # fmt: skip
    (product,) = read(row, stream="products").records
    assert isinstance(product, Product)
    assert (product.slug, product.sku, product.price, product.categories) == ("tea", "S", Decimal("9.95"), ("hot",))
    (category,) = read(times | {"id": "pcat_1", "name": "Hot", "handle": "hot"}, stream="categories").records
    assert category == Category("pcat_1", "Hot", "hot")
    method = {"type": "percentage", "value": 10}
    mapped = read(
        times | {"id": "promo_1", "code": "TEN", "application_method": method}, times | {"id": "p2"}, stream="coupons"
    )
    (coupon,) = mapped.records
    assert isinstance(coupon, Coupon)
    assert (coupon.code, coupon.kind, coupon.amount) == ("TEN", "percentage", Decimal(10))
    assert [bad.field for bad in mapped.bad] == ["code"]


@pytest.mark.parametrize(
    "pasted",
    ["https://api.shop.example.com/app", "https://api.shop.example.com/app/login?x=1", "HTTPS://api.shop.example.com/"],
)
def test_the_address_of_the_admin_is_the_servers(pasted: str) -> None:
    assert base_address(pasted) == "https://api.shop.example.com"
    assert base_address("https://shop.example.com/api/medusa/app/orders") == "https://shop.example.com/api/medusa"
    assert base_address("https://shop.example.com/apple") == "https://shop.example.com/apple"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, CredentialsInvalid), (403, PermissionMissing), (404, AddressRefused), (400, PageUnreadable)],
)
def test_refusals_say_what_to_do(status: int, kind: type[Exception]) -> None:
    error = refusal(Answer(status, {}, b'{"type":"invalid_data","message":"Invalid request"}'), "product-categories")
    assert type(error) is kind
    assert "product" in str(error) or status == 401


# --- the reference samples, where they lie beside the checkout ---

STREAMS = {
    "admin_customers": "customers", "admin_orders": "orders", "admin_orders_id": "orders",
    "admin_product_categories": "categories", "admin_products": "products", "admin_draft_orders": "orders",
}  # fmt: skip
OTHERS = ("admin_customer_groups", "store_carts_id")  # a part of customers; what the subscriber reads in the shop
NAMES = sorted(path.name for path in SAMPLES.glob("*.json"))


def filled(value: Any) -> Any:
    """Without what a schema's generator left empty: objects all of whose fields are null."""
    if isinstance(value, dict):
        return {key: filled(each) for key, each in value.items()}
    if isinstance(value, list):
        return [
            filled(each)
            for each in value
            if not isinstance(each, dict) or any(one is not None for one in each.values())
        ]
    return value


@pytest.mark.skipif(not NAMES, reason="the reference samples are not part of the project")
@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_read(name: str) -> None:
    what = name.removesuffix(".json").rpartition("__")[2]
    if what in OTHERS:
        pytest.skip("no stream has these documents")
    assert what in STREAMS, "a new kind of sample: read it, or name it among the others"
    found = filled(json.loads((SAMPLES / name).read_bytes()))
    (rows,) = (value for value in found.values() if isinstance(value, list | dict))
    rows = [row for row in (rows if isinstance(rows, list) else [rows]) if row]
    if what == "admin_products":
        assert not rows  # the list of the sample holds an object without a field
        return
    # Made from a schema: text stands where a currency's code is.
    rows = [row | ({"currency_code": "usd"} if "currency_code" in row else {}) for row in rows]
    mapped = read(*rows, stream=STREAMS[what])
    assert not mapped.bad
    assert [each.external_id for each in mapped.records] == [row["id"] for row in rows]
