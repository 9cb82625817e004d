"""Rows become envelopes: customers one by one, orders put together from all the rows that name them.

The rows of one order may stand anywhere, in two files even, and a file may be larger than memory: they are sorted
by a temporary table of the connection. One row that cannot be read makes its order wrong, never its total.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _n

from cartfolk.connectors.canonical import OrderStatus
from cartfolk.core.sql import Connection, copy_rows

from .. import envelope
from ..deliveries import Q
from ..fields import Wrong
from .cells import Manner
from .columns import Columns, Kind, convert
from .table import Row, Table

Moved = Callable[[int], None]  # told how many more bytes of the files were read
_FETCH = 2000  # rows of the sorting table at a time
_STATUSES = {
    OrderStatus.COMPLETED: "completed complete paid processing shipped delivered fulfilled bezahlt versendet versandt "
    "abgeschlossen geliefert",
    OrderStatus.PENDING: "pending open unpaid onhold new offen unbezahlt neu",
    OrderStatus.CANCELLED: "cancelled canceled voided storniert abgebrochen",
    OrderStatus.REFUNDED: "refunded erstattet",
    OrderStatus.FAILED: "failed declined fehlgeschlagen",
}
STATUSES: Mapping[str, str] = {word: str(ours) for ours, words in _STATUSES.items() for word in words.split()}
"""Words of order states that need no ``--status``, in small letters without marks."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read. ``kinds``: what its rows hold; orders and their lines may share a file. ``name``: what people
    call it, where it is kept under another."""

    table: Table
    kinds: tuple[Kind, ...]
    columns: Columns
    name: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How cells are written, and what a file leaves out. ``statuses``: the file's word -> ours."""

    manner: Manner = field(default_factory=Manner)
    currency: str = ""
    statuses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that cannot be taken in: where it stands, what is wrong, and the row for the error file."""

    path: Path
    line: int
    column: str
    text: str
    row: Mapping[str, Any]


def customers(source: Source, options: Options, moved: Moved) -> Iterator[dict[str, Any] | Problem]:
    """An envelope for each row, or its problem. Without a customer id the e-mail address names the person."""
    version = datetime.fromtimestamp(source.table.path.stat().st_mtime, UTC).isoformat()
    for row in _rows(source, moved):
        try:
            _readable(row)
            found = convert("customers", source.columns, row.values, options.manner)
            updated = found.pop("updated_at", None) or found.get("created_at") or version
            if "customer_id" not in found:
                found |= {"customer_id": str(found.get("email", "")).strip().lower(), "registered": False}
            yield _checked({"kind": "customer", "occurred_at": updated, "object": found})
        except Wrong as wrong:
            yield _problem(source, row, wrong)


def orders(
    conn: Connection, sources: Sequence[Source], options: Options, moved: Moved
) -> Iterator[dict[str, Any] | Problem]:
    """An envelope for each order, or its problem, by order id. The first source has the orders themselves.

    Uses a temporary table of ``conn``; call it inside a transaction.
    """
    conn.execute(Q["sort_file_rows"])
    for part, source in enumerate(sources):
        copy_rows(conn, "file_row", ("key", "part", "line", "fields", "cells"), _keyed(part, source, options, moved))
    conn.execute(Q["index_file_rows"])
    with conn.cursor(name="file_orders") as cursor:
        cursor.itersize = _FETCH
        cursor.execute(Q["sorted_file_rows"])
        for key, rows in itertools.groupby(cursor, key=lambda row: row[0]):
            yield _order(key, list(rows), sources, options)


def _rows(source: Source, moved: Moved) -> Iterator[Row]:
    at = 0
    for row in source.table.rows():
        if row.at > at:
            moved(row.at - at)
            at = row.at
        yield row
    moved(source.table.size - at)


def _keyed(part: int, source: Source, options: Options, moved: Moved) -> Iterator[tuple[str, int, int, str, str]]:
    """The rows for sorting; what is wrong with one travels with it as {"wrong": [column, text]}."""
    columns = source.columns.fields
    column = columns.get("order_id") or columns["number"]
    for row in _rows(source, moved):
        cells = json.dumps(row.values, default=str, ensure_ascii=False)
        key = str(row.values.get(column) or "").strip().replace("\0", "")
        try:
            _readable(row)
            if not key:
                raise Wrong(column, _n("is empty: nobody knows which order this row belongs to"))
            found = {kind: convert(kind, source.columns, row.values, options.manner) for kind in source.kinds}
            fields = json.dumps(found, default=str, ensure_ascii=False)
        except Wrong as wrong:
            key = key or f"\uffff {part} {row.line}"  # an order of its own, after all others
            fields = json.dumps({"wrong": [wrong.field, _said(wrong, wrong.field)]}, ensure_ascii=False)
        yield key, part, row.line, fields.replace("\\u0000", ""), cells.replace("\\u0000", "")


def _order(
    key: str, rows: Sequence[tuple[str, int, int, dict[str, Any], dict[str, Any]]], sources: Sequence[Source],
    options: Options,
) -> dict[str, Any] | Problem:  # fmt: skip
    def problem(at: tuple[str, int, int, dict[str, Any], dict[str, Any]], wrong: str, column: str) -> Problem:
        return Problem(sources[at[1]].table.path, at[2], column, wrong, at[4])

    for row in rows:
        if "wrong" in row[3]:
            return problem(row, row[3]["wrong"][1], row[3]["wrong"][0])
    heads = [row for row in rows if "orders" in row[3]]
    if not heads:
        path = sources[0].name or sources[0].table.path.name
        return problem(
            rows[0],
            _("%(order)s: %(file)s has no such order; its lines are left out.") % {"order": key, "file": path},
            "order_id",
        )
    found = dict(heads[0][3]["orders"])
    try:
        lines = [inside["line"] for row in rows if (inside := row[3].get("lines", {})) and "line" in inside]
        return _checked(_envelope(key, found, lines, options))
    except Wrong as wrong:
        column = sources[0].columns.told(wrong.field)
        return problem(heads[0], _said(wrong, column), column)


def _envelope(key: str, found: dict[str, Any], lines: Sequence[dict[str, Any]], options: Options) -> dict[str, Any]:
    found.setdefault("order_id", key)
    if lines:
        found["lines"] = [{"name": line.get("sku") or "?", **line} for line in lines]
    if "total" not in found:
        found["total"] = str(sum((_line_total(line) for line in found.get("lines") or ()), Decimal(0)))
    if options.currency:
        found.setdefault("currency", options.currency)
    if "status" in found:
        found |= _status(str(found["status"]), options)
    found.setdefault("status", str(OrderStatus.COMPLETED))
    refunded = Decimal(found.pop("refunded", None) or 0)
    if refunded and "refunds" not in found:
        found["refunds"] = [{"id": f"{key}-refunded", "amount": str(abs(refunded))}]
    updated = found.pop("updated_at", None) or found.get("placed_at")
    return {"kind": "order", "occurred_at": updated, "object": found}


def _line_total(line: Mapping[str, Any]) -> Decimal:
    if line.get("total") is not None:
        return Decimal(line["total"])
    return Decimal(line.get("price") or 0) * Decimal(line.get("quantity") or 1)


def _status(word: str, options: Options) -> dict[str, str]:
    plain = "".join(letter for letter in word.lower() if letter.isalpha())
    ours = options.statuses.get(word) or STATUSES.get(plain)
    if ours is None:
        what = _n("is %(word)r; say what it means (--status %(word)r=completed)")
        if options.manner.on_page:
            what = _n("is %(word)r; say what it means under “What do these statuses mean?”")
        raise Wrong("status", what, word=word[:40])
    return {"status": ours, "status_raw": word}


def _readable(row: Row) -> None:
    if row.problem:
        raise Wrong("row", _n("cannot be read: %(why)s"), why=row.problem)


def _checked(one: dict[str, Any]) -> dict[str, Any]:
    """The envelope, if the door would take it. Raises Wrong."""
    whole: dict[str, Any] = json.loads(json.dumps(one, default=str), parse_float=Decimal)
    envelope.read_one(whole, datetime.now(UTC))
    return whole


def _problem(source: Source, row: Row, wrong: Wrong) -> Problem:
    column = source.columns.told(wrong.field)
    return Problem(source.table.path, row.line, column, _said(wrong, column), row.values)


def _said(wrong: Wrong, column: str) -> str:
    return wrong.said(_("The row") if column == "row" else column)
