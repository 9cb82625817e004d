"""Shopware 6: the Admin API with its search, its rights and its webhooks, with the habits of the original."""

from __future__ import annotations

from ..faults import Faults
from ..options import Options
from ..stats import Stats
from ..world import World
from .shop import Integration, ShopwareShop


def build(world: World, options: Options, faults: Faults, stats: Stats) -> ShopwareShop:
    """The shop with its first integration, an administrator."""
    shop = ShopwareShop(world, faults, stats)
    options.key = f"SWIA{options.key.removeprefix('ck_')[:22].upper()}"  # a key of another form breaks it
    shop.integrations[options.key] = Integration(options.key, options.secret, "read_write")
    return shop
