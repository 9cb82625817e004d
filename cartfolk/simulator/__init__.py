"""A simulated shop: its own process, seeded, speaking a real platform's API, traps and webhooks included.

`world` and its neighbours are the shop itself and know no platform; a folder per platform gives it a voice.
It imports nothing of the rest of Cartfolk, neither Django nor a database.
"""

from .process import SimulatedShop, SimulatorFailed, start_simulator

__all__ = ["SimulatedShop", "SimulatorFailed", "start_simulator"]
