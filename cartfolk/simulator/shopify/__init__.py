"""Shopify: GraphQL Admin API 2026-10, bulk operations and webhooks, with the habits of the original."""

from __future__ import annotations

from ..faults import Faults
from ..options import Options
from ..stats import Stats
from ..world import World
from .shop import ShopifyShop
from .words import EVERYTHING, SUBSCRIPTIONS


def build(world: World, options: Options, faults: Faults, stats: Stats) -> ShopifyShop:
    """The shop with its first app, which may read everything there is."""
    shop = ShopifyShop(world, faults, stats)
    more = (SUBSCRIPTIONS,) if world.subscriptions else ()
    shop.apps.add(options.key, options.secret, EVERYTHING + more)
    return shop
