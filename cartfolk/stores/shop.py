"""Opening a shop: the connector of a store with its transport, closed again afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cartfolk.connectors import registry
from cartfolk.connectors.base import Connector, StoreConfig

from .credentials import config
from .models import Store


@asynccontextmanager
async def opened(platform: str, wanted: StoreConfig, max_concurrency: int = 6) -> AsyncIterator[Connector]:
    """A connector that can speak to the shop, at most ``max_concurrency`` requests at a time."""
    async with registry.opened(platform, wanted, max_concurrency=max_concurrency) as connector:
        yield connector


@asynccontextmanager
async def open_store(store: Store) -> AsyncIterator[Connector]:
    """The connector of a connected store."""
    async with opened(store.platform, config(store), store.max_concurrency) as connector:
        yield connector


def reader(store: Store) -> Connector:
    """The connector without a transport: for what needs no network, ``read`` and ``webhook``."""
    return registry.get(store.platform)(config(store), None)
