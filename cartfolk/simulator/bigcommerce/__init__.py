"""BigCommerce: orders and coupons of v2, the rest of v3, and webhooks, with the habits of the original.

Its API path is ``<url>/stores/simhash42/v3/``.
"""

from __future__ import annotations

from ..faults import Faults
from ..options import Options
from ..stats import Stats
from ..world import World
from .accounts import Account
from .shop import BigShop


def build(world: World, options: Options, faults: Faults, stats: Stats) -> BigShop:
    """The store with its first API account: ``key`` is the access token, ``secret`` the client secret."""
    shop = BigShop(world, faults, stats, options.runners)
    shop.accounts.add(Account(options.key, options.secret))
    return shop
