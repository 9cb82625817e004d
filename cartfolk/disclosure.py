"""Everything held of one person, for the person: their right of access, as one document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from cartfolk import erasure, remains
from cartfolk.core.plain import exactly
from cartfolk.core.sql import Connection
from cartfolk.core.time import iso, now
from cartfolk.stores import lookup
from cartfolk.traces import Traces

# What serves the program, not a statement about the person.
_INNER = ("contact_dirty", "contact_due", "contact_sort", "contact_list", "duplicate", "duplicate_key", "contact_apart",
          "merge_snapshot", "person_link")  # fmt: skip


def disclose(conn: Connection, contact_id: int) -> dict[str, Any]:
    """All rows of the contact by table, the names, and the raw objects the shops sent; for core.plain.document.

    Reads every stored delivery. Raises erasure.NobodyToErase when there is no such contact.
    """
    people, names = erasure.whose(conn, contacts=[contact_id])
    with conn.cursor(row_factory=dict_row) as cursor:
        rows: dict[str, list[dict[str, Any]]] = {}
        for table in erasure.tables():
            if table in _INNER:
                continue
            statement = sql.SQL(
                "select to_jsonb(t)::text as row from {} t where contact_id = any(%s::bigint[])"
            ).format(sql.Identifier(table))
            found = [_told(exactly(row["row"])) for row in cursor.execute(statement, [people])]
            if found:
                rows[table] = found
    stores = {store.pk: store.name for store in lookup.every(conn)}
    raw = [
        {"store": stores.get(piece.store_id), "stream": piece.stream, "received": _json(piece.text)}
        for piece in remains.pieces(conn, Traces(frozenset(names)))
    ]
    return {"made_at": iso(now()), "contacts": people, "stores": stores, "data": rows, "received": raw}


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value not in (None, "", [], {})}


def _json(text: str) -> Any:
    try:
        return exactly(text)
    except (ValueError, RecursionError):
        return text
