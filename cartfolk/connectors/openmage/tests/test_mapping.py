"""Raw objects as Magento 1 sends them, and what they become."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Category, Customer, Order, OrderStatus, Product
from cartfolk.connectors.openmage.mapping import Reader
from cartfolk.connectors.openmage.shopfront import ID
from cartfolk.connectors.reading import load, page_body

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[5] / "shared/reference/stores/samples/openmage"
READER = Reader(StoreConfig("https://shop.example.com/", {}))
PARENT = {
    "item_id": "11", "parent_item_id": None, "product_id": "7", "product_type": "configurable", "sku": "CUP-RED",
    "name": "Cup &amp; saucer", "qty_ordered": "2.0000", "row_total": "16.8067", "tax_amount": "2.5546",
    "hidden_tax_amount": "0.6387", "discount_amount": "4.0000",
}  # fmt: skip
CHILD = {
    "item_id": "12", "parent_item_id": "11", "product_id": "9", "product_type": "simple", "sku": "CUP-RED",
    "name": "Cup red", "qty_ordered": "2.0000", "row_total": "0.0000", "tax_amount": "0.0000",
}  # fmt: skip
ORDER: dict[str, Any] = {
    "order_id": "7", "increment_id": "100000007", "state": "processing", "status": "picked", "customer_id": None,
    "customer_is_guest": "1", "customer_email": " A@example.com ", "order_currency_code": "USD",
    "base_currency_code": "EUR", "base_to_order_rate": "1.2500", "grand_total": "20.0000", "tax_amount": "3.1933",
    "discount_amount": "-4.0000", "shipping_amount": "3.3613", "shipping_incl_tax": "4.0000", "coupon_code": "SPRING",
    "created_at": "2026-10-25 00:30:00", "updated_at": "2026-10-25 01:10:00", "quote_id": "5007",
    "billing_address": {"firstname": "Ada", "street": "Long Road 1\nBack yard", "country_id": "de", "telephone": "1"},
    "items": [PARENT, CHILD], "payment": {"method": "paypal_express"},
    "status_history": [
        {"status": "processing", "created_at": "2026-10-25 00:50:00"},
        {"status": "processing", "created_at": "2026-10-25 00:40:00"},
        {"status": "pending", "created_at": "2026-10-25 00:30:00"},
    ],
}  # fmt: skip


def read(row: dict[str, Any], reader: Reader = READER) -> Order:
    (order,) = reader.read("orders", json.dumps([row]).encode(), NOW).records
    assert isinstance(order, Order)
    return order


def test_an_order_with_every_oddity() -> None:
    order = read(ORDER)
    assert (order.external_id, order.number, order.cart_id) == ("7", "100000007", "5007")
    assert (order.status, order.status_raw) == (OrderStatus.COMPLETED, "picked")
    assert (order.total, order.rate, order.currency) == (Decimal("20.0000"), Decimal("0.8"), "USD")
    assert (order.customer_id, order.email) == (None, "A@example.com")
    assert (order.shipping, order.discount, order.coupons) == (Decimal("4.0000"), Decimal("4.0000"), ("SPRING",))
    assert order.placed_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert order.paid_at == datetime(2026, 10, 25, 0, 40, tzinfo=UTC), "the first of that status"
    assert order.completed_at is None
    assert order.billing is not None
    assert (order.billing.line1, order.billing.line2, order.billing.country) == ("Long Road 1", "Back yard", "DE")


def test_a_configurable_product_is_one_line_and_its_child_the_variant() -> None:
    (line,) = read(ORDER).lines
    assert (line.product_id, line.variant_id, line.sku) == ("7", "9", "CUP-RED")
    assert (line.total, line.price, line.quantity) == (Decimal("16.0000"), Decimal("8.0000"), Decimal("2.0000"))
    assert (line.name, line.discount) == ("Cup & saucer", Decimal("4.0000"))


def test_a_bundle_keeps_tax_and_discount_on_its_parts() -> None:
    bundle = PARENT | {"product_type": "bundle", "row_total": "30.0000", "tax_amount": "0.0000"}
    bundle |= {"hidden_tax_amount": "0.0000", "discount_amount": "0.0000"}
    parts = [CHILD | {"item_id": str(n), "tax_amount": "2.8500", "discount_amount": "1.0000"} for n in (12, 13)]
    (line,) = read(ORDER | {"items": [bundle, *parts]}).lines
    assert (line.total, line.tax, line.discount) == (Decimal("33.7000"), Decimal("5.7000"), Decimal("2.0000"))
    assert line.variant_id is None


STATES = {
    "new": "pending", "pending_payment": "pending", "payment_review": "pending", "holded": "pending",
    "processing": "completed", "complete": "completed", "closed": "refunded", "canceled": "cancelled",
    "from_a_module": "pending",
}  # fmt: skip


@pytest.mark.parametrize(("state", "ours"), STATES.items())
def test_the_state_says_what_an_order_is_worth_whatever_its_status_is_called(state: str, ours: str) -> None:
    order = read(ORDER | {"state": state, "status": "our_own_word"})
    assert (order.status, order.status_raw) == (ours, "our_own_word")


def test_the_owner_may_overrule_a_status() -> None:
    reader = Reader(StoreConfig("https://shop.example.com", {}, settings={"statuses": {"picked": "pending"}}))
    assert read(ORDER, reader).status is OrderStatus.PENDING


def test_refunds_are_credit_memos_that_were_carried_out() -> None:
    memos = [
        {"creditmemo_id": "4", "state": 2, "grand_total": "5.0000", "created_at": "2026-11-01 10:00:00",
         "comments": [{"comment": ""}, {"comment": "Broken"}]},
        {"creditmemo_id": "5", "state": "3", "grand_total": "6.0000"},
        {"creditmemo_id": "6", "state": "1", "grand_total": "7.0000"},
    ]  # fmt: skip
    order = read(ORDER | {"total_refunded": "18.0000", "_creditmemos": memos})
    (refund,) = order.refunds
    assert (refund.external_id, refund.amount, refund.reason) == ("4", Decimal("5.0000"), "Broken")
    assert refund.created_at == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert (order.total, order.status) == (Decimal("20.0000"), OrderStatus.COMPLETED)


def test_where_credit_memos_are_not_told_the_orders_own_sum_stands_for_them() -> None:
    (refund,) = read(ORDER | {"total_refunded": "18.0000"}).refunds
    assert (refund.amount, refund.created_at) == (Decimal("18.0000"), None)
    assert read(ORDER | {"total_refunded": None}).refunds == ()


def test_money_keeps_every_digit_of_text_and_number() -> None:
    body = json.dumps([ORDER | {"grand_total": "@", "tax_amount": "9007199254740993.0701"}])
    # As a connector hands it on: read without floats, and written again.
    page = page_body(load(body.replace('"@"', "0.1499999999999999944")))
    (order,) = READER.read("orders", page, NOW).records
    assert isinstance(order, Order)
    assert (str(order.total), str(order.tax)) == ("0.1499999999999999944", "9007199254740993.0701")


@pytest.mark.parametrize(
    ("changes", "rate"),
    [
        ({"order_currency_code": "EUR", "base_to_order_rate": None}, "1"),
        ({"base_to_order_rate": None}, None),
        ({"base_currency_code": "GBP", "global_currency_code": "EUR", "base_to_global_rate": "1.2000"}, "0.96"),
        ({"base_currency_code": "GBP", "global_currency_code": "GBP", "base_to_global_rate": "1.0000"}, None),
    ],
)
def test_the_rate_leads_home_or_is_not_known(changes: dict[str, Any], rate: str | None) -> None:
    assert read(ORDER | changes).rate == (Decimal(rate) if rate else None)


def test_one_bad_order_leaves_the_others_alone() -> None:
    rows = [ORDER, ORDER | {"order_id": "8", "grand_total": "twelve"}, {"order_id": "9", "_unreadable": True}]
    mapped = READER.read("orders", json.dumps([*rows, "no object", ORDER | {"order_id": "10"}]).encode(), NOW)
    assert [each.external_id for each in mapped.records if isinstance(each, Order)] == ["7", "10"]
    assert [(bad.external_id, bad.field) for bad in mapped.bad] == [("8", "grand_total"), ("9", ""), (None, "")]


def test_a_customer_by_list_and_addresses() -> None:
    row = {
        "customer_id": "3", "email": "Ada@example.com", "firstname": "Ada", "lastname": "Lovelace",
        "_group": "Wholesale",
        "created_at": "2023-01-15 14:30:12", "updated_at": "2023-01-16 14:30:12", "default_billing": "5",
        "_addresses": [
            {"customer_address_id": "4", "is_default_billing": False, "is_default_shipping": True, "city": "Bonn"},
            {"customer_address_id": "5", "is_default_billing": True, "is_default_shipping": False, "telephone": "123",
             "company": "Engines"},
        ],
    }  # fmt: skip
    (found,) = READER.read("customers", json.dumps([row]).encode(), NOW).records
    assert isinstance(found, Customer)
    assert (found.groups, found.phone, found.company) == (("Wholesale",), "123", "Engines")
    assert found.shipping is not None
    assert found.shipping.city == "Bonn"
    assert found.updated_at == datetime(2023, 1, 16, 14, 30, 12, tzinfo=UTC)


def test_no_newsletter_is_made_up() -> None:
    mapped = READER.read("customers", b'[{"customer_id": "3", "email": "a@example.com"}]', NOW)
    assert [type(each) for each in mapped.records] == [Customer]


def test_a_product_tells_local_time_with_its_zone_and_its_categories_by_number() -> None:
    row = {
        "product_id": "7", "name": "Cup", "type": "configurable", "categories": ["103", "104"], "price": "19.9900",
        "url_path": "cup.html", "url_key": "cup", "updated_at": "2026-07-01T12:00:00+02:00",
    }  # fmt: skip
    (found,) = READER.read("products", json.dumps([row]).encode(), NOW).records
    assert isinstance(found, Product)
    assert found.updated_at == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert (found.url, found.categories) == ("https://shop.example.com/cup.html", ("103", "104"))
    category = {"category_id": "103", "parent_id": "2", "name": "K&uuml;che", "level": "2"}
    (shelf,) = READER.read("categories", json.dumps([category]).encode(), NOW).records
    assert isinstance(shelf, Category)
    assert (shelf.slug, shelf.name, shelf.parent_id) == ("103", "Küche", "2")


# --- the reference samples, where they lie beside the checkout ---

STREAM = {
    "sales_order.info": "orders", "sales_order.list": "orders", "customer.info": "customers",
    "customer.list": "customers", "catalog_product.info": "products", "catalog_product.list": "products",
    "catalog_category.info": "categories",
}  # fmt: skip
PARTS = {
    "sales_order_creditmemo.info": "_creditmemos", "sales_order_creditmemo.list": "_creditmemos",
    "customer_address.info": "_addresses", "customer_address.list": "_addresses",
}  # fmt: skip
# Calls the connector does not read records from, or not at all.
OTHERS = ("currentStore", "sales_order_invoice", "customer_group.list", "catalog_category.tree")
NAMES = sorted(path.name for path in SAMPLES.glob("*.json"))
needs_samples = pytest.mark.skipif(not NAMES, reason="the reference samples are not part of the project")


@needs_samples
@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_read(name: str) -> None:
    if any(other in name for other in OTHERS):
        pytest.skip("no records are read from this call")
    told = load((SAMPLES / name).read_bytes())
    call = name.partition("__")[2].removesuffix(".json")
    if name.startswith("rest__"):
        pytest.skip("read by test_rest")
    result = told["response"]["result"]
    rows = result if isinstance(result, list) else [result]
    if call in PARTS:  # they are read as what they are part of
        stream = "orders" if PARTS[call] == "_creditmemos" else "customers"
        whole = ORDER if stream == "orders" else {"customer_id": "1", "email": "a@example.com"}
        (record,) = READER.read(stream, page_body([whole | {PARTS[call]: rows}]), NOW).records
        if isinstance(record, Order):
            assert [each.external_id for each in record.refunds] == [str(row["creditmemo_id"]) for row in rows]
            assert all(each.amount == Decimal("150.0") and each.created_at for each in record.refunds)
        else:
            assert isinstance(record, Customer)
            assert (record.billing is not None) == ("city" in rows[0])
        return
    stream = STREAM[call]
    mapped = READER.read(stream, page_body(rows), NOW)
    assert not mapped.bad
    assert [each.external_id for each in mapped.records] == [str(row[ID[stream]]) for row in rows]  # type: ignore[union-attr]


@needs_samples
def test_the_sampled_order_to_the_cent() -> None:
    raw = load((SAMPLES / "jsonrpc__sales_order.info.json").read_bytes())["response"]["result"]
    (order,) = READER.read("orders", page_body([raw]), NOW).records
    assert isinstance(order, Order)
    assert (order.total, order.shipping, order.email) == (Decimal("150.0"), Decimal("10.0"), raw["customer_email"])
    assert (order.status, order.number, order.customer_id) == (OrderStatus.PENDING, "100000001", "1")
    (line,) = order.lines
    assert (line.total, line.quantity, line.product_id) == (Decimal("140.0"), Decimal(2), "123")
