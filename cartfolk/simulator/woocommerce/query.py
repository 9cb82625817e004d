"""Reading a request's parameters the way PHP and WordPress do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_plus

from ..clock import Clock
from .errors import invalid_param

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d")


def parse_query(raw: str) -> dict[str, str]:
    """A query string as PHP reads it: the last of a repeated name wins, `a[]` is numbered `a[0]`, `a[1]`."""
    params: dict[str, str] = {}
    counters: dict[str, int] = {}
    for piece in raw.split("&"):
        if not piece:
            continue
        name, _equals, value = piece.partition("=")
        name = unquote_plus(name)
        if name.endswith("[]"):
            stem = name[:-2]
            name = f"{stem}[{counters.get(stem, 0)}]"
            counters[stem] = counters.get(stem, 0) + 1
        params[name] = unquote_plus(value)
    return params


class Args:
    """The parameters of a list request; every getter raises RestError 400 on a malformed value."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self._params = params

    def text(self, name: str, default: str = "") -> str:
        return self._params.get(name, default)

    def has(self, name: str) -> bool:
        return name in self._params or f"{name}[0]" in self._params

    def number(self, name: str, default: int, low: int | None = None, high: int | None = None) -> int:
        value = self._params.get(name)
        if value is None:
            return default
        try:
            number = int(value)
        except ValueError:
            raise invalid_param(name, f"{name} is not of type integer.", "rest_invalid_type") from None
        if low is not None and high is not None and not low <= number <= high:
            reason = f"{name} must be between {low} (inclusive) and {high} (inclusive)"
            raise invalid_param(name, reason, "rest_out_of_bounds")
        if low is not None and number < low:
            raise invalid_param(name, f"{name} must be greater than or equal to {low}", "rest_out_of_bounds")
        return number

    def flag(self, name: str) -> bool:
        return self._params.get(name, "").lower() in ("1", "true")

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self._params.get(name, default)
        if value not in allowed:
            raise invalid_param(name, f"{name} is not one of {', '.join(allowed)}.", "rest_not_in_enum")
        return value

    def words(self, name: str) -> list[str]:
        """`a=x,y`, `a[]=x&a[]=y` or `a[0]=x`."""
        if name in self._params:
            return [word.strip() for word in self._params[name].split(",") if word.strip()]
        numbered: list[str] = []
        while (word := self._params.get(f"{name}[{len(numbered)}]")) is not None:
            numbered.append(word)
        return numbered

    def ids(self, name: str) -> list[int]:
        try:
            return [int(word) for word in self.words(name)]
        except ValueError:
            raise invalid_param(name, f"{name}[0] is not of type integer.", "rest_invalid_type") from None

    def moment(self, name: str, clock: Clock) -> Bound | None:
        """A bound in time. WordPress turns zoned text into shop-local time, whatever it is compared with."""
        value = self._params.get(name)
        if value is None:
            return None
        # An offset's plus sign arrives as a blank from clients that do not encode it.
        value = re.sub(r" (?=\d\d:?\d\d$)", "+", value)
        try:
            if not _DATE_TIME.match(value):  # a date alone is refused
                raise ValueError(value)
            parsed = datetime.fromisoformat(value)
        except ValueError:
            raise invalid_param(name, "Invalid date.", "rest_invalid_date") from None
        if parsed.tzinfo is not None:
            parsed = parsed.astimezone(clock.zone).replace(tzinfo=None)
        return Bound(parsed.replace(microsecond=0))


@dataclass(frozen=True, slots=True)
class Bound:
    """A wall-clock time that a column is compared with, strictly and to the second."""

    wall: datetime

    def as_gmt(self) -> int:
        """UTC second if the column compared with is the GMT one."""
        return int(self.wall.replace(tzinfo=UTC).timestamp())

    def as_local(self, clock: Clock) -> tuple[str, int]:
        """The wall-clock text, and about which UTC second that is, for the shop-local column."""
        return self.wall.isoformat(), int(self.wall.replace(tzinfo=clock.zone).timestamp())
