"""What Shopware does to those who take it at its word; each test is named by the trap and meets it in a shop that
answers over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cartfolk.connectors.canonical import Customer, Order, OrderStatus, Product
from cartfolk.connectors.conformance import Conformance
from cartfolk.connectors.errors import AddressRefused, PageUnreadable, PermissionMissing, RetryLater, SignatureInvalid
from cartfolk.connectors.http import Transport
from cartfolk.connectors.paging import TimeCursor
from cartfolk.connectors.shopware import webhooks
from cartfolk.connectors.shopware.client import AccessToken, ShopwareClient
from cartfolk.connectors.shopware.streams import SOURCES
from cartfolk.inbox.walk import Walk
from cartfolk.simulator.shopware.words import number, uuid
from cartfolk.web import sentences

from .shop import Door, Shop, running

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Ware(Conformance):
    """Opens connectors; the suite itself runs elsewhere."""

    platform = "shopware"


WARE = Ware()
GIVEN: set[str] = set()


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with running(seed=9, customers=60) as found:
        yield found


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "shop" in request.fixturenames:
        request.getfixturevalue("shop").clear_faults()


def records(connector: Any, stream: str, page: Any) -> list[Any]:
    return list(connector.read(stream, page.body, datetime.now(UTC)).records)


def old_order(shop: Shop, word: str) -> str:
    """An order of the past whose only payment is in that state; each is given once."""

    async def run(connector: Any) -> str:
        asked = {"transactions": {"associations": {"stateMachineState": {}}}}
        found = await connector.client.search("order", limit=500, associations=asked)
        for row in found.rows:
            words = [each["stateMachineState"]["technicalName"] for each in row["transactions"]]
            if words == [word] and row["id"] not in GIVEN:
                GIVEN.add(row["id"])
                return str(row["id"])
        raise AssertionError(f"the fake shop has no more orders that are {word}")

    found: str = WARE.use(shop, run)
    return found


async def one(connector: Any, stream: str, key: str) -> Any:
    (found,) = records(connector, stream, await connector.fetch(stream, [key]))
    return found


# --- who may ask ---


def test_one_token_serves_all_requests_and_an_ended_one_is_renewed(shop: Shop) -> None:
    def tokens() -> int:
        return int(shop.stats()["requests"].get("POST /api/oauth/token", 0))

    async def run(connector: Any) -> None:
        before = tokens()
        await connector.counts()
        await type(connector)(connector.config, connector.transport).counts()
        assert tokens() - before == 1
        shop.change_key(shop.key)  # its tokens end
        assert (await connector.counts())["customers"] == shop.truth(people=False)["customers"]
        assert tokens() - before == 2

    WARE.use(shop, run)


def test_the_secret_does_not_travel_over_plain_http(shop: Shop) -> None:
    async def run(connector: Any) -> None:
        asked = shop.stats()["requests"]["POST /api/oauth/token"]
        transport = Transport(shop.url, auth=AccessToken(shop.key, shop.secret), allow_private_address=True)
        async with transport:
            with pytest.raises(AddressRefused, match="plain http"):
                await ShopwareClient(shop.url, transport).search("order")
        assert shop.stats()["requests"]["POST /api/oauth/token"] == asked

    WARE.use(shop, run)


def test_an_access_key_of_another_kind_is_a_wrong_key_and_no_broken_shop(shop: Shop) -> None:
    report = WARE.use(shop, lambda c: c.check(), credentials={"key": "admin"})
    assert [(step.name, step.ok) for step in report.steps] == [("address", True), ("keys", False)]


def test_every_sentence_is_known_to_the_translation(shop: Shop) -> None:
    reports = [
        WARE.use(shop, lambda c: c.check()),
        WARE.use(shop, lambda c: c.check(), credentials={"secret": "wrong"}),
        WARE.use(shop, lambda c: c.check(), url=f"{shop.url}/blog"),
        *(WARE.use(shop, lambda c: c.check(), credentials=WARE.lesser(shop, scope)) for scope in ("orders", "write")),
    ]
    told = [step.message for report in reports for step in report.steps]
    told.append(WARE.use(shop, lambda c: c.ensure_webhooks("http://shop.example.com/")).message)
    assert len(told) > 25
    assert [each for each in told if sentences.match(each) is None] == []


def test_a_web_page_is_no_shopware(shop: Shop) -> None:
    report = WARE.use(shop, lambda c: c.check(), url=f"{shop.url}/blog")
    assert [(step.name, step.ok) for step in report.steps] == [("address", False)]
    assert "no Shopware Admin API" in report.steps[0].message


@pytest.mark.parametrize("tail", ["/", "/admin", "/admin#/sw/dashboard/index", "/api/"])
def test_the_address_people_paste_is_understood(shop: Shop, tail: str) -> None:
    assert WARE.use(shop, lambda c: c.check(), url=shop.url + tail).ok


def test_each_association_needs_a_right_of_its_own_and_the_lacking_ones_are_named(shop: Shop) -> None:
    with pytest.raises(PermissionMissing, match=r"order_line_item:read.*order_transaction_capture_refund:read"):
        WARE.use(shop, lambda c: c.changes("orders", None, LONG_AGO), credentials=WARE.lesser(shop, "orders"))


@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_firewall_page_is_no_data_and_no_wrong_key(shop: Shop, status: int) -> None:
    shop.post_fault("firewall", status=status)
    with pytest.raises(RetryLater):
        WARE.use(shop, lambda c: c.counts())


# --- lists ---


def test_the_total_is_that_of_the_page_unless_asked_otherwise(shop: Shop) -> None:
    async def run(connector: Any) -> None:
        assert (await connector.client.search("order", limit=1)).total == 1, "the trap is there"
        assert (await connector.counts())["orders"] == shop.truth(people=False)["orders"]

    WARE.use(shop, run)


def test_a_page_has_five_hundred_rows_at_most(shop: Shop) -> None:
    async def run(connector: Any) -> None:
        with pytest.raises(PageUnreadable):
            await connector.client.search("order", limit=501)
        assert connector.page_size <= 500

    WARE.use(shop, run)


def test_an_association_that_was_not_asked_for_is_null_not_empty(shop: Shop) -> None:
    async def run(connector: Any) -> None:
        (bare,) = (await connector.client.search("order", limit=1)).rows
        assert bare["lineItems"] is None, "the trap is there"
        page = await connector.fetch("orders", [bare["id"]])
        (whole,) = json.loads(page.body)
        assert whole["lineItems"]

    WARE.use(shop, run)


def test_what_was_never_changed_has_no_time_of_change_and_is_polled_all_the_same(shop: Shop) -> None:
    since = datetime.now(UTC) - timedelta(seconds=2)
    made = str(shop.act("register", email="untouched@example.com")["id"])

    async def run(connector: Any) -> None:
        connector.overlap = timedelta(0)
        page = await connector.changes("customers", None, since)
        (found,) = [row for row in json.loads(page.body) if row["id"] == made]
        assert found["updatedAt"] is None, "the trap is there"
        assert (await one(connector, "customers", made)).updated_at == datetime.fromisoformat(found["createdAt"])

    WARE.use(shop, run)


def test_more_rows_in_one_second_than_fit_on_a_page_are_all_found(shop: Shop) -> None:
    async def run(connector: Any) -> None:
        connector.page_size = 20
        orders = shop.truth(people=False)["orders"]
        found = await WARE.everything(connector, "orders")
        assert len(found) == len(set(found)) == orders
        assert len(set(await WARE.poll(connector, "orders", LONG_AGO))) == orders

    WARE.use(shop, run)


def test_orders_edited_while_the_poll_reads_move_and_are_not_missed(shop: Shop) -> None:
    shop.post_fault("shift", rows=7, count=40)

    async def run(connector: Any) -> None:
        connector.page_size = 50
        assert len(set(await WARE.poll(connector, "orders", LONG_AGO))) == shop.truth(people=False)["orders"]

    WARE.use(shop, run)


def test_a_poll_whose_lists_end_on_a_full_page_ends(shop: Shop) -> None:
    """What changed within the overlap is given again by every poll: it must not be taken for more of the same."""

    async def run(connector: Any) -> None:
        never = [{"type": "equals", "field": "updatedAt", "value": None}]
        everything = (await connector.client.search("product", limit=500)).rows
        untouched = (await connector.client.search("product", limit=500, filter=never)).rows
        parts = len(untouched), len(everything) - len(untouched)
        connector.page_size, connector.overlap = max(parts) + 1, timedelta(days=20000)
        assert sum(parts) > connector.page_size > max(parts), "two lists, neither of which fills a page"
        first = await connector.changes("products", None, datetime.now(UTC))
        assert first.rows == len(everything)
        assert (await connector.changes("products", first.cursor, datetime.now(UTC))).rows == 0

    WARE.use(shop, run)


def test_a_quiet_shops_last_mass_edit_is_not_read_again_by_every_poll(shop: Shop) -> None:
    async def run(connector: Any) -> None:
        connector.page_size = 2  # the walk that looks back goes over several pages
        edited = {str(shop.act("register", email=f"mass{n}@example.com")["id"]) for n in range(5)}
        since = datetime.now(UTC) - timedelta(seconds=2)

        async def poll(cursor: str | None) -> tuple[set[str], str | None]:
            found: set[str] = set()
            while True:
                page = await connector.changes("customers", cursor, since)
                found |= set(WARE.ids("customers", page.body))
                cursor = page.cursor
                if page.rows < connector.page_size:
                    return found, cursor

        first, cursor = await poll(None)
        again, cursor = await poll(cursor)
        assert edited <= first & again, "it may be written late"
        connector.overlap = timedelta(0)  # as if the time in which that may happen were over
        _settled, cursor = await poll(cursor)
        quiet, cursor = await poll(cursor)
        assert quiet == set()
        await asyncio.sleep(1.1)
        new = str(shop.act("register", email="after@example.com")["id"])
        found, _cursor = await poll(cursor)
        assert found == {new}

    WARE.use(shop, run)


def test_rows_are_skipped_one_by_one_though_there_are_only_whole_pages(shop: Shop) -> None:
    async def run(connector: Any) -> None:
        window = (await connector.windows("orders", datetime.now(UTC)))[0]
        rows = WARE.ids("orders", (await connector.page(window, None)).body)
        connector.page_size = 2
        page = await connector.page(window, TimeCursor(at=str(window.start), offset=3).text())
        assert WARE.ids("orders", page.body) == rows[3:4]

    WARE.use(shop, run)


@pytest.mark.parametrize("deep", [False, True])
def test_an_order_that_crashes_the_shop_costs_itself_only(shop: Shop, deep: bool) -> None:
    broken = str(shop.act("order", email="crash@example.com")["id"])
    shop.post_fault("poison", id=number("order", broken), deep=deep)

    async def run(connector: Any) -> None:
        good: list[str] = []
        lost = []
        (window,) = [each for each in await connector.windows("orders", datetime.now(UTC)) if each.end][-1:]
        walk, cursor = Walk(connector, window), None
        while True:
            try:
                found = await walk.page(cursor)
            except RetryLater:
                continue  # it asks for less now
            mapped = connector.read("orders", found.page.body, datetime.now(UTC))
            good += [each.external_id for each in mapped.records]
            lost += [each.external_id for each in mapped.bad] + [each.cursor for each in found.lost]
            cursor = found.page.cursor
            if cursor is None:
                break
        assert len(lost) == 1
        assert broken not in good
        shop.clear_faults()
        everything = []
        cursor = None
        while True:
            page = await connector.page(window, cursor)
            everything += WARE.ids("orders", page.body)
            cursor = page.cursor
            if cursor is None:
                break
        assert sorted([*good, broken]) == sorted(everything)

    WARE.use(shop, run)


# --- people and goods ---


def test_every_order_of_a_guest_writes_a_customer_which_is_no_account(shop: Shop) -> None:
    orders = [str(shop.act("order", email=" Guest.Person@Example.com ")["id"]) for _ in range(2)]
    rows = [uuid("guest", number("order", key) or 0) for key in orders]

    async def run(connector: Any) -> None:
        for key in orders:
            order = await one(connector, "orders", key)
            assert (order.customer_id, order.email) == (None, "Guest.Person@Example.com")
        for key in rows:
            guest = await one(connector, "customers", key)  # a webhook does not tell guests from accounts
            assert isinstance(guest, Customer)
            assert guest.registered is False
        accounts, guests = [await WARE.everything(connector, each) for each in ("customers", "guests")]
        assert set(rows) <= set(guests)
        assert not set(rows) & set(accounts)

    WARE.use(shop, run)


def test_a_deleted_customer_is_gone_for_good_and_its_orders_stay(shop: Shop) -> None:
    account = str(shop.act("register", email="leaves@example.com")["id"])
    order = str(shop.act("order", customer_id=account)["id"])
    shop.act("delete_customer", customer_id=account)

    async def run(connector: Any) -> None:
        assert (await connector.fetch("customers", [account])).rows == 0
        left = await one(connector, "orders", order)
        assert (left.customer_id, left.email) == (None, "leaves@example.com")

    WARE.use(shop, run)


def test_a_variant_inherits_its_name(shop: Shop) -> None:
    async def run(connector: Any) -> None:
        rows = (await connector.client.search("product", limit=500)).rows
        (bare, *_rest) = [row for row in rows if row["parentId"]]
        assert bare["name"] is None, "the trap is there"
        variant = await one(connector, "products", bare["id"])
        parent = await one(connector, "products", bare["parentId"])
        assert isinstance(variant, Product)
        assert (variant.name, variant.parent_id, variant.type) == (parent.name, parent.external_id, "variant")
        assert variant.categories == parent.categories != ()

    WARE.use(shop, run)


# --- payments and refunds ---


def test_a_payment_leaves_the_orders_time_alone_and_the_poll_finds_it(shop: Shop) -> None:
    order = old_order(shop, "open")
    since = datetime.now(UTC) - timedelta(seconds=2)
    shop.act("status", order_id=order, status="paid")

    async def run(connector: Any) -> None:
        connector.overlap = timedelta(0)
        page = await connector.changes("orders", None, since)
        (raw,) = [row for row in json.loads(page.body) if row["id"] == order]
        assert raw["updatedAt"] is None, "the trap is there"
        (found,) = [each for each in records(connector, "orders", page) if each.external_id == order]
        assert found.status is OrderStatus.COMPLETED
        assert found.updated_at > since, "a version that is newer than that of the unpaid order"

    WARE.use(shop, run)


@pytest.mark.parametrize("before", ["paid", "refunded_partially"])
def test_a_refund_is_polled_by_itself_and_one_that_failed_is_none(shop: Shop, before: str) -> None:
    """The second refund in part leaves even the payment's time alone."""
    order = old_order(shop, before)
    since = datetime.now(UTC) - timedelta(seconds=2)
    shop.act("refund", order_id=order, amount="1.50", reason="Broken")

    async def run(connector: Any) -> None:
        connector.overlap = timedelta(0)
        page = await connector.changes("orders", None, since)
        (raw,) = [row for row in json.loads(page.body) if row["id"] == order]
        written = raw["transactions"][0]["captures"][0]["refunds"]
        assert {each["stateMachineState"]["technicalName"] for each in written} == {"completed", "failed"}
        moved = datetime.fromisoformat(raw["transactions"][0]["updatedAt"]) > since
        assert moved is (before == "paid"), "the trap is there"
        (found,) = [each for each in records(connector, "orders", page) if each.external_id == order]
        assert (found.status, found.status_raw) == (OrderStatus.COMPLETED, "refunded_partially")
        assert len(found.refunds) == len(written) - 1
        assert (Decimal("1.5"), "Broken") in [(each.amount, each.reason) for each in found.refunds]
        assert found.total > Decimal("1.5"), "the total is before refunds"

    WARE.use(shop, run)


def test_a_payment_set_to_refunded_by_hand_gave_everything_back(shop: Shop) -> None:
    while True:
        order = shop.act("order", email="hand@example.com")["id"]
        if (number("order", order) or 0) % 3 == 0:  # of those the fake shop writes no refund
            break
    shop.act("refund", order_id=order)

    async def run(connector: Any) -> None:
        page = await connector.fetch("orders", [order])
        attempts = json.loads(page.body)[0]["transactions"]
        assert not [row for row in attempts if row.get("captures")], "the trap is there"
        (found,) = records(connector, "orders", page)
        assert isinstance(found, Order)
        assert found.status is OrderStatus.REFUNDED
        assert sum(each.amount for each in found.refunds) == found.total
        assert found.refunds[0].created_at is not None

    WARE.use(shop, run)


def test_the_amounts_of_every_order_add_up_whatever_its_prices_are(shop: Shop) -> None:
    async def run(connector: Any) -> None:
        seen = set()
        for key in await WARE.everything(connector, "orders"):
            seen.add(key)
        found: list[Order] = []
        kinds = set()
        for start in range(0, len(seen), 100):
            page = await connector.fetch("orders", sorted(seen)[start : start + 100])
            kinds |= {row["taxStatus"] for row in json.loads(page.body)}
            found += records(connector, "orders", page)
        assert kinds == {"gross", "net", "tax-free"}
        for order in found:
            exact = order.total == sum(line.total for line in order.lines) + order.shipping
            # Of a promotion that took cents of several lines, rounding leaves one at most.
            near = abs(order.total - order.shipping - sum(line.total for line in order.lines)) <= Decimal("0.05")
            assert exact or (order.coupons and near), order.number
            assert order.total.as_tuple().exponent >= -2
            assert order.tax.as_tuple().exponent >= -2, "floats of PHP are rounded"

    WARE.use(shop, run)


# --- webhooks ---


@pytest.fixture
def door(shop: Shop) -> Iterator[Door]:
    """Where the shop's webhooks go, all of them made by the connector."""
    found = Door()
    WARE.use(shop, lambda c: c.ensure_webhooks(found.url))
    yield found
    WARE.use(shop, lambda c: c.remove_webhooks(found.url))
    found.close()


def hints(shop: Shop, door: Door) -> list[tuple[str, Any]]:
    """Event and hint of each delivery, oldest first."""
    shop.live(minutes=0)
    heard, door.heard = door.heard, []

    async def run(connector: Any) -> list[tuple[str, Any]]:
        return [(json.loads(body)["data"]["event"], connector.webhook(headers, body)) for headers, body in heard]

    found: list[tuple[str, Any]] = WARE.use(shop, run)
    return found


def test_without_an_app_nothing_is_signed_and_a_password_proves_the_sender(shop: Shop, door: Door) -> None:
    order = str(shop.act("order", email="unsigned@example.com")["id"])
    shop.live(minutes=0)
    headers, body = door.heard[0]
    assert "shopware-shop-signature" not in headers, "the trap is there"
    assert all("s3cret-of-the-store" not in each["url"] for each in shop.webhooks()["webhooks"])

    async def run(connector: Any) -> None:
        assert connector.webhook(headers, body).ids == (order,)
        with pytest.raises(SignatureInvalid):
            connector.webhook({name: value for name, value in headers.items() if name != "authorization"}, body)

    WARE.use(shop, run)


@pytest.mark.parametrize(
    ("url", "made"), [("https://cartfolk.example.com/hooks/x", True), ("http://cartfolk.example.com/hooks/x", False)]
)
def test_no_webhook_is_made_whose_password_would_travel_in_clear(shop: Shop, url: str, made: bool) -> None:
    health = WARE.use(shop, lambda c: c.ensure_webhooks(url))
    try:
        assert health.ok is made
        assert bool(shop.webhooks()["webhooks"]) is made
        assert ("https:// address" in health.message) is not made
    finally:
        WARE.use(shop, lambda c: c.remove_webhooks(url))


def test_the_draft_of_an_edit_is_left_out_and_leaves_a_list_with_a_hole(shop: Shop, door: Door) -> None:
    order = str(shop.act("order", email="draft@example.com")["id"])
    shop.live(minutes=0)
    payload = json.loads(door.heard[0][1])["data"]["payload"]
    assert list(payload) == ["1"], "the trap is there: an object, and its first entry is missing"
    assert {(hint.stream, hint.ids) for event, hint in hints(shop, door) if event == "order.written"} == {
        ("orders", (order,))
    }


def test_each_kind_of_change_names_its_object(shop: Shop, door: Door) -> None:
    order = old_order(shop, "unconfirmed")
    account = str(shop.act("register", email="kinds.account@example.com")["id"])
    hints(shop, door)
    shop.act("status", order_id=order, status="paid")
    assert {(event, hint.stream, hint.ids) for event, hint in hints(shop, door)} == {
        ("state_enter.order_transaction.state.paid", "orders", (order,))
    }
    shop.act("consent", customer_id=account, given=True)
    recipient = uuid("recipient", number("customer", account) or 0)
    told = hints(shop, door)
    if (number("customer", account) or 0) % 5 != 2:
        assert ("newsletter.confirm", ("subscribers", (recipient,))) in [(e, (h.stream, h.ids)) for e, h in told]
    shop.act("delete_order", order_id=order)
    shop.act("delete_customer", customer_id=account)
    assert {(hint.stream, hint.ids, hint.deleted) for _event, hint in hints(shop, door)} == {
        ("orders", (order,), True),
        ("customers", (account,), True),
    }


def test_ten_errors_switch_a_webhook_off_and_the_health_check_on_again(shop: Shop, door: Door) -> None:
    order = old_order(shop, "paid")
    door.status = 500
    for _ in range(10):
        shop.act("touch", order_id=order)
    shop.live(minutes=0)
    off = {each["eventName"] for each in shop.webhooks()["webhooks"] if not each["active"]}
    assert "order.written" in off
    door.status = 200
    health = WARE.use(shop, lambda c: c.ensure_webhooks(door.url))
    assert set(health.repaired) == {f"{event}: switched on again" for event in off}
    door.heard.clear()
    shop.act("touch", order_id=order)
    assert (order,) in [hint.ids for event, hint in hints(shop, door) if event == "order.written"]


def test_a_lost_webhook_is_found_by_the_poll(shop: Shop, door: Door) -> None:
    since = datetime.now(UTC)
    shop.post_fault("webhook_drop")
    order = str(shop.act("order", email="lost@example.com")["id"])
    assert hints(shop, door) == []

    async def run(connector: Any) -> None:
        assert order in await WARE.poll(connector, "orders", since)

    WARE.use(shop, run)


def test_webhooks_made_for_another_secret_get_the_present_one(shop: Shop, door: Door) -> None:
    health = WARE.use(shop, lambda c: c.ensure_webhooks(door.url), webhook_secret="of the store connected anew")
    assert set(health.repaired) == {f"{event}: changed" for event in webhooks.EVENTS}


def test_every_stream_can_be_asked_for_with_what_must_come_along(shop: Shop) -> None:
    """The fake shop knows the associations of the original by name and refuses any other."""

    async def run(connector: Any) -> None:
        for source in SOURCES.values():
            assert (await connector.client.search(source.entity, limit=3, **source.shown)).rows

    WARE.use(shop, run)
