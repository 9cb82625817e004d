"""Any contact list as rows for a file: as many contacts as there are, a thousand in memory.

A spreadsheet runs what begins with = + - @ as a formula, so such text gets an apostrophe in front (the remedy of
OWASP's "CSV Injection" page); numbers and times are never text.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from cartfolk.core.plain import plain
from cartfolk.core.sql import Connection
from cartfolk.core.time import iso
from cartfolk.stores import lookup

from . import listing, properties

OWN = ("contact_id", "name", "stores")  # columns of the list that are no property
STANDARD = (
    "contact_id", "email", "firstname", "lastname", "phone", "recent_conversion_event_name", "recent_conversion_date",
    "last_order_date", "total_value_of_orders", "total_number_of_orders", "stores", "createdate",
)  # fmt: skip
_SIZE = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(conn: Connection, question: listing.Question, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Every contact the question finds, in its order, with the columns asked for. Raises listing.CursorInvalid."""
    names = {store.pk: store.name for store in lookup.every(conn)}
    stored = [name for name in columns if name not in OWN]
    question = dataclasses.replace(question, size=_SIZE, before="", after="")
    while True:
        page = listing.page(conn, question)
        values = _values(conn, [row["contact_id"] for row in page.rows], stored)
        for row in page.rows:
            known = values.get(row["contact_id"], {})
            row["stores"] = [names[store] for store in row["store_ids"] or () if store in names]
            yield {name: row[name] if name in OWN else known.get(name) for name in columns}
        if not page.after:
            return
        question = dataclasses.replace(question, after=page.after)


def some(conn: Connection, contacts: Sequence[int], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The contacts with these numbers, with the columns asked for."""
    names = {store.pk: store.name for store in lookup.every(conn)}
    stored = [name for name in columns if name not in OWN]
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            "select contact_id, name, store_ids from contact_list where contact_id = any(%s) order by contact_id",
            [list(contacts)],
        ).fetchall()
    values = _values(conn, [row["contact_id"] for row in found], stored)
    for row in found:
        row["stores"] = [names[store] for store in row["store_ids"] or () if store in names]
        known = values.get(row["contact_id"], {})
        yield {name: row[name] if name in OWN else known.get(name) for name in columns}


def _values(conn: Connection, contacts: list[int], columns: Sequence[str]) -> dict[int, dict[str, Any]]:
    computed, _custom = properties.columns(conn)
    tables = {name: "p" if name in computed else "c" for name in columns}
    picked = sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier(table, name)) for name, table in tables.items())
    statement = sql.SQL(
        "select p.contact_id{} from contact_property p left join contact_custom c using (contact_id)"
        " where p.contact_id = any(%s)"
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(statement.format(picked), [contacts])
        return {row["contact_id"]: row for row in found}


def csv_lines(found: Iterator[Mapping[str, Any]], columns: Sequence[str], *, german: bool = False) -> Iterator[str]:
    """The lines of a CSV file with its head. A ``german`` spreadsheet cuts at semicolons, and would take 12.50 for the
    12th of a month: amounts have a comma then."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";" if german else ",")

    def line(cells: Sequence[Any]) -> str:
        writer.writerow(cells)
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    write = _german if german else cell
    yield line(columns)
    for row in found:
        yield line([write(row[name]) for name in columns])


def _german(value: Any) -> str:
    return cell(value).replace(".", ",") if isinstance(value, Decimal) else cell(value)


def json_lines(found: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The lines of a JSON Lines file: empty values are left out, amounts are decimal text, times ISO 8601 UTC."""
    for row in found:
        told = {name: plain(value) for name, value in row.items() if value is not None}
        yield json.dumps(told, ensure_ascii=False) + "\n"


def cell(value: Any) -> str:
    """A value as a cell: times as ISO 8601 UTC, lists with semicolons, text without formulas."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case datetime():
            return str(iso(value))
        case date():
            return value.isoformat()
        case list() | tuple():
            return _harmless("; ".join(map(str, value)))
        case _:
            return _harmless(str(value))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
