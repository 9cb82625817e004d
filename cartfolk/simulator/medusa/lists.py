"""The lists of the Admin API: filters, order and pages, the way Medusa reads them.

Ids and times are compared by operators (`$gt`, `$gte`, `$lt`, `$lte`); `order` names one column only, and rows that
are equal in it come in any order, another one for each page. `limit` has no upper bound. An unknown parameter is
refused; a time nobody can read is an error of the server, as it is there.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

Json = dict[str, Any]
_PARAM = re.compile(r"([a-z_]+)(?:\[([$\w]*)\])?")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda a, b: a > b,
    "$gte": lambda a, b: a >= b,
    "$lt": lambda a, b: a < b,
    "$lte": lambda a, b: a <= b,
    "$eq": lambda a, b: a == b,
}


class Refused(Exception):
    """The request is answered by this status and type."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"type": kind, "message": message}


@dataclass(frozen=True, slots=True)
class Entry:
    """A row before it is written: what it is found by, and how to write it."""

    id: str
    created: int  # milliseconds
    updated: int
    write: Callable[[], Json]
    account: bool = False


def page(entries: list[Entry], query: str, operators: bool) -> tuple[list[Json], int, int, int]:
    """The rows asked for, the number of all that fit, offset and limit. ``operators``: ids can be compared, not only
    named. Raises Refused."""
    limit, offset, order, fields = 50, 0, "id", ""
    wanted: set[str] = set()
    for name, value in parse_qsl(query, keep_blank_values=True):
        match = _PARAM.fullmatch(name)
        column, operator = (match[1], match[2]) if match else (name, None)
        if column == "limit":
            limit = int(value)
        elif column == "offset":
            offset = int(value)
        elif column == "order":
            order = value
        elif column == "fields":
            fields = value
        elif column == "has_account":
            entries = [each for each in entries if each.account == (value == "true")]
        elif column == "id" and (operator is None or operator == "" or operator.isdigit()):
            wanted.add(value)
        elif column in ("id", "created_at", "updated_at") and operator in _COMPARE and (operators or column != "id"):
            entries = [each for each in entries if _COMPARE[operator](_key(each, column), _bound(column, value))]
        else:
            raise Refused(400, "invalid_data", f"Invalid request: Unrecognized fields: '{name}'")
    if wanted:
        entries = [each for each in entries if each.id in wanted]
    column = order.removeprefix("-")
    if column not in ("id", "created_at", "updated_at"):
        raise Refused(500, "unknown_error", "An unknown error occurred.")
    entries = sorted(entries, key=lambda each: zlib.crc32(f"{each.id}/{offset}".encode()))
    entries.sort(key=lambda each: _key(each, column), reverse=order.startswith("-"))
    rows = [_picked(each.write(), fields) for each in entries[offset : offset + limit]]
    return rows, len(entries), offset, limit


def _key(entry: Entry, column: str) -> Any:
    return {"id": entry.id, "created_at": entry.created, "updated_at": entry.updated}[column]


def _bound(column: str, value: str) -> Any:
    if column == "id":
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Refused(500, "unknown_error", "An unknown error occurred.") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _picked(row: Mapping[str, Any], fields: str) -> Json:
    """What was asked for; the id is always there."""
    names = {name.strip().lstrip("+*").split(".")[0] for name in fields.split(",")} - {""}
    return {name: value for name, value in row.items() if not names or name in names or name == "id"}
