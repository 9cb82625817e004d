"""Medusa 2 (Admin API, STORES.md §7): how its history, its changes and its objects are asked for.

History is walked by id, which is made of the time of creation and never changes; lists that cannot be cut by
id (products, categories) are walked by their time of creation. Changes are those of ``updated_at``, and, because
that does not move everywhere, the orders of payments that changed; every hour the orders of the last week; and once a
day those of the last three months and all accounts (for their groups and addresses).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx2

from ..base import CheckReport, Connector, Hint, Page, StoreConfig, WebhookHealth, Window
from ..canonical import Mapped
from ..errors import PageUnreadable
from ..http import Overwhelmed
from ..paging import SECOND, Cursor, TimeCursor, second
from ..reading import mapping as inner
from ..together import together
from . import checking, webhooks
from .client import MedusaClient, Row, body_of
from .info import INFO
from .mapping import Reader

WINDOWS = 48  # at most, a stream
WINDOW_ROWS = 400  # a window is worth having from this size
BEGINNING = datetime(2015, 1, 1, tzinfo=UTC)  # older than Medusa
SCAN_EVERY = timedelta(hours=24)
LOOK_EVERY = timedelta(hours=1)
BACK = {"scan": timedelta(days=90), "look": timedelta(days=7)}  # how old orders may be that are read again
BY_ID = ("coupons", "customers", "guests", "orders")
_PAYMENT_FIELDS = "id,updated_at,payment_collection.order.id"


@dataclass(frozen=True, slots=True)
class Place(Cursor):
    """In a list sorted by id: behind ``last``, and ``offset`` rows further, which nobody can give."""

    last: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Poll(Cursor):
    """``changed`` and ``paid``: where the walks by time of the stream and of the payments stand (`TimeCursor`).
    ``stage``: which of the walks of one poll is under way; ``last``: id the daily scan or the hourly look has come to;
    ``scanned``, ``looked``: our time at their last end."""

    changed: str = ""
    paid: str = ""
    stage: str = ""  # "" (changed), paid, scan, look
    last: str = ""
    scanned: str = ""
    looked: str = ""


class Medusa(Connector):
    """One Medusa server."""

    info = INFO

    def __init__(self, config: StoreConfig, transport: Any) -> None:
        super().__init__(config, transport)
        self.client = MedusaClient(config.url, transport)
        self._reader = Reader(config)

    @classmethod
    def auth(cls, config: StoreConfig) -> httpx2.Auth:
        return httpx2.BasicAuth(config.credentials.get("key", ""), "")

    async def check(self) -> CheckReport:
        return await checking.check(self.client, self.config.credentials.get("key", ""))

    async def fingerprint(self) -> str:
        return str((await checking.store(self.client)).get("id") or "")

    async def counts(self) -> Mapping[str, int | None]:
        totals = await together(*(self.client.total(stream) for stream in INFO.streams))
        return dict(zip(INFO.streams, totals, strict=True))

    # -- history

    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        if stream not in BY_ID:
            return [Window(stream, f"{stream}-all", second(BEGINNING))]
        total = await self.client.total(stream) or 0
        number = max(1, min(WINDOWS, total // WINDOW_ROWS))
        offsets = [place * total // number for place in range(1, number)]
        # The shop's own order of ids counts, so what it gave in order is not sorted again.
        found = await together(*(self._id_at(stream, each) for each in offsets))
        edges = ["", *dict.fromkeys(filter(None, found)), None]
        return [Window(stream, f"{stream}-{start}", start, end) for start, end in pairwise(edges)]

    async def _id_at(self, stream: str, offset: int) -> str:
        try:
            rows = (await self.client.read(stream, "id", order="id", offset=offset, limit=1)).rows
        except (PageUnreadable, Overwhelmed):
            return ""  # a row that cannot be given: no window begins here
        return rows[0].id if rows else ""

    async def page(self, window: Window, cursor: str | None) -> Page:
        if window.stream not in BY_ID:
            at = TimeCursor.parse(cursor) if cursor else TimeCursor(at=str(window.start))
            rows, going = await self._by_time(window.stream, "created_at", at)
            return Page(body_of(rows), len(rows), going.text() if going else None)
        place = Place.parse(cursor) if cursor else Place(window.start or "")
        rows, after = await self._by_id(window.stream, place, window.end)
        return Page(body_of(rows), len(rows), after.text() if after else None)

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        if window.stream not in BY_ID:
            at = TimeCursor.parse(cursor) if cursor else TimeCursor(at=str(window.start))
            return at.stepped_over().text()
        place = Place.parse(cursor) if cursor else Place(window.start or "")
        return replace(place, offset=place.offset + 1).text()

    async def _by_id(
        self, stream: str, place: Place, end: str | None, **more: str | int
    ) -> tuple[list[Row], Place | None]:
        """One page behind ``place``, up to ``end`` with it; the shop compares, so its own order of ids counts."""
        asked: dict[str, str | int] = {"order": "id", "limit": self.page_size, **more}
        if place.last:
            asked["id[$gt]"] = place.last
        if end:
            asked["id[$lte]"] = end
        if place.offset:
            asked["offset"] = place.offset
        rows = (await self.client.page(stream, None, **asked)).rows
        return rows, Place(rows[-1].id) if len(rows) >= self.page_size else None

    async def _by_time(
        self, stream: str, column: str, at: TimeCursor, fields: str | None = None
    ) -> tuple[list[Row], TimeCursor | None]:
        """One page from ``at`` on (`TimeCursor`)."""
        asked: dict[str, str | int] = {"limit": self.page_size, f"{column}[$gte]": f"{at.at}.000Z"}
        if not at.cluster:
            bounds: dict[str, str | int] = {"order": column} | ({"offset": at.offset} if at.offset else {})
            found = (await self.client.page(stream, fields, **asked, **bounds)).rows
            keys = [(row.id, _second(row, column)) for row in found]
            going = at.after_page(keys, len(keys) >= self.page_size)
            if going is None or not going.cluster:
                seen = {(key, at.at) for key in at.seen}
                return [row for row, key in zip(found, keys, strict=True) if key not in seen], going
            at = going
        asked |= {f"{column}[$gte]": f"{at.at}.000Z", f"{column}[$lt]": f"{second(at.time + SECOND)}.000Z"}
        page = await self.client.page(stream, fields, **asked, order="id", offset=at.offset)
        total = page.total if page.total is not None else at.offset + len(page.rows) + 1
        return [row for row in page.rows if row.id not in at.seen], at.after_cluster_page(len(page.rows), total)

    # -- changes

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        at = Poll.parse(cursor) if cursor else _first(since)
        rows: dict[str, Row] = {}
        while len(rows) < self.page_size:
            found, at, ended = await self._changed(stream, at)
            rows |= {row.id: row for row in found}
            if ended:
                break
        return Page(body_of(list(rows.values())), len(rows), at.text())

    async def _changed(self, stream: str, at: Poll) -> tuple[list[Row], Poll, bool]:
        """One step of a poll: the rows it found, where to go on, and whether all walks came to their end."""
        if at.stage not in BACK:
            if at.stage == "":
                rows, going = await self._walk(stream, at.changed, None)
                at = replace(at, changed=going.text())
            else:
                payments, going = await self._walk("payments", at.paid, _PAYMENT_FIELDS)
                rows = await self.client.by_ids("orders", [_order_of(row) for row in payments])
                at = replace(at, paid=going.text())
            if not going.more:
                at = replace(at, stage=_after(at.stage, stream, at))
            return rows, at, not going.more and at.stage == ""
        more: dict[str, str | int] = {}
        if stream == "orders":
            more["created_at[$gte]"] = f"{second(datetime.now(UTC) - BACK[at.stage])}.000Z"
        rows, place = await self._by_id(stream, Place(at.last), None, **more)
        if place is not None:
            return rows, replace(at, last=place.last), False
        now = datetime.now(UTC).isoformat()
        return rows, replace(at, stage="", last="", looked=now, scanned=now if at.stage == "scan" else at.scanned), True

    async def _walk(self, stream: str, text: str, fields: str | None) -> tuple[list[Row], TimeCursor]:
        """One page of what changed; ``more`` of the cursor says that the walk goes on."""
        at = TimeCursor.parse(text)
        if not at.more:
            at = at.earlier(self.overlap)
        rows, going = await self._by_time(stream, "updated_at", at, fields)
        if going is not None:
            return rows, replace(going, more=True)
        newest = max([_second(row, "updated_at") for row in rows], default="")
        return rows, TimeCursor(at=max(newest, TimeCursor.parse(text).at))

    # -- objects

    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        rows = await self.client.by_ids(stream, ids)
        return Page(body_of(rows), len(rows), None)

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        return self._reader.read(stream, body, received_at)

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Hint:
        return webhooks.hint(headers, body, self.config.ingest_secret)

    async def ensure_webhooks(self, delivery_url: str) -> WebhookHealth:
        message = (
            "Medusa sends no webhooks of its own: with the subscriber changes arrive within seconds, without it with "
            "the poll."
        )
        return WebhookHealth(True, 0, 0, message)


def _first(since: datetime) -> Poll:
    """The poll behind a backfill: what was read then needs no second look yet."""
    start, now = TimeCursor.starting(since).text(), datetime.now(UTC).isoformat()
    return Poll(changed=start, paid=start, scanned=now, looked=now)


def _after(stage: str, stream: str, at: Poll) -> str:
    """The walk behind the one that ended; "" = none."""
    if stage == "" and stream == "orders":
        return "paid"
    if stream in ("customers", "orders") and _due(at.scanned, SCAN_EVERY):
        return "scan"
    return "look" if stream == "orders" and _due(at.looked, LOOK_EVERY) else ""


def _due(last: str, every: timedelta) -> bool:
    return not last or datetime.now(UTC) - datetime.fromisoformat(last) >= every


def _second(row: Row, column: str) -> str:
    told = str(row.value.get(column) or "")
    if not told:
        raise PageUnreadable(f"The shop lists objects without {column}: they cannot be walked by time.")
    return second(datetime.fromisoformat(told))


def _order_of(payment: Row) -> str:
    return str(inner(inner(payment.value.get("payment_collection")).get("order")).get("id") or "")


CONNECTOR = Medusa
