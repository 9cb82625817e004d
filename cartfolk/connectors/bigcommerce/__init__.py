"""BigCommerce (management API, orders v2 and the rest v3, STORES.md §5): how its history, its changes and its
objects are asked for.

Orders, products and coupons are walked by id; accounts and subscribers, which know no filter by it, by the time they
were made; changes by the time of the last edit. A walk by time asks for a span that fits on one page and makes it
smaller when it does not: nothing depends on an order of rows that edits could disturb.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from ..base import CheckReport, Connector, Hint, Ids, Page, StoreConfig, WebhookHealth, Window
from ..canonical import Mapped
from ..errors import PageUnreadable, RetryLater
from ..http import Overwhelmed
from ..paging import SECOND, Cursor, second
from ..reading import page_body
from ..together import together
from . import webhooks
from .checking import check, fingerprint
from .client import AccessToken, BigClient, Raw, Rows
from .info import INFO
from .lists import LISTS, KeyCursor, PageCursor, Params, SpanCursor
from .mapping import Reader

WINDOWS = 48  # at most, a stream
WINDOW_ROWS = 400  # a window is worth having from this size
BEGINNING = datetime(2009, 1, 1, tzinfo=UTC)  # BigCommerce is not older
AHEAD = timedelta(hours=1)  # a shop's clock may be so far ahead of ours
PASSES = 5  # readings of one crowded second while it changes
_TOKEN = re.compile(r"[A-Za-z0-9-]{1,64}")
_BY_ID = ("orders", "products", "coupons")
_BY_TIME = ("customers", "subscribers")


class BigCommerce(Connector):
    """One BigCommerce store."""

    info = INFO
    page_size = 200

    def __init__(self, config: StoreConfig, transport: Any) -> None:
        super().__init__(config, transport)
        self.client = BigClient(config.url, transport)
        self._reader = Reader(config)

    @classmethod
    def auth(cls, config: StoreConfig) -> AccessToken:
        return AccessToken(config.credentials.get("token", ""))

    async def check(self) -> CheckReport:
        return await check(self.client)

    async def fingerprint(self) -> str:
        return await fingerprint(self.client)

    async def counts(self) -> Mapping[str, int | None]:
        totals = await together(*(self._total(stream) for stream in INFO.streams))
        return dict(zip(INFO.streams, totals, strict=True))

    async def _total(self, stream: str) -> int | None:
        if stream in ("carts", "coupons"):
            return None  # carts are in no list, and nobody counts coupons
        try:
            if stream == "orders":
                return await self.client.orders()
            return (await self._list(stream, limit=1)).total
        except (PageUnreadable, Overwhelmed):
            return None

    async def _list(self, stream: str, **params: Any) -> Rows:
        listed = LISTS[stream]
        return await self.client.read(stream, listed.path, {**listed.params, **params})

    # -- history

    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        if stream == "carts":
            return []
        if stream in ("categories", "coupons"):
            return [Window(stream, f"{stream}-all")]
        total = await self._total(stream) or 0
        number = max(1, min(WINDOWS, total // WINDOW_ROWS))
        if stream in _BY_TIME:
            return await self._windows_by_time(stream, until, number)
        first, last = await together(
            self._end(stream, LISTS[stream].above(0, None)), self._end(stream, LISTS[stream].newest_first)
        )
        if first is None or last is None:
            return []
        edges = sorted({first + place * (last + 1 - first) // number for place in range(number)} | {last + 1})
        return [Window(stream, f"{stream}-{a}", str(a), str(b - 1)) for a, b in pairwise(edges)]

    async def _end(self, stream: str, params: Params) -> int | None:
        rows = (await self._list(stream, limit=1, **params)).rows
        return int(rows[0]["id"]) if rows else None

    async def _windows_by_time(self, stream: str, until: datetime, number: int) -> Sequence[Window]:
        start, end = BEGINNING, until.astimezone(UTC).replace(microsecond=0) + SECOND
        if stream == "customers":
            rows = (await self._list(stream, limit=1, sort="date_created:asc")).rows
            at = LISTS[stream].time(rows[0], "date_created") if rows else ""
            start = _utc(at) if at else start
        span = int((end - start).total_seconds())
        if span <= 0:
            return []
        edges = [start + timedelta(seconds=place * span // number) for place in range(min(number, span))] + [end]
        return [Window(stream, f"{stream}-{second(a)}", second(a), second(b)) for a, b in pairwise(edges)]

    async def page(self, window: Window, cursor: str | None) -> Page:
        rows, after = await self._rows(window, cursor)
        return await self._page(window.stream, rows, after)

    async def ids(self, window: Window, cursor: str | None) -> Ids:
        rows, after = await self._rows(window, cursor)
        listed = LISTS[window.stream]
        versions = {listed.row_id(row): listed.time(row, "date_modified") for row in rows}
        return Ids({key: _utc(at) if at else None for key, at in versions.items()}, after)

    async def _rows(self, window: Window, cursor: str | None) -> tuple[list[Raw], str | None]:
        """The rows of a page as they are listed, and the cursor behind them."""
        stream = window.stream
        after: Cursor | None
        if stream in _BY_TIME:
            at: SpanCursor | None = SpanCursor.parse(cursor) if cursor else SpanCursor(at=str(window.start))
            rows: list[Raw] = []
            while at is not None and not rows:
                rows, at = await self._span(stream, "date_created", at, str(window.end))
            after = at
        elif stream == "categories":
            rows, after = await self._small(stream, cursor)
        else:
            rows, after = await self._keys(stream, self._place(window, cursor), window.end)
        return rows, after.text() if after else None

    @staticmethod
    def _place(window: Window, cursor: str | None) -> KeyCursor:
        return KeyCursor.parse(cursor) if cursor else KeyCursor(max(0, int(window.start or 1) - 1))

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        if window.stream not in _BY_ID:
            return None
        place = self._place(window, cursor)
        return replace(place, skip=place.skip + 1).text()

    async def _page(self, stream: str, rows: list[Raw], cursor: str | None) -> Page:
        """Rows with what they need to be understood."""
        if stream == "orders":
            rows = await self.client.with_details(rows)
        elif stream == "customers":
            rows = await self.client.with_groups(rows)
        elif stream == "products":
            rows = await self.client.with_brands(await self.client.with_slugs(rows))
        return Page(page_body(rows), len(rows), cursor)

    async def _keys(self, stream: str, place: KeyCursor, end: str | None) -> tuple[list[Raw], KeyCursor | None]:
        """The next rows by id."""
        size = 1 if place.skip else self.page_size
        asked = LISTS[stream].above(place.last, end)
        rows = (await self._list(stream, limit=size, page=place.skip + 1, **asked)).rows
        rows = [row for row in rows if int(row["id"]) > place.last]
        return rows, KeyCursor(max(int(row["id"]) for row in rows)) if len(rows) >= size else None

    async def _small(self, stream: str, cursor: str | None) -> tuple[list[Raw], PageCursor | None]:
        """A list without any filter. One that became shorter moved to the left: the walk steps back."""
        at = PageCursor.parse(cursor) if cursor else PageCursor()
        number, before = divmod(at.offset, self.page_size)
        found = await self._list(stream, limit=self.page_size, page=number + 1)
        if found.total is not None and found.total < at.total:
            back = PageCursor(max(0, at.offset - (at.total - found.total)))
            return await self._small(stream, back.text())
        more = len(found.rows) >= self.page_size
        going = PageCursor((number + 1) * self.page_size, -1 if found.total is None else found.total)
        return found.rows[before:], going if more else None

    async def _span(self, stream: str, column: str, at: SpanCursor, end: str) -> tuple[list[Raw], SpanCursor | None]:
        """The rows of as long a span as fits on one page, and where to go on."""
        listed = LISTS[stream]
        start = _utc(at.at)
        left = int((_utc(end) - start).total_seconds())
        if left <= 0:
            return [], None
        span = min(at.span or left, left)
        while True:
            asked = listed.between(column, start, start + timedelta(seconds=span))
            rows = (await self._list(stream, limit=self.page_size, page=1, **asked)).rows
            if len(rows) < self.page_size:
                break
            if span == 1:
                rows = await self._crowd(stream, asked)
                break
            span = max(1, span // 2)
        until = second(start + timedelta(seconds=span))
        # What has no time that can be read is given rather than lost: reading it says what is wrong.
        inside = [row for row in rows if not (key := listed.time(row, column)) or at.at <= key < until]
        if span >= left:
            return inside, None
        return inside, replace(at, at=until, span=span * 2 if len(rows) * 2 < self.page_size else span)

    async def _crowd(self, stream: str, asked: Params) -> list[Raw]:
        """All rows of one second that do not fit on a page, read until two readings are the same: who is edited
        meanwhile leaves the second and moves the others."""
        found: dict[str, Raw] = {}
        before: set[str] | None = None
        for _ in range(PASSES):
            seen: set[str] = set()
            page = 1
            while True:
                rows = (await self._list(stream, limit=self.page_size, page=page, **asked)).rows
                found |= {LISTS[stream].row_id(row): row for row in rows}
                seen |= {LISTS[stream].row_id(row) for row in rows}
                if len(rows) < self.page_size:
                    break
                page += 1
            if seen == before:
                return list(found.values())
            before = seen
        raise RetryLater("Too many changes at once; we come back.", 30)

    # -- changes

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        if stream == "carts":
            return Page(b"[]", 0, cursor or "{}")  # they are told by webhook only
        if stream == "categories":  # no time of change, and few: each poll reads them all
            all_of_them, next_page = await self._small(stream, cursor)
            return await self._page(stream, all_of_them, (next_page or PageCursor()).text())
        if stream == "coupons":
            few, further = await self._keys(stream, KeyCursor.parse(cursor) if cursor else KeyCursor(), None)
            return await self._page(stream, few, (further or KeyCursor()).text())
        at = SpanCursor.parse(cursor) if cursor else SpanCursor(at=second(since))
        if not at.end:
            early = _utc(at.at) - self.overlap
            at = SpanCursor(second(early), end=second(datetime.now(UTC) + AHEAD), newest=at.at)
        rows: list[Raw] = []
        going: SpanCursor | None = at
        while going is not None and len(rows) < self.page_size:
            found, going = await self._span(stream, "date_modified", going, at.end)
            rows += found
        newest = max([at.newest, *(LISTS[stream].time(row, "date_modified") for row in rows)])
        if going is not None:
            rest = replace(going, newest=newest)
        elif len(rows) >= self.page_size:
            rest = SpanCursor(at.end, end=at.end, newest=newest)  # nothing is left; the next page says so
        else:
            rest = SpanCursor(newest)
        return await self._page(stream, rows, rest.text())

    # -- objects

    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        if stream == "carts":
            wanted = [key for key in dict.fromkeys(ids) if _TOKEN.fullmatch(key)]
            found = await together(*(self.client.cart(key) for key in wanted))
            return await self._page(stream, [row for row in found if row is not None], None)
        numbers = [key for key in dict.fromkeys(ids) if key.isdecimal()]
        if stream == "orders":
            rows = await self._orders(sorted(int(key) for key in numbers))
        elif stream == "coupons":
            each = await together(*(self.client.one(stream, f"v2/coupons/{key}") for key in numbers))
            rows = [row for row in each if row is not None]
        else:
            rows = await self._by_ids(stream, numbers)
        return await self._page(stream, rows, None)

    async def _by_ids(self, stream: str, ids: Sequence[str]) -> list[Raw]:
        rows: list[Raw] = []
        listed = LISTS[stream]
        for start in range(0, len(ids), self.page_size):
            some = ids[start : start + self.page_size]
            asked = {f"{listed.key}:in": ",".join(some), "limit": self.page_size}
            rows += [row for row in (await self._list(stream, **asked)).rows if listed.row_id(row) in set(some)]
        return rows

    async def _orders(self, numbers: Sequence[int]) -> list[Raw]:
        """Orders know no list of ids: neighbours are listed together, archived ones by themselves, and the rest is
        asked for one by one."""
        rows: dict[int, Raw] = {}
        at = 0
        while at < len(numbers):
            run = [key for key in numbers[at:] if key < numbers[at] + self.page_size]
            at += len(run)
            for archived in ({}, {"is_deleted": "true"}):
                if len(run) < 3:
                    break
                asked = LISTS["orders"].above(run[0] - 1, str(run[-1])) | archived
                listed = (await self._list("orders", limit=self.page_size, **asked)).rows
                rows |= {int(row["id"]): row for row in listed if int(row["id"]) in set(run)}
                run = [key for key in run if key not in rows]
        missing = [key for key in numbers if key not in rows]
        found = await together(
            *(self.client.one("orders", f"v2/orders/{key}", LISTS["orders"].params) for key in missing)
        )
        rows |= {int(row["id"]): row for row in found if row is not None}
        return [rows[key] for key in numbers if key in rows]

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        return self._reader.read(stream, body, received_at)

    # -- webhooks

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Hint:
        secret = self.config.credentials.get("client_secret", "")
        webhooks.verify(headers, body, secret, self.config.webhook_secret)
        return webhooks.hint(body, self.client.hash)

    async def ensure_webhooks(self, delivery_url: str) -> WebhookHealth:
        return await webhooks.ensure(self.client, delivery_url, self.config.webhook_secret)

    async def remove_webhooks(self, delivery_url: str) -> None:
        await webhooks.remove(self.client, delivery_url)


def _utc(at: str) -> datetime:
    """The time a cursor holds."""
    return datetime.fromisoformat(at).replace(tzinfo=UTC)


CONNECTOR = BigCommerce
