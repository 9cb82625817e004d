"""Typed columns for the catalogue's properties: computed ones in contact_property, the others in contact_custom."""

from __future__ import annotations

from psycopg import sql

from cartfolk.core.sql import Connection
from cartfolk.properties.catalogue import COMPUTED, OWN, PROPERTIES, SETTABLE

_LOCK = "8317401"  # one process at a time adds columns; the others find them there


class ColumnTypeDiffers(RuntimeError):
    """A property's column exists with another type: a migration must convert it first."""


def ensure(conn: Connection) -> None:
    """Adds the columns that are missing, in one transaction; a lock held elsewhere gives up after 5 s.

    Raises ColumnTypeDiffers when a column is there with another type than the catalogue's, and psycopg's
    LockNotAvailable when the table stays busy: run it again.
    """
    with conn.transaction():
        conn.execute("set local lock_timeout = '5s'")
        conn.execute(sql.SQL("select pg_advisory_xact_lock({})").format(sql.SQL(_LOCK)))
        for table, names in (("contact_property", COMPUTED), ("contact_custom", SETTABLE + OWN)):
            _ensure(conn, table, names)


def _ensure(conn: Connection, table: str, names: tuple[str, ...]) -> None:
    present: dict[str, str] = dict(
        conn.execute(
            "select attname::text, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = %s::regclass and attnum > 0 and not attisdropped",
            [table],
        ).fetchall()
    )
    for name in names:
        if name in present and present[name] != PROPERTIES[name].column:
            raise ColumnTypeDiffers(
                f"{table}.{name} is {present[name]}, the catalogue says {PROPERTIES[name].column}. Convert the "
                "column in a migration (alter table … alter column … type …), then run migrate again."
            )
    missing = [
        sql.SQL("add column if not exists {} {}").format(sql.Identifier(name), sql.SQL(PROPERTIES[name].column))
        for name in names
        if name not in present
    ]
    if missing:
        conn.execute(sql.SQL("alter table {} {}").format(sql.Identifier(table), sql.SQL(", ").join(missing)))
