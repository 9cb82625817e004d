"""What Shopify does to those who take it at its word; each test is named by the trap and meets it in a shop that
answers over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from cartfolk.connectors.canonical import Cart, Customer, Order
from cartfolk.connectors.errors import CredentialsInvalid, PermissionMissing, RetryLater
from cartfolk.connectors.registry import get
from cartfolk.connectors.shopify import SearchCursor, bulk, queries, webhooks
from cartfolk.connectors.shopify.bulk import BulkCursor
from cartfolk.connectors.woocommerce.tests.door import Door
from cartfolk.simulator import start_simulator

from .shops import Told, Words

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
SHOPIFY = Words()


@pytest.fixture(scope="module")
def shop() -> Iterator[Told]:
    with start_simulator(platform="shopify", seed=9, customers=40) as found:
        yield Told(found)


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "shop" in request.fixturenames:
        request.getfixturevalue("shop").clear_faults()


def records(connector: Any, stream: str, page: Any) -> list[Any]:
    mapped = connector.read(stream, page.body, datetime.now(UTC))
    assert not mapped.bad
    return list(mapped.records)


async def finished(connector: Any, stream: str = "orders") -> tuple[Any, str]:
    """A window and the cursor of its running export."""
    (window,) = await connector.windows(stream, datetime.now(UTC))
    return window, (await connector.page(window, None)).cursor


async def rest(connector: Any, window: Any, cursor: str | None) -> list[str]:
    found: list[str] = []
    while cursor is not None:
        page = await connector.page(window, cursor)
        found += SHOPIFY.ids(window.stream, page.body)
        cursor = page.cursor
    return found


# --- who may ask ---


def test_a_token_that_ended_before_its_time_is_renewed_once(shop: Told) -> None:
    async def run(connector: Any) -> None:
        await connector.counts()
        old = connector.client.session.token
        shop.post_fault("strip_authorization", count=1)
        assert (await connector.counts())["customers"] == shop.truth(people=False)["customers"]
        assert connector.client.session.token != old
        shop.post_fault("strip_authorization")
        with pytest.raises(CredentialsInvalid):
            await connector.counts()

    SHOPIFY.use(shop, run)


def test_an_older_apps_lasting_token_works_without_an_id_and_is_never_renewed(shop: Told) -> None:
    form = {"grant_type": "client_credentials", "client_id": shop.key, "client_secret": shop.secret}
    token = httpx2.post(f"{shop.url}/admin/oauth/access_token", data=form).json()["access_token"]
    before = shop.stats()["requests"]["POST /admin/oauth/access_token"]
    assert SHOPIFY.use(shop, lambda c: c.check(), credentials={"client_id": "", "token": token}).ok
    assert shop.stats()["requests"]["POST /admin/oauth/access_token"] == before
    wrong = SHOPIFY.use(shop, lambda c: c.check(), credentials={"client_id": "", "token": "shpat_wrong"})
    assert [step.name for step in wrong.steps if not step.ok] == ["keys"]
    nothing = SHOPIFY.use(shop, lambda c: c.check(), credentials={"client_id": ""})
    assert "Enter the client ID" in nothing.steps[-1].message


def test_one_token_serves_all_questions_asked_at_once(shop: Told) -> None:
    before = shop.stats()["requests"]["POST /admin/oauth/access_token"]
    SHOPIFY.use(shop, lambda c: SHOPIFY.everything(c, "orders"))
    assert shop.stats()["requests"]["POST /admin/oauth/access_token"] == before + 1


def test_a_plan_that_hides_people_is_said_and_hidden_is_not_empty(shop: Told) -> None:
    key, secret = shop.new_key("read_write")
    shop.change_key(key, privileged=False)
    keys = {"client_id": key, "client_secret": secret}
    report = SHOPIFY.use(shop, lambda c: c.check(), credentials=keys)
    (failed,) = [step for step in report.steps if not step.ok]
    assert failed.name == "customers"
    assert "plan hides" in failed.message

    async def run(connector: Any) -> None:
        window, cursor = await finished(connector, "customers")
        with pytest.raises(PermissionMissing):
            await rest(connector, window, cursor)
        some = str(shop.act("register", email="hidden@example.com")["id"])
        with pytest.raises(PermissionMissing):
            await connector.fetch("customers", [some])

    SHOPIFY.use(shop, run, credentials=keys)


def test_without_read_all_orders_the_check_warns_of_sixty_days(shop: Told) -> None:
    keys = SHOPIFY.lesser(shop, "no_history")
    seen = SHOPIFY.use(shop, lambda c: c.counts(), credentials=keys)["orders"]
    assert seen < shop.truth(people=False)["orders"], "the trap is there"
    report = SHOPIFY.use(shop, lambda c: c.check(), credentials=keys)
    assert "last 60 days" in next(step.message for step in report.steps if not step.ok)


def test_another_version_than_asked_for_is_said(shop: Told) -> None:
    shop.post_fault("old_version")
    report = SHOPIFY.use(shop, lambda c: c.check())
    assert "2027-01 instead of 2026-10" in next(step.message for step in report.steps if step.name == "api")


def test_an_address_with_the_path_of_a_page_is_understood_and_one_without_a_shop_is_said(shop: Told) -> None:
    assert SHOPIFY.use(shop, lambda c: c.check(), url=f"{shop.url}/admin/products?x=1").ok
    empty = Door()
    empty.status = 404
    report = SHOPIFY.use(shop, lambda c: c.check(), url=empty.url)
    empty.close()
    assert "There is no Shopify shop at 127.0.0.1" in report.steps[0].message


# --- politeness ---


@pytest.mark.parametrize("status", [None, 429], ids=["THROTTLED at 200", "429"])
def test_a_throttled_question_is_asked_again(shop: Told, status: int | None) -> None:
    shop.post_fault("rate_limit", every=2, retry_after=0, **({"status": status} if status else {}))

    async def run(connector: Any) -> None:
        assert len(set(await SHOPIFY.poll(connector, "orders", LONG_AGO))) == shop.truth(people=False)["orders"]

    SHOPIFY.use(shop, run)


def test_a_long_wait_is_left_to_the_caller_with_its_seconds(shop: Told) -> None:
    shop.post_fault("rate_limit", path="graphql", retry_after=60)
    with pytest.raises(RetryLater) as told:
        SHOPIFY.use(shop, lambda c: c.counts())
    assert told.value.after == 60


def test_a_question_that_costs_too_much_is_asked_in_smaller_ones(shop: Told) -> None:
    async def run(connector: Any) -> None:
        ids = (await SHOPIFY.everything(connector, "orders"))[:40]
        page = await connector.fetch("orders", ids)
        assert SHOPIFY.ids("orders", page.body) == ids
        assert connector._chunk["orders"] < queries.SOURCES["orders"].chunk, "the trap is there"

    SHOPIFY.use(shop, run)


def test_counts_are_exact_because_the_cap_of_ten_thousand_is_lifted(shop: Told) -> None:
    async def run(connector: Any) -> None:
        capped = await connector.client.ask("query{ordersCount(limit:5){count precision}}")
        assert capped["ordersCount"] == {"count": 5, "precision": "AT_LEAST"}
        assert (await connector.counts())["orders"] == shop.truth(people=False)["orders"]

    SHOPIFY.use(shop, run)


# --- exports ---


def test_a_killed_import_goes_on_with_the_same_operation(shop: Told) -> None:
    async def begin(connector: Any) -> tuple[Any, str, list[str]]:
        connector.page_size = 30
        window, cursor = await finished(connector)
        page = await connector.page(window, cursor)
        return window, page.cursor, SHOPIFY.ids("orders", page.body)

    window, cursor, first = SHOPIFY.use(shop, begin)

    async def go_on(connector: Any) -> None:
        await connector.check()  # whatever else a new process asks
        again: list[str] = []
        at: str | None = cursor
        while at is not None:
            page = await connector.page(window, at)
            again += SHOPIFY.ids("orders", page.body)
            assert page.cursor is None or BulkCursor.parse(page.cursor).op == BulkCursor.parse(cursor).op
            at = page.cursor
        assert len(first) == 30
        assert len({*first, *again}) == len(first) + len(again) == shop.truth(people=False)["orders"]

    SHOPIFY.use(shop, go_on)


def test_children_stand_anywhere_in_the_file_and_find_their_parents(
    shop: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object reads the same from an export and by its id, however many pages its lines fill."""
    monkeypatch.setattr(queries, "LINES", 1)
    monkeypatch.setattr(queries, "MORE_LINES", 1)

    async def run(connector: Any) -> None:
        window, cursor = await finished(connector)
        exported: dict[str, Order] = {}
        while cursor is not None:
            page = await connector.page(window, cursor)
            exported |= {each.external_id: each for each in records(connector, "orders", page)}
            cursor = page.cursor
        some = sorted(exported, key=lambda key: len(exported[key].lines))[-20:]
        assert len(exported[some[-1]].lines) > 2, "the trap is there"
        fetched = {
            each.external_id: each for each in records(connector, "orders", await connector.fetch("orders", some))
        }
        assert fetched == {key: exported[key] for key in some}

    SHOPIFY.use(shop, run)


def test_the_nightly_list_has_every_id_with_the_version_its_record_has(shop: Told) -> None:
    async def run(connector: Any) -> None:
        for stream in ("customers", "orders"):
            (window,) = await connector.windows(stream, datetime.now(UTC))
            versions: dict[str, Any] = {}
            cursor = None
            while True:
                page = await connector.ids(window, cursor)
                versions |= page.versions
                cursor = page.cursor
                if cursor is None:
                    break
            assert len(versions) == shop.truth(people=False)[stream]
            some = await connector.fetch(stream, list(versions)[:10])
            told = [each for each in records(connector, stream, some) if isinstance(each, Customer | Order)]
            assert {each.external_id: each.updated_at for each in told}.items() <= versions.items()
            assert len(told) == 10

    SHOPIFY.use(shop, run)


def test_a_file_that_arrives_short_is_fetched_again(shop: Told) -> None:
    async def run(connector: Any) -> None:
        shop.post_fault("truncated", path="/bulk/", count=1)
        window, cursor = await finished(connector)
        assert len(await rest(connector, window, cursor)) == shop.truth(people=False)["orders"]
        shop.post_fault("truncated", path="/bulk/")
        window, cursor = await finished(connector)
        with pytest.raises(RetryLater, match="incomplete"):
            await rest(connector, window, cursor)

    SHOPIFY.use(shop, run)


def test_an_operation_that_fails_is_begun_anew_and_at_last_the_list_is_walked(shop: Told) -> None:
    async def run(connector: Any) -> None:
        shop.post_fault("server_error", path="bulk-operation", count=1)
        window, cursor = await finished(connector)
        assert len(await rest(connector, window, cursor)) == shop.truth(people=False)["orders"]
        shop.post_fault("server_error", path="bulk-operation")
        connector.page_size = 30
        window, cursor = await finished(connector)
        assert sorted(await rest(connector, window, cursor)) == sorted(await known(connector))

    async def known(connector: Any) -> list[str]:
        """The ids by the nightly list, for which exports fail as well."""
        (window,) = await connector.windows("orders", datetime.now(UTC))
        found: list[str] = []
        cursor = None
        while True:
            page = await connector.ids(window, cursor)
            found += page.versions
            cursor = page.cursor
            if cursor is None:
                assert len(found) == shop.truth(people=False)["orders"]
                return found

    SHOPIFY.use(shop, run)


def test_an_operation_shopify_has_forgotten_is_begun_anew(shop: Told) -> None:
    """Operations and their files are kept for a week."""

    async def run(connector: Any) -> None:
        (window,) = await connector.windows("customers", datetime.now(UTC))
        cursor = BulkCursor("gid://shopify/BulkOperation/1", 40).text()
        assert len(await rest(connector, window, cursor)) == shop.truth(people=False)["customers"]

    SHOPIFY.use(shop, run)


def test_five_exports_at_once_are_all_there_is(shop: Told) -> None:
    async def run(connector: Any) -> None:
        exported = [stream for stream, source in queries.SOURCES.items() if source.exported]
        running = [await finished(connector, stream) for stream in exported]
        with pytest.raises(RetryLater, match="no free place") as told:
            await finished(connector)
        assert told.value.after == bulk.BUSY
        for window, cursor in running:
            await rest(connector, window, cursor)

    SHOPIFY.use(shop, run)


def test_a_running_export_is_waited_for_in_the_cursor(shop: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PATIENCE", 0.0)

    async def run(connector: Any) -> None:
        window, cursor = await finished(connector)
        page = await connector.page(window, cursor)
        assert (page.rows, page.cursor) == (0, cursor), "still running: nothing yet, and the same place"
        assert len(await rest(connector, window, cursor)) == shop.truth(people=False)["orders"]

    SHOPIFY.use(shop, run)


# --- changes ---


def test_more_orders_in_one_second_than_fit_on_a_page_are_all_polled() -> None:
    with start_simulator(
        platform="shopify", seed=4, customers=20, now="2026-07-01T12:00:00Z", frozen_clock=True
    ) as frozen:
        since = datetime(2026, 7, 1, 12, tzinfo=UTC)
        made = {str(frozen.act("order", email=f"same{each}@example.com")["id"]) for each in range(25)}

        async def run(connector: Any) -> None:
            connector.page_size = 10
            assert made <= set(await SHOPIFY.poll(connector, "orders", since))

        SHOPIFY.use(frozen, run)


def test_orders_edited_while_the_poll_reads_move_and_are_not_missed(shop: Told) -> None:
    shop.post_fault("shift", rows=7, count=10)

    async def run(connector: Any) -> None:
        connector.page_size = 25
        assert len(set(await SHOPIFY.poll(connector, "orders", LONG_AGO))) == shop.truth(people=False)["orders"]

    SHOPIFY.use(shop, run)


def test_a_change_the_search_learns_of_late_is_found_by_the_next_poll(shop: Told) -> None:
    async def run(connector: Any) -> None:
        since = datetime.now(UTC)
        shop.post_fault("latency", path="search-index", seconds=30)
        late = str(shop.act("order", email="late@example.com")["id"])
        page = await connector.changes("orders", None, since)
        assert late not in SHOPIFY.ids("orders", page.body), "the trap is there"
        shop.clear_faults()
        page = await connector.changes("orders", page.cursor, since)
        assert late in SHOPIFY.ids("orders", page.body)

    SHOPIFY.use(shop, run)


def test_an_order_shopify_fails_to_show_costs_only_itself(shop: Told) -> None:
    async def run(connector: Any) -> None:
        since = datetime.now(UTC)
        made = [str(shop.act("order", email=f"poison{each}@example.com")["id"]) for each in range(6)]
        shop.post_fault("poison", id=int(made[2]), path="Order")
        page = await connector.changes("orders", None, since)
        mapped = connector.read("orders", page.body, datetime.now(UTC))
        assert [each.external_id for each in mapped.bad] == [made[2]]
        assert "save it there" in mapped.bad[0].reason
        assert {*made[:2], *made[3:]} <= {each.external_id for each in mapped.records}
        with pytest.raises(RetryLater):
            await connector.fetch("orders", [made[2]])

    SHOPIFY.use(shop, run)


def test_a_quiet_shops_last_changes_are_read_once_more_and_not_by_every_poll(shop: Told) -> None:
    async def run(connector: Any) -> None:
        since = datetime.now(UTC)
        made = {str(shop.act("order", email=f"quiet{each}@example.com")["id"]) for each in range(3)}
        cursor: str | None = None

        async def poll() -> set[str]:
            nonlocal cursor
            page = await connector.changes("orders", cursor, since)
            cursor = page.cursor
            return set(SHOPIFY.ids("orders", page.body))

        assert made <= await poll()
        assert made <= await poll(), "the search may learn of more of that second"
        earlier = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
        cursor = replace(SearchCursor.parse(str(cursor)), still=earlier).text()
        assert made <= await poll(), "and once more when that is long over"
        assert await poll() == set()
        await asyncio.sleep(1.1)
        new = str(shop.act("order", email="loud@example.com")["id"])
        assert await poll() == {new}
        assert made <= await poll(), "the new second is not settled yet"

    SHOPIFY.use(shop, run)


def test_shopifys_own_cursors_are_not_kept_for_days(shop: Told) -> None:
    async def run(connector: Any) -> None:
        connector.page_size = 20
        first = await connector.changes("orders", None, LONG_AGO)
        going = SearchCursor.parse(first.cursor)
        assert going.after
        yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        old = replace(going, after="eyJub3QiOiJ2YWxpZCJ9", began=yesterday).text()
        again = await connector.changes("orders", old, LONG_AGO)
        assert SHOPIFY.ids("orders", again.body) == SHOPIFY.ids("orders", first.body)

    SHOPIFY.use(shop, run)


def test_a_poll_that_finds_exactly_a_page_comes_to_an_end(shop: Told) -> None:
    async def run(connector: Any) -> None:
        since = datetime.now(UTC) + timedelta(hours=1)
        connector.overlap = timedelta(hours=1)
        made = {str(shop.act("order", email=f"exact{each}@example.com")["id"]) for each in range(4)}
        connector.page_size = len(await SHOPIFY.poll(connector, "orders", since))
        assert made <= set(await SHOPIFY.poll(connector, "orders", since))

    SHOPIFY.use(shop, run)


def test_guests_are_in_the_customer_list_and_their_orders_carry_the_address(shop: Told) -> None:
    key = str(shop.act("order", email=" Guest.Person@Example.com ")["id"])

    async def run(connector: Any) -> None:
        (order,) = records(connector, "orders", await connector.fetch("orders", [key]))
        assert order.email == "Guest.Person@Example.com"
        page = await connector.fetch("customers", [order.customer_id])
        (guest,) = [each for each in records(connector, "customers", page) if isinstance(each, Customer)]
        assert not guest.registered
        nobody = str(shop.act("order", email="")["id"])
        (order,) = records(connector, "orders", await connector.fetch("orders", [nobody]))
        assert (order.customer_id, order.email) == (None, None)

    SHOPIFY.use(shop, run)


def test_abandoned_checkouts_know_no_order_of_change_and_hold_finished_ones() -> None:
    with start_simulator(platform="shopify", seed=3, customers=30, now="2026-07-01T12:00:00Z") as living:
        since = datetime(2026, 7, 1, 12, tzinfo=UTC)
        living.live(minutes=1500)
        truth = {
            cart["cart_id"]: cart for cart in living.truth(people=False)["carts"] if cart["checkout"] and cart["email"]
        }

        async def run(connector: Any) -> dict[str, Cart]:
            found: dict[str, Cart] = {}
            connector.page_size = 7
            cursor = None
            while True:
                page = await connector.changes("checkouts", cursor, since)
                found |= {str(each.url).split("/")[-2]: each for each in records(connector, "checkouts", page)}
                cursor = page.cursor
                if page.rows < connector.page_size:
                    break
            assert set(await SHOPIFY.everything(connector, "checkouts")) == {e.external_id for e in found.values()}
            return found

        found = SHOPIFY.use(living, run)
        assert truth.keys() <= found.keys()
        assert any(cart["order_id"] for cart in truth.values()), "the trap is there"
        assert any(not cart["order_id"] for cart in truth.values())
        for token, cart in truth.items():
            assert (found[token].lines == ()) is bool(cart["order_id"]), "a finished one is never abandoned"
            assert (found[token].email or "").lower() == cart["email"].strip().lower()


# --- webhooks ---


@pytest.fixture
def door(shop: Told) -> Iterator[Door]:
    """Where the shop's webhooks go, all of them made by the connector."""
    found = Door()
    SHOPIFY.use(shop, lambda c: c.ensure_webhooks(found.url))
    yield found
    SHOPIFY.use(shop, lambda c: c.remove_webhooks(found.url))
    found.close()


def heard(door: Door, topic: str) -> list[tuple[dict[str, str], bytes]]:
    return [each for each in door.heard if each[0]["x-shopify-topic"] == topic]


def hint(shop: Told, delivery: tuple[dict[str, str], bytes]) -> Any:
    async def run(connector: Any) -> Any:
        return connector.webhook(*delivery)

    return SHOPIFY.use(shop, run)


def test_a_delivery_comes_twice_with_one_id_and_says_the_same(shop: Told, door: Door) -> None:
    shop.post_fault("webhook_duplicate")
    order = str(shop.act("order", email="twice@example.com")["id"])
    shop.live(minutes=0)
    first, second = heard(door, "orders/create")
    assert first[0]["x-shopify-webhook-id"] == second[0]["x-shopify-webhook-id"], "the trap is there"
    assert hint(shop, first) == hint(shop, second)
    assert hint(shop, first).ids == (order,)


def test_a_repeated_delivery_carries_the_old_body_and_the_object_is_fetched(shop: Told, door: Door) -> None:
    shop.post_fault("webhook_latency", seconds=0.3)
    order = shop.act("order", email="old@example.com")["id"]
    shop.act("refund", order_id=order, amount="1.00")
    shop.live(minutes=0)
    (delivery,) = heard(door, "orders/create")

    async def run(connector: Any) -> None:
        found = connector.webhook(*delivery)
        (fetched,) = records(connector, found.stream, await connector.fetch(found.stream, found.ids))
        assert len(fetched.refunds) == 1

    SHOPIFY.use(shop, run)


def test_after_eight_failures_a_subscription_is_gone_and_made_again(shop: Told, door: Door) -> None:
    door.status = 500
    order = shop.act("order", email="off@example.com")["id"]
    shop.live(minutes=0)
    left = {each["topic"] for each in shop.webhooks()["webhooks"]}
    assert {"ORDERS_CREATE", "ORDERS_UPDATED"} & left == set(), "the trap is there"
    door.status = 200
    door.heard.clear()
    health = SHOPIFY.use(shop, lambda c: c.ensure_webhooks(door.url))
    assert health.ok
    assert set(health.repaired) == {"ORDERS_CREATE: created", "ORDERS_UPDATED: created"}
    shop.act("touch", order_id=order)
    shop.live(minutes=0)
    (delivery,) = heard(door, "orders/updated")
    assert hint(shop, delivery).ids == (str(order),)


def test_a_deleted_order_is_told_by_its_id_alone(shop: Told, door: Door) -> None:
    order = shop.act("order", email="gone@example.com")["id"]
    shop.act("delete_order", order_id=order)
    shop.live(minutes=0)
    (delivery,) = heard(door, "orders/delete")
    found = hint(shop, delivery)
    assert (found.stream, found.ids, found.deleted) == ("orders", (str(order),), True)


def test_a_lost_webhook_is_found_by_the_poll(shop: Told, door: Door) -> None:
    since = datetime.now(UTC)
    shop.post_fault("webhook_drop")
    order = str(shop.act("order", email="lost@example.com")["id"])
    shop.live(minutes=0)
    assert heard(door, "orders/create") == []

    async def run(connector: Any) -> None:
        assert order in await SHOPIFY.poll(connector, "orders", since)

    SHOPIFY.use(shop, run)


def test_an_address_shopify_refuses_is_said_with_its_reason(shop: Told) -> None:
    health = SHOPIFY.use(shop, lambda c: c.ensure_webhooks("https://refused.example.com/hooks/x"))
    assert not health.ok
    assert "Address is not allowed" in health.message


def test_merges_are_told_only_to_apps_that_may_see_them(shop: Told) -> None:
    keys = SHOPIFY.lesser(shop, "no_merge")
    url = "https://cartfolk.example.com/hooks/merge"
    health = SHOPIFY.use(shop, lambda c: c.ensure_webhooks(url), credentials=keys)
    assert health.ok
    assert not any(webhooks.MERGE in each for each in health.repaired)
    assert SHOPIFY.use(shop, lambda c: c.ensure_webhooks(url)).repaired.count("CUSTOMERS_MERGE: created") == 1


def test_a_reader_needs_no_transport(shop: Told) -> None:
    reader = get("shopify")(SHOPIFY.config(shop), None)
    assert reader.read("orders", b"[]", LONG_AGO).records == ()
