"""PrestaShop: the webservice, with the habits of the original. It sends nothing by itself."""

from __future__ import annotations

import hashlib

from ..faults import Faults
from ..options import Options
from ..stats import Stats
from ..world import World
from .shop import PrestaSim


def build(world: World, options: Options, faults: Faults, stats: Stats) -> PrestaSim:
    """The shop with its first key, which may view everything. Keys have 32 letters and digits, and no secret."""
    if len(options.key) != 32:
        options.key = hashlib.sha256(options.key.encode()).hexdigest()[:32].upper()
    options.secret = ""
    shop = PrestaSim(world, faults, stats)
    shop.keys[options.key] = ("read", "")
    return shop
