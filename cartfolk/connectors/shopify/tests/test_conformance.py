"""Shopify against a shop that answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cartfolk.connectors.errors import SignatureInvalid
from cartfolk.connectors.shopify import webhooks
from cartfolk.simulator import start_simulator

from .shops import Told, Words


@pytest.fixture(scope="module")
def shop() -> Iterator[Told]:
    with start_simulator(platform="shopify", seed=5, customers=60, subscriptions=True) as found:
        yield Told(found)


class TestShopify(Words):
    def test_webhooks_are_created_healed_and_removed(self, shop: Told) -> None:
        url = "https://cartfolk.example.com/hooks/x"

        async def run(connector: Any) -> None:
            first = await connector.ensure_webhooks(url)
            assert first.ok
            assert first.active == len(webhooks.TOPICS)
            await connector.client.change(
                "mutation($id:ID!){webhookSubscriptionDelete(id:$id){deletedWebhookSubscriptionId}}",
                id=shop.webhooks()["webhooks"][0]["id"],
            )
            again = await connector.ensure_webhooks(url)
            assert again.repaired == ("CUSTOMERS_CREATE: created",)
            assert (await connector.ensure_webhooks(url)).repaired == ()
            await connector.remove_webhooks(url)
            assert not shop.webhooks()["webhooks"]

        self.use(shop, run)

    def test_a_webhook_is_believed_only_if_signed(self, shop: Told) -> None:
        body = b'{"id":5,"total_price":"1.00"}'
        headers = {
            "x-shopify-topic": "orders/updated",
            "x-shopify-hmac-sha256": webhooks.signature(body, shop.secret),
        }

        async def run(connector: Any) -> None:
            assert connector.webhook(headers, body).ids == ("5",)
            with pytest.raises(SignatureInvalid):
                connector.webhook(headers, body + b" ")
            with pytest.raises(SignatureInvalid):
                connector.webhook({}, body)

        self.use(shop, run)
