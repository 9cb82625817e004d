"""Magento's habits, over real HTTP: each test fails when the connector believes what it should not."""

from __future__ import annotations

import json
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
from cartfolk.connectors.base import Page, Window
from cartfolk.connectors.canonical import Cart, Consent, Customer, Order, OrderStatus
from cartfolk.connectors.errors import CredentialsInvalid, PermissionMissing, RetryLater
from cartfolk.connectors.magento2.client import Found
from cartfolk.connectors.magento2.cursors import Moment, stamp
from cartfolk.connectors.magento2.tests.test_conformance import TestMagento as Suite
from cartfolk.connectors.magento2.tests.test_conformance import keys
from cartfolk.inbox.walk import Walk
from cartfolk.simulator import SimulatedShop, start_simulator

LATELY = datetime(2026, 11, 2, 12, tzinfo=UTC)  # a day after the shop's history ends: what the tests make happen
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MAGENTO = Suite()


@pytest.fixture(scope="module")
def shop() -> Iterator[SimulatedShop]:
    with start_simulator(platform="magento2", seed=11, customers=60, now="2026-11-01T12:00:00Z") as found:
        found.live(minutes=24 * 60)
        yield found


@pytest.fixture(autouse=True)
def calm(shop: SimulatedShop) -> Iterator[None]:
    yield
    shop.clear_faults()


async def pages(connector: Any, stream: str) -> list[Page]:
    """A whole stream, through the inbox's own walk around what cannot be shown."""
    found = []
    for window in await connector.windows(stream, datetime.now(UTC)):
        walk, cursor = Walk(connector, window), None
        while True:
            step = await walk.page(cursor)
            found.append(step.page)
            found += [Page(b"[]", -1, None) for _lost in step.lost]
            cursor = step.page.cursor
            if cursor is None:
                break
    return found


def ids(stream: str, found: list[Page]) -> list[str]:
    return [key for page in found for key in MAGENTO.ids(stream, page.body)]


def read(connector: Any, stream: str, page: Page) -> list[Any]:
    mapped = connector.read(stream, page.body, datetime.now(UTC))
    assert not mapped.bad
    return list(mapped.records)


# --- lists ---


def test_behind_the_end_the_last_page_comes_again_and_the_walk_ends_all_the_same(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        total = await connector.client.total("customers")
        last = await connector.client.search("customers", size=10, page=-(-total // 10))
        behind = await connector.client.search("customers", size=10, page=99)
        assert behind.rows == last.rows, "the shop behaves like Magento"
        connector.page_size = total  # a full page that is the last one
        found = await pages(connector, "customers")
        assert [page.rows for page in found] == [total]

    MAGENTO.use(shop, run)


def test_an_import_that_shares_one_second_is_polled_whole_and_once(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        times = [row["updated_at"] for page in await pages(connector, "orders") for row in json.loads(page.body)]
        crowd = max(set(times), key=times.count)
        connector.page_size = 10
        assert times.count(crowd) > 2 * connector.page_size, "there is a cluster"
        found = await MAGENTO.poll(connector, "orders", LONG_AGO)
        assert len(found) == len(set(found)) == len(times)

    MAGENTO.use(shop, run)


def test_an_edit_between_two_pages_hides_no_order(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        connector.page_size = 20
        everything = set(ids("orders", await pages(connector, "orders")))
        first = await connector.changes("orders", None, LONG_AGO)
        found = set(MAGENTO.ids("orders", first.body))
        for order in sorted(found)[:15]:
            shop.act("touch", order_id=order)  # to the end of the list: by offset, 15 others were skipped
        cursor = first.cursor
        while True:
            page = await connector.changes("orders", cursor, LONG_AGO)
            found |= set(MAGENTO.ids("orders", page.body))
            cursor = page.cursor
            if page.rows < connector.page_size:
                break
        assert found == everything

    MAGENTO.use(shop, run)


def test_a_deleted_account_before_the_place_of_a_walk_hides_nobody(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        account = shop.act("register", email="short.lived@example.com")["id"]
        connector.page_size = 10
        window = Window("customers", "customers-0", "0")
        everything = set(await MAGENTO.everything(connector, "customers"))
        first = await connector.page(window, None)
        found = set(MAGENTO.ids("customers", first.body))
        shop.act("delete_customer", customer_id=sorted(found, key=int)[0])
        cursor = first.cursor
        while cursor:
            page = await connector.page(window, cursor)
            found |= set(MAGENTO.ids("customers", page.body))
            cursor = page.cursor
        assert found == everything
        assert str(account) in found

    MAGENTO.use(shop, run)


@pytest.mark.parametrize("status", [404, 500])
@pytest.mark.parametrize("which", ["first", "middle", "last"])
def test_one_order_that_spoils_its_page_costs_itself_only(shop: SimulatedShop, status: int, which: str) -> None:
    async def run(connector: Any) -> None:
        connector.transport._attempts = 1
        every = sorted(await MAGENTO.everything(connector, "orders"), key=int)
        bad = every[{"first": 0, "middle": len(every) // 2, "last": -1}[which]]
        shop.post_fault("poison", id=int(bad), status=status, path="orders")
        connector.page_size = 50
        found = await patiently(connector)
        assert sorted(ids("orders", found), key=int) == [key for key in every if key != bad]
        assert sum(page.rows == -1 for page in found) == 1

    MAGENTO.use(shop, run)


async def patiently(connector: Any) -> list[Page]:
    """As the inbox: an ill shop is asked again."""
    found: list[Page] = []
    for window in await connector.windows("orders", datetime.now(UTC)):
        walk, cursor = Walk(connector, window), None
        for _ in range(200):
            try:
                step = await walk.page(cursor)
            except http.Overwhelmed:
                continue
            found += [step.page, *(Page(b"[]", -1, None) for _lost in step.lost)]
            cursor = step.page.cursor
            if cursor is None:
                break
    return found


def test_an_order_dated_to_the_future_does_not_blind_the_poll(
    shop: SimulatedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(connector: Any) -> None:
        rows = [
            {"entity_id": 1, "updated_at": "2020-01-01 00:00:00"},
            {"entity_id": 2, "updated_at": "2199-01-01 00:00:00"},
        ]

        async def search(*asked: Any) -> Found:
            return Found(rows, len(rows))

        monkeypatch.setattr(connector.client, "search", search)
        page = await connector.changes("orders", None, LONG_AGO)
        assert page.rows == 2
        assert Moment.parse(page.cursor).at <= stamp(datetime.now(UTC))
        rows.pop()
        page = await connector.changes("orders", None, LONG_AGO)
        assert Moment.parse(page.cursor).at == "2020-01-01 00:00:00"

    MAGENTO.use(shop, run)


def test_a_poll_goes_on_behind_an_order_that_cannot_be_shown(shop: SimulatedShop) -> None:
    bad, good = (shop.act("order", email=f"poll{number}@example.com")["id"] for number in range(2))
    shop.post_fault("poison", id=bad, path="orders")

    async def run(connector: Any) -> None:
        page = await connector.changes("orders", None, LATELY)
        mapped = connector.read("orders", page.body, datetime.now(UTC))
        found = {record.external_id for record in mapped.records}
        assert str(good) in found
        assert str(bad) not in found
        assert [each.reason for each in mapped.bad] == [
            "The shop cannot show this object: open and save it there, then retry."
        ]

    MAGENTO.use(shop, run)


def test_an_order_that_cannot_be_shown_is_not_taken_for_deleted(shop: SimulatedShop) -> None:
    some = [shop.act("order", email="fetch@example.com")["id"] for _ in range(3)]
    shop.post_fault("poison", id=some[1], path="orders")

    async def run(connector: Any) -> None:
        page = await connector.fetch("orders", [*map(str, some), "999999999"])
        mapped = connector.read("orders", page.body, datetime.now(UTC))
        assert {record.external_id for record in mapped.records} == {str(some[0]), str(some[2])}
        assert [each.external_id for each in mapped.bad] == [str(some[1])]

    MAGENTO.use(shop, run)


def test_a_shop_that_caps_its_pages_is_asked_for_shorter_ones(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        found = await MAGENTO.everything(connector, "customers")
        assert len(found) == len(set(found)) == shop.truth(people=False)["customers"]
        some = sorted(found)[:70]
        page = await connector.fetch("customers", some)
        assert sorted(MAGENTO.ids("customers", page.body)) == some
        changed = await MAGENTO.poll(connector, "customers", LONG_AGO)
        assert set(changed) == set(found)

    MAGENTO.use(shop, run, credentials=keys(*shop.new_key("most:30")))


def test_old_versions_cannot_be_read_by_the_store_code_all(shop: SimulatedShop) -> None:
    shop.post_fault("old_version", path="all/")
    report = MAGENTO.use(shop, lambda c: c.check())
    assert report.ok, report.steps


def test_lines_do_not_come_twice_over_the_wire(shop: SimulatedShop) -> None:
    """A shipping assignment repeats every line of its order."""

    async def run(connector: Any) -> None:
        row = json.loads((await connector.page(Window("orders", "w", "0"), None)).body)[0]
        (assigned,) = row["extension_attributes"]["shipping_assignments"]
        assert set(assigned) == {"shipping"}
        assert row["items"]

    MAGENTO.use(shop, run)


# --- money ---


def test_floats_are_read_as_the_shop_has_them(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        noisy = 0
        for page in await pages(connector, "orders"):
            noisy += sum(len(str(row["grand_total"])) > 12 for row in json.loads(page.body))
            for order in read(connector, "orders", page):
                assert order.total == order.total.quantize(Decimal("0.01"))
        assert noisy, "the shop adds up like PHP"

    MAGENTO.use(shop, run)


def test_a_cancelled_credit_memo_gives_nothing_back(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        amounts: Decimal = Decimal(0)
        number = 0
        for page in await pages(connector, "orders"):
            for order in read(connector, "orders", page):
                amounts += sum((each.amount for each in order.refunds), Decimal(0))
                number += len(order.refunds)
                assert all(each.created_at for each in order.refunds)
        truth = shop.truth(people=False)
        assert number == truth["refunds"]
        assert (await connector.client.search("creditmemos")).total > number
        assert amounts == sum(Decimal(each["refunded"]) for each in truth["currencies"].values())

    MAGENTO.use(shop, run)


def test_payment_and_parcel_of_an_order_are_known_though_it_holds_neither(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        sent = paid = 0
        for page in await pages(connector, "orders"):
            for order in read(connector, "orders", page):
                counted = order.status in (OrderStatus.COMPLETED, OrderStatus.REFUNDED)
                assert (order.paid_at is not None) >= counted
                paid += order.paid_at is not None
                if order.status_raw == "complete":
                    sent += 1
                    assert order.tracking_number == f"JJD{int(order.external_id):09d}"
                    assert order.shipped_at == order.completed_at
        assert paid > sent > 0

    MAGENTO.use(shop, run)


def test_refunds_whose_memo_cannot_be_shown_still_count(shop: SimulatedShop) -> None:
    order = shop.act("order", email="memo@example.com")["id"]
    raw = shop.act("refund", order_id=order, amount="1.50")["order"]
    assert raw["total_refunded"] == 1.5
    shop.post_fault("poison", id=max_memo(shop, order), path="creditmemos")

    async def run(connector: Any) -> None:
        (found,) = read(connector, "orders", await connector.fetch("orders", [str(order)]))
        (refund,) = found.refunds
        assert (refund.amount, refund.created_at) == (Decimal("1.5"), None)

    MAGENTO.use(shop, run)


def max_memo(shop: SimulatedShop, order: int) -> int:
    async def run(connector: Any) -> int:
        found = await connector.client.search("creditmemos", [("order_id", "eq", order)], size=10)
        return min(int(row["entity_id"]) for row in found.rows)

    found: int = MAGENTO.use(shop, run)
    return found


def test_a_configured_product_is_one_line(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        rows = lines = variants = 0
        for page in await pages(connector, "orders"):
            raw = json.loads(page.body)
            for order, row in zip(read(connector, "orders", page), raw, strict=True):
                rows += len(row["items"])
                lines += len(order.lines)
                variants += sum(line.variant_id is not None for line in order.lines)
                # What is not lines is shipping and fees, and these are never negative.
                assert sum((line.total for line in order.lines), Decimal(0)) + order.shipping <= order.total
        assert rows == lines + variants
        assert variants

    MAGENTO.use(shop, run)


# --- carts ---


def test_carts_have_gross_totals_though_the_list_has_none(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        known = anonymous = 0
        for page in await pages(connector, "carts"):
            raw = json.loads(page.body)
            for cart, row in zip(read(connector, "carts", page), raw, strict=True):
                assert isinstance(cart, Cart)
                assert cart.lines
                if cart.email is None and cart.customer_id is None:
                    anonymous += 1
                    assert "_totals" not in row, "carts of nobody are not asked for one by one"
                    continue
                known += 1
                totals = row["_totals"]
                assert cart.total == Decimal(str(totals["base_grand_total"])).quantize(Decimal("0.0001"))
                assert cart.total == sum((line.total for line in cart.lines), Decimal(0))
                if totals["tax_amount"]:
                    assert Decimal(str(totals["grand_total"])) < cart.total
        assert known
        assert anonymous

    MAGENTO.use(shop, run)


def test_whose_cart_it_is_tells_the_customers_id_and_not_the_guest_flag(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        wrong = 0
        for page in await pages(connector, "carts"):
            for cart, row in zip(read(connector, "carts", page), json.loads(page.body), strict=True):
                assert (cart.customer_id is None) == ("id" not in row["customer"])
                wrong += row["customer_is_guest"] and cart.customer_id is not None
        assert wrong, "the shop's flag lies"

    MAGENTO.use(shop, run)


def test_an_order_names_the_cart_it_came_from(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        carts = await connector.client.search("carts", [("is_active", "eq", 0)], size=100)
        bought = {str(row["id"]) for row in carts.rows}
        found = {
            order.cart_id for page in await pages(connector, "orders") for order in read(connector, "orders", page)
        }
        assert bought
        assert bought <= found

    MAGENTO.use(shop, run)


# --- people ---


def test_guests_are_in_their_orders_only(shop: SimulatedShop) -> None:
    email = "only.guest@example.com"
    order = str(shop.act("order", email=email)["id"])

    async def run(connector: Any) -> None:
        (found,) = read(connector, "orders", await connector.fetch("orders", [order]))
        assert isinstance(found, Order)
        assert (found.email, found.customer_id) == (email, None)

    MAGENTO.use(shop, run)


def test_the_newsletter_flag_proves_nothing(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        flags = set()
        for page in await pages(connector, "customers"):
            flags |= {row["extension_attributes"]["is_subscribed"] for row in json.loads(page.body)}
            assert not [each for each in read(connector, "customers", page) if isinstance(each, Consent)]
        assert flags == {True, False}

    MAGENTO.use(shop, run)


def test_accounts_have_the_name_of_their_group_and_their_language(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        found = [each for page in await pages(connector, "customers") for each in read(connector, "customers", page)]
        assert all(isinstance(each, Customer) and each.language == "de-DE" for each in found)
        groups = {each.groups for each in found}
        assert len(groups) > 1
        assert groups <= {("General",), ("Wholesale",), ("Retailer",)}

    MAGENTO.use(shop, run)


def test_customers_wait_for_a_list_of_groups_that_fails(shop: SimulatedShop) -> None:
    """Else every one of them would be stepped over as a row that cannot be shown."""
    shop.post_fault("server_error", path="customerGroups")
    with pytest.raises(RetryLater) as raised:
        MAGENTO.use(shop, lambda c: pages(c, "customers"))
    assert not isinstance(raised.value, http.Overwhelmed)


def test_one_website_of_several_is_kept_to(shop: SimulatedShop) -> None:
    counts = MAGENTO.use(shop, lambda c: c.counts(), credentials={"website": "outlet"})
    assert (counts["orders"], counts["customers"], counts["carts"]) == (0, 0, 0)
    whole = MAGENTO.use(shop, lambda c: c.check(), credentials={"website": "base"})
    assert whole.ok
    assert whole.fingerprint != MAGENTO.use(shop, lambda c: c.fingerprint())
    wrong = MAGENTO.use(shop, lambda c: c.check(), credentials={"website": "nowhere"})
    (failed,) = [step for step in wrong.steps if not step.ok]
    assert (failed.name, "known are: base, outlet" in failed.message) == ("website", True)


# --- who may ask ---


def test_a_token_alone_is_good_only_where_the_shop_allows_it(shop: SimulatedShop) -> None:
    nothing = {"key": "", "secret": "", "token_secret": ""}
    allowed = keys(*shop.new_key("bearer")) | nothing
    assert MAGENTO.use(shop, lambda c: c.check(), credentials=allowed).ok
    with pytest.raises(CredentialsInvalid, match=r"off since version 2\.4\.4"):
        MAGENTO.use(shop, lambda c: c.counts(), credentials=nothing)
    partial_keys = keys(*shop.new_key("bearer without:carts")) | nothing
    with pytest.raises(PermissionMissing, match="Magento_Cart::manage"):
        MAGENTO.use(shop, lambda c: c.counts(), credentials=partial_keys)


def test_over_plain_http_the_token_never_travels(shop: SimulatedShop) -> None:
    nothing = {"key": "", "secret": "", "token_secret": ""}
    config = MAGENTO.config(shop, url="http://shop.example.com", credentials=nothing, allow_private_address=False)
    from cartfolk.connectors.magento2 import CONNECTOR

    auth = CONNECTOR.auth(config)
    sent = next(auth.auth_flow(httpx2.Request("GET", "http://shop.example.com/rest/V1/orders")))
    assert "authorization" not in sent.headers
    with pytest.raises(CredentialsInvalid, match="plain http"):
        MAGENTO.use(
            shop,
            lambda c: c.counts(),
            url="http://shop.example.com",
            credentials=nothing,
            allow_private_address=False,
        )


def test_half_of_the_keys_are_named_not_tried(shop: SimulatedShop) -> None:
    asked = shop.stats()["requests_total"]
    with pytest.raises(CredentialsInvalid, match=r"missing: secret, token_secret"):
        MAGENTO.use(shop, lambda c: c.counts(), credentials={"secret": "", "token_secret": " "})
    assert shop.stats()["requests_total"] == asked


def test_a_repeated_request_is_signed_anew_because_a_nonce_is_good_once(shop: SimulatedShop) -> None:
    shop.post_fault("server_error", every=2)
    counts = MAGENTO.use(shop, lambda c: c.counts())
    assert counts["customers"] == shop.truth(people=False)["customers"]


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


def test_a_proxy_that_hides_https_is_signed_for_and_found_out_once(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http.httpx2, "AsyncHTTPTransport", partial(httpx2.AsyncHTTPTransport, verify=str(certificate)))
    with start_simulator(platform="magento2", seed=6, customers=20, certificate=certificate) as tls:
        tls.post_fault("hidden_https")

        async def run(connector: Any) -> None:
            assert (await connector.counts())["customers"] == 20
            asked = tls.stats()["requests_total"]
            await connector.counts()
            assert tls.stats()["requests_total"] - asked == len(connector.info.streams)

        MAGENTO.use(tls, run)
        tls.clear_faults()
        tls.post_fault("strip_authorization")
        with pytest.raises(CredentialsInvalid, match="takes the Authorization header away"):
            MAGENTO.use(tls, lambda c: c.counts())
