"""One contact's facts and conversions for a page or the command line, and a store's totals.

Rows are dicts by column name: money Decimal, times aware UTC. Lists are cut at ``limit`` and go on by a key
(time, then number), so that a contact with thousands of events costs a page, not all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import dict_row

from cartfolk.core.sql import Connection, Statements

Q = Statements.beside(__file__, "read.sql")

Row = dict[str, Any]
ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a timeline page ended: give it back to get the next page."""

    at: datetime
    kind: str
    name: str
    source_id: int


@dataclass(frozen=True, slots=True)
class Counts:
    customers: int  # accounts in the shop
    guests: int  # contacts with orders there but no account there
    orders: int
    carts: int


def _rows(conn: Connection, statement: LiteralString, keys: Mapping[str, Any]) -> list[Row]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, keys).fetchall()


def _grouped(rows: list[Row], key: str) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.pop(key)].append(row)
    return groups


def orders(
    conn: Connection, contact_id: int, *, before: tuple[datetime, int] | None = None, limit: int = ALL
) -> list[Row]:
    """The contact's orders, newest first, each with ``lines`` and ``refunds``; deleted ones carry
    ``deleted_at``. ``before`` is (placed_at, order_id) of the last one seen."""
    at, number = before or (None, None)
    keys = {"contact": contact_id, "before_at": at, "before_id": number, "limit": limit}
    found = _rows(conn, Q["orders_of"], keys)
    inside = {"contact": contact_id, "objects": [row["order_id"] for row in found]}
    lines = _grouped(_rows(conn, Q["lines_of"], inside), "order_id") if found else {}
    refunds = _grouped(_rows(conn, Q["refunds_of"], inside), "order_id") if found else {}
    for row in found:
        row["lines"] = lines.get(row["order_id"], [])
        row["refunds"] = refunds.get(row["order_id"], [])
    return found


def carts(conn: Connection, contact_id: int, *, limit: int = ALL) -> list[Row]:
    """The contact's carts, last changed first, each with ``lines``."""
    found = _rows(conn, Q["carts_of"], {"contact": contact_id, "limit": limit})
    inside = {"contact": contact_id, "objects": [row["cart_id"] for row in found]}
    lines = _grouped(_rows(conn, Q["cart_lines_of"], inside), "cart_id") if found else {}
    for row in found:
        row["lines"] = lines.get(row["cart_id"], [])
    return found


def conversions(conn: Connection, contact_id: int, *, limit: int = ALL) -> list[Row]:
    """The contact's conversions, newest first: name, at, historic, store."""
    return _rows(conn, Q["conversions_of"], {"contact": contact_id, "limit": limit})


def timeline(
    conn: Connection, contact_id: int, *, before: Place | None = None, limit: int = 50
) -> tuple[list[Row], Place | None]:
    """What happened, newest first (conversions, orders, refunds, consents), and where to go on; None = the
    end. ``kind`` says what a row is, ``source_id`` our number of the order or cart."""
    found = _rows(
        conn,
        Q["timeline_of"],
        {
            "contact": contact_id,
            "at": before.at if before else None,
            "kind": before.kind if before else None,
            "name": before.name if before else None,
            "source": before.source_id if before else None,
            "limit": limit,
        },
    )
    if len(found) < limit:
        return found, None
    last = found[-1]
    return found, Place(last["at"], last["kind"], last["name"], last["source_id"])


def counts(conn: Connection, store_id: int) -> Counts:
    """What the store brought so far."""
    row = conn.execute(Q["counts"], {"store": store_id}).fetchone()
    assert row is not None  # a select of counts always answers
    return Counts(*row)
