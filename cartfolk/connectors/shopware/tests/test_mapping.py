"""Raw objects as shops send them, and what they become."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import (
    Category,
    Consent,
    ConsentStatus,
    Coupon,
    Customer,
    Order,
    OrderStatus,
    Product,
)
from cartfolk.connectors.errors import (
    AddressRefused,
    CredentialsInvalid,
    PageUnreadable,
    PermissionMissing,
    SignatureInvalid,
)
from cartfolk.connectors.http import Answer
from cartfolk.connectors.shopware.client import HOME_CURRENCY, refusal
from cartfolk.connectors.shopware.info import INFO
from cartfolk.connectors.shopware.mapping import Reader
from cartfolk.connectors.shopware.webhooks import EVENTS, hint, signature

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[5] / "shared/reference/stores/samples/shopware"
READER = Reader(StoreConfig("https://shop.example.com/admin", {}))


def key(number):
    return f"{number:032x}"


def state(name):
    return {"technicalName": name}


def payment(name, number=1, at="2026-10-24T23:30:00.000+00:00", **more):
    return {"id": key(number), "createdAt": at, "updatedAt": None, "stateMachineState": state(name), **more}


def refund(name, value, number=9):
    made = {"id": key(number), "createdAt": "2026-11-01T10:00:00.000+00:00", "reason": "Torn"}
    return made | {"stateMachineState": state(name), "amount": {"totalPrice": value}}


LINE = {
    "id": key(31), "identifier": "aa", "type": "product", "productId": key(41), "label": "Tom &amp; Jerry",
    "position": 1, "quantity": 2, "totalPrice": 20.0, "payload": {"productNumber": "SW1", "parentId": key(40)},
    "price": {"totalPrice": 20.0, "calculatedTaxes": [{"tax": 3.19, "taxRate": 19, "price": 20.0}]},
}  # fmt: skip
ADDRESS = {
    "firstName": "Ada", "lastName": "Byron", "street": "Hauptstr. 1", "zipcode": "10115", "city": "Berlin",
    "phoneNumber": "+49 30 1", "country": {"iso": "DE"}, "countryState": {"shortCode": "DE-BE"},
}  # fmt: skip
ORDER = {
    "id": key(7), "orderNumber": "10042", "orderDateTime": "2026-10-24T23:30:00.000+00:00",
    "createdAt": "2026-10-24T23:30:01.000+00:00", "updatedAt": None, "currencyId": key(5), "currencyFactor": 1.25,
    "currency": {"isoCode": "USD"}, "amountTotal": 24.9, "amountNet": 20.92, "taxStatus": "gross",
    "shippingTotal": 4.9, "shippingCosts": {"totalPrice": 4.9, "calculatedTaxes": [{"tax": 0.78}]},
    "stateMachineState": state("open"), "billingAddress": ADDRESS, "lineItems": [LINE],
    "transactions": [payment("paid")],
    "orderCustomer": {"email": "A@example.com", "customerId": key(8), "customer": {"id": key(8), "guest": False}},
    "deliveries": [], "customFields": {"cartfolk_cart": "tok"},
}  # fmt: skip


def rows(stream, *raw):
    mapped = READER.read(stream, json.dumps(raw).encode(), NOW)
    assert not mapped.bad, mapped.bad
    return list(mapped.records)


def read(**changes):
    (order,) = rows("orders", ORDER | changes)
    assert isinstance(order, Order)
    return order


# --- orders ---


def test_an_order():
    order = read()
    assert (order.number, order.status, order.status_raw) == ("10042", OrderStatus.COMPLETED, "paid")
    assert (order.total, order.tax, order.shipping) == (Decimal("24.9"), Decimal("3.98"), Decimal("4.9"))
    assert (order.currency, order.rate) == ("USD", Decimal("0.8"))
    assert (order.customer_id, order.email, order.cart_id) == (key(8), "A@example.com", "tok")
    assert order.placed_at == datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 10, 24, 23, 30, 1, tzinfo=UTC), "never changed: its creation"
    assert order.billing is not None
    assert (order.billing.state, order.billing.country, order.phone) == ("BE", "DE", "+49 30 1")
    (line,) = order.lines
    assert (line.name, line.product_id, line.variant_id) == ("Tom & Jerry", key(40), key(41))
    assert (line.total, line.price, line.tax) == (Decimal("20.0"), Decimal("10"), Decimal("3.19"))


@pytest.mark.parametrize(("word", "ours"), INFO.order_statuses.items())
def test_the_payment_says_whether_an_order_counts(word, ours):
    order = read(transactions=[payment(word)] if word != "completed" else [], stateMachineState=state("completed"))
    assert (order.status, order.status_raw) == (ours, word)


def test_words_of_plugins_do_not_count_until_the_owner_says_so():
    raw = ORDER | {"transactions": [payment("picked")]}
    assert read(**raw).status is OrderStatus.PENDING
    reader = Reader(StoreConfig("https://shop.example.com", {}, settings={"statuses": {"picked": "completed"}}))
    (order,) = reader.read("orders", json.dumps([raw]).encode(), NOW).records
    assert (order.status, order.status_raw) == (OrderStatus.COMPLETED, "picked")


@pytest.mark.parametrize(
    ("order", "paid", "ours"),
    [
        ("cancelled", "open", "cancelled"),
        ("cancelled", "paid", "completed"),  # the money is still there
        ("cancelled", "refunded", "refunded"),
        ("completed", "open", "pending"),  # shipped, not paid
        ("cancelled", None, "cancelled"),
        ("in_progress", None, "pending"),
        ("completed", None, "completed"),
    ],
)
def test_the_orders_own_state_only_says_something_where_no_money_came(order, paid, ours):
    payments = [payment(paid)] if paid else []
    assert read(stateMachineState=state(order), transactions=payments).status == ours


@pytest.mark.parametrize(
    ("attempts", "counts"),
    [
        (("failed", "paid"), "paid"),
        (("paid", "cancelled"), "paid"),
        (("cancelled", "open"), "open"),
        (("paid", "open"), "paid"),
        (("failed", "cancelled"), "cancelled"),
        (("open", "reminded"), "reminded"),
    ],
)
def test_of_several_payments_the_one_with_money_counts_whatever_order_they_come_in(attempts, counts):
    made = [payment(word, number, f"2026-10-24T23:3{number}:00.000+00:00") for number, word in enumerate(attempts, 1)]
    assert read(transactions=made).status_raw == counts
    assert read(transactions=made[::-1]).status_raw == counts


def test_the_payment_newer_versions_name_counts():
    made = [payment("paid", 1), payment("open", 2, "2026-10-25T00:00:00.000+00:00")]
    assert read(transactions=made, primaryOrderTransactionId=key(2)).status_raw == "open"
    assert read(transactions=made, primaryOrderTransactionId=key(3)).status_raw == "paid", "it is not there"


def test_the_version_is_the_newest_time_of_all_parts():
    newest = "2026-11-02T08:00:00.000+00:00"
    capture = {"id": key(2), "createdAt": ORDER["createdAt"], "stateMachineState": state("completed")}
    late = refund("open", 1.0) | {"updatedAt": newest}
    for part in (
        {"updatedAt": newest},
        {"transactions": [payment("paid") | {"updatedAt": newest}]},
        {"transactions": [payment("paid", captures=[capture | {"refunds": [late]}])]},
        {"deliveries": [{"id": key(3), "createdAt": ORDER["createdAt"], "updatedAt": newest}]},
    ):
        assert read(**part).updated_at == datetime(2026, 11, 2, 8, tzinfo=UTC)


def test_only_a_capture_knows_when_it_was_paid():
    assert read(transactions=[payment("paid") | {"updatedAt": "2026-11-02T08:00:00.000+00:00"}]).paid_at is None
    capture = {"id": key(2), "createdAt": "2026-10-26T08:00:00.000+00:00", "stateMachineState": state("completed")}
    assert read(transactions=[payment("paid", captures=[capture])]).paid_at == datetime(2026, 10, 26, 8, tzinfo=UTC)


def test_only_completed_refunds_are_refunds():
    words = ("open", "in_progress", "failed", "cancelled", "completed")
    made = [refund(word, 5, number) for number, word in enumerate(words, 50)]
    order = read(transactions=[payment("refunded_partially", captures=[{"id": key(2), "refunds": made}])])
    assert order.status is OrderStatus.COMPLETED
    assert [(each.external_id, each.amount, each.reason) for each in order.refunds] == [(key(54), Decimal(5), "Torn")]
    assert order.refunds[0].created_at == datetime(2026, 11, 1, 10, tzinfo=UTC)


def test_a_payment_refunded_by_hand_gives_back_what_is_left():
    changed = "2026-11-03T08:00:00.000+00:00"
    captures = [{"id": key(2), "refunds": [refund("completed", 4.9)]}]
    order = read(transactions=[payment("refunded", captures=captures) | {"updatedAt": changed}])
    assert [each.amount for each in order.refunds] == [Decimal("4.9"), Decimal("20.0")]
    assert order.refunds[1].created_at == datetime(2026, 11, 3, 8, tzinfo=UTC)
    captures = [{"id": key(2), "refunds": [refund("completed", 24.9)]}]
    assert len(read(transactions=[payment("refunded", captures=captures)]).refunds) == 1


@pytest.mark.parametrize(
    "buyer",
    [
        {"email": "g@example.com", "customerId": key(8), "customer": {"id": key(8), "guest": True}},
        {"email": "g@example.com", "customerId": None, "customer": None},  # the account was deleted
        {"email": "g@example.com", "customerId": key(8)},  # nobody knows whether it is an account
    ],
)
def test_a_guest_is_known_by_the_orders_address_alone(buyer):
    order = read(orderCustomer=buyer)
    assert (order.customer_id, order.email) == (None, "g@example.com")


# --- amounts ---


def test_money_is_what_was_written_and_floats_of_php_are_rounded():
    assert str(read(amountTotal=24.90).total) == "24.9"
    body = json.dumps([ORDER | {"amountTotal": "@", "amountNet": "#"}]).encode()
    as_written = {"41.089999999999996": "41.09", "1200": "1200", "1.25": "1.25", "100.00000000000001": "100"}
    for written, meant in as_written.items():
        sent = body.replace(b'"@"', written.encode()).replace(b'"#"', written.encode())
        (order,) = READER.read("orders", sent, NOW).records
        assert (str(order.total), order.tax) == (meant, 0)


def test_of_net_prices_the_tax_is_added():
    taxed = LINE | {"totalPrice": 16.81, "price": {"totalPrice": 16.81, "calculatedTaxes": [{"tax": 3.19}]}}
    costs = {"totalPrice": 4.12, "calculatedTaxes": {"19": {"tax": 0.78}}}  # a list with names: PHP's habit
    order = read(taxStatus="net", lineItems=[taxed], shippingTotal=4.12, shippingCosts=costs)
    assert (order.lines[0].total, order.lines[0].tax) == (Decimal("20.00"), Decimal("3.19"))
    assert (order.shipping, order.total) == (Decimal("4.90"), Decimal("24.9"))


def test_without_tax_prices_are_what_they_are():
    free = LINE | {"price": {"totalPrice": 20.0, "calculatedTaxes": {}}}
    order = read(taxStatus="tax-free", amountNet=24.9, lineItems=[free])
    assert (order.tax, order.lines[0].tax, order.lines[0].total) == (0, 0, 20)


def test_a_promotion_is_a_discount_and_no_line():
    promotion = {
        "id": key(32), "type": "promotion", "label": "Ten", "position": 2, "quantity": 1, "totalPrice": -2.5,
        "price": {"totalPrice": -2.5, "calculatedTaxes": [{"tax": -0.4}]},
        "payload": {"code": "TEN", "composition": [{"id": "aa", "quantity": 2, "discount": 2.5}]},
    }  # fmt: skip
    order = read(lineItems=[promotion, LINE], amountTotal=22.4)
    assert (order.discount, order.coupons) == (Decimal("2.5"), ("TEN",))
    (line,) = order.lines
    assert (line.total, line.discount, line.tax) == (Decimal("17.50"), Decimal("2.50"), Decimal("2.79"))
    silent = promotion | {"payload": {"code": "TEN"}}
    assert read(lineItems=[silent, LINE]).lines[0].total == 20, "nobody says for which line it was given"


def test_what_is_in_a_bundle_is_in_its_price():
    inside = LINE | {"id": key(33), "parentId": LINE["id"]}
    assert [line.external_id for line in read(lineItems=[LINE, inside]).lines] == [LINE["id"]]


def test_the_rate_of_an_order():
    assert read(currencyId=HOME_CURRENCY, currencyFactor=1).rate == 1
    assert read(currencyFactor=0).rate is None
    assert read(currencyFactor=None).rate is None


def test_the_parcel_is_not_the_discount_on_shipping():
    parcel = {
        "id": key(2), "createdAt": ORDER["createdAt"], "trackingCodes": ["J1", "J2"],
        "shippingCosts": {"totalPrice": 4.9}, "stateMachineState": state("shipped"),
        "shippingOrderAddress": ADDRESS | {"city": "Bonn"},
        "shippingMethod": {"name": None, "translated": {"name": "DHL", "trackingUrl": "https://dhl.example/?c=%s"}},
    }  # fmt: skip
    discount = {"id": key(3), "createdAt": ORDER["createdAt"], "shippingCosts": {"totalPrice": -4.9}}
    order = read(deliveries=[discount, parcel])
    assert (order.fulfilment_status, order.tracking_number, order.tracking_carrier) == ("shipped", "J2", "DHL")
    assert order.tracking_url == "https://dhl.example/?c=J2"
    assert order.shipping_address is not None
    assert order.shipping_address.city == "Bonn"


@pytest.mark.parametrize(
    ("field", "sent"),
    [("amountTotal", None), ("amountTotal", "twelve"), ("orderDateTime", "soon"), ("currency", None), ("id", "")],
)
def test_an_order_that_cannot_be_read_waits_and_the_next_one_goes_on(field, sent):
    mapped = READER.read("orders", json.dumps([ORDER | {field: sent}, ORDER]).encode(), NOW)
    assert [bad.field for bad in mapped.bad] == [field]
    assert len(mapped.records) == 1


# --- people ---


def test_an_account_and_a_guest():
    raw = {
        "id": key(8), "email": "a@example.com", "firstName": "Ada", "lastName": "Byron", "guest": False,
        "company": None, "createdAt": "2026-05-01T08:00:00.123+00:00", "updatedAt": None,
        "group": {"name": None, "translated": {"name": "B2B"}},
        "language": {"locale": {"code": "de-DE"}}, "defaultBillingAddress": ADDRESS | {"company": "Ada Ltd"},
    }  # fmt: skip
    account, guest = rows("customers", raw, raw | {"guest": True})
    assert isinstance(account, Customer)
    assert isinstance(guest, Customer)
    assert (account.registered, guest.registered) == (True, False)
    assert account.updated_at == account.created_at == datetime(2026, 5, 1, 8, 0, 0, 123000, tzinfo=UTC)
    assert (account.groups, account.language, account.company) == (("B2B",), "de-DE", "Ada Ltd")


CREATED, CONFIRMED, CHANGED = (f"2026-05-0{day}T08:00:00.000+00:00" for day in (1, 2, 3))


@pytest.mark.parametrize(
    ("status", "confirmed", "ours", "at"),
    [
        ("optIn", CONFIRMED, ConsentStatus.GRANTED, CONFIRMED),
        ("optIn", None, None, None),  # imported: nobody has clicked
        ("direct", None, ConsentStatus.GRANTED, CREATED),
        ("notSet", None, None, None),
        ("notSet", CONFIRMED, None, None),  # subscribed again, not confirmed again
        ("optOut", CONFIRMED, ConsentStatus.WITHDRAWN, CHANGED),
        ("optOut", None, ConsentStatus.WITHDRAWN, CHANGED),
        ("somethingElse", CONFIRMED, None, None),
    ],
)
def test_consent_has_its_own_time_or_is_not_known(status, confirmed, ours, at):
    raw = {"id": key(6), "email": "N@example.com", "status": status, "confirmedAt": confirmed, "salesChannelId": key(1)}
    found = rows("subscribers", raw | {"createdAt": CREATED, "updatedAt": CHANGED})
    if ours is None:
        assert found == []
        return
    (consent,) = found
    assert isinstance(consent, Consent)
    assert (consent.status, consent.at) == (ours, datetime.fromisoformat(at))
    assert (consent.email, consent.evidence["status"]) == ("N@example.com", status)
    assert ("confirmed_at" in consent.evidence) is (confirmed is not None)


# --- goods ---


def test_categories_products_and_coupons():
    times = {"createdAt": CREATED, "updatedAt": None}
    shoes = times | {"id": key(2), "parentId": key(1), "name": None,
                     "translated": {"name": "Shoes", "breadcrumb": ["Root", "Women", "Shoes"]}}  # fmt: skip
    (category,) = rows("categories", shoes)
    assert isinstance(category, Category)
    assert (category.name, category.slug, category.parent_id) == ("Shoes", "women-shoes", key(1))
    prices = [{"currencyId": key(5), "gross": 30}, {"currencyId": HOME_CURRENCY, "gross": 24.99}]
    raw = times | {"id": key(3), "parentId": None, "childCount": 2, "name": "Boot", "productNumber": "B1",
                   "price": prices, "categories": [shoes], "cover": {"media": {"url": "http://x/b"}}}  # fmt: skip
    product, variant = rows("products", raw, raw | {"id": key(4), "parentId": key(3), "childCount": 0, "price": None})
    assert isinstance(product, Product)
    assert isinstance(variant, Product)
    assert (product.price, product.categories, product.type) == (Decimal("24.99"), ("women-shoes",), "variable")
    assert product.url == f"https://shop.example.com/detail/{key(3)}"
    assert (variant.parent_id, variant.type, variant.price) == (key(3), "variant", None)
    coupon = times | {"id": key(5), "code": "TEN", "discounts": [{"type": "percentage", "value": 10.0}]}
    (found,) = rows("coupons", coupon, coupon | {"code": None})
    assert isinstance(found, Coupon)
    assert (found.code, found.kind, found.amount) == ("TEN", "percentage", Decimal("10.0"))


# --- errors and webhooks ---


@pytest.mark.parametrize(
    ("status", "code", "detail", "kind", "words"),
    [
        (401, "9", "The resource owner denied the request.", CredentialsInvalid, "access key ID"),
        (403, "MISSING", '{"missingPrivileges":["order:read"]}', PermissionMissing, "order:read"),
        (403, "MISSING", '{"missingPrivileges":{"1":"tag:read"}}', PermissionMissing, "tag:read"),
        (403, "X", "no", PermissionMissing, "order line item"),
        (404, "0", "No route found", AddressRefused, "no Shopware Admin API"),
        (400, "FRAMEWORK__INVALID_UUID", "Value is no UUID", PageUnreadable, "FRAMEWORK__INVALID_UUID"),
    ],
)
def test_every_error_becomes_a_sentence_of_the_right_kind(status, code, detail, kind, words):
    body = json.dumps({"errors": [{"status": str(status), "code": code, "detail": detail}]}).encode()
    found = refusal(Answer(status, {"content-type": "application/json"}, body), "search/order-line-item")
    assert type(found) is kind
    assert words in str(found)


def test_the_signature_is_of_the_raw_bytes_with_phps_escapes():
    body = b'{"source":{"url":"https:\\/\\/shop.example.com"}}'
    assert signature(body, "s") != signature(json.dumps(json.loads(body)).encode(), "s")


def test_hints_of_other_events_do_nothing():
    def heard(event, payload):
        body = json.dumps({"data": {"event": event, "payload": payload}}).encode()
        return hint({"shopware-shop-signature": signature(body, "s")}, body, "s")

    draft = {"entity": "order", "primaryKey": key(1), "operation": "update", "versionId": key(99)}
    assert heard("order.written", [draft]).ignore == "draft"
    assert heard("order.written", {}).ignore == "draft"
    assert heard("media.uploaded", {"mediaId": key(1)}).ignore == "event"
    assert heard("checkout.order.placed", {"order": {"id": "x"}}).ignore == "event"
    assert heard("checkout.customer.login", {"customer": {"id": key(2)}}).ids == (key(2),)
    both = [draft | {"versionId": None}, draft | {"primaryKey": key(2), "versionId": None, "operation": "delete"}]
    assert (heard("order.written", both).ids, heard("order.written", both).deleted) == ((key(1), key(2)), False)


def test_no_event_is_asked_for_twice():
    assert len(set(EVENTS)) == len(EVENTS)


# --- the reference samples, where they lie beside the checkout ---

NAMES = sorted(path.name for path in SAMPLES.glob("*.json"))
needs_samples = pytest.mark.skipif(not NAMES, reason="the reference samples are not part of the project")
# The schema's shapes are filled with "string": what is no text there is given a value of its kind.
SHAPES = {
    "Customer": ("customers", {}),
    "Order": ("orders", {}),
    "NewsletterRecipient": ("subscribers", {"status": "optIn"}),
}
PARTS = ("OrderLineItem", "OrderTransactionCaptureRefund")
OTHERS = ("CustomerGroup", "Webhook")  # a name inside a customer; our own form, met in test_traps


def sample(name):
    return json.loads((SAMPLES / name).read_bytes(), parse_float=Decimal)


@needs_samples
@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_read(name):
    kind, _mark, shape = name.removesuffix(".json").partition("__")
    raw = sample(name)
    if kind == "docs":
        body = (SAMPLES / name).read_bytes()
        found = hint({"shopware-shop-signature": signature(body, "s")}, body, "s")
        (result,) = raw["data"]["payload"]
        assert (found.stream, found.ids, found.deleted) == ("products", (result["primaryKey"],), True)
        return
    if kind == "handmade":
        body = json.dumps(raw["webhook_request"]["body"], default=str).replace("018c...", key(1)).encode()
        assert hint({"shopware-shop-signature": signature(body, "s")}, body, "s").ids == (key(1),)
        return
    assert kind == "schema_shape"
    if shape in OTHERS:
        pytest.skip("the connector reads no list of these")
    if shape in PARTS:
        if shape == "OrderLineItem":
            part = {"lineItems": [raw | {"parentId": None}]}
        else:
            part = {"transactions": [payment("paid", captures=[{"id": key(2), "refunds": [raw]}])]}
        body = json.dumps([ORDER | part], default=str).encode()
        (order,) = READER.read("orders", body, NOW).records
        assert isinstance(order, Order)
        assert [line.external_id for line in order.lines] == [raw["id"]] if shape == "OrderLineItem" else order.lines
        return
    stream, fitting = SHAPES[shape]
    body = json.dumps([raw | fitting], default=str).encode()
    mapped = READER.read(stream, body, NOW)
    assert not mapped.bad
    (record,) = mapped.records
    if isinstance(record, Consent):
        assert record.evidence["recipient"] == raw["id"]
    else:
        assert record.external_id == raw["id"]


@needs_samples
def test_the_signature_vector_is_believed_and_a_changed_one_is_not():
    vectors = json.loads((SAMPLES.parent / "webhook_signature_vectors.json").read_text())
    assert {name for name in vectors if "shopware" in name} == {"shopware"}
    vector = vectors["shopware"]
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    body, secret = vector["body"].encode(), vector["shop_secret"]
    (result,) = json.loads(body)["data"]["payload"]
    found = hint(headers, body, secret)
    assert (found.stream, found.ids, found.deleted) == ("orders", (result["primaryKey"],), False)
    for changed in ((body + b" ", secret), (body, secret + "x"), (body, "")):
        with pytest.raises(SignatureInvalid):
            hint(headers, *changed)
