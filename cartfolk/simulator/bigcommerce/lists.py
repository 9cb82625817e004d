"""Which rows a list shows: filters, order, one page. Bounds by time are inclusive in v2 and exclusive in v3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

MOST = 250
Params = Mapping[str, str]


class Refused(Exception):
    """An answer that is no success: status, title."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status, self.title = status, title


@dataclass(frozen=True, slots=True)
class Shelf:
    """One list: its records, ``key`` for ids, ``sorts`` for what may be sorted by, ``times`` for bounds."""

    records: Sequence[Any]
    key: Callable[[Any], int]
    times: Mapping[str, Callable[[Any], int]]
    usual: Callable[[Any], Any]  # the order of a list nobody sorted
    sorts: Sequence[str] = ()


def moment(text: str) -> int:
    """UTC seconds of ISO 8601 or RFC 2822; without a zone it is UTC."""
    try:
        found = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)
    except ValueError:
        raise Refused(422, f"{text} is not a date") from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def number(params: Params, name: str, default: int) -> int:
    text = params.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise Refused(422, f"{name} must be a positive number")
    return int(text)


def chosen(shelf: Shelf, params: Params, v2: bool) -> list[Any]:
    """The rows that fit the filters, sorted."""
    rows = list(shelf.records)
    for column, time in shelf.times.items():
        least = params.get(f"min_{column}" if v2 else f"{column}:min")
        most = params.get(f"max_{column}" if v2 else f"{column}:max")
        if least:
            bound = moment(least)
            rows = [row for row in rows if time(row) >= bound] if v2 else [row for row in rows if time(row) > bound]
        if most:
            bound = moment(most)
            rows = [row for row in rows if time(row) <= bound] if v2 else [row for row in rows if time(row) < bound]
    first, last = ("min_id", "max_id") if v2 else ("id:min", "id:max")
    if first in params:
        rows = [row for row in rows if shelf.key(row) >= int(params[first])]
    if last in params:
        rows = [row for row in rows if shelf.key(row) <= int(params[last])]
    for name in ("id:in", "category_id:in"):
        if name in params:
            wanted = {int(each) for each in params[name].split(",")}
            rows = [row for row in rows if shelf.key(row) in wanted]
    return _sorted(shelf, rows, params)


def _sorted(shelf: Shelf, rows: list[Any], params: Params) -> list[Any]:
    column, _colon, direction = params.get("sort", "").partition(":")
    if not column:
        return sorted(rows, key=shelf.usual)
    if column not in shelf.sorts:
        raise Refused(422, f"sort by {column} is not supported")
    direction = direction or params.get("direction", "asc")
    key = shelf.key if column == "id" else shelf.times[column]
    # Ties come as the database likes: here the other way round than by id.
    return sorted(rows, key=lambda row: (key(row), -shelf.key(row)), reverse=direction == "desc")


def paged(rows: list[Any], params: Params) -> tuple[list[Any], dict[str, Any]]:
    """One page and v3's account of the whole."""
    limit, page = min(MOST, number(params, "limit", 50)), number(params, "page", 1)
    some = rows[(page - 1) * limit : page * limit]
    pages = -(-len(rows) // limit)
    about = {"total": len(rows), "count": len(some), "per_page": limit, "current_page": page, "total_pages": pages}
    return some, {"pagination": about}
