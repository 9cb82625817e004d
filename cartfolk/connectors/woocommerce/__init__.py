"""WooCommerce (REST API wc/v3, STORES.md §1): how its history, its changes and its objects are asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from ..base import CheckReport, Connector, Hint, Page, StoreConfig, WebhookHealth, Window
from ..canonical import Mapped
from ..errors import AddressRefused, PageUnreadable
from ..http import Overwhelmed
from ..paging import SECOND, Cursor, IdCursor, TimeCursor, second
from ..together import together
from . import webhooks
from .auth import ConsumerKey
from .checking import check, fingerprint
from .client import Row, Rows, WooClient, body_of
from .info import INFO, ROUTES
from .mapping import Reader

WINDOWS = 48  # at most, a stream
WINDOW_ROWS = 400  # a window is worth having from this size
BEGINNING = datetime(2003, 5, 27, tzinfo=UTC)  # WordPress 0.7: no shop of its kind is older
SUBSCRIPTIONS = "subscriptions"  # of a plugin: a shop without it has no such list
TIMED = ("orders", SUBSCRIPTIONS)  # lists that are walked by time
SCAN_EVERY = timedelta(hours=24)
SCAN_PAGES = 100  # ids-only pages one poll reads
_COLUMN = {"date": "date_created_gmt", "modified": "date_modified_gmt"}
_BOUNDS = {"date": ("after", "before"), "modified": ("modified_after", "modified_before")}


@dataclass(frozen=True, slots=True)
class AccountCursor(Cursor):
    """Accounts know no "changed since". ``known``: greatest id polled. ``scanned``: our time of the last full
    scan; ``mark``: everything changed before this shop time is known; the rest stands in a running scan."""

    known: int = 0
    scanned: str = ""
    mark: str = ""
    offset: int = -1
    last: int = 0
    began: str = ""
    newest: str = ""


class WooCommerce(Connector):
    """One WooCommerce shop."""

    info = INFO

    def __init__(self, config: StoreConfig, transport: Any) -> None:
        super().__init__(config, transport)
        self.client = WooClient(config.url, transport)
        self._reader = Reader(config)
        self._hidden = "trash,checkout-draft"  # states a list shows only when asked

    @classmethod
    def auth(cls, config: StoreConfig) -> ConsumerKey:
        return ConsumerKey(config.credentials.get("key", ""), config.credentials.get("secret", ""))

    async def check(self) -> CheckReport:
        return await check(self.client)

    async def counts(self) -> Mapping[str, int | None]:
        totals = await together(*(self._total(stream) for stream in INFO.streams))
        return dict(zip(INFO.streams, totals, strict=True))

    async def _total(self, stream: str) -> int | None:
        try:
            return await self.client.total(ROUTES[stream], **_scope(stream))
        except AddressRefused:
            if stream != SUBSCRIPTIONS:
                raise
            return 0  # without the plugin
        except (PageUnreadable, Overwhelmed):
            return None  # the list's first row cannot be given, and with it the total of the list

    async def fingerprint(self) -> str:
        return await fingerprint(self.client)

    # -- history

    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        if stream in TIMED:
            return await self._timed_windows(stream, until)
        total = await self._total(stream) or 0
        number = max(1, min(WINDOWS, total // WINDOW_ROWS))
        offsets = [place * total // number for place in range(1, number)]
        firsts = await together(*(self._id_at(stream, offset) for offset in offsets))
        cuts = [(0, 0)] + [(offset, key) for offset, key in zip(offsets, firsts, strict=True) if key]
        ends: list[str | None] = [*(str(key) for _offset, key in cuts[1:]), None]
        return [
            Window(stream, f"{stream}-{key}", f"{key}@{offset}", end)
            for (offset, key), end in zip(cuts, ends, strict=True)
        ]

    async def _id_at(self, stream: str, offset: int) -> int:
        asked = _scope(stream) | {"orderby": "id", "order": "asc", "_fields": "id"}
        try:
            rows = (await self.client.read(ROUTES[stream], per_page=1, offset=offset, **asked)).rows
        except (PageUnreadable, Overwhelmed):
            return 0  # a row that cannot be given: no window begins here
        return int(rows[0].id) if rows else 0

    async def _timed_windows(self, stream: str, until: datetime) -> Sequence[Window]:
        asked = {"orderby": "date", "order": "asc", "per_page": 1, "_fields": "id,date_created_gmt"}
        end = until.astimezone(UTC).replace(microsecond=0) + SECOND
        try:
            found = await self.client.read(ROUTES[stream], **asked)
        except AddressRefused:
            if stream != SUBSCRIPTIONS:
                raise
            return []
        except (PageUnreadable, Overwhelmed):
            # The very first order cannot be given: nobody knows when it all began.
            return [Window(stream, f"{stream}-all", second(BEGINNING), second(end))]
        first = found.rows[0].value.get("date_created_gmt") if found.rows else None
        if not first:
            return []
        start = datetime.fromisoformat(first).replace(tzinfo=UTC)
        if start >= end:
            return []
        span = math.ceil((end - start).total_seconds())
        number = max(1, min(WINDOWS, (found.total or 0) // WINDOW_ROWS, span))
        edges = [start + timedelta(seconds=place * span // number) for place in range(number)] + [end]
        return [Window(stream, f"{stream}-{second(a)}", second(a), second(b)) for a, b in pairwise(edges)]

    async def page(self, window: Window, cursor: str | None) -> Page:
        if window.stream in TIMED:
            at = TimeCursor.parse(cursor) if cursor else TimeCursor(at=str(window.start))
            rows, going = await self._step(window.stream, "date", at, window.end)
            if window.stream == "orders":
                rows = await self.client.with_refunds(rows)
            if going is not None and window.end and going.at >= window.end:
                going = None
            return Page(body_of(rows), len(rows), going.text() if going else None)
        place = self._place(window, cursor)
        rows, place_after = await self._id_step(window.stream, place, int(window.end) if window.end else None)
        return Page(body_of(rows), len(rows), place_after.text() if place_after else None)

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        if window.stream in TIMED:
            at = TimeCursor.parse(cursor) if cursor else TimeCursor(at=str(window.start))
            return at.stepped_over().text()
        return self._place(window, cursor).stepped_over().text()

    @staticmethod
    def _place(window: Window, cursor: str | None) -> IdCursor:
        first, _at, offset = str(window.start).partition("@")
        return IdCursor.parse(cursor) if cursor else IdCursor(max(0, int(first) - 1), int(offset))

    async def _step(
        self, stream: str, column: str, at: TimeCursor, end: str | None
    ) -> tuple[list[Row], TimeCursor | None]:
        """One page by time (`TimeCursor`); bounds are strict and naive UTC, so a second is taken off."""
        after, before = _BOUNDS[column]
        asked: dict[str, Any] = {"per_page": self.page_size, "orderby": column, "order": "asc"}
        asked |= {"dates_are_gmt": "true", after: second(at.time - SECOND)}
        if not at.cluster:
            bounds: dict[str, Any] = ({before: end} if end else {}) | ({"offset": at.offset} if at.offset else {})
            found = await self.client.page(ROUTES[stream], **asked, **bounds)
            keys = _keys(found, column)
            going = at.after_page(keys, len(keys) >= self.page_size)
            if going is None or not going.cluster:
                seen = {(key, at.at) for key in at.seen}
                return [row for row, key in zip(found.rows, keys, strict=True) if key not in seen], going
            at = going
        asked |= {after: second(at.time - SECOND), before: second(at.time + SECOND)}
        found = await self.client.page(ROUTES[stream], **asked, offset=at.offset)
        total = found.total if found.total is not None else at.offset + len(found.rows) + 1
        return [row for row in found.rows if row.id not in at.seen], at.after_cluster_page(len(found.rows), total)

    async def _id_step(
        self, stream: str, place: IdCursor, end: int | None, fields: str = ""
    ) -> tuple[list[Row], IdCursor | None]:
        """One page by id (`IdCursor`)."""
        asked: dict[str, Any] = _scope(stream) | {"per_page": self.page_size, "orderby": "id", "order": "asc"}
        if fields:
            asked["_fields"] = fields
        while True:
            # A page of one row has no room for the row before it, which then is looked at by itself.
            ask = place.offset if self.page_size == 1 else place.ask
            if self.page_size > 1 or not await self._moved(stream, place):
                found = (await self.client.page(ROUTES[stream], **asked, offset=ask)).rows
                if self.page_size == 1 or not place.gap(int(found[0].id) if found else None):
                    break
            place = place.stepped_back(max(2, self.page_size // 2))
        rows = [row for row in found if int(row.id) > place.last and (end is None or int(row.id) < end)]
        ended = len(found) < self.page_size or (end is not None and int(found[-1].id) >= end)
        if ended:
            return rows, None
        return rows, IdCursor(max(place.last, int(found[-1].id)), ask + len(found))

    async def _moved(self, stream: str, place: IdCursor) -> bool:
        """Whether the row before ``place`` shows that the list moved left; one that cannot be given tells nothing."""
        if place.offset == 0:
            return False
        asked = _scope(stream) | {"orderby": "id", "order": "asc", "_fields": "id"}
        try:
            rows = (await self.client.read(ROUTES[stream], per_page=1, offset=place.ask, **asked)).rows
        except (PageUnreadable, Overwhelmed):
            return False
        return not rows or int(rows[0].id) > place.last

    # -- changes

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        if stream == "customers":
            return await self._account_changes(cursor, since)
        if stream in ("categories", "coupons"):
            return await self._small_changes(stream, cursor)
        at = TimeCursor.parse(cursor) if cursor else TimeCursor.starting(since)
        last = at.at
        if not at.more:
            at = at.earlier(self.overlap)
        rows: list[Row] = []
        going: TimeCursor | None = at
        while going is not None and len(rows) < self.page_size:
            at = going
            try:
                found, going = await self._step(stream, "modified", at, None)
            except AddressRefused:
                if stream != SUBSCRIPTIONS:
                    raise
                found, going = [], None
            rows += found
        if rows:
            last = max(last, max(str(row.value.get("date_modified_gmt") or "") for row in rows))
        rest = replace(going, more=True) if going is not None else TimeCursor(at=last)
        if stream == "orders":
            rows = await self.client.with_refunds(rows)
        return Page(body_of(rows), len(rows), rest.text())

    async def _small_changes(self, stream: str, cursor: str | None) -> Page:
        """Terms and coupons know no time of change and are few: each poll reads them all."""
        place = IdCursor.parse(cursor) if cursor else IdCursor()
        rows, going = await self._id_step(stream, place, None)
        while going is not None and len(rows) < self.page_size:
            more, going = await self._id_step(stream, going, None)
            rows += more
        return Page(body_of(rows), len(rows), (going or IdCursor()).text())

    async def _account_changes(self, cursor: str | None, since: datetime) -> Page:
        """New accounts by descending id; once a day the ids and times of all, and what changed of them."""
        at = AccountCursor.parse(cursor) if cursor else AccountCursor(mark=second(since - self.overlap))
        now = datetime.now(UTC)
        fresh: dict[str, Row] = {}
        known = at.known
        if at.offset < 0:  # the newest first, then perhaps the start of a scan
            known = await self._new_accounts(at, fresh)
            due = not at.scanned or now - datetime.fromisoformat(at.scanned) >= SCAN_EVERY
            at = replace(at, known=known)
            if due:
                at = replace(at, offset=0, last=0, began=now.isoformat(), newest=at.mark)
        changed: list[str] = []
        pages = 0
        while at.offset >= 0 and pages < SCAN_PAGES and len(changed) < self.page_size:
            pages += 1
            rows, going = await self._id_step(
                "customers", IdCursor(at.last, at.offset), None, "id,date_modified_gmt,date_created_gmt"
            )
            for row in rows:
                edited = row.value.get("date_modified_gmt") or row.value.get("date_created_gmt") or ""
                if edited >= at.mark:
                    changed.append(row.id)
                at = replace(at, newest=max(at.newest, edited))
            if going is not None:
                at = replace(at, offset=going.offset, last=going.last)
                continue
            # What was edited while the scan ran may stand before newer times it read later.
            took = now - datetime.fromisoformat(at.began) + timedelta(seconds=5) + self.overlap
            mark = datetime.fromisoformat(at.newest) - took
            at = AccountCursor(known=at.known, scanned=now.isoformat(), mark=max(at.mark, mark.isoformat()[:19]))
        for row in await self._by_ids("customers", [key for key in changed if key not in fresh]):
            fresh[row.id] = row
        found = list(fresh.values())
        return Page(body_of(found), len(found), at.text())

    async def _new_accounts(self, at: AccountCursor, fresh: dict[str, Row]) -> int:
        """Fills ``fresh`` with accounts above the known id; the first time back to the mark only."""
        known, offset = at.known, 0
        while True:
            rows = (
                await self.client.page(
                    "customers",
                    role="all",
                    orderby="id",
                    order="desc",
                    per_page=self.page_size,
                    offset=offset,
                )
            ).rows
            for row in rows:
                fits = int(row.id) > at.known
                if not at.known:
                    fits = str(row.value.get("date_created_gmt") or "") >= at.mark
                if fits:
                    fresh[row.id] = row
                known = max(known, int(row.id))
            if len(rows) < self.page_size or not fits:
                return known
            offset += len(rows) - 1  # one row again: a new account meanwhile pushes the list to the right

    # -- objects

    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        rows = await self._by_ids(stream, ids)
        if stream == "orders":
            here = {row.id for row in rows}
            rows += await self._hidden_orders([key for key in ids if key not in here])
            rows = await self.client.with_refunds(rows)
        return Page(body_of(rows), len(rows), None)

    async def _hidden_orders(self, ids: Sequence[str]) -> list[Row]:
        """ "any" leaves out trash and drafts, and an order there is not gone: a draft may be placed yet."""
        if not ids:
            return []
        try:
            return await self._by_ids("orders", ids, status=self._hidden)
        except PageUnreadable:
            if self._hidden == "trash":
                raise
            self._hidden = "trash"  # no checkout blocks in this shop: it refuses the word
            return await self._hidden_orders(ids)

    async def _by_ids(self, stream: str, ids: Sequence[str], **more: str) -> list[Row]:
        wanted = [key for key in dict.fromkeys(ids) if key.isdecimal()]
        rows: list[Row] = []
        for start in range(0, len(wanted), self.page_size):
            some = wanted[start : start + self.page_size]
            asked = _scope(stream) | more | {"include": ",".join(some)}
            get = self.client.read if "status" in more else self.client.page
            found = (await get(ROUTES[stream], per_page=self.page_size, **asked)).rows
            rows += [row for row in found if row.id in set(some)]
        return rows

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        return self._reader.read(stream, body, received_at)

    # -- webhooks

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Hint:
        return webhooks.hint(headers, body, self.config.webhook_secret)

    async def ensure_webhooks(self, delivery_url: str) -> WebhookHealth:
        return await webhooks.ensure(self.client, delivery_url, self.config.webhook_secret)

    async def remove_webhooks(self, delivery_url: str) -> None:
        await webhooks.remove(self.client, delivery_url)


def _scope(stream: str) -> dict[str, Any]:
    """What a list must be told to be whole: without a role it holds those of one role only."""
    return {"role": "all"} if stream == "customers" else {}


def _keys(found: Rows, column: str) -> list[tuple[str, str]]:
    name = _COLUMN[column]
    keys = [(row.id, str(row.value.get(name) or "")) for row in found.rows]
    if keys and not keys[-1][1]:
        raise PageUnreadable(f"The shop lists objects without {name}: they cannot be walked by time.")
    return keys


CONNECTOR = WooCommerce
