"""How many requests a shop is asked at once: additive increase, multiplicative decrease."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

START = 2.0  # requests at once before anything is known about the shop
SLOW = 3.0  # an answer that takes this many times as long as usual means: we are too many
NOTICEABLE = 0.3  # seconds; below this a slow answer is noise


class Limiter:
    """Starts low, grows by one a round while the shop is fast, halves on trouble, waits when told to."""

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self.limit = min(START, float(self.most))
        self.busy = 0
        self.usual: float | None = None  # seconds an answer usually takes
        self._not_before = 0.0  # nobody asks before this moment
        self._eased_at = 0.0
        self._free = asyncio.Condition()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, hold it for one request."""
        async with self._free:
            await self._free.wait_for(lambda: self.busy < int(self.limit))
            self.busy += 1
        try:
            # The shop said when it wants to hear from us again: everybody waits, not only who was told.
            while (wait := self._not_before - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            yield
        finally:
            async with self._free:
                self.busy -= 1
                self._free.notify_all()

    def went_well(self, seconds: float) -> None:
        if self.usual is None:
            self.usual = seconds
        if seconds > NOTICEABLE and seconds > SLOW * self.usual:
            self._ease(0.8)
        else:
            self.limit = min(float(self.most), self.limit + 1 / self.limit)
        # Falls at once, rises slowly: what the shop can do when it is left in peace.
        weight = 0.5 if seconds < self.usual else 0.02
        self.usual += weight * (seconds - self.usual)

    def went_wrong(self, after: float | None = None) -> None:
        """The shop is overloaded; ``after`` = seconds it asked us to wait."""
        self._ease(0.5)
        if after:
            self._not_before = max(self._not_before, time.monotonic() + min(after, 120.0))

    def rest(self, seconds: float) -> None:
        """The shop's allowance is used up for so long; nothing went wrong."""
        self._not_before = max(self._not_before, time.monotonic() + min(seconds, 120.0))

    def _ease(self, factor: float) -> None:
        # Requests under way together fail together: they are one sign, not many.
        now = time.monotonic()
        if now - self._eased_at >= max(0.25, self.usual or 0.0):
            self._eased_at = now
            self.limit = max(1.0, self.limit * factor)
