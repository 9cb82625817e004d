"""Magento 2: REST V1 with searchCriteria and OAuth 1.0a, with the habits of the original. It sends no webhooks."""

from __future__ import annotations

from ..faults import Faults
from ..options import Options
from ..stats import Stats
from ..world import World
from .auth import Integration
from .shop import MagentoShop


def build(world: World, options: Options, faults: Faults, stats: Stats) -> MagentoShop:
    """The shop with its first integration, which may read everything."""
    shop = MagentoShop(world, faults, stats)
    shop.integrations.add(Integration(options.key, options.secret))
    return shop
