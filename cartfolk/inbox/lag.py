"""How far a store is behind: what waits unhandled, when it was last asked for changes, and whether that is too long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cartfolk.core.sql import Connection

from .deliveries import Q

LATE = timedelta(minutes=5)  # what a shop sent should be on its contacts within seconds
POLLS = 3  # polls that may be missed before it is an alarm


@dataclass(frozen=True, slots=True)
class Lag:
    """``oldest``: when the oldest unhandled delivery was received, of ``waiting`` ones; ``polled``: when the stream
    that was asked longest ago was asked, None before the first import."""

    waiting: int = 0
    oldest: datetime | None = None
    polled: datetime | None = None

    def alarm(self, at: datetime, poll_seconds: int) -> Literal["", "handling", "polling"]:
        """What is too late at ``at``: what waits is not handled, or the shop is not asked. For a store that is
        connected: a paused one may be behind."""
        if self.oldest is not None and at - self.oldest > LATE:
            return "handling"
        if self.polled is not None and at - self.polled > max(LATE, POLLS * timedelta(seconds=poll_seconds)):
            return "polling"
        return ""


def of_all(conn: Connection) -> dict[int, Lag]:
    """The lag of every store that has one, by its id."""
    return {row[0]: Lag(row[1], row[2], row[3]) for row in conn.execute(Q["lag"])}
