"""The values between the fifths of a property, over all contacts: worked out by one statement, kept with the moment,
and the same for every question until they are worked out again (decision 0023)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg import sql

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties.catalogue.model import Property
from cartfolk.properties.defined import load
from cartfolk.segments.operators import Kind, kind
from cartfolk.segments.tree import objects

Q = Statements.beside(__file__, "cuts.sql")
OLDEST = timedelta(days=1)
MOVED = Decimal("0.1")  # of the contacts with a value
RFM = ("total_value_of_orders", "total_number_of_orders", "last_order_date")
"""Spend, frequency and recency: always there for presets."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """``values``: four, ascending, the upper ends of the fifths 1 to 4; none while nobody has a value. ``contacts``
    had one (a number above zero, a moment) at ``computed_at``."""

    property: str
    values: tuple[Decimal | datetime, ...]
    contacts: int
    computed_at: datetime


def known(conn: Connection) -> dict[str, Cuts]:
    """What is published now, by property."""
    return {
        name: Cuts(name, tuple(numbers or moments or ()), contacts, at)
        for name, numbers, moments, contacts, at in conn.execute(Q["known"])
    }


def asked(definition: object) -> set[str]:
    """The properties whose fifths a definition names, read without checking it."""
    fifths = (item.get("property") for item in objects(definition) if item.get("operator") == "in_fifth")
    return {name for name in fifths if isinstance(name, str)}


def ensure(conn: Connection, names: Collection[str], at: datetime) -> None:
    """Works out what is not there yet; what is there stays as it was published."""
    missing = set(names) - known(conn).keys()
    if missing:
        work_out(conn, missing, at)


def tend(conn: Connection, at: datetime) -> list[int]:
    """Works out anew what is older than a day, or of which a tenth more or fewer contacts have a value by now; returns
    the segments that must be built again, which wait for it already."""
    before = known(conn)
    wanted = {*RFM, *before}
    found = _over_all(conn, wanted)
    stale = {
        name
        for name in wanted
        if name not in before
        or before[name].computed_at <= at - OLDEST
        or abs(found[name][0] - before[name].contacts) > MOVED * before[name].contacts
        if name in found
    }
    moved = {name for name in stale if name not in before or before[name].values != found[name][1]}
    with conn.transaction():
        _keep(conn, {name: found[name] for name in stale}, at)
        segments = [number for number, definition in conn.execute(Q["asking"]) if asked(definition) & moved]
        if segments:
            conn.execute(Q["again"], {"segments": segments})
    return segments


def work_out(conn: Connection, names: Collection[str], at: datetime) -> None:
    """Publishes the cuts of these properties as of now; names that are no number and no moment are left out."""
    _keep(conn, _over_all(conn, names), at)


Found = dict[str, tuple[int, tuple[Any, ...]]]


def _over_all(conn: Connection, names: Iterable[str]) -> Found:
    """How many have a value, and the cuts: one statement a table, over everybody."""
    properties = load(conn).properties
    found: Found = {}
    for table in ("contact_property", "contact_custom"):
        items = [properties[name] for name in sorted(names) if name in properties and _fits(properties[name], table)]
        if items:
            row = conn.execute(
                sql.SQL("select {} from {}").format(
                    sql.SQL(", ").join(part for item in items for part in _parts(item)), sql.Identifier(table)
                )
            ).fetchone()
            assert row is not None
            for place, item in enumerate(items):
                found[item.name] = int(row[2 * place]), tuple(row[2 * place + 1] or ())
    return found


def _fits(item: Property, table: str) -> bool:
    return item.stored and item.table == table and kind(item) in (Kind.NUMBER, Kind.MOMENT)


def _parts(item: Property) -> tuple[sql.Composable, sql.Composable]:
    column = sql.Identifier(item.name)
    has = sql.SQL("{} > 0" if kind(item) is Kind.NUMBER else "{} is not null").format(column)
    value = sql.SQL("{}::numeric" if kind(item) is Kind.NUMBER else "{}").format(column)
    return (
        sql.SQL("count(*) filter (where {})").format(has),
        sql.SQL("percentile_disc(array[0.2, 0.4, 0.6, 0.8]) within group (order by {}) filter (where {})").format(
            value, has
        ),
    )


def _keep(conn: Connection, found: Found, at: datetime) -> None:
    for name, (contacts, values) in sorted(found.items()):
        moments = list(values) if values and isinstance(values[0], datetime) else None
        numbers = list(values) if values and moments is None else None
        row = {"property": name, "numbers": numbers, "moments": moments, "contacts": contacts, "at": at}
        conn.execute(Q["keep"], row)
