"""Stores as the doors know them: read once, kept for some seconds, so that a delivery costs one INSERT."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from cartfolk.connectors.base import Connector
from cartfolk.core.sql import Connection
from cartfolk.stores import lookup
from cartfolk.stores.credentials import ingest_secret
from cartfolk.stores.models import Store
from cartfolk.stores.shop import reader

_SECONDS = 5.0  # a changed secret counts after that long
_MOST = 1000  # strangers asking for made-up keys must not fill the memory


@dataclass(slots=True)
class Known:
    """A store with what the doors need, already decrypted."""

    store: Store
    connector: Connector  # no transport
    ingest_secret: str
    host: str  # of the shop, without www.
    until: float


_known: dict[str, Known] = {}


def by_key(conn: Connection, key: str) -> Known:
    """The store of a door's address. Raises stores.lookup.UnknownStore."""
    at = time.monotonic()
    found = _known.get(key)
    if found is not None and found.until > at:
        return found
    _known.pop(key, None)
    store = lookup.by_key(conn, key)
    found = Known(store, reader(store), ingest_secret(store), bare_host(store.storefront), at + _SECONDS)
    if len(_known) >= _MOST:
        _known.clear()
    _known[key] = found
    return found


def forget(key: str = "") -> None:
    """Reads that store anew the next time, e.g. since it has new keys; without a key every store."""
    if key:
        _known.pop(key, None)
    else:
        _known.clear()


def bare_host(url: str) -> str:
    """The host of an address without ``www.``; empty for what is no address."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
