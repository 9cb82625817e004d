"""A value as people, files and programs write it → the value a property's column holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cartfolk.connectors import countries
from cartfolk.core.time import utc
from cartfolk.properties.catalogue import Option, Property

_LONGEST = 65_536  # characters of a text
_MOST = 500  # values of a list
_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_MILLISECONDS = re.compile(r"-?\d{9,14}")  # since 1970, as programs tell times
_NO_ADDRESS = re.compile(r"[\s<>\"\\^`{|}]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_TRUE = {"true", "yes", "1", "ja", "wahr", "x", "on"}
_COUNTRY = "country"  # the only one of people's own; those of addresses are computed
_FALSE = {"false", "no", "0", "nein", "falsch", "off"}


class BadValue(ValueError):
    """The value does not fit the property; the message says what would. Correct it and write again."""


def parse(item: Property, raw: object) -> Any:
    """The typed value: text, Decimal or int, date, aware datetime (UTC), bool or list of text; ``None`` for empty.

    Text without a time zone is UTC; whole numbers for a moment are milliseconds since 1970. Options are found by
    their value or their label in either language, a country by its name or its code. Raises BadValue.
    """
    if item.multi:
        return _many(item, raw)
    if isinstance(raw, (list, tuple, set)):
        if len(raw) > 1:
            raise BadValue(_("takes one value, not several"))
        raw = next(iter(raw), None)
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    match item.type:
        case "number":
            return _number(item, raw)
        case "date":
            return _date(raw)
        case "datetime":
            return _moment(raw)
        case "bool":
            return _truth(raw)
    text = _text(raw)
    match item.type:
        case "enumeration":
            return _option(item, text)
        case "text":
            return text
        case "email":
            return _email(text.strip())
        case "phone":
            if sum(c.isdigit() for c in text) < 3:
                raise BadValue(_("is no phone number: it needs digits"))
        case "url":
            return _url(text.strip())
    text = text.strip()
    return countries.code(text) or text if item.name == _COUNTRY else text


def _many(item: Property, raw: object) -> list[str] | None:
    parts: Iterable[object] = raw if isinstance(raw, (list, tuple, set)) else _text(raw or "").split(";")
    found = dict.fromkeys(_option(item, text) for part in parts if part is not None and (text := _text(part).strip()))
    if len(found) > _MOST:
        raise BadValue(_("holds at most %(most)s values") % {"most": _MOST})
    return list(found) or None


def _text(raw: object) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    text = str(raw)
    if "\x00" in text:
        raise BadValue(_("contains a character that no text can hold (NUL)"))
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise BadValue(_("contains half of a character"))
    if len(text) > _LONGEST:
        raise BadValue(_("is longer than %(most)s characters") % {"most": _LONGEST})
    return text


def _option(item: Property, text: str) -> str:
    text = text.strip()
    if not item.options or any(o.value == text for o in item.options):
        return text
    low = text.casefold()
    for option in item.options:
        if low in (option.value.casefold(), option.label_en.casefold(), option.label_de.casefold()):
            return option.value
    known = ", ".join(map(_told, item.options[:10]))
    raise BadValue(_("is none of the options (%(options)s)") % {"options": known})


def _told(option: Option) -> str:
    """As pages show it, and the value where it is another."""
    label = option.label(get_language() or "en")
    return label if label == option.value else f"{label} [{option.value}]"


def _number(item: Property, raw: object) -> Decimal | int:
    text = str(raw).strip().replace("\xa0", "").replace(" ", "")
    if re.fullmatch(r"[+-]?\d+,\d{1,2}", text) or re.fullmatch(r"[+-]?\d+,\d{4,}", text):
        text = text.replace(",", ".")  # a comma before three digits could be either
    if isinstance(raw, bool) or not (_NUMBER.fullmatch(text) or isinstance(raw, (int, float, Decimal))):
        raise BadValue(_("is no number; write it like 1234.50"))
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BadValue(_("is no number; write it like 1234.50")) from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** 18 or len(value.as_tuple().digits) > 40:
        raise BadValue(_("is too large a number"))
    if not item.whole:
        return value
    if value != value.to_integral_value():
        raise BadValue(_("must be a whole number"))
    return int(value)


def _date(raw: object) -> date:
    if isinstance(raw, datetime):
        return utc(raw).astimezone(UTC).date()
    if isinstance(raw, date):
        return raw
    text = str(raw).strip()
    if isinstance(raw, int) or _MILLISECONDS.fullmatch(text):
        return _moment(raw).date()
    try:
        if found := _DAY.fullmatch(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
        return date.fromisoformat(text[:10]) if text[10:11] in ("", "T", " ") else date.fromisoformat(text)
    except ValueError:
        raise BadValue(_("is no date; write it like 2026-05-31 or 31.05.2026")) from None


def _moment(raw: object) -> datetime:
    try:
        if isinstance(raw, datetime):
            return utc(raw).astimezone(UTC)
        if isinstance(raw, date):
            return datetime(raw.year, raw.month, raw.day, tzinfo=UTC)
        text = str(raw).strip()
        if not isinstance(raw, bool) and _MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        if found := _DAY.match(text):
            text = f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}{text[found.end() :]}"
        return utc(datetime.fromisoformat(text)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise BadValue(_("is no time; write it like 2026-05-31T14:30:00Z")) from None


def _truth(raw: object) -> bool:
    text = str(raw).strip().casefold()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise BadValue(_("must be yes or no"))


def _email(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text) or len(text) > 320:
        raise BadValue(_("is no e-mail address"))
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text if "://" in text else "https://" + text)
        named = parts.hostname and parts.port != 0 and "@" not in parts.netloc  # a port of javascript:… raises
    except ValueError:
        named = False
    if not named or parts.scheme not in ("http", "https") or _NO_ADDRESS.search(text):
        raise BadValue(_("is no web address; write it like https://example.com"))
    return parts.geturl()
