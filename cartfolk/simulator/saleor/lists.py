"""Lists: filters, order and cursors. A cursor holds the last row's sort value and id, in JSON and base64."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from graphql import GraphQLError

MOST = 100
Row = dict[str, Any]  # id (global), created, modified (datetimes), and the record itself under "_"
_SORTS = {
    "CREATED_AT": "created",
    "CREATION_DATE": "created",
    "LAST_MODIFIED_AT": "modified",
}
_TIMES = {"createdAt": "created", "dateJoined": "created", "created": "created", "updatedAt": "modified"}


def gid(kind: str, key: object) -> str:
    return base64.b64encode(f"{kind}:{key}".encode()).decode()


def stamp(seconds: int, number: int = 0) -> datetime:
    """A time as the database has it, with microseconds; just before that second, as nothing happens in the future."""
    return datetime.fromtimestamp(seconds, UTC) - timedelta(microseconds=number * 7919 % 1_000_000)


def failed(message: str, code: str = "GraphQLError") -> GraphQLError:
    return GraphQLError(message, extensions={"exception": {"code": code}})


def _fits(row: Row, conditions: Mapping[str, Any], channel: str) -> bool:
    for name, asked in conditions.items():
        if name == "ids":
            if row["id"] not in asked:
                return False
        elif name in ("channelId", "channels"):
            if channel not in (asked if isinstance(asked, list) else [asked.get("eq")]):
                return False
        elif not _within(row[_TIMES[name]], asked):
            return False
    return True


def _within(value: datetime, asked: Mapping[str, Any]) -> bool:
    """Inclusive on both sides; a filter that knows days only compares days."""
    for bound, wanted in asked.items():
        if len(str(wanted)) == 10:
            mine, limit = value.date(), date.fromisoformat(wanted)
        else:
            mine, limit = value, datetime.fromisoformat(str(wanted))
        if (bound == "gte" and mine < limit) or (bound == "lte" and mine > limit):
            return False
    return True


def listed(
    rows: Sequence[Row], options: Mapping[str, Any], channel: str, document: Callable[[Row], Any]
) -> dict[str, Any]:
    """A page of a list; ``document`` is made of its rows alone."""
    first = options.get("first")
    if first is None or first > MOST:
        raise failed(f"Requesting {first} records exceeds the `first` limit of {MOST} records.")
    asked = options.get("where") or options.get("filter") or {}
    found = [row for row in rows if _fits(row, asked, channel)]
    field = _SORTS.get((options.get("sortBy") or {}).get("field", ""))

    def place(row: Row) -> tuple[str, str]:
        return (row[field].isoformat(timespec="microseconds") if field else "", row["id"])

    found.sort(key=place)
    total = len(found)
    if options.get("after"):
        try:
            behind = tuple(json.loads(base64.b64decode(options["after"], validate=True)))
        except (binascii.Error, ValueError):
            raise failed("Received cursor is invalid.") from None
        found = [row for row in found if place(row) > behind]
    page = found[:first]
    edges = [{"node": document(row), "cursor": _cursor(place(row))} for row in page]
    info = {"hasNextPage": len(found) > first, "endCursor": edges[-1]["cursor"] if edges else None}
    return {"totalCount": total, "pageInfo": info, "edges": edges}


def _cursor(place: tuple[str, str]) -> str:
    return base64.b64encode(json.dumps(place).encode()).decode()
