"""The PrestaShop module: PHP accepts it, Cartfolk believes what it signs, and it says what the webservice says."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartfolk.connectors.canonical import Cart, Consent, ConsentStatus, Customer, Order, OrderStatus
from cartfolk.core import secrets
from cartfolk.inbox import envelope

from .test_mapping import CUSTOMER, ORDER, PAID, read

FOLDER = Path(__file__).resolve().parents[4] / "integrations" / "prestashop"
MODULE = FOLDER / "cartfolk"
PHP = shutil.which("php")
pytestmark = pytest.mark.skipif(PHP is None or not MODULE.exists(), reason="PHP or the module is not here")
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
PLACE = {
    "firstname": "Ada",
    "lastname": "Lace",
    "city": "Berlin",
    "iso_code": "DE",
    "phone": "",
    "phone_mobile": "+49 1",
}
LINE = {
    "id_product": 5, "id_product_attribute": 0, "name": "Tasse", "reference": "C-1", "cart_quantity": 2,
    "price_wt": 12.49, "total_wt": 24.98, "id_image": "24", "link_rewrite": "tasse",
}  # fmt: skip
ROW = {name: value for name, value in ORDER.items() if not name.startswith("_") and name != "associations"}
SLIP = {
    "id_order_slip": 1, "total_products_tax_incl": "3.5", "total_shipping_tax_incl": "1.5",
    "date_add": "2026-08-01 10:00:00",
}  # fmt: skip
SHOP: dict[str, Any] = {
    "secret": SECRET,
    "Customer": {"3": {**{k: v for k, v in CUSTOMER.items() if k[0] != "_"}, "deleted": 0, "id_lang": 1}},
    "Order": {"7": ROW | {"total_shipping_tax_incl": "5.0", "id_address_invoice": 1, "id_address_delivery": 1}},
    "OrderState": {"27": {"paid": 1, "shipped": 0, "logable": 1}, "7": {"paid": 0}},
    "Cart": {"9": {"id_customer": 3, "id_currency": 1, "products": [LINE]}, "12": {"id_customer": 3, "id_currency": 1,
             "products": [LINE]}, "13": {"id_customer": 0, "id_currency": 1, "products": []}},
    "Currency": {"1": {"iso_code": "EUR"}, "2": {"iso_code": "USD"}},
    "Group": {"3": {"name": "VIP"}},
    "CartRule": {"4": {"code": "SPRING"}},
    "address": PLACE,
    "lines": [
        {"id_order_detail": 1, "product_id": 5, "product_attribute_id": 0, "product_reference": "C-1",
         "product_name": "Cup", "product_quantity": 3, "unit_price_tax_incl": "6.666667", "total_price_tax_incl": "20"}
    ],
    "slips": [SLIP],
}  # fmt: skip


def told(*happened: list[Any], **changes: Any) -> tuple[dict[str, Any], list[Any]]:
    """What the module sent, and the records it becomes. Each of ``happened`` is a hook and its parameters."""
    assert PHP is not None
    given = json.dumps(SHOP | changes | {"happened": happened})
    command = [PHP, "-d", "display_errors=stderr", str(Path(__file__).parent / "stubs.php"), str(MODULE)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    if not done.stdout:
        return {}, []
    sent = json.loads(done.stdout)
    body = sent["body"].encode()
    secrets.verify(SECRET, sent["headers"], body, time.time())
    mapped = envelope.read(body, datetime.now(UTC))
    assert not mapped.bad
    return sent, list(mapped.records)


@pytest.mark.parametrize("file", sorted(MODULE.rglob("*.php")), ids=lambda file: file.name)
def test_php_can_read_it(file: Path) -> None:
    done = subprocess.run([str(PHP), "-l", str(file)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout


def test_an_order_is_told_once_a_page_and_as_the_webservice_tells_it() -> None:
    order = {"id": 7, "id_cart": 12}
    sent, records = told(
        ["ActionValidateOrder", {"order": order}],
        ["ActionOrderStatusPostUpdate", {"id_order": 7}],
        ["ActionObjectOrderSlipAddAfter", {"object": {"id_order": 7}}],
    )
    assert sent["address"] == "https://cartfolk.example.com/ingest/v1/key%201"
    mine, cart = records
    slip = SLIP | {"id": 1}
    (theirs,) = read("orders", ORDER | {"_slips": [slip], "_vouchers": [{"id": 1, "_code": "SPRING"}]}).records
    assert isinstance(mine, Order)
    assert isinstance(theirs, Order)
    for name in (
        "external_id", "number", "status", "status_raw", "currency", "total", "tax", "shipping", "discount",
        "placed_at", "updated_at", "customer_id", "email", "refunds", "coupons", "payment_method", "cart_id", "rate",
    ):  # fmt: skip
        assert getattr(mine, name) == getattr(theirs, name), name
    assert mine.billing is not None
    assert (mine.billing.country, mine.phone) == ("DE", "+49 1")
    assert isinstance(cart, Cart)
    assert (cart.external_id, cart.order_id, cart.url, cart.checkout) == ("12", "7", None, True)


@pytest.mark.parametrize(
    ("state", "flags"), [("27", PAID), ("7", {"paid": "0", "_role": "refunded"})], ids=["paid", "refunded"]
)
def test_a_state_means_the_same_on_both_ways(state: str, flags: dict[str, Any]) -> None:
    row = SHOP["Order"]["7"] | {"current_state": state}
    _sent, (mine,) = told(["ActionOrderStatusPostUpdate", {"id_order": 7}], Order={"7": row}, slips=[])
    (theirs,) = read("orders", ORDER | {"_state": flags, "_history": []}).records
    assert isinstance(theirs, Order)
    assert (mine.status, mine.status_raw) == (theirs.status, theirs.status_raw)
    assert sum(each.amount for each in mine.refunds) == sum(each.amount for each in theirs.refunds)
    assert (mine.status is OrderStatus.REFUNDED) == (state == "7")


def test_a_customer_and_the_consent_with_its_date() -> None:
    subscribed = {"newsletter": "1", "newsletter_date_add": "2026-05-01 10:00:00"}
    people = {"3": SHOP["Customer"]["3"] | subscribed}
    event = ["ActionCustomerAccountUpdate", {"customer": {"id": 3}}]
    _sent, (customer, consent) = told(event, event, Customer=people)
    assert isinstance(customer, Customer)
    assert (customer.external_id, customer.groups, customer.registered) == ("3", ("VIP",), True)
    assert customer.updated_at == datetime(2026, 7, 2, 10, tzinfo=UTC)
    (_theirs, same) = read("customers", CUSTOMER | subscribed).records
    assert isinstance(consent, Consent)
    assert isinstance(same, Consent)
    for name in ("status", "at", "source", "email", "customer_id"):
        assert getattr(consent, name) == getattr(same, name), name


def test_a_cart_has_the_prices_its_shopper_sees_and_a_link_with_a_hashed_token() -> None:
    sent, (cart,) = told(["ActionCartSave", {"cart": {"id": 9}}])
    assert isinstance(cart, Cart)
    assert (cart.external_id, cart.customer_id, cart.email) == ("9", "3", "A@example.com")
    assert (cart.total, cart.lines[0].price, cart.currency) == (Decimal("24.98"), Decimal("12.49"), "EUR")
    assert cart.lines[0].image_url == "https://shop.example.com/24-home_default/tasse.jpg"
    token = re.fullmatch(r"https://shop\.example\.com/module/cartfolk/recover\?token=([0-9a-f]{32})", str(cart.url))
    assert token is not None
    assert token.group(1) not in json.dumps(sent["said"]), "only its hash is stored"


def test_an_empty_cart_of_nobody_is_not_told() -> None:
    assert told(["ActionCartSave", {"cart": {"id": 13}}]) == ({}, [])


def test_a_sign_up_in_the_newsletter_box_counts_once_it_is_confirmed() -> None:
    waiting = {"email": "waits@example.com", "action": "0"}
    assert told(["ActionNewsletterRegistrationAfter", waiting]) == ({}, [])
    wrong = {"email": "confirmed@example.com", "action": "0", "error": "already registered"}
    assert told(["ActionNewsletterRegistrationAfter", wrong]) == ({}, [])
    _sent, (on,) = told(["ActionNewsletterRegistrationAfter", {"email": "confirmed@example.com", "action": "0"}])
    assert isinstance(on, Consent)
    assert (on.status, on.email, on.source) == (ConsentStatus.GRANTED, "confirmed@example.com", "newsletter box")
    _sent, (off,) = told(["ActionNewsletterRegistrationAfter", {"email": "waits@example.com", "action": "1"}])
    assert off.status is ConsentStatus.WITHDRAWN


@pytest.mark.parametrize(("before", "after"), [("0", "1"), ("1", "0"), ("1", "1")])
def test_a_flag_that_is_switched_again_keeps_its_first_date_and_is_told_with_its_own(before: str, after: str) -> None:
    customer = {"id": 99, "email": "confirmed@example.com", "newsletter": after}
    event = ["ActionObjectCustomerUpdateBefore", {"object": customer}]
    _sent, records = told(event, newsletter_before=before)
    assert len(records) == (before != after)
    for consent in records:
        assert (consent.status is ConsentStatus.GRANTED) == (after == "1")
        assert consent.source == "account"
        assert abs((datetime.now(UTC) - consent.at).total_seconds()) < 60


def test_without_its_settings_it_says_nothing() -> None:
    assert told(["ActionCartSave", {"cart": {"id": 9}}], secret="") == ({}, [])
