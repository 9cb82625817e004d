"""What changed since: a walk by the time of the last edit, on the shop's wall clock.

Much changes without that time: a credit slip does not touch its order, nor an address its customer, and the box for
newsletters on every page writes into the customer's row behind its back. So other lists, and another time, are
walked as well, and the objects they name are fetched again; a withdrawal by that box leaves no time at all and is
looked for once a day. Each list is walked from its newest known second, less an overlap; a second that fills a page
is gone through by id. Bounds are inclusive and sorted text, as the webservice wants it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ..paging import Cursor
from ..reading import reference
from .client import NONE, Filters, PrestaClient, Raw
from .info import STREAM_RESOURCES
from .wall import FOREVER, Wall, later

SCAN_EVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Source:
    """A list that tells of changes. ``key``: the field with the id of what changed; ``by``: the time it is walked by,
    empty = all of it, now and then; ``filters``: which of its rows."""

    resource: str
    key: str = "id"
    by: str = "date_upd"
    filters: Filters = field(default_factory=dict)


_UNSUBSCRIBED = {"newsletter": "0", "newsletter_date_add": ">[0000-00-00 00:00:00]"}
_NEWSLETTER = (Source("customers", by="newsletter_date_add"), Source("customers", by="", filters=_UNSUBSCRIBED))
BESIDE: Mapping[str, tuple[Source, ...]] = {
    "orders": (Source("order_slip", key="id_order"),),
    # A guest's address brings the guest along with the customers.
    "customers": (Source("addresses", key="id_customer"), *_NEWSLETTER),
    "guests": _NEWSLETTER,
}


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
    """Polls one stream. ``filters`` and ``more`` are those of its own list, ``fetch`` gives its rows by ids."""

    def __init__(
        self,
        client: PrestaClient,
        wall: Wall,
        stream: str,
        *,
        overlap: timedelta,
        size: int,
        filters: Filters,
        more: Mapping[str, Any],
        fetch: Callable[[str, Sequence[str]], Awaitable[list[Raw]]],
    ) -> None:
        self._client, self._wall, self._stream, self._overlap, self._size = client, wall, stream, overlap, size
        self._filters, self._more, self._fetch = filters, more, fetch
        self._sources = (Source(STREAM_RESOURCES[stream]), *BESIDE.get(stream, ()))

    def begin(self, since: datetime) -> PollCursor:
        """Everything before ``since`` is known."""
        return PollCursor(seen=(self._wall.text(since),) * len(self._sources))

    async def changes(self, cursor: PollCursor) -> tuple[list[Raw], PollCursor]:
        """At least a page of changed rows while there are so many, then fewer; and where to go on."""
        if cursor.over:
            return [], replace(cursor, over=False)
        found: dict[str, Raw] = {}
        named: dict[str, None] = {}
        at = cursor if cursor.source >= 0 else self._enter(cursor, 0)
        while at.source >= 0 and len(found) + len(named) < self._size:
            source = self._sources[at.source]
            rows, at = await self._step(source, at)
            if source.key == "id":
                found |= {str(row.get("id")): row for row in rows}
            else:
                owners = filter(None, (reference(row.get(source.key)) for row in rows))
                named |= dict.fromkeys(owner for owner in owners if owner not in found)
        done = [*found.values(), *await self._fetch(self._stream, list(named))]
        if at.source >= 0 and len(done) < self._size:
            # Some owners are gone from the shop, and a short page would end the poll.
            rest, at = await self.changes(at)
            return done + rest, at
        return done, replace(at, over=at.source < 0 and len(done) >= self._size)

    def _enter(self, cursor: PollCursor, number: int) -> PollCursor:
        """The start of a walk through a list: again what happened shortly before, it may have been written late."""
        if number >= len(self._sources):
            return replace(cursor, source=-1, at="", last=0)
        seen = cursor.seen[number]
        if self._sources[number].by:
            return replace(cursor, source=number, at=self._wall.floor(seen, self._overlap), last=0)
        looked = self._wall.instant(seen, "seen")
        if looked is not None and datetime.now(UTC) - looked < SCAN_EVERY:
            return self._enter(cursor, number + 1)
        return replace(cursor, source=number, at="", last=0)

    async def _step(self, source: Source, at: PollCursor) -> tuple[list[Raw], PollCursor]:
        """One page of a list, and the next place."""
        own = source.key == "id"
        filters = {**(self._filters if own else NONE), **source.filters}
        if source.by and not at.last:
            filters[source.by] = f"[{at.at},{FOREVER}]"
        else:
            filters |= {"id": f">[{at.last}]"} | ({source.by: f"[{at.at},{at.at}]"} if source.by else {})
        rows = await self._client.page(
            source.resource,
            filters,
            display="full" if own else f"[id,{source.key},{source.by}]",
            listed=f"[id,{source.by or 'date_upd'}]",
            sort=f"[{source.by}_ASC,id_ASC]" if source.by and not at.last else "[id_ASC]",
            limit=f"0,{self._size}",
            more=self._more if own else NONE,
        )
        full = len(rows) >= self._size
        if not source.by:
            if full:
                return rows, replace(at, last=int(rows[-1]["id"]))
            return rows, self._enter(self._saw(at, self._wall.text(datetime.now(UTC))), at.source + 1)
        times = [str(row.get(source.by) or "") for row in rows]
        saw = self._saw(at, *times)
        if not full:
            return rows, replace(saw, at=later(at.at), last=0) if at.last else self._enter(saw, at.source + 1)
        if at.last or times[0] == times[-1]:
            return rows, replace(saw, at=times[-1] or at.at, last=int(rows[-1]["id"]))
        return rows, replace(saw, at=times[-1])

    @staticmethod
    def _saw(at: PollCursor, *times: str) -> PollCursor:
        newest = max(at.seen[at.source], *times) if times else at.seen[at.source]
        return replace(at, seen=(*at.seen[: at.source], newest, *at.seen[at.source + 1 :]))
