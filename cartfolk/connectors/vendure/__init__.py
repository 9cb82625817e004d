"""Vendure (admin GraphQL API, STORES.md §8): how its history, its changes and its objects are asked for.

Lists know no "id greater than", so history is walked by the time of creation and changes by that of the last change.
An order's own time of change stands still when it is paid, shipped or refunded. So every poll looks at the orders
placed lately as well, at no more of them than the times of their payments, refunds, parcels and last history entry.
"""

from __future__ import annotations

import asyncio
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
from ..paging import SECOND, Cursor, TimeCursor, second
from ..reading import page_body
from . import webhooks
from .checking import check, fingerprint
from .client import Row, VendureClient
from .info import INFO
from .mapping import Reader
from .mapping import version as version_of
from .queries import ORDER_VERSION, Filter

WINDOWS = 48  # at most, a stream
WINDOW_ROWS = 400  # a window is worth having from this size
LATELY = timedelta(days=60)  # orders placed since are looked at ...
LOOK_EVERY = timedelta(hours=1)  # ... this often, younger ones at each poll
YOUNG = timedelta(days=1)
LOOK_PAGES = 50  # pages of versions one poll reads
CLOCKS = timedelta(minutes=15)  # the shop's clock may be so much behind ours when the first poll begins
CART_OVERLAP = timedelta(hours=2)  # the checkout does not move a cart's time of change either
_TICK = timedelta(milliseconds=1)
_BIGGEST = 2**31  # numeric ids are 32-bit columns: a bigger one is an error, not an unknown id


@dataclass(frozen=True, slots=True)
class LookCursor(Cursor):
    """``mark``: everything of an order up to this shop time is known. ``looked``: our time of the last look at all
    recent orders. While a look is under way: ``offset`` in it, ``since`` when its orders were placed at the
    earliest, ``began`` our time of its start, ``newest`` the newest version it saw."""

    mark: str = ""
    looked: str = ""
    offset: int = -1
    since: str = ""
    began: str = ""
    newest: str = ""


class Vendure(Connector):
    """One channel of a Vendure server."""

    info = INFO

    def __init__(self, config: StoreConfig, transport: Any) -> None:
        super().__init__(config, transport)
        self.client = VendureClient(config, transport)
        self._reader = Reader(config)

    async def check(self) -> CheckReport:
        return await check(self.client)

    async def fingerprint(self) -> str:
        return await fingerprint(self.client)

    async def counts(self) -> Mapping[str, int | None]:
        totals = await asyncio.gather(*(self.client.total(stream) for stream in INFO.streams))
        return dict(zip(INFO.streams, totals, strict=True))

    # -- history

    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        found = await self.client.read(stream, sort="createdAt", take=1, fields="id createdAt")
        if not found.rows:
            return []
        start = TimeCursor(at=_second(found.rows[0], "createdAt")).time
        end = until.astimezone(UTC).replace(microsecond=0) + SECOND
        if start >= end:
            return []
        span = math.ceil((end - start).total_seconds())
        number = max(1, min(WINDOWS, found.total // WINDOW_ROWS, span))
        edges = [start + timedelta(seconds=place * span // number) for place in range(number)] + [end]
        return [Window(stream, f"{stream}-{second(a)}", second(a), second(b)) for a, b in pairwise(edges)]

    async def page(self, window: Window, cursor: str | None) -> Page:
        rows, going = await self._step(window.stream, "createdAt", self._place(window, cursor), window.end)
        return Page(page_body(rows), len(rows), going.text() if going else None)

    async def ids(self, window: Window, cursor: str | None) -> Ids:
        if window.stream != "orders":
            return await super().ids(window, cursor)
        rows, going = await self._step("orders", "createdAt", self._place(window, cursor), window.end, ORDER_VERSION)
        return Ids({str(row.get("id")): version_of(row) for row in rows}, going.text() if going else None)

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        return self._place(window, cursor).stepped_over().text()

    @staticmethod
    def _place(window: Window, cursor: str | None) -> TimeCursor:
        return TimeCursor.parse(cursor) if cursor else TimeCursor(at=str(window.start))

    async def _step(
        self, stream: str, column: str, at: TimeCursor, end: str | None, fields: str | None = None
    ) -> tuple[list[Row], TimeCursor | None]:
        """One page by time (`TimeCursor`). Bounds are strict. On SQLite times are compared as text, and a whole second
        is less than itself with ".000" behind it: so a tick is taken off below, and rows beyond the end are dropped.
        Of one second any order may come; a cluster, which is cut into pages, is sorted by id."""
        after: Filter = {column: {"after": _iso(at.time - _TICK)}}
        if not at.cluster:
            where = [after] + ([{column: {"before": f"{end}.000Z"}}] if end else [])
            found = await self.client.read(
                stream, where=where, sort=column, take=self.page_size, skip=at.offset, fields=fields
            )
            keys = [(str(row.get("id")), _second(row, column)) for row in found.rows]
            going = at.after_page(keys, len(keys) >= self.page_size)
            if going is None or not going.cluster:
                seen = {(key, at.at) for key in at.seen}
                fresh = [row for row, key in zip(found.rows, keys, strict=True) if key not in seen]
                return _before(fresh, column, end), _within(going, end)
            at = going
        where = [after, {column: {"before": _iso(at.time + SECOND)}}]
        found = await self.client.read(
            stream, where=where, sort="id", take=self.page_size, skip=at.offset, fields=fields
        )
        rows = [row for row in found.rows if _second(row, column) == at.at and str(row.get("id")) not in at.seen]
        return rows, _within(at.after_cluster_page(len(found.rows), found.total), end)

    # -- changes

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        if stream == "orders":
            return await self._order_changes(cursor, since)
        at = TimeCursor.parse(cursor) if cursor else TimeCursor.starting(since - CLOCKS)
        last = at.at
        if not at.more:
            at = at.earlier(CART_OVERLAP if stream == "carts" else self.overlap)
        rows: list[Row] = []
        going: TimeCursor | None = at
        while going is not None and len(rows) < self.page_size:
            at = going
            try:
                found, going = await self._step(stream, "updatedAt", at, None)
            except (PageUnreadable, Overwhelmed):
                # One bad record, perhaps: who is on the page first, then each of them as far as it can be had.
                found, going = await self._step(stream, "updatedAt", at, None, "id createdAt updatedAt")
                times = {str(row["id"]): row for row in found}
                readable = await self._readable(stream, list(times)) if times else []
                found = [times[str(row["id"])] | row for row in readable]
            rows += found
        if rows:
            newest = max(_second(row, "updatedAt") for row in rows)
            last = max(last, min(newest, second(datetime.now(UTC))))  # a time to come would hide all until then
        rest = replace(going, more=True) if going is not None else TimeCursor(at=last)
        return Page(page_body(rows), len(rows), rest.text())

    async def _order_changes(self, cursor: str | None, since: datetime) -> Page:
        """Looks at the versions of orders that may have changed and fetches those that did."""
        at = LookCursor.parse(cursor) if cursor else LookCursor(mark=second(since - CLOCKS))
        now = datetime.now(UTC)
        mark = TimeCursor(at=at.mark).time - self.overlap
        if at.offset < 0:
            due = not at.looked or now - datetime.fromisoformat(at.looked) >= LOOK_EVERY
            placed = min(mark, now - (LATELY if due else YOUNG))
            at = replace(
                at, offset=0, since=second(placed), began=now.isoformat(), newest=at.mark,
                looked=now.isoformat() if due else at.looked,
            )  # fmt: skip
        # Orders enter this list while it is read and never leave it: by offset none is skipped, some come twice.
        maybe: Filter = {
            "_or": [
                {"updatedAt": {"after": _iso(mark - _TICK)}},
                {"orderPlacedAt": {"after": f"{at.since}.000Z"}},
            ]
        }
        changed: dict[str, None] = {}
        for _ in range(LOOK_PAGES):
            found = await self.client.read(
                "orders", where=[maybe], sort="id", take=self.page_size, skip=at.offset, fields=ORDER_VERSION
            )
            for row in found.rows:
                version = version_of(row)
                if version >= mark:
                    changed[str(row.get("id"))] = None
                at = replace(at, newest=max(at.newest, second(version)))
            if len(found.rows) < self.page_size:
                # What changed behind us while we looked may be older than the newest we saw.
                took = now - datetime.fromisoformat(at.began)
                known = second(
                    min(TimeCursor(at=at.newest).time, now) - took
                )  # a time to come would hide all until then
                at = LookCursor(mark=max(at.mark, known), looked=at.looked)
                break
            at = replace(at, offset=at.offset + len(found.rows))
            if len(changed) >= self.page_size:
                break
        rows = await self._readable("orders", list(changed)) if changed else []
        return Page(page_body(rows), len(rows), at.text())

    # -- objects

    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        rows = await self._by_ids(stream, ids)
        return Page(page_body(rows), len(rows), None)

    async def _by_ids(self, stream: str, ids: Sequence[str]) -> list[Row]:
        wanted = [key for key in dict.fromkeys(ids) if not key.isdecimal() or int(key) < _BIGGEST]
        rows: list[Row] = []
        for start in range(0, len(wanted), self.page_size):
            some = wanted[start : start + self.page_size]
            found = await self.client.read(stream, where=[{"id": {"in": some}}], sort="id", take=len(some))
            rows += found.rows
        return rows

    async def _readable(self, stream: str, ids: Sequence[str]) -> list[Row]:
        """These objects; one the server cannot show becomes a stub for the quarantine instead of stopping the poll.
        Raises what the server says when it can show none of several."""
        try:
            return await self._by_ids(stream, ids)
        except (PageUnreadable, Overwhelmed):
            if len(ids) == 1:
                return [{"id": ids[0], "_unreadable": True}]
            half = len(ids) // 2
            rows = await self._readable(stream, ids[:half]) + await self._readable(stream, ids[half:])
            if all("_unreadable" in row for row in rows):
                raise
            return rows

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        return self._reader.read(stream, body, received_at)

    # -- hints of our plugin

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Hint:
        return webhooks.hint(headers, body, self.config.ingest_secret)

    async def ensure_webhooks(self, delivery_url: str) -> WebhookHealth:
        message = (
            "Vendure sends no webhooks of its own: with the plugin changes arrive within seconds, without it with the "
            "poll."
        )
        return WebhookHealth(True, 0, 0, message)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _second(row: Row, column: str) -> str:
    """The second of a row's time, as cursors write it: Vendure sends UTC."""
    return str(row.get(column) or "")[:19]


def _before(rows: list[Row], column: str, end: str | None) -> list[Row]:
    return [row for row in rows if _second(row, column) < end] if end else rows


def _within(going: TimeCursor | None, end: str | None) -> TimeCursor | None:
    return None if going is not None and end and going.at >= end else going


CONNECTOR = Vendure
