"""What people write in tables, as an envelope wants it. Every complaint names the column and says what is wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop as _n

from ..fields import Wrong

_SIGNS = re.compile(r"[\s'’  ]|[A-Z]{3}|[€$£¥]")
_DAY = re.compile(
    r"^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})"
    r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?(?:\s?([AaPp])\.?[Mm]\.?)?)?$"
)
_YES = {"1", "true", "yes", "y", "ja", "j", "wahr", "x"}
_NO = {"0", "false", "no", "n", "nein", "falsch", ""}


class Undecided(Wrong):
    """A day that could be 3 April or 4 March: say which of day and month comes first."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the file writes: ``decimal`` mark, ``zone`` of its times, ``order`` of day and month where a date like
    03/04/2026 leaves it open ("" = then it is wrong). ``on_page``: whoever is told what is wrong sits before a page,
    not at a command line."""

    decimal: Literal[",", "."] = "."
    zone: str = "UTC"
    order: Literal["", "dmy", "mdy"] = ""
    on_page: bool = False

    def number(self, value: Any, column: str) -> str | int | Decimal:
        """A number as text with a point. Raises Wrong."""
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]  # JSON's own; the envelope judges it
        text = _SIGNS.sub("", value)
        comma, point = text.rfind(","), text.rfind(".")
        mark: str = self.decimal
        if comma >= 0 and point >= 0:
            mark = "," if comma > point else "."
        elif comma >= 0 or point >= 0:
            used = "," if comma >= 0 else "."
            tail = len(text) - max(comma, point) - 1
            # 12.5 and 12,50 are clear; 1.234 alone is what the file's own mark makes of it.
            mark = used if text.count(used) == 1 and (tail != 3 or used == self.decimal) else _other(used)
        plain = text.replace(_other(mark), "").replace(mark, ".")
        if not re.fullmatch(r"[+-]?\d+(\.\d+)?|[+-]?\.\d+", plain):
            raise Wrong(column, _n("is %(value)r, no number like 12%(mark)s50"), value=value[:40], mark=self.decimal)
        return plain

    def time(self, value: Any, column: str) -> str:
        """A moment as ISO 8601 with its zone; a day alone is its midnight. Raises Wrong."""
        if isinstance(value, int) or (isinstance(value, str) and re.fullmatch(r"\d{10}|\d{13}", value.strip())):
            seconds = int(value)
            return datetime.fromtimestamp(seconds / 1000 if seconds > 10**11 else seconds, UTC).isoformat()
        text = str(value).strip()
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = self._day(text, column)
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(self.zone))).isoformat()

    def _day(self, text: str, column: str) -> datetime:
        match = _DAY.match(text)
        if match is None:
            raise Wrong(column, _n("is %(value)r, no time like 2026-04-03 10:30 or 03.04.2026 10:30"), value=text[:40])
        first, mark, second, third = int(match[1]), match[2], int(match[3]), int(match[4])
        if len(match[1]) == 4:
            year, month, day = first, second, third
        elif mark == "." or self.order == "dmy" or first > 12:
            day, month, year = first, second, third
        elif self.order == "mdy" or second > 12:
            month, day, year = first, second, third
        else:
            what = _n("is %(value)r: day or month first? Choose it for the file (--dates dmy or --dates mdy)")
            if self.on_page:
                what = _n("is %(value)r: day or month first? Choose it under “How the file writes dates and numbers”")
            raise Undecided(column, what, value=text[:40])
        if year < 100:
            year += 2000
        hour = int(match[5] or 0)
        if match[8]:  # 12:30 AM is half past midnight, 2:30 PM is 14:30; there is no 0 or 14 o'clock
            hour = hour % 12 + (12 if match[8] in "Pp" else 0) if 1 <= hour <= 12 else 24
        try:
            return datetime(year, month, day, hour, int(match[6] or 0), int(match[7] or 0))  # noqa: DTZ001
        except ValueError:
            raise Wrong(column, _n("is %(value)r, which is no day"), value=text[:40]) from None

    def flag(self, value: Any, column: str) -> bool:
        """Yes or no in English, German and numbers. Raises Wrong."""
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word not in _YES | _NO:
            raise Wrong(column, _n("is %(value)r, neither yes nor no"), value=word[:40])
        return word in _YES

    def texts(self, value: Any, column: str) -> list[str]:
        """Several in one cell, cut at ; or |. A JSON list stays."""
        if isinstance(value, list):
            return [str(one) for one in value]
        return [part.strip() for part in re.split(r"[;|]", str(value)) if part.strip()]


def _other(mark: str) -> str:
    return "." if mark == "," else ","
