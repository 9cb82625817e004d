"""What BigCommerce does to those who take it at its word; each test is named by the trap and meets it in a store
that answers over real HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cartfolk.connectors.bigcommerce import webhooks
from cartfolk.connectors.canonical import Cart, Consent, ConsentStatus, Customer, Order, OrderStatus
from cartfolk.connectors.errors import SignatureInvalid
from cartfolk.connectors.http import Overwhelmed
from cartfolk.connectors.woocommerce.tests.door import Door
from cartfolk.simulator import SimulatedShop

from .shop import BIG, start

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop() -> Iterator[SimulatedShop]:
    with start(seed=9, customers=90) as found:
        yield found


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "shop" in request.fixturenames:
        request.getfixturevalue("shop").clear_faults()


def records(connector: Any, stream: str, page: Any) -> list[Any]:
    return list(connector.read(stream, page.body, datetime.now(UTC)).records)


def fetched(shop: SimulatedShop, stream: str, *ids: Any, **changes: Any) -> list[Any]:
    async def run(connector: Any) -> list[Any]:
        return records(connector, stream, await connector.fetch(stream, [str(key) for key in ids]))

    found: list[Any] = BIG.use(shop, run, **changes)
    return found


def listed(shop: SimulatedShop) -> int:
    """Orders as BigCommerce lists them: incomplete ones are among them, archived ones are not."""
    truth = shop.truth(people=False)
    return int(truth["orders"] + truth["orders_by_status"].get("Incomplete", 0))


# --- who may ask ---


@pytest.mark.parametrize(
    ("path", "said"),
    [("", "not an API path"), ("/stores/another/v3", "no BigCommerce store"), ("/stores/", "not an API path")],
)
def test_an_address_that_is_no_api_path_is_told_from_a_wrong_one(shop: SimulatedShop, path: str, said: str) -> None:
    report = BIG.use(shop, lambda c: c.check(), url=shop.url + path)
    assert [step.name for step in report.steps if not step.ok] == ["address"]
    assert said in report.steps[0].message


def test_a_missing_scope_is_named_as_the_owner_finds_it(shop: SimulatedShop) -> None:
    report = BIG.use(shop, lambda c: c.check(), credentials=BIG.lesser(shop, "without_marketing"))
    (step,) = [step for step in report.steps if not step.ok]
    assert "“Marketing”" in step.message


def test_the_store_is_known_by_its_permanent_id_not_by_its_domain(shop: SimulatedShop) -> None:
    report = BIG.use(shop, lambda c: c.check())
    assert BIG.use(shop, lambda c: c.fingerprint()) == report.fingerprint == "bigcommerce:simhash42"
    assert report.learned == {"storefront": "https://shop.example.com"}


# --- the quota ---


def test_the_reset_of_a_used_up_quota_is_waited_for_though_it_is_no_retry_after(shop: SimulatedShop) -> None:
    shop.post_fault("rate_limit", retry_after=1, count=1, path="/v2/orders")
    began = time.monotonic()
    assert BIG.use(shop, lambda c: c.counts())["orders"] == shop.truth(people=False)["orders"]
    assert time.monotonic() - began >= 1


def test_what_other_apps_leave_of_the_quota_is_not_used_up(shop: SimulatedShop) -> None:
    shop.post_fault("rate_limit", seconds=1, count=1)  # another app leaves one request
    before = shop.stats()["statuses"].get("429", 0)

    async def run(connector: Any) -> None:
        await connector.fingerprint()
        assert (await connector.counts())["orders"] == shop.truth(people=False)["orders"]

    BIG.use(shop, run)
    assert shop.stats()["statuses"].get("429", 0) == before


# --- lists ---


def test_a_page_without_content_is_an_empty_list(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        page = await connector.changes("orders", None, datetime.now(UTC) + timedelta(minutes=30))
        assert (page.body, page.rows) == (b"[]", 0)

    before = shop.stats()["statuses"].get("204", 0)
    BIG.use(shop, run)
    assert shop.stats()["statuses"]["204"] > before, "the trap is there"


@pytest.mark.parametrize("stream", ["orders", "customers"])  # v2 includes its bounds here, v3 does not
def test_a_second_at_the_bound_is_neither_missed_nor_doubled(shop: SimulatedShop, stream: str) -> None:
    async def run(connector: Any) -> None:
        connector.overlap = timedelta(0)
        rows = []
        for window in await connector.windows(stream, datetime.now(UTC)):
            cursor = None
            while True:
                page = await connector.page(window, cursor)
                rows += records(connector, stream, page)
                cursor = page.cursor
                if cursor is None:
                    break
        times = {row.external_id: row.updated_at for row in rows if isinstance(row, Order | Customer)}
        connector.page_size = 40
        seconds = sorted(set(times.values()))
        for exact in seconds[len(seconds) // 2 :: len(seconds) // 4]:
            found = await BIG.poll(connector, stream, exact)
            assert sorted(found) == sorted(key for key, at in times.items() if at >= exact)

    BIG.use(shop, run)


@pytest.mark.parametrize("size", [5, 30])
def test_more_orders_in_one_second_than_fit_on_a_page_are_all_polled(shop: SimulatedShop, size: int) -> None:
    async def run(connector: Any) -> None:
        changes = json.loads((await connector.changes("orders", None, LONG_AGO)).body)
        times = [row["date_modified"] for row in changes]
        crowd = max(set(times), key=times.count)
        assert times.count(crowd) > size, "the trap is there"
        at = datetime.strptime(crowd, "%a, %d %b %Y %H:%M:%S %z")
        connector.overlap = timedelta(0)
        connector.page_size = size
        page = await connector.changes("orders", None, at)
        assert sum(row["date_modified"] == crowd for row in json.loads(page.body)) == times.count(crowd)

    BIG.use(shop, run)


def test_orders_edited_while_the_poll_reads_move_and_are_not_missed(shop: SimulatedShop) -> None:
    shop.post_fault("shift", rows=5, count=8, path="/v2/orders")

    async def run(connector: Any) -> None:
        connector.page_size = 40
        assert len(set(await BIG.poll(connector, "orders", LONG_AGO))) == listed(shop)

    BIG.use(shop, run)


def test_subscribers_are_sorted_by_nobody_and_all_are_found(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        connector.page_size = 5
        found = await BIG.everything(connector, "subscribers")
        assert len(found) == len(set(found)) == (await connector.counts())["subscribers"] > 5

    BIG.use(shop, run)


@pytest.mark.parametrize(("stream", "size"), [("categories", 5), ("coupons", 2), ("products", 20)])
def test_the_small_lists_are_read_to_their_end(shop: SimulatedShop, stream: str, size: int) -> None:
    async def run(connector: Any) -> None:
        connector.page_size = size
        key = "category_id" if stream == "categories" else "id"
        (window,) = await connector.windows(stream, datetime.now(UTC))
        told: dict[str, list[int]] = {"page": [], "changes": []}
        for how, rows in told.items():
            cursor = None
            while True:
                ask = connector.page(window, cursor) if how == "page" else connector.changes(stream, cursor, LONG_AGO)
                page = await ask
                rows += [row[key] for row in json.loads(page.body)]
                cursor = page.cursor
                if page.rows < size:
                    break
        assert sorted(told["page"]) == sorted(told["changes"])
        assert len(set(told["page"])) == len(told["page"]) > size
        page = await connector.fetch(stream, [str(told["page"][0]), "999999999"])
        assert [row[key] for row in json.loads(page.body)] == told["page"][:1]

    BIG.use(shop, run)


def test_categories_deleted_while_the_list_is_read_hide_none(shop: SimulatedShop) -> None:
    """The list knows no filter, so its rows are counted: one that became shorter is stepped back in."""

    async def run(connector: Any) -> None:
        connector.page_size = 4
        page = await connector.changes("categories", None, LONG_AGO)
        cursor = json.loads(page.cursor)
        told = json.dumps(cursor | {"total": cursor["total"] + 2})  # as if two had been there that are gone
        again = await connector.changes("categories", told, LONG_AGO)
        first, second = json.loads(page.body), json.loads(again.body)
        assert [row["category_id"] for row in second][:2] == [row["category_id"] for row in first][2:]

    BIG.use(shop, run)


def test_an_order_that_crashes_the_list_is_stepped_over(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        window = (await connector.windows("orders", datetime.now(UTC)))[0]
        rows = json.loads((await connector.page(window, None)).body)
        bad = rows[3]["id"]
        shop.post_fault("poison", id=bad)
        one = type(connector)(connector.config, connector.transport)
        one.page_size = 1
        before = json.dumps({"last": rows[2]["id"]})
        with pytest.raises(Overwhelmed):
            await one.page(window, before)
        page = await one.page(window, one.step_over(window, before))
        assert [row["id"] for row in json.loads(page.body)] == [rows[4]["id"]]
        assert json.loads(page.cursor) == {"last": rows[4]["id"]}

    BIG.use(shop, run)


# --- orders ---


def test_guests_are_in_no_customer_list_and_come_from_the_order(shop: SimulatedShop) -> None:
    order = shop.act("order", email=" Guest.Person@Example.com ")["id"]
    (found,) = fetched(shop, "orders", order)
    assert (found.customer_id, found.email) == (None, "Guest.Person@Example.com")


def test_neighbours_are_fetched_together_because_orders_have_no_list_of_ids(shop: SimulatedShop) -> None:
    ids = [shop.act("order", email=f"row{n}@example.com")["id"] for n in range(8)]
    gone = shop.act("order", email="gone@example.com")["id"]
    shop.act("delete_order", order_id=gone)
    before = shop.stats()["requests"]
    found = fetched(shop, "orders", *reversed(ids), gone, "1", "x/../1")
    after = shop.stats()["requests"]
    assert [each.external_id for each in found] == [str(key) for key in ids]
    asked = {route: after[route] - before.get(route, 0) for route in after if "/v2/orders" in route}
    assert {route: n for route, n in asked.items() if n} == {"GET /v2/orders": 1, "GET /v2/orders/{id}": 2}


def test_archived_neighbours_are_fetched_together_too(shop: SimulatedShop) -> None:
    ids = [shop.act("order", email=f"old{n}@example.com", status="Archived")["id"] for n in range(4)]
    before = shop.stats()["requests"].get("GET /v2/orders/{id}", 0)
    assert {each.status for each in fetched(shop, "orders", *ids)} == {OrderStatus.IGNORED}
    assert shop.stats()["requests"].get("GET /v2/orders/{id}", 0) == before


def test_the_ids_of_the_nightly_comparison_cost_no_details(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        for stream in ("orders", "customers"):
            for window in await connector.windows(stream, datetime.now(UTC)):
                page = await connector.page(window, None)
                mapped = [each for each in records(connector, stream, page) if isinstance(each, Order | Customer)]
                known = {each.external_id: each.updated_at for each in mapped}
                before = shop.stats()["requests"]
                found = await connector.ids(window, None)
                after = shop.stats()["requests"]
                assert (found.versions, found.cursor) == (known, page.cursor)
                assert not any("refunds" in route and after[route] > before[route] for route in after)

    BIG.use(shop, run)


def test_a_refund_is_dated_by_payment_actions_and_moves_the_order_into_the_poll(shop: SimulatedShop) -> None:
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
        assert refund.created_at >= since
        assert found.total > refund.amount, "the total is before refunds"

    BIG.use(shop, run)


def test_lines_that_are_not_included_are_asked_for(shop: SimulatedShop) -> None:
    order = shop.act("order", email="lines@example.com", goods=3)["id"]
    (included,) = fetched(shop, "orders", order)
    shop.post_fault("old_version")
    (asked,) = fetched(shop, "orders", order)
    assert asked.lines == included.lines != ()


def test_archived_orders_are_in_no_list_and_are_no_orders(shop: SimulatedShop) -> None:
    order = shop.act("order", email="archived@example.com", status="Archived")["id"]
    (found,) = fetched(shop, "orders", order)
    assert (found.status, found.status_raw) == (OrderStatus.IGNORED, "Archived")
    assert str(order) not in BIG.use(shop, lambda c: BIG.everything(c, "orders"))


def test_a_state_renamed_by_the_merchant_is_still_known(shop: SimulatedShop) -> None:
    made = shop.act("order", email="renamed@example.com", status="Completed")
    assert made["order"]["custom_status"] == "Delivered & happy", "the trap is there"
    (found,) = fetched(shop, "orders", made["id"])
    assert (found.status, found.status_raw) == (OrderStatus.COMPLETED, "Completed")


def test_an_order_shown_in_another_currency_was_paid_in_the_stores_own(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        page = await connector.changes("orders", None, LONG_AGO)
        shown = {
            row["id"]: row for row in json.loads(page.body) if row["currency_code"] != row["default_currency_code"]
        }
        assert shown, "the trap is there"
        for each in records(connector, "orders", page):
            if isinstance(each, Order) and int(each.external_id) in shown:
                assert (each.currency, each.rate) == ("EUR", Decimal(1))

    BIG.use(shop, run)


def test_groups_and_categories_are_told_by_name(shop: SimulatedShop) -> None:
    made = shop.act("register", email="boss@example.com", role="shop_manager")["id"]
    (found,) = fetched(shop, "customers", made)
    assert found.groups == ("shop manager",)

    async def run(connector: Any) -> None:
        products = records(connector, "products", await connector.changes("products", None, LONG_AGO))
        slugs = {each.slug for each in records(connector, "categories", await connector.fetch("categories", ["16"]))}
        assert slugs
        assert any(set(each.categories) & slugs for each in products)
        assert all(each.url.startswith("https://shop.example.com/") for each in products)

    BIG.use(shop, run, learned={"storefront": "https://shop.example.com"})


def test_who_unsubscribes_is_told_by_the_subscribers_poll(shop: SimulatedShop) -> None:
    account = shop.act("register", email="news@example.com")["id"]
    shop.act("consent", customer_id=account, given=True)
    (granted,) = fetched(shop, "subscribers", account)
    assert (granted.status, granted.email) == (ConsentStatus.GRANTED, "news@example.com")
    since = datetime.now(UTC)
    time.sleep(1.1)
    shop.act("consent", customer_id=account, given=False)

    async def run(connector: Any) -> None:
        found = records(connector, "subscribers", await connector.changes("subscribers", None, since))
        (mine,) = [each for each in found if isinstance(each, Consent) and each.email == "news@example.com"]
        assert mine.status is ConsentStatus.WITHDRAWN
        assert mine.at > granted.at

    BIG.use(shop, run)


# --- webhooks ---


@pytest.fixture
def door(shop: SimulatedShop) -> Iterator[Door]:
    """Where the store's webhooks go, all of them made by the connector."""
    found = Door()
    assert BIG.use(shop, lambda c: c.ensure_webhooks(found.url)).active == len(webhooks.SCOPES)
    yield found
    BIG.use(shop, lambda c: c.remove_webhooks(found.url))
    assert not [each for each in shop.webhooks()["webhooks"] if each["destination"] == found.url]
    found.close()


def of(door: Door, scope: str) -> list[tuple[dict[str, str], bytes]]:
    return [each for each in door.heard if json.loads(each[1])["scope"] == f"store/{scope}"]


def hint(shop: SimulatedShop, delivery: tuple[dict[str, str], bytes], **changes: Any) -> Any:
    async def run(connector: Any) -> Any:
        return connector.webhook(*delivery)

    return BIG.use(shop, run, **changes)


def test_a_webhook_holds_ids_only_and_is_believed_only_if_signed(shop: SimulatedShop, door: Door) -> None:
    order = shop.act("order", email="hook@example.com")["id"]
    shop.live(minutes=0)
    (delivery,) = of(door, "order/created")
    headers, body = delivery
    assert b"hook@example.com" not in body
    found = hint(shop, delivery)
    assert (found.stream, found.ids, found.deleted) == ("orders", (str(order),), False)
    wrong = [
        (headers, body + b" "),
        (headers | {"webhook-signature": "v1,AAAA"}, body),
        (headers | {"webhook-timestamp": "1500000000"}, body),
        ({}, body),
    ]
    for delivery in wrong:
        with pytest.raises(SignatureInvalid):
            hint(shop, delivery)


def test_without_the_client_secret_the_header_we_gave_is_the_proof(shop: SimulatedShop, door: Door) -> None:
    shop.act("order", email="header@example.com")
    shop.live(minutes=0)
    headers, body = of(door, "order/created")[0]
    nothing = {"client_secret": ""}
    assert hint(shop, (headers, body), credentials=nothing).stream == "orders"
    with pytest.raises(SignatureInvalid):
        hint(shop, (headers | {"x-cartfolk-secret": "guessed"}, body), credentials=nothing)
    with pytest.raises(SignatureInvalid):
        hint(shop, (headers, body), credentials=nothing, webhook_secret="")


def test_a_new_address_is_told_by_its_own_webhook_and_names_the_customer(shop: SimulatedShop, door: Door) -> None:
    account = shop.act("register", email="moved@example.com")["id"]
    shop.live(minutes=0)
    (delivery,) = of(door, "customer/address/created")
    assert json.loads(delivery[1])["data"]["id"] != account, "the trap is there"
    assert hint(shop, delivery).ids == (str(account),)


def test_a_deleted_customer_and_an_archived_order_are_told_by_their_ids(shop: SimulatedShop, door: Door) -> None:
    account = shop.act("register", email="leaves@example.com")["id"]
    shop.act("delete_customer", customer_id=account)
    order = shop.act("order", email="archive@example.com")["id"]
    shop.act("status", order_id=order, status="Archived")
    shop.live(minutes=0)
    found = hint(shop, of(door, "customer/deleted")[0])
    assert (found.stream, found.ids, found.deleted) == ("customers", (str(account),), True)
    found = hint(shop, of(door, "order/archived")[0])
    assert (found.stream, found.ids, found.deleted) == ("orders", (str(order),), True)
    assert fetched(shop, "customers", account) == []


def test_an_incomplete_order_is_told_as_a_new_one_and_is_none_yet(shop: SimulatedShop, door: Door) -> None:
    order = shop.act("order", email="incomplete@example.com", status="Incomplete", cart="tok-1")["id"]
    shop.live(minutes=0)
    (delivery,) = of(door, "order/created")
    assert hint(shop, delivery).ids == (str(order),)
    found, cart = fetched(shop, "orders", order)
    assert found.status is OrderStatus.IGNORED
    assert (cart.external_id, cart.email, cart.checkout) == ("tok-1", "incomplete@example.com", True)


def test_a_webhook_that_failed_for_two_days_is_switched_off_and_the_health_check_on_again(
    shop: SimulatedShop, door: Door
) -> None:
    door.status = 500
    order = shop.act("order", email="off@example.com")["id"]
    shop.live(minutes=0)
    tries = len(of(door, "order/created"))
    assert tries > 1, "a failed delivery is repeated"
    off = [each["scope"] for each in shop.webhooks()["webhooks"] if not each["is_active"]]
    assert "store/order/created" in off
    door.status = 200
    health = BIG.use(shop, lambda c: c.ensure_webhooks(door.url))
    assert sorted(health.repaired) == sorted(f"{scope}: switched on again" for scope in off)
    door.heard.clear()
    shop.act("touch", order_id=order)
    shop.live(minutes=0)
    assert hint(shop, of(door, "order/updated")[0]).ids == (str(order),)
    assert BIG.use(shop, lambda c: c.ensure_webhooks(door.url)).repaired == ()


def test_webhooks_of_another_account_are_not_seen_and_not_touched(shop: SimulatedShop, door: Door) -> None:
    other = BIG.lesser(shop, "all")
    health = BIG.use(shop, lambda c: c.ensure_webhooks(door.url), credentials=other)
    assert len(health.repaired) == len(webhooks.SCOPES), "our own are invisible to it"
    BIG.use(shop, lambda c: c.remove_webhooks(door.url), credentials=other)
    assert len(shop.webhooks()["webhooks"]) == len(webhooks.SCOPES)


def test_double_and_foreign_scopes_are_removed_and_a_new_secret_is_told(shop: SimulatedShop, door: Door) -> None:
    async def double(connector: Any) -> None:
        for scope in ("store/order/created", "store/sku/created"):
            await connector.client.write("POST", "v3/hooks", {"scope": scope, "destination": door.url})

    BIG.use(shop, double)
    health = BIG.use(shop, lambda c: c.ensure_webhooks(door.url))
    assert len([each for each in health.repaired if each.endswith("removed a duplicate")]) == 2
    health = BIG.use(shop, lambda c: c.ensure_webhooks(door.url), webhook_secret="new")
    assert len(health.repaired) == len(webhooks.SCOPES)


def test_an_address_bigcommerce_does_not_send_to_is_said(shop: SimulatedShop, door: Door) -> None:
    assert "port 443 only" in BIG.use(shop, lambda c: c.ensure_webhooks(door.url)).message
    shop.post_fault("webhook_unsafe")
    health = BIG.use(shop, lambda c: c.ensure_webhooks("https://cartfolk.example.com:8443/hooks/x"))
    assert (health.ok, health.active) == (False, 0)
    assert "BigCommerce refused a webhook (422)" in health.message
    good = "https://cartfolk.example.com/hooks/x"
    health = BIG.use(shop, lambda c: c.ensure_webhooks(good))
    assert (health.ok, health.message) == (
        True,
        f"{len(webhooks.SCOPES)} of {len(webhooks.SCOPES)} webhooks are active.",
    )
    BIG.use(shop, lambda c: c.remove_webhooks(good))


def test_a_server_that_answers_too_seldom_is_blocked_and_that_is_said(shop: SimulatedShop, door: Door) -> None:
    door.status = 500
    shop.act("order", email="blocked@example.com")
    shop.live(minutes=0)
    there = "https://127.0.0.1/hooks/x"  # the same server, by an address BigCommerce would send to
    health = BIG.use(shop, lambda c: c.ensure_webhooks(there))
    assert (health.ok, health.active) == (False, len(webhooks.SCOPES))
    assert "it sends again in 3 minutes" in health.message
    BIG.use(shop, lambda c: c.remove_webhooks(there))
    door.status = 200
    BIG.use(shop, lambda c: c.ensure_webhooks(door.url))
    shop.act("register", email="unblocked@example.com")
    shop.live(minutes=0)
    assert BIG.use(shop, lambda c: c.ensure_webhooks(there)).ok
    BIG.use(shop, lambda c: c.remove_webhooks(there))


def test_a_lost_webhook_is_found_by_the_poll(shop: SimulatedShop, door: Door) -> None:
    since = datetime.now(UTC)
    shop.post_fault("webhook_drop")
    order = str(shop.act("order", email="lost@example.com")["id"])
    shop.live(minutes=0)
    assert of(door, "order/created") == []
    assert order in BIG.use(shop, lambda c: BIG.poll(c, "orders", since))


# --- carts ---


def test_carts_are_in_no_list_and_come_by_webhook_until_they_are_ordered() -> None:
    door = Door()
    with start(seed=11, customers=60, now="2026-11-01T12:00:00Z", frozen_clock=True) as shop:
        BIG.use(shop, lambda c: c.ensure_webhooks(door.url))
        shop.live(minutes=400)
        carts = {each["cart_id"]: each for each in shop.truth(people=False)["carts"]}
        told = {
            json.loads(body)["data"]["id"] for _headers, body in (*of(door, "cart/created"), *of(door, "cart/updated"))
        }
        assert len(told) > 5
        idle = [hint(shop, each).ids[0] for each in of(door, "cart/abandoned")]
        assert idle
        for each in of(door, "cart/converted"):
            data = json.loads(each[1])["data"]
            assert hint(shop, each).stream == "orders"
            (order, *_rest) = fetched(shop, "orders", *hint(shop, each).ids)
            assert order.cart_id == data["id"]
            assert fetched(shop, "carts", data["id"]) == [], "an ordered cart is gone"
        found = fetched(shop, "carts", *idle, "no-such-cart", "../orders")
        assert found
        for cart in found:
            assert isinstance(cart, Cart)
            known = carts[cart.external_id]
            assert (cart.email, cart.customer_id) == (known["email"], known["customer_id"])
            assert len(cart.lines) == known["lines"]
            assert cart.checkout or not known["checkout"]
            assert cart.total == sum(line.total for line in cart.lines) > 0
        without = fetched(shop, "carts", *idle, credentials=BIG.lesser(shop, "without_checkouts"))
        assert {each.external_id: each.total for each in without} == {each.external_id: each.total for each in found}

        async def empty(connector: Any) -> None:
            assert await connector.windows("carts", datetime.now(UTC)) == []
            page = await connector.changes("carts", None, LONG_AGO)
            assert (page.rows, page.cursor is None) == (0, False)

        BIG.use(shop, empty)
    door.close()
