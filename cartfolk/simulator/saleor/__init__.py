"""Saleor: its GraphQL API and its webhooks, with the habits of the original."""

from __future__ import annotations

from ..faults import Faults
from ..options import Options
from ..stats import Stats
from ..world import World
from .shop import App, SaleorShop
from .words import PERMISSIONS


def build(world: World, options: Options, faults: Faults, stats: Stats) -> SaleorShop:
    """The shop with its first app, which may everything; its token is the options' key."""
    shop = SaleorShop(world, faults, stats)
    shop.apps[options.key] = App(options.key, frozenset(PERMISSIONS))
    return shop
