"""The clock on the shop's wall: PrestaShop tells times in the shop's zone, without saying so.

When summer time ends an hour happens twice. What was changed in its second half may carry an earlier time than
what was changed before, so a poll has to look back (`floor`), and a version must be told from when it was seen
(`instant`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..reading import FieldError

FOREVER = "2099-12-31 23:59:59"
_HOUR = timedelta(hours=1)


class Wall:
    """The wall clock of one time zone (IANA name; an unknown one is UTC)."""

    def __init__(self, zone: str) -> None:
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            self._zone = ZoneInfo("UTC")

    def instant(self, text: Any, field: str, seen: datetime | None = None) -> datetime | None:
        """The instant of a wall time in UTC; None for nothing and for PrestaShop's zero date.

        Of the two instants of a repeated hour it is the first, or with ``seen`` the latest that is not after
        ``seen``: so of two versions seen one after the other the second is never the older one.
        Raises FieldError.
        """
        if text is None or text == "" or str(text).startswith("0000-00-00"):
            return None
        try:
            wall = datetime.fromisoformat(text)
        except (TypeError, ValueError):
            raise FieldError(field, f"{field} is not a time but {str(text)[:40]!r}.") from None
        if wall.tzinfo is not None:
            return wall.astimezone(UTC)
        first, second = (wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return max(first, second) if seen is not None and first < second <= seen else first

    def text(self, moment: datetime) -> str:
        """What the shop's clock shows at that instant."""
        return _written(moment.astimezone(self._zone))

    def floor(self, text: str, back: timedelta) -> str:
        """The earliest wall time that anything after ``text`` less ``back`` can carry."""
        begun = self.instant(text, "date_upd")
        assert begun is not None
        return self.floor_at(begun - back)

    def floor_at(self, moment: datetime) -> str:
        """The earliest wall time that anything after this instant can carry."""
        offsets = [(moment + ahead).astimezone(self._zone).utcoffset() for ahead in (timedelta(0), _HOUR)]
        return _written(moment.astimezone(UTC) + min(offset for offset in offsets if offset is not None))


def later(text: str) -> str:
    """The next second on the wall."""
    return _written(datetime.fromisoformat(text) + timedelta(seconds=1))


def _written(wall: datetime) -> str:
    return wall.replace(microsecond=0, tzinfo=None).isoformat(" ")
