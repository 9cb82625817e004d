"""Saleor (GraphQL API, STORES.md §10): how its history, its changes and its objects are asked for.

Saleor's cursors hold the last row's sort value and id: so they may be kept, and a walk goes on where it stood whatever
was changed meanwhile. History is walked by the time of creation, changes by that of the last change: a row that is
changed during the walk moves to its end. Checkouts know no order of their changes and filters by whole days only: the
versions of that day's are looked at, and those that changed are fetched.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from ..base import CheckReport, Connector, Hint, Ids, Page, StoreConfig, WebhookHealth, Window
from ..canonical import Mapped
from ..errors import PageUnreadable
from ..http import Overwhelmed
from ..paging import SECOND, Cursor, second
from ..reading import moment, page_body
from ..together import together
from . import webhooks
from .checking import check, fingerprint
from .client import Row, Rows, SaleorClient, Unanswered, global_id, split_id
from .info import INFO
from .mapping import Reader
from .queries import LISTINGS, VERSION, Narrow

WINDOWS = 48  # at most, a stream
WINDOW_ROWS = 400  # a window is worth having from this size
LOOK_PAGES = 50  # pages of versions one poll reads
MOST = 100  # rows Saleor gives at once
CLOCKS = timedelta(minutes=15)  # the shop's clock may be so much behind ours when the first poll begins
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class WalkCursor(Cursor):
    """``after``: Saleor's own cursor. ``skip``: rows behind it that no page can give."""

    after: str = ""
    skip: int = 0


@dataclass(frozen=True, slots=True)
class PollCursor(Cursor):
    """``at``: everything that changed before this second is known. While a walk is under way ``after`` is Saleor's
    cursor, ``since`` where the walk began, ``began`` our time then, ``newest`` the last change seen."""

    at: str = ""
    after: str = ""
    since: str = ""
    began: str = ""
    newest: str = ""


class Saleor(Connector):
    """One Saleor server, or one channel of it."""

    info = INFO

    def __init__(self, config: StoreConfig, transport: Any) -> None:
        super().__init__(config, transport)
        self.client = SaleorClient(config, transport)
        self._reader = Reader(config)

    async def check(self) -> CheckReport:
        return await check(self.client)

    async def fingerprint(self) -> str:
        return await fingerprint(self.client)

    async def counts(self) -> Mapping[str, int | None]:
        totals = await together(*(self.client.total(stream) for stream in INFO.streams))
        return dict(zip(INFO.streams, totals, strict=True))

    # -- history

    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        listing = LISTINGS[stream]
        if not listing.created:
            return [Window(stream, f"{stream}-all")]
        column = "dateJoined" if stream == "customers" else "created"
        found = await self.client.read(stream, {}, sort=listing.oldest, first=1, fields=f"id {column}")
        first = moment(found.rows[0].get(column), column) if found.rows else None
        if first is None:
            return []
        start, end = first.replace(microsecond=0), until.astimezone(UTC).replace(microsecond=0) + SECOND
        if start >= end:
            return []
        span = math.ceil((end - start).total_seconds())
        number = max(1, min(WINDOWS, found.total // WINDOW_ROWS, span))
        edges = [start + timedelta(seconds=place * span // number) for place in range(number)] + [end]
        return [Window(stream, f"{stream}-{second(a)}", second(a), second(b)) for a, b in pairwise(edges)]

    async def page(self, window: Window, cursor: str | None) -> Page:
        found = await self._walk(window, cursor)
        return Page(page_body(found.rows), len(found.rows), _going(found))

    async def ids(self, window: Window, cursor: str | None) -> Ids:
        found = await self._walk(window, cursor, VERSION)
        return Ids({split_id(row.get("id"))[1]: _changed(row) for row in found.rows}, _going(found))

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        at = WalkCursor.parse(cursor) if cursor else WalkCursor()
        return replace(at, skip=at.skip + 1).text()

    async def _walk(self, window: Window, cursor: str | None, fields: str = "") -> Rows:
        at = WalkCursor.parse(cursor) if cursor else WalkCursor()
        listing = LISTINGS[window.stream]
        narrow: Narrow = {}
        if listing.created:
            # Both bounds are inclusive, and times have microseconds.
            last = _time(str(window.end)) - _TICK
            narrow = {listing.created: {"gte": f"{window.start}Z", "lte": f"{last.replace(tzinfo=None).isoformat()}Z"}}
        if at.skip:
            passed = await self.client.read(
                window.stream, narrow, sort=listing.oldest, first=at.skip, after=at.after or None, fields="id"
            )
            if passed.after is None:
                return Rows([], passed.total, None)
            at = WalkCursor(passed.after)
        first = min(self.page_size, MOST)
        return await self.client.read(
            window.stream, narrow, sort=listing.oldest, first=first, after=at.after or None, fields=fields
        )

    # -- changes

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        now = datetime.now(UTC)
        at = PollCursor.parse(cursor) if cursor else PollCursor(at=second(since - CLOCKS))
        if not at.began:
            start = second(_time(at.at) - self.overlap)
            at = replace(at, since=start, began=now.isoformat(), newest=at.at)
        look = self._look if stream == "checkouts" else self._step
        rows: list[Row] = []
        more = True
        for _ in range(LOOK_PAGES):
            found, at, more = await look(stream, at)
            rows += found
            if not more or len(rows) >= self.page_size:
                break
        if not more:
            known = min(_time(at.newest), now)  # a time to come would hide all until then
            if stream == "checkouts":
                # They are in the order of their creation: what changed behind us may be older than the newest we saw.
                known -= datetime.now(UTC) - datetime.fromisoformat(at.began)
            at = PollCursor(at=max(at.at, second(known)))
        return Page(page_body(rows), len(rows), at.text())

    async def _step(self, stream: str, at: PollCursor) -> tuple[list[Row], PollCursor, bool]:
        """A page of what changed, in the order of the changes."""
        listing, narrow = LISTINGS[stream], {"updatedAt": {"gte": f"{at.since}Z"}}
        first, after = min(self.page_size, MOST), at.after or None
        try:
            found = await self.client.read(stream, narrow, sort=listing.latest, first=first, after=after)
            rows = found.rows
        except (PageUnreadable, Overwhelmed):
            # One bad record, perhaps: who is on the page first, then each of them as far as it can be had.
            found = await self.client.read(
                stream, narrow, sort=listing.latest, first=first, after=after, fields=VERSION
            )
            rows = await self._readable(stream, [split_id(row.get("id"))[1] for row in found.rows])
        return rows, _seen(at, found), found.after is not None

    async def _look(self, stream: str, at: PollCursor) -> tuple[list[Row], PollCursor, bool]:
        """A page of versions of the checkouts of these days, and what changed of them in full."""
        found = await self.client.read(
            stream,
            {"updatedAt": {"gte": at.since[:10]}},
            sort=LISTINGS[stream].oldest,
            first=MOST,
            after=at.after or None,
            fields=VERSION,
        )
        since = _time(at.since)
        fresh = [split_id(row.get("id"))[1] for row in found.rows if (_changed(row) or since) >= since]
        rows = await self._readable(stream, fresh) if fresh else []
        return rows, _seen(at, found), found.after is not None

    # -- objects

    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        rows = await self._readable(stream, ids) if ids else []
        return Page(page_body(rows), len(rows), None)

    async def _readable(self, stream: str, ids: Sequence[str]) -> list[Row]:
        """These objects; one the server cannot show becomes a stub for the quarantine instead of stopping the poll.
        Raises what the server says when it is ill itself, or can show none of several."""
        try:
            return await self.client.by_ids(stream, ids, MOST)
        except (PageUnreadable, Overwhelmed) as error:
            if len(ids) == 1:
                if not isinstance(error, Unanswered):
                    raise
                return [{"id": global_id(LISTINGS[stream].type, ids[0]), "_unreadable": True}]
            half = len(ids) // 2
            rows = await self._readable(stream, ids[:half]) + await self._readable(stream, ids[half:])
            if all("_unreadable" in row for row in rows):
                raise
            return rows

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        return self._reader.read(stream, body, received_at)

    # -- webhooks

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Hint:
        return webhooks.hint(headers, body, self.config.learned.get("jwks"), self.config.webhook_secret)

    async def ensure_webhooks(self, delivery_url: str) -> WebhookHealth:
        return await webhooks.ensure(self.client, delivery_url, self.config.webhook_secret)

    async def remove_webhooks(self, delivery_url: str) -> None:
        await webhooks.remove(self.client, delivery_url)


def _time(text: str) -> datetime:
    """UTC of a cursor's or a window's text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _changed(row: Row) -> datetime | None:
    return moment(row.get("updatedAt"), "updatedAt")


def _going(found: Rows) -> str | None:
    return WalkCursor(found.after).text() if found.after else None


def _seen(at: PollCursor, found: Rows) -> PollCursor:
    """The cursor behind this page."""
    newest = max([at.newest, *(second(when) for row in found.rows if (when := _changed(row)))])
    return replace(at, after=found.after or at.after, newest=newest)


CONNECTOR = Saleor
