"""Magento 2 against a shop that answers."""

from __future__ import annotations

import pytest

from cartfolk.connectors.conformance import Conformance
from cartfolk.simulator import start_simulator
from cartfolk.simulator.magento2.auth import tokens


def keys(key, secret):
    """The four values of an integration of the simulator, by the names of the connect form."""
    token, token_secret = tokens(key, secret)
    return {"key": key, "secret": secret, "token": token, "token_secret": token_secret}


@pytest.fixture(scope="module")
def shop():
    with start_simulator(platform="magento2", seed=5, customers=90) as found:
        yield found


class TestMagento(Conformance):
    platform = "magento2"
    scopes = {"without:carts": "carts", "without:creditmemos": "refunds", "without:store": "stores"}
    spoiled = ("grand_total", "twelve")

    def row_id(self, stream, row):
        return str(row["entity_id" if stream == "orders" else "id"])

    def credentials(self, shop):
        return keys(shop.key, shop.secret)

    def lesser(self, shop, scope):
        return keys(*shop.new_key(scope))

    @pytest.mark.parametrize("stream", ["categories", "products"])
    def test_the_catalogue_is_walked_to_its_end(self, shop, stream):
        async def run(connector):
            counted = (await connector.counts())[stream]
            found = await self.everything(connector, stream)
            assert len(found) == len(set(found)) == counted

        self.use(shop, run)
