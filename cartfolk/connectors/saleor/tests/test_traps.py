"""Saleor's habits, each met over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cartfolk.connectors.base import Window
from cartfolk.connectors.canonical import Cart, Order, OrderStatus
from cartfolk.connectors.errors import CredentialsInvalid, PermissionMissing, RetryLater, SignatureInvalid
from cartfolk.connectors.saleor import Saleor, webhooks
from cartfolk.connectors.woocommerce.tests.door import Door

from .shop import Known, started
from .test_conformance import TestSaleor

SUITE = TestSaleor()
TestSaleor.__test__ = False  # type: ignore[attr-defined]  # here it is a tool, its tests run beside


@pytest.fixture(scope="module")
def shop() -> Iterator[Known]:
    with started(seed=3, customers=30) as found:
        yield Known(found)


@pytest.fixture(autouse=True)
def well(shop: Known) -> Iterator[None]:
    yield
    shop.clear_faults()


def orders_in(connector: Saleor, body: bytes) -> dict[str, Order]:
    records = connector.read("orders", body, datetime.now(UTC)).records
    return {each.external_id: each for each in records if isinstance(each, Order)}


def test_money_that_went_back_is_called_not_charged_and_is_a_refund_all_the_same(shop: Known) -> None:
    whole, part = (shop.act("order", email=f"back{number}@example.com")["id"] for number in range(2))
    shop.act("refund", order_id=whole)
    told = shop.act("refund", order_id=part, amount="1.00", reason="late")["order"]

    async def run(connector: Saleor) -> None:
        found = orders_in(connector, (await connector.fetch("orders", [whole, part])).body)
        assert found[whole].status is OrderStatus.REFUNDED
        assert sum(each.amount for each in found[whole].refunds) == found[whole].total
        assert found[part].status is OrderStatus.COMPLETED
        assert len(found[part].refunds) == 1

    assert told["totalCharged"]["amount"] < told["total"]["gross"]["amount"]
    SUITE.use(shop, run)


def test_drafts_are_in_no_list(shop: Known) -> None:
    draft = shop.act("order", email="draft@example.com", status="DRAFT")["id"]
    assert SUITE.use(shop, lambda c: c.fetch("orders", [draft])).rows == 0


def test_guests_are_known_by_the_address_of_their_order(shop: Known) -> None:
    order = shop.act("order", email="Guest@Example.com")["id"]

    async def run(connector: Saleor) -> Order:
        return orders_in(connector, (await connector.fetch("orders", [order])).body)[order]

    found = SUITE.use(shop, run)
    assert (found.email, found.customer_id) == ("Guest@Example.com", None)


def test_pages_of_one_list_are_cut_without_loss_though_rows_change_meanwhile(shop: Known) -> None:
    async def run(connector: Saleor) -> None:
        every = await SUITE.everything(connector, "orders")
        connector.page_size = 7  # type: ignore[misc]
        cursor, found = None, []
        since = datetime(2000, 1, 1, tzinfo=UTC)
        for turn in range(200):
            page = await connector.changes("orders", cursor, since)
            found += SUITE.ids("orders", page.body)
            cursor = page.cursor
            if page.rows < connector.page_size:
                break
            if turn < 5:
                shop.act("touch", order_id=every[turn])
        assert set(found) == set(every)

    SUITE.use(shop, run)


def test_windows_meet_to_the_microsecond(shop: Known) -> None:
    async def run(connector: Saleor) -> None:
        (whole,) = await connector.windows("orders", datetime.now(UTC))
        every = await SUITE.everything(connector, "orders")
        body = (await connector.fetch("orders", every)).body
        times = sorted(row["created"] for row in json.loads(body))
        middle = times[len(times) // 2][:19]
        found: list[str] = []
        for start, end in ((whole.start, middle), (middle, whole.end)):
            cursor = None
            while True:
                page = await connector.page(Window("orders", str(start), start, end), cursor)
                found += SUITE.ids("orders", page.body)
                cursor = page.cursor
                if cursor is None:
                    break
        assert sorted(found) == sorted(every)

    SUITE.use(shop, run)


def test_a_row_no_page_can_give_is_stepped_over(shop: Known) -> None:
    async def run(connector: Saleor) -> None:
        (window,) = await connector.windows("orders", datetime.now(UTC))
        first = SUITE.ids("orders", (await connector.page(window, None)).body)
        again = SUITE.ids("orders", (await connector.page(window, connector.step_over(window, None))).body)
        assert again[: len(first) - 1] == first[1:]
        connector.page_size = 1  # type: ignore[misc]
        page = await connector.page(window, None)
        beyond = await connector.page(window, connector.step_over(window, page.cursor))
        assert SUITE.ids("orders", beyond.body) == first[2:3]

    SUITE.use(shop, run)


def test_a_record_the_shop_cannot_show_costs_only_itself(shop: Known) -> None:
    account = shop.act("register", email="poison@example.com")["id"]
    beside = str(shop.act("register", email="beside@example.com")["id"])
    since = datetime.now(UTC) - timedelta(minutes=1)

    async def run(connector: Saleor) -> None:
        page = await connector.changes("customers", None, since)
        mapped = connector.read("customers", page.body, since)
        assert [each.external_id for each in mapped.bad] == [str(account)]
        assert beside in {each.external_id for each in mapped.records}  # type: ignore[union-attr]
        hinted = connector.read("customers", (await connector.fetch("customers", [str(account), beside])).body, since)
        assert (len(hinted.records), [each.external_id for each in hinted.bad]) == (1, [str(account)])
        shop.post_fault("server_error")
        with pytest.raises(RetryLater):  # a server that is ill is another matter
            await connector.fetch("customers", [beside])

    shop.post_fault("poison", id=account)
    SUITE.use(shop, run)


def test_nobody_and_somebody_without_permission_hear_the_same_and_are_told_apart(shop: Known) -> None:
    async def total(connector: Saleor) -> int:
        return await connector.client.total("orders")

    with pytest.raises(CredentialsInvalid, match="does not accept the token"):
        SUITE.use(shop, total, credentials={"token": "nobody"})
    with pytest.raises(PermissionMissing, match="permission Manage orders"):
        SUITE.use(shop, total, credentials=SUITE.lesser(shop, "without:MANAGE_ORDERS"))


def test_products_nobody_may_see_are_an_empty_list_and_the_check_says_so(shop: Known) -> None:
    lesser = SUITE.lesser(shop, "without:MANAGE_PRODUCTS")
    assert SUITE.use(shop, lambda c: c.counts(), credentials=lesser)["products"] == 0
    (bad,) = [s for s in SUITE.use(shop, lambda c: c.check(), credentials=lesser).steps if not s.ok]
    assert (bad.name, "Manage products" in bad.message) == ("products", True)


def test_another_address_is_no_api_and_pasted_ones_are_understood(shop: Known) -> None:
    wrong = SUITE.use(shop, lambda c: c.check(), url=f"{shop.url}/store")
    assert [step.name for step in wrong.steps if not step.ok] == ["address"]
    assert "not the storefront's" in wrong.steps[0].message
    for tail in ("/graphql/", "/dashboard/apps"):
        assert SUITE.use(shop, lambda c: c.check(), url=shop.url + tail).ok


def test_one_channel_of_several(shop: Known) -> None:
    wrong = SUITE.use(shop, lambda c: c.check(), credentials={"channel": "mistyped"})
    assert [step.name for step in wrong.steps if not step.ok] == ["channel"]
    right = {"channel": "default-channel", "storefront": "https://www.example.com/"}
    report = SUITE.use(shop, lambda c: c.check(), credentials=right)
    assert report.ok
    assert report.learned["storefront"] == "https://www.example.com"
    counts = SUITE.use(shop, lambda c: c.counts(), credentials=right)
    assert counts["orders"] == shop.truth(people=False)["orders"]


def test_a_time_to_come_does_not_blind_the_poll() -> None:
    """A shop whose clock is ahead must not hide what happens until then."""
    ahead = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    with started(seed=4, customers=20, now=ahead) as found:
        shop = Known(found)

        async def run(connector: Saleor) -> None:
            cursor = (await connector.changes("customers", None, datetime.now(UTC))).cursor
            assert json.loads(str(cursor))["at"] <= datetime.now(UTC).isoformat()
            fresh = str(shop.act("register", email="ahead@example.com")["id"])
            page = await connector.changes("customers", cursor, datetime.now(UTC))
            assert fresh in SUITE.ids("customers", page.body)

        SUITE.use(shop, run)


def test_checkouts_are_found_by_day_and_vanish_when_ordered() -> None:
    with started(seed=8, customers=20, now="2026-11-01T12:00:00Z") as found:
        shop = Known(found)

        async def carts(connector: Saleor) -> dict[str, Cart]:
            ids = await SUITE.everything(connector, "checkouts")
            body = (await connector.fetch("checkouts", ids)).body
            records = connector.read("checkouts", body, datetime.now(UTC)).records
            return {each.external_id: each for each in records if isinstance(each, Cart)}

        shop.live(minutes=60 * 14)
        before = SUITE.use(shop, carts)
        assert len(before) == shop.webhooks()["checkouts"] > 0
        assert {bool(each.email) for each in before.values()} == {True, False}

        async def first(connector: Saleor) -> str | None:
            return (await connector.changes("checkouts", None, datetime(2026, 11, 1, tzinfo=UTC))).cursor

        cursor = SUITE.use(shop, first)
        shop.live(minutes=60 * 24)

        async def later(connector: Saleor) -> None:
            after = await carts(connector)
            gone = before.keys() - after.keys()
            assert gone
            assert (await connector.fetch("checkouts", list(gone))).rows == 0
            every = await SUITE.everything(connector, "orders")
            body = (await connector.fetch("orders", every)).body
            assert gone <= {each.cart_id for each in orders_in(connector, body).values()}
            page = await connector.changes("checkouts", cursor, datetime.now(UTC))
            assert after.keys() - before.keys() <= set(SUITE.ids("checkouts", page.body))
            known = datetime.fromisoformat(json.loads(str(cursor))["at"]).replace(tzinfo=UTC) - connector.overlap
            for key in SUITE.ids("checkouts", page.body):
                assert after[key].updated_at >= known, "days are the filter's, seconds are ours"
            assert any(cart.updated_at < known for cart in after.values())

        SUITE.use(shop, later)
        assert "taxes_calculated" not in shop.stats()["life"], "a look at a checkout costs the shop nothing"


# -- webhooks


@pytest.fixture
def door() -> Iterator[Door]:
    found = Door()
    yield found
    found.close()


def delivered(shop: Known, door: Door) -> list[tuple[dict[str, str], bytes]]:
    shop.live(minutes=0)
    heard, door.heard = door.heard, []
    return heard


def hooks(shop: Known, door: Door) -> list[dict[str, Any]]:
    return [each for each in shop.webhooks()["webhooks"] if each["targetUrl"] == door.url]


def test_the_webhook_is_made_mended_and_removed(shop: Known, door: Door) -> None:
    made = SUITE.use(shop, lambda c: c.ensure_webhooks(door.url))
    assert made.ok
    assert made.repaired == ("created",)
    assert made.learned["jwks"]
    assert SUITE.use(shop, lambda c: c.ensure_webhooks(door.url)).repaired == ()
    (hook,) = hooks(shop, door)
    assert hook["secretKey"] is None

    async def spoil(connector: Saleor) -> None:
        change = {"isActive": False, "asyncEvents": ["ORDER_CREATED"]}
        await connector.client.change(webhooks.HOOK_UPDATE, id=hook["id"], input=change)
        double = {"name": "again", "targetUrl": door.url, "asyncEvents": ["ORDER_CREATED"]}
        await connector.client.change(webhooks.HOOK_CREATE, input=double)

    SUITE.use(shop, spoil)
    mended = SUITE.use(shop, lambda c: c.ensure_webhooks(door.url))
    assert sorted(mended.repaired) == ["removed a duplicate", "switched on again"]
    assert [each["isActive"] for each in hooks(shop, door)] == [True]
    refused = SUITE.use(shop, lambda c: c.ensure_webhooks("http://refused.example/hook"))
    assert (refused.ok, "does not create" in refused.message) == (False, True)
    SUITE.use(shop, lambda c: c.remove_webhooks(door.url))
    assert hooks(shop, door) == []


def test_deliveries_are_signed_with_the_shops_key_and_a_new_key_is_learned(shop: Known, door: Door) -> None:
    learned = SUITE.use(shop, lambda c: c.ensure_webhooks(door.url)).learned

    def hint(headers: dict[str, str], body: bytes) -> Any:
        async def run(connector: Saleor) -> Any:
            return connector.webhook(headers, body)

        return SUITE.use(shop, run, learned=learned)

    order = shop.act("order", email="hook@example.com")["id"]
    heard = delivered(shop, door)
    assert heard
    for headers, body in heard:
        found = hint(headers, body)
        assert (found.stream, found.ids) == ("orders", (order,))
    shop.change_key("signing", revoke=True)
    account = shop.act("register", email="rotated@example.com")["id"]
    ((headers, body),) = delivered(shop, door)
    with pytest.raises(SignatureInvalid, match="do not know yet"):
        hint(headers, body)
    learned = SUITE.use(shop, lambda c: c.ensure_webhooks(door.url)).learned
    assert hint(headers, body).ids == (str(account),)
    SUITE.use(shop, lambda c: c.remove_webhooks(door.url))


def test_a_shop_that_hides_its_keys_signs_with_our_secret(shop: Known, door: Door) -> None:
    shop.post_fault("old_version", path="jwks")
    health = SUITE.use(shop, lambda c: c.ensure_webhooks(door.url))
    assert health.ok
    assert not health.learned, "what was known stays known"
    account = shop.act("register", email="secret@example.com")["id"]
    ((headers, body),) = delivered(shop, door)

    async def hint(connector: Saleor) -> Any:
        return connector.webhook(headers, body)

    assert SUITE.use(shop, hint).ids == (str(account),)
    with pytest.raises(SignatureInvalid):
        SUITE.use(shop, hint, webhook_secret="another")
    SUITE.use(shop, lambda c: c.remove_webhooks(door.url))


def test_keys_that_cannot_be_had_now_are_no_reason_for_a_secret(shop: Known, door: Door) -> None:
    shop.post_fault("server_error", path="jwks")
    with pytest.raises(RetryLater):
        SUITE.use(shop, lambda c: c.ensure_webhooks(door.url))
    assert SUITE.use(shop, lambda c: c.check()).ok, "the check does not depend on them"
    assert hooks(shop, door) == []
