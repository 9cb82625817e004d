"""Risk: a Shopify contract is taken for an order, meets one of the same number, or stops an app that may not see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Order, OrderStatus
from cartfolk.connectors.shopify import webhooks
from cartfolk.connectors.shopify.mapping import Reader
from cartfolk.connectors.woocommerce.tests.door import Door
from cartfolk.core.sql import Connection
from cartfolk.simulator import SimulatedShop, start_simulator

from .test_subscriptions import Linked, check


class OnShopify(Linked):
    platform = "shopify"

    def keys(self, shop: SimulatedShop) -> dict[str, str]:
        return {"url": shop.url, "client_id": shop.key, "client_secret": shop.secret}


class Lesser(OnShopify):
    def keys(self, shop: SimulatedShop) -> dict[str, str]:
        key, secret = shop.new_key("read_write")  # everything but subscriptions
        return {"url": shop.url, "client_id": key, "client_secret": secret}


@pytest.fixture
def shop() -> Iterator[SimulatedShop]:
    with start_simulator(platform="shopify", seed=23, customers=60, subscriptions=True) as found:
        yield found


@pytest.fixture
def door() -> Iterator[Door]:
    found = Door()
    yield found
    found.close()


def told(shop: SimulatedShop) -> list[dict[str, Any]]:
    """The shop's account in Shopify's words, without what a contract does not tell."""
    return [
        each | {"parent": f"#{each['parent']}", "state": each["state"].upper(), "trial_end": None, "renewed": None}
        for each in shop.truth()["subscriptions"]
    ]


def test_contracts_become_properties_by_import_webhook_and_poll(
    conn: Connection, database: str, shop: SimulatedShop, door: Door
) -> None:
    linked = OnShopify(conn, database, shop, door)
    linked.import_all()
    known = told(shop)
    assert len(known) > 5
    for each in known:
        check(linked, each)
    truth = shop.truth()
    (orders,) = conn.execute("select sum(total_number_of_orders) from contact_property").fetchone() or (0,)
    assert orders in (truth["counted_orders"], truth["counted_orders"] - truth["orders_without_identity"])

    assert set(webhooks.SUBSCRIPTION_TOPICS) <= {each["topic"] for each in shop.webhooks()["webhooks"]}
    door.heard.clear()
    shop.act("subscription", subscription_id=known[0]["id"], status="cancelled")
    linked.follow()
    check(linked, told(shop)[0])
    shop.act("subscription", subscription_id=known[1]["id"], status="paused")
    shop.live(minutes=0)
    door.heard.clear()  # lost
    linked.poll()
    check(linked, told(shop)[1])


def test_an_app_without_the_permission_has_none_and_no_error(
    conn: Connection, database: str, shop: SimulatedShop, door: Door
) -> None:
    linked = Lesser(conn, database, shop, door)
    linked.import_all()
    linked.poll()
    assert linked.ask(lambda connector: connector.ensure_webhooks(door.url)).ok
    assert not set(webhooks.SUBSCRIPTION_TOPICS) & {each["topic"] for each in shop.webhooks()["webhooks"]}
    assert conn.execute("select count(*) from orders where subscription is not null").fetchone() == (0,)


CONTRACT = {
    "id": "gid://shopify/SubscriptionContract/7",
    "status": "ACTIVE",
    "createdAt": "2026-03-01T09:00:00Z",
    "updatedAt": "2026-03-02T09:00:00Z",
    "nextBillingDate": "2026-04-01T09:00:00Z",
    "currencyCode": "EUR",
    "originOrder": {"id": "gid://shopify/Order/7"},
    "customer": {"id": "gid://shopify/Customer/3", "defaultEmailAddress": {"emailAddress": "ada@example.com"}},
    "billingPolicy": {"interval": "MONTH", "intervalCount": 2},
    "deliveryPrice": {"amount": "4.90"},
    "lines": {
        "nodes": [
            {"id": "gid://shopify/SubscriptionLine/a", "title": "Tea", "variantTitle": "Green", "quantity": 3}
            | {"productId": "gid://shopify/Product/5", "variantId": None, "currentPrice": {"amount": "2.50"}}
        ]
    },
}


def read(*rows: dict[str, Any]) -> Any:
    reader = Reader(StoreConfig(url="https://shop.example.com", credentials={}))
    return reader.read("subscriptions", json.dumps(rows).encode(), datetime(2026, 3, 3, tzinfo=UTC))


def test_a_contract_never_meets_the_order_of_the_same_number() -> None:
    (order,) = read(CONTRACT).records
    assert isinstance(order, Order)
    assert order.subscription is not None
    assert (order.external_id, order.number, order.subscription.parent_id) == ("subscription:7", "7", "7")
    assert (order.status, order.status_raw, str(order.total)) == (OrderStatus.IGNORED, "ACTIVE", "12.400000")
    assert (order.subscription.period, order.subscription.interval) == ("month", 2)
    assert order.lines[0].name == "Tea - Green"
    (bad,) = read(CONTRACT | {"createdAt": None}).bad
    assert (bad.external_id, bad.field) == ("subscription:7", "createdAt")
    body = b'{"id":7,"admin_graphql_api_id":"gid://shopify/SubscriptionContract/7"}'
    headers = {
        "x-shopify-topic": "subscription_contracts/update",
        "x-shopify-hmac-sha256": webhooks.signature(body, "s"),
    }
    hint = webhooks.hint(headers, body, ("s",))
    assert (hint.stream, hint.ids) == ("subscriptions", ("subscription:7",))


@pytest.mark.parametrize("status", ["PAUSED", "CANCELLED", "EXPIRED", "FAILED"])
def test_no_payment_is_due_of_a_contract_that_does_not_run(status: str) -> None:
    (running,), (other,) = read(CONTRACT).records, read(CONTRACT | {"status": status}).records
    assert running.subscription.next_payment_at == datetime(2026, 4, 1, 9, tzinfo=UTC)
    assert other.subscription.next_payment_at is None
