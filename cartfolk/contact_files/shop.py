"""Customers and orders of a shop from uploaded files: the way of ``cartfolk import``, a chunk at a time.

They become ordinary deliveries, so a run that was killed begins anew and changes nothing twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils import translation

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.inbox import deliveries
from cartfolk.inbox.files import cells, columns, errors, ledger, load
from cartfolk.inbox.files.ledger import Step
from cartfolk.stores import lookup
from cartfolk.stores.models import Store

from . import upload

Q = Statements.beside(__file__)
BATCH = 200  # records of one delivery
SHOWN = 20  # records of each outcome a check shows
_HEAD = ("file", "line", "column", "problem", "row")
KINDS: Mapping[str, tuple[columns.Kind, ...]] = {"customers": ("customers",), "orders": ("orders", "lines")}


def kinds(kind: str, place: int, files: int) -> tuple[columns.Kind, ...]:
    """What the rows of one of the files hold: orders and lines together, or a file each."""
    if kind == "orders" and files > 1:
        return ("orders",) if place == 0 else ("lines",)
    return KINDS[kind]


class ShopFiles:
    """Works on one import of a shop's records; ``step`` is one delivery. ``sorter`` is autocommit and of its own.

    Raises FileUnreadable, columns.MappingWrong, ledger.UnknownImport, lookup.UnknownStore.
    """

    def __init__(self, conn: Connection, sorter: Connection, import_id: int) -> None:
        one = ledger.get(conn, import_id)
        if one.rows:
            ledger.start(conn, import_id, one.state, before=[one.state])
        self._conn, self._number, self._state = conn, import_id, one.state
        self._settings = one.settings
        self._store = lookup.by_id(conn, one.settings["store_id"])
        self._preview: dict[str, Any] = {}
        self._wrong_bytes = self._bytes = 0
        self._records = self._read(sorter, one)
        self._path = upload.errors(one)
        self._names = {upload.table(entry).path: entry["name"] for entry in one.files}

    def step(self) -> bool:
        """One delivery; False when there is nothing more to do."""
        began = time.monotonic()
        with translation.override(self._settings.get("language", "en")):
            good: list[dict[str, Any]] = []
            bad: list[load.Problem] = []
            for found in self._records:
                (bad if isinstance(found, load.Problem) else good).append(found)  # type: ignore[arg-type]
                if len(good) + len(bad) == BATCH:
                    break
            if not good and not bad:
                ledger.finish(self._conn, self._number, "checked" if self._state == "checking" else "done")
                return False
            step = Step(rows=len(good) + len(bad), bytes=self._bytes, wrong=len(bad))
            with self._conn.transaction():
                if ledger.hold(self._conn, self._number) != self._state:
                    return False
                known = known_before(self._conn, self._store.pk, good)
                step.changed, step.created = known, len(good) - known
                if self._state == "checking":
                    self._show(good, bad)
                else:
                    deliver(self._conn, self._store.pk, good)
                step.wrong_bytes = self._wrong_bytes = self._put_aside(bad)
                step.preview, step.seconds = self._preview, time.monotonic() - began
                ledger.advance(self._conn, self._number, step)
            return True

    def _read(self, sorter: Connection, one: ledger.Import) -> Iterator[dict[str, Any] | load.Problem]:
        sources = [
            load.Source(table, kinds(one.kind, place, len(one.files)), found, one.files[place]["name"])
            for place, (table, found) in enumerate(matched(one.kind, one.files, one.settings.get("columns", {})))
        ]
        options = options_of(self._store, one)
        if one.kind == "customers":
            yield from load.customers(sources[0], options, self._moved)
            return
        with sorter.transaction():
            yield from load.orders(sorter, sources, options, self._moved)

    def _moved(self, by: int) -> None:
        self._bytes += by

    def _show(self, good: list[dict[str, Any]], bad: list[load.Problem]) -> None:
        shown = self._preview.setdefault("records", [])
        for one in good[: SHOWN - len(shown)]:
            inside = one["object"]
            name = str(inside.get("number") or inside.get(f"{one['kind']}_id", ""))
            total = f"{inside['total']} {inside.get('currency', '')}" if "total" in inside else ""
            shown.append({"name": name[:100], "email": str(inside.get("email", ""))[:200], "total": total,
                          "at": str(inside.get("placed_at") or "")[:25]})  # fmt: skip
        wrong = self._preview.setdefault("wrong", [])
        for problem in bad[: SHOWN - len(wrong)]:
            wrong.append({"line": problem.line, "reason": problem.text, "who": self._names[problem.path]})

    def _put_aside(self, bad: list[load.Problem]) -> int:
        rows = [
            [self._names[p.path], p.line, p.column, p.text, json.dumps(p.row, default=str, ensure_ascii=False)]
            for p in bad
        ]
        return errors.append(self._path, self._wrong_bytes, _HEAD, rows)


def options_of(store: Store, one: ledger.Import) -> load.Options:
    chosen = one.settings
    semicolons = any(entry["separator"] == ";" for entry in one.files)
    manner = cells.Manner(
        chosen.get("decimal") or ("," if semicolons else "."), store.timezone, chosen.get("dates") or "", on_page=True
    )
    return load.Options(manner, store.home_currency, chosen.get("statuses", {}))


def matched(kind: str, files: list[dict[str, Any]], said: Mapping[str, str]) -> Iterator[tuple[Any, columns.Columns]]:
    """Each file with its columns matched; ``said``: column -> field, or "" to leave it out. Raises MappingWrong."""
    for place, entry in enumerate(files):
        table = upload.table(entry)
        of = kinds(kind, place, len(files))
        known = {field for k in of for field in columns.FIELDS[k]} | {"lines", ""}
        mine = {c: f for c, f in said.items() if c in table.columns and f in known}
        yield table, columns.match(of, table.columns, mine)


def deliver(conn: Connection, store_id: int, records: list[dict[str, Any]]) -> None:
    """Hands envelopes to the pipeline."""
    if records:
        body = json.dumps(records, default=str, ensure_ascii=False).encode()
        deliveries.store(conn, store_id, "ingest", "ingest", body, now(), lane=deliveries.BULK)
        deliveries.ring(conn)


def known_before(conn: Connection, store_id: int, records: list[dict[str, Any]]) -> int:
    """How many of these records the store has already: they are brought up to date, not added."""
    ids: dict[str, list[str]] = {"customer": [], "order": []}
    for one in records:
        ids[one["kind"]].append(str(one["object"][f"{one['kind']}_id"]))
    total = 0
    for kind, externals in ids.items():
        wanted = {"store": store_id, "kind": kind, "externals": externals}
        (count,) = conn.execute(Q["known_objects"], wanted).fetchone() or (0,)
        total += count
    return total
