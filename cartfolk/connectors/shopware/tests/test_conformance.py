"""Shopware against a shop that answers."""

from __future__ import annotations

import pytest

from cartfolk.connectors.conformance import Conformance
from cartfolk.connectors.errors import SignatureInvalid
from cartfolk.connectors.shopware import webhooks

from .shop import running


@pytest.fixture(scope="module")
def shop():
    with running(seed=5, customers=60) as found:
        yield found


class TestShopware(Conformance):
    platform = "shopware"
    wrong = {"secret": "wrong"}
    scopes = {"read": "webhooks", "orders": "orders"}
    spoiled = ("amountTotal", "twelve")

    def test_webhooks_are_created_healed_and_removed(self, shop):
        url = "http://127.0.0.1:9/hooks/x"

        async def run(connector):
            first = await connector.ensure_webhooks(url)
            assert first.ok
            assert first.active == len(webhooks.EVENTS)
            one, other = shop.webhooks()["webhooks"][:2]
            await connector.client.write("PATCH", f"webhook/{one['id']}", {"active": False})
            await connector.client.write("DELETE", f"webhook/{other['id']}")
            await connector.client.write("POST", "webhook", other)
            await connector.client.write("POST", "webhook", other)
            again = await connector.ensure_webhooks(url)
            assert sorted(again.repaired) == sorted(
                [f"{one['eventName']}: switched on again", f"{other['eventName']}: removed a duplicate"]
            )
            assert (await connector.ensure_webhooks(url)).repaired == ()
            await connector.remove_webhooks(url)
            assert not shop.webhooks()["webhooks"]

        self.use(shop, run)

    def test_a_webhook_is_believed_only_if_signed(self, shop):
        key = "0190007f7aa770000000000000000005"
        body = b'{"data":{"event":"order.written","payload":[{"entity":"order","primaryKey":"%s"}]}}' % key.encode()
        signed = {"shopware-shop-signature": webhooks.signature(body, "s3cret-of-the-store")}
        named = {"authorization": webhooks.authorization("s3cret-of-the-store")}

        async def run(connector):
            assert connector.webhook(signed, body).ids == (key,)
            assert connector.webhook(named, body).ids == (key,)
            for headers, what in (
                (signed, body + b" "),
                ({}, body),
                ({"authorization": webhooks.authorization("of another store")}, body),
                ({"shopware-shop-signature": "0" * 64} | named, body),
            ):
                with pytest.raises(SignatureInvalid):
                    connector.webhook(headers, what)

        self.use(shop, run)
