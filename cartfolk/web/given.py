"""What an address or a form gives, read strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, overload

from django.utils import timezone

from cartfolk.properties.catalogue import Property

from . import formats

_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile(r"[\ud800-\udfff]|\\u0000")
_THOUSANDS = {"de": ".", "en": ","}
_GROUPED = {language: re.compile(rf"[+-]?[1-9]\d{{0,2}}(\{sign}\d{{3}})+") for language, sign in _THOUSANDS.items()}


@overload
def whole(text: str | None) -> int | None: ...
@overload
def whole(text: str | None, otherwise: int) -> int: ...
def whole(text: str | None, otherwise: int | None = None) -> int | None:
    """The whole number in ``text``: plain digits that PostgreSQL's bigint can hold; else ``otherwise``."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else otherwise


def moment(text: str) -> datetime | None:
    """The moment a page wrote down in ISO 8601, with its offset; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def json_object(text: str, longest: int) -> dict[str, Any] | None:
    """The JSON object in a text of at most so many characters; None for anything else, also for one with a NUL or half
    of a surrogate pair, which JSON can write and neither a page nor PostgreSQL hold."""
    try:
        found = json.loads(text) if len(text) <= longest else None
        if _ESCAPED.search(text) and _UNSTORABLE.search(json.dumps(found, ensure_ascii=False)):
            return None
    except (ValueError, RecursionError):  # the latter of JSON nested without end
        return None
    return found if isinstance(found, dict) else None


def number(text: str) -> str:
    """A number as people write it in the reader's language, with a point for its decimals and without thousands. Of
    two signs the last is the decimal one (1.234,50 and 1,234.50). One alone is too, but for the sign of thousands of
    the reader's language before three digits in every group: in German 1.500, in English 1,500 is fifteen hundred."""
    text, language = text.strip(), formats.language()
    if _GROUPED[language].fullmatch(text):
        return text.replace(_THOUSANDS[language], "")
    if text.rfind(",") > text.rfind("."):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "")


def entered(item: Property, given: Sequence[str]) -> str | list[str]:
    """What a form holds for a property, as the write path reads it: the zone of a time and the way to write a number
    are the reader's own."""
    if item.multi:
        return list(given)
    text = given[0] if given else ""
    if item.type == "number":
        return number(text.strip().removesuffix("%") if item.percent else text)
    if item.type == "datetime":
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return text
        return (found if found.tzinfo else timezone.make_aware(found)).isoformat()
    return text


def as_typed(number: str) -> str:
    """A number with a point for its decimals as a field holds it, such that :func:`number` reads it as the same."""
    return number.replace(".", ",") if formats.language() == "de" and number.count(".") == 1 else number
