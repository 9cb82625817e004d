"""PrestaShop (webservice, STORES.md §6): how its history, its changes and its objects are asked for.

History is walked by id, which never changes; changes by the time of the last edit. Guests stand in the list of
customers, one row a checkout, and are a stream of their own; the same row may become an account later, so objects
are fetched by id whatever they are. Carts of nobody are taken along as they happen, but not from the past.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from ..base import CheckReport, Connector, Ids, Page, StoreConfig, Window
from ..canonical import Mapped
from ..errors import PageUnreadable
from ..http import Overwhelmed
from ..paging import Cursor
from ..reading import FieldError, page_body
from ..together import together
from .auth import WebserviceKey
from .checking import check, fingerprint
from .client import NONE, PrestaClient, Raw, ResourceMissing, one_of
from .companions import Companions
from .info import INFO, STREAM_RESOURCES
from .mapping import Reader
from .polling import Poll, PollCursor
from .wall import Wall

WINDOWS = 48  # at most, a stream
WINDOW_ROWS = 400  # a window is worth having from this size
IDS = 1000  # rows of a page that is ids and times only
GROSS: Mapping[str, str | int] = {"price[gross][use_tax]": 1, "price[gross][decimals]": 6}
_HISTORY: Mapping[str, Mapping[str, str]] = {
    "customers": {"is_guest": "0", "deleted": "0"},
    "guests": {"is_guest": "1", "deleted": "0"},
    "carts": {"id_customer": ">[0]"},
}
_CHANGED: Mapping[str, Mapping[str, str]] = {"customers": {"is_guest": "0"}, "guests": {"is_guest": "1"}}


@dataclass(frozen=True, slots=True)
class Place(Cursor):
    """``last``: greatest id already given; ``skip``: rows behind it that no page can give."""

    last: int = 0
    skip: int = 0


class PrestaShop(Connector):
    """One PrestaShop."""

    info = INFO
    overlap = timedelta(seconds=120)

    def __init__(self, config: StoreConfig, transport: Any) -> None:
        super().__init__(config, transport)
        self.client = PrestaClient(config, transport)
        self.companions = Companions(self.client, str(config.learned.get("language", "")))
        self._reader = Reader(config, self.client.base)

    @classmethod
    def auth(cls, config: StoreConfig) -> WebserviceKey:
        return WebserviceKey(config.credentials.get("key", ""))

    async def check(self) -> CheckReport:
        return await check(self.client)

    async def fingerprint(self) -> str:
        return await fingerprint(self.client)

    async def counts(self) -> Mapping[str, int | None]:
        totals = await together(*(self._total(stream) for stream in INFO.streams))
        return dict(zip(INFO.streams, totals, strict=True))

    async def _total(self, stream: str) -> int | None:
        try:
            return await self.client.count(STREAM_RESOURCES[stream], _HISTORY.get(stream, NONE))
        except (PageUnreadable, Overwhelmed) as error:
            return 0 if isinstance(error, ResourceMissing) else None

    # -- history

    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        total = await self._total(stream)
        if total == 0:
            return []
        number = max(1, min(WINDOWS, (total or 0) // WINDOW_ROWS))
        resource, filters = STREAM_RESOURCES[stream], _HISTORY.get(stream, NONE)
        offsets = [place * (total or 0) // number for place in range(1, number)]
        firsts = await together(*(self.client.id_at(resource, offset, filters) for offset in offsets))
        edges: list[int | None] = [0, *sorted({key for key in firsts if key}), None]
        return [
            Window(stream, f"{stream}-{first}", str(first), None if end is None else str(end))
            for first, end in pairwise(edges)
        ]

    async def page(self, window: Window, cursor: str | None) -> Page:
        rows, going = await self._step(window, cursor, "full", self.page_size)
        rows = await self.companions.of(window.stream, rows)
        return Page(page_body(rows), len(rows), going)

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        at = _place(window, cursor)
        return Place(at.last, at.skip + 1).text()

    async def ids(self, window: Window, cursor: str | None) -> Ids:
        rows, going = await self._step(window, cursor, "[id,date_upd]", IDS)
        return Ids({str(row.get("id")): self._changed(row) for row in rows}, going)

    def _changed(self, row: Raw) -> datetime | None:
        try:
            return Wall(self.config.timezone).instant(row.get("date_upd"), "date_upd")
        except FieldError:
            return None

    async def _step(self, window: Window, cursor: str | None, display: str, size: int) -> tuple[list[Raw], str | None]:
        """The rows behind a place, in the order of their ids, and the next place; ends are exclusive."""
        at = _place(window, cursor)
        filters = dict(_HISTORY.get(window.stream, NONE))
        filters["id"] = f"[{at.last + 1},{int(window.end) - 1}]" if window.end else f">[{at.last}]"
        asked: dict[str, Any] = {
            "display": display,
            "sort": "[id_ASC]",
            "limit": f"{at.skip},{size}",
            "more": _more(window.stream),
        }
        rows = await self.client.page(STREAM_RESOURCES[window.stream], filters, **asked)
        last = int(rows[-1]["id"]) if rows else 0
        # An interval from behind its end is turned round by the shop: it must not be asked for.
        ended = len(rows) < size or (window.end is not None and last + 1 >= int(window.end))
        return rows, None if ended else Place(last).text()

    # -- changes and objects

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        poll = Poll(
            self.client,
            Wall(self.config.timezone),
            stream,
            overlap=self.overlap,
            size=self.page_size,
            filters=_CHANGED.get(stream, NONE),
            more=_more(stream),
            fetch=self._by_ids,
        )
        at = PollCursor.parse(cursor) if cursor else poll.begin(since)
        try:
            rows, at = await poll.changes(at)
        except ResourceMissing:
            rows = []
        rows = await self.companions.of(stream, rows)
        return Page(page_body(rows), len(rows), at.text())

    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        rows = await self.companions.of(stream, await self._by_ids(stream, ids))
        return Page(page_body(rows), len(rows), None)

    async def _by_ids(self, stream: str, ids: Sequence[str]) -> list[Raw]:
        wanted = [key for key in dict.fromkeys(ids) if key.isdecimal()]
        rows: list[Raw] = []
        for start in range(0, len(wanted), self.page_size):
            some = wanted[start : start + self.page_size]
            rows += await self.client.page(STREAM_RESOURCES[stream], {"id": one_of(some)}, more=_more(stream))
        return rows

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        return self._reader.read(stream, body, received_at)


def _place(window: Window, cursor: str | None) -> Place:
    return Place.parse(cursor) if cursor else Place(max(0, int(window.start or 0) - 1))


def _more(stream: str) -> Mapping[str, str | int]:
    """Products are asked for with the price a shopper sees: their own is without tax."""
    return GROSS if stream == "products" else NONE


CONNECTOR = PrestaShop
