"""The subscriber in integrations/medusa: Node accepts it, it signs what Cartfolk verifies, its carts can be read."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartfolk.connectors.canonical import Cart
from cartfolk.connectors.medusa import webhooks
from cartfolk.core import secrets
from cartfolk.inbox import envelope

FOLDER = Path(__file__).resolve().parents[4] / "integrations" / "medusa"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
FILES = ("cartfolk/signature.js", "cartfolk/envelope.js", "cartfolk/teller.js", "subscribers/cartfolk.js")

CART: dict[str, Any] = {
    "id": "cart_01A", "email": "ada@example.com", "customer_id": "cus_01A", "customer": {"has_account": False},
    "currency_code": "eur", "created_at": "2026-11-25T20:00:00.000Z", "completed_at": None, "total": 19.9,
    "raw_total": {"value": "19.900000000000000000", "precision": 20}, "subtotal": 16.72, "tax_total": 3.18,
    "billing_address": None, "shipping_address": None, "shipping_methods": [],
    "items": [
        {"id": "cali_1", "title": "Assam", "variant_title": "250 g", "variant_sku": "AS", "product_id": "prod_1",
         "variant_id": "variant_1", "quantity": 2, "total": 19.9, "tax_total": 3.18, "discount_total": 0,
         "thumbnail": "javascript:alert(1)"},
        {"id": "cali_2", "title": "Gift", "variant_title": "Default variant", "quantity": 1, "total": 0},
    ],
}  # fmt: skip


def node(program: str, *arguments: str) -> Any:
    """The JSON a program prints; `need(file)` loads one of ours."""
    assert NODE is not None
    start = f"const need = (file) => require({json.dumps(str(FOLDER))} + '/' + file);\n"
    command = [NODE, "-e", start + program, "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", FILES)
def test_node_can_read_it(name: str) -> None:
    assert NODE is not None
    done = subprocess.run([NODE, "--check", FOLDER / name], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("body", ["{}", '{"name":"Käse & Brot"}', '{"snow":"☃"}'])
def test_its_signature_is_the_one_cartfolk_verifies(body: str) -> None:
    stamp = int(time.time())
    headers = node(
        "const [secret, stamp, body] = process.argv.slice(1);"
        "console.log(JSON.stringify(need('cartfolk/signature').signedHeaders(secret, 'evt_1', Number(stamp), body)))",
        SECRET, str(stamp), body,
    )  # fmt: skip
    assert secrets.verify(SECRET, headers, body.encode(), time.time()) == "evt_1"
    with pytest.raises(secrets.SignatureRefused):
        secrets.verify(SECRET, headers, body.encode() + b" ", time.time())


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_mistyped_secret_is_noticed(secret: str) -> None:
    assert node("console.log(JSON.stringify(need('cartfolk/signature').keyOf(process.argv[1])))", secret) is None


def told(cart: dict[str, Any], url: str = "") -> Any:
    return node(
        "const [cart, url] = process.argv.slice(1);"
        "const at = new Date('2026-11-25T20:09:32.919Z');"
        "console.log(JSON.stringify(need('cartfolk/envelope').envelope(JSON.parse(cart), at, url)))",
        json.dumps(cart), url,
    )  # fmt: skip


def taken(cart: dict[str, Any], url: str = "") -> Cart:
    mapped = envelope.read(json.dumps([told(cart, url)]).encode(), datetime(2026, 11, 25, 20, 10, tzinfo=UTC))
    assert not mapped.bad
    (record,) = mapped.records
    assert isinstance(record, Cart)
    return record


def test_a_cart_is_what_the_ingest_door_reads() -> None:
    cart = taken(CART, "https://shop.example.com/cart/{id}")
    assert (cart.external_id, cart.email, cart.customer_id, cart.checkout) == (
        "cart_01A",
        "ada@example.com",
        None,
        False,
    )
    assert cart.updated_at == datetime(2026, 11, 25, 20, 9, 32, 919000, tzinfo=UTC)
    assert (cart.currency, str(cart.total), cart.tax) == ("EUR", "19.9", Decimal("3.18"))
    assert cart.url == "https://shop.example.com/cart/cart_01A"
    assert [(line.name, line.quantity, line.total) for line in cart.lines] == [
        ("Assam - 250 g", Decimal(2), Decimal("19.9")),
        ("Gift", Decimal(1), Decimal(0)),
    ]
    assert cart.lines[0].image_url is None


def test_an_account_is_named_and_an_address_means_the_checkout() -> None:
    address = {"first_name": "Ada", "last_name": "Lovelace", "phone": "+49 30 1"}
    cart = taken(CART | {"customer": {"has_account": True}, "billing_address": address})
    assert (cart.customer_id, cart.first_name, cart.phone, cart.checkout) == ("cus_01A", "Ada", "+49 30 1", True)


def test_an_emptied_cart_is_told_and_an_ordered_one_is_not() -> None:
    assert taken(CART | {"items": [], "total": 0, "raw_total": None}).lines == ()
    assert told(CART | {"completed_at": "2026-11-25T20:05:00.000Z"}) is None


TELL = """
const { default: tell, config } = need('subscribers/cartfolk');
const sent = [];
let refused = Number(process.argv[1]);
globalThis.fetch = async (url, { headers, body }) => {
  sent.push({ url, headers, body });
  return { ok: refused-- <= 0, status: 503, arrayBuffer: async () => null };
};
const graph = async ({ entity, filters }) => ({
  data: entity === 'cart' ? filters.id.map((id) => ({ id, currency_code: 'eur', items: [] }))
    : [{ id: filters.id, payment_collection: { order: { id: 'order_01P' } } }],
});
const container = { resolve: (name) => (name === 'query' ? { graph } : { warn: () => null }) };
(async () => {
  for (const [name, id] of JSON.parse(process.argv[2])) {
    if (!config.event.includes(name)) throw new Error(name);
    await tell({ event: { name, data: { id } }, container });
  }
  await new Promise((done) => setTimeout(done, 400 + 1200 * Number(process.argv[1])));
  console.log(JSON.stringify(sent));
})();
"""


def sent(events: list[tuple[str, str]], refused: int = 0, store: str = "abc") -> list[dict[str, Any]]:
    given = {"CARTFOLK_URL": "https://cartfolk.example/", "CARTFOLK_STORE": store, "CARTFOLK_SECRET": SECRET}
    set_up = "".join(f"process.env.{name} = {json.dumps(value)};" for name, value in given.items())
    found: list[dict[str, Any]] = node(set_up + TELL, str(refused), json.dumps(events))
    return found


def test_events_become_one_signed_hint_a_stream_and_carts_are_told() -> None:
    events = [
        ("order.placed", "order_01A"), ("order.updated", "order_01A"), ("payment.captured", "pay_01A"),
        ("customer.updated", "cus_01A"), ("cart.updated", "cart_01A"), ("cart.updated", "cart_01A"),
    ]  # fmt: skip
    found = sent(events)
    hints = {}
    for each in found:
        if each["url"] == "https://cartfolk.example/hooks/abc":
            hint = webhooks.hint(each["headers"], each["body"].encode(), SECRET)
            hints[hint.stream] = hint.ids
    assert hints == {"orders": ("order_01A", "order_01P"), "customers": ("cus_01A",)}
    (carts,) = [each for each in found if each["url"] == "https://cartfolk.example/ingest/v1/abc"]
    secrets.verify(SECRET, carts["headers"], carts["body"].encode(), time.time())
    assert [each["object"]["cart_id"] for each in json.loads(carts["body"])] == ["cart_01A"]


def test_what_was_not_taken_is_sent_again_under_the_same_id() -> None:
    first, second = sent([("customer.created", "cus_01A")], refused=1)
    assert first["body"] == second["body"]
    assert first["headers"]["webhook-id"] == second["headers"]["webhook-id"]


def test_without_its_settings_it_does_nothing() -> None:
    assert sent([("customer.created", "cus_01A")], store="") == []


def test_hints_and_carts_say_where_the_shop_is() -> None:
    program = """
    const { Teller } = need('cartfolk/teller.js');
    const sent = [];
    const fetch = async (url, request) => {
      sent.push([url, JSON.parse(request.body)]);
      return { ok: true, status: 200, arrayBuffer: async () => {} };
    };
    const target = { address: 'https://hub.example', store: 'key', secret: process.argv[1], site: process.argv[2] };
    const teller = new Teller(target, async (ids) => ids.map((id) => ({ id })), () => {}, { fetch, pauses: [0] });
    teller.note('orders', ['o1']);
    teller.note('carts', ['c1']);
    const awake = setInterval(() => {}, 1000); // its own timers keep no process alive
    teller.flush().then(() => { console.log(JSON.stringify(sent)); clearInterval(awake); });
    """
    hint, cart = "https://hub.example/hooks/key", "https://hub.example/ingest/v1/key"
    assert node(program, SECRET, "https://shop.example") == [
        [hint, {"stream": "orders", "ids": ["o1"], "site": "https://shop.example"}],
        [cart, [{"id": "c1", "site": "https://shop.example"}]],
    ]
    assert node(program, SECRET, "") == [[hint, {"stream": "orders", "ids": ["o1"]}], [cart, [{"id": "c1"}]]]
