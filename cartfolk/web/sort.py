"""How a column orders the contacts of the list.

The columns of contact_list have an index each. Any other property is read from the order kept ready for it
(properties/sorting.py), or, until there is one, found by a scan that says so (:attr:`Sort.indexed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.properties import sorting


@dataclass(frozen=True, slots=True)
class Sort:
    """How one column orders contacts. ``natural`` is the direction its index was made for."""

    key: sql.Composable
    cast: str
    natural: str  # "asc" (nulls last) or "desc"
    nulls_natural: str = "last"
    source: LiteralString = "contact_list l"
    only: LiteralString = "true"  # the rows of ``source`` that count
    contact: LiteralString = "l.contact_id"  # what the index ends with
    indexed: bool = True
    wide: LiteralString = "contact_property p"  # where a property without an index is read
    place: int | None = None  # the sort_id of an order kept ready

    @property
    def narrow(self) -> LiteralString:
        """What the order itself is read from: of an order kept ready not the list, which has every contact of it."""
        return self.source if self.place is None else "contact_sort s"


def _list(expression: str, cast: str, natural: str, nulls: str = "last") -> Sort:
    return Sort(sql.SQL(expression), cast, natural, nulls)


# Columns that contact_list itself carries; the expression is exactly the index's.
LIST_SORTS: dict[str, Sort] = {
    "createdate": _list("l.createdate", "timestamptz", "desc", "first"),
    "name": _list('(lower(l.name) collate "C")', "text", "asc"),
    "email": _list('(l.email collate "C")', "text", "asc"),
    "recent_conversion_event_name": _list('(l.recent_conversion_event_name collate "C")', "text", "asc"),
    "recent_conversion_date": _list("l.recent_conversion_date", "timestamptz", "desc"),
    "last_order_date": _list("l.last_order_date", "timestamptz", "desc"),
    "total_value_of_orders": _list("l.total_value_of_orders", "numeric", "desc"),
    "total_number_of_orders": _list("l.total_number_of_orders", "integer", "desc"),
}
DEFAULT = "-createdate"


def sort_for(conn: Connection, name: str, columns: Mapping[str, str], custom: Mapping[str, str]) -> Sort | None:
    """The sort of a property, or None when it has no column. ``columns``: name -> PostgreSQL type; ``custom``: of what
    people set."""
    if found := LIST_SORTS.get(name):
        return found
    column_type = columns.get(name) or custom.get(name)
    if column_type is None:
        return None
    key = sorting.key(name, column_type)
    cast = "text" if key.kind == "word" else "numeric"
    place = sorting.place(conn, name, now())
    if place is None and name in columns:
        source: LiteralString = "contact_list l join contact_property p using (contact_id)"
        return Sort(key.value, cast, "asc", source=source, indexed=False)
    if place is None:
        wide: LiteralString = "(contact_list k left join contact_custom v using (contact_id)) p"
        source = "contact_list l left join contact_custom p using (contact_id)"
        return Sort(key.value, cast, "asc", source=source, indexed=False, wide=wide)
    return Sort(
        sql.Identifier("s", key.column),
        cast,
        "asc",
        source="contact_sort s join contact_list l on l.contact_id = s.contact_id",
        # The other column's emptiness is what the two indexes of contact_sort are cut by.
        only=f"s.sort_id = %(place)s and s.{'number' if key.column == 'word' else 'word'} is null",
        contact="s.contact_id",
        place=place,
    )
