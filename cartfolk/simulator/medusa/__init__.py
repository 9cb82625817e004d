"""Medusa 2: the Admin API by secret key, with the habits of the original."""

from __future__ import annotations

from ..faults import Faults
from ..options import Options
from ..stats import Stats
from ..world import World
from .shop import MedusaShop


def build(world: World, options: Options, faults: Faults, stats: Stats) -> MedusaShop:
    """The server with its first secret key."""
    # Medusa's keys begin with sk_; one made for another platform is written in its way.
    key = options.key if options.key.startswith("sk_") else f"sk_{options.key.removeprefix('ck_')}"
    options.key, options.secret = key, ""
    return MedusaShop(world, key, faults, stats)
