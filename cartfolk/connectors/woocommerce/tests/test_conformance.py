"""WooCommerce against a shop that answers."""

from __future__ import annotations

import pytest

from cartfolk.connectors.conformance import Conformance
from cartfolk.connectors.errors import SignatureInvalid
from cartfolk.connectors.woocommerce import webhooks
from cartfolk.simulator import start_simulator


@pytest.fixture(scope="module")
def shop():
    with start_simulator(seed=5, customers=500, subscriptions=True) as found:
        yield found


class TestWooCommerce(Conformance):
    platform = "woocommerce"

    def test_webhooks_are_created_healed_and_removed(self, shop):
        url = "http://127.0.0.1:9/hooks/x"

        async def run(connector):
            first = await connector.ensure_webhooks(url)
            assert first.ok
            assert first.active == len(webhooks.TOPICS + webhooks.SUBSCRIPTION_TOPICS)
            number = shop.webhooks()["webhooks"][0]["id"]
            await connector.client.write("PUT", f"webhooks/{number}", {"status": "disabled"})
            again = await connector.ensure_webhooks(url)
            assert len(again.repaired) == 1
            assert (await connector.ensure_webhooks(url)).repaired == ()
            await connector.remove_webhooks(url)
            assert not shop.webhooks()["webhooks"]

        self.use(shop, run)

    def test_a_webhook_is_believed_only_if_signed(self, shop):
        body = b'{"id":5,"status":"processing"}'
        headers = {
            "x-wc-webhook-topic": "order.updated",
            "x-wc-webhook-signature": webhooks.signature(body, "s3cret-of-the-store"),
        }

        async def run(connector):
            assert connector.webhook(headers, body).ids == ("5",)
            assert connector.webhook({}, b"webhook_id=3").ignore == "ping"
            with pytest.raises(SignatureInvalid):
                connector.webhook(headers, body + b" ")
            with pytest.raises(SignatureInvalid):
                connector.webhook({}, body)

        self.use(shop, run)


def test_plain_permalinks_and_basic_over_tls():
    with start_simulator(seed=6, customers=60, plain_permalinks=True) as shop:
        suite = TestWooCommerce()
        assert suite.use(shop, lambda c: c.check()).ok
        assert suite.use(shop, lambda c: c.counts())["customers"] == 60
