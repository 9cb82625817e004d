"""Magento 1 and OpenMage (STORES.md §3): their history, their changes and their objects.

There are no counts, no limits, no order and no webhooks: history is cut by ids, changes are polled by time, and
what shoppers do in between comes through the ingest door from the module in ``integrations/openmage``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..base import CheckReport, Connector, Ids, Page, StoreConfig, Window
from ..canonical import Mapped
from ..oauth1 import OAuth1
from ..paging import second
from ..reading import FieldError, moment, page_body
from . import walking
from .checking import check, check_rest, fingerprint, here
from .client import ApiUser, MagentoClient
from .info import INFO
from .mapping import Reader
from .rest import RestShopfront
from .shopfront import ID, Raw, RpcShopfront
from .walking import Place, Poll

WINDOWS = 48  # at most, a stream
WINDOW_IDS = 400  # a window is worth having from this many ids


class OpenMage(Connector):
    """One Magento 1 or OpenMage shop."""

    info = INFO

    def __init__(self, config: StoreConfig, transport: Any) -> None:
        super().__init__(config, transport)
        self._reader = Reader(config)
        self.shop: RpcShopfront | RestShopfront
        if by_rest(config):
            self.shop = RestShopfront(config.url, transport)
            return
        carried = getattr(transport, "auth", None)  # who only reads has no transport
        user = carried if isinstance(carried, ApiUser) else ApiUser(*_keys(config, "user", "key"))
        self.shop = RpcShopfront(MagentoClient(config.url, transport, user))

    @classmethod
    def auth(cls, config: StoreConfig) -> ApiUser | OAuth1:
        if by_rest(config):
            return OAuth1(*_keys(config, "user", "key", "token", "token_secret"), method="HMAC-SHA1")
        return ApiUser(*_keys(config, "user", "key"))

    async def check(self) -> CheckReport:
        return await (check_rest(self.shop) if isinstance(self.shop, RestShopfront) else check(self.shop))

    async def fingerprint(self) -> str:
        return here(self.shop.base) if isinstance(self.shop, RestShopfront) else await fingerprint(self.shop.client)

    async def counts(self) -> Mapping[str, int | None]:
        return {**dict.fromkeys(INFO.streams), **await self.shop.counts()}

    # -- history

    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        """Windows over the ids; the last one is open, as an order dated back may have the greatest id of all."""
        if stream == "categories":
            return [Window(stream, "categories", "1")]
        newest = await self.shop.newest(stream)
        if not newest:
            return [Window(stream, f"{stream}-1", "1")]
        starts = [str(each) for each in walking.cuts(int(newest[-1][ID[stream]]), WINDOWS, WINDOW_IDS)]
        return [
            Window(stream, f"{stream}-{start}", start, end)
            for start, end in zip(starts, [*starts[1:], None], strict=True)
        ]

    async def page(self, window: Window, cursor: str | None) -> Page:
        if window.stream == "categories":
            return await self._categories(cursor)
        rows, going = await self._rows(window, cursor)
        return _page(await self.shop.documents(window.stream, rows), going.text() if going else None)

    async def ids(self, window: Window, cursor: str | None) -> Ids:
        if window.stream in ("categories", "products"):  # whose list rows tell no time of change
            return await super().ids(window, cursor)
        rows, going = await self._rows(window, cursor)
        key = ID[window.stream]
        return Ids({str(row[key]): _version(row) for row in rows}, going.text() if going else None)

    async def _rows(self, window: Window, cursor: str | None) -> tuple[list[Raw], Place | None]:
        place = self._place(window, cursor)
        end = int(window.end) if window.end else None
        return await walking.by_ids(self.shop, window.stream, place, end, self.page_size)

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        if window.stream == "categories":
            return None
        return Place(self._place(window, cursor).next + 1, 1).text()

    @staticmethod
    def _place(window: Window, cursor: str | None) -> Place:
        return Place.parse(cursor) if cursor else Place(int(window.start or 1))

    async def _categories(self, cursor: str | None) -> Page:
        place = Place.parse(cursor) if cursor else Place()
        rows = [row for row in await self.shop.categories() if int(row["category_id"]) >= place.next]
        here = rows[: self.page_size]
        full = len(here) == self.page_size  # then a page follows, an empty one if need be: a poll ends with less
        return _page(here, Place(int(here[-1]["category_id"]) + 1).text() if full else None)

    # -- changes

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        if stream == "categories":  # few, and without times: each poll reads them all
            page = await self._categories(cursor)
            return replace(page, cursor=page.cursor or Place().text())
        poll = Poll.parse(cursor) if cursor else Poll(at=second(since))
        found, poll = await walking.changed(self.shop, stream, poll, self.page_size, self.overlap)
        return _page(found, poll.text())

    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        wanted = [key for key in dict.fromkeys(ids) if key.isdecimal()]
        if stream == "categories":
            return _page([row for row in await self.shop.categories() if str(row["category_id"]) in wanted], None)
        found: list[Raw] = []
        for start in range(0, len(wanted), self.page_size):
            rows = await self.shop.rows(stream, {ID[stream]: {"in": wanted[start : start + self.page_size]}})
            found += await self.shop.documents(stream, rows)
        return _page(found, None)

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        return self._reader.read(stream, body, received_at)


def by_rest(config: StoreConfig) -> bool:
    """Whether the owner gave OAuth's four keys instead of an API user's two."""
    return bool(config.credentials.get("token"))


def _keys(config: StoreConfig, *names: str) -> list[str]:
    return [config.credentials.get(name, "") for name in names]


def _page(rows: Sequence[Raw], cursor: str | None) -> Page:
    return Page(page_body(rows), len(rows), cursor)


def _version(row: Raw) -> datetime | None:
    try:
        return moment(row.get("updated_at"), "updated_at")
    except FieldError:
        return None


CONNECTOR = OpenMage
