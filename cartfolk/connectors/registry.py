"""The platforms: every folder here whose package has a ``CONNECTOR``. Adding one edits nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .base import STREAMS, Connector, StoreConfig
from .errors import ConnectorError
from .http import make_transport


class PlatformUnknown(ConnectorError):
    """There is no such platform; the text lists the known ones."""


@cache
def _found() -> MappingProxyType[str, type[Connector]]:
    found: dict[str, type[Connector]] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.ispkg or module.name == "tests":
            continue
        connector = getattr(importlib.import_module(f".{module.name}", __package__), "CONNECTOR", None)
        if connector is not None:
            unknown = set(connector.info.streams) - set(STREAMS)
            assert not unknown, f"{module.name}: unknown streams {sorted(unknown)}"
            found[connector.info.platform] = connector
    return MappingProxyType(dict(sorted(found.items())))


def all() -> list[type[Connector]]:
    """Every connector, by platform name."""
    return list(_found().values())


def get(platform: str) -> type[Connector]:
    """The connector of a platform. Raises PlatformUnknown."""
    try:
        return _found()[platform]
    except KeyError:
        known = ", ".join(_found())
        raise PlatformUnknown(f"There is no platform {platform!r}; known are: {known}.") from None


@asynccontextmanager
async def opened(
    platform: str, config: StoreConfig, *, max_concurrency: int = 6, **options: Any
) -> AsyncIterator[Connector]:
    """A connector with its own transport: ``async with opened("woocommerce", config) as shop``.

    ``options`` are those of :class:`~.http.Transport`.
    """
    connector = get(platform)
    auth = connector.auth(config)
    async with make_transport(config, auth=auth, max_concurrency=max_concurrency, **options) as transport:
        yield connector(config, transport)
