"""The shop's clock and its calendar: UTC seconds inside, shop-local text at the edge."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


class Clock:
    """What time it is in the shop.

    In: `start` (UTC seconds, None = the real time, truncated to the minute) and the shop's IANA `zone`.
    The clock runs with the real one, shifted. A shop started in the past can be played forward; it never
    gets ahead of the real time (or of its own start, if that lies in the future), because an order dated
    tomorrow would be a bug of the simulator and not a trap of the platform.
    A `frozen` clock stands still between played minutes: two runs then agree to the second.
    """

    def __init__(self, start: int | None, zone: str, frozen: bool = False) -> None:
        real = int(time.time())
        self.start = real - real % 60 if start is None else start
        self.zone = ZoneInfo(zone)
        self.zone_name = zone
        self._offset = 0 if start is None else start - real
        self._ceiling = max(0, self._offset)
        self._frozen_at: int | None = self.start if frozen else None

    def now(self) -> int:
        """UTC seconds."""
        if self._frozen_at is not None:
            return self._frozen_at
        return int(time.time()) + self._offset

    def move_to(self, moment: int) -> None:
        """Move forward to `moment` (UTC seconds), as far as the real time allows; never backwards."""
        if self._frozen_at is not None:
            self._frozen_at = max(self._frozen_at, moment)
            return
        wanted = moment - int(time.time())
        self._offset = max(self._offset, min(wanted, self._ceiling))

    def local(self, moment: int) -> str:
        """Shop-local wall clock without a zone, second precision: `2026-10-25T02:30:00`."""
        return datetime.fromtimestamp(moment, self.zone).replace(tzinfo=None).isoformat()

    def gmt(self, moment: int) -> str:
        """UTC without a zone, second precision."""
        return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat()

    def offset_hours(self) -> float:
        """Hours the shop is ahead of UTC right now, daylight saving included."""
        shift = datetime.fromtimestamp(self.now(), self.zone).utcoffset()
        return shift.total_seconds() / 3600 if shift else 0.0


def utc_text(moment: int) -> str:
    """`2026-11-23T10:00:00Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_moment(text: str) -> int:
    """UTC seconds of an ISO 8601 time; a time without a zone is taken as UTC. ValueError if it is none."""
    parsed = datetime.fromisoformat(text)
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())
