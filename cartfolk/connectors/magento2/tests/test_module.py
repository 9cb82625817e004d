"""The Magento module: PHP accepts it, it signs what Cartfolk verifies, and it tells what the REST API tells."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Cart, Consent, ConsentStatus, Customer, Order
from cartfolk.connectors.magento2.mapping import Reader
from cartfolk.inbox import envelope

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FOLDER = Path(__file__).resolve().parents[4] / "integrations" / "magento2"
FILES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.php"))
PHP = shutil.which("php")
needs_php = pytest.mark.skipif(PHP is None, reason="PHP is not installed")
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def run_php(program, *arguments):
    assert PHP is not None
    needed = "".join(
        f"require {json.dumps(str(FOLDER / 'Model' / name))};" for name in ("Signature.php", "Envelope.php")
    )
    code = f"{needed} use Cartfolk\\Events\\Model\\{{Signature, Envelope}}; {program}"
    command = [PHP, "-d", "error_reporting=-1", "-d", "display_errors=stderr", "-r", code, "--", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)
    assert not done.stderr
    return done.stdout


def told(kind, *arguments):
    """What the door understands of the envelope that the module makes of these rows."""
    program = f"echo json_encode(Envelope::{kind}(...json_decode($argv[1], true)));"
    body = run_php(program, json.dumps(arguments))
    mapped = envelope.read(body.encode(), NOW)
    assert not mapped.bad
    (record,) = mapped.records
    return record


@needs_php
@pytest.mark.parametrize("name", FILES)
def test_php_can_read_it(name):
    assert PHP is not None
    done = subprocess.run([PHP, "-l", FOLDER / name], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout


def test_every_class_that_is_named_exists():
    named = set()
    for path in FOLDER.rglob("*.xml"):
        ElementTree.parse(path)  # noqa: S314 (our own)
        named |= set(re.findall(r"Cartfolk\\Events\\[\w\\]+", path.read_text()))
    assert len(named) == 3
    for name in named:
        file = FOLDER / Path(*name.split("\\")[2:]).with_suffix(".php")
        assert f"class {file.stem}" in file.read_text()


@needs_php
@pytest.mark.parametrize("body", ["{}", '[{"name":"Käse & Brot \\"größer\\""}]', '{"snow":"☃"}'])
def test_its_signature_is_the_standard_one(body):
    found = json.loads(
        run_php("echo json_encode(Signature::headers($argv[1], $argv[2], 1764000000, $argv[3]));", SECRET, "m1", body)
    )
    digest = hmac.new(KEY, b"m1.1764000000." + body.encode(), hashlib.sha256).digest()
    assert found == {
        "content-type": "application/json",
        "webhook-id": "m1",
        "webhook-timestamp": "1764000000",
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


@needs_php
@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", base64.b64encode(KEY).decode()])
def test_a_mistyped_secret_is_noticed(secret):
    assert run_php("var_export(Signature::key($argv[1]));", secret) == "NULL"


LINES = [
    {"item_id": "5", "product_id": "40", "product_type": "configurable", "sku": "CUP-R", "name": "Cup &amp; saucer",
     "qty_ordered": "2.0000", "row_total": "20.0000", "tax_amount": "3.2300", "discount_amount": "3.0000"},
    {"item_id": "6", "parent_item_id": "5", "product_id": "41", "product_type": "simple", "sku": "CUP-R", "name": "Cup",
     "qty_ordered": "2.0000", "row_total": "0.0000", "tax_amount": "0.0000", "discount_amount": "0.0000"},
    {"item_id": "7", "product_id": "50", "product_type": "bundle", "sku": "SET", "name": "Set", "qty_ordered": "1.0000",
     "row_total": "12.0000", "tax_amount": "0.0000", "discount_amount": "0.0000"},
    {"item_id": "8", "parent_item_id": "7", "product_id": "51", "product_type": "simple", "sku": "A", "name": "A",
     "qty_ordered": "1.0000", "row_total": "12.0000", "tax_amount": "2.2800", "discount_amount": "1.0000"},
]  # fmt: skip
ORDER = {
    "entity_id": "7", "increment_id": "000000007", "quote_id": "81", "state": "processing", "status": "packed",
    "created_at": "2026-10-24 23:30:00", "updated_at": "2026-10-25 01:10:00", "order_currency_code": "EUR",
    "grand_total": "38.4100", "tax_amount": "5.5100", "shipping_incl_tax": "4.9000", "discount_amount": "-4.0000",
    "customer_is_guest": "1", "customer_id": None, "customer_email": "A@example.com", "coupon_code": "SAVE",
    "base_currency_code": "EUR", "total_refunded": "5.0000",
}  # fmt: skip
BILLING = {
    "firstname": "Tom", "lastname": "Käse", "street": "Road 1\n2nd floor\nleft", "city": "Bonn", "country_id": "DE",
    "region": "NRW", "telephone": "0228", "postcode": "53111",
}  # fmt: skip
MEMOS = [
    {"entity_id": "9", "state": "2", "grand_total": "5.0000", "created_at": "2026-10-26 10:00:00"},
    {"entity_id": "10", "state": "3", "grand_total": "7.0000", "created_at": "2026-10-26 11:00:00"},
]
INVOICES = [
    {"entity_id": "1", "state": "3", "created_at": "2026-10-24 23:31:00"},
    {"entity_id": "2", "state": "2", "created_at": "2026-10-24 23:40:00"},
]
SHIPMENTS = [
    {
        "entity_id": "3",
        "created_at": "2026-10-25 01:00:00",
        "tracks": [{"track_number": "JJD1", "carrier_code": "dhl"}],
    },
    {"entity_id": "4", "created_at": "2026-10-25 01:05:00", "tracks": [{"track_number": "JJD2", "title": "DHL Paket"}]},
]


@needs_php
@pytest.mark.parametrize("state", ["new", "holded", "processing", "complete", "closed", "canceled", "of_a_module"])
def test_an_order_is_the_same_record_as_the_one_read_by_rest(state):
    raw = ORDER | {"state": state}
    papers = {"creditmemos": MEMOS, "invoices": INVOICES, "shipments": SHIPMENTS}
    pushed = told("order", raw, LINES, {"billing": BILLING, "shipping": BILLING}, papers, "Vorkasse")
    assert isinstance(pushed, Order)
    place = BILLING | {"street": BILLING["street"].split("\n")}
    rest = {
        **{name: value for name, value in raw.items() if value is not None},
        "items": LINES, "billing_address": place, "_creditmemos": MEMOS, "_invoices": INVOICES, "_shipments": SHIPMENTS,
        "extension_attributes": {
            "shipping_assignments": [{"shipping": {"address": place}}],
            "payment_additional_info": [{"key": "method_title", "value": "Vorkasse"}],
        },
    }  # fmt: skip
    reader = Reader(StoreConfig("https://shop.example.com", {}))
    (read,) = reader.read("orders", json.dumps([rest]).encode(), NOW).records
    assert isinstance(read, Order)
    assert read.paid_at
    same = replace(read, rate=None)  # only REST tells it, and an order without one leaves it as it is
    assert replace(same, lines=(), refunds=()) == replace(pushed, lines=(), refunds=(), attribution=None)
    assert same.refunds == pushed.refunds
    assert [replace(line, price=None) for line in same.lines] == [replace(line, price=None) for line in pushed.lines]


QUOTE = {
    "entity_id": "81", "created_at": "2026-11-20 09:00:00", "updated_at": "2026-11-20 09:12:44", "is_active": "1",
    "quote_currency_code": "EUR", "grand_total": "23.8000", "subtotal": "20.0000", "customer_id": None,
    "customer_email": None,
}  # fmt: skip
ITEM = {
    "item_id": "1", "product_id": "40", "sku": "CUP", "qty": 2, "name": "Cup", "price_incl_tax": "12.5000",
    "row_total_incl_tax": "25.0000", "discount_amount": "1.2000", "tax_amount": "3.8000",
    "url": "https://shop.example.com/cup.html",
}  # fmt: skip


@needs_php
def test_a_cart_is_the_one_read_by_rest_and_outranks_it():
    pushed = told("cart", QUOTE, [ITEM], None, False)
    assert isinstance(pushed, Cart)
    assert (pushed.external_id, pushed.updated_at) == ("81", datetime(2026, 11, 20, 9, 12, 44, 500_000, tzinfo=UTC))
    assert (str(pushed.total), pushed.email, pushed.checkout) == ("23.80", None, False)
    (line,) = pushed.lines
    assert (str(line.total), line.url, line.quantity) == ("23.80", ITEM["url"], 2)


@needs_php
def test_a_guests_address_and_an_accounts_way_of_shipping_are_a_checkout():
    typed = told("cart", QUOTE, [ITEM], "guest@example.com", False)
    assert (typed.email, typed.checkout) == ("guest@example.com", True)
    account = QUOTE | {"customer_id": "3", "customer_email": "jo@example.com"}
    assert not told("cart", account, [ITEM], None, False).checkout
    assert told("cart", account, [ITEM], None, True).checkout


@needs_php
def test_an_emptied_cart_and_one_never_changed():
    emptied = told("cart", QUOTE | {"updated_at": "0000-00-00 00:00:00"}, [], None, False)
    assert (emptied.lines, emptied.updated_at) == ((), datetime(2026, 11, 20, 9, 0, 0, 500_000, tzinfo=UTC))


@needs_php
def test_an_account():
    raw = {
        "entity_id": "3", "email": "jo@example.com", "firstname": "Jo", "lastname": "",
        "created_at": "2026-01-01 00:00:00", "updated_at": "2026-02-01 00:00:00",
    }  # fmt: skip
    found = told("customer", raw, {"billing": BILLING, "shipping": []}, "Wholesale", "pt_BR")
    assert isinstance(found, Customer)
    assert (found.external_id, found.groups, found.language) == ("3", ("Wholesale",), "pt-BR")
    assert found.updated_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert found.shipping is None
    assert found.billing is not None
    assert found.billing.line2 == "2nd floor, left"


@needs_php
@pytest.mark.parametrize(("status", "ours"), [(1, ConsentStatus.GRANTED), (3, ConsentStatus.WITHDRAWN)])
def test_a_subscription_is_consent_with_its_date(status, ours):
    raw = {"subscriber_id": "4", "subscriber_status": str(status), "subscriber_email": "jo@example.com",
           "change_status_at": "2026-03-01 10:00:00", "customer_id": "0", "store_id": "1"}  # fmt: skip
    found = told("consent", raw)
    assert isinstance(found, Consent)
    assert (found.status, found.email, found.customer_id) == (ours, "jo@example.com", None)
    assert found.at == datetime(2026, 3, 1, 10, tzinfo=UTC)


@needs_php
@pytest.mark.parametrize(
    "changes", [{"subscriber_status": "2"}, {"subscriber_status": "4"}, {"change_status_at": None}]
)
def test_a_subscription_nobody_confirmed_or_without_a_date_is_none(changes):
    raw = {"subscriber_id": "4", "subscriber_status": "1", "subscriber_email": "jo@example.com",
           "change_status_at": "2026-03-01 10:00:00"}  # fmt: skip
    program = "var_export(Envelope::consent(json_decode($argv[1], true)));"
    assert run_php(program, json.dumps(raw | changes)) == "NULL"
