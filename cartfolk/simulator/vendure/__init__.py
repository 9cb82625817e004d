"""Vendure: the admin GraphQL API on SQLite, with the habits of the original."""

from __future__ import annotations

from ..faults import Faults
from ..options import Options
from ..stats import Stats
from ..world import World
from .shop import READS, Key, VendureShop


def build(world: World, options: Options, faults: Faults, stats: Stats) -> VendureShop:
    """The shop with its first API key, which may read everything. The administrator's name is ``ADMINISTRATOR``, his
    password the options' secret."""
    shop = VendureShop(world, faults, stats)
    shop.keys[options.key] = Key(options.key, frozenset(READS))
    shop.password = options.secret
    return shop
