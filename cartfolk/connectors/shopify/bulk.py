"""Exports: Shopify writes everything of a stream into one file, and we read it in pages.

A bulk operation runs in the shop by itself and is known by its id, which the cursor carries: a killed import
goes on with the same operation. Its file has one object a line, children after or before their parent, so the
lines are sorted into a temporary database that vanishes with its connection, and read from there by number.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from ..errors import PageUnreadable, PermissionMissing, RetryLater
from ..paging import Cursor
from ..reading import load, mapping, objects, text
from .client import PERMIT, ShopifyClient
from .queries import OPERATION, RUN, Source, export

PATIENCE = 15.0  # seconds one page waits for the operation before it comes back empty: pausing is noticed then
BUSY = 30.0  # seconds until we ask again when all places for exports are taken
DOWNLOADS = 3  # tries of a file that breaks off
STARTS = 3  # operations that may fail before the list is walked instead
BATCH = 1000


@dataclass(frozen=True, slots=True)
class BulkCursor(Cursor):
    """``op``: the operation's id, empty = none yet; ``row``: number of the last object given; ``failed``: how many
    operations came to nothing before. After too many the list is walked instead, and ``row`` is the last id."""

    op: str = ""
    row: int = 0
    failed: int = 0

    @property
    def hopeless(self) -> bool:
        return not self.op and self.failed >= STARTS


class Broken(PageUnreadable):
    """The file holds less than the operation says, or something that is no object."""


class Export:
    """The objects of one file, with their children, by number."""

    def __init__(self, source: Source) -> None:
        self._places = {each.type: each.name for each in source.children}
        self._db = sqlite3.connect("")  # an unnamed file on disk, gone when closed
        self._db.execute("create table object (row integer primary key, id text, line text)")
        self._db.execute("create table child (parent text, row integer, line text)")
        self.last = 0

    async def fill(self, lines: AsyncIterator[bytes], expected: int) -> None:
        """Takes in the file, which holds ``expected`` objects. Raises Broken, RetryLater."""
        number = 0
        waiting: list[bytes] = []
        async for line in lines:
            if line.strip():
                waiting.append(line)
            if len(waiting) >= BATCH:
                number = self._add(waiting, number)
                waiting = []
        self._add(waiting, number)
        arrived, self.last = self._db.execute("select count(*), coalesce(max(row), 0) from object").fetchone()
        if arrived < expected:
            raise Broken(f"{arrived} of {expected} objects arrived.")
        self._db.execute("create index child_of on child (parent, row)")

    def _add(self, lines: list[bytes], number: int) -> int:
        found: list[tuple[int, str, str]] = []
        children: list[tuple[str, int, str]] = []
        for line in lines:
            number += 1
            try:
                value = json.loads(line)
                parent = value.get("__parentId")
                if parent is None:
                    found.append((number, str(value["id"]), line.decode()))
                else:
                    children.append((str(parent), number, line.decode()))
            except (ValueError, KeyError, AttributeError):
                raise Broken(f"Line {number} is not an object.") from None
        self._db.executemany("insert into object values (?, ?, ?)", found)
        self._db.executemany("insert into child values (?, ?, ?)", children)
        return number

    def rows(self, after: int, limit: int) -> tuple[list[dict[str, Any]], int]:
        """The objects behind number ``after``, and the number of the last of them."""
        asked = "select row, id, line from object where row > ? order by row limit ?"
        found: dict[str, dict[str, Any]] = {}
        last = after
        for row, key, line in self._db.execute(asked, (after, limit)):
            found[key] = load(line) | {place: {"nodes": []} for place in self._places.values()}
            last = row
        marks = ",".join("?" * len(found))
        asked = f"select parent, line from child where parent in ({marks}) order by row"
        for parent, line in self._db.execute(asked, tuple(found)):
            child = load(line)
            del child["__parentId"]
            place = self._places.get(str(child.get("id")).removeprefix("gid://shopify/").partition("/")[0])
            if place is not None:
                found[parent][place]["nodes"].append(child)
        return list(found.values()), last

    def close(self) -> None:
        self._db.close()


class Exports:
    """The exports that are read at the moment: kept with the transport, as a connector may be one of several."""

    def __init__(self, client: ShopifyClient) -> None:
        self._client = client
        self._open: dict[str, Any] = client.session.exports

    async def page(self, stream: str, source: Source, at: BulkCursor, size: int) -> tuple[list[Any], BulkCursor | None]:
        """The next objects and where to go on: nothing yet while the operation is to be begun or still runs."""
        if not at.op:
            return [], BulkCursor(await self._start(stream, source), 0, at.failed)
        if at.op not in self._open:
            told = await self._finished(at.op)
            status = told.get("status")
            if status in ("CREATED", "RUNNING", "CANCELING"):
                return [], at
            if status != "COMPLETED":
                if told.get("errorCode") == "ACCESS_DENIED":
                    raise PermissionMissing(f"The app may not see {stream}. {PERMIT}")
                # What one operation could not do the next one may; rows given twice change nothing.
                return [], BulkCursor(failed=at.failed + 1)
            self._open[at.op] = await self._download(stream, source, told)
        opened: Export = self._open[at.op]
        rows, last = opened.rows(at.row, size)
        if last < opened.last:
            return rows, BulkCursor(at.op, last, at.failed)
        self._open.pop(at.op).close()
        return rows, None

    async def _start(self, stream: str, source: Source) -> str:
        # Repeated like a read: of an operation whose id was lost on the way nobody reads the file, no harm done.
        done = mapping((await self._client.ask(RUN, export=export(source))).get("bulkOperationRunQuery"))
        operation = mapping(done.get("bulkOperation")).get("id")
        if operation:
            return str(operation)
        errors = objects(done.get("userErrors"), "userErrors")
        if any(error.get("field") for error in errors):
            raise PageUnreadable(f"Shopify refused the export of {stream}: {text(errors[0].get('message'))}")
        # An error of no field is not about our question: all places (five) are taken.
        raise RetryLater("Shopify has no free place for another export; we come back.", BUSY)

    async def _finished(self, operation: str) -> dict[str, Any]:
        """The operation once it has ended, or as it stands when patience does."""
        waited, pause = 0.0, 0.1
        while True:
            told = dict(mapping((await self._client.ask(OPERATION, id=operation)).get("bulkOperation")))
            if told.get("status") not in ("CREATED", "RUNNING", "CANCELING") or waited >= PATIENCE:
                return told
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, 10.0)

    async def _download(self, stream: str, source: Source, told: dict[str, Any]) -> Export:
        expected, url = int(told.get("rootObjectCount") or 0), told.get("url")
        for tried in range(1, DOWNLOADS + 1):
            found = Export(source)
            try:
                if url:  # there is no file of nothing
                    await found.fill(self._client.transport.lines(str(url)), expected)
                return found
            except (Broken, RetryLater):
                found.close()
                if tried == DOWNLOADS:
                    raise RetryLater(f"The export of {stream} arrived incomplete; we fetch it again.") from None
            except BaseException:
                found.close()
                raise
        raise AssertionError("unreachable")
