"""Risk: a shop's brand or tags are lost, or put where nobody asks for them: each platform names them otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cartfolk.connectors import magento2, medusa, prestashop, saleor, shopify, shopware, vendure, woocommerce
from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.bigcommerce.tests import shop as of_bigcommerce
from cartfolk.connectors.canonical import Mapped, Product
from cartfolk.connectors.magento2.tests import test_conformance as of_magento2
from cartfolk.connectors.medusa.tests import test_conformance as of_medusa
from cartfolk.connectors.openmage.tests import test_conformance as of_openmage
from cartfolk.connectors.saleor.tests import test_conformance as of_saleor
from cartfolk.connectors.vendure.tests import test_conformance as of_vendure
from cartfolk.simulator import start_simulator
from cartfolk.simulator.names import BRANDS, TAGS

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CONFIG = StoreConfig("https://shop.example.com", {}, home_currency="EUR")
Read = Callable[[str, bytes, datetime], Mapped]


@pytest.mark.parametrize(
    ("read", "raw", "brand", "tags"),
    [
        (
            woocommerce.mapping.Reader(CONFIG).read,
            {"id": 7, "name": "Mug", "brands": [{"id": 1, "name": "Kessel &amp; Co", "slug": "kessel"}],
             "tags": [{"id": 2, "name": "New", "slug": "new"}, {"id": 3, "name": "", "slug": ""}]},
            "Kessel & Co", ("New",),
        ),
        (woocommerce.mapping.Reader(CONFIG).read, {"id": 7, "name": "Mug"}, None, ()),
        (
            shopify.mapping.Reader(CONFIG).read,
            {"id": "gid://shopify/Product/7", "title": "Mug", "vendor": "Kessel", "tags": ["new", "sale"]},
            "Kessel", ("new", "sale"),
        ),
        (
            shopware.mapping.Reader(CONFIG).read,
            {"id": "7", "name": "Mug", "createdAt": "2026-01-01T00:00:00.000+00:00",
             "manufacturer": {"name": None, "translated": {"name": "Kessel"}}, "tags": [{"name": "new"}]},
            "Kessel", ("new",),
        ),
        (
            prestashop.mapping.Reader(CONFIG, "https://shop.example.com").read,
            {"id": 7, "name": "Mug", "manufacturer_name": "Kessel", "date_upd": "2026-01-01 00:00:00"},
            "Kessel", (),
        ),
        (
            vendure.mapping.Reader(CONFIG).read,
            {"id": "7", "name": "Mug", "facetValues": [
                {"name": "New", "facet": {"code": "label"}}, {"name": "Kessel", "facet": {"code": "brand"}},
                {"name": "Blue", "facet": {"code": "colour"}}]},
            "Kessel", ("New", "Blue"),
        ),
        (
            medusa.mapping.Reader(CONFIG).read,
            {"id": "prod_7", "title": "Mug", "updated_at": "2026-01-01T00:00:00.000Z",
             "metadata": {"brand": "Kessel"}, "tags": [{"value": "new"}, {"value": " "}]},
            "Kessel", ("new",),
        ),
        (
            medusa.mapping.Reader(CONFIG).read,
            {"id": "prod_7", "title": "Mug", "updated_at": "2026-01-01T00:00:00.000Z", "metadata": None, "tags": None},
            None, (),
        ),
        (
            saleor.mapping.Reader(CONFIG).read,
            {"id": "UHJvZHVjdDo3", "name": "Mug", "attribute": {"values": [{"name": "Kessel"}]}},
            "Kessel", (),
        ),
        (saleor.mapping.Reader(CONFIG).read, {"id": "UHJvZHVjdDo3", "name": "Mug", "attribute": None}, None, ()),
        (magento2.mapping.Reader(CONFIG).read, {"id": 7, "name": "Mug", "_brand": " "}, None, ()),
    ],
    ids=[
        "woocommerce", "woocommerce without", "shopify", "shopware", "prestashop", "vendure", "medusa",
        "medusa without", "saleor", "saleor without", "magento2 with the empty option",
    ],
)  # fmt: skip
def test_brand_and_tags_of_a_product(read: Read, raw: dict[str, Any], brand: str | None, tags: tuple[str, ...]) -> None:
    (product,) = read("products", json.dumps([raw]).encode(), NOW).records
    assert isinstance(product, Product)
    assert (product.brand, product.tags) == (brand, tags)


@pytest.mark.parametrize(
    ("suite", "tagged"),
    [
        (of_bigcommerce.BIG, False),
        (of_magento2.TestMagento(), False),
        (of_openmage.TestJsonRpc(), False),
        (of_saleor.TestSaleor(), False),
        (of_medusa.TestMedusa(), True),
        (of_vendure.TestVendure(), True),
    ],
    ids=["bigcommerce", "magento2", "openmage", "saleor", "medusa", "vendure"],
)
def test_every_product_comes_with_its_own_brand(suite: Any, tagged: bool) -> None:
    """Some shops give a number only, whose name is in another list: none may be taken for another one's."""

    async def run(connector: Any) -> None:
        page = await connector.page((await connector.windows("products", NOW))[0], None)
        products = connector.read("products", page.body, NOW).records
        assert len({each.brand for each in products}) > 2
        for each in products:
            number = re.search(r"[1-9]\d*$", each.external_id)
            assert number
            assert each.brand == BRANDS[int(number[0]) % len(BRANDS)]
        assert {name for each in products for name in each.tags} == (set(TAGS) if tagged else set())

    with start_simulator(platform=suite.platform, seed=11, customers=5, now="2026-11-01T12:00:00Z") as shop:
        suite.use(shop, run)


def test_without_the_right_to_read_names_of_brands_products_come_all_the_same() -> None:
    suite = of_magento2.TestMagento()

    async def run(connector: Any) -> None:
        page = await connector.page((await connector.windows("products", NOW))[0], None)
        read = connector.read("products", page.body, NOW)
        assert read.records
        assert not read.bad
        assert {each.brand for each in read.records} == {None}

    with start_simulator(platform="magento2", seed=11, customers=5, now="2026-11-01T12:00:00Z") as shop:
        suite.use(shop, run, credentials=suite.lesser(shop, "without:attributes"))
