"""Raw objects as shops send them, and what they become."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import ConsentStatus, Order, OrderStatus
from cartfolk.connectors.errors import AddressRefused, CredentialsInvalid, PageUnreadable, SignatureInvalid
from cartfolk.connectors.http import Answer
from cartfolk.connectors.woocommerce.client import refusal
from cartfolk.connectors.woocommerce.mapping import Reader
from cartfolk.connectors.woocommerce.webhooks import hint, signature

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


STATUSES = {
    "processing": "completed", "completed": "completed", "refunded": "refunded", "pending": "pending",
    "on-hold": "pending", "failed": "failed", "cancelled": "cancelled", "checkout-draft": "ignored",
    "auto-draft": "ignored", "trash": "ignored", "wc-completed": "completed", "from-a-plugin": "pending",
}  # fmt: skip


@pytest.mark.parametrize(("word", "ours"), STATUSES.items())
def test_paid_words_count_and_words_of_plugins_do_not_until_the_owner_says_so(word, ours):
    (order,) = read(ORDER | {"status": word}).records
    assert (order.status, order.status_raw) == (ours, word.removeprefix("wc-"))


def test_the_owner_says_what_a_plugins_status_means():
    reader = Reader(StoreConfig("https://shop.example.com", {}, settings={"statuses": {"picked": "completed"}}))
    (order,) = reader.read("orders", json.dumps([ORDER]).encode(), NOW).records
    assert (order.status, order.status_raw) == (OrderStatus.COMPLETED, "picked")


def test_a_partial_refund_leaves_the_status_and_the_total_alone():
    (order,) = read(ORDER | {"status": "processing", "total": "40.00"}).records
    assert (order.status, order.total) == (OrderStatus.COMPLETED, Decimal("40.00"))
    assert order.refunds[0].amount == Decimal("1.00")  # the stub's total is negative


def test_money_keeps_every_digit_of_text_and_number_and_each_currencys_decimals():
    line = ORDER["line_items"][0] | {"price": "@", "total": "0.30", "total_tax": "0.0573"}
    body = json.dumps([ORDER | {"total": "9007199254740993.07", "line_items": [line]}])
    (order,) = READER.read("orders", body.replace('"@"', "0.1499999999999999944").encode(), NOW).records
    assert str(order.total) == "9007199254740993.07"
    assert str(order.lines[0].total) == "0.3573"
    for currency, total in {"JPY": "1200", "KWD": "1.250"}.items():
        (order,) = read(ORDER | {"currency": currency, "total": total}).records
        assert (order.currency, str(order.total)) == (currency, total)


def test_discount_and_shipping_are_sent_net_and_kept_gross():
    sent = {"discount_total": "5.00", "discount_tax": "1.00", "shipping_total": "4.00", "shipping_tax": "0.80"}
    (order,) = read(ORDER | sent).records
    assert (order.discount, order.shipping) == (Decimal("6.00"), Decimal("4.80"))


def test_the_hour_that_happens_twice_is_told_by_the_utc_form():
    sent = {"date_created": "2026-10-25T01:30:00", "date_modified": "2026-10-25T02:10:00"}
    (order,) = read(ORDER | sent).records
    assert order.placed_at == datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 10, 25, 1, 10, tzinfo=UTC)


def test_a_time_without_its_utc_form_is_read_in_the_shops_zone():
    berlin = Reader(StoreConfig("https://shop.example.com", {}, timezone="Europe/Berlin"))
    old = {key: value for key, value in ORDER.items() if not key.endswith("_gmt")}
    body = json.dumps([old | {"date_created": "2026-07-01T12:00:00"}]).encode()
    (order,) = berlin.read("orders", body, NOW).records
    assert order.placed_at == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_a_newsletter_box_that_is_missing_or_not_ticked_says_nothing():
    order = ORDER | {"status": "processing"}
    for meta in ([], [{"key": "_newsletter_optin", "value": "yes"}], order["meta_data"]):  # undated, then "no"
        assert [type(each).__name__ for each in read(order | {"meta_data": meta}).records] == ["Order"]


def test_the_newsletter_plugins_field_is_set_per_store():
    settings = {"consent_keys": {"mailchimp_woocommerce_is_subscribed": "subscribed_at"}}
    reader = Reader(StoreConfig("https://shop.example.com", {}, settings=settings))
    meta = [
        {"key": "mailchimp_woocommerce_is_subscribed", "value": "1"},
        {"key": "subscribed_at", "value": "2026-05-01T08:00:00Z"},
    ]
    _order, consent = reader.read("orders", json.dumps([ORDER | {"meta_data": meta}]).encode(), NOW).records
    assert (consent.status, consent.email) == (ConsentStatus.GRANTED, "A@example.com")
    assert consent.at == datetime(2026, 5, 1, 8, tzinfo=UTC)


def test_signature_is_of_the_raw_bytes_with_phps_escapes():
    body = b'{"name":"K\\u00e4se","url":"https:\\/\\/shop.example.com"}'
    assert signature(body, "a&amp;b") == signature(body, "a&b")
    assert signature(body, "s") != signature(json.dumps(json.loads(body)).encode(), "s")


# --- the reference samples, where they lie beside the checkout ---

STREAMS = ("customers", "orders", "products", "categories")
# Documents of interfaces the connector does not read: its own webhooks' form is met in test_traps.
OTHERS = (
    "reports__", "webhooks__", "customers__retrieve-customer-downloads", "handmade__errors",
    "handmade__store_api_cart", "handmade__wc_analytics_customers",
)  # fmt: skip
NAMES = sorted(path.name for path in SAMPLES.glob("*.json"))
needs_samples = pytest.mark.skipif(not NAMES, reason="the reference samples are not part of the project")


def sample(name):
    return json.loads((SAMPLES / name).read_bytes(), parse_float=Decimal)


@needs_samples
@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_read(name):
    if name.startswith(OTHERS):
        pytest.skip("the connector does not read this interface")
    found = sample(name)
    rows = found if isinstance(found, list) else [found]
    stream = name.partition("__")[0]
    if stream == "handmade":
        stream = "refunds" if "refunds_storewide" in name else "orders"
    if stream == "refunds":  # they are read as what they are part of
        stubs = [{"id": row["id"], "total": f"-{row['amount']}"} for row in rows]
        (order,) = read(json.loads(json.dumps(ORDER | {"refunds": stubs, "_refunds": rows}))).records
        assert [each.external_id for each in order.refunds] == [str(row["id"]) for row in rows]
        assert all(each.amount > 0 and each.created_at for each in order.refunds)
        return
    stream = {"variations": "products"}.get(stream, stream)
    assert stream in STREAMS, "a new kind of sample: read it, or name it among the others"
    mapped = READER.read(stream, (SAMPLES / name).read_bytes(), NOW)
    assert not mapped.bad
    assert [each.external_id for each in mapped.records if hasattr(each, "external_id")] == [
        str(row["id"]) for row in rows
    ]


@needs_samples
def test_the_sample_of_a_guest_in_the_repeated_hour():
    name = next(name for name in NAMES if "dst" in name)
    raw = sample(name)
    (order,) = READER.read("orders", (SAMPLES / name).read_bytes(), NOW).records
    assert order.placed_at == datetime.fromisoformat(raw["date_created_gmt"]).replace(tzinfo=UTC)
    assert order.updated_at == datetime.fromisoformat(raw["date_modified_gmt"]).replace(tzinfo=UTC)
    assert (order.customer_id, order.email) == (None, raw["billing"]["email"])
    assert order.status is OrderStatus.COMPLETED
    assert str(order.total) == raw["total"]
    assert [-each.amount for each in order.refunds] == [Decimal(each["total"]) for each in raw["refunds"]]
    assert "&" not in order.lines[1].name


@needs_samples
def test_every_sampled_error_becomes_a_sentence_of_the_right_kind():
    kinds = {
        "woocommerce_rest_cannot_view": CredentialsInvalid,
        "woocommerce_rest_authentication_error": CredentialsInvalid,
        "rest_no_route": AddressRefused,
        "rest_invalid_param": PageUnreadable,
    }
    errors = sample("handmade__errors.json")
    assert {each["code"] for each in errors} == set(kinds)
    for each in errors:
        answer = Answer(each["data"]["status"], {}, json.dumps(each).encode())
        assert type(refusal(answer, "orders")) is kinds[each["code"]]


@needs_samples
@pytest.mark.parametrize("name", ["woocommerce", "woocommerce_deleted", "woocommerce_ping"])
def test_every_signature_vector_is_believed_and_a_changed_one_is_not(name):
    vectors = json.loads((SAMPLES.parent / "webhook_signature_vectors.json").read_text())
    assert {key for key in vectors if key.startswith("woo")} == {
        "woocommerce", "woocommerce_deleted", "woocommerce_ping"
    }  # fmt: skip
    vector = vectors[name]
    headers = {key.lower(): value for key, value in vector["headers"].items()}
    body, secret = vector["body"].encode(), vector.get("secret", "any")
    found = hint(headers, body, secret)
    if name == "woocommerce_ping":
        assert (found.ignore, found.ids) == ("ping", ())
        return
    assert found.ids == (str(json.loads(body)["id"]),)
    assert (found.stream, found.deleted) == ("orders", name == "woocommerce_deleted")
    for changed in ((body + b" ", secret), (body, secret + "x")):
        with pytest.raises(SignatureInvalid):
            hint(headers, *changed)
