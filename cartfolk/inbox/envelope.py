"""Our own envelope: what shops without webhooks, our plugins and the tracking script send (docs/ingest.md).

    {"id": "…", "kind": "cart", "occurred_at": "2026-03-01T10:00:00Z", "object": {…}}

One envelope or a JSON array of up to 500. Each is read strictly and alone: what is wrong is said with the
field and the record, and the others go on. Money is text or a JSON number, read as Decimal, never as float.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop as _n

from cartfolk.connectors.canonical import BadRecord, Mapped, Record

from .fields import Fields, Wrong, instant
from .shapes import SHAPES, TRACKED

MOST = 500  # envelopes in one request
_AHEAD = timedelta(minutes=10)  # a sender's clock may be that wrong


class NotEnvelopes(ValueError):
    """The body as a whole is no envelope and no array of envelopes."""


def load(body: bytes) -> list[Any]:
    """The envelopes of a body, not looked into yet. Raises NotEnvelopes with what to do."""
    try:
        loaded = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotEnvelopes(f"The body is no JSON: {error}.") from None
    several = loaded if isinstance(loaded, list) else [loaded]
    if not several:
        raise NotEnvelopes("The array is empty; send at least one envelope.")
    if len(several) > MOST:
        raise NotEnvelopes(f"The array holds {len(several)} envelopes; send at most {MOST} at a time.")
    return several


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number in JSON")


def sites(several: list[Any]) -> list[str]:
    """The addresses these envelopes say their shop has, each once."""
    told = (one.get("site") for one in several if isinstance(one, dict))
    return list(dict.fromkeys(site for site in told if isinstance(site, str)))


def read(body: bytes, received_at: datetime, *, tracked: bool = False) -> Mapped:
    """Canonical records and bad records of a stored body. ``tracked``: from the unsigned script, which may
    report carts only and whose clock does not count."""
    try:
        several = load(body)
    except NotEnvelopes as error:
        return Mapped((), (BadRecord("envelope", None, "body", str(error), body.decode("utf-8", "replace")),))
    records: list[Record] = []
    bad: list[BadRecord] = []
    for position, one in enumerate(several):
        try:
            records += read_one(one, received_at, tracked=tracked)
        except Wrong as error:
            bad.append(
                BadRecord(_kind(one), _external_id(one), error.field, f"Record {position + 1}: {error}", _raw(one))
            )
    return Mapped(tuple(records), tuple(bad))


def read_one(one: Any, received_at: datetime, *, tracked: bool = False) -> list[Record]:
    """The canonical records of one envelope. Raises fields.Wrong naming the field."""
    top = Fields(one, "")
    top.only("id", "kind", "occurred_at", "object", "site")
    kinds: dict[str, Callable[[Fields, datetime], list[Record]]] = TRACKED if tracked else SHAPES
    kind = top.text("kind", required=True, limit=40)
    if kind not in kinds:
        raise Wrong("kind", _n("is %(value)r; it is one of %(known)s"), value=kind, known=", ".join(sorted(kinds)))
    top.text("id", limit=200)
    top.text("site", limit=300)
    if tracked:
        at = received_at
    else:
        at = instant(top.value("occurred_at"), "occurred_at")
        if at > received_at + _AHEAD:
            raise Wrong("occurred_at", _n("lies in the future; check the sender's clock"))
    return kinds[str(kind)](Fields(top.value("object"), "object"), at)


def _kind(one: Any) -> str:
    kind = one.get("kind") if isinstance(one, dict) else None
    return {"checkout": "cart"}.get(kind, kind) if isinstance(kind, str) and kind in SHAPES else "envelope"


def _external_id(one: Any) -> str | None:
    """The object's own id where it can be seen, so that a later good version resolves the bad one."""
    inside = one.get("object") if isinstance(one, dict) else None
    if not isinstance(inside, dict):
        return None
    name = {"customer": "customer_id", "cart": "cart_id", "checkout": "cart_id", "order": "order_id"}
    value = inside.get(name.get(str(one.get("kind")), ""))
    return str(value)[:200] if isinstance(value, str | int) and value else None


def _raw(one: Any) -> str:
    return json.dumps(one, default=str, ensure_ascii=False)
