"""Raw objects as Magento sends them, and what they become."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Cart, Customer, Order, OrderStatus
from cartfolk.connectors.errors import CredentialsInvalid, PageUnreadable, PermissionMissing, SignatureInvalid
from cartfolk.connectors.http import Answer
from cartfolk.connectors.magento2.client import base_address
from cartfolk.connectors.magento2.mapping import Reader
from cartfolk.connectors.magento2.refusals import message, refusal
from cartfolk.connectors.magento2.webhooks import hint, signature
from cartfolk.connectors.oauth1 import OAuth1

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[5] / "shared/reference/stores/samples/magento2"
READER = Reader(StoreConfig("https://shop.example.com", {}, home_currency="EUR"))
ITEM = {
    "item_id": 5, "product_id": 40, "product_type": "simple", "sku": "CUP", "name": "Cup &amp; saucer",
    "qty_ordered": 2, "row_total": 20, "tax_amount": 3.23, "discount_amount": 3, "discount_tax_compensation_amount": 0,
}  # fmt: skip
ORDER = {
    "entity_id": 7, "increment_id": "000000007", "quote_id": 81, "state": "processing", "status": "packed",
    "created_at": "2026-10-24 23:30:00", "updated_at": "2026-10-25 01:10:00", "order_currency_code": "EUR",
    "base_currency_code": "EUR", "base_to_order_rate": 1, "grand_total": 25.13, "tax_amount": 3.23,
    "shipping_incl_tax": 4.9, "discount_amount": -3, "customer_is_guest": 1, "customer_email": "A@example.com",
    "items": [ITEM],
    "billing_address": {
        "firstname": "Tom", "lastname": "Ka\u0308se", "street": ["Road 1", "2nd floor", "left"], "city": "Bonn",
        "country_id": "de", "telephone": "0228",
    },
}  # fmt: skip


def read(stream, *rows, reader=READER):
    return reader.read(stream, json.dumps(rows).encode(), NOW)


def order(**changes):
    (found,) = read("orders", ORDER | changes).records
    assert isinstance(found, Order)
    return found


def test_an_order_of_a_guest():
    found = order()
    assert (found.external_id, found.number, found.cart_id) == ("7", "000000007", "81")
    assert (found.customer_id, found.email, found.phone) == (None, "A@example.com", "0228")
    assert (found.total, found.tax, found.shipping, found.discount) == tuple(
        map(Decimal, ("25.13", "3.23", "4.9", "3"))
    )
    assert found.placed_at == datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert found.billing is not None
    assert (found.billing.line1, found.billing.line2) == ("Road 1", "2nd floor, left")
    assert (found.billing.last_name, found.billing.country) == ("K\u00e4se", "DE")
    (line,) = found.lines
    assert (line.name, line.quantity, line.total, line.price) == (
        "Cup & saucer", Decimal(2), Decimal("20.23"), Decimal("10.115")
    )  # fmt: skip


STATES = {
    "new": "pending", "pending_payment": "pending", "payment_review": "pending", "holded": "pending",
    "processing": "completed", "complete": "completed", "closed": "refunded", "canceled": "cancelled",
    "of_a_module": "pending",
}  # fmt: skip


@pytest.mark.parametrize(("state", "ours"), STATES.items())
def test_the_state_counts_and_not_the_status_merchants_invent(state, ours):
    found = order(state=state, status="anything")
    assert (found.status, found.status_raw) == (ours, state)


def test_the_owner_says_what_a_state_means():
    config = StoreConfig("https://shop.example.com", {}, settings={"statuses": {"holded": "completed"}})
    (found,) = read("orders", ORDER | {"state": "holded"}, reader=Reader(config)).records
    assert isinstance(found, Order)
    assert (found.status, found.status_raw) == (OrderStatus.COMPLETED, "holded")


@pytest.mark.parametrize(
    ("raw", "ours"),
    [("28", "28"), ("28.80", "28.80"), ("28.799999999999997", "28.8"), ("0.30000000000000004", "0.3"), ("1e2", "1E+2"),
     ("12.3456", "12.3456"), ('"19.9000"', "19.9000"), ("119.99999999999999", "120")],
)  # fmt: skip
def test_amounts_are_ints_floats_with_noise_or_text(raw, ours):
    body = json.dumps([ORDER | {"grand_total": "HERE"}]).replace('"HERE"', raw)
    (found,) = READER.read("orders", body.encode(), NOW).records
    assert isinstance(found, Order)
    assert str(found.total) == ours


@pytest.mark.parametrize(
    ("order_currency", "base", "rate", "ours"),
    [("EUR", "EUR", 1, "1"), ("USD", "EUR", 1.25, "0.8"), ("USD", "EUR", 0, None), ("USD", "EUR", None, None),
     ("USD", "GBP", 1.25, None), ("EUR", "USD", 0.9, "1")],
)  # fmt: skip
def test_the_rate_is_turned_round_and_none_without_evidence(order_currency, base, rate, ours):
    changes = {"order_currency_code": order_currency, "base_currency_code": base, "base_to_order_rate": rate}
    (found,) = read("orders", {name: value for name, value in (ORDER | changes).items() if value is not None}).records
    assert isinstance(found, Order)
    assert found.rate == (None if ours is None else Decimal(ours))


def test_the_orders_value_in_both_currencies_is_more_exact_than_the_rate():
    yen = {"order_currency_code": "JPY", "grand_total": 16543, "base_grand_total": 100.02, "base_to_order_rate": 165.4}
    assert order(**yen).rate == Decimal("100.02") / 16543


def test_refunds_are_the_paid_out_memos_and_what_the_order_knows_beyond():
    memos = [
        {"entity_id": 9, "grand_total": 5, "state": 2, "created_at": "2026-10-26 10:00:00",
         "comments": [{"comment": "broken"}]},
        {"entity_id": 10, "grand_total": 7, "state": 3, "created_at": "2026-10-26 11:00:00", "comments": []},
        {"entity_id": 11, "grand_total": 7, "state": 1, "created_at": "2026-10-26 11:00:00"},
    ]  # fmt: skip
    found = order(total_refunded=6.5, _creditmemos=memos)
    first, rest = found.refunds
    assert (first.external_id, first.amount, first.reason) == ("9", Decimal(5), "broken")
    assert first.created_at == datetime(2026, 10, 26, 10, tzinfo=UTC)
    assert (rest.external_id, rest.amount, rest.created_at) == ("7-rest", Decimal("1.5"), None)
    assert found.status is OrderStatus.COMPLETED, "a partial refund changes no status"


def test_a_configurable_is_one_line_with_its_variant_and_a_bundle_has_its_parts_discount():
    nothing = {"row_total": 0, "tax_amount": 0, "discount_amount": 0}
    configurable = [
        ITEM | {"product_type": "configurable"},
        ITEM | nothing | {"item_id": 6, "parent_item_id": 5, "product_id": 41},
    ]
    (line,) = order(items=configurable).lines
    assert (line.product_id, line.variant_id, line.total) == ("40", "41", Decimal("20.23"))
    bundle = [
        ITEM | {"product_type": "bundle", "tax_amount": 0, "discount_amount": 0},
        ITEM | {"item_id": 6, "parent_item_id": 5, "row_total": 12, "tax_amount": 2, "discount_amount": 1},
        ITEM | {"item_id": 7, "parent_item_id": 5, "row_total": 8, "tax_amount": 1.23, "discount_amount": 2},
    ]
    (line,) = order(items=bundle).lines
    assert (line.total, line.discount, line.variant_id) == (Decimal("20.23"), Decimal(3), None)


def test_what_is_empty_is_left_out_and_that_is_no_error():
    found = order(items=[], billing_address={"street": [""], "country_id": None})
    assert (found.billing, found.lines, found.coupons, found.refunds) == (None, (), (), ())
    assert (found.shipping_address, found.paid_at, found.payment_method) == (None, None, None)


def test_the_papers_of_an_order_tell_when_it_was_paid_and_sent():
    invoices = [
        {"state": 3, "created_at": "2026-10-25 07:00:00"}, {"state": 2, "created_at": "2026-10-25 09:00:00"},
        {"state": 2, "created_at": "2026-10-25 08:00:00"},
    ]  # fmt: skip
    shipments = [
        {"created_at": "2026-10-25 12:00:00", "tracks": [{"track_number": "JJD1", "title": "DHL"}]},
        {"created_at": "2026-10-26 12:00:00", "tracks": [{"track_number": "JJD2", "carrier_code": "ups"}]},
        {"created_at": "2026-10-27 12:00:00", "tracks": []},
    ]
    found = order(state="complete", _invoices=invoices, _shipments=shipments)
    assert found.paid_at == datetime(2026, 10, 25, 8, tzinfo=UTC)
    assert found.shipped_at == datetime(2026, 10, 25, 12, tzinfo=UTC)
    assert found.completed_at == datetime(2026, 10, 27, 12, tzinfo=UTC)
    assert (found.tracking_number, found.tracking_carrier) == ("JJD2", "ups")
    assert order(state="processing", _shipments=shipments).completed_at is None


@pytest.mark.parametrize(("shipped", "word"), [(0, "unfulfilled"), (1, "partial")])
def test_what_left_the_shop_is_counted_by_its_lines(shipped, word):
    assert order(items=[ITEM | {"qty_shipped": shipped}, ITEM]).fulfilment_status == word
    assert order(items=[ITEM], state="complete").fulfilment_status == "fulfilled"


@pytest.mark.parametrize("field", ["state", "created_at", "grand_total", "order_currency_code", "entity_id"])
def test_an_order_without_the_needful_waits_in_quarantine(field):
    left = {name: value for name, value in ORDER.items() if name not in (field, "status", "updated_at")}
    mapped = read("orders", left, ORDER)
    assert [bad.field for bad in mapped.bad] == [field]
    assert len(mapped.records) == 1


CUSTOMER = {
    "id": 3, "email": "jo@example.com", "firstname": "Jo", "group_id": 2, "_group": "Wholesale", "_locale": "pt_BR",
    "created_at": "2026-01-01 00:00:00", "updated_at": "2026-02-01 00:00:00",
    "addresses": [
        {"id": 1, "street": ["A"], "city": "Bonn", "region": {"region_code": "NW"}, "default_shipping": True},
        {"id": 2, "street": ["B"], "city": "Rome", "company": "Acme", "telephone": "1", "default_billing": True},
    ],
}  # fmt: skip


@pytest.mark.parametrize("subscribed", [True, False, None])
def test_an_account_has_its_default_addresses_and_no_consent_from_a_bare_flag(subscribed):
    (found,) = read("customers", CUSTOMER | {"extension_attributes": {"is_subscribed": subscribed}}).records
    assert isinstance(found, Customer)
    assert (found.groups, found.language, found.company) == (("Wholesale",), "pt-BR", "Acme")
    assert found.billing is not None
    assert found.shipping is not None
    assert (found.billing.city, found.shipping.city, found.shipping.state) == ("Rome", "Bonn", "NW")


CART = {
    "id": 81, "created_at": "2026-11-20 09:00:00", "updated_at": "2026-11-20 09:12:44", "is_active": True,
    "items": [{"item_id": 1, "sku": "CUP", "qty": 2, "name": "Cup", "price": 10, "product_type": "simple"}],
    "customer": {"email": None}, "billing_address": {"email": None}, "customer_is_guest": False,
    "currency": {"base_currency_code": "EUR", "quote_currency_code": "USD"},
}  # fmt: skip


def cart(**changes):
    (found,) = read("carts", CART | changes).records
    assert isinstance(found, Cart)
    return found


def test_a_cart_of_nobody_is_worth_its_net_lines_in_the_base_currency():
    found = cart()
    assert (found.total, found.currency, found.email, found.customer_id) == (Decimal(20), "EUR", None, None)
    assert not found.checkout


def test_a_guests_address_appears_at_the_checkout():
    found = cart(billing_address={"email": "guest@example.com", "telephone": "7", "firstname": "Gu"})
    assert (found.email, found.checkout, found.phone, found.first_name) == ("guest@example.com", True, "7", "Gu")


def test_totals_are_gross_and_in_the_carts_own_currency():
    totals = {
        "grand_total": 20, "tax_amount": 3.8, "subtotal": 20,
        "items": [{"item_id": 1, "row_total_incl_tax": 25, "discount_amount": 1.2, "tax_amount": 3.8}],
    }  # fmt: skip
    found = cart(_totals=totals)
    assert (found.total, found.currency) == (Decimal("23.8"), "USD")
    assert (found.lines[0].total, found.lines[0].discount) == (Decimal("23.8"), Decimal("1.2"))
    segments = [{"code": "subtotal", "value": 20}, {"code": "grand_total", "value": 23.81}]
    assert cart(_totals=totals | {"total_segments": segments}).total == Decimal("23.81")


def test_an_account_is_at_the_checkout_once_it_chose_a_way_of_shipping():
    person = {"id": 3, "email": "jo@example.com"}
    chosen = {"shipping_assignments": [{"shipping": {"method": "flatrate_flatrate"}}]}
    assert not cart(customer=person).checkout
    assert cart(customer=person, extension_attributes=chosen).checkout


def test_mysqls_zero_date_is_the_time_of_creation():
    assert cart(updated_at="0000-00-00 00:00:00").updated_at == datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "base"),
    [("https://Shop.example.com/", "https://Shop.example.com"), ("https://a.b/index.php/admin/", "https://a.b"),
     ("https://a.b/m2/rest/V1?x=1", "https://a.b/m2"), ("http://a.b:8080/de", "http://a.b:8080/de"),
     ("https://a.b/rest", "https://a.b"), ("https://a.b/restaurant/", "https://a.b/restaurant")],
)  # fmt: skip
def test_an_address_is_what_customers_see(url, base):
    assert base_address(url) == base


def test_parameters_are_put_into_messages():
    assert message({"message": "No %1 with %2.", "parameters": ["page", "7"]}) == "No page with 7."
    assert message({"message": "No %field = %value %x.", "parameters": {"field": "a", "value": 3}}) == "No a = 3 %x."


# --- the reference samples, where they lie beside the checkout ---

STREAMS = {
    "customer__from_storefront-api": "customers", "docs__customer_create_response": "customers",
    "handmade__customers_search": "customers", "schema_shape__V1_customers_search": "customers",
    "orders_search__from_storefront-api": "orders", "handmade__orders_configurable_partial_refund": "orders",
    "schema_shape__V1_orders": "orders", "docs__cart_get_response": "carts", "handmade__carts_search": "carts",
    "schema_shape__V1_carts_search": "carts", "docs__category_get_response": "categories",
    "schema_shape__V1_categories": "categories",
}  # fmt: skip
SHAPES = "schema_shape__"  # placeholders in every field ("string", 0): read up to the first that cannot be
OTHERS = (
    "schema_shape__V1_orders_items", "schema_shape__V1_store_storeConfigs", "schema_shape__V1_customerGroups_search",
)  # fmt: skip
ELSEWHERE = (
    "docs__cart_totals_response", "docs__invoice_get_response", "schema_shape__V1_invoices",
    "schema_shape__V1_creditmemos", "docs__error", "handmade__errors", "oauth1_hmac_sha256_vector",
)  # fmt: skip
NAMES = sorted(path.stem for path in SAMPLES.glob("*.json"))
needs_samples = pytest.mark.skipif(not NAMES, reason="the reference samples are not part of the project")


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_bytes(), parse_float=Decimal)


def rows_of(name):
    found = sample(name)
    return found["items"] if isinstance(found, dict) and "total_count" in found else [found]


@needs_samples
def test_every_sample_is_met_somewhere():
    assert set(NAMES) == {*STREAMS, *OTHERS, *ELSEWHERE}, "a new sample: read it, or say why not"


@needs_samples
@pytest.mark.parametrize("name", [name for name in NAMES if name in STREAMS])
def test_every_sample_is_read(name):
    rows, stream = rows_of(name), STREAMS[name]
    mapped = READER.read(stream, json.dumps(rows, default=str).encode(), NOW)
    if name.startswith(SHAPES):
        assert len(mapped.bad) == len(rows)
        assert {bad.field for bad in mapped.bad} <= {"id", "entity_id"}, (
            "an id of 0 is none; nothing else is in the way"
        )
        return
    assert not mapped.bad
    key = "entity_id" if stream == "orders" else "id"
    assert [each.external_id for each in mapped.records] == [str(row[key]) for row in rows]


@needs_samples
def test_the_sampled_orders_are_worth_what_they_say():
    raw = rows_of("handmade__orders_configurable_partial_refund")
    guest, account = read("orders", *json.loads(json.dumps(raw, default=str))).records
    assert isinstance(guest, Order)
    assert isinstance(account, Order)
    assert (guest.customer_id, guest.email, guest.status) == (None, raw[0]["customer_email"], OrderStatus.PENDING)
    assert (account.customer_id, account.status) == (str(raw[1]["customer_id"]), OrderStatus.COMPLETED)
    assert (account.total, account.currency) == (raw[1]["grand_total"], "EUR")
    assert [each.amount for each in account.refunds] == [raw[1]["total_refunded"]]
    assert account.coupons == (raw[1]["coupon_code"],)
    assert len(account.lines) == len(raw[1]["items"]) - 1, "one row is the other's child"
    dollars = Reader(StoreConfig("https://shop.example.com", {}, home_currency="USD"))
    (same,) = [
        each
        for each in read("orders", json.loads(json.dumps(raw[1], default=str)), reader=dollars).records
        if isinstance(each, Order)
    ]
    assert same.rate is not None
    assert round(same.total * same.rate, 4) == raw[1]["base_grand_total"]


@needs_samples
def test_the_sampled_carts_belong_to_whom_they_say():
    anonymous, known = read("carts", *json.loads(json.dumps(rows_of("handmade__carts_search"), default=str))).records
    assert isinstance(anonymous, Cart)
    assert isinstance(known, Cart)
    assert (anonymous.email, anonymous.customer_id, anonymous.checkout) == (None, None, False)
    assert known.customer_id == "158"
    assert known.email is not None


@needs_samples
def test_the_sampled_totals_add_up():
    told = sample("docs__cart_totals_response")["totals"]
    items = [{"item_id": each["item_id"], "qty": each["qty"], "name": each["name"]} for each in told["items"]]
    found = cart(_totals=json.loads(json.dumps(told, default=str)), items=json.loads(json.dumps(items, default=str)))
    assert found.total == told["base_grand_total"]
    assert sum(line.total for line in found.lines) + told["shipping_incl_tax"] == found.total


@needs_samples
def test_the_sampled_credit_memos_are_refunds():
    memos = json.loads(json.dumps(rows_of("schema_shape__V1_creditmemos"), default=str))
    dated = {"entity_id": 4, "grand_total": 1.5, "state": 2, "created_at": "2026-01-01 00:00:00", "comments": []}
    (refund,) = order(_creditmemos=[memo | dated for memo in memos][:1]).refunds
    assert refund.amount == Decimal("1.5")


@needs_samples
def test_the_sampled_invoice_tells_when_its_order_was_paid():
    invoice = json.loads(json.dumps(sample("docs__invoice_get_response"), default=str))
    assert order(_invoices=[invoice]).paid_at == datetime.fromisoformat(f"{invoice['created_at']}+00:00")
    shapes = json.loads(json.dumps(rows_of("schema_shape__V1_invoices"), default=str))
    assert order(_invoices=[shape | {"created_at": None} for shape in shapes]).paid_at is None


@needs_samples
def test_every_sampled_error_becomes_a_sentence_of_the_right_kind():
    kinds = [PermissionMissing, CredentialsInvalid, PageUnreadable, PageUnreadable, PageUnreadable]
    errors = sample("handmade__errors")
    for each, kind in zip(errors, kinds, strict=True):
        body = each["body"] if isinstance(each["body"], str) else json.dumps(each["body"])
        found = refusal(Answer(each["status"], {}, body.encode()), "orders")
        assert isinstance(found, kind), each
        assert "%" not in str(found)
    told = sample("docs__error")
    assert message(told) == told["message"].replace("%1", told["parameters"][0])


@needs_samples
def test_the_oauth_vector_is_signed_the_same():
    vector = sample("oauth1_hmac_sha256_vector")
    auth = OAuth1(
        *(vector[name] for name in ("consumer_key", "consumer_secret", "access_token", "access_token_secret"))
    )
    made = auth.header(vector["method"], vector["url"], nonce=vector["nonce"], timestamp=vector["timestamp"])
    assert made == vector["authorization"]


@needs_samples
def test_the_signature_vector_is_believed_and_a_changed_one_is_not():
    vectors = json.loads((SAMPLES.parent / "webhook_signature_vectors.json").read_text())
    mine = {name for name in vectors if "mage" in name and "open" not in name}
    assert mine == {"mageos_async_events"}
    vector = vectors["mageos_async_events"]
    body, secret = vector["body"].encode(), vector["verification_token"]
    found = hint(vector["headers"], body, secret)
    assert (found.stream, found.ids) == ("orders", (str(json.loads(body)["entity_id"]),))
    for changed in ((body + b" ", secret), (body, secret + "x"), (body, "")):
        with pytest.raises(SignatureInvalid):
            hint(vector["headers"], *changed)


@pytest.mark.parametrize(
    ("told", "stream", "key"),
    [({"entity_id": 3, "increment_id": "03"}, "orders", "3"),
     ({"entity_id": 9, "order_id": 3, "increment_id": "09"}, "orders", "3"),
     ({"id": 5, "group_id": 1, "email": "a@b.c"}, "customers", "5"), ({"id": 6, "items_count": 2}, "carts", "6"),
     ({"id": 8, "sku": "CUP"}, "products", "8"), ({"something": 1}, "", None)],
)  # fmt: skip
def test_a_hint_is_told_by_the_objects_own_keys(told, stream, key):
    body = json.dumps(told).encode()
    found = hint({"x-magento-signature": signature(body, "s")}, body, "s")
    assert (found.stream, found.ids) == (stream, (key,) if key else ())
    assert bool(found.ignore) is (key is None)


def test_whatever_the_owner_may_read_is_among_the_sentences():
    """Sentences that are not listed stay English in every language."""
    from cartfolk.web.sentences import match

    told = {"message": "%1!", "parameters": ["No"]}
    denied = {"message": "%resources", "parameters": {"resources": "Magento_Cart::manage"}}
    answers = [
        (401, denied, "proven"),
        (401, denied, "token"),
        (401, {}, "four"),
        (400, told, "proven"),
        (404, {}, "four"),
    ]
    said = [
        str(refusal(Answer(status, {}, json.dumps(body).encode()), "carts", keys)) for status, body, keys in answers
    ]
    said += [bad.reason for field in ("state", "created_at", "grand_total", "order_currency_code", "entity_id")
             for bad in read("orders", {name: value for name, value in ORDER.items()
                                        if name not in (field, "status", "updated_at")}).bad]  # fmt: skip
    said += [bad.reason for row in ({"id": 1}, {"id": 0}, 7, {"_unreadable": True}) for bad in read("carts", row).bad]
    said += [READER.read("orders", b"<html>", NOW).bad[0].reason, read("orders", ORDER | {"items": [3]}).bad[0].reason]
    assert len(said) == len(answers) + 5 + 4 + 2
    assert [sentence for sentence in said if match(sentence) is None] == []
