"""Where each stream is listed, and how its list is bounded by time, by id, or to certain objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..paging import SECOND, Cursor, second
from ..reading import FieldError
from .client import Raw
from .times import instant

Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeyCursor(Cursor):
    """``last``: greatest id already given; ``skip``: rows after it that cannot be given."""

    last: int = 0
    skip: int = 0


@dataclass(frozen=True, slots=True)
class PageCursor(Cursor):
    """``offset``: rows already given of a list that knows no filter; ``total``: rows it had."""

    offset: int = 0
    total: int = -1


@dataclass(frozen=True, slots=True)
class SpanCursor(Cursor):
    """``at``: UTC second everything before which is given; ``span``: seconds asked for at once, 0 = all there are.
    Of a poll under way ``end``: where it ends; ``newest``: the newest time it saw."""

    at: str = ""
    span: int = 0
    end: str = ""
    newest: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One list. ``key``: the name of its rows' id. ``v2`` names its filters and writes its times differently."""

    path: str
    v2: bool = False
    key: str = "id"
    params: Mapping[str, Any] = field(default_factory=dict)

    def between(self, column: str, start: datetime, end: datetime) -> Params:
        """Rows of ``[start, end)``, and perhaps some of a second beside it: whether bounds are inclusive is not
        promised, so that :meth:`time` must be looked at."""
        least, most = second(start - SECOND), second(end)
        if self.v2:
            return {f"min_{column}": f"{least}Z", f"max_{column}": f"{most}Z"}
        return {f"{column}:min": least, f"{column}:max": most}

    def above(self, last: int, end: str | None) -> Params:
        """Rows with a greater id than ``last`` and one up to ``end``, the smallest first."""
        if self.v2:
            found: Params = {"min_id": last + 1, "sort": "id:asc"}
            return found | ({"max_id": end} if end else {})
        found = {f"{self.key}:min": last + 1, "sort": self.key, "direction": "asc"}
        return found | ({f"{self.key}:max": end} if end else {})

    @property
    def newest_first(self) -> Params:
        return {"sort": "id:desc"} if self.v2 else {"sort": self.key, "direction": "desc"}

    def row_id(self, row: Raw) -> str:
        return str(row.get(self.key, ""))

    @staticmethod
    def time(row: Raw, column: str) -> str:
        """A row's time as cursors have it; empty if it has none that can be read."""
        try:
            found = instant(row.get(column), column)
        except FieldError:
            return ""
        return second(found) if found else ""


LISTS: Mapping[str, Listed] = {
    "categories": Listed("v3/catalog/trees/categories", key="category_id"),
    "products": Listed("v3/catalog/products", params={"include": "primary_image"}),
    "coupons": Listed("v2/coupons", v2=True),
    "customers": Listed("v3/customers", params={"include": "addresses"}),
    "subscribers": Listed("v3/customers/subscribers"),
    "orders": Listed(
        "v2/orders", v2=True, params={"include": "consignments.line_items", "consignment_structure": "object"}
    ),
}
