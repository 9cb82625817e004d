"""The walk through one window, page by page, around what the shop cannot give.

    1. A page that cannot be had is asked for in smaller pieces, down to a single row.
    2. A single row that cannot be had is stepped over if a row close behind it can: it is lost for now.
    3. Where cursors cannot step over rows, the rest of the window is lost for now.

What is lost waits in quarantine with its place, and its retry fetches it (``refill``). A shop that gives
nothing at all is not full of bad rows, it is ill: it is waited for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from cartfolk.connectors.base import Connector, Page, Window, kind
from cartfolk.connectors.canonical import BadRecord
from cartfolk.connectors.errors import PageUnreadable
from cartfolk.connectors.http import Overwhelmed

from . import quarantine

NEIGHBOURS = 5  # bad rows beside each other that are stepped over together
ROUNDS = 20  # looks at a place of an ill shop, up to a minute apart, before the rest of its window is left


@dataclass(frozen=True, slots=True)
class Lost:
    """The row at ``cursor``, or with ``rest`` everything from there to the window's end."""

    window: Window
    cursor: str | None
    reason: str
    rest: bool = False

    def bad(self, store_id: int, run_id: int, at: datetime) -> quarantine.Bad:
        """The quarantine row that stands for it."""
        # A window that is fetched again carries its row's number behind a plus: it is the same place.
        place = f"{self.window.key.partition('+')[0]}:{self.cursor or 'start'}"
        what = "Everything from here to the end of this part was left out" if self.rest else "This record was left out"
        raw = {"window": self.window.key, "start": self.window.start, "end": self.window.end, "cursor": self.cursor}
        record = BadRecord(
            kind(self.window.stream),
            place,
            quarantine.WHOLE_PAGE,
            f"{self.reason} {what}; retry once the shop can show it.",
            json.dumps(raw),
        )
        return quarantine.Bad(store_id, self.window.stream, record, at, run_id=run_id)


@dataclass(frozen=True, slots=True)
class Found:
    """A page, and what had to be left out before it."""

    page: Page
    lost: tuple[Lost, ...] = ()


class Walk:
    """Remembers between pages how much the shop can give at a time."""

    def __init__(self, connector: Connector, window: Window) -> None:
        self._connector, self._window = connector, window
        self._size = connector.page_size
        self._suspect = 0  # rows ahead, one of which is why pages are small
        self._rounds = 0

    async def page(self, cursor: str | None) -> Found:
        """The page at ``cursor``. Raises RetryLater: call again later, it will ask for less or look around."""
        while True:
            try:
                page = await self._sized(self._size).page(self._window, cursor)
            except (PageUnreadable, Overwhelmed) as error:
                if self._size == 1:
                    return await self._around(cursor, error)
                self._suspect = self._size
                self._size = max(1, self._size // 10)
                if isinstance(error, Overwhelmed):
                    raise
                continue
            self._rounds = 0
            self._suspect -= max(1, page.rows)
            if self._suspect <= 0:
                self._size = self._connector.page_size
            return Found(page)

    async def _around(self, cursor: str | None, error: PageUnreadable | Overwhelmed) -> Found:
        """The first page behind the row at ``cursor``: it shows that the shop is well and the row is not."""
        one = self._sized(1)
        lost: list[Lost] = []
        place = cursor
        for _ in range(NEIGHBOURS):
            beyond = one.step_over(self._window, place)
            if beyond is None:
                break
            lost.append(Lost(self._window, place, str(error)))
            place = beyond
            try:
                page = await one.page(self._window, beyond)
            except (PageUnreadable, Overwhelmed):
                continue
            self._size, self._suspect, self._rounds = self._connector.page_size, 0, 0
            return Found(page, tuple(lost))
        self._rounds += 1
        if isinstance(error, Overwhelmed) and self._rounds < ROUNDS:
            raise error
        return Found(Page(b"[]", 0, None), (Lost(self._window, cursor, str(error), rest=True),))

    def _sized(self, size: int) -> Connector:
        if size == self._connector.page_size:
            return self._connector
        smaller = type(self._connector)(self._connector.config, self._connector.transport)
        smaller.page_size = size  # type: ignore[misc]  # this instance alone asks for smaller pages
        return smaller
