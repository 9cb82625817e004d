"""What Magento 1 does to those who take it at its word; each test is named by the trap and meets it in a shop that
answers over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from cartfolk.connectors.canonical import Customer, Order, OrderStatus
from cartfolk.connectors.errors import AddressRefused, PageUnreadable, PermissionMissing, RetryLater
from cartfolk.connectors.http import Answer
from cartfolk.connectors.openmage.client import base_address
from cartfolk.connectors.openmage.walking import Poll
from cartfolk.connectors.openmage.wire import Fault, XmlRpc
from cartfolk.simulator import SimulatedShop, start_simulator

from .test_conformance import Magento

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
NOW = "2026-07-01T12:00:00Z"
MAGE = Magento()


@pytest.fixture(scope="module")
def shop() -> Iterator[SimulatedShop]:
    """Its clock stands still, months ago: all that happens is in one second."""
    with start_simulator(platform="openmage", seed=9, customers=40, now=NOW, frozen_clock=True) as found:
        yield found


def records(connector: Any, stream: str, page: Any) -> list[Any]:
    return list(connector.read(stream, page.body, datetime.now(UTC)).records)


def asked(shop: SimulatedShop) -> int:
    return int(shop.stats()["requests_total"])


# --- sessions and doors ---


def test_an_expired_session_is_renewed_once_for_all_who_wait(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        await connector.counts()
        first = connector.shop.client.user.session
        shop.change_key(shop.key, privileged=False)  # an hour without a call
        before = asked(shop)
        counts = await asyncio.gather(*(connector.counts() for _ in range(5)))
        assert len({each["categories"] for each in counts}) == 1
        assert connector.shop.client.user.session != first
        assert asked(shop) - before == 5 + 1 + 5, "five refusals, one login, five answers"

    MAGE.use(shop, run)


def test_an_hour_without_a_call_ends_a_session() -> None:
    with start_simulator(platform="openmage", seed=2, customers=20, now=NOW, frozen_clock=True) as shop:

        async def run(connector: Any) -> None:
            await connector.counts()
            shop.live(minutes=61)
            assert (await connector.fetch("orders", ["1"])).rows == 0

        MAGE.use(shop, run)


def test_a_session_outlives_the_connector_that_asks_for_smaller_pages(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        await connector.counts()
        before = asked(shop)
        await type(connector)(connector.config, connector.transport).counts()
        assert asked(shop) - before == 1, "neither a login nor a search for the door"

    MAGE.use(shop, run)


def test_json_rpc_gives_every_fault_one_code_and_a_missing_right_is_no_expired_session(shop: SimulatedShop) -> None:
    user, key = shop.new_key("no_orders")
    direct = httpx2.post(
        f"{shop.url}/api/jsonrpc",
        json={"jsonrpc": "2.0", "method": "login", "params": [user, "wrong"], "id": 1},
        trust_env=False,
    )
    assert direct.json()["error"]["code"] == -32000, "the trap is there"
    with pytest.raises(PermissionMissing, match="orders"):
        MAGE.use(shop, lambda c: c.windows("orders", datetime.now(UTC)), credentials={"user": user, "key": key})


def test_a_shop_that_forgets_every_session_is_come_back_to(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        real = connector.shop.client._login

        async def forgotten() -> str:
            session: str = await real()
            shop.change_key(shop.key, privileged=False)
            return session

        connector.shop.client._login = forgotten
        with pytest.raises(RetryLater, match="forgets every session"):
            await connector.counts()

    MAGE.use(shop, run)


def test_a_site_without_the_api_is_no_wrong_key(shop: SimulatedShop) -> None:
    with pytest.raises(AddressRefused, match="neither JSON-RPC nor XML-RPC"):
        MAGE.use(shop, lambda c: c.counts(), url=f"{shop.url}/blog")


@pytest.mark.parametrize(
    "pasted",
    ["/", "/admin/dashboard", "/index.php/admin", "/api/xmlrpc", "/api/v2_soap?wsdl=1", "/customer/account/login"],
)
def test_any_address_of_the_shop_leads_to_its_api(pasted: str) -> None:
    assert base_address(f"https://Shop.example.com/de{pasted}") == "https://Shop.example.com/de"


# --- lists ---


def test_a_bare_filter_is_taken_for_the_arguments_names_and_ours_is_not(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        client = connector.shop.client
        session = await client._entered(None)
        bare = [["sales_order.list", {"order_id": {"from": 1, "to": 2}}]]
        (fault,) = await client._post("multiCall", [session, bare])
        assert fault["isFault"], "the trap is there"
        assert await connector.shop.rows("orders", {"order_id": {"from": "1", "to": "9999999"}})

    MAGE.use(shop, run)


def test_lists_without_limit_and_order_are_walked_by_ids_page_by_page(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        listed = await connector.shop.client.call("sales_order.list", {})
        ids = [int(row["order_id"]) for row in listed]
        assert ids != sorted(ids), "the trap is there"
        connector.page_size = 7
        found: list[str] = []
        for window in await connector.windows("orders", datetime.now(UTC)):
            cursor = None
            while True:
                page = await connector.page(window, cursor)
                assert page.rows <= 7
                found += MAGE.ids("orders", page.body)
                cursor = page.cursor
                if cursor is None:
                    break
        assert [int(each) for each in found] == sorted(ids)

    MAGE.use(shop, run)


def test_an_order_dated_back_has_the_greatest_id_and_is_in_the_last_window(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        newest = (await connector.shop.newest("orders"))[-1]
        later = str(shop.act("order", email="later@example.com")["id"])
        windows = await connector.windows("orders", datetime.now(UTC))
        assert windows[-1].end is None
        assert int(later) > int(newest["order_id"])
        assert later in await MAGE.everything(connector, "orders")

    MAGE.use(shop, run)


def test_a_mass_edit_larger_than_a_page_is_polled_whole(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        connector.page_size = 20
        found = await MAGE.poll(connector, "orders", LONG_AGO)
        assert len(set(found)) == shop.truth(people=False)["orders"]

    MAGE.use(shop, run)


def test_the_poll_follows_the_shops_clock_and_loses_no_change_within_one_second(shop: SimulatedShop) -> None:
    """The shop lives months ago: had the cursor moved to our time, nothing would ever be seen again."""

    async def run(connector: Any) -> None:
        first = str(shop.act("order", email="first@example.com")["id"])
        page = await connector.changes("orders", None, datetime(2026, 7, 1, tzinfo=UTC))
        cursor = page.cursor
        assert first in MAGE.ids("orders", page.body)
        assert Poll.parse(cursor).at == "2026-07-01T12:00:00"
        second = str(shop.act("order", email="second@example.com")["id"])
        page = await connector.changes("orders", cursor, LONG_AGO)
        assert second in MAGE.ids("orders", page.body)
        assert Poll.parse(page.cursor).at == "2026-07-01T12:00:00"

    MAGE.use(shop, run)


def test_a_quiet_shops_last_mass_edit_is_not_read_again_by_every_poll() -> None:
    with start_simulator(platform="openmage", seed=3, customers=20, now=NOW, frozen_clock=True) as shop:

        async def run(connector: Any) -> None:
            edited = {str(shop.act("order", email=f"mass{n}@example.com")["id"]) for n in range(5)}
            since = datetime(2026, 7, 1, tzinfo=UTC)
            first = await connector.changes("orders", None, since)
            again = await connector.changes("orders", first.cursor, since)
            assert edited <= set(MAGE.ids("orders", first.body)) & set(MAGE.ids("orders", again.body)), "may be late"
            connector.overlap = timedelta(0)  # as if the time in which something may be written late were over
            settled = await connector.changes("orders", again.cursor, since)
            quiet = await connector.changes("orders", settled.cursor, since)
            assert quiet.rows == 0
            shop.live(minutes=1)
            new = str(shop.act("order", email="new@example.com")["id"])
            assert new in MAGE.ids("orders", (await connector.changes("orders", quiet.cursor, since)).body)

        MAGE.use(shop, run)


def test_a_list_of_products_tells_no_times_and_the_poll_gets_on_all_the_same(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        product = MAGE.ids(
            "products", (await connector.page((await connector.windows("products", LONG_AGO))[0], None)).body
        )[0]
        shop.act("change_product", product_id=product, name="Renamed")
        page = await connector.changes("products", None, datetime(2026, 7, 1, tzinfo=UTC))
        assert product in MAGE.ids("products", page.body)
        assert Poll.parse(page.cursor).at == "2026-07-01T12:00:00", "from the product itself"

    MAGE.use(shop, run)


def test_the_nightly_list_of_ids_asks_for_no_order_by_itself(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        window = (await connector.windows("orders", datetime.now(UTC)))[0]
        page = await connector.page(window, None)
        whole = {each.external_id: each.updated_at for each in records(connector, "orders", page)}
        before = asked(shop)
        ids = await connector.ids(window, None)
        assert asked(shop) - before <= 2
        assert ids.versions == whole

    MAGE.use(shop, run)


# --- objects ---


def test_an_order_that_crashes_the_shop_is_a_bad_record_and_its_page_goes_on(shop: SimulatedShop) -> None:
    broken = shop.act("order", email="crash@example.com")["id"]
    shop.post_fault("poison", id=broken)
    try:
        page = MAGE.use(shop, lambda c: c.changes("orders", None, datetime(2026, 6, 1, tzinfo=UTC)))
    finally:
        shop.clear_faults()

    async def run(connector: Any) -> None:
        mapped = connector.read("orders", page.body, datetime.now(UTC))
        assert [bad.external_id for bad in mapped.bad] == [str(broken)]
        assert "save it there" in mapped.bad[0].reason
        assert len(mapped.records) == page.rows - 1 > 3

    MAGE.use(shop, run)


def test_a_shop_that_breaks_down_over_every_order_is_ill_and_its_orders_are_not(shop: SimulatedShop) -> None:
    orders = [str(shop.act("order", email=f"ill{n}@example.com")["id"]) for n in range(2)]
    for order in orders:
        shop.post_fault("poison", id=int(order))
    try:
        with pytest.raises(RetryLater, match="everything it is asked for"):
            MAGE.use(shop, lambda c: c.fetch("orders", orders))
    finally:
        shop.clear_faults()


def test_a_number_that_is_another_products_sku_is_still_an_id(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        (window,) = await connector.windows("products", datetime.now(UTC))
        one, two = MAGE.ids("products", (await connector.page(window, None)).body)[:2]
        shop.act("change_product", product_id=two, sku=one)
        direct = await connector.shop.client.call("catalog_product.info", one)
        assert direct["product_id"] == two, "the trap is there"
        assert MAGE.ids("products", (await connector.fetch("products", [one])).body) == [one]

    MAGE.use(shop, run)


def test_password_hashes_are_told_by_the_shop_and_kept_by_nobody(shop: SimulatedShop) -> None:
    async def run(connector: Any) -> None:
        assert "password_hash" in (await connector.shop.rows("customers", {"customer_id": {"from": "1"}}))[0]
        (window,) = await connector.windows("customers", datetime.now(UTC))
        page = await connector.page(window, None)
        assert page.rows
        assert b"password" not in page.body

    MAGE.use(shop, run)


def test_a_cards_number_is_told_by_the_shop_and_kept_by_nobody(shop: SimulatedShop) -> None:
    made = shop.act("order", email="card@example.com")
    assert "cc_number_enc" in made["order"]["payment"]
    page = MAGE.use(shop, lambda c: c.fetch("orders", [str(made["id"])]))
    assert page.rows == 1
    assert b"cc_" not in page.body
    assert json.loads(page.body)[0]["payment"]["method"] == made["order"]["payment"]["method"]


def test_guests_are_in_no_customer_list_and_come_from_the_order(shop: SimulatedShop) -> None:
    order = str(shop.act("order", email=" Guest.Person@Example.com ")["id"])

    async def run(connector: Any) -> None:
        (found,) = records(connector, "orders", await connector.fetch("orders", [order]))
        assert (found.customer_id, found.email) == (None, "Guest.Person@Example.com")

    MAGE.use(shop, run)


def test_addresses_and_group_are_asked_for_beside_the_customer(shop: SimulatedShop) -> None:
    account = str(shop.act("register", email="boss@example.com", role="shop_manager")["id"])

    async def run(connector: Any) -> None:
        (found,) = records(connector, "customers", await connector.fetch("customers", [account]))
        assert isinstance(found, Customer)
        assert found.groups == ("Wholesale",)
        assert found.billing is not None
        assert found.billing.country == "DE"

    MAGE.use(shop, run)


def test_a_refund_is_a_credit_memo_leaves_the_state_alone_and_moves_the_order_into_the_poll(
    shop: SimulatedShop,
) -> None:
    order = str(shop.act("order", email="refund@example.com")["id"])
    shop.act("refund", order_id=order, amount="1.50", reason="Broken")

    async def run(connector: Any) -> None:
        page = await connector.changes("orders", None, datetime(2026, 7, 1, tzinfo=UTC))
        (found,) = [each for each in records(connector, "orders", page) if each.external_id == order]
        assert isinstance(found, Order)
        assert found.status is OrderStatus.COMPLETED
        (refund,) = found.refunds
        assert (refund.amount, refund.reason) == (Decimal("1.5000"), "Broken")
        assert refund.created_at == datetime(2026, 7, 1, 12, tzinfo=UTC)
        assert found.total > refund.amount, "the total is before refunds"

    MAGE.use(shop, run)


def test_a_user_who_may_not_see_credit_memos_still_knows_what_was_given_back(shop: SimulatedShop) -> None:
    order = str(shop.act("order", email="sum@example.com")["id"])
    for _ in range(2):
        shop.act("refund", order_id=order, amount="1.50")
    user, key = shop.new_key("no_refunds")
    page = MAGE.use(shop, lambda c: c.fetch("orders", [order]), credentials={"user": user, "key": key})

    async def run(connector: Any) -> None:
        (found,) = records(connector, "orders", page)
        assert [(each.amount, each.created_at) for each in found.refunds] == [(Decimal("3.0000"), None)]

    MAGE.use(shop, run)


def test_a_status_of_the_shops_own_is_judged_by_its_state(shop: SimulatedShop) -> None:
    order = str(shop.act("order", email="own@example.com", status="payment_failed")["id"])

    async def run(connector: Any) -> None:
        (found,) = records(connector, "orders", await connector.fetch("orders", [order]))
        assert (found.status, found.status_raw) == (OrderStatus.CANCELLED, "payment_failed")

    MAGE.use(shop, run)


# --- XML ---


def xml(inner: str, before: str = "") -> Answer:
    body = f'<?xml version="1.0"?>{before}<methodResponse>{inner}</methodResponse>'
    return Answer(200, {"content-type": "text/xml"}, body.encode())


def test_an_entity_bomb_is_refused_before_it_unfolds() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    value = "<params><param><value><string>&b;</string></value></param></params>"
    with pytest.raises(PageUnreadable):
        XmlRpc().decode(xml(value, bomb))
    with pytest.raises(PageUnreadable):
        XmlRpc().decode(Answer(200, {}, ('<?xml version="1.0" encoding="utf-16"?>' + bomb).encode("utf-16")))


def test_numbers_of_xml_rpc_are_no_floats_and_nothing_is_nothing() -> None:
    values = "<value><double>0.1499999999999999944</double></value><value><nil/></value><value><i4>5</i4></value>"
    found = XmlRpc().decode(xml(f"<params><param><value><array><data>{values}</data></array></value></param></params>"))
    assert found == [Decimal("0.1499999999999999944"), None, 5]


@pytest.mark.parametrize("inner", ["", "<params></params>", "<params><param><value><array></value></param></params>"])
def test_what_is_no_xml_rpc_is_an_unreadable_page(inner: str) -> None:
    with pytest.raises(PageUnreadable):
        XmlRpc().decode(xml(inner))


def test_a_fault_of_xml_rpc_keeps_its_code() -> None:
    members = "<member><name>faultCode</name><value><int>5</int></value></member>"
    members += "<member><name>faultString</name><value><string>Session expired</string></value></member>"
    assert XmlRpc().decode(xml(f"<fault><value><struct>{members}</struct></value></fault>")) == Fault(5)


def test_what_is_sent_is_xml_rpc_of_the_plain_kind() -> None:
    sent = XmlRpc().encode("multiCall", ["sid", [["sales_order.list", [{"order_id": {"from": "1", "to": "9"}}]]]])
    assert b"<methodName>multiCall</methodName>" in sent
    assert b"nil" not in sent
    assert json.dumps(sent.decode())
