"""Objects of the Admin API, and what they become."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Cart, Consent, ConsentStatus, Customer, Mapped, Order, OrderStatus
from cartfolk.connectors.errors import (
    AddressRefused,
    CredentialsInvalid,
    PermissionMissing,
    RetryLater,
    SignatureInvalid,
    StopStore,
)
from cartfolk.connectors.graphql import problems
from cartfolk.connectors.http import Answer
from cartfolk.connectors.shopify import webhooks
from cartfolk.connectors.shopify.bulk import Export
from cartfolk.connectors.shopify.client import TooCostly, pause, refusal
from cartfolk.connectors.shopify.mapping import Reader
from cartfolk.connectors.shopify.queries import SOURCES

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FOLDER = Path(__file__).resolve().parents[5] / "shared/reference/stores/samples"
SAMPLES = FOLDER / "shopify"
READER = Reader(StoreConfig("https://example.myshopify.com", {}, home_currency="EUR"))


def bag(amount: str, currency: str = "EUR", booked: str | None = None) -> dict[str, Any]:
    seen = {"amount": amount, "currencyCode": currency}
    return {"presentmentMoney": seen, "shopMoney": {"amount": booked or amount, "currencyCode": "EUR"}}


ORDER: dict[str, Any] = {
    "id": "gid://shopify/Order/7", "name": "#1007", "email": "Ann@example.com", "test": False, "cancelledAt": None,
    "createdAt": "2026-11-20T10:00:00Z", "processedAt": "2026-11-20T10:00:00Z", "updatedAt": "2026-11-20T11:00:00Z",
    "displayFinancialStatus": "PAID", "displayFulfillmentStatus": "UNFULFILLED", "taxesIncluded": True,
    "customer": None, "totalPriceSet": bag("40.00"), "totalTaxSet": bag("6.39"), "refunds": [],
    "lineItems": {"nodes": [{
        "id": "gid://shopify/LineItem/1", "name": "Cup &amp; saucer - Red", "quantity": 2, "sku": "CUP",
        "product": {"id": "gid://shopify/Product/3"}, "variant": None, "originalTotalSet": bag("44.00"),
        "discountAllocations": [{"allocatedAmountSet": bag("4.00")}], "taxLines": [{"priceSet": bag("6.39")}],
    }]},
}  # fmt: skip
CUSTOMER: dict[str, Any] = {
    "id": "gid://shopify/Customer/9", "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-02-01T00:00:00Z",
    "firstName": "Ann", "state": "ENABLED", "locale": "de", "tags": ["vip"],
    "defaultEmailAddress": {
        "emailAddress": "ann@example.com", "marketingState": "SUBSCRIBED",
        "marketingOptInLevel": "CONFIRMED_OPT_IN", "marketingUpdatedAt": "2026-01-02T00:00:00Z",
    },
    "defaultPhoneNumber": {
        "phoneNumber": "+49301", "marketingState": "UNSUBSCRIBED", "marketingUpdatedAt": "2026-01-03T00:00:00Z",
        "marketingCollectedFrom": "SHOPIFY",
    },
}  # fmt: skip


def read(stream: str, *rows: Any) -> Mapped:
    return READER.read(stream, json.dumps(rows).encode(), NOW)


def order(**changes: Any) -> Order:
    (found,) = read("orders", ORDER | changes).records
    assert isinstance(found, Order)
    return found


def test_an_order_is_what_the_customer_saw() -> None:
    found = order()
    assert (found.external_id, found.number, found.status_raw) == ("7", "#1007", "PAID")
    assert (found.total, found.currency, found.rate, found.tax) == (Decimal("40.00"), "EUR", 1, Decimal("6.39"))
    (line,) = found.lines
    assert (line.name, line.product_id, line.variant_id) == ("Cup & saucer - Red", "3", None)
    assert (line.total, line.discount, line.price) == (Decimal("40.00"), Decimal("4.00"), Decimal("20.000000"))


def test_a_foreign_order_keeps_its_currency_and_the_rate_it_was_booked_at() -> None:
    found = order(totalPriceSet=bag("10000", "JPY", "62.50"))
    assert (found.total, found.currency, found.rate) == (Decimal("10000"), "JPY", Decimal("0.00625"))


def test_tax_is_in_the_line_whether_the_shop_shows_prices_with_it_or_without() -> None:
    assert order(taxesIncluded=False).lines[0].total == Decimal("46.39")


STATUSES = {
    "PENDING": "pending", "AUTHORIZED": "pending", "EXPIRED": "pending", "PAID": "completed",
    "PARTIALLY_PAID": "completed", "PARTIALLY_REFUNDED": "completed", "REFUNDED": "refunded", "VOIDED": "cancelled",
    None: "pending", "SOMETHING_NEW": "pending",
}  # fmt: skip


@pytest.mark.parametrize(("word", "ours"), STATUSES.items())
def test_only_paid_counts(word: str | None, ours: str) -> None:
    assert order(displayFinancialStatus=word).status == ours


def test_cancelled_and_test_orders_are_told_by_other_fields() -> None:
    assert order(cancelledAt="2026-11-20T12:00:00Z").status is OrderStatus.CANCELLED
    assert order(test=True).status is OrderStatus.IGNORED


def test_the_owner_says_what_a_state_means() -> None:
    reader = Reader(StoreConfig("https://x.example", {}, settings={"statuses": {"AUTHORIZED": "completed"}}))
    body = json.dumps([ORDER | {"displayFinancialStatus": "AUTHORIZED"}]).encode()
    (found,) = reader.read("orders", body, NOW).records
    assert isinstance(found, Order)
    assert found.status is OrderStatus.COMPLETED


def test_goods_put_back_without_money_are_no_refund() -> None:
    refunds = [
        {"id": "gid://shopify/Refund/1", "createdAt": "2026-11-21T00:00:00Z", "totalRefundedSet": bag("0.00")},
        {"id": "gid://shopify/Refund/2", "createdAt": "2026-11-22T00:00:00Z", "totalRefundedSet": bag("20.00")},
    ]
    found = order(refunds=refunds, displayFinancialStatus="PARTIALLY_REFUNDED")
    assert [(each.external_id, each.amount) for each in found.refunds] == [("2", Decimal("20.00"))]
    assert (found.status, found.total) == (OrderStatus.COMPLETED, Decimal("40.00"))


def test_paid_is_when_money_first_came() -> None:
    transactions = [
        {"kind": "AUTHORIZATION", "status": "SUCCESS", "processedAt": "2026-11-20T10:00:00Z"},
        {"kind": "CAPTURE", "status": "FAILURE", "processedAt": "2026-11-20T11:00:00Z"},
        {"kind": "CAPTURE", "status": "SUCCESS", "processedAt": "2026-11-21T12:00:00Z"},
    ]
    assert order(transactions=transactions).paid_at == datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_consent_has_its_date_and_channel() -> None:
    customer, mail, phone = read("customers", CUSTOMER).records
    assert isinstance(customer, Customer)
    assert isinstance(mail, Consent)
    assert isinstance(phone, Consent)
    assert (customer.registered, customer.groups, customer.language) == (True, ("vip",), "de")
    assert (mail.status, mail.channel, mail.at) == (ConsentStatus.GRANTED, "email", datetime(2026, 1, 2, tzinfo=UTC))
    assert mail.evidence["opt_in"] == "CONFIRMED_OPT_IN"
    assert (phone.status, phone.channel, phone.evidence["collected"]) == (ConsentStatus.WITHDRAWN, "sms", "SHOPIFY")


@pytest.mark.parametrize(
    ("state", "at"),
    [
        ("SUBSCRIBED", None),
        ("PENDING", "2026-01-02T00:00:00Z"),
        ("NOT_SUBSCRIBED", "2026-01-02T00:00:00Z"),
        ("INVALID", "2026-01-02T00:00:00Z"),
        ("UNSUBSCRIBED", None),
    ],
)
def test_without_a_date_or_a_decision_there_is_no_consent(state: str, at: str | None) -> None:
    mail = CUSTOMER["defaultEmailAddress"] | {"marketingState": state, "marketingUpdatedAt": at}
    records = read("customers", CUSTOMER | {"defaultEmailAddress": mail, "defaultPhoneNumber": None}).records
    assert [type(each) for each in records] == [Customer]


@pytest.mark.parametrize("state", ["DISABLED", "INVITED", "DECLINED"])
def test_guests_are_customers_without_an_account(state: str) -> None:
    (customer, *_consents) = read("customers", CUSTOMER | {"state": state}).records
    assert isinstance(customer, Customer)
    assert not customer.registered


def test_a_customer_who_left_nothing_but_an_id_is_still_one() -> None:
    bare = {"id": "gid://shopify/Customer/1", "defaultEmailAddress": None, "updatedAt": "2026-01-01T00:00:00Z"}
    (customer,) = read("customers", bare).records
    assert isinstance(customer, Customer)
    assert customer.email is None


def test_a_bad_amount_costs_its_order_only() -> None:
    for nonsense in ("twelve", bag("twelve"), {"presentmentMoney": None}):
        mapped = read("orders", ORDER, ORDER | {"id": "gid://shopify/Order/8", "totalPriceSet": nonsense})
        assert len(mapped.records) == 1
        assert (mapped.bad[0].external_id, mapped.bad[0].field) == ("8", "totalPriceSet")
        assert json.loads(mapped.bad[0].raw)["id"] == "gid://shopify/Order/8"
    assert read("orders", "no object", ORDER).bad[0].external_id is None
    assert READER.read("orders", b"<html>", NOW).bad


# --- errors


def said(status: int = 200, code: str = "", **more: Any) -> Answer:
    errors = [{"message": "m", "path": ["customers", 0, "email"], "extensions": {"code": code}}] if code else []
    return Answer(status, {}, json.dumps({"errors": errors, **more}).encode())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (said(401), CredentialsInvalid),
        (said(402), StopStore),
        (said(423), StopStore),
        (said(403), PermissionMissing),
        (said(404), AddressRefused),
        (said(code="THROTTLED"), RetryLater),
        (said(code="ACCESS_DENIED", data={"customers": [{"email": None}]}), PermissionMissing),
        (said(code="MAX_COST_EXCEEDED"), TooCostly),
        (said(code="INTERNAL_SERVER_ERROR"), RetryLater),
        (said(code="SHOP_INACTIVE"), StopStore),
    ],
)
def test_an_error_says_what_to_do_next(answer: Answer, error: type[Exception]) -> None:
    assert isinstance(refusal(answer, problems(answer)), error)


def test_a_throttled_question_waits_until_the_bucket_holds_it() -> None:
    state = {"maximumAvailable": 2000.0, "currentlyAvailable": 201, "restoreRate": 100.0}
    cost = {"cost": {"requestedQueryCost": 1002, "actualQueryCost": None, "throttleStatus": state}}
    assert pause(said(code="THROTTLED", extensions=cost)) == pytest.approx(8.01)
    assert pause(said(code="THROTTLED")) == 0.0


def test_whatever_the_owner_may_read_is_among_the_sentences() -> None:
    """Sentences that are not listed stay English in every language."""
    from cartfolk.web.sentences import match

    answers = [said(status) for status in (400, 401, 402, 403, 404, 423)]
    codes = ("THROTTLED", "ACCESS_DENIED", "SHOP_INACTIVE", "MAX_COST_EXCEEDED", "INTERNAL_SERVER_ERROR", "other")
    answers += [said(code=code) for code in codes]
    told = [str(refusal(answer, problems(answer))) for answer in answers]
    spoiled = ({"totalPriceSet": None}, {"totalPriceSet": 7}, {"totalPriceSet": bag("x")}, {"id": None})
    spoiled += ({"refunds": [7]}, {"updatedAt": "soon"}, {"billingAddress": {"firstName": []}, "lineItems": 3})
    nowhen = {"processedAt": None, "createdAt": None, "updatedAt": None}
    bad = [bad for changes in (*spoiled, nowhen) for bad in read("orders", ORDER | changes).bad]
    bad += [*read("orders", 7).bad, *READER.read("orders", b"<html>", NOW).bad]
    told += [each.reason for each in bad]
    assert len(bad) >= len(spoiled)
    assert [sentence for sentence in told if match(sentence) is None] == []


# --- webhooks

SECRET = "shpss_now"


def sent(topic: str, body: bytes, secret: str = SECRET, prefix: str = "x-shopify-", **more: str) -> dict[str, str]:
    told = {"topic": topic, "hmac-sha256": webhooks.signature(body, secret), **more}
    return {f"{prefix}{name}": value for name, value in told.items()}


HINTS: list[tuple[str, dict[str, Any], tuple[str, tuple[str, ...], bool]]] = [
    ("orders/updated", {"id": 820982911946154508}, ("orders", ("820982911946154508",), False)),
    ("orders/delete", {"id": 5}, ("orders", ("5",), True)),
    ("refunds/create", {"id": 1, "order_id": 5}, ("orders", ("5",), False)),
    ("customers/update", {"id": 9, "email": "a@example.com"}, ("customers", ("9",), False)),
    ("customers/delete", {"id": 9}, ("customers", ("9",), True)),
    ("customers/email_marketing_consent_update", {"customer_id": 9}, ("customers", ("9",), False)),
    ("customers_email_marketing_consent/update", {"customer_id": 9}, ("customers", ("9",), False)),
    ("customers_marketing_consent/update", {"customer_id": 9, "id": 4}, ("customers", ("9",), False)),
    (
        "customers/merge",
        {
            "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
            "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
        },
        ("customers", ("1", "2"), False),
    ),
    ("checkouts/update", {"id": 450789469, "token": "abc"}, ("checkouts", ("450789469",), False)),
    ("products/update", {"id": 3}, ("products", ("3",), False)),
    ("collections/update", {"id": 4}, ("categories", ("4",), False)),
]


@pytest.mark.parametrize("prefix", ["x-shopify-", "shopify-"])
@pytest.mark.parametrize(("topic", "body", "means"), HINTS, ids=[each[0] for each in HINTS])
def test_a_webhook_in_either_style_is_a_hint(
    topic: str, body: dict[str, Any], means: tuple[str, tuple[str, ...], bool], prefix: str
) -> None:
    raw = json.dumps(body).encode()
    found = webhooks.hint(sent(topic, raw, prefix=prefix), raw, (SECRET,))
    assert (found.stream, found.ids, found.deleted) == means
    assert not found.ignore


@pytest.mark.parametrize(("topic", "wanted"), [("customers/redact", "erase"), ("customers/data_request", "access")])
def test_a_customer_s_rights_reach_us_without_their_body(topic: str, wanted: str) -> None:
    raw = json.dumps({"shop_id": 1, "customer": {"id": 9, "email": "x@example.org"}}).encode()
    found = webhooks.hint(sent(topic, raw), raw, (SECRET,))
    assert (found.ids, found.privacy, found.deleted, found.ignore) == (("9",), wanted, False, "")


@pytest.mark.parametrize("topic", ["shop/redact", "app/uninstalled", "carts/update"])
def test_what_names_no_object_of_ours_is_verified_and_acknowledged(topic: str) -> None:
    raw = b'{"shop_id": 1, "id": "token"}'
    assert webhooks.hint(sent(topic, raw), raw, (SECRET,)).ignore
    with pytest.raises(SignatureInvalid):
        webhooks.hint(sent(topic, raw, secret="other"), raw, (SECRET,))


def test_after_a_rotation_the_old_secret_is_believed_for_as_long_as_it_is_known() -> None:
    raw = b'{"id": 5}'
    headers = sent("orders/updated", raw, secret="shpss_before")
    assert webhooks.hint(headers, raw, (SECRET, "shpss_before")).ids == ("5",)
    with pytest.raises(SignatureInvalid):
        webhooks.hint(headers, raw, (SECRET, ""))
    with pytest.raises(SignatureInvalid):
        webhooks.hint(sent("orders/updated", raw, secret=""), raw, ("", ""))


def test_one_app_in_two_shops_has_one_secret_and_the_other_shops_orders_are_not_ours() -> None:
    raw = b'{"id": 5}'
    headers = sent("orders/updated", raw, **{"shop-domain": "Other.myshopify.com"})
    assert webhooks.hint(headers, raw, (SECRET,), "example.myshopify.com").ignore
    assert webhooks.hint(headers, raw, (SECRET,), "other.myshopify.com").ids == ("5",)


# --- what lies beside the checkout


@pytest.fixture
def samples() -> Path:
    if not SAMPLES.is_dir():
        pytest.skip("the shops' samples are not beside the checkout")
    return SAMPLES


@pytest.mark.parametrize(
    ("file", "stream", "expected"),
    [
        ("handmade__graphql_customers_page.json", "customers", [Customer, Consent]),
        ("handmade__graphql_abandoned_checkouts.json", "checkouts", [Cart]),
    ],
)
def test_every_sample_of_a_page_is_read(samples: Path, file: str, stream: str, expected: list[type]) -> None:
    data = json.loads((samples / file).read_text(encoding="utf-8"))["data"]
    mapped = read(stream, *data[SOURCES[stream].root]["nodes"])
    assert not mapped.bad
    assert [type(each) for each in mapped.records] == expected


def test_the_sample_of_an_export_is_read(samples: Path) -> None:
    async def lines() -> Any:
        for line in (samples / "handmade__bulk_orders.jsonl").read_bytes().split(b"\n"):
            yield line

    async def opened() -> list[Any]:
        export = Export(SOURCES["orders"])
        await export.fill(lines(), 2)
        rows, _last = export.rows(0, 100)
        export.close()
        return rows

    import asyncio

    first, second = read("orders", *asyncio.run(opened())).records
    assert isinstance(first, Order)
    assert isinstance(second, Order)
    assert (first.status, first.total, len(first.lines)) == (OrderStatus.COMPLETED, Decimal("100.00"), 1)
    assert (second.status, second.email, second.customer_id) == (OrderStatus.IGNORED, None, None)


def test_the_sample_of_a_throttled_answer_is_waited_for(samples: Path) -> None:
    answer = Answer(200, {}, (samples / "handmade__graphql_throttled.json").read_bytes())
    error = refusal(answer, problems(answer))
    assert isinstance(error, RetryLater)
    assert error.after == pytest.approx(8.01)


@pytest.mark.parametrize(
    ("file", "topic", "stream", "key"),
    [
        ("order", "orders/create", "orders", "450789469"),
        ("customer", "customers/create", "customers", "207119551"),
        ("product", "products/update", "products", "632910392"),
        ("refund", "refunds/create", "orders", "450789469"),
    ],
)
def test_bodies_of_the_older_form_are_hints(samples: Path, file: str, topic: str, stream: str, key: str) -> None:
    held = json.loads((samples / f"rest_fixture__{file}.json").read_text(encoding="utf-8"))
    raw = json.dumps(held.get(file, held)).encode()
    found = webhooks.hint(sent(topic, raw), raw, (SECRET,))
    assert (found.stream, found.ids) == (stream, (key,))


def test_the_signature_vector_is_believed_and_nothing_else(samples: Path) -> None:
    vector = json.loads((FOLDER / "webhook_signature_vectors.json").read_text(encoding="utf-8"))["shopify"]
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    body = vector["body"].encode()
    found = webhooks.hint(headers, body, (vector["client_secret"],), "example.myshopify.com")
    assert (found.stream, found.ids) == ("orders", ("820982911946154508",))
    with pytest.raises(SignatureInvalid):
        webhooks.hint(headers, body.replace(b"\\/", b"/"), (vector["client_secret"],))
