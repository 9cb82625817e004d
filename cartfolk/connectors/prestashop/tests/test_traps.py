"""What PrestaShop does to those who take it at its word; each test is named by the trap and meets it in a shop that
answers over real HTTP."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from cartfolk.connectors import prestashop
from cartfolk.connectors.base import Window
from cartfolk.connectors.canonical import Cart, Consent, ConsentStatus, Customer, Order, OrderStatus
from cartfolk.connectors.errors import AddressRefused, CredentialsInvalid, PageUnreadable, PermissionMissing, RetryLater
from cartfolk.connectors.prestashop import client as webservice
from cartfolk.connectors.prestashop import polling
from cartfolk.connectors.reading import page_body
from cartfolk.simulator import SimulatedShop, start_simulator

from . import test_conformance

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PRESTA = test_conformance.TestPrestaShop()


@pytest.fixture(scope="module")
def shop() -> Iterator[SimulatedShop]:
    with start_simulator(platform="prestashop", seed=9, customers=80) as found:
        yield found


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "shop" in request.fixturenames:
        request.getfixturevalue("shop").clear_faults()


def records(connector: Any, stream: str, page: Any) -> list[Any]:
    return list(connector.read(stream, page.body, datetime.now(UTC)).records)


async def one(connector: Any, stream: str, key: Any) -> Any:
    """The record of this object, as fetched."""
    found = records(connector, stream, await connector.fetch(stream, [str(key)]))
    return found[0]


async def whole_poll(connector: Any, stream: str, cursor: str | None, since: datetime) -> tuple[list[Any], str]:
    """All records of one poll, and the cursor it ends with."""
    found: list[Any] = []
    for _page in range(500):
        page = await connector.changes(stream, cursor, since)
        found += records(connector, stream, page)
        cursor = page.cursor
        if page.rows < connector.page_size:
            assert cursor is not None
            return found, cursor
    raise AssertionError("the poll does not end")


# --- who may ask ---


def test_php_by_cgi_does_not_see_the_header_and_the_key_goes_into_the_query(shop: SimulatedShop) -> None:
    shop.post_fault("strip_authorization")

    async def run(connector: Any) -> None:
        assert (await connector.check()).ok
        asked = shop.stats()["statuses"].get("401", 0)
        await connector.counts()
        assert shop.stats()["statuses"].get("401", 0) == asked, "it is found out once"

    PRESTA.use(shop, run)
    with pytest.raises(CredentialsInvalid):
        PRESTA.use(shop, lambda c: c.counts(), credentials={"key": "0" * 32})


def test_a_missing_permission_is_401_as_a_wrong_key_is_and_still_told_apart(shop: SimulatedShop) -> None:
    with pytest.raises(PermissionMissing, match="may not view carts"):
        PRESTA.use(shop, lambda c: c.counts(), credentials=PRESTA.lesser(shop, "without carts"))
    with pytest.raises(CredentialsInvalid):
        PRESTA.use(shop, lambda c: c.counts(), credentials={"key": "0" * 32})


def test_a_webservice_that_is_switched_off_answers_503_and_needs_its_owner(shop: SimulatedShop) -> None:
    shop.post_fault("server_error", status=503)
    with pytest.raises(PermissionMissing, match="switched off"):
        PRESTA.use(shop, lambda c: c.counts())
    report = PRESTA.use(shop, lambda c: c.check())
    assert [(step.name, step.ok) for step in report.steps] == [("address", True), ("api", False)]


def test_a_shop_of_several_is_asked_by_its_number(shop: SimulatedShop) -> None:
    report = PRESTA.use(shop, lambda c: c.check(), credentials={"key": shop.key, "shop": "1"})
    assert report.ok
    assert report.fingerprint.endswith("#1")
    with pytest.raises(AddressRefused, match="no shop with this number"):
        PRESTA.use(shop, lambda c: c.counts(), credentials={"key": shop.key, "shop": "7"})


@pytest.mark.parametrize("tail", ["/api", "/api/?schema=blank", "/index.php?controller=order", "/admin123/index.php"])
def test_what_people_paste_as_the_address_is_cut_to_the_shops_own(shop: SimulatedShop, tail: str) -> None:
    assert PRESTA.use(shop, lambda c: c.check(), url=shop.url + tail).ok


def test_an_address_without_a_webservice_is_said_to_be_none(shop: SimulatedShop) -> None:
    report = PRESTA.use(shop, lambda c: c.check(), url=shop.url + "/blog")
    assert [(step.name, step.ok) for step in report.steps] == [("address", False)]
    assert "No PrestaShop webservice answers" in report.steps[0].message


# --- lists ---


def test_without_date_1_a_filter_by_time_is_refused(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        with pytest.raises(PageUnreadable, match="400, error 32"):
            await connector.client.ask("orders", {"filter[date_upd]": "[2020-01-01 00:00:00,2099-01-01 00:00:00]"})
        assert await connector.client.read("orders", {"date_upd": "[2020-01-01 00:00:00,2099-01-01 00:00:00]"})

    PRESTA.use(shop, run)


def test_an_empty_list_is_a_bare_pair_of_brackets(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        answer = await connector.client.ask("orders", {"filter[id]": "[999999999]"})
        assert answer.body == b"[]"
        assert (await connector.fetch("orders", ["999999999"])).rows == 0
        assert (await connector.changes("orders", None, datetime.now(UTC) + timedelta(days=2))).rows == 0

    PRESTA.use(shop, run)


def test_no_list_says_how_long_it_is(shop: SimulatedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short ones are counted, the end of a long one is looked for by halves."""
    truth = shop.truth(people=False)
    monkeypatch.setattr(webservice, "_FEW", 7)
    counts = PRESTA.use(shop, lambda c: c.counts())
    assert (counts["orders"], counts["customers"]) == (truth["orders"], truth["customers"])


def test_an_interval_from_behind_its_end_is_turned_round_and_must_not_be_asked_for(
    shop: SimulatedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prestashop, "WINDOW_ROWS", 10)
    truth = shop.truth(people=False)

    async def run(connector: Any) -> None:
        rows = await connector.client.read("customers", {"id": "[9,2]"}, display="")
        assert rows, "the shop answers with what lies between"
        connector.page_size = 5  # windows end with a full page now and then
        found = await PRESTA.everything(connector, "customers")
        assert len(found) == len(set(found)) == truth["customers"]
        assert len(await connector.windows("customers", datetime.now(UTC))) > 5

    PRESTA.use(shop, run)


def test_a_second_that_fills_pages_is_walked_through_by_id(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        everything = set(await PRESTA.everything(connector, "orders"))
        connector.page_size = 20
        dates: dict[str, int] = {}
        for row in await connector.client.read("orders", display="[id,date_upd]"):
            dates[row["date_upd"]] = dates.get(row["date_upd"], 0) + 1
        assert max(dates.values()) > 2 * connector.page_size, "a mass edit"
        found, cursor = await whole_poll(connector, "orders", None, LONG_AGO)
        assert {each.external_id for each in found} == everything
        again, _cursor = await whole_poll(connector, "orders", cursor, LONG_AGO)
        assert len(again) < connector.page_size, "a poll begins where the last one ended"

    PRESTA.use(shop, run)


def test_a_page_that_crashes_is_put_together_without_the_row_that_does(shop: SimulatedShop) -> None:
    """PHP's errors come as XML with status 500, though JSON was asked for."""

    async def run(connector: Any) -> None:
        keys = sorted(await PRESTA.everything(connector, "orders"), key=int)
        shop.post_fault("poison", id=int(keys[3]), path="orders")
        with pytest.raises(RetryLater, match="error of its own"):
            await connector.client.read("orders", {"id": f"[{keys[3]}]"})
        page = await connector.fetch("orders", keys[:6])
        mapped = connector.read("orders", page.body, datetime.now(UTC))
        assert [bad.external_id for bad in mapped.bad] == [keys[3]]
        assert {each.external_id for each in mapped.records} == {*keys[:3], *keys[4:6]}
        window = Window("orders", "w", "0")
        place = prestashop.Place(int(keys[2])).text()
        connector.page_size = 1
        beyond = await connector.page(window, connector.step_over(window, place))
        assert [row["id"] for row in json.loads(beyond.body)] == [int(keys[4])]

    PRESTA.use(shop, run)


@pytest.mark.parametrize("old", [False, True])
def test_vouchers_of_an_order_and_shops_too_old_to_list_them(shop: SimulatedShop, old: bool) -> None:
    if old:
        shop.post_fault("old_version")

    async def run(connector: Any) -> None:
        found, _cursor = await whole_poll(connector, "orders", None, LONG_AGO)
        codes = {code for each in found for code in each.coupons}
        assert ("spring10" in codes) is not old
        rows = await connector.client.read("orders", display="[id,total_wrapping]")
        wrapping = {str(row["id"]): Decimal(row["total_wrapping"]) for row in rows}
        for order in found:
            charged = order.shipping + wrapping[order.external_id]
            assert sum(line.total for line in order.lines) + charged == order.total
        assert any(order.discount > 0 for order in found)

    PRESTA.use(shop, run)


def test_texts_in_several_languages_are_taken_in_the_shops_own(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        found, _cursor = await whole_poll(connector, "categories", None, LONG_AGO)
        assert "Clothing" in {each.name for each in found}
        products, _cursor = await whole_poll(connector, "products", None, LONG_AGO)
        slugs = {each.slug for each in found}
        assert all(set(each.categories) <= slugs for each in products)
        accounts, _cursor = await whole_poll(connector, "customers", None, LONG_AGO)
        assert {"customer"} in [set(each.groups) for each in accounts if isinstance(each, Customer)]

    PRESTA.use(shop, run)


def test_a_row_that_goes_along_and_crashes_keeps_nothing_back(shop: SimulatedShop) -> None:
    made = shop.act("order", email="broken@example.com")["id"]

    async def run(connector: Any) -> None:
        (row,) = await connector.client.read("orders", {"id": f"[{made}]"}, display="[id,id_customer]")
        shop.post_fault("poison", id=int(row["id_customer"]), path="customers")
        with pytest.raises(RetryLater, match="error of its own"):
            await connector.client.read("customers", {"id": f"[{row['id_customer']}]"})
        order = await one(connector, "orders", made)
        assert (order.external_id, order.email) == (str(made), None)

    PRESTA.use(shop, run)


def test_what_modules_write_into_an_object_keeps_its_page_going(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        for stream in ("customers", "carts", "products", "orders"):
            resource = prestashop.STREAM_RESOURCES[stream]
            rows = await connector.client.read(resource, limit="3", sort="[id_ASC]")
            rows[0]["associations"], rows[1]["associations"] = (
                "none",
                {"groups": "x", "cart_rows": "y", "categories": 1},
            )
            done = await connector.companions.of(stream, rows)
            mapped = connector.read(stream, page_body(done), datetime.now(UTC))
            assert len(mapped.bad) + len([each for each in mapped.records if not isinstance(each, Consent)]) == 3

    PRESTA.use(shop, run)


# --- what does not touch its owner ---


def test_a_credit_slip_does_not_touch_its_order_and_is_found_all_the_same(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        history, cursor = await whole_poll(connector, "orders", None, LONG_AGO)
        before = next(each for each in history if each.status_raw == "shipped" and not each.refunds)
        assert before.updated_at < datetime.now(UTC) - timedelta(days=1), "no overlap would bring it"
        made = before.external_id
        shop.act("refund", order_id=made, amount="1.00")
        (row,) = await connector.client.read("orders", {"id": f"[{made}]"}, display="[date_upd]")
        assert connector._reader.wall.instant(row["date_upd"], "") == before.updated_at
        found, _cursor = await whole_poll(connector, "orders", cursor, LONG_AGO)
        (order,) = [each for each in found if each.external_id == made]
        assert [each.amount for each in order.refunds] == [Decimal(1)]
        assert order.updated_at > before.updated_at
        assert order.status is OrderStatus.COMPLETED

    PRESTA.use(shop, run)


def test_an_address_does_not_touch_its_customer_and_is_found_all_the_same(shop: SimulatedShop) -> None:
    writer, _none = shop.new_key("write")

    async def run(connector: Any) -> None:
        key = (await PRESTA.everything(connector, "customers"))[0]
        before = await one(connector, "customers", key)
        assert before.updated_at < datetime.now(UTC) - timedelta(days=1), "no overlap would bring it"
        _found, cursor = await whole_poll(connector, "customers", None, datetime.now(UTC))
        body = f"<prestashop><address><id>{2 * int(key)}</id><phone>+49 30 1234</phone></address></prestashop>"
        request = urllib.request.Request(  # noqa: S310 - our own address on the loopback
            f"{shop.url}/api/addresses/{2 * int(key)}?ws_key={writer}", method="PUT", data=body.encode()
        )
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20).close()
        found, _cursor = await whole_poll(connector, "customers", cursor, LONG_AGO)
        (after,) = [each for each in found if isinstance(each, Customer) and each.external_id == key]
        assert (after.phone, after.updated_at > before.updated_at) == ("+49 30 1234", True)

    PRESTA.use(shop, run)


# --- people ---


def test_every_checkout_of_a_guest_is_another_row_and_the_order_carries_the_address(shop: SimulatedShop) -> None:
    orders = [shop.act("order", email="guest.twice@example.com")["id"] for _ in range(2)]

    async def run(connector: Any) -> None:
        found = [await one(connector, "orders", order) for order in orders]
        assert [(each.customer_id, each.email) for each in found] == [(None, "guest.twice@example.com")] * 2
        guests, _cursor = await whole_poll(connector, "guests", None, datetime.now(UTC) - timedelta(minutes=5))
        rows = [each for each in guests if isinstance(each, Customer) and each.email == "guest.twice@example.com"]
        assert len({each.external_id for each in rows}) == 2
        assert not any(each.registered for each in rows)
        # The nightly comparison asks the stream of customers for every customer row there is.
        assert (await connector.fetch("customers", [each.external_id for each in rows])).rows == 2

    PRESTA.use(shop, run)


def test_a_newsletter_flag_counts_with_its_date_only(shop: SimulatedShop) -> None:
    account = shop.act("register", email="reader@example.com")["id"]

    async def told(connector: Any) -> list[Consent]:
        page = await connector.fetch("customers", [str(account)])
        return [each for each in records(connector, "customers", page) if isinstance(each, Consent)]

    async def run(connector: Any) -> None:
        assert await told(connector) == []
        shop.act("consent", customer_id=account, given=True)
        (granted,) = await told(connector)
        assert (granted.status, granted.customer_id) == (ConsentStatus.GRANTED, str(account))
        assert granted.evidence["newsletter_date_add"]

    PRESTA.use(shop, run)


def newsletter_box(shop: SimulatedShop, email: str, action: str) -> None:
    """What the box on every page of the shop sends: 0 signs on, 1 off."""
    form = urlencode({"email": email, "action": action, "submitNewsletter": "1"}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(urllib.request.Request(shop.url + "/", data=form), timeout=20).close()  # noqa: S310


def test_the_newsletter_box_writes_past_the_customers_time_and_is_heard_all_the_same(
    shop: SimulatedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(connector: Any) -> None:
        history, cursor = await whole_poll(connector, "customers", None, LONG_AGO)
        signed = {each.customer_id for each in history if isinstance(each, Consent)}
        old = next(
            each
            for each in history
            if isinstance(each, Customer)
            and each.external_id not in signed
            and each.updated_at < datetime.now(UTC) - timedelta(days=1)
        )

        async def heard(cursor: str) -> tuple[list[ConsentStatus], str]:
            found, cursor = await whole_poll(connector, "customers", cursor, LONG_AGO)
            consents = [each for each in found if isinstance(each, Consent) and each.customer_id == old.external_id]
            return [each.status for each in consents], cursor

        assert old.email is not None
        newsletter_box(shop, old.email, "0")
        statuses, cursor = await heard(cursor)
        assert statuses == [ConsentStatus.GRANTED]
        assert (await one(connector, "customers", old.external_id)).updated_at == old.updated_at
        newsletter_box(shop, old.email, "1")
        monkeypatch.setattr(polling, "SCAN_EVERY", timedelta(0))  # a withdrawal leaves no time: once a day
        statuses, _cursor = await heard(cursor)
        assert statuses == [ConsentStatus.WITHDRAWN]

    PRESTA.use(shop, run)


# --- orders and carts ---


def test_states_are_known_by_their_flags_however_they_are_numbered_and_named(shop: SimulatedShop) -> None:
    truth = shop.truth(people=False)

    async def run(connector: Any) -> None:
        found, _cursor = await whole_poll(connector, "orders", None, LONG_AGO)
        orders = {each.external_id: each for each in found if isinstance(each, Order)}
        statuses = [each.status for each in orders.values()]
        counted = [each for each in statuses if each in (OrderStatus.COMPLETED, OrderStatus.REFUNDED)]
        assert len(counted) == truth["counted_orders"]
        told = truth["orders_by_status"]
        assert statuses.count(OrderStatus.REFUNDED) == told["Erstattet"]
        assert statuses.count(OrderStatus.CANCELLED) == told["Storniert"]
        assert statuses.count(OrderStatus.FAILED) == told["Zahlung abgelehnt"]
        shipped = [each for each in orders.values() if each.status_raw == "shipped"]
        assert len(shipped) == told["Unterwegs"]
        assert all(each.paid_at and each.shipped_at and each.tracking_number for each in shipped)

    PRESTA.use(shop, run)


def test_the_owner_may_say_by_its_name_what_a_state_of_his_own_means(shop: SimulatedShop) -> None:
    made = shop.act("order", email="pickup@example.com", status="Abholbereit")["id"]
    settings = {"statuses": {"Abholbereit": "completed", "paid": "pending"}}

    async def run(connector: Any) -> None:
        order = await one(connector, "orders", made)
        assert (order.status, order.status_raw) == (OrderStatus.COMPLETED, "Abholbereit")

    async def unsaid(connector: Any) -> None:
        order = await one(connector, "orders", made)
        assert (order.status, order.status_raw) == (OrderStatus.PENDING, "not paid")

    PRESTA.use(shop, run, settings=settings)
    PRESTA.use(shop, unsaid)


def test_carts_have_no_prices_and_get_todays(shop: SimulatedShop) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    shop.live(minutes=24 * 60)

    async def run(connector: Any) -> None:
        found, _cursor = await whole_poll(connector, "carts", None, since)
        carts = {each.external_id: each for each in found if isinstance(each, Cart)}
        truth = shop.truth(people=False)["carts"]
        filled = [each for each in truth if each["lines"]]
        assert filled
        assert len([each for each in carts.values() if each.lines]) >= len(filled)
        mine = [each for each in carts.values() if each.lines and each.customer_id]
        assert mine
        for cart in mine:
            assert cart.currency
            assert all(line.price and line.total == line.price * line.quantity for line in cart.lines)
            assert cart.total == sum(line.total for line in cart.lines) > 0
        typed = [each for each in carts.values() if each.email and not each.customer_id]
        assert all(each.checkout for each in typed), "a guest's address was typed at the checkout"

    PRESTA.use(shop, run)


def test_carts_of_nobody_are_not_brought_from_the_past(shop: SimulatedShop) -> None:
    shop.live(minutes=12 * 60)

    async def run(connector: Any) -> None:
        assert await connector.client.read("carts", {"id_customer": "[0]"}), "there are such carts"
        for window in await connector.windows("carts", datetime.now(UTC)):
            page = await connector.page(window, None)
            assert page.rows
            assert all(int(row["id_customer"]) > 0 for row in json.loads(page.body))

    PRESTA.use(shop, run)


# --- the hour that happens twice ---


def test_what_is_changed_in_the_repeated_hour_is_found_though_its_time_is_earlier() -> None:
    with start_simulator(
        platform="prestashop", seed=3, customers=60, now="2026-10-25T00:50:00Z", frozen_clock=True
    ) as shop:

        async def run(connector: Any) -> None:
            first = str(shop.act("order", email="first@example.com")["id"])  # 02:50 in summer time
            found, cursor = await whole_poll(connector, "orders", None, datetime(2026, 10, 25, 0, 45, tzinfo=UTC))
            assert first in {each.external_id for each in found}
            shop.live(minutes=20)
            second = str(shop.act("order", email="second@example.com")["id"])  # 02:10 in winter time
            (row,) = await connector.client.read("orders", {"id": f"[{second}]"}, display="[date_upd]")
            assert row["date_upd"] == "2026-10-25 02:10:00"
            found, cursor = await whole_poll(connector, "orders", cursor, LONG_AGO)
            assert second in {each.external_id for each in found}
            shop.live(minutes=180)
            third = str(shop.act("order", email="third@example.com")["id"])
            found, cursor = await whole_poll(connector, "orders", cursor, LONG_AGO)
            assert third in {each.external_id for each in found}

        PRESTA.use(shop, run)
