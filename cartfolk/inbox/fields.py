"""Reading fields strictly: every complaint names the field by its full path and says what is wanted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _n

_CURRENCY = re.compile(r"^[A-Z]{3}$")
_MOST = Decimal(10) ** 15


class Wrong(ValueError):
    """A field that cannot be read; the text begins with its path and is English, as the senders of envelopes read it.
    ``what`` is a text for ``%`` with ``told``, so that ``said`` can tell it in a person's language."""

    def __init__(self, field: str, what: str, **told: Any) -> None:
        super().__init__(f"{field} {what % told}.")
        self.field, self._what, self._told = field, what, told

    def said(self, name: str) -> str:
        """The text in the language in force, about ``name`` in place of the path."""
        return f"{name} {gettext(self._what) % self._told}."


def instant(value: Any, path: str) -> datetime:
    """An ISO 8601 text with zone as UTC."""
    if not isinstance(value, str):
        raise Wrong(path, _n("is missing; send an ISO 8601 time with zone, like 2026-03-01T10:00:00Z"))
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise Wrong(path, _n("is %(value)r without a zone; end it with Z or an offset like +01:00"), value=value)
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, Wrong):
            raise
        raise Wrong(path, _n("is %(value)r, no ISO 8601 time like 2026-03-01T10:00:00Z"), value=value[:60]) from None
    if at.year < 1990:
        raise Wrong(path, _n("is %(value)r, before there were online shops"), value=value[:60])
    return at


class Fields:
    """A JSON object whose fields are read one by one."""

    def __init__(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            what = _n("is missing or no JSON object") if value is None else _n("is no JSON object")
            raise Wrong(path or "envelope", what)
        self._value: dict[str, Any] = value
        self._path = path

    def path(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def only(self, *names: str) -> None:
        """Refuses fields we do not know: a typing error must not pass for an empty field."""
        for name in self._value:
            if name not in names:
                raise Wrong(
                    self.path(str(name)[:60]), _n("is not known here; known are %(names)s"), names=", ".join(names)
                )

    def value(self, name: str) -> Any:
        return self._value.get(name)

    def text(self, name: str, *, required: bool = False, limit: int = 2000) -> str | None:
        """Text in NFC, trimmed; a whole number passes as its digits (ids often come as numbers)."""
        value = self._value.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None or value == "":
            if required:
                raise Wrong(self.path(name), _n("is missing"))
            return None
        if not isinstance(value, str):
            raise Wrong(self.path(name), _n("must be text"))
        if len(value) > limit:
            raise Wrong(self.path(name), _n("is longer than %(limit)s characters"), limit=limit)
        if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise Wrong(self.path(name), _n("holds characters that are no text"))
        value = unicodedata.normalize("NFC", value).strip()
        if required and not value:
            raise Wrong(self.path(name), _n("is missing"))
        return value or None

    def need(self, name: str, limit: int = 200) -> str:
        value = self.text(name, required=True, limit=limit)
        assert value is not None
        return value

    def number(self, name: str, default: Decimal | None = None, *, negative: bool = False) -> Decimal:
        """A decimal number from text or JSON number; ``default`` None makes the field a must."""
        value = self._value.get(name)
        if value is None or value == "":
            if default is None:
                raise Wrong(self.path(name), _n("is missing"))
            return default
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise Wrong(self.path(name), _n('must be a number or a text like "12.50"'))
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise Wrong(self.path(name), _n('is %(value)r, no number like "12.50"'), value=str(value)[:40]) from None
        if not number.is_finite() or abs(number) >= _MOST:
            raise Wrong(self.path(name), _n("is no amount anybody pays"))
        if number < 0 and not negative:
            raise Wrong(self.path(name), _n("must not be negative"))
        return number

    def currency(self, name: str, *, required: bool = False) -> str | None:
        value = self.text(name, required=required, limit=3)
        if value is None:
            return None
        if not _CURRENCY.match(value.upper()):
            raise Wrong(self.path(name), _n("is %(value)r, no ISO 4217 code like EUR"), value=value)
        return value.upper()

    def email(self, name: str) -> str | None:
        value = self.text(name, limit=320)
        if value is not None and (value.count("@") != 1 or value[0] == "@" or value[-1] == "@" or " " in value):
            raise Wrong(self.path(name), _n("is %(value)r, no e-mail address"), value=value[:80])
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._value.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise Wrong(self.path(name), _n("must be true or false"))
        return value

    def time(self, name: str, *, required: bool = False) -> datetime | None:
        value = self._value.get(name)
        if value in (None, "") and not required:
            return None
        return instant(value, self.path(name))

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        value = self.need(name)
        if value not in options:
            raise Wrong(
                self.path(name), _n("is %(value)r; it is one of %(known)s"), value=value[:40], known=", ".join(options)
            )
        return value

    def inner(self, name: str) -> Fields | None:
        value = self._value.get(name)
        return None if value is None or value == [] else Fields(value, self.path(name))

    def each(self, name: str, most: int = 500) -> Iterator[Fields]:
        value = self._value.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            raise Wrong(self.path(name), _n("must be a list"))
        if len(value) > most:
            raise Wrong(self.path(name), _n("holds %(count)s entries; at most %(most)s"), count=len(value), most=most)
        for position, one in enumerate(value):
            yield Fields(one, f"{self.path(name)}[{position}]")

    def texts(self, name: str, most: int = 100) -> tuple[str, ...]:
        value = self._value.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or len(value) > most:
            raise Wrong(self.path(name), _n("must be a list of at most %(most)s texts"), most=most)
        return tuple(one for one in value if one)
