"""Vendure's habits, each met over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from cartfolk.connectors.base import Window
from cartfolk.connectors.canonical import Cart, Order, OrderStatus
from cartfolk.connectors.errors import CredentialsInvalid, PermissionMissing
from cartfolk.connectors.vendure import LATELY, Vendure
from cartfolk.simulator import SimulatedShop
from cartfolk.simulator.vendure.words import ADMINISTRATOR, CHANNEL_TOKEN

from .shop import started
from .test_conformance import TestVendure, TestVendureByPassword

SUITE, BY_PASSWORD = TestVendure(), TestVendureByPassword()
for _suite in (TestVendure, TestVendureByPassword):
    _suite.__test__ = False  # here they are tools, their tests run beside


@pytest.fixture(scope="module")
def shop() -> Iterator[SimulatedShop]:
    with started(seed=3, customers=60) as found:
        yield found


@pytest.fixture(autouse=True)
def well(shop: SimulatedShop) -> Iterator[None]:
    yield
    shop.clear_faults()


def an_hour_later(cursor: str) -> str:
    """The cursor as if its last look at all recent orders were an hour ago."""
    told = json.loads(cursor)
    looked = datetime.fromisoformat(told["looked"]) - timedelta(hours=1)
    return json.dumps(told | {"looked": looked.isoformat()})


async def caught_up(connector: Vendure) -> str:
    """The cursor of a poll that knows everything."""
    page = await connector.changes("orders", None, datetime.now(UTC))
    assert page.cursor is not None
    return page.cursor


async def aged(connector: Vendure, days: float) -> str:
    """An order placed about so many days ago, paid."""
    when = datetime.now(UTC) - timedelta(days=days)
    window = Window("orders", "w", when.isoformat()[:19], (when + timedelta(days=25)).isoformat()[:19])
    page = await connector.page(window, None)
    records = connector.read("orders", page.body, when).records
    return next(
        each.external_id
        for each in records
        if isinstance(each, Order) and each.status is OrderStatus.COMPLETED and not each.refunds
    )


def test_a_refund_leaves_the_orders_own_time_alone_and_is_found_all_the_same(shop: SimulatedShop) -> None:
    async def run(connector: Vendure) -> None:
        old = await aged(connector, LATELY.days - 10)
        cursor = await caught_up(connector)
        young = str(shop.act("order", email="young@example.com")["id"])
        shop.act("refund", order_id=young, amount="1.00")
        shop.act("refund", order_id=old, amount="1.00")
        found = await connector.fetch("orders", [young, old])
        own = {row["id"]: row["updatedAt"][:10] for row in json.loads(found.body)}
        assert own[old] < datetime.now(UTC).isoformat()[:10]
        first = await connector.changes("orders", cursor, datetime.now(UTC))
        assert young in SUITE.ids("orders", first.body)
        assert first.cursor is not None
        later = await connector.changes("orders", an_hour_later(first.cursor), datetime.now(UTC))
        assert old in SUITE.ids("orders", later.body)
        orders = connector.read("orders", later.body, datetime.now(UTC)).records
        (refunded,) = [each for each in orders if isinstance(each, Order) and each.external_id == old]
        assert refunded.updated_at > datetime.now(UTC) - timedelta(minutes=5)

    SUITE.use(shop, run)


def test_a_look_at_recent_orders_asks_for_their_times_only(shop: SimulatedShop) -> None:
    async def run(connector: Vendure) -> None:
        cursor = await caught_up(connector)
        asked = shop.stats()["requests_total"]
        page = await connector.changes("orders", cursor, datetime.now(UTC))
        again = await connector.changes("orders", page.cursor, datetime.now(UTC))
        assert again.cursor == page.cursor
        assert shop.stats()["requests_total"] - asked <= 4

    SUITE.use(shop, run)


def test_payment_later_is_found_by_the_poll(shop: SimulatedShop) -> None:
    async def run(connector: Vendure) -> None:
        order = str(shop.act("order", email="later@example.com", status="PaymentAuthorized")["id"])
        cursor = await caught_up(connector)
        shop.act("status", order_id=order, status="PaymentSettled")
        page = await connector.changes("orders", cursor, datetime.now(UTC))
        records = connector.read("orders", page.body, datetime.now(UTC)).records
        states = {each.external_id: each.status for each in records if isinstance(each, Order)}
        assert states[order] is OrderStatus.COMPLETED

    SUITE.use(shop, run)


def test_many_orders_of_one_second_are_cut_into_pages_and_windows_without_loss(shop: SimulatedShop) -> None:
    """SQLite compares times as text: with and without milliseconds the same second is not the same."""

    async def run(connector: Vendure) -> None:
        everything = await SUITE.everything(connector, "orders")
        rows = json.loads((await connector.fetch("orders", everything)).body)
        connector.page_size = 8  # type: ignore[misc]
        busiest, many = Counter(row["createdAt"][:19] for row in rows).most_common(1)[0]
        assert many > 2 * connector.page_size
        first, last = min(row["createdAt"][:19] for row in rows), "2100-01-01T00:00:00"
        found: list[str] = []
        for start, end in ((first, busiest), (busiest, last)):
            cursor = None
            while True:
                page = await connector.page(Window("orders", start, start, end), cursor)
                found += SUITE.ids("orders", page.body)
                cursor = page.cursor
                if cursor is None:
                    break
        assert sorted(found) == sorted(everything)
        assert len(found) == len(set(found)) == shop.truth(people=False)["orders"]

    SUITE.use(shop, run)


def test_when_the_session_is_over_one_request_signs_in_for_all(shop: SimulatedShop) -> None:
    async def run(connector: Vendure) -> None:
        await connector.counts()
        before = shop.stats()["requests"].get("POST login", 0)
        shop.change_key("sessions", revoke=True)
        told = await asyncio.gather(*(connector.counts() for _ in range(3)))
        assert told[0] == told[1] == told[2]
        assert shop.stats()["requests"]["POST login"] == before + 1

    BY_PASSWORD.use(shop, run)


def test_a_session_is_kept_from_one_poll_to_the_next(shop: SimulatedShop) -> None:
    BY_PASSWORD.use(shop, lambda c: c.counts())
    before = shop.stats()["requests"]["POST login"]
    BY_PASSWORD.use(shop, lambda c: c.counts())
    assert shop.stats()["requests"]["POST login"] == before
    with pytest.raises(CredentialsInvalid):
        BY_PASSWORD.use(shop, lambda c: c.counts(), credentials={"password": "mistyped"})


def test_a_time_to_come_does_not_blind_the_poll(shop: SimulatedShop) -> None:
    """A shop whose clock is ahead, or a record that says so, must not hide what happens until then."""

    async def run(connector: Vendure) -> None:
        for stream, act in (("orders", "order"), ("customers", "register")):
            cursor = (await connector.changes(stream, None, datetime.now(UTC))).cursor
            page = await connector.changes(stream, cursor, datetime.now(UTC))
            told = json.loads(page.cursor)
            assert max(told.get("mark", ""), told.get("at", "")) <= datetime.now(UTC).isoformat()
            fresh = str(shop_ahead.act(act, email=f"{stream}.ahead@example.com")["id"])
            assert fresh in SUITE.ids(stream, (await connector.changes(stream, page.cursor, datetime.now(UTC))).body)

    with started(seed=4, customers=30, now=(datetime.now(UTC) + timedelta(days=30)).isoformat()) as shop_ahead:
        SUITE.use(shop_ahead, run)


def test_nobody_and_somebody_without_permission_hear_the_same_and_are_told_apart(shop: SimulatedShop) -> None:
    async def total(connector: Vendure) -> int:
        return await connector.client.total("orders")

    with pytest.raises(CredentialsInvalid):
        SUITE.use(shop, total, credentials={"key": "nobody:at-all"})
    with pytest.raises(PermissionMissing, match="may not read orders: add ReadOrder"):
        SUITE.use(shop, total, credentials=SUITE.lesser(shop, "without:ReadOrder"))


def test_a_version_without_api_keys_says_so(shop: SimulatedShop) -> None:
    shop.post_fault("old_version")
    report = SUITE.use(shop, lambda c: c.check())
    assert not report.ok
    assert "tokenMethod" in report.steps[-1].message
    assert BY_PASSWORD.use(shop, lambda c: c.check()).ok


def test_without_key_and_password_nothing_is_asked(shop: SimulatedShop) -> None:
    report = SUITE.use(shop, lambda c: c.check(), credentials={"key": "", "username": ADMINISTRATOR})
    assert report.steps[-1].message == "Enter an API key, or an administrator's e-mail address and password."


def test_a_channel_nobody_has_is_noticed_though_the_shop_answers(shop: SimulatedShop) -> None:
    wrong = SUITE.use(shop, lambda c: c.check(), credentials={"channel": "mistyped"})
    assert [step.name for step in wrong.steps if not step.ok] == ["channel"]
    assert SUITE.use(shop, lambda c: c.check(), credentials={"channel": CHANNEL_TOKEN}).ok


def test_another_address_of_the_shop_is_no_admin_api_and_pasted_ones_are_understood(shop: SimulatedShop) -> None:
    wrong = SUITE.use(shop, lambda c: c.check(), url=f"{shop.url}/store")
    assert [step.name for step in wrong.steps if not step.ok] == ["address"]
    assert "not the storefront's" in wrong.steps[0].message
    for tail in ("/admin-api", "/dashboard/login", "/admin/"):
        assert SUITE.use(shop, lambda c: c.check(), url=shop.url + tail).ok


def test_a_record_the_shop_cannot_show_costs_only_itself(shop: SimulatedShop) -> None:
    account = shop.act("register", email="poison@example.com")["id"]
    order = shop.act("order", email="poison.order@example.com")["id"]
    others = [str(shop.act("order", email=f"beside{number}@example.com")["id"]) for number in range(3)]
    since = datetime.now(UTC) - timedelta(minutes=1)

    async def run(connector: Vendure) -> None:
        for stream, bad in (("orders", str(order)), ("customers", str(account))):
            page = await connector.changes(stream, None, since)
            mapped = connector.read(stream, page.body, since)
            assert [each.external_id for each in mapped.bad] == [bad]
            assert mapped.records
            if stream == "orders":
                assert set(others) <= {each.external_id for each in mapped.records if isinstance(each, Order)}

    shop.post_fault("poison", id=order)
    shop.post_fault("poison", id=account)
    SUITE.use(shop, run)


def test_ids_no_column_can_hold_are_not_asked_for(shop: SimulatedShop) -> None:
    page = SUITE.use(shop, lambda c: c.fetch("orders", ["99999999999999", "no-number"]))
    assert (page.rows, page.body) == (0, b"[]")


def test_an_account_that_is_gone_is_in_no_list(shop: SimulatedShop) -> None:
    account = str(shop.act("register", email="gone@example.com")["id"])
    assert SUITE.use(shop, lambda c: c.fetch("customers", [account])).rows == 1
    shop.act("delete_customer", customer_id=account)
    assert SUITE.use(shop, lambda c: c.fetch("customers", [account])).rows == 0


def test_carts_are_orders_nobody_placed_and_keep_their_number_when_somebody_does() -> None:
    with started(seed=8, customers=40, now="2026-11-01T12:00:00Z") as shop:

        async def carts(connector: Vendure) -> dict[str, Cart]:
            ids = await SUITE.everything(connector, "carts")
            body = (await connector.fetch("carts", ids)).body
            found = connector.read("carts", body, datetime.now(UTC)).records
            assert (await connector.fetch("orders", ids)).rows == 0
            return {each.external_id: each for each in found if isinstance(each, Cart)}

        shop.live(minutes=60 * 24)
        before = SUITE.use(shop, carts)
        assert len(before) == shop.webhooks()["carts"] > 0
        assert any(each.email for each in before.values())
        assert any(each.email is None for each in before.values())
        shop.live(minutes=60 * 24 * 2)
        after = SUITE.use(shop, carts)
        placed = SUITE.use(shop, lambda c: c.fetch("orders", list(before.keys() - after.keys())))
        assert placed.rows > 0
        assert len(after) == shop.webhooks()["carts"]
        polled = SUITE.use(shop, lambda c: SUITE.poll(c, "carts", datetime(2026, 11, 1, tzinfo=UTC)))
        assert set(polled) == set(after)
