"""What changed since: a walk by the time of the last edit, on the shop's wall clock.

A credit slip does not touch its order, nor an address its customer: their own lists are walked as well, and the
objects they belong to are fetched again. Each list is walked from its newest known second, less an overlap; a
second that fills a page is gone through by id. Bounds are inclusive and sorted text, as the webservice wants it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from ..paging import Cursor
from ..reading import reference
from .client import NONE, Filters, PrestaClient, Raw
from .info import STREAM_RESOURCES
from .wall import FOREVER, Wall, later

BESIDE = {
    "orders": (("order_slip", "id_order"),),
    "customers": (("addresses", "id_customer"),),
}
"""Lists whose changes are changes of the objects they name; a guest's address brings the guest with the customers."""


@dataclass(frozen=True, slots=True)
class PollCursor(Cursor):
    """``seen``: newest second known of each list. While a poll goes on: ``source``, the list it is in; ``at``, the
    second its next page starts with; ``last``, the greatest id already given of that second alone. ``over``: the
    poll ended with a full page."""

    seen: tuple[str, ...] = ()
    source: int = -1
    at: str = ""
    last: int = 0
    over: bool = False


class Poll:
    """Polls the streams of one shop. ``fetch`` gives the present rows of a stream by ids."""

    def __init__(
        self,
        client: PrestaClient,
        wall: Wall,
        overlap: timedelta,
        size: int,
        fetch: Callable[[str, Sequence[str]], Awaitable[list[Raw]]],
    ) -> None:
        self._client, self._wall, self._overlap, self._size, self._fetch = client, wall, overlap, size, fetch

    async def changes(
        self, stream: str, cursor: PollCursor, filters: Filters, more: Mapping[str, Any]
    ) -> tuple[list[Raw], PollCursor]:
        """At least a page of changed rows while there are so many, then fewer; and where to go on."""
        if cursor.over:
            return [], replace(cursor, over=False)
        sources: tuple[tuple[str, str], ...] = ((STREAM_RESOURCES[stream], "id"), *BESIDE.get(stream, ()))
        found: dict[str, Raw] = {}
        named: dict[str, None] = {}
        at = cursor if cursor.source >= 0 else self._enter(cursor, 0)
        while at.source >= 0 and len(found) + len(named) < self._size:
            resource, key = sources[at.source]
            if key == "id":
                rows, at = await self._step(resource, at, len(sources), "full", filters, more)
                found |= {str(row.get("id")): row for row in rows}
            else:
                rows, at = await self._step(resource, at, len(sources), f"[id,{key},date_upd]", NONE, NONE)
                owners = filter(None, (reference(row.get(key)) for row in rows))
                named |= dict.fromkeys(owner for owner in owners if owner not in found)
        fetched = await self._fetch(stream, list(named))
        done = [*found.values(), *fetched]
        if at.source < 0 and len(done) >= self._size:
            at = replace(at, over=True)
        if at.source >= 0 and len(done) < self._size:
            # Some owners are gone or of another stream, and a short page would end the poll.
            rest, at = await self.changes(stream, at, filters, more)
            done += rest
        return done, at

    def _enter(self, cursor: PollCursor, source: int) -> PollCursor:
        """The start of a walk through a list: again what happened shortly before, it may have been written late."""
        return replace(cursor, source=source, at=self._wall.floor(cursor.seen[source], self._overlap), last=0)

    async def _step(
        self, resource: str, at: PollCursor, sources: int, display: str, filters: Filters, more: Mapping[str, Any]
    ) -> tuple[list[Raw], PollCursor]:
        if at.last:
            bounds, sort = {"date_upd": f"[{at.at},{at.at}]", "id": f">[{at.last}]"}, "[id_ASC]"
        else:
            bounds, sort = {"date_upd": f"[{at.at},{FOREVER}]"}, "[date_upd_ASC,id_ASC]"
        asked = {"display": display, "sort": sort, "limit": f"0,{self._size}", "more": more}
        rows = await self._client.page(resource, {**filters, **bounds}, **asked)
        full = len(rows) >= self._size
        if not rows or not full:
            at = self._saw(at, rows)
            if at.last:
                return rows, replace(at, at=later(at.at), last=0)
            if at.source + 1 < sources:
                return rows, self._enter(at, at.source + 1)
            return rows, replace(at, source=-1, at="", last=0)
        last = str(rows[-1].get("date_upd") or at.at)
        if at.last or str(rows[0].get("date_upd")) == last:
            return rows, replace(self._saw(at, rows), at=last, last=int(rows[-1]["id"]))
        return rows, replace(self._saw(at, rows), at=last)

    @staticmethod
    def _saw(at: PollCursor, rows: Sequence[Raw]) -> PollCursor:
        newest = max([at.seen[at.source], *(str(row.get("date_upd") or "") for row in rows)])
        return replace(at, seen=(*at.seen[: at.source], newest, *at.seen[at.source + 1 :]))
