"""Reading one delivery: every object of it alone, so that one which cannot be read never stops the others.

What differs between the platforms are parameters of :func:`read_rows`: how a body becomes JSON, where its objects
stand, where an object has its id, and what of an object that cannot be read is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from .base import ConnectorInfo, StoreConfig
from .canonical import BadRecord, Mapped, OrderStatus, Record
from .reading import FieldError, json_text, load, mapping, pieces, reference

Raw = Mapping[str, Any]
# Plugins write anything anywhere: what a reader may stumble over. Everything else is a mistake of ours.
UNEXPECTED = (ValueError, TypeError, ArithmeticError, AttributeError, KeyError)


def read_rows(
    kind: str,
    body: bytes,
    received_at: datetime,
    reader: Callable[[Raw, datetime], Iterable[Record]],
    *,
    parse: Callable[[bytes], Any] = load,
    rows: Callable[[Any], list[Any]] | None = None,
    key: Callable[[Raw], str | None] | None = None,
    source: Callable[[bytes], str] | None = None,
) -> Mapped:
    """The records of one delivery, and a `BadRecord` of this ``kind`` for each object that is none.

    ``parse`` raises ValueError where the body is not JSON: that is one `BadRecord` for the whole of it. ``rows`` finds
    the objects in what was parsed: otherwise a list's own, or the single one. ``key`` is the id of an object that
    cannot be read: otherwise its ``id``. ``source`` gives the delivery's text, of which such an object keeps its own
    part untouched: otherwise it is written anew.
    """
    try:
        found = parse(body)
    except ValueError:
        reason = "This delivery is not JSON. It is asked for again with the next poll."
        return Mapped(bad=(BadRecord(kind, None, "", reason, body[:2000].decode("utf-8", "replace")),))
    many = isinstance(found, list)
    records: list[Record] = []
    bad: list[BadRecord] = []

    def refuse(place: int, raw: Any, field: str, reason: str) -> None:
        external_id = (key or _id)(raw) if isinstance(raw, dict) else None
        if source is None:
            shown = json.dumps(raw, default=str, ensure_ascii=False)
        else:
            shown = piece(source(body), place) if many else source(body)
        bad.append(BadRecord(kind, external_id, field, reason, shown))

    for place, raw in enumerate(rows(found) if rows else found if many else [found]):
        try:
            if not isinstance(raw, dict):
                raise FieldError("", "This is not an object.")
            if raw.get("_unreadable"):
                raise FieldError("", "The shop cannot show this object: open and save it there, then retry.")
            records += list(reader(raw, received_at))  # all of an object, or nothing of it
        except FieldError as error:
            refuse(place, raw, error.field, error.reason)
        except UNEXPECTED:
            refuse(place, raw, "", "This object has an unexpected form.")
    return Mapped(tuple(records), tuple(bad))


def one(reader: Callable[[Raw, datetime], Record]) -> Callable[[Raw, datetime], tuple[Record]]:
    """For :func:`read_rows`: a reader that makes one record of each object."""
    return lambda raw, received_at: (reader(raw, received_at),)


def lenient(body: bytes) -> Any:
    """The parsed JSON, also of a body with a plugin's notices around it. Raises ValueError."""
    try:
        return load(body)
    except ValueError:
        return load(json_text(body))


def untouched(body: bytes) -> str:
    """A body's text as it came; bytes that are no UTF-8 are replaced."""
    return body.decode("utf-8", "replace")


def piece(text: str, place: int) -> str:
    """The untouched text of one element of a JSON list."""
    return next(each for at, (each, _value) in enumerate(pieces(text)) if at == place)


def own_statuses(config: StoreConfig) -> dict[str, OrderStatus]:
    """The order states a store's owner mapped differently: the shop's word -> ours. Raises ValueError."""
    return {word: OrderStatus(status) for word, status in mapping(config.settings.get("statuses")).items()}


def statuses(info: ConnectorInfo, config: StoreConfig) -> dict[str, OrderStatus]:
    """A platform's map of order states, with what the store's owner changed. Raises ValueError."""
    return {**info.order_statuses, **own_statuses(config)}


def _id(raw: Raw) -> str | None:
    return reference(raw.get("id"))
