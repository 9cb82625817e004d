"""Magento 2 / Adobe Commerce (REST V1, STORES.md §2): how its history, its changes and its objects are asked for.

Everything is walked by entity_id or by (updated_at, entity_id), always page one: Magento repeats its last page
for ever to whoever asks behind it, so ``total_count`` says when a walk is over. It has no webhooks; it is polled,
and our module (integrations/magento2) tells what happens meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..base import CheckReport, Connector, Hint, Page, StoreConfig, Window
from ..canonical import Mapped
from ..errors import PageUnreadable
from ..http import Overwhelmed
from ..reading import load, page_body
from ..together import together
from . import webhooks
from .auth import Integration
from .checking import check, fingerprint
from .client import Filter, Found, MagentoClient
from .cursors import Moment, Place, stamp
from .info import INFO
from .lists import LISTS, Raw
from .mapping import Reader

WINDOWS = 48  # at most, a stream
WINDOW_ROWS = 400  # a window is worth having from this size
NEIGHBOURS = 5  # rows beside each other that cannot be shown and are stepped over together
ACTIVE: Filter = ("is_active", "eq", 1)  # a cart that is not was ordered: its order tells more


class Magento(Connector):
    """One Magento shop."""

    info = INFO

    def __init__(self, config: StoreConfig, transport: Any) -> None:
        super().__init__(config, transport)
        self.client = MagentoClient(config.url, transport, config.credentials.get("website", ""))
        self._reader = Reader(config)

    @classmethod
    def auth(cls, config: StoreConfig) -> Integration:
        return Integration(config.credentials, in_clear=config.allow_private_address)

    async def check(self) -> CheckReport:
        return await check(self.client)

    async def fingerprint(self) -> str:
        return await fingerprint(self.client)

    async def counts(self) -> Mapping[str, int | None]:
        totals = await together(*(self._total(stream) for stream in INFO.streams))
        return dict(zip(INFO.streams, totals, strict=True))

    async def _total(self, stream: str) -> int | None:
        try:
            return await self.client.total(stream, _history(stream))
        except (PageUnreadable, Overwhelmed):
            return None  # neither the first nor the last row can be shown, and with them the total of the list

    # -- history

    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        total = await self._total(stream)
        if total == 0:
            return []
        first, last = await together(
            *(self.client.end(stream, _history(stream), descending) for descending in (False, True))
        )
        number = max(1, min(WINDOWS, (total or 0) // WINDOW_ROWS, last - first + 1))
        cuts = [0, *(first - 1 + place * (last - first + 1) // number for place in range(1, number))]
        # The last one is open: what is placed meanwhile gets greater ids.
        ends = [*map(str, cuts[1:]), None]
        return [Window(stream, f"{stream}-{cut}", str(cut), end) for cut, end in zip(cuts, ends, strict=True)]

    async def page(self, window: Window, cursor: str | None) -> Page:
        at = self._place(window, cursor)
        name, size = window.stream, 1 if at.skip else self.page_size
        filters: list[Filter] = [*_history(name), ("entity_id", "gt", at.last)]
        if window.end:
            filters.append(("entity_id", "lteq", window.end))
        if at.skip and await self._left(window, at) <= at.skip:
            return Page(b"[]", 0, None)
        found = await self.client.search(name, filters, size=size, page=at.skip + 1)
        if not found.rows:
            return Page(b"[]", 0, None)
        left = found.total - at.skip - len(found.rows)
        beyond = Place(max(int(row[LISTS[name].key]) for row in found.rows)) if left > 0 else None
        return await self._page(name, found.rows, beyond.text() if beyond else None)

    async def _left(self, window: Window, at: Place) -> int:
        """How many rows of the window come behind ``at.last``, asked without showing the first of them: it cannot
        be shown, and behind the last row Magento would answer with the last one again."""
        upto: list[Filter] = [*_history(window.stream)]
        if window.end:
            upto.append(("entity_id", "lteq", window.end))
        if not at.last:
            return await self.client.total(window.stream, upto)
        known: list[Filter] = [*_history(window.stream), ("entity_id", "lteq", at.last)]
        return await self.client.total(window.stream, upto) - await self.client.total(window.stream, known)

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        at = self._place(window, cursor)
        return replace(at, skip=at.skip + 1).text()

    @staticmethod
    def _place(window: Window, cursor: str | None) -> Place:
        return Place.parse(cursor) if cursor else Place(int(window.start or 0))

    async def _page(self, stream: str, rows: list[Raw], cursor: str | None) -> Page:
        """Rows with what they need beside themselves."""
        if stream == "orders":
            rows = await self.client.with_papers(rows)
        elif stream == "customers":
            rows = await self.client.with_groups(rows)
        elif stream == "products":
            rows = await self.client.with_brands(await self.client.with_media(rows))
        elif stream == "carts":
            rows = await self.client.with_totals(rows)
        return Page(page_body(rows), len(rows), cursor)

    # -- changes

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        if stream == "categories":
            return await self._all_categories(cursor)
        at = Moment.parse(cursor) if cursor else Moment.starting(since)
        last = at.at
        if not at.more:
            at = at.earlier(self.overlap)
        rows: list[Raw] = []
        going: Moment | None = at
        stubs = 0
        while going is not None and len(rows) < self.page_size:
            found, going = await self._step(stream, going)
            rows += found.rows
            stubs += found.stubs
        # An order imported with a time to come must not blind the poll until then.
        known = min(stamp(datetime.now(UTC)), max((str(row.get("updated_at") or "") for row in rows), default=""))
        last = max(last, known)
        rest = replace(going, more=True) if going is not None else Moment(last)
        page = await self._page(stream, rows, rest.text())
        if not stubs:
            return page
        # Who it is the shop does not tell: all of them share one row in quarantine.
        return Page(page_body([*load(page.body), {"_unreadable": True}]), page.rows + 1, page.cursor)

    async def _step(self, stream: str, at: Moment) -> tuple[Found, Moment | None]:
        """One page by time of change, and where to go on; None = that was all."""
        filters: list[Filter] = [ACTIVE] if stream == "carts" else []
        if not at.cluster:
            found = await self._changed(stream, [*filters, ("updated_at", "gteq", at.at)], ["updated_at"])
            if len(found.rows) >= found.total:
                return found, None
            second = str(found.rows[-1].get("updated_at") or "") if found.rows else ""
            if not second:
                raise PageUnreadable(f"The shop refused to list {LISTS[stream].what} (there are rows without a time).")
            older = [row for row in found.rows if str(row.get("updated_at")) < second]
            at = Moment(second, cluster=True)
            if older or found.stubs:
                return replace(found, rows=older), at
        inside: list[Filter] = [*filters, ("updated_at", "eq", at.at), ("entity_id", "gt", at.last)]
        found = await self._changed(stream, inside, [])
        if len(found.rows) >= found.total:
            return found, at.next_second()
        return found, replace(at, last=max(int(row[LISTS[stream].key]) for row in found.rows))

    async def _changed(self, stream: str, filters: list[Filter], order: list[str]) -> Found:
        """A page of changes; one that cannot be had is asked for in smaller pieces. A single row that cannot be
        shown becomes a stub for the quarantine, in front of the row behind it: the poll must not end there."""
        size = self.page_size
        while True:
            try:
                return await self.client.search(stream, filters, order, size)
            except (PageUnreadable, Overwhelmed):
                if size == 1:
                    break
                size = max(1, size // 10)
        total = await self.client.total(stream, filters)  # the last row shows that the shop is well
        for skip in range(1, min(total, NEIGHBOURS + 1)):
            try:
                found = await self.client.search(stream, filters, order, 1, skip + 1)
            except (PageUnreadable, Overwhelmed):
                continue
            return Found(found.rows, total - skip, stubs=skip)
        return Found([], 0, stubs=total)

    async def _all_categories(self, cursor: str | None) -> Page:
        """Categories are few: each poll reads them all."""
        at = Place.parse(cursor) if cursor else Place()
        found = await self.client.search("categories", [("entity_id", "gt", at.last)], size=self.page_size)
        more = found.total > len(found.rows)
        beyond = Place(max(int(row["id"]) for row in found.rows)) if found.rows and more else Place()
        return Page(page_body(found.rows), len(found.rows), beyond.text())

    # -- objects

    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        return await self._page(stream, await self.client.by_ids(stream, ids, self.page_size), None)

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        return self._reader.read(stream, body, received_at)

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Hint:
        return webhooks.hint(headers, body, self.config.webhook_secret)


def _history(stream: str) -> list[Filter]:
    """What of a stream a backfill takes: of the carts those with something in them."""
    return [ACTIVE, ("items_count", "gt", 0)] if stream == "carts" else []


CONNECTOR = Magento
