"""Contacts as HubSpot's objects: every value a text, whatever its type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties.catalogue import Property
from cartfolk.properties.defined import load

Json = dict[str, Any]
Q = Statements.beside(__file__, "contacts.sql")
DEFAULT = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")
_SOURCES = {"import": "IMPORT", "user": "CRM_UI", "api": "INTEGRATION", "calculated": "CALCULATED", "merge": "MERGE"}


def objects(
    conn: Connection, contacts: Sequence[int], names: Iterable[str] = (), with_history: Iterable[str] = ()
) -> dict[int, Json]:
    """The contacts that exist, by number, each with ``names`` (else the default ones); unknown names are left out."""
    known = load(conn).properties
    past = [name for name in dict.fromkeys(with_history) if name in known]
    wanted = [name for name in dict.fromkeys([*(names or DEFAULT), *past]) if name in known]
    rows = _rows(conn, contacts, [known[name] for name in wanted])
    found: dict[int, Json] = {}
    for row in rows:
        found[row["contact_id"]] = {
            "id": str(row["contact_id"]),
            "properties": {"hs_object_id": str(row["contact_id"])} | {name: text(row[name]) for name in wanted},
            "createdAt": text(row[":created"]),
            "updatedAt": text(row[":updated"]),
            "archived": False,
        }
    if past:
        for contact, told in _history(conn, list(found), past).items():
            found[contact]["propertiesWithHistory"] = told
    return found


def text(value: Any) -> str | None:
    """A value as HubSpot writes it; times with milliseconds in UTC, lists with semicolons."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Decimal():
            plain = format(value, "f")
            return plain.rstrip("0").rstrip(".") if "." in plain else plain
        case list():
            return ";".join(text(item) or "" for item in value)
        case _:
            return str(value)


def _rows(conn: Connection, contacts: Sequence[int], items: Sequence[Property]) -> list[dict[str, Any]]:
    """One statement for all of them: only the columns that were asked for."""
    columns = [
        sql.SQL("{} as {}").format(
            sql.Identifier("p", "computed_at")
            if not item.stored
            else sql.Identifier("p" if item.table == "contact_property" else "c", item.name),
            sql.Identifier(item.name),
        )
        for item in items
        if item.stored or item.name == "lastmodifieddate"
    ]
    statement = sql.SQL(
        'select o.contact_id, coalesce(p.createdate, o.first_seen) as ":created", '
        'coalesce(p.computed_at, o.first_seen) as ":updated"{} from contact o '
        "left join contact_property p using (contact_id) left join contact_custom c using (contact_id) "
        "where o.contact_id = any(%(contacts)s)"
    ).format(sql.SQL("").join(sql.SQL(", ") + column for column in columns))
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement, {"contacts": list(contacts)}).fetchall()
    empty: Mapping[str, None] = dict.fromkeys(item.name for item in items)
    return [{**empty, **row} for row in rows]


def _history(conn: Connection, contacts: Sequence[int], names: Sequence[str]) -> dict[int, dict[str, list[Json]]]:
    found: dict[int, dict[str, list[Json]]] = {contact: {name: [] for name in names} for contact in contacts}
    rows = conn.execute(Q["changes"], {"contacts": list(contacts), "names": list(names)})
    for contact, at, source, source_id, by, changes in rows:
        for name in names:
            if name in changes:
                value = changes[name]
                told = {"value": "" if value is None else text(value), "timestamp": text(at)}
                told["sourceType"] = _SOURCES.get(source, source.upper())
                found[contact][name].append(told | {"sourceId": by or source_id})
    return found
