"""Finding stores through an explicit connection: web, worker and command line read them the same way."""

from __future__ import annotations

from typing import Any

from psycopg.rows import dict_row

from cartfolk.core.sql import Connection, Statements

from .models import Store

Q = Statements.beside(__file__)


class UnknownStore(LookupError):
    """No store of that name, id or key."""


def read(conn: Connection, statement: str, parameters: dict[str, Any]) -> list[Store]:
    """The stores that the named statement of this room returns."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return [Store(**row) for row in cursor.execute(Q[statement], parameters)]


def _one(conn: Connection, statement: str, parameters: dict[str, Any], called: object) -> Store:
    found = read(conn, statement, parameters)
    if not found:
        raise UnknownStore(f"There is no store {called}.")
    return found[0]


def by_id(conn: Connection, store_id: int) -> Store:
    """Raises UnknownStore."""
    return _one(conn, "store_by_id", {"id": store_id}, store_id)


def by_key(conn: Connection, key: str) -> Store:
    """The store whose random key stands in a door's address. Raises UnknownStore."""
    return _one(conn, "store_by_key", {"key": key}, "with this address")


def by_name(conn: Connection, name: str) -> Store:
    """Raises UnknownStore with the names there are."""
    found = read(conn, "store_by_name", {"name": name})
    if not found:
        names = ", ".join(store.name for store in every(conn)) or "none yet"
        raise UnknownStore(f"There is no store named {name}. Connected stores: {names}.")
    return found[0]


def every(conn: Connection) -> list[Store]:
    """All stores by name."""
    return read(conn, "stores", {})
