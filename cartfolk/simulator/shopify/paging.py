"""Connections: pages by Shopify's own cursors, which hold the last row's place, not its number."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from graphql import GraphQLError

from ..clock import parse_moment

Json = dict[str, Any]
_BOUND = re.compile(r"(created_at|updated_at|id):(>=|<=|>|<)'?([^'\s]+)'?")


def connection(rows: list[Json]) -> Callable[..., Json]:
    """A field that gives pages of ``rows``; in a bulk operation all of them."""

    def resolve(info: Any, first: int | None = None, after: str | None = None, **_others: Any) -> Json:
        if info.context.bulk:
            return page(rows if first is None else rows[:first], None)
        if first is None:
            raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
        begin = int(_opened(after)["offset"]) if after else 0
        ends = begin + first
        return page(rows[begin:ends], {"offset": ends} if ends < len(rows) else None)

    return resolve


def page(rows: list[Json], more: Json | None, last: Json | None = None) -> Json:
    """``more``: what the cursor holds when something follows; ``last``: what it holds when nothing does."""
    held = more or last
    cursor = _closed(held) if held else None
    return {
        "nodes": rows,
        "edges": [{"node": row, "cursor": cursor} for row in rows],
        "pageInfo": {"hasNextPage": more is not None, "endCursor": cursor},
    }


def listed(
    rows: list[Json], key: str, lag_before: int | None, first: int, after: str | None, query: str | None
) -> Json:
    """One page of a top list, sorted by ``key`` and id. ``lag_before``: a search knows nothing younger."""
    if first > 250:
        raise GraphQLError(f"first: {first} is more than 250", extensions={"code": "BAD_REQUEST"})
    for field, sign, text in _BOUND.findall(query or ""):
        bound, name = int(text) if field == "id" else parse_moment(text), f"_{field.removesuffix('_at')}"
        # The search takes > for >= (and the other way round likewise).
        rows = [row for row in rows if (row[name] >= bound if ">" in sign else row[name] <= bound)]
    if query and lag_before is not None:
        rows = [row for row in rows if row["_updated"] <= lag_before]
    place = {"UPDATED_AT": "_updated", "CREATED_AT": "_created", "PROCESSED_AT": "_created"}.get(key, "_id")
    rows = sorted(rows, key=lambda row: (row[place], row["_id"]))
    if after:
        held = _opened(after)
        rows = [row for row in rows if (row[place], row["_id"]) > (held["last_value"], held["last_id"])]
    found = rows[:first]
    end = {"last_id": found[-1]["_id"], "last_value": found[-1][place]} if found else None
    return page(found, end if len(rows) > first else None, end)


def _closed(held: Json) -> str:
    return base64.b64encode(json.dumps(held).encode()).decode()


def _opened(cursor: str) -> Json:
    try:
        held: Json = json.loads(base64.b64decode(cursor))
        return held
    except ValueError:
        raise GraphQLError("Invalid cursor for current pagination sort.", extensions={"code": "BAD_REQUEST"}) from None
