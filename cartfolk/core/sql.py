"""Named SQL statements and COPY: how every room talks to PostgreSQL in sets.

A room keeps its statements in ``queries.sql`` beside its modules, or those of a module in a file of its name. Each
begins with ``-- :name`` and a sentence that says what it does; the text up to the next name is the statement::

    -- :name lock_contacts
    -- Holds the contacts against a merge while facts are written for them.
    select contact_id from contact where contact_id = any(%(contacts)s) for key share

Parameters are psycopg's (``%(name)s``); nothing is ever formatted into a statement.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString, TypeVar, cast

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]

LOST = (
    psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable, psycopg.errors.SerializationFailure,
)  # fmt: skip
"""Nothing is wrong with what was asked: it may be asked again."""
T = TypeVar("T")
_NAME = re.compile(r"^-- :name (\w+)\s*$", re.MULTILINE)


class UnknownStatement(KeyError):
    """The room's queries.sql has no statement of that name: a typing error in our own code."""


class Statements(Mapping[str, LiteralString]):
    """The statements of one ``queries.sql``, by name."""

    def __init__(self, path: Path) -> None:
        parts = _NAME.split(path.read_text(encoding="utf-8"))
        self._path = path
        # SQL files are part of the program, never user input: that is what LiteralString stands for.
        self._texts = {
            name: cast(LiteralString, text.strip().rstrip(";"))
            for name, text in zip(parts[1::2], parts[2::2], strict=True)
        }

    @classmethod
    def beside(cls, module_file: str, name: str = "queries.sql") -> Statements:
        """The statements in ``name`` in the folder of ``module_file`` (pass ``__file__``)."""
        return cls(Path(module_file).with_name(name))

    def __getitem__(self, name: str) -> LiteralString:
        try:
            return self._texts[name]
        except KeyError:
            raise UnknownStatement(f"{self._path} has no statement named {name}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def again(work: Callable[[], T], times: int = 5) -> T:
    """``work``, a whole transaction, once more when PostgreSQL ended it in favour of another it was waiting for. Raises
    what ``work`` raises the last time."""
    for attempt in range(1, times):
        try:
            return work()
        except LOST:
            time.sleep(0.02 * attempt)
    return work()


def copy_rows(conn: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Writes ``rows`` into ``table`` by COPY and returns how many there were."""
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def array(values: Iterable[int | datetime]) -> str:
    """The text of a PostgreSQL array of numbers or moments, for a parameter that the statement casts: a list of
    thousands costs psycopg, which must look at every element for quotes, five times as much."""
    return f"{{{','.join(map(str, values))}}}"
