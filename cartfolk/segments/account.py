"""What the account has, for reading and compiling definitions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties.defined import load
from cartfolk.segments.tree import Context, Known, Shop

Q = Statements.beside(__file__, "account.sql")

_NONE: Mapping[int, Known] = MappingProxyType({})


def context(conn: Connection, segments: Mapping[int, Known] = _NONE, itself: int | None = None) -> Context:
    """The properties, stores and time zone (the first store's; UTC without one) of the account, with the segments a
    definition may name. ``itself``: the segment whose definition is read."""
    rows = conn.execute(Q["shops"]).fetchall()
    stores = {row[0]: Shop(row[1], tuple(row[2]), row[3]) for row in rows}
    zone = _zone(rows[0][4]) if rows else ZoneInfo("UTC")
    cuts = {name: tuple(numbers or moments or ()) for name, numbers, moments in conn.execute(Q["cuts"])}
    return Context(load(conn).properties, zone, stores, segments, itself, cuts)


def _zone(name: str) -> ZoneInfo:
    """A shop may tell a zone nobody knows."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
