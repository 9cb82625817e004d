"""What the account has, for reading and compiling definitions."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties.defined import Defined, load
from cartfolk.segments.tree import Context, Known, Shop

Q = Statements.beside(__file__, "account.sql")


def context(conn: Connection, itself: int | None = None, defined: Defined | None = None) -> Context:
    """The properties, stores, segments and time zone (the first store's; UTC without one) of the account: the same
    object as long as nothing of it changes. ``itself``: the segment whose definition is read; ``defined``: the
    properties, where the caller has read them already."""
    (text,) = conn.execute(Q["account"]).fetchone() or ("{}",)
    return _read(str(text), defined or load(conn), itself)


@lru_cache(32)
def _read(text: str, defined: Defined, itself: int | None) -> Context:
    account = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    stores = {int(s["id"]): Shop(s["name"], tuple(s["counted"]), s["currency"]) for s in account["stores"]}
    zone = _zone(account["stores"][0]["timezone"]) if stores else ZoneInfo("UTC")
    segments = {int(s["id"]): Known(s["name"], frozenset(map(int, s["uses"]))) for s in account["segments"]}
    cuts = {
        cut["property"]: tuple(cut["numbers"] or map(datetime.fromisoformat, cut["moments"] or ()))
        for cut in account["cuts"]
    }
    return Context(defined.properties, zone, stores, segments, itself, cuts, archived=defined.archived)


def _zone(name: str) -> ZoneInfo:
    """A shop may tell a zone nobody knows."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
