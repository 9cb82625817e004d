"""Reading one delivery: every object of it alone, so that one which cannot be read never stops the others.

What differs between the platforms are parameters of :func:`read_rows`: where its objects
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
UNEXPECTED = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)
BROKEN = (ValueError, RecursionError)  # what a body that is no JSON raises; brackets in brackets without end too


def read_rows(
    kind: str,
    body: bytes,
    received_at: datetime,
    reader: Callable[[Raw, datetime], Iterable[Record]],
    *,
    rows: Callable[[Any], list[Any]] | None = None,
    key: Callable[[Raw], str | None] | None = None,
    own_text: bool = False,
) -> Mapped:
    """The records of one delivery, and a `BadRecord` of this ``kind`` for each object that is none.

    A body that is not JSON, or neither list nor object, is one `BadRecord` for the whole of it; what plugins print
    around it is left out. ``rows`` finds the objects in what was parsed: otherwise a list's own, the list in
    an object without an id that holds nothing else, or the single object. ``key`` is the id of an object that cannot
    be read: otherwise its ``id``. With ``own_text`` such an object keeps its own part of the delivery untouched:
    otherwise it is written anew.
    """
    try:
        found = lenient(body)
    except BROKEN:
        reason = "This delivery is not JSON. It is asked for again with the next poll."
        return Mapped(bad=(BadRecord(kind, None, "", reason, untouched(body[:2000])),))
    if not isinstance(found, list | dict):
        reason = "This delivery is not a list of objects. It is asked for again with the next poll."
        return Mapped(bad=(BadRecord(kind, None, "", reason, untouched(body[:2000])),))
    listed = _listed(found) if rows is None else rows(found)
    records: list[Record] = []
    bad: list[BadRecord] = []

    def refuse(place: int, raw: Any, field: str, reason: str) -> None:
        external_id = (key or _id)(raw) if isinstance(raw, dict) else None
        shown = json.dumps(raw, default=str, ensure_ascii=False)
        if own_text and listed is found:
            shown = piece(json_text(body), place)
        elif own_text and listed == [found]:
            shown = json_text(body)
        bad.append(BadRecord(kind, external_id, field, reason, shown))

    for place, raw in enumerate(listed):
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
    """A body's text as it came, in the encoding it seems to have; bytes that are no text are replaced."""
    return body.decode(json.detect_encoding(body), "replace")


def piece(text: str, place: int) -> str:
    """The untouched text of one element of a JSON list."""
    return next(each for at, (each, _value) in enumerate(pieces(text)) if at == place)


def own_statuses(config: StoreConfig) -> dict[str, OrderStatus]:
    """The order states a store's owner mapped differently: the shop's word -> ours. Raises ValueError."""
    return {word: OrderStatus(status) for word, status in mapping(config.settings.get("statuses")).items()}


def statuses(info: ConnectorInfo, config: StoreConfig) -> dict[str, OrderStatus]:
    """A platform's map of order states, with what the store's owner changed. Raises ValueError."""
    return {**info.order_statuses, **own_statuses(config)}


def _listed(found: list[Any] | Raw) -> list[Any]:
    if isinstance(found, list):
        return found
    inner = next(iter(found.values()), None) if len(found) == 1 else None
    return inner if isinstance(inner, list) else [found]


def _id(raw: Raw) -> str | None:
    return reference(raw.get("id"))
