"""What Medusa does to those who take it at its word; each test is named by the trap and meets it in a server that
answers over real HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from cartfolk.connectors.canonical import Customer, Order, OrderStatus
from cartfolk.connectors.conformance import Conformance
from cartfolk.connectors.errors import RetryLater, SignatureInvalid
from cartfolk.connectors.medusa import LOOK_EVERY, SCAN_EVERY, Poll, webhooks
from cartfolk.connectors.paging import TimeCursor
from cartfolk.core import secrets

from .shop import NamedShop, started

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Opened(Conformance):
    """Opens connectors; the suite itself runs elsewhere."""

    platform = "medusa"

    def credentials(self, shop: Any) -> dict[str, str]:
        return {"key": shop.key}


MEDUSA = Opened()


@pytest.fixture(scope="module")
def shop() -> Iterator[NamedShop]:
    with started(seed=9, customers=120) as found:
        yield found


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "shop" in request.fixturenames:
        request.getfixturevalue("shop").clear_faults()


def records(connector: Any, stream: str, page: Any) -> list[Any]:
    return list(connector.read(stream, page.body, datetime.now(UTC)).records)


async def one(connector: Any, order: str) -> Order:
    (found,) = records(connector, "orders", await connector.fetch("orders", [order]))
    assert isinstance(found, Order)
    return found


async def after(connector: Any, stream: str) -> str:
    """The cursor of a poll that is up to date."""
    cursor: str | None = None
    while True:
        page = await connector.changes(stream, cursor, datetime.now(UTC))
        cursor = page.cursor
        if page.rows < connector.page_size:
            return str(cursor)


def long_ago(cursor: str) -> str:
    """The same cursor a minute after the overlap: what happened before is not asked for again by its time."""
    poll = Poll.parse(cursor)
    later = TimeCursor.starting(datetime.now(UTC) + timedelta(minutes=2)).text()
    return replace(poll, changed=later, paid=later).text()


# --- who may ask ---


def test_a_secret_key_is_a_user_name_and_no_bearer_token(shop: NamedShop) -> None:
    url = f"{shop.url}/admin/orders?limit=1"
    with httpx2.Client(trust_env=False) as client:
        assert client.get(url, headers={"authorization": f"Bearer {shop.key}"}).status_code == 401
        assert client.get(url, auth=(shop.key, "")).status_code == 200
    assert MEDUSA.use(shop, lambda c: c.counts())["orders"] > 0


def test_a_storefronts_key_and_a_storefronts_address_are_told_apart(shop: NamedShop) -> None:
    report = MEDUSA.use(shop, lambda c: c.check(), credentials={"key": "pk_0123"})
    assert [(step.name, step.ok) for step in report.steps] == [("address", True), ("keys", False)]
    assert "publishable" in report.steps[1].message
    front = MEDUSA.use(shop, lambda c: c.check(), url=f"{shop.url}/de/shop")
    assert [(step.name, step.ok) for step in front.steps] == [("address", False)]
    assert "storefront" in front.steps[0].message


def test_the_default_currency_is_not_the_first_one(shop: NamedShop) -> None:
    assert MEDUSA.use(shop, lambda c: c.check()).home_currency == shop.truth(people=False)["home_currency"] == "EUR"


def test_a_revoked_key_stops_the_store(shop: NamedShop) -> None:
    key, _none = shop.new_key("read_write")
    shop.change_key(key, revoke=True)
    report = MEDUSA.use(shop, lambda c: c.check(), credentials={"key": key})
    assert [step.name for step in report.steps if not step.ok] == ["keys"]


# --- what an order is worth ---


def test_the_workflow_says_pending_of_a_paid_order(shop: NamedShop) -> None:
    order = shop.act("order", email="paid@example.com")

    async def run(connector: Any) -> None:
        raw = json.loads((await connector.fetch("orders", [order["id"]])).body)[0]
        assert raw["status"] == "pending"
        assert (await one(connector, order["id"])).status is OrderStatus.COMPLETED

    MEDUSA.use(shop, run)


def test_a_refund_lowers_the_orders_total_and_not_what_it_was_worth(shop: NamedShop) -> None:
    order = shop.act("order", email="back@example.com")["id"]

    async def run(connector: Any) -> None:
        before = await one(connector, order)
        shop.act("refund", order_id=order, amount="1.25")
        raw = json.loads((await connector.fetch("orders", [order])).body, parse_float=Decimal)[0]
        part = await one(connector, order)
        assert raw["total"] == before.total - Decimal("1.25")
        assert (part.total, part.status) == (before.total, OrderStatus.COMPLETED)
        shop.act("refund", order_id=order)
        whole = await one(connector, order)
        assert (whole.total, whole.status) == (before.total, OrderStatus.REFUNDED)
        assert sum(each.amount for each in whole.refunds) == before.total

    MEDUSA.use(shop, run)


def test_a_cancelled_order_has_a_total_of_nothing(shop: NamedShop) -> None:
    order = shop.act("order", email="off@example.com", status="authorized")["id"]

    async def run(connector: Any) -> None:
        before = await one(connector, order)
        shop.act("status", order_id=order, status="canceled")
        assert json.loads((await connector.fetch("orders", [order])).body)[0]["total"] == 0
        found = await one(connector, order)
        assert (found.status, found.total) == (OrderStatus.CANCELLED, before.total)

    MEDUSA.use(shop, run)


# --- what changes without saying so ---


def test_a_capture_does_not_move_the_order_and_is_found_by_its_payment(shop: NamedShop) -> None:
    order = shop.act("order", email="later@example.com", status="authorized")["id"]

    async def run(connector: Any) -> None:
        before = json.loads((await connector.fetch("orders", [order])).body)[0]["updated_at"]
        pending = await one(connector, order)
        cursor = await after(connector, "orders")
        await asyncio.sleep(1.1)  # the simulator's clock has whole seconds
        shop.act("status", order_id=order, status="captured")
        raw = json.loads((await connector.fetch("orders", [order])).body)[0]
        assert (raw["updated_at"], raw["payment_status"]) == (before, "captured")
        # Without its payment nobody would hear of it: the walk by the order's own time begins behind it.
        poll = Poll.parse(cursor)
        behind = replace(poll, changed=Poll.parse(long_ago(cursor)).changed)
        page = await connector.changes("orders", behind.text(), datetime.now(UTC))
        found = {each.external_id: each for each in records(connector, "orders", page)}[order]
        assert found.status is OrderStatus.COMPLETED
        assert found.updated_at > pending.updated_at, "an older version would be ignored"

    MEDUSA.use(shop, run)


def test_orders_of_the_last_months_are_looked_at_again_once_a_day(shop: NamedShop) -> None:
    recent = shop.act("order", email="scan@example.com")["id"]

    async def run(connector: Any) -> None:
        quiet = long_ago(await after(connector, "orders"))
        page = await connector.changes("orders", quiet, datetime.now(UTC))
        assert page.rows == 0
        poll = Poll.parse(page.cursor)
        yesterday = (datetime.now(UTC) - SCAN_EVERY - timedelta(minutes=1)).isoformat()
        cursor: str | None = replace(poll, scanned=yesterday).text()
        found: list[Order] = []
        while True:
            page = await connector.changes("orders", cursor, datetime.now(UTC))
            found += records(connector, "orders", page)
            cursor = page.cursor
            if page.rows < connector.page_size:
                break
        assert recent in {each.external_id for each in found}
        assert len(found) == len({each.external_id for each in found})
        # An order is found by when it was placed: older ones are left alone.
        assert min(each.placed_at for each in found) > datetime.now(UTC) - timedelta(days=91)
        assert (await connector.changes("orders", cursor, datetime.now(UTC))).rows == 0, "once a day is enough"

    MEDUSA.use(shop, run)


def test_orders_of_the_last_week_are_looked_at_again_every_hour(shop: NamedShop) -> None:
    """The refund of what an edit took out moves neither the order nor the payment."""
    recent = shop.act("order", email="look@example.com")["id"]

    async def run(connector: Any) -> None:
        quiet = Poll.parse(long_ago(await after(connector, "orders")))
        hour_ago = (datetime.now(UTC) - LOOK_EVERY - timedelta(minutes=1)).isoformat()
        cursor: str | None = replace(quiet, looked=hour_ago).text()
        found: list[Order] = []
        while True:
            page = await connector.changes("orders", cursor, datetime.now(UTC))
            found += records(connector, "orders", page)
            cursor = page.cursor
            if page.rows < connector.page_size:
                break
        assert recent in {each.external_id for each in found}
        assert min(each.placed_at for each in found) > datetime.now(UTC) - timedelta(days=8)
        assert (await connector.changes("orders", cursor, datetime.now(UTC))).rows == 0

    MEDUSA.use(shop, run)


def test_a_group_does_not_move_its_account_and_is_found_by_the_daily_look(shop: NamedShop) -> None:
    account = shop.act("register", email="group@example.com")["id"]

    async def run(connector: Any) -> None:
        quiet = Poll.parse(long_ago(await after(connector, "customers")))
        (before,) = records(connector, "customers", await connector.fetch("customers", [account]))
        shop.act("change_customer", customer_id=account, role="b2b")
        assert (await connector.changes("customers", quiet.text(), datetime.now(UTC))).rows == 0
        yesterday = (datetime.now(UTC) - SCAN_EVERY - timedelta(minutes=1)).isoformat()
        cursor: str | None = replace(quiet, scanned=yesterday).text()
        found: dict[str, Customer] = {}
        while True:
            page = await connector.changes("customers", cursor, datetime.now(UTC))
            found |= {each.external_id: each for each in records(connector, "customers", page)}
            cursor = page.cursor
            if page.rows < connector.page_size:
                break
        assert len(found) == shop.truth(people=False)["customers"]
        assert found[account].groups == ("b2b",)
        assert found[account].updated_at == before.updated_at, "an equal version is applied, an older one is not"

    MEDUSA.use(shop, run)


# --- people ---


def test_a_guest_has_a_customer_of_his_own_beside_the_account_of_the_same_address(shop: NamedShop) -> None:
    email = "both@example.com"
    account = shop.act("register", email=email)["id"]
    order = shop.act("order", email=email)["id"]

    async def run(connector: Any) -> None:
        raw = json.loads((await connector.fetch("orders", [order])).body)[0]
        assert raw["customer_id"] not in (None, account)
        found = await one(connector, order)
        assert (found.customer_id, found.email) == (None, email)
        guests = await MEDUSA.everything(connector, "guests")
        accounts = await MEDUSA.everything(connector, "customers")
        assert raw["customer_id"] in guests
        assert account in accounts
        assert not set(guests) & set(accounts)
        # The nightly comparison asks for both under one name: a guest must not look deleted.
        page = await connector.fetch("customers", [raw["customer_id"], account])
        people = {each.external_id: each.registered for each in records(connector, "customers", page)}
        assert people == {raw["customer_id"]: False, account: True}

    MEDUSA.use(shop, run)


# --- lists ---


def test_many_rows_with_the_same_time_are_each_given_once(shop: NamedShop) -> None:
    """The categories were all made in the same second, and equal rows come in another order on each page."""

    async def run(connector: Any) -> None:
        whole = await MEDUSA.everything(connector, "categories")
        connector.page_size = 3
        assert len(whole) > 6
        pieces = await MEDUSA.everything(connector, "categories")
        assert sorted(pieces) == sorted(set(pieces)) == sorted(whole)

    MEDUSA.use(shop, run)


def test_more_ids_than_an_address_may_hold_are_asked_for_in_pieces(shop: NamedShop) -> None:
    async def run(connector: Any) -> None:
        ids = (await MEDUSA.everything(connector, "orders"))[:250]
        many = "&".join(f"id[{place}]={key}" for place, key in enumerate(ids))
        answer = await connector.transport.get(f"{shop.url}/admin/orders?{many}")
        assert answer.status == 414
        page = await connector.fetch("orders", ids)
        assert page.rows == 250

    MEDUSA.use(shop, run)


def test_an_order_that_crashes_its_page_costs_only_itself(shop: NamedShop) -> None:
    orders = [shop.act("order", email=f"crash{number}@example.com")["id"] for number in range(4)]

    async def run(connector: Any) -> None:
        start = datetime.now(UTC) - timedelta(seconds=30)
        shop.post_fault("poison", id=int(orders[2].rpartition("_01")[2]))
        for page in (await connector.fetch("orders", orders), await connector.changes("orders", None, start)):
            mapped = connector.read("orders", page.body, datetime.now(UTC))
            assert {bad.external_id for bad in mapped.bad} == {orders[2]}
            read = {each.external_id for each in mapped.records}
            assert {orders[0], orders[1], orders[3]} <= read
        found: list[str] = []
        for window in await connector.windows("orders", datetime.now(UTC)):
            cursor: str | None = None
            while True:
                page = await connector.page(window, cursor)
                found += MEDUSA.ids("orders", page.body)
                cursor = page.cursor
                if cursor is None:
                    break
        assert len(found) == len(set(found)) == shop.truth(people=False)["orders"]

    MEDUSA.use(shop, run)


def test_an_order_that_crashes_even_lists_of_ids_is_stepped_over(shop: NamedShop) -> None:
    async def run(connector: Any) -> None:
        (window, *_) = await connector.windows("orders", datetime.now(UTC))
        ids = MEDUSA.ids("orders", (await connector.page(window, None)).body)
        shop.post_fault("poison", id=int(ids[2].rpartition("_01")[2]), deep=True)
        connector.page_size = 2
        first = await connector.page(window, None)
        connector.page_size = 1
        with pytest.raises(RetryLater):
            await connector.page(window, first.cursor)
        behind = connector.step_over(window, first.cursor)
        page = await connector.page(window, behind)
        assert MEDUSA.ids("orders", first.body) + MEDUSA.ids("orders", page.body) == [ids[0], ids[1], ids[3]]
        following = await connector.page(window, page.cursor)
        assert MEDUSA.ids("orders", following.body) == [ids[4]]

    MEDUSA.use(shop, run)


def test_a_server_that_gives_nothing_is_ill_and_its_orders_are_not(shop: NamedShop) -> None:
    order = shop.act("order", email="ill@example.com")["id"]
    shop.post_fault("server_error")

    async def run(connector: Any) -> None:
        with pytest.raises(RetryLater):
            await connector.fetch("orders", [order, order + "x"])

    MEDUSA.use(shop, run)


def test_a_row_placed_while_the_history_is_read_shifts_nobody(shop: NamedShop) -> None:
    async def run(connector: Any) -> None:
        connector.page_size = 40
        (window, *_) = await connector.windows("orders", datetime.now(UTC))
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = await connector.page(window, cursor)
            found += MEDUSA.ids("orders", page.body)
            cursor = page.cursor
            if cursor is None:
                break
            if len(found) == 80:
                shop.act("order", email="meanwhile@example.com")
                shop.act("delete_order", order_id=found[0])
        assert len(found) == len(set(found))
        assert set(await MEDUSA.everything(connector, "orders")) <= set(found)

    MEDUSA.use(shop, run)


# --- hints of our subscriber ---


def signed(body: bytes, at: float | None = None) -> dict[str, str]:
    stamp = int(at or time.time())
    signature = secrets.sign(SECRET, "evt_1", stamp, body)
    return {"webhook-id": "evt_1", "webhook-timestamp": str(stamp), "webhook-signature": signature}


def test_a_hint_is_believed_only_if_signed() -> None:
    body = b'{"stream":"orders","ids":["order_01A","order_01A","order_01B"]}'
    found = webhooks.hint(signed(body), body, SECRET)
    assert (found.stream, found.ids, found.deleted, found.ignore) == ("orders", ("order_01A", "order_01B"), False, "")
    for headers, sent, secret in (
        (signed(body), body + b" ", SECRET),
        ({}, body, SECRET),
        (signed(body), body, ""),
        (signed(body, time.time() - 3600), body, SECRET),
    ):
        with pytest.raises(SignatureInvalid):
            webhooks.hint(headers, sent, secret)


@pytest.mark.parametrize(
    "body", [b"nonsense", b"[]", b'{"stream":"payments","ids":["a"]}', b'{"stream":"orders","ids":[7]}', b'{"ids":[]}']
)
def test_a_signed_hint_at_nothing_is_ignored(body: bytes) -> None:
    assert webhooks.hint(signed(body), body, SECRET).ignore
