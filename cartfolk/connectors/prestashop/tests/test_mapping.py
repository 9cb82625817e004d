"""Raw objects as the webservice shows them, and what they become."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import (
    Cart,
    Category,
    Consent,
    ConsentStatus,
    Coupon,
    Customer,
    Deleted,
    Mapped,
    Order,
    OrderStatus,
    Product,
)
from cartfolk.connectors.errors import (
    AddressRefused,
    ConnectorError,
    CredentialsInvalid,
    PageUnreadable,
    PermissionMissing,
)
from cartfolk.connectors.http import Answer
from cartfolk.connectors.prestashop.client import base_address, error_code, refusal
from cartfolk.connectors.prestashop.mapping import Reader
from cartfolk.connectors.prestashop.wall import Wall

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[5] / "shared/reference/stores/samples/prestashop"
CONFIG = StoreConfig("https://shop.example.com/", {}, timezone="Europe/Berlin")
READER = Reader(CONFIG, "https://shop.example.com")
PAID = {"id": 27, "paid": "1", "logable": "1", "shipped": "0", "name": "Paid", "_role": ""}
ORDER: dict[str, Any] = {
    "id": 7, "id_customer": "3", "id_cart": "12", "id_currency": "2", "current_state": "27", "valid": "1",
    "date_add": "2026-07-01 12:00:00", "date_upd": "2026-07-02 12:00:00", "conversion_rate": "1.250000",
    "total_paid_tax_incl": "25.000000", "total_paid_tax_excl": "21.000000", "total_shipping_tax_incl": "5.000000",
    "total_discounts_tax_incl": "10.000000", "reference": "ABCDEFGHI", "payment": "Bank &amp; Co",
    "associations": {"order_rows": [
        {"id": "1", "product_id": "5", "product_attribute_id": "0", "product_quantity": "3", "product_name": "Cup",
         "product_reference": "C-1", "unit_price_tax_incl": "6.666667", "unit_price_tax_excl": "5.602241"},
        {"id": "2", "product_id": "6", "product_attribute_id": "9", "product_quantity": "1", "product_name": "Pot",
         "product_reference": "", "unit_price_tax_incl": "10.000000", "unit_price_tax_excl": "10.000000"},
    ]},
    "_customer": {"id": 3, "email": "A@example.com", "firstname": "Ada", "is_guest": "0"},
    "_currency": {"id": 2, "iso_code": "USD", "precision": "2"}, "_state": PAID,
}  # fmt: skip
CUSTOMER: dict[str, Any] = {
    "id": 3, "email": "A@example.com", "firstname": "Ada", "lastname": "L&amp;ace", "is_guest": "0", "deleted": "0",
    "newsletter": "0", "newsletter_date_add": "0000-00-00 00:00:00", "date_add": "2026-07-01 12:00:00",
    "date_upd": "2026-07-02 12:00:00", "_groups": ["VIP"], "_language": "de",
    "_address": {"city": "Berlin", "_country": "de", "phone": "", "phone_mobile": "+49 1", "company": "Lace Ltd",
                 "date_upd": "2026-07-03 12:00:00"},
}  # fmt: skip


def read(stream: str, *rows: dict[str, Any], at: datetime = NOW, reader: Reader = READER) -> Mapped:
    return reader.read(stream, json.dumps(rows).encode(), at)


def order(**changes: Any) -> Order:
    (found,) = read("orders", ORDER | changes).records
    assert isinstance(found, Order)
    return found


def slip(key: int, amount: str, **more: str) -> dict[str, Any]:
    told = {"id": key, "total_products_tax_incl": amount, "total_shipping_tax_incl": "0.000000"}
    return told | {"date_add": "2026-08-01 10:00:00"} | more


def test_an_order_with_every_oddity() -> None:
    found = order()
    assert (found.status, found.status_raw, found.number) == (OrderStatus.COMPLETED, "paid", "ABCDEFGHI")
    assert (found.total, found.tax, found.shipping, found.discount) == (25, 4, 5, 10)
    assert (found.currency, found.rate, found.cart_id) == ("USD", Decimal("0.8"), "12")
    assert (found.customer_id, found.email, found.payment_method) == ("3", "A@example.com", "Bank & Co")
    assert found.placed_at == datetime(2026, 7, 1, 10, tzinfo=UTC)
    cup, pot = found.lines
    assert (cup.total, cup.discount, pot.total) == (Decimal("13.33"), Decimal("6.67"), Decimal("6.67"))
    assert (cup.variant_id, pot.variant_id, pot.sku) == (None, "9", None)
    assert cup.total + pot.total + found.shipping == found.total


def test_a_voucher_for_free_shipping_takes_nothing_off_the_goods() -> None:
    found = order(
        total_discounts_tax_incl="5.000000",
        total_paid_tax_incl="30.000000",
        _vouchers=[{"id": 1, "free_shipping": "1", "_code": "SHIP", "deleted": "0"}],
    )
    assert [each.discount for each in found.lines] == [0, 0]
    assert (found.discount, found.coupons) == (5, ("SHIP",))


@pytest.mark.parametrize(
    ("state", "status", "word"),
    [
        ({"paid": "1", "shipped": "1"}, OrderStatus.COMPLETED, "shipped"),
        ({"paid": "0", "logable": "1"}, OrderStatus.COMPLETED, "accepted"),
        ({"paid": "0", "logable": "0"}, OrderStatus.PENDING, "not paid"),
        ({"paid": "0", "_role": "canceled"}, OrderStatus.CANCELLED, "canceled"),
        ({"paid": "0", "_role": "payment error"}, OrderStatus.FAILED, "payment error"),
        ({"id": "99"}, OrderStatus.COMPLETED, "accepted"),  # the state was deleted; the order itself is valid
    ],
)
def test_a_state_is_what_its_flags_say(state: dict[str, Any], status: OrderStatus, word: str) -> None:
    found = order(_state=state)
    assert (found.status, found.status_raw) == (status, word)


def test_a_credit_slip_is_a_refund_and_dates_the_order() -> None:
    found = order(_slips=[slip(1, "3.500000", total_shipping_tax_incl="1.500000")])
    assert [each.amount for each in found.refunds] == [5]
    assert found.updated_at == datetime(2026, 8, 1, 8, tzinfo=UTC)
    assert found.status is OrderStatus.COMPLETED


def test_credit_slips_never_give_back_more_than_the_order() -> None:
    found = order(_slips=[slip(1, "22.940000"), slip(2, "8.400000"), slip(3, "1.000000")])
    assert [each.amount for each in found.refunds] == [Decimal("22.94"), Decimal("2.06")]


def test_a_credit_slip_of_an_old_shop_has_its_sum_in_other_fields() -> None:
    old = slip(1, "0.000000") | {"amount": "4.00", "shipping_cost_amount": "1.00"}
    assert [each.amount for each in order(_slips=[old]).refunds] == [5]


def test_the_refunded_state_gives_everything_back_even_without_a_slip() -> None:
    entered = {"at": "2026-07-02 11:00:00", "state": {"_role": "refunded"}}
    found = order(_state={"paid": "0", "_role": "refunded"}, _slips=[slip(1, "5.000000")], _history=[entered])
    assert found.status is OrderStatus.REFUNDED
    assert sum(each.amount for each in found.refunds) == found.total
    assert found.refunds[1].created_at == datetime(2026, 7, 2, 9, tzinfo=UTC)


def test_paid_and_shipped_are_when_such_a_state_was_entered_first() -> None:
    shipped = PAID | {"shipped": "1"}
    history = [
        {"at": "2026-07-01 12:00:00", "state": {"paid": "0"}},
        {"at": "2026-07-01 13:00:00", "state": PAID},
        {"at": "2026-07-01 15:00:00", "state": shipped},
        {"at": "2026-07-02 15:00:00", "state": shipped},
    ]
    found = order(_history=history, _carriers=[{"id": 1, "tracking_number": "T1"}])
    assert found.paid_at == datetime(2026, 7, 1, 11, tzinfo=UTC)
    assert found.shipped_at == datetime(2026, 7, 1, 13, tzinfo=UTC)
    assert found.tracking_number == "T1"


def test_a_guests_order_is_nobodys_account() -> None:
    found = order(_customer={"id": 3, "email": "g@example.com", "is_guest": "1"})
    assert (found.customer_id, found.email) == (None, "g@example.com")


def test_a_currency_nobody_knows_makes_a_bad_record_and_no_wrong_amount() -> None:
    mapped = read("orders", ORDER | {"_currency": None})
    assert not mapped.records
    assert (mapped.bad[0].field, mapped.bad[0].external_id) == ("id_currency", "7")
    home = order(_currency=None, conversion_rate="1.000000")
    assert (home.currency, home.rate) == ("EUR", Decimal(1))


def test_a_rate_of_nothing_is_no_rate() -> None:
    assert order(conversion_rate="0.000000").rate is None


# --- people ---


def test_an_account_with_its_address_and_groups() -> None:
    (found,) = read("customers", CUSTOMER).records
    assert isinstance(found, Customer)
    assert (found.last_name, found.company, found.phone, found.groups) == ("L&ace", "Lace Ltd", "+49 1", ("VIP",))
    assert found.registered
    assert found.billing is not None
    assert found.billing.country == "DE"
    assert found.updated_at == datetime(2026, 7, 3, 10, tzinfo=UTC), "the address was edited last"


def consents(**changes: Any) -> list[Consent]:
    return [each for each in read("customers", CUSTOMER | changes).records if isinstance(each, Consent)]


def test_consent_needs_the_flag_and_its_date() -> None:
    dated = "2026-05-01 10:00:00"
    assert consents(newsletter="1") == []
    assert consents(optin="1") == []
    (given,) = consents(newsletter="1", newsletter_date_add=dated, ip_registration_newsletter="203.0.113.7")
    assert (given.status, given.at) == (ConsentStatus.GRANTED, datetime(2026, 5, 1, 8, tzinfo=UTC))
    assert given.evidence["ip"] == "203.0.113.7"
    (back,) = consents(newsletter="0", newsletter_date_add=dated)
    assert (back.status, back.at) == (ConsentStatus.WITHDRAWN, datetime(2026, 7, 2, 10, tzinfo=UTC))


def test_a_guests_consent_is_given_at_the_checkout_and_by_address() -> None:
    (given,) = consents(is_guest="1", newsletter="1", newsletter_date_add="2026-05-01 10:00:00")
    assert (given.source, given.email, given.customer_id) == ("checkout", "A@example.com", None)


def test_a_customer_marked_as_deleted_is_gone() -> None:
    (found,) = read("customers", CUSTOMER | {"deleted": "1"}).records
    assert found == Deleted("customer", "3", datetime(2026, 7, 2, 10, tzinfo=UTC))


# --- carts and goods ---


def test_an_emptied_cart_of_somebody_is_told_and_one_of_nobody_is_not() -> None:
    cart = {"id": 9, "id_customer": "0", "id_guest": "31", "id_currency": "1", "date_upd": "2026-11-20 10:12:00"}
    assert read("carts", cart).records == ()
    (found,) = read("carts", cart | {"id_customer": "3", "_customer": ORDER["_customer"]}).records
    assert isinstance(found, Cart)
    assert (found.lines, found.customer_id, found.email) == ((), "3", "A@example.com")


def test_a_cart_takes_the_price_of_the_variant_that_is_in_it() -> None:
    product = {"name": [{"id": "1", "value": "Tasse"}], "reference": "C", "gross": "9.990000", "id_default_image": "24"}
    row = {"id_product": "5", "id_product_attribute": "8", "quantity": "2", "_product": product}
    row["_variant"] = {"id": 8, "reference": "C-8", "gross": "12.490000"}
    cart = {"id": 9, "id_customer": "0", "date_upd": "2026-11-20 10:12:00", "associations": {"cart_rows": [row]}}
    (found,) = read("carts", cart).records
    assert isinstance(found, Cart)
    (line,) = found.lines
    assert (line.name, line.sku, line.price, line.total) == ("Tasse", "C-8", Decimal("12.49"), Decimal("24.98"))
    assert line.image_url == "https://shop.example.com/img/p/2/4/24.jpg"


def test_goods() -> None:
    raw = {"id": 5, "name": "Tasse", "link_rewrite": "tasse", "reference": "", "price": "8.394958", "gross": "9.990000"}
    (product,) = read("products", raw | {"date_upd": "2026-01-01 00:00:00", "_categories": ["home"]}).records
    assert isinstance(product, Product)
    assert (product.price, product.sku, product.categories) == (Decimal("9.99"), None, ("home",))
    names = [{"id": "1", "value": ""}, {"id": "2", "value": "Home"}]
    (shelf,) = read("categories", {"id": 3, "name": names, "link_rewrite": "home", "id_parent": "2"}).records
    assert shelf == Category("3", "Home", "home", "2")
    rule = {"id": 1, "code": "SPRING", "reduction_percent": "10.00", "reduction_amount": "0.00"}
    (coupon,) = read("coupons", rule).records
    assert isinstance(coupon, Coupon)
    assert (coupon.code, coupon.kind, coupon.amount) == ("SPRING", "percent", 10)
    assert read("coupons", rule | {"code": ""}).records == (), "a rule that applies by itself is no coupon"


def test_what_modules_write_spoils_only_their_own_row() -> None:
    mapped = read("orders", ORDER, ORDER | {"id": 8, "associations": {"order_rows": "none"}}, ORDER | {"id": 9})
    assert [each.external_id for each in mapped.records if isinstance(each, Order)] == ["7", "9"]
    assert mapped.bad[0].external_id == "8"


# --- the clock on the wall ---


def test_of_two_versions_seen_in_the_repeated_hour_the_second_is_never_older() -> None:
    wall = Wall("Europe/Berlin")
    before = wall.instant("2026-10-25 02:50:00", "", datetime(2026, 10, 25, 0, 55, tzinfo=UTC))
    after = wall.instant("2026-10-25 02:10:00", "", datetime(2026, 10, 25, 1, 15, tzinfo=UTC))
    assert before == datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
    assert after == datetime(2026, 10, 25, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "America/New_York", "Australia/Lord_Howe", "nowhere/at-all"])
def test_nothing_that_happens_later_stands_before_the_floor(zone: str) -> None:
    wall = Wall(zone)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for quarter in range(0, 4 * 24 * 300, 3):
        moment = start + timedelta(minutes=15 * quarter)
        if moment.month not in (3, 4, 10, 11):
            continue
        floor = wall.floor(wall.text(moment), timedelta(0))
        assert all(wall.text(moment + timedelta(minutes=ahead)) >= floor for ahead in (0, 10, 30, 59, 61, 120))
        assert wall.instant(floor, "") is not None


# --- errors ---


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b"", CredentialsInvalid),
        (401, b'{"errors":[{"code":26,"message":"x"}]}', PermissionMissing),
        (401, b"<errors><error><code><![CDATA[26]]></code></error></errors>", PermissionMissing),
        (405, b'{"errors":[{"code":25,"message":"x"}]}', PermissionMissing),
        (403, b'{"errors":[{"code":132,"message":"x"}]}', PermissionMissing),
        (503, b'{"errors":[{"code":22,"message":"x"}]}', PermissionMissing),
        (404, b"<!DOCTYPE html><title>404</title>", AddressRefused),
        (400, b'{"errors":[{"code":32,"message":"x"}]}', PageUnreadable),
    ],
)  # fmt: skip
def test_an_error_becomes_a_sentence_of_the_right_kind(status: int, body: bytes, kind: type[ConnectorError]) -> None:
    assert isinstance(refusal(Answer(status, {}, body), "orders"), kind)


def test_addresses() -> None:
    for told in ("https://Shop.example.com", "https://shop.example.com/api/", "https://shop.example.com/admin77/x"):
        assert base_address(told).lower() == "https://shop.example.com"
    assert base_address("https://example.com/de/shop/") == "https://example.com/de/shop"
    assert base_address("https://example.com/apiary/index.php?id=1") == "https://example.com/apiary"


# --- the reference samples, where they lie beside the checkout ---

NAMES = sorted(path.name for path in SAMPLES.glob("*"))
needs_samples = pytest.mark.skipif(not NAMES, reason="the reference samples are not part of the project")
ANSWERS = {"handmade__orders_full.json": "orders", "handmade__customers_full.json": "customers",
           "handmade__carts_full.json": "carts"}  # fmt: skip
# The fields the connector reads of each resource, its own companions left out.
READ = {
    "customers": "id email firstname lastname company is_guest deleted newsletter newsletter_date_add "
    "ip_registration_newsletter id_default_group id_lang date_add date_upd groups",
    "addresses": "id id_customer id_country id_state company firstname lastname address1 address2 postcode city phone "
    "phone_mobile deleted date_upd",
    "orders": "id id_customer id_cart id_currency id_address_invoice id_address_delivery current_state valid module "
    "payment reference conversion_rate total_paid total_paid_tax_incl total_paid_tax_excl total_shipping "
    "total_shipping_tax_incl total_discounts total_discounts_tax_incl shipping_number date_add date_upd order_rows "
    "product_id product_attribute_id product_quantity product_name product_reference unit_price_tax_incl "
    "unit_price_tax_excl",
    "order_slip": "id id_order total_products_tax_incl total_shipping_tax_incl amount shipping_cost_amount date_add "
    "date_upd",
    "order_states": "id name paid shipped logable",
    "order_histories": "id id_order id_order_state date_add",
    "carts": "id id_customer id_currency date_add date_upd cart_rows id_product id_product_attribute quantity",
    "categories": "id id_parent name link_rewrite date_upd",
    "products": "id name link_rewrite reference price id_default_image type categories date_add date_upd",
    "groups": "id name",
    "currencies": "id iso_code precision",
}
# Of these nothing is read: an order's rows come inside the order, its payments' sum is in it.
UNREAD = {"order_details", "order_payments"}


@needs_samples
@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_read(name: str) -> None:
    body = (SAMPLES / name).read_bytes()
    if name.startswith("blank_schema__"):
        resource = name.removeprefix("blank_schema__").removesuffix(".xml")
        if resource in UNREAD:
            pytest.skip("the connector does not read this resource")
        tags = set(re.findall(r"<(\w+)", body.decode()))
        assert set(READ[resource].split()) <= tags, "a field that PrestaShop does not have"
        return
    if name == "handmade__empty_list.json":
        assert READER.read("orders", body, NOW) == Mapped()
        return
    if name == "handmade__error.json":
        assert error_code(Answer(400, {}, body)) == 32
        return
    stream = ANSWERS[name]
    (raw,) = json.loads(body)[stream]
    mapped = READER.read(stream, body, NOW)
    assert not mapped.bad
    assert [each.external_id for each in mapped.records if not isinstance(each, Consent)] == [str(raw["id"])]


@needs_samples
def test_the_sample_of_an_order_in_the_repeated_hour() -> None:
    body = (SAMPLES / "handmade__orders_full.json").read_bytes()
    (raw,) = json.loads(body)["orders"]
    (found,) = READER.read("orders", body, datetime(2026, 10, 25, 1, 30, tzinfo=UTC)).records
    assert isinstance(found, Order)
    assert found.placed_at == datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 10, 25, 1, 10, tzinfo=UTC), "told after it: the second 02:10"
    assert str(found.total) == raw["total_paid_tax_incl"]
    assert (found.customer_id, found.cart_id, found.number) == (raw["id_customer"], raw["id_cart"], raw["reference"])
    assert found.lines[0].price == Decimal(raw["associations"]["order_rows"][0]["unit_price_tax_incl"])
    assert found.status is OrderStatus.COMPLETED


@needs_samples
def test_the_sample_of_a_subscriber_is_a_consent_of_that_date() -> None:
    body = (SAMPLES / "handmade__customers_full.json").read_bytes()
    customer, consent = READER.read("customers", body, NOW).records
    assert isinstance(customer, Customer)
    assert isinstance(consent, Consent)
    assert (consent.status, consent.at) == (ConsentStatus.GRANTED, datetime(2026, 10, 1, 8, tzinfo=UTC))


@needs_samples
def test_prestashop_signs_nothing() -> None:
    vectors = json.loads((SAMPLES.parent / "webhook_signature_vectors.json").read_text())
    assert not [name for name in vectors if "presta" in name.lower()], "there is something to verify now"
