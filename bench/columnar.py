"""The rows of a benchmark in DuckDB's columns, for the same question asked of a columnar scan. Needs the package of
requirements-bench.txt; without it ``Columns.there`` is false."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

try:
    import duckdb
except ImportError:
    duckdb = None  # type: ignore[assignment, unused-ignore]

_TABLES = {
    "orders": "contact_id bigint, order_id bigint, status text, currency text, total decimal(18,4),"
    " refunded decimal(18,4), placed_at timestamp, deleted_at timestamp",
    "order_line": "contact_id bigint, order_id bigint, store_id bigint, product_id text, sku text",
    "refund": "contact_id bigint, order_id bigint",
    "cart": "contact_id bigint, cart_id bigint, state text, total decimal(18,4), currency text",
    "cart_line": "contact_id bigint, cart_id bigint, sku text",
    "consent_event": 'contact_id bigint, channel text, purpose text, "at" timestamp, status text, source text',
    "contact_property": "contact_id bigint, lifecyclestage text, current_abandoned_cart text, monetary_rating text,"
    " order_frequency_rating text, order_recency_rating text, newsletter_subscription text,"
    " total_number_of_orders bigint, total_value_of_orders decimal(18,4), last_order_date timestamp,"
    " first_order_date timestamp, average_days_between_orders double, abandoned_cart_date timestamp",
}


class Columns:
    """A copy of the tables at ``at``, in a folder that goes with :meth:`close`."""

    def __init__(self, conn: psycopg.Connection[Any], at: datetime) -> None:
        self.there = duckdb is not None
        if not self.there:
            return
        self._at = f"timestamp '{at:%Y-%m-%d %H:%M:%S}'"
        self._folder = tempfile.TemporaryDirectory(prefix="cartfolk-columns-")
        self._db = duckdb.connect(str(Path(self._folder.name) / "columns.db"))
        for table, columns in _TABLES.items():
            self._copy(conn, table, columns)
        self._db.execute("create table product (store_id bigint, external_id text, categories text[], brand text)")
        rows = conn.execute("select store_id, external_id, categories, brand from product").fetchall()
        self._db.executemany("insert into product values (?, ?, ?, ?)", rows)

    def _copy(self, conn: psycopg.Connection[Any], table: str, columns: str) -> None:
        names = [column.split()[0] for column in columns.split(", ")]
        times = {column.split()[0] for column in columns.split(", ") if column.endswith(" timestamp")}
        told = ", ".join(f"{name} at time zone 'UTC'" if name in times else name for name in names)
        file = Path(self._folder.name) / f"{table}.csv"
        statement = f"copy (select {told} from {table}) to stdout (format csv)"
        with file.open("wb") as out, conn.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[arg-type]
            for block in copy:
                out.write(block)
        self._db.execute(f"create table {table} ({columns})")
        self._db.execute(f"copy {table} from '{file}' (format csv, header false)")
        file.unlink()

    def count(self, question: str) -> int:
        asked = question.replace("%(at)s", self._at).replace("timestamptz '", "timestamp '").replace("+00'", "'")
        found = self._db.execute(f"select count(*) from ({asked}) found").fetchone()
        return int(found[0])  # type: ignore[index]

    def close(self) -> None:
        if self.there:
            self._db.close()
            self._folder.cleanup()
