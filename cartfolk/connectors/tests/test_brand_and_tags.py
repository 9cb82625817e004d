"""Risk: a shop's brand or tags are lost, or put where nobody asks for them: each platform names them otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cartfolk.connectors import prestashop, shopify, shopware, woocommerce
from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Mapped, Product

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
    ],
    ids=["woocommerce", "woocommerce without", "shopify", "shopware", "prestashop"],
)  # fmt: skip
def test_brand_and_tags_of_a_product(read: Read, raw: dict[str, Any], brand: str | None, tags: tuple[str, ...]) -> None:
    (product,) = read("products", json.dumps([raw]).encode(), NOW).records
    assert isinstance(product, Product)
    assert (product.brand, product.tags) == (brand, tags)
