"""What a platform's folder must offer; `simulator/<platform>/__init__.py` has `build`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from .faults import Faults
from .options import Options
from .stats import Stats
from .world import ShopError, World


class Platform(Protocol):
    """One shop system's way of speaking about a world."""

    platform: str
    url: str

    @property
    def words(self) -> Mapping[str, str]:
        """Our order states in the platform's words."""

    @property
    def backlog(self) -> int:
        """Webhook deliveries waiting or under way."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def answer(self, request: Request) -> Response:
        """Answer any request that is not the simulator's own."""

    def document(self, kind: str, record_id: int) -> Any:
        """A record as the platform's API shows it; None if it is gone."""

    def add_key(self, permissions: str) -> dict[str, str]:
        """Another key of that scope (read, write, read_write): `{"key", "secret"}`. ShopError if unknown."""

    def change_key(self, key: str, revoke: bool, privileged: bool) -> None:
        """Revoke a key, or take the rights of its user away. ShopError if there is no such key."""

    def hooks(self) -> dict[str, Any]:
        """Registered webhooks with what is normally hidden, and the last deliveries."""


def load(options: Options, world: World, faults: Faults, stats: Stats) -> Platform:
    """The platform called for. Raises ShopError with the known names."""
    known = sorted(each.parent.name for each in Path(__file__).parent.glob("*/shop.py"))
    if options.platform not in known:
        raise ShopError(f"platform {options.platform!r} is not simulated; known: {', '.join(known)}")
    module = import_module(f".{options.platform}", __package__)
    platform: Platform = module.build(world, options, faults, stats)
    return platform
