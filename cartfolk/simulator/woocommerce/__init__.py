"""WooCommerce: REST API wc/v3, wc-analytics and webhooks, with the habits of the original."""

from __future__ import annotations

from ..faults import Faults
from ..options import Options
from ..stats import Stats
from ..world import World
from .auth import Key
from .shop import Manners, WooShop


def build(world: World, options: Options, faults: Faults, stats: Stats) -> WooShop:
    """The shop with its first key, which may read and write."""
    manners = Manners(
        options.pretend_https or options.certificate is not None, options.plain_permalinks, options.runners
    )
    shop = WooShop(world, manners, faults, stats)
    shop.keyring.add(Key(options.key, options.secret, "read_write"))
    return shop
