"""Shopify (GraphQL Admin API, STORES.md §4): how its history, its changes and its objects are asked for.

History comes by exports (`bulk`), changes by search: ids first, then the objects behind them, as many at a time as
one question may cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ..base import CheckReport, Connector, Hint, Ids, Page, StoreConfig, WebhookHealth, Window
from ..canonical import Mapped
from ..errors import PageUnreadable, PermissionMissing
from ..http import Overwhelmed
from ..paging import SECOND, Cursor, second
from ..reading import mapping as object_of  # this package has a module of that name
from ..reading import moment, objects, page_body, text
from . import queries, webhooks
from .bulk import STARTS, BulkCursor, Exports
from .checking import check, fingerprint
from .client import Session, ShopifyClient, TooCostly
from .ids import number
from .info import INFO
from .mapping import Reader
from .queries import SOURCES, Children, Source

# A checkout enters the list of abandoned ones minutes after its last change, so its poll looks back further.
LATE = {"checkouts": timedelta(hours=1)}
SUBSCRIPTIONS = "subscriptions"  # of a permission few apps have: without it there are none
ILL = 3  # objects in a row no answer can be had for
STALE = timedelta(minutes=30)  # Shopify's cursors are not for keeping: from this age a walk begins anew


@dataclass(frozen=True, slots=True)
class SearchCursor(Cursor):
    """``at``: everything changed before this second is known; ``still``: our time when it moved last; ``settled``: it
    was looked at again long after, so a quiet shop's last mass edit is not read by every poll. While a walk is under
    way ``after`` is Shopify's own cursor, ``since`` where the walk began, ``began`` our time then, ``newest`` the last
    change seen."""

    at: str = ""
    still: str = ""
    settled: bool = False
    after: str = ""
    since: str = ""
    began: str = ""
    newest: str = ""


class Shopify(Connector):
    """One Shopify shop."""

    info = INFO
    overlap = timedelta(minutes=2)  # the search knows of a change some seconds late

    def __init__(self, config: StoreConfig, transport: Any) -> None:
        super().__init__(config, transport)
        self.client = ShopifyClient(config, transport)
        self._reader = Reader(config)
        self._exports = Exports(self.client)
        self._chunk = {stream: source.chunk for stream, source in SOURCES.items()}

    @classmethod
    def auth(cls, config: StoreConfig) -> Session:
        return Session(config)

    async def check(self) -> CheckReport:
        return await check(self.client)

    async def fingerprint(self) -> str:
        return await fingerprint(self.client)

    async def counts(self) -> Mapping[str, int | None]:
        data = await self.client.ask(queries.COUNTS)
        found: dict[str, int | None] = {}
        for stream, source in SOURCES.items():
            told = object_of(data.get(f"{source.root}Count"))
            exact = told.get("precision") == "EXACT" and isinstance(told.get("count"), int)
            found[stream] = int(told["count"]) if exact else None
        return found

    # -- history

    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        """One: Shopify itself works side by side on an export, and allows five of them."""
        if stream == SUBSCRIPTIONS and not await self._shown():
            return []
        return [Window(stream, f"{stream}-all")]

    async def _shown(self) -> bool:
        """Whether the app may see subscriptions."""
        source = SOURCES[SUBSCRIPTIONS]
        try:
            await self.client.ask(queries.listed(source, 1, "ID"), q="", after=None)
        except PermissionMissing:
            return False
        return True

    @staticmethod
    def _place(stream: str, cursor: str | None) -> BulkCursor:
        if cursor:
            return BulkCursor.parse(cursor)
        return BulkCursor() if SOURCES[stream].exported else BulkCursor(failed=STARTS)

    async def page(self, window: Window, cursor: str | None) -> Page:
        at = self._place(window.stream, cursor)
        if at.hopeless:
            listed, going = await self._walk(window.stream, at)
            rows = await self._objects(window.stream, [key for each in listed if (key := number(each.get("id")))])
        else:
            rows, going = await self._exports.page(window.stream, SOURCES[window.stream], at, self.page_size)
        return Page(page_body(rows), len(rows), going.text() if going else None)

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        at = self._place(window.stream, cursor)
        return BulkCursor(at.op, at.row + 1).text() if at.op else None

    async def ids(self, window: Window, cursor: str | None) -> Ids:
        at, source = self._place(window.stream, cursor), SOURCES[window.stream]
        if at.hopeless:
            rows, going = await self._walk(window.stream, at)
        else:
            rows, going = await self._exports.page(window.stream, source.bare(), at, self.page_size)
        versions = {
            source.prefix + key: moment(row.get("updatedAt"), "updatedAt")
            for row in rows
            if (key := number(row.get("id")))
        }
        return Ids(versions, going.text() if going else None)

    async def _walk(self, stream: str, at: BulkCursor) -> tuple[list[Any], BulkCursor | None]:
        """Ids behind ``at.row``, for what Shopify does not manage to export. Its search takes > for >=, so one more
        than a page is asked for."""
        source = SOURCES[stream]
        asked = queries.listed(source, self.page_size + 1, "ID")
        found = object_of((await self.client.ask(asked, q=f"id:>{at.row}", after=None)).get(source.root))
        ahead = [each for each in objects(found.get("nodes"), source.root) if int(number(each.get("id")) or 0) > at.row]
        rows = ahead[: self.page_size]
        more = len(ahead) > len(rows) or bool(object_of(found.get("pageInfo")).get("hasNextPage"))
        if not rows or not more:
            return rows, None
        return rows, BulkCursor(row=int(number(rows[-1]["id"]) or 0), failed=at.failed)

    # -- changes

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        source, now = SOURCES[stream], datetime.now(UTC)
        at = SearchCursor.parse(cursor) if cursor else SearchCursor(at=second(since))
        if not at.after or now - datetime.fromisoformat(at.began) > STALE:
            last = datetime.fromisoformat(at.at).replace(tzinfo=UTC)
            start = last + SECOND if at.settled else last - LATE.get(stream, self.overlap)
            at = replace(at, after="", since=second(start), began=now.isoformat(), newest=at.at)
        ids: list[str] = []
        newest, after, more = at.newest, at.after, True
        while more and len(ids) < self.page_size:
            # The bound is inclusive, and the list stands still: Shopify's cursor holds the last row's time and id.
            query = f"updated_at:>='{at.since}Z'"
            asked = queries.listed(source, self.page_size, source.sort)
            try:
                told = await self.client.ask(asked, q=query, after=after or None)
            except PermissionMissing:
                if stream != SUBSCRIPTIONS:
                    raise
                return Page(page_body([]), 0, at.text())
            found = object_of(told.get(source.root))
            nodes, info = objects(found.get("nodes"), source.root), object_of(found.get("pageInfo"))
            ids += [key for each in nodes if (key := number(each.get("id")))]
            newest = max([newest, *(str(each.get("updatedAt"))[:19] for each in nodes)])
            after = text(info.get("endCursor")) or after
            more = bool(info.get("hasNextPage"))
        rows = await self._objects(stream, ids)
        if more or len(rows) >= self.page_size:
            going = replace(at, after=after, newest=newest)
        else:
            going = self._ended(stream, at, newest)
        return Page(page_body(rows), len(rows), going.text())

    def _ended(self, stream: str, at: SearchCursor, newest: str) -> SearchCursor:
        """Where the next poll begins after a walk that came to its end."""
        began = datetime.fromisoformat(at.began)
        # What changed while the walk went on may stand before rows it had passed already.
        done = max(at.at, min(newest, second(began)))
        if done != at.at or not at.still:
            return SearchCursor(done, still=at.began)
        quiet = began - datetime.fromisoformat(at.still) > LATE.get(stream, self.overlap)
        return SearchCursor(done, still=at.still, settled=at.settled or quiet)

    # -- objects

    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        rows = await self._objects(stream, ids)
        return Page(page_body(rows), len(rows), None)

    async def _objects(self, stream: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """The objects of these ids that are there, in chunks as big as one question may cost."""
        source = SOURCES[stream]
        rows: list[dict[str, Any]] = []
        place = 0
        while place < len(ids):
            chunk = self._chunk[stream]
            asked = [source.gid(key) for key in ids[place : place + chunk]]
            lines = queries.LINES if chunk > 1 else max(1, queries.LINES // 4)
            try:
                found = await self.client.ask(queries.objects(source, lines), ids=asked)
            except TooCostly:
                if chunk == 1:
                    raise
                self._chunk[stream] = max(1, chunk // 2)
                continue
            except (PageUnreadable, Overwhelmed):
                if len(asked) == 1:
                    raise
                rows += await self._one_by_one(source, asked)
            else:
                rows += _there(found.get("nodes"))
            place += chunk
        for row in rows:
            for children in source.children:
                if children.first is None:
                    await self._complete(source, children, row)
        return rows

    async def _one_by_one(self, source: Source, gids: Sequence[str]) -> list[dict[str, Any]]:
        """Objects that cannot be had together: one the shop cannot show becomes a row that says so. A shop that
        shows none of the first is ill itself, and its error rises."""
        rows: list[dict[str, Any]] = []
        lost: list[dict[str, Any]] = []
        for gid in gids:
            try:
                rows += _there((await self.client.ask(queries.objects(source), ids=[gid])).get("nodes"))
            except (PageUnreadable, Overwhelmed):
                lost.append({"id": gid, "_unreadable": True})
                if not rows and len(lost) >= ILL:
                    raise
        return rows + lost

    async def _complete(self, source: Source, children: Children, row: dict[str, Any]) -> None:
        """Fetches the children that did not fit beside their parent."""
        held = object_of(row.get(children.name))
        nodes = objects(held.get("nodes"), children.name)
        info = object_of(held.get("pageInfo"))
        while info.get("hasNextPage"):
            asked = queries.more_children(source, children)
            found = object_of((await self.client.ask(asked, id=row["id"], after=info.get("endCursor"))).get("node"))
            held = object_of(found.get(children.name))
            if not held:
                raise PageUnreadable(f"Shopify refused to list {children.name}.")  # gone while we read it
            nodes = nodes + objects(held.get("nodes"), children.name)
            info = object_of(held.get("pageInfo"))
        row[children.name] = {"nodes": nodes}

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        return self._reader.read(stream, body, received_at)

    # -- webhooks

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Hint:
        secrets = tuple(self.config.credentials.get(name, "").strip() for name in ("client_secret", "previous_secret"))
        return webhooks.hint(headers, body, secrets, str(self.config.learned.get("domain") or ""))

    async def ensure_webhooks(self, delivery_url: str) -> WebhookHealth:
        return await webhooks.ensure(self.client, delivery_url)

    async def remove_webhooks(self, delivery_url: str) -> None:
        await webhooks.remove(self.client, delivery_url)


def _there(nodes: Any) -> list[dict[str, Any]]:
    """Of the answer to a list of ids the objects: what is gone is null, what is of another type empty."""
    return [each for each in nodes if isinstance(each, dict) and each.get("id")] if isinstance(nodes, list) else []


CONNECTOR = Shopify
