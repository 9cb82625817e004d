"""Where a walk through one of Magento's lists stands (see `paging.Cursor`).

`Place` walks by entity_id: the next page is what comes behind the greatest id seen. `Moment` walks by time of
change: a page gives what is older than its last second; that second, which may go on behind the page, is a
*cluster* (whole imports share one) and is walked by entity_id inside it. No offset is ever asked for, so
neither an edit nor a deletion meanwhile moves an unseen row out of sight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..paging import SECOND, Cursor


@dataclass(frozen=True, slots=True)
class Place(Cursor):
    """``last``: greatest id given. ``skip``: rows behind it that cannot be shown and are stepped over."""

    last: int = 0
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Moment(Cursor):
    """``at``: UTC second the next page begins with, as Magento writes it. ``cluster``: only that second, behind
    the id ``last``. ``more``: a poll goes on here."""

    at: str = ""
    cluster: bool = False
    last: int = 0
    more: bool = False

    @classmethod
    def starting(cls, at: datetime) -> Moment:
        return cls(stamp(at))

    def earlier(self, by: timedelta) -> Moment:
        """The start of a poll: again what happened shortly before, it may have been written late."""
        return Moment(stamp(self._time - by))

    def next_second(self) -> Moment:
        return Moment(stamp(self._time + SECOND))

    @property
    def _time(self) -> datetime:
        return datetime.fromisoformat(self.at).replace(tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """UTC to the second, as Magento compares: ``2026-11-23 09:59:00``."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
