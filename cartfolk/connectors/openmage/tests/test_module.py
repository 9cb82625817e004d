"""The OpenMage module: PHP accepts it, it signs what Cartfolk verifies, and its envelopes are those of the door."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Cart, Consent, ConsentStatus, Customer, Order, Record
from cartfolk.connectors.openmage.mapping import Reader
from cartfolk.connectors.woocommerce.tests.door import Door
from cartfolk.core.secrets import verify
from cartfolk.inbox import envelope

from .test_mapping import ORDER

FOLDER = Path(__file__).resolve().parents[4] / "integrations" / "openmage"
HUB = FOLDER / "app/code/community/Cartfolk/Hub"
PHP = shutil.which("php")
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
AT = "2026-10-25 00:30:00"
NOW = datetime(2026, 11, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.skipif(PHP is None, reason="PHP is not installed"),
    pytest.mark.skipif(not FOLDER.exists(), reason="the integrations are not part of the package"),
]


def run_php(program: str, *arguments: Any) -> Any:
    """What the program echoes as JSON; its arguments are in $a."""
    assert PHP is not None
    files = "".join(f"require {json.dumps(str(HUB / 'Model' / name))};" for name in ("Signature.php", "Envelope.php"))
    line = f"error_reporting(E_ALL); {files} $a = json_decode($argv[1], true); echo json_encode({program});"
    command = [PHP, "-d", "display_errors=1", "-r", line, "--", json.dumps(arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)
    return json.loads(done.stdout)


def taken(told: Any) -> Record:
    """The one record the ingest door makes of an envelope."""
    mapped = envelope.read(json.dumps(told).encode(), NOW)
    assert not mapped.bad, mapped.bad
    (record,) = mapped.records
    return record


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.php")), ids=lambda path: path.name)
def test_php_can_read_it(path: Path) -> None:
    assert PHP is not None
    done = subprocess.run([PHP, "-l", path], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout


def test_every_observer_named_in_the_configuration_exists() -> None:
    config = ElementTree.parse(HUB / "etc/config.xml").getroot()  # noqa: S314 - our own file
    methods = {each.text for each in config.iter("method")}
    there = set(re.findall(r"public function (\w+)\(", (HUB / "Model/Observer.php").read_text(encoding="utf-8")))
    assert methods
    assert methods <= there
    assert "function resend(" in (HUB / "Model/Sender.php").read_text(encoding="utf-8")


@pytest.mark.parametrize("body", ["{}", '{"name":"Käse & Brot \\"größer\\""}', '{"snow":"☃"}'])
def test_its_signature_is_the_standard_one(body: str) -> None:
    told = run_php("Cartfolk_Hub_Model_Signature::headers($a[0], $a[1], 1764000000, $a[2])", SECRET, "msg_1", body)
    digest = hmac.new(KEY, b"msg_1.1764000000." + body.encode(), hashlib.sha256).digest()
    assert told == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1764000000",
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", base64.b64encode(KEY).decode()])
def test_a_mistyped_secret_is_noticed(secret: str) -> None:
    assert run_php("Cartfolk_Hub_Model_Signature::key($a[0])", secret) is None


def test_it_says_where_the_shop_is_configured_to_be_and_nothing_where_that_is_the_request() -> None:
    sited = "Cartfolk_Hub_Model_Envelope::sited($a[0], $a[1])"
    carts = [{"id": "c1", "kind": "cart"}, {"id": "c2", "kind": "cart"}]
    told = run_php(sited, carts, "http://shop.example.com/")
    assert told == [each | {"site": "http://shop.example.com/"} for each in carts]
    for unknown in ("{{base_url}}", "", None):
        assert run_php(sited, carts, unknown) == carts


def test_a_recovery_link_is_good_for_its_own_cart_only() -> None:
    one, two = (run_php("Cartfolk_Hub_Model_Signature::link($a[0], $a[1])", SECRET, cart) for cart in (7, 8))
    assert len(one) == 64
    assert one != two


def test_an_order_it_pushes_is_the_order_the_api_tells() -> None:
    raw = ORDER | {
        "_creditmemos": [
            {"creditmemo_id": "4", "state": "2", "grand_total": "5.0000", "created_at": AT,
             "comments": [{"comment": "No"}]},
            {"creditmemo_id": "5", "state": "3", "grand_total": "6.0000", "created_at": AT},
        ]
    }  # fmt: skip
    (asked,) = (
        Reader(StoreConfig("https://shop.example.com", {})).read("orders", json.dumps([raw]).encode(), NOW).records
    )
    order = {name: value for name, value in ORDER.items() if not isinstance(value, dict | list)}
    order["entity_id"] = order.pop("order_id")
    memos = [{"entity_id": "4", "state": "2", "grand_total": "5.0000", "created_at": AT, "reason": "No"},
             {"entity_id": "5", "state": "3", "grand_total": "6.0000", "created_at": AT}]  # fmt: skip
    told = run_php(
        "Cartfolk_Hub_Model_Envelope::order($a[0], $a[1], $a[2], array(), $a[3], $a[4], $a[5])",
        order, ORDER["items"], ORDER["billing_address"], memos, ORDER["status_history"], "paypal_express",
    )  # fmt: skip
    told["object"]["lines"][0]["name"] = "Cup & saucer"  # which only the API's readers decode
    told["object"]["lines"][0]["price"] = "8.0000"  # which follows from the total
    assert isinstance(asked, Order)
    assert taken(told) == asked


def test_a_cart_tells_its_goods_gross_and_whose_it_is() -> None:
    quote = {"entity_id": "5007", "customer_id": None, "quote_currency_code": "EUR", "grand_total": "20.0000",
             "subtotal": "16.8067", "created_at": AT}  # fmt: skip
    items = [
        {"item_id": "1", "product_id": "7", "product_type": "configurable", "sku": "CUP-RED", "name": "Cup", "qty": 2,
         "row_total": "16.8067", "tax_amount": "3.1933", "discount_amount": "0.0000",
         "url": "https://shop.example.com/cup.html"},
        {"item_id": "2", "parent_item_id": "1", "product_id": "9", "product_type": "simple", "qty": 1, "name": "Red"},
    ]  # fmt: skip
    billing = {"email": "Ada@example.com", "firstname": "Ada", "telephone": "123"}
    more = {"url": "https://shop.example.com/cartfolk/cart/restore/?cart=5007&key=x", "order_id": "77"}
    found = taken(run_php("Cartfolk_Hub_Model_Envelope::cart('checkout', $a[0], $a[1], $a[2], $a[3], $a[4])",
                          quote, items, billing, more, AT))  # fmt: skip
    assert isinstance(found, Cart)
    assert (found.external_id, found.email, found.first_name, found.order_id) == (
        "5007",
        "Ada@example.com",
        "Ada",
        "77",
    )
    assert found.updated_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert (found.total, found.checkout, found.url) == (Decimal("20.0000"), True, more["url"])
    (line,) = found.lines
    assert (line.product_id, line.variant_id, line.quantity, line.total) == ("7", "9", Decimal(2), Decimal("20.0000"))


@pytest.mark.parametrize("email", ["", "ada@", "ada", "a b@example.com"])
def test_half_an_address_is_none_and_an_emptied_cart_has_no_lines(email: str) -> None:
    quote = {"entity_id": "5", "quote_currency_code": "EUR", "grand_total": "0.0000"}
    found = taken(
        run_php(
            "Cartfolk_Hub_Model_Envelope::cart('cart', $a[0], array(), $a[1], array(), $a[2])",
            quote,
            {"email": email},
            AT,
        )
    )
    assert isinstance(found, Cart)
    assert (found.email, found.lines, found.checkout) == (None, (), False)


@pytest.mark.parametrize(("status", "ours"), [("1", "granted"), ("3", "withdrawn"), ("2", None), ("4", None)])
def test_only_a_clear_word_on_the_newsletter_is_consent(status: str, ours: str | None) -> None:
    row = {"subscriber_id": "9", "subscriber_status": status, "subscriber_email": "a@example.com", "customer_id": "0",
           "store_id": "1"}  # fmt: skip
    told = run_php("Cartfolk_Hub_Model_Envelope::consent($a[0], $a[1])", row, AT)
    if ours is None:
        assert told is None
        return
    found = taken(told)
    assert isinstance(found, Consent)
    assert (found.status, found.email, found.customer_id) == (ConsentStatus(ours), "a@example.com", None)
    assert found.at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("flag", "before", "now", "changed"),
    [
        (True, None, "1", True),  # subscribed
        (False, "1", "3", True),  # unsubscribed
        (False, None, "1", False),  # saved with its customer, found by the customer
        (False, "1", "1", False),  # saved in the administration
        (False, "1", 1, False),
    ],
)
def test_saving_a_subscriber_again_is_no_new_consent(flag: bool, before: Any, now: Any, changed: bool) -> None:
    assert run_php("Cartfolk_Hub_Model_Envelope::isChanged($a[0], $a[1], $a[2])", flag, before, now) is changed


def test_an_undated_subscription_is_no_evidence() -> None:
    row = {"subscriber_id": "9", "subscriber_status": "1", "subscriber_email": "a@example.com"}
    assert run_php("Cartfolk_Hub_Model_Envelope::consent($a[0], null)", row) is None


def test_an_account_it_pushes_is_the_account_the_api_tells() -> None:
    address = {
        "firstname": "Ada",
        "company": "Engines",
        "street": "Long Road 1",
        "country_id": "GB",
        "telephone": "123",
    }
    row = {"email": "a@example.com", "firstname": "Ada", "lastname": "L", "created_at": AT, "updated_at": AT}
    listed = row | {"customer_id": "3", "_group": "General", "_addresses": [
        address | {"customer_address_id": "4", "is_default_billing": True, "is_default_shipping": True}]}  # fmt: skip
    (asked,) = (
        Reader(StoreConfig("https://s.example.com", {})).read("customers", json.dumps([listed]).encode(), NOW).records
    )
    # A loaded customer tells the shop's own time.
    loaded = row | {"entity_id": "3", "created_at": "2026-10-25T02:30:00+02:00", "password_hash": "secret"}
    told = run_php("Cartfolk_Hub_Model_Envelope::customer($a[0], $a[1], $a[1], 'General')", loaded, address)
    assert "secret" not in json.dumps(told)
    assert isinstance(asked, Customer)
    assert taken(told) == asked


MAGE = """
class Mage {
    static $config = array();
    static function getStoreConfig($path, $store = null) { return self::$config[$path]; }
    static function helper($name) { return new Mage(); }
    function decrypt($value) { return $value; }
    static function getBaseDir($kind) { return self::$config['folder']; }
    static function log($text) { fwrite(STDERR, $text); }
}
define('DS', '/');
"""


def run_sender(door: Door, folder: Path, program: str) -> None:
    """Runs the module's sender in a PHP that knows of Magento what the sender asks of it."""
    assert PHP is not None
    files = "".join(
        f"require {json.dumps(str(HUB / 'Model' / name))};" for name in ("Signature.php", "Envelope.php", "Sender.php")
    )
    config = {
        "cartfolk/hub/address": door.url.removesuffix("/hooks/x") + "/",
        "cartfolk/hub/store": "store-key", "cartfolk/hub/secret": SECRET, "web/unsecure/base_url": "http://shop.example/",
        "folder": str(folder),
    }  # fmt: skip
    line = (
        f"{MAGE} {files} Mage::$config = json_decode($argv[1], true); $s = new Cartfolk_Hub_Model_Sender(); {program}"
    )
    done = subprocess.run([PHP, "-r", line, "--", json.dumps(config)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "", "nothing may slip into the shop's page"


def test_a_pages_events_leave_in_one_signed_message_and_come_again_with_the_same_id(tmp_path: Path) -> None:
    add = "foreach (array('cart-1', 'order-2', 'cart-1') as $n => $id) $s->add(1, array('id' => $id, 'version' => $n));"
    door = Door()
    try:
        door.status = 503
        run_sender(door, tmp_path, add)
        assert len(door.heard) == 1
        [kept] = (tmp_path / "cartfolk").iterdir()
        door.status = 202
        run_sender(door, tmp_path, "$s->resend();")
        assert not kept.exists()
        (first, body), (again, same) = door.heard
    finally:
        door.close()
    assert body == same
    sited = {"site": "http://shop.example/"}
    assert json.loads(body) == [{"id": "order-2", "version": 1} | sited, {"id": "cart-1", "version": 2} | sited]
    for headers in (first, again):
        assert verify(SECRET, headers, body, int(headers["webhook-timestamp"])) == first["webhook-id"]


@pytest.mark.parametrize(("status", "kept"), [(202, 0), (400, 0), (401, 1), (404, 1), (429, 1), (500, 1)])
def test_what_is_refused_for_its_content_is_not_sent_again(tmp_path: Path, status: int, kept: int) -> None:
    door = Door()
    door.status = status
    try:
        run_sender(door, tmp_path, "$s->add(1, array('id' => 'cart-1'));")
    finally:
        door.close()
    assert len(door.heard) == 1
    assert len(list(tmp_path.rglob("msg_*.json"))) == kept


def test_a_cartfolk_that_is_away_loses_nothing(tmp_path: Path) -> None:
    door = Door()
    door.close()
    run_sender(door, tmp_path, "$s->add(1, array('id' => 'consent-1'));")
    [kept] = list(tmp_path.rglob("msg_*.json"))
    assert json.loads(json.loads(kept.read_text())["body"]) == [{"id": "consent-1", "site": "http://shop.example/"}]
