"""Raw objects as Saleor sends them, and what they become."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from graphql import FieldNode, ObjectTypeDefinitionNode, OperationDefinitionNode, SelectionSetNode, parse
from graphql.type import GraphQLSchema
from graphql.validation import validate

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Cart, Category, Consent, ConsentStatus, Customer, Order, OrderStatus, Product
from cartfolk.connectors.errors import SignatureInvalid
from cartfolk.connectors.saleor import queries, webhooks
from cartfolk.connectors.saleor.client import base_address, global_id, split_id
from cartfolk.connectors.saleor.mapping import Reader
from cartfolk.simulator.saleor.delivery import SigningKey
from cartfolk.simulator.saleor.schema import schema

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SAMPLES = Path(__file__).resolve().parents[5] / "shared/reference/stores/samples"
HERE = SAMPLES / "saleor"
READER = Reader(StoreConfig("https://shop.example.com", {}, settings={"consent_keys": {"news": "news_at"}}))
UUID = "1eaf992b-e3f7-4e2f-bed7-66ec742a80b3"


def eur(amount: Any) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR", "fractionDigits": 2}


def taxed(gross: Any, tax: Any = 0.0) -> dict[str, Any]:
    return {"gross": eur(gross), "tax": eur(tax)}


ADDRESS = {"firstName": "Ada", "lastName": "L", "companyName": "Engines", "streetAddress1": "A 1", "city": "Köln",
           "postalCode": "50667", "country": {"code": "DE"}, "phone": "+4922112345"}  # fmt: skip
ORDER: dict[str, Any] = {
    "id": global_id("Order", UUID), "number": "42", "status": "UNFULFILLED", "chargeStatus": "FULL",
    "created": "2026-11-20T10:00:07.473121+00:00", "updatedAt": "2026-11-21T08:00:00+00:00",
    "userEmail": "ada@example.com", "user": None, "checkoutId": global_id("Checkout", "c-1"), "voucherCode": "FIVE",
    "billingAddress": ADDRESS, "shippingAddress": None, "total": taxed(34.7, 5.54), "undiscountedTotal": taxed(39.7),
    "shippingPrice": taxed(4.9), "totalCharged": eur(34.7), "totalRefunded": eur(0.0),
    "lines": [{
        "id": global_id("OrderLine", "9"), "productName": "Mug", "variantName": "white", "productSku": "MUG-W",
        "quantity": 2, "unitPrice": taxed(14.9), "undiscountedUnitPrice": taxed(17.4),
        "totalPrice": taxed(29.8, 4.76), "variant": {"id": global_id("ProductVariant", "1"),
        "product": {"id": global_id("Product", "7")}},
    }],
    "transactions": [], "payments": [], "grantedRefunds": [], "fulfillments": [],
}  # fmt: skip
PAID = {"id": global_id("TransactionEvent", "1"), "type": "CHARGE_SUCCESS", "createdAt": "2026-11-20T10:01:00+00:00",
        "amount": eur(34.7)}  # fmt: skip
BACK = {"id": global_id("TransactionEvent", "2"), "type": "REFUND_SUCCESS", "createdAt": "2026-11-22T10:01:00+00:00",
        "amount": eur(10.1)}  # fmt: skip


def moved(*events: Any, **more: Any) -> dict[str, Any]:
    return {"transactions": [{"id": "x", "name": "card", "events": list(events)}], **more}


def read(stream: str, *rows: Any, reader: Reader = READER) -> Any:
    mapped = reader.read(stream, json.dumps(rows).encode(), NOW)
    assert not mapped.bad, mapped.bad
    return mapped.records[0]


def test_an_order_in_full() -> None:
    order = read("orders", ORDER | moved(PAID))
    assert isinstance(order, Order)
    assert (order.external_id, order.number, order.cart_id) == (UUID, "42", "c-1")
    assert (order.status, order.status_raw, order.email) == (OrderStatus.COMPLETED, "FULL", "ada@example.com")
    assert order.customer_id is None
    amounts = (order.total, order.tax, order.shipping, order.discount)
    assert amounts == (Decimal("34.70"), Decimal("5.54"), Decimal("4.90"), Decimal("5.00"))
    assert str(order.total) == "34.70"
    assert order.placed_at == datetime(2026, 11, 20, 10, 0, 7, 473121, tzinfo=UTC)
    assert order.paid_at == datetime(2026, 11, 20, 10, 1, tzinfo=UTC)
    assert (order.billing.company, order.billing.country) == ("Engines", "DE")
    (line,) = order.lines
    assert (line.product_id, line.variant_id, line.quantity, line.total) == ("7", "1", 2, Decimal("29.80"))
    assert (line.name, line.price, line.discount, line.tax) == (
        "Mug (white)", Decimal("14.90"), Decimal("5.00"), Decimal("4.76"),
    )  # fmt: skip
    assert (order.coupons, order.payment_method) == (("FIVE",), "card")


STATES = [
    ("UNFULFILLED", "NONE", "pending", "NONE"),
    ("UNFULFILLED", "PARTIAL", "completed", "PARTIAL"),
    ("FULFILLED", "FULL", "completed", "FULL"),
    ("SOMETHING_NEW", "SOMETHING_NEW", "pending", "SOMETHING_NEW"),
    ("FULFILLED", "NONE", "pending", "NONE"),
    ("PARTIALLY_FULFILLED", "OVERCHARGED", "completed", "OVERCHARGED"),
    ("PARTIALLY_RETURNED", "FULL", "completed", "FULL"),
    ("RETURNED", "FULL", "refunded", "RETURNED"),
    ("RETURNED", "NONE", "pending", "NONE"),
    ("UNCONFIRMED", "FULL", "pending", "UNCONFIRMED"),
    ("CANCELED", "FULL", "cancelled", "CANCELED"),
    ("EXPIRED", "NONE", "cancelled", "EXPIRED"),
    ("DRAFT", "NONE", "ignored", "DRAFT"),
]


@pytest.mark.parametrize(("state", "charge", "ours", "word"), STATES)
def test_every_state(state: str, charge: str, ours: str, word: str) -> None:
    order = read("orders", ORDER | {"status": state, "chargeStatus": charge})
    assert (order.status, order.status_raw) == (ours, word)


def test_the_owner_may_count_what_was_shipped_unpaid() -> None:
    policy = Reader(StoreConfig("https://shop.example.com", {}, settings={"statuses": {"FULFILLED": "completed"}}))
    order = read("orders", ORDER | {"status": "FULFILLED", "chargeStatus": "NONE"}, reader=policy)
    assert (order.status, order.status_raw) == (OrderStatus.COMPLETED, "FULFILLED")


def test_an_order_whose_money_went_back_is_refunded_though_it_is_called_not_charged() -> None:
    back = BACK | {"amount": eur(34.7)}
    order = read("orders", ORDER | moved(PAID, back, chargeStatus="NONE", totalRefunded=eur(34.7)))
    assert order.status is OrderStatus.REFUNDED
    assert [each.amount for each in order.refunds] == [Decimal("34.70")]
    assert order.updated_at == datetime(2026, 11, 22, 10, 1, tzinfo=UTC)


def test_a_refund_is_money_that_moved_and_its_grant_tells_the_reason() -> None:
    granted = {"id": "g", "reason": "broken", "transactionEvents": [{"id": BACK["id"]}]}
    planned = {"id": "h", "reason": "promised", "transactionEvents": []}
    order = read("orders", ORDER | moved(PAID, BACK, grantedRefunds=[granted, planned], totalRefunded=eur(10.1)))
    (refund,) = order.refunds
    assert (refund.external_id, refund.amount, refund.reason) == ("2", Decimal("10.10"), "broken")
    assert refund.created_at == datetime(2026, 11, 22, 10, 1, tzinfo=UTC)
    assert order.status is OrderStatus.COMPLETED
    reverse = BACK | {"id": global_id("TransactionEvent", "3"), "type": "REFUND_REVERSE"}
    assert read("orders", ORDER | moved(PAID, BACK, reverse)).refunds == ()


def test_refunds_of_older_payments_and_those_without_any_event() -> None:
    old = {"id": global_id("Transaction", "5"), "kind": "REFUND", "isSuccess": True, "amount": eur(3.5),
           "created": "2026-11-22T11:00:00+00:00"}  # fmt: skip
    failed = old | {"id": global_id("Transaction", "6"), "isSuccess": False}
    payment = {"id": "p", "gateway": "dummy", "transactions": [old, failed]}
    order = read("orders", ORDER | {"payments": [payment], "totalRefunded": eur(5)})
    assert [(each.external_id, each.amount) for each in order.refunds] == [
        ("p5", Decimal("3.50")),
        (f"{UUID}:rest", Decimal("1.50")),
    ]
    assert order.payment_method == "dummy"


@pytest.mark.parametrize("amount", ["0.1", "0.29", "1234567.89", "19.99", "0"])
def test_floats_are_read_by_their_digits(amount: str) -> None:
    written = '"total": {"gross": {"amount": '
    body = json.dumps([ORDER]).replace(f"{written}34.7", f"{written}{amount}")
    order: Any = READER.read("orders", body.encode(), NOW).records[0]
    assert order.total == Decimal(amount)
    assert order.total.as_tuple().exponent == -2


def test_a_customer_with_consent_in_its_metadata() -> None:
    raw = {
        "id": global_id("User", "68"), "email": "Ada@Example.com", "firstName": "Ada", "lastName": "", "languageCode":
        "PT_BR", "dateJoined": "2026-01-01T00:00:00+00:00", "updatedAt": "2026-11-01T00:00:00.5+00:00",
        "defaultBillingAddress": ADDRESS, "defaultShippingAddress": None,
        "metadata": [{"key": "news", "value": "true"}, {"key": "news_at", "value": "2026-02-03T04:05:06Z"}],
    }  # fmt: skip
    customer, consent = READER.read("customers", json.dumps([raw]).encode(), NOW).records
    assert isinstance(customer, Customer)
    assert (customer.external_id, customer.email, customer.language) == ("68", "Ada@Example.com", "pt-br")
    assert (customer.company, customer.phone, customer.last_name) == ("Engines", "+4922112345", None)
    assert isinstance(consent, Consent)
    assert (consent.status, consent.customer_id) == (ConsentStatus.GRANTED, "68")
    assert consent.at == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    undated = raw | {"metadata": raw["metadata"][:1]}
    assert len(READER.read("customers", json.dumps([undated]).encode(), NOW).records) == 1
    silent = Reader(StoreConfig("https://shop.example.com", {}))
    assert len(silent.read("customers", json.dumps([raw]).encode(), NOW).records) == 1


def test_a_checkout_is_a_cart() -> None:
    raw = {
        "id": global_id("Checkout", "c-1"), "created": "2026-11-20T09:00:00+00:00", "updatedAt":
        "2026-11-20T09:50:00+00:00", "email": "ada@example.com", "quantity": 3, "user": None,
        "channel": {"slug": "eu", "currencyCode": "EUR"}, "billingAddress": ADDRESS, "shippingAddress": None,
        "discount": eur(5.0), "lines": [
            {"id": global_id("CheckoutLine", "1"), "quantity": 3, "undiscountedUnitPrice": eur(17.4),
             "undiscountedTotalPrice": eur(52.2), "variant": {"id": global_id("ProductVariant", "1"), "name": "white",
             "sku": "MUG-W", "product": {"id": global_id("Product", "7"), "name": "Mug", "thumbnail": None}}},
            {"id": global_id("CheckoutLine", "2"), "quantity": 0},
        ],
    }  # fmt: skip
    cart = read("checkouts", raw)
    assert isinstance(cart, Cart)
    assert (cart.external_id, cart.email, cart.currency, cart.checkout) == ("c-1", "ada@example.com", "EUR", True)
    assert (cart.subtotal, cart.total, len(cart.lines)) == (Decimal("52.20"), Decimal("47.20"), 1)
    assert (cart.first_name, cart.lines[0].product_id) == ("Ada", "7")
    assert not read("checkouts", raw | {"billingAddress": None}).checkout


def test_goods() -> None:
    raw = {
        "id": global_id("Product", "7"), "updatedAt": "2026-11-01T00:00:00+00:00", "name": "Mug", "slug": "mug",
        "productType": {"name": "Simple"}, "category": {"slug": "cups"}, "defaultVariant": {"sku": "MUG-W"},
        "thumbnail": {"url": "https://shop.example.com/m.png"}, "channelListings": [
            {"channel": {"slug": "us", "currencyCode": "USD"}, "discountedPrice": {"amount": 20, "currency": "USD"}},
            {"channel": {"slug": "eu", "currencyCode": "EUR"}, "discountedPrice": eur(17.4)},
        ],
    }  # fmt: skip
    product = read("products", raw)
    assert isinstance(product, Product)
    assert (product.external_id, product.price, product.categories) == ("7", Decimal("17.40"), ("cups",))
    assert read("products", raw, reader=Reader(StoreConfig("https://x", {"channel": "us"}))).price == 20
    category = read("categories", {"id": global_id("Category", "3"), "name": "Cups", "slug": "cups", "parent": None})
    assert category == Category("3", "Cups", "cups")


def test_bad_rows_cost_only_themselves() -> None:
    rows = [ORDER, ORDER | {"created": None}, ORDER | {"chargeStatus": None}, ORDER | {"total": 7}, 3,
            {"id": global_id("User", "1")}, {"id": ORDER["id"], "_unreadable": True},
            ORDER | {"id": "no id"}]  # fmt: skip
    mapped = READER.read("orders", json.dumps(rows).encode(), NOW)
    assert len(mapped.records) == 1
    assert [each.field for each in mapped.bad] == ["created", "chargeStatus", "total", "", "id", "", "id"]
    assert mapped.bad[0].external_id == UUID
    assert READER.read("orders", b"<html>", NOW).bad[0].field == ""


def test_addresses_people_paste() -> None:
    wanted = "https://shop.example.com"
    for tail in ("", "/", "/graphql/", "/graphql", "/dashboard/orders"):
        assert base_address(wanted + tail) == wanted
    assert split_id("T3JkZXI6MQ==") == ("Order", "1")
    assert split_id("not an id") == split_id(None) == ("", "")


# -- signatures

KEY = SigningKey("k1")
BODY = b'{"order":{"id":"T3JkZXI6MQ=="}}'
JWKS = webhooks.keys_of({"keys": [KEY.public(), {"kty": "EC"}]})


def signed(body: bytes = BODY, key: SigningKey = KEY) -> dict[str, str]:
    return {"saleor-signature": key.sign(body)}


def test_a_detached_signature_is_verified_on_the_raw_bytes() -> None:
    found = webhooks.hint(signed(), BODY, JWKS, "")
    assert (found.stream, found.ids, found.deleted) == ("orders", ("1",), False)
    with pytest.raises(SignatureInvalid, match="does not fit"):
        webhooks.hint(signed(), BODY + b" ", JWKS, "")
    with pytest.raises(SignatureInvalid, match="do not know"):
        webhooks.hint(signed(key=SigningKey("k2")), BODY, JWKS, "")
    with pytest.raises(SignatureInvalid, match="does not fit"):
        webhooks.hint(signed(key=SigningKey("k1")), BODY, JWKS, "")
    with pytest.raises(SignatureInvalid, match="not signed"):
        webhooks.hint({}, BODY, JWKS, "")


@pytest.mark.parametrize("change", [{"alg": "none"}, {"alg": "HS256"}, {"crit": ["exp"]}, {"crit": "b64"}])
def test_headers_we_do_not_agree_with_are_refused(change: dict[str, Any]) -> None:
    head, _dots, mark = KEY.sign(BODY).partition("..")
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))) | change
    forged = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    with pytest.raises(SignatureInvalid, match="does not fit"):
        webhooks.hint({"saleor-signature": f"{forged}..{mark}"}, BODY, JWKS, "secret")


@pytest.mark.parametrize("given", ["a.b", "..", "a..b", "é..é", "0" * 64, "W10..AAAA", "e30.e30.e30"])
def test_rubbish_is_no_signature(given: str) -> None:
    for jwks in (JWKS, [], None, "x", [{"kty": "RSA", "n": "!", "e": "!"}]):
        with pytest.raises(SignatureInvalid):
            webhooks.hint({"saleor-signature": given}, BODY, jwks, "secret")
    with pytest.raises(SignatureInvalid):
        webhooks.hint({"saleor-signature": given}, BODY, JWKS, "")


def test_bodies_of_every_form_become_hints() -> None:
    user, order = global_id("User", "5"), global_id("Order", UUID)
    forms: list[tuple[Any, str, tuple[str, ...]]] = [
        ({"user": {"id": user}}, "customers", ("5",)),
        ({"data": {"event": {"order": {"id": order}}}}, "orders", (UUID,)),
        ({"orders": [{"id": order}, {"id": global_id("Order", "2")}]}, "orders", (UUID, "2")),
        ([{"type": "Order", "id": order}], "orders", (UUID,)),
        ({"checkout": {"id": global_id("Checkout", "c-1")}}, "checkouts", ("c-1",)),
    ]
    for told, stream, ids in forms:
        body = json.dumps(told).encode()
        found = webhooks.hint(signed(body), body, JWKS, "")
        assert (found.stream, found.ids) == (stream, ids)
    for told in ({}, [], 3, None, {"order": None}, {"invoice": {"id": "x"}}, {"order": {"id": global_id("Menu", "1")}}):
        body = json.dumps(told).encode()
        assert webhooks.hint(signed(body), body, JWKS, "").ignore
    assert webhooks.hint(signed(b"{"), b"{", JWKS, "").ignore


# -- queries, and what is kept beside the project


def test_every_query_is_valid_for_the_api() -> None:
    for listing in queries.LISTINGS.values():
        asked = [listing.query(listing.fields, sort) for sort in (listing.oldest, listing.latest)] + [listing.count()]
        for text in asked:
            assert not validate(schema(), parse(text)), text
    rest = (queries.SHOP, queries.APP, queries.CHANNELS, queries.HOOKS, queries.HOOK_CREATE, queries.HOOK_UPDATE,
            queries.HOOK_DELETE, queries.some_checkouts(2))  # fmt: skip
    for text in rest:
        assert not validate(schema(), parse(text)), text
    assert isinstance(schema(), GraphQLSchema)
    parse(webhooks.SUBSCRIPTION)


def test_fields_exist_in_saleors_own_schema() -> None:
    """Its saved part lacks many types; of those that are there every field we ask for must exist."""
    path = HERE / "schema_subset.graphql"
    if not path.exists():
        pytest.skip("the saved schema is not beside this checkout")
    types: dict[str, dict[str, str]] = {}
    for node in parse(path.read_text()).definitions:
        if isinstance(node, ObjectTypeDefinitionNode):
            types[node.name.value] = {each.name.value: _bare(each.type) for each in node.fields}
    seen = 0

    def walk(selection: SelectionSetNode | None, name: str) -> None:
        nonlocal seen
        for each in selection.selections if selection else ():
            assert isinstance(each, FieldNode)
            assert each.name.value in types[name], f"{name}.{each.name.value}"
            seen += 1
            inner = types[name][each.name.value]
            if inner in types:
                walk(each.selection_set, inner)

    for name, fields in (("Order", queries.ORDER), ("Checkout", queries.CHECKOUT), ("User", queries.CUSTOMER)):
        (operation,) = parse(f"{{ {fields} }}").definitions
        assert isinstance(operation, OperationDefinitionNode)
        walk(operation.selection_set, name)
    assert seen > 80


def _bare(kind: Any) -> str:
    while hasattr(kind, "type"):
        kind = kind.type
    return str(kind.name.value)


def test_the_saved_page_of_orders() -> None:
    path = HERE / "handmade__orders_page.json"
    if not path.exists():
        pytest.skip("the saved samples are not beside this checkout")
    page = json.loads(path.read_text())["data"]["orders"]
    mapped = READER.read("orders", json.dumps([edge["node"] for edge in page["edges"]]).encode(), NOW)
    assert not mapped.bad
    (order,) = mapped.records
    assert isinstance(order, Order)
    assert (order.external_id, order.email, order.customer_id) == ("1", "guest@example.com", None)
    assert (order.total, order.tax, order.status) == (Decimal("120.5"), Decimal("22.5"), OrderStatus.COMPLETED)
    assert order.lines[0].total == Decimal("120.50")
    assert order.fulfilment_status == "partial"


def test_the_saved_deliveries_of_older_webhooks() -> None:
    """None of them is a document of ours, and none may break us."""
    found = sorted(HERE.glob("docs__sample_*.json"))
    if not found:
        pytest.skip("the saved samples are not beside this checkout")
    for path in found:
        body = path.read_bytes()
        hint = webhooks.hint(signed(body), body, JWKS, "")
        assert hint.ignore or hint.ids


def test_the_saved_signature() -> None:
    path = SAMPLES / "webhook_signature_vectors.json"
    if not path.exists():
        pytest.skip("the saved signatures are not beside this checkout")
    vector = json.loads(path.read_text())["saleor_legacy_secretKey"]
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    body = vector["body"].encode()
    assert webhooks.hint(headers, body, [], vector["secret"]).ids == ("1",)
    for changed in (body + b" ", b"{}"):
        with pytest.raises(SignatureInvalid):
            webhooks.hint(headers, changed, [], vector["secret"])
    with pytest.raises(SignatureInvalid):
        webhooks.hint(headers, body, [], "")
