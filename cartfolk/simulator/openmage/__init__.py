"""Magento 1 (OpenMage): JSON-RPC and XML-RPC of its API, REST with OAuth 1.0a, with the habits of the original."""

from __future__ import annotations

from ..faults import Faults
from ..options import Options
from ..stats import Stats
from ..world import World
from .shop import MagentoShop


def build(world: World, options: Options, faults: Faults, stats: Stats) -> MagentoShop:
    """The shop with its first API user, who may read everything: its key is his name, its secret his API key."""
    shop = MagentoShop(world, faults, stats)
    shop.add_user(options.key, options.secret, "all")
    return shop
