"""Reading what shops send: JSON, money, times and text, the same way in every connector.

Every reader takes the field's name and raises :class:`FieldError` naming it: the record becomes a
`BadRecord`, its page goes on.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .canonical import ZERO

_START = re.compile(r"[\[{]")
_SPACE = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder(parse_float=Decimal)
_CANDIDATES = 200  # brackets a notice before the JSON may hold


class JsonBroken(ValueError):
    """Not JSON; ``truncated`` = it begins like JSON and ends too early."""

    def __init__(self, message: str, truncated: bool) -> None:
        super().__init__(message)
        self.truncated = truncated


class FieldError(ValueError):
    """A field cannot be read. The text says what is wrong with it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def json_text(body: bytes) -> str:
    """The JSON text in a body: without byte-order mark, PHP notices before it and markup after it.

    Raises JsonBroken.
    """
    text = body.decode(json.detect_encoding(body), "replace").lstrip("\ufeff \t\r\n")
    truncated = False
    for tried, match in enumerate(_START.finditer(text)):
        if tried >= _CANDIDATES:
            break
        start = match.start()
        if start and not (text[:start].rstrip().endswith((">", ".", ":", ";", ")")) or "\n" in text[:start]):
            continue  # a bracket inside a sentence
        try:
            _value, end = _DECODER.raw_decode(text, start)
        except ValueError as error:
            at = error.pos if isinstance(error, json.JSONDecodeError) else 0
            truncated = truncated or at >= len(text) - 12 or "Unterminated" in str(error)
            if start == 0:
                break
            continue
        rest = text[end:].lstrip()
        if not rest or rest.startswith("<"):
            return text[start:end]
    raise JsonBroken("the answer is not JSON", truncated)


def load(body: bytes | str) -> Any:
    """The parsed JSON; numbers with a point are Decimal. Raises ValueError."""
    return json.loads(body, parse_float=Decimal)


def pieces(text: str) -> Iterator[tuple[str, Any]]:
    """Every element of a JSON list as its own untouched text and parsed. Raises ValueError."""
    at = _SPACE.match(text, text.index("[") + 1).end()  # type: ignore[union-attr]
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield text[at:end], value
        at = _SPACE.match(text, end).end()  # type: ignore[union-attr]


def page_body(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Objects read by :func:`load` as the body of a page again. A number with a point becomes text of the same
    digits, which :func:`money` reads as well: JSON written by Python would make it a float."""
    return json.dumps(list(rows), default=str, ensure_ascii=False).encode()


def text(value: Any) -> str | None:
    """Text as people read it: HTML entities decoded once, NFC, no NUL; nothing or blank is None."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        if isinstance(value, bool | list | dict):
            return None
        value = str(value)
    if "&" in value:
        value = html.unescape(value)
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
        if not value.isprintable():
            # Half a surrogate pair cannot be stored as UTF-8.
            value = value.encode("utf-8", "replace").decode()
    if "\x00" in value:
        value = value.replace("\x00", "")
    value = value.strip()
    return value or None


def money(value: Any, field: str) -> Decimal:
    """An amount in major units, with the decimals the shop sent; nothing is zero. Raises FieldError."""
    if type(value) is str:
        if value == "":
            return ZERO
    elif value is None:
        return ZERO
    elif isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise FieldError(field, f"{field} is not an amount but {_shown(value)}.")
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise FieldError(field, f"{field} is not an amount but {_shown(value)}.") from None
    if not found.is_finite():
        raise FieldError(field, f"{field} is not an amount but {_shown(value)}.")
    return found


def moment(value: Any, field: str, zone: str = "UTC") -> datetime | None:
    """An instant in UTC; a time without a zone is in ``zone``. None for nothing. Raises FieldError."""
    if value is None or value == "" or value == "0000-00-00T00:00:00":
        return None
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise FieldError(field, f"{field} is not a time but {_shown(value)}.") from None
    if found.tzinfo is None:
        if zone == "UTC":
            return found.replace(tzinfo=UTC)
        try:
            found = found.replace(tzinfo=ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError):
            found = found.replace(tzinfo=UTC)
    return found.astimezone(UTC)


def identifier(value: Any, field: str) -> str:
    """An id the record cannot be without. Raises FieldError."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value in ("", 0, "0"):
        raise FieldError(field, f"{field} is missing or not an id: {_shown(value)}.")
    return str(value)


def reference(value: Any) -> str | None:
    """The id of something else; 0, empty and nothing are None."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value in ("", 0, "0"):
        return None
    return str(value)


def mapping(value: Any) -> Mapping[str, Any]:
    """An object; PHP writes an empty one as a list, and plugins leave it out."""
    return value if isinstance(value, dict) else {}


def objects(value: Any, field: str) -> list[Any]:
    """A list of objects; nothing is none; an object with numbers as names is PHP's list with holes."""
    if not value:
        return []
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise FieldError(field, f"{field} is not a list of objects.")
    return value


def _shown(value: Any) -> str:
    """Short enough for a message; a reader of it may look at the record itself."""
    shown = repr(value)
    return shown if len(shown) <= 40 else shown[:37] + "..."
