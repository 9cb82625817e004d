"""What WooCommerce does to those who take it at its word; each test is named by the trap and meets it in a shop
that answers over real HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cartfolk.connectors import http
from cartfolk.connectors.canonical import Customer, Order, OrderStatus
from cartfolk.connectors.conformance import Conformance
from cartfolk.connectors.errors import CredentialsInvalid, RetryLater
from cartfolk.connectors.woocommerce import webhooks
from cartfolk.connectors.woocommerce.auth import ConsumerKey
from cartfolk.simulator import SimulatedShop, start_simulator

from .door import Door

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Woo(Conformance):
    """Opens connectors; the suite itself runs elsewhere."""

    platform = "woocommerce"


WOO = Woo()


@pytest.fixture(scope="module")
def shop() -> Iterator[SimulatedShop]:
    with start_simulator(seed=9, customers=400) as found:
        yield found


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "shop" in request.fixturenames:
        request.getfixturevalue("shop").clear_faults()


def records(connector: Any, stream: str, page: Any) -> list[Any]:
    return list(connector.read(stream, page.body, datetime.now(UTC)).records)


# --- who may ask ---


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(at).not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("tls") / "shop.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(encoding)
    )
    return file


@pytest.fixture(scope="module")
def tls_shop(certificate: Path) -> Iterator[SimulatedShop]:
    with start_simulator(seed=6, customers=60, certificate=certificate) as found:
        yield found


@pytest.mark.parametrize(
    ("proxy", "way"),
    [
        ((), "basic"),
        (("strip_authorization",), "query"),
        (("hidden_https",), "oauth by http"),
        (("strip_authorization", "hidden_https"), "oauth by http"),
    ],
    ids=["no proxy", "Authorization stripped", "https hidden", "both"],
)
def test_keys_over_https_find_their_way_past_a_proxy(
    tls_shop: SimulatedShop, certificate: Path, proxy: tuple[str, ...], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http.httpx2, "AsyncHTTPTransport", partial(httpx2.AsyncHTTPTransport, verify=str(certificate)))
    for fault in proxy:
        tls_shop.post_fault(fault)

    async def run(connector: Any) -> None:
        assert (await connector.counts())["customers"] == 60
        assert connector.transport.auth._ways[0] == way
        asked = tls_shop.stats()["requests_total"]
        await connector.counts()
        assert tls_shop.stats()["requests_total"] - asked == len(connector.info.streams), "it is found out once"

    try:
        WOO.use(tls_shop, run)
        with pytest.raises(CredentialsInvalid):
            WOO.use(tls_shop, lambda c: c.counts(), credentials={"secret": "cs_wrong"})
    finally:
        tls_shop.clear_faults()


def test_over_plain_http_the_secret_never_travels() -> None:
    request = httpx2.Request("GET", "http://shop.example.com/wp-json/wc/v3/orders?page=1")
    sent = next(ConsumerKey("ck_1", "cs_secret").auth_flow(request))
    assert "oauth_signature=" in str(sent.url)
    assert "cs_secret" not in str(sent.url)
    assert "authorization" not in sent.headers


def test_a_repeated_request_is_signed_anew_because_replays_are_refused(shop: SimulatedShop) -> None:
    shop.post_fault("server_error", every=2)
    assert WOO.use(shop, lambda c: c.counts())["customers"] == shop.truth(people=False)["customers"]


def test_only_the_shops_own_namespaces_are_asked_for_data(shop: SimulatedShop) -> None:
    """A consumer key is good for wc/ and wc-…; elsewhere it is answered 401."""
    WOO.use(shop, lambda c: c.check())
    routes = {route.partition(" ")[2] for route in shop.stats()["requests"]}
    assert all(route == "/" or route.startswith("/wc/v3/") for route in routes)


# --- lists ---


def test_accounts_of_other_roles_are_not_hidden_by_the_default_role(shop: SimulatedShop) -> None:
    made = str(shop.act("register", email="boss@example.com", role="shop_manager")["id"])

    async def run(connector: Any) -> None:
        assert made in await WOO.everything(connector, "customers")
        (found,) = records(connector, "customers", await connector.fetch("customers", [made]))
        assert isinstance(found, Customer)
        assert found.groups == ("shop_manager",)

    WOO.use(shop, run)


def test_guests_are_in_no_customer_list_and_come_from_the_order(shop: SimulatedShop) -> None:
    order = str(shop.act("order", email=" Guest.Person@Example.com ")["id"])

    async def run(connector: Any) -> None:
        (found,) = records(connector, "orders", await connector.fetch("orders", [order]))
        assert (found.customer_id, found.email) == (None, "Guest.Person@Example.com")

    WOO.use(shop, run)


def test_times_are_compared_in_utc_to_the_second_though_the_shop_lives_in_berlin() -> None:
    """Bounds are strict and local unless asked otherwise; a zoned value would be turned into local time."""
    with start_simulator(seed=4, customers=80, now="2026-07-01T12:00:00Z", frozen_clock=True) as shop:

        async def run(connector: Any) -> None:
            connector.overlap = timedelta(0)
            times = {}
            for window in await connector.windows("orders", datetime(2026, 7, 1, 12, tzinfo=UTC)):
                cursor = None
                while True:
                    page = await connector.page(window, cursor)
                    times |= {str(row["id"]): row["date_modified_gmt"] for row in json.loads(page.body)}
                    cursor = page.cursor
                    if cursor is None:
                        break
            assert len(times) == shop.truth(people=False)["orders"]
            for exact in sorted(set(times.values()))[:: len(times) // 7]:
                since = datetime.fromisoformat(exact).replace(tzinfo=UTC)
                found = await WOO.poll(connector, "orders", since)
                assert set(found) == {key for key, at in times.items() if at >= exact}

        WOO.use(shop, run)


def test_more_orders_in_one_second_than_fit_on_a_page_are_all_polled(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        connector.page_size = 20
        assert len(set(await WOO.poll(connector, "orders", LONG_AGO))) == shop.truth(people=False)["orders"]

    WOO.use(shop, run)


def test_orders_edited_while_the_poll_reads_move_and_are_not_missed(shop: SimulatedShop) -> None:
    shop.post_fault("shift", rows=7, count=40)

    async def run(connector: Any) -> None:
        connector.page_size = 25
        assert len(set(await WOO.poll(connector, "orders", LONG_AGO))) == shop.truth(people=False)["orders"]

    WOO.use(shop, run)


def test_an_order_that_crashes_the_shop_is_a_bad_record_and_its_page_goes_on(shop: SimulatedShop) -> None:
    broken = shop.act("order", email="crash@example.com")["id"]
    shop.post_fault("poison", id=broken)

    async def run(connector: Any) -> None:
        good, bad = set(), []
        for window in await connector.windows("orders", datetime.now(UTC) + timedelta(seconds=2)):
            cursor = None
            while True:
                page = await connector.page(window, cursor)
                mapped = connector.read("orders", page.body, datetime.now(UTC))
                good |= {each.external_id for each in mapped.records if isinstance(each, Order)}
                bad += mapped.bad
                cursor = page.cursor
                if cursor is None:
                    break
        assert [each.external_id for each in bad] == [str(broken)]
        assert "save it there" in bad[0].reason
        assert len(good) == shop.truth(people=False)["orders"] - 1

    WOO.use(shop, run)


@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_firewall_page_is_no_data_and_no_wrong_key(shop: SimulatedShop, status: int) -> None:
    shop.post_fault("firewall", status=status)
    with pytest.raises(RetryLater):
        WOO.use(shop, lambda c: c.counts())


# --- orders and refunds ---


def test_a_refund_leaves_the_state_alone_and_moves_the_order_into_the_poll(shop: SimulatedShop) -> None:
    order = shop.act("order", email="refund@example.com")["id"]
    since = datetime.now(UTC)
    time.sleep(1.1)
    shop.act("refund", order_id=order, amount="1.50", reason="Broken")

    async def run(connector: Any) -> None:
        connector.overlap = timedelta(0)
        page = await connector.changes("orders", None, since)
        (found,) = [each for each in records(connector, "orders", page) if each.external_id == str(order)]
        assert found.status is OrderStatus.COMPLETED
        (refund,) = found.refunds
        assert (refund.amount, refund.reason) == (Decimal("1.50"), "Broken")
        assert found.total > refund.amount, "the total is before refunds"

    WOO.use(shop, run)


def test_before_version_nine_refunds_are_dated_by_asking_order_by_order(shop: SimulatedShop) -> None:
    order = str(shop.act("order", email="old@example.com")["id"])
    shop.act("refund", order_id=order, amount="2.00")
    shop.post_fault("old_version")

    async def run(connector: Any) -> None:
        (found,) = records(connector, "orders", await connector.fetch("orders", [order]))
        (refund,) = found.refunds
        assert refund.amount == Decimal("2.00")
        assert refund.created_at is not None

    WOO.use(shop, run)


@pytest.mark.parametrize("version", ["new", "old"])
@pytest.mark.parametrize("state", ["trash", "checkout-draft"])
def test_orders_in_the_trash_and_drafts_are_listed_only_when_asked_and_are_no_orders(
    shop: SimulatedShop, state: str, version: str
) -> None:
    order = str(shop.act("order", email="hidden@example.com", status=state)["id"])
    if version == "old":
        shop.post_fault("old_version")  # knows no drafts: asking for them is an error

    async def run(connector: Any) -> None:
        found = records(connector, "orders", await connector.fetch("orders", [order, "999999999"]))
        if (version, state) == ("old", "checkout-draft"):
            assert found == []
        else:
            assert [(each.external_id, each.status) for each in found] == [(order, OrderStatus.IGNORED)]
        assert order not in await WOO.everything(connector, "orders")

    WOO.use(shop, run)


# --- webhooks ---


@pytest.fixture
def door(shop: SimulatedShop) -> Iterator[Door]:
    """Where the shop's webhooks go, all of them made by the connector."""
    found = Door()
    WOO.use(shop, lambda c: c.ensure_webhooks(found.url))
    yield found
    WOO.use(shop, lambda c: c.remove_webhooks(found.url))
    found.close()


def hint(shop: SimulatedShop, delivery: tuple[dict[str, str], bytes], **changes: Any) -> Any:
    async def run(connector: Any) -> Any:
        return connector.webhook(*delivery)

    return WOO.use(shop, run, **changes)


def test_the_unsigned_ping_of_a_new_webhook_is_answered_and_does_nothing(shop: SimulatedShop, door: Door) -> None:
    assert len(door.heard) == len(webhooks.TOPICS)
    assert {hint(shop, each).ignore for each in door.heard} == {"ping"}


def test_one_delivery_id_for_all_deliveries_of_a_second_hides_none(shop: SimulatedShop, door: Door) -> None:
    orders = {str(shop.act("order", email=f"same{n}@example.com")["id"]) for n in range(6)}
    shop.live(minutes=0)
    heard = door.of("order.created")
    assert len({headers["x-wc-webhook-delivery-id"] for headers, _body in heard}) < len(heard), "the trap is there"
    assert {key for each in heard for key in hint(shop, each).ids} == orders


def test_a_webhook_whose_user_lost_his_rights_sends_a_signed_error(shop: SimulatedShop) -> None:
    key, secret = shop.new_key("read_write")
    door = Door()
    WOO.use(shop, lambda c: c.ensure_webhooks(door.url), credentials={"key": key, "secret": secret})
    shop.change_key(key, privileged=False)
    shop.act("order", email="rights@example.com")
    shop.live(minutes=0)
    try:
        (delivery,) = door.of("order.created")
        assert hint(shop, delivery).ignore == "error: woocommerce_rest_cannot_view"
        assert hint(shop, delivery).ids == ()
    finally:
        WOO.use(shop, lambda c: c.remove_webhooks(door.url))
        door.close()


def test_a_deleted_order_is_told_by_its_id_alone(shop: SimulatedShop, door: Door) -> None:
    order = shop.act("order", email="gone@example.com")["id"]
    shop.act("delete_order", order_id=order)
    shop.live(minutes=0)
    (delivery,) = door.of("order.deleted")
    found = hint(shop, delivery)
    assert (found.stream, found.ids, found.deleted) == ("orders", (str(order),), True)


def test_the_seventh_failure_switches_a_webhook_off_and_the_health_check_on_again(
    shop: SimulatedShop, door: Door
) -> None:
    order = shop.act("order", email="off@example.com")["id"]
    door.status = 500
    for _ in range(7):
        shop.act("touch", order_id=order)
        shop.live(minutes=0)
    off = [each["topic"] for each in shop.webhooks()["webhooks"] if each["status"] == "disabled"]
    assert off == ["order.updated"]
    door.status = 200
    health = WOO.use(shop, lambda c: c.ensure_webhooks(door.url))
    assert health.repaired == ("order.updated: switched on again",)
    door.heard.clear()
    shop.act("touch", order_id=order)
    shop.live(minutes=0)
    (delivery,) = door.of("order.updated")
    assert hint(shop, delivery).ids == (str(order),), "signed with the same secret"


@pytest.mark.parametrize("secret", ["a&amp;b&lt;c&#039;d", "x&copy=1&lang;&apos;", "&amp;lt;", "plain"])
def test_the_secret_is_decoded_like_php_does_before_signing(shop: SimulatedShop, secret: str) -> None:
    door = Door()
    WOO.use(shop, lambda c: c.ensure_webhooks(door.url), webhook_secret=secret)
    order = shop.act("order", email="secret@example.com")["id"]
    shop.live(minutes=0)
    try:
        (delivery,) = door.of("order.created")
        assert hint(shop, delivery, webhook_secret=secret).ids == (str(order),)
    finally:
        WOO.use(shop, lambda c: c.remove_webhooks(door.url))
        door.close()


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://cartfolk.example.com/hooks/x", False),
        ("https://cartfolk.example.com:8443/hooks/x", True),
        ("http://192.168.1.5/hooks/x", True),
        ("http://localhost:8080/hooks/x", True),
    ],
)
def test_an_address_wordpress_does_not_send_to_is_said(shop: SimulatedShop, url: str, refused: bool) -> None:
    shop.post_fault("webhook_unsafe")
    try:
        health = WOO.use(shop, lambda c: c.ensure_webhooks(url))
    finally:
        WOO.use(shop, lambda c: c.remove_webhooks(url))
    assert ("ports 80, 443 and 8080" in health.message) is refused


def test_a_lost_webhook_is_not_sent_again_and_the_poll_finds_the_change(shop: SimulatedShop, door: Door) -> None:
    since = datetime.now(UTC)
    shop.post_fault("webhook_drop")
    order = str(shop.act("order", email="lost@example.com")["id"])
    shop.live(minutes=0)
    assert door.of("order.created") == []

    async def run(connector: Any) -> None:
        assert order in await WOO.poll(connector, "orders", since)

    WOO.use(shop, run)
