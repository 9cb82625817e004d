"""Cursors and walks over lists that have neither limit nor order: by pieces of the ids, or of the time.

Both walks ask for a piece, grow it where it was nearly empty and shrink it where the shop cannot answer it. A page
never holds much more than the page size; what a piece held beyond it is asked for again from behind the last row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ..errors import PageUnreadable
from ..http import Overwhelmed
from ..paging import SECOND, Cursor, second
from ..reading import FieldError, moment
from .shopfront import ID, Raw, Shopfront

TOP = 2**32  # no id of Magento's is greater
FAR = 2**21  # ids of an empty piece after which all the rest is asked for at once
WEEK = 7 * 24 * 3600
LONGEST = 2 * 365 * 24 * 3600
_TOO_MUCH = (PageUnreadable, Overwhelmed)


@dataclass(frozen=True, slots=True)
class Place(Cursor):
    """``next``: the first id not given yet. ``span``: how many ids are asked for at once."""

    next: int = 1
    span: int = 0


@dataclass(frozen=True, slots=True)
class Poll(Cursor):
    """``at``: UTC second from which changes are asked for (inclusive). ``end``: until when, once a piece did not
    fit on a page; ``id``: the last one given of it. ``span``: seconds of a piece. ``seen``: greatest time of
    change met in this poll, where the next one begins: the shop's clock, not ours. ``more``: a poll goes on here.
    ``rose``: our time when ``seen`` last grew; ``settled``: a poll looked back long enough after that, so nothing
    can be written late any more, and what was edited last is not read again by every poll of a quiet shop."""

    at: str = ""
    end: str = ""
    id: int = 0
    span: int = WEEK
    seen: str = ""
    more: bool = False
    rose: str = ""
    settled: bool = False


async def by_ids(
    shop: Shopfront, stream: str, place: Place, end: int | None, size: int
) -> tuple[list[Raw], Place | None]:
    """The next page of list rows with ids below ``end`` (None = all there are); no place = that was all."""
    key, span = ID[stream], place.span or size
    at = place.next
    while True:
        last = at + span - 1 if end is None else min(at + span - 1, end - 1)
        beyond = end is None and span >= FAR
        bounds = {"from": str(at)} if beyond else {"from": str(at), "to": str(last)}
        try:
            rows = await shop.rows(stream, {key: bounds})
        except _TOO_MUCH:
            if span == 1:
                raise
            span = max(1, span // 8)
            continue
        if len(rows) > size:
            rows = rows[:size]
            return rows, Place(int(rows[-1][key]) + 1, max(1, span // 2) if not beyond else size)
        if beyond:
            return rows, Place(int(rows[-1][key]) + 1, size) if rows else None
        at = last + 1
        over = at >= (TOP if end is None else end)
        if len(rows) * 2 < size:
            span = min(span * (2 if rows else 4), FAR)
        if rows or over:
            return rows, None if over else Place(at, span)


async def changed(shop: Shopfront, stream: str, poll: Poll, size: int, overlap: timedelta) -> tuple[list[Raw], Poll]:
    """Documents changed since ``poll``, about ``size`` of them, and where to go on."""
    found: list[Raw] = []
    began = datetime.now(UTC)
    if not poll.more:
        poll = _beginning(poll, overlap, began)
    while len(found) < size:
        rows, poll = await _piece(shop, stream, poll, size)
        documents = await shop.documents(stream, rows)
        found += documents
        seen = max([poll.seen, *map(_changed_at, documents)])
        if seen > poll.seen:
            poll = replace(poll, seen=seen, rose=began.isoformat())
        if not poll.more:
            break
    if not poll.more:
        if len(found) >= size:
            # Full by chance: the next page is what came meanwhile, and most likely nothing.
            return found, replace(poll, at=poll.seen, id=int(found[-1][ID[stream]]), more=True)
        settled = began - datetime.fromisoformat(poll.rose) >= overlap
        return found, Poll(at=poll.seen, rose=poll.rose, settled=settled)
    return found, poll


def _beginning(poll: Poll, overlap: timedelta, now: datetime) -> Poll:
    """The start of a poll: again what happened shortly before, it may have been written late."""
    seen = datetime.fromisoformat(poll.at).replace(tzinfo=UTC)
    at = seen + SECOND if poll.settled else seen - overlap
    return Poll(at=second(at), seen=poll.at, rose=poll.rose or now.isoformat())


async def _piece(shop: Shopfront, stream: str, poll: Poll, size: int) -> tuple[list[Raw], Poll]:
    """List rows of one piece of time, or as many of them as fit on a page."""
    now = datetime.now(UTC)
    at, span = datetime.fromisoformat(poll.at).replace(tzinfo=UTC), poll.span
    rows: list[Raw]
    while True:
        closed = bool(poll.end) or at + timedelta(seconds=span) < now
        end = poll.end or second(at + timedelta(seconds=span))
        times = {"from": _asked(poll.at)} | ({"to": _asked(end)} if closed else {})
        filters = {"updated_at": times} | ({ID[stream]: {"from": str(poll.id + 1)}} if poll.id else {})
        try:
            rows = await shop.rows(stream, filters)
        except _TOO_MUCH:
            if poll.end or span == 1:
                raise
            span = max(1, span // 8)
            continue
        break
    if len(rows) > size:
        # Paged by id: whoever is edited meanwhile leaves this piece and is found in a later one.
        rows, end = rows[:size], end if closed else second(now)
        return rows, replace(poll, end=end, id=int(rows[-1][ID[stream]]), span=span, more=True)
    if not closed:
        return rows, replace(poll, more=False)
    after = second(datetime.fromisoformat(end).replace(tzinfo=UTC) + SECOND)
    grown = min(span * 2, LONGEST) if len(rows) * 4 < size else span
    return rows, replace(poll, at=after, end="", id=0, span=grown, more=True)


def _changed_at(document: Raw) -> str:
    try:
        at = moment(document.get("updated_at"), "updated_at")
    except FieldError:
        at = None
    return second(at) if at else ""


def _asked(at: str) -> str:
    """A second as Magento compares it: UTC, with a space, to the letter of its database."""
    return at.replace("T", " ")


def cuts(greatest: int, most: int, rows: int) -> Sequence[int]:
    """First ids of up to ``most`` windows over the ids up to ``greatest``, each of ``rows`` ids at least."""
    number = max(1, min(most, greatest // rows))
    return [1 + place * greatest // number for place in range(number)]
