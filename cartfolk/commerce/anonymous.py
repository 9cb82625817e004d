"""Carts nobody can be named for yet: kept with all their moments, adopted when an identity appears."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cartfolk.connectors.canonical import Attribution, Cart, Line
from cartfolk.core.sql import Connection, Statements

from .stage import as_json, clean

Q = Statements.beside(__file__, "anonymous.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def keep_anonymous(conn: Connection, store_id: int, carts: Sequence[Cart], received_at: datetime) -> None:
    """Adds these moments to what is known of their carts; a moment seen twice is kept once, as last received.

    Committed before the caller looks (again) whether somebody has claimed one of the carts meanwhile: either
    that claim finds the moments, or the caller finds the claim and adopts them itself.
    """
    received = (received_at - _EPOCH) // timedelta(microseconds=1)
    by_token: dict[str, list[Cart]] = {}
    for cart in carts:
        by_token.setdefault(clean(cart.external_id) or "", []).append(cart)
    if by_token:
        conn.execute(
            Q["keep_anonymous"],
            {
                "store": store_id,
                "externals": list(by_token),
                "firsts": [min(cart.updated_at for cart in moments) for moments in by_token.values()],
                "lasts": [max(cart.updated_at for cart in moments) for moments in by_token.values()],
                "moments": [
                    "[" + ",".join(f'{{"received": {received}, "cart": {told}}}' for told in texts) + "]"
                    for texts in (dict.fromkeys(map(to_json, moments)) for moments in by_token.values())
                ],
            },
        )


def adopt(conn: Connection, store_id: int, tokens: Sequence[str]) -> list[tuple[Cart, datetime]]:
    """Takes the moments of these carts out with the time each was received, oldest first."""
    if not tokens:
        return []
    found = conn.execute(Q["adopt"], {"store": store_id, "externals": list(tokens)})
    told = [
        (from_json(moment["cart"]), _EPOCH + timedelta(microseconds=moment["received"]))
        for (moments,) in found
        for moment in moments
    ]
    return sorted(told, key=lambda one: (one[0].updated_at, one[1], one[0].external_id))


def forget(conn: Connection, before: datetime, limit: int = 1000) -> int:
    """Deletes up to ``limit`` carts nobody was named for and nothing was heard of since ``before``; how many."""
    return conn.execute(Q["forget_anonymous"], {"before": before, "limit": limit}).rowcount


def _plain(value: Any) -> Any:
    """A canonical value as JSON can hold it without loss: Decimals and times as text, defaults left out."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, (Line, Attribution, Cart)):
        return {field.name: _plain(item) for field in fields(value) if (item := getattr(value, field.name)) is not None}
    return value


def to_json(cart: Cart) -> str:
    """The cart as JSON text; :func:`from_json` gives an equal cart back."""
    return as_json(_plain(cart))


def from_json(moment: str | Mapping[str, Any]) -> Cart:
    data: dict[str, Any] = dict(json.loads(moment) if isinstance(moment, str) else moment)
    for name in ("updated_at", "created_at"):
        if name in data:
            data[name] = datetime.fromisoformat(data[name])
    for name in ("total", "subtotal", "tax"):
        if name in data:
            data[name] = Decimal(data[name])
    data["lines"] = tuple(_line(line) for line in data.get("lines", ()))
    if "attribution" in data:
        data["attribution"] = Attribution(**data["attribution"])
    return Cart(**data)


def _line(data: Mapping[str, Any]) -> Line:
    amounts = ("quantity", "total", "price", "tax", "discount")
    values: dict[str, Any] = {name: Decimal(v) if name in amounts and v is not None else v for name, v in data.items()}
    return Line(**values)
