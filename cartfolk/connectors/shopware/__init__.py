"""Shopware 6 (Admin API, STORES.md §9): how its history, its changes and its objects are asked for."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from ..base import CheckReport, Connector, Hint, Page, StoreConfig, WebhookHealth, Window
from ..canonical import Mapped
from ..errors import PageUnreadable
from ..http import Overwhelmed
from ..paging import SECOND, Cursor, TimeCursor, second
from ..reading import FieldError, moment, page_body
from . import webhooks
from .app import ShopwareApp
from .checking import check, fingerprint
from .client import AccessToken, Json, ShopwareClient, by_ids
from .info import INFO
from .mapping import Reader
from .streams import SOURCES, WALKS, Source, Walk

WINDOWS = 48  # at most, a stream
WINDOW_ROWS = 400  # a window is worth having from this size
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class PollCursor(Cursor):
    """A poll goes through several lists, one after the other. ``marks``: the last second seen in each. ``rose``: our
    time when that grew; empty once a walk has looked back long enough after it, for then nothing can be written
    late any more, and what was edited last is not read again by every poll of a quiet shop. ``walk``: the list under
    way, ``began`` at our time, from ``place`` (a `TimeCursor`); behind the last list the poll is over."""

    marks: tuple[str, ...] = ()
    rose: tuple[str, ...] = ()
    walk: int = 0
    began: str = ""
    place: str = ""

    @classmethod
    def starting(cls, since: datetime, lists: int) -> PollCursor:
        return cls((second(since),) * lists, (datetime.now(UTC).isoformat(),) * lists)

    def here(self, overlap: timedelta) -> TimeCursor:
        """Where the list under way goes on, or begins."""
        if self.place:
            return TimeCursor.parse(self.place)
        mark = TimeCursor(self.marks[self.walk])
        return mark.earlier(overlap if self.rose[self.walk] else -SECOND)

    def after(self, last: str, going: TimeCursor | None, overlap: timedelta) -> PollCursor:
        """Behind a page whose last row is of that second."""
        marks, rose = list(self.marks), list(self.rose)
        if last > marks[self.walk]:
            marks[self.walk], rose[self.walk] = last, datetime.now(UTC).isoformat()
        elif going is None and rose[self.walk] and _instant(self.began) - _instant(rose[self.walk]) >= overlap:
            rose[self.walk] = ""
        told = replace(self, marks=tuple(marks), rose=tuple(rose))
        if going is not None:
            return replace(told, place=going.text())
        return replace(told, walk=self.walk + 1, began="", place="")


class Shopware(Connector):
    """One Shopware shop."""

    info = INFO
    app = ShopwareApp()

    def __init__(self, config: StoreConfig, transport: Any) -> None:
        super().__init__(config, transport)
        self.client = ShopwareClient(config.url, transport, config.allow_private_address)
        self._reader = Reader(config)

    @classmethod
    def auth(cls, config: StoreConfig) -> AccessToken:
        keys = config.credentials
        return AccessToken(keys.get("key", ""), keys.get("secret", ""), app="shop_id" in keys)

    async def check(self) -> CheckReport:
        return await check(self.client)

    async def fingerprint(self) -> str:
        return await fingerprint(self.client)

    async def counts(self) -> Mapping[str, int | None]:
        totals = await asyncio.gather(*(self._total(stream) for stream in INFO.streams))
        return dict(zip(INFO.streams, totals, strict=True))

    async def _total(self, stream: str) -> int:
        source = SOURCES[stream]
        # Without the mode the total is the number of rows on the page.
        asked: Json = {"limit": 1, "total_count_mode": 1, "includes": {source.entity.replace("-", "_"): ["id"]}}
        return (await self.client.search(source.entity, filter=list(source.filters), **asked)).total

    # -- history

    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        """Cut by the time of creation: ids are random, and running numbers are not there for every entity."""
        end = until.astimezone(UTC).replace(microsecond=0) + SECOND
        source = SOURCES[stream]
        try:
            first = await self.client.search(
                source.entity,
                limit=1,
                total_count_mode=1,
                filter=list(source.filters),
                sort=_sorted("createdAt"),
                includes={source.entity.replace("-", "_"): ["id", "createdAt"]},
            )
        except (PageUnreadable, Overwhelmed):
            return [Window(stream, f"{stream}-all", second(BEGINNING), second(end))]
        if not first.rows:
            return []
        start = datetime.fromisoformat(_seconds(first.rows, "createdAt")[0][1]).replace(tzinfo=UTC)
        if start >= end:
            return []
        span = math.ceil((end - start).total_seconds())
        number = max(1, min(WINDOWS, first.total // WINDOW_ROWS, span))
        edges = [start + timedelta(seconds=place * span // number) for place in range(number)] + [end]
        return [Window(stream, f"{stream}-{second(a)}", second(a), second(b)) for a, b in pairwise(edges)]

    async def page(self, window: Window, cursor: str | None) -> Page:
        at = self._place(window, cursor)
        rows, going = await self._step(SOURCES[window.stream], "createdAt", at, window.end)
        if going is not None and window.end and going.at >= window.end:
            going = None
        return Page(page_body(rows), len(rows), going.text() if going else None)

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        return self._place(window, cursor).stepped_over().text()

    @staticmethod
    def _place(window: Window, cursor: str | None) -> TimeCursor:
        return TimeCursor.parse(cursor) if cursor else TimeCursor(at=str(window.start))

    async def _step(
        self, source: Source, column: str, at: TimeCursor, end: str | None, filters: Sequence[Json] = ()
    ) -> tuple[list[Json], TimeCursor | None]:
        """One page by time (`TimeCursor`)."""

        async def ask(at: TimeCursor, before: str | None, **more: Any) -> tuple[list[Json], int, int]:
            # There are pages of a fixed size only, no offsets: the rows before ours on the page are dropped.
            number, before_ours = divmod(at.offset, self.page_size)
            bounds = {"gte": _storage(at.at)} | ({"lt": _storage(before)} if before else {})
            found = await self.client.page(
                source.entity,
                source.headers,
                page=number + 1,
                limit=self.page_size,
                filter=[{"type": "range", "field": column, "parameters": bounds}, *source.filters, *filters],
                sort=_sorted(column),
                **source.shown,
                **more,
            )
            return found.rows[before_ours:], found.size, found.total

        if not at.cluster:
            rows, size, _total = await ask(at, end)
            keys = _seconds(rows, column)
            going = at.after_page(keys, size >= self.page_size)
            if going is None or not going.cluster:
                seen = {(key, at.at) for key in at.seen}
                return [row for row, key in zip(rows, keys, strict=True) if key not in seen], going
            at = going
        rows, size, total = await ask(at, second(at.time + SECOND), total_count_mode=1)
        return [row for row in rows if str(row["id"]) not in at.seen], at.after_cluster_page(len(rows), total)

    # -- changes

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        walks = WALKS[stream]
        at = PollCursor.parse(cursor) if cursor else PollCursor()
        if not len(at.marks) == len(at.rose) == len(walks):  # a first poll, or one begun when there were other lists
            at = PollCursor.starting(since, len(walks))
        rows: dict[str, Json] = {}
        while at.walk < len(walks) and len(rows) < self.page_size:
            at = at if at.began else replace(at, began=datetime.now(UTC).isoformat())
            found, going, last = await self._walk(stream, walks[at.walk], at.here(self.overlap), rows)
            rows |= found
            at = at.after(last, going, self.overlap)
        if at.walk == len(walks) and len(rows) < self.page_size:
            at = replace(at, walk=0)
        return Page(page_body(list(rows.values())), len(rows), at.text())

    async def _walk(
        self, stream: str, walk: Walk, at: TimeCursor, known: Mapping[str, Json]
    ) -> tuple[dict[str, Json], TimeCursor | None, str]:
        """One page of one list: objects of the stream by id, where to go on, and the last second seen."""
        never = [{"type": "equals", "field": "updatedAt", "value": None}] if walk.column == "createdAt" else []
        found, going = await self._step(walk.source, walk.column, at, None, never)
        last = max((at for _key, at in _seconds(found, walk.column)), default="")
        if not walk.path:
            return {str(row["id"]): row for row in found}, going, last
        ids = dict.fromkeys(filter(None, (_at(row, walk.path) for row in found)))
        wholes = await self._by_ids(stream, [key for key in ids if key not in known])
        return {str(row["id"]): row for row in wholes}, going, last

    # -- objects

    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        rows = await self._by_ids(stream, ids)
        return Page(page_body(rows), len(rows), None)

    async def _by_ids(self, stream: str, ids: Sequence[str]) -> list[Json]:
        """Without the stream's own filter: a guest is a customer to whoever asks by id."""
        source = SOURCES[stream]
        wanted = [key for key in dict.fromkeys(ids) if _ID.fullmatch(key)]  # another form is refused as a whole
        rows: list[Json] = []
        for start in range(0, len(wanted), self.page_size):
            some = by_ids(wanted[start : start + self.page_size])
            rows += (await self.client.page(source.entity, source.headers, **some, **source.shown)).rows
        return rows

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        return self._reader.read(stream, body, received_at)

    # -- webhooks

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Hint:
        return webhooks.hint(headers, body, self.config.webhook_secret, self.config.credentials)

    async def ensure_webhooks(self, delivery_url: str) -> WebhookHealth:
        if "shop_id" in self.config.credentials:
            return await webhooks.ensure_app(self.client, delivery_url)
        return await webhooks.ensure(self.client, delivery_url, self.config.webhook_secret)

    async def remove_webhooks(self, delivery_url: str) -> None:
        await webhooks.remove(self.client, delivery_url)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _sorted(column: str) -> list[Json]:
    return [{"field": column, "order": "ASC"}, {"field": "id", "order": "ASC"}]


def _storage(at: str) -> str:
    """Bounds go to the database as they are: UTC in its own form, which every version of it compares rightly."""
    return f"{at.replace('T', ' ')}.000"


def _seconds(rows: Sequence[Json], column: str) -> list[tuple[str, str]]:
    """Id and second of each row."""
    try:
        times = [moment(row.get(column), column) for row in rows]
    except FieldError as error:
        raise PageUnreadable(error.reason) from None
    if None in times:
        raise PageUnreadable(f"The shop lists objects without {column}: they cannot be walked by time.")
    return [(str(row["id"]), second(at)) for row, at in zip(rows, times, strict=True) if at]


def _at(row: Json, path: Sequence[str]) -> str | None:
    value: Any = row
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


CONNECTOR = Shopware
