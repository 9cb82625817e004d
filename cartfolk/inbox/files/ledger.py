"""The book of imports: which files, what was chosen, how far each is, and what it did to each contact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from cartfolk.core.sql import Connection, Statements

Q = Statements.beside(__file__, "ledger.sql")
Kind = Literal["contacts", "customers", "orders"]
BUSY = ("checking", "running", "undoing")


class UnknownImport(LookupError):
    """There is no import of that number; ``cartfolk contacts imports`` lists them."""


@dataclass(frozen=True, slots=True)
class Import:
    """One row of the book. ``began_at`` is set once the run itself began; ``seconds`` were worked on this step."""

    import_id: int
    kind: Kind
    state: str
    made_by: str
    made_at: datetime
    files: list[dict[str, Any]]
    settings: dict[str, Any]
    began_at: datetime | None
    finished_at: datetime | None
    seconds: float
    rows: int
    bytes: int
    created: int
    changed: int
    unchanged: int
    wrong: int
    wrong_bytes: int
    preview: dict[str, Any]
    undo_at: int
    undone: dict[str, Any]
    note: str

    @property
    def name(self) -> str:
        """The files' names; of a forgotten file the one kept in the settings."""
        return ", ".join(one["name"] for one in self.files) or str(self.settings.get("name", ""))

    @property
    def size(self) -> int:
        return sum(one["size"] for one in self.files)

    @property
    def busy(self) -> bool:
        return self.state in BUSY

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        if not self.bytes or not self.seconds:
            return None
        return (self.size - self.bytes) * self.seconds / self.bytes

    @property
    def undoable(self) -> bool:
        return self.kind == "contacts" and self.began_at is not None and self.state in ("done", "failed", "cancelled")


@dataclass(slots=True)
class Step:
    """What one chunk did: numbers to add, and how far the reading is."""

    rows: int = 0
    bytes: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    wrong: int = 0
    wrong_bytes: int = 0
    seconds: float = 0.0
    preview: dict[str, Any] = field(default_factory=dict)


def add(conn: Connection, kind: Kind, by: str, files: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> int:
    """A new import; its number."""
    name = ", ".join(one["name"] for one in files)
    parameters = {"kind": kind, "by": by, "files": Jsonb(files), "settings": Jsonb({"name": name, **settings})}
    (number,) = conn.execute(Q["add"], parameters).fetchone() or (0,)
    return int(number)


def get(conn: Connection, import_id: int) -> Import:
    """Raises UnknownImport."""
    if found := some(conn, [import_id]):
        return found[import_id]
    raise UnknownImport(f"There is no import {import_id}; `cartfolk contacts imports` lists them.")


def recent(conn: Connection, limit: int = 100) -> list[Import]:
    return [Import(*row) for row in conn.execute(Q["recent"], {"limit": limit})]


def some(conn: Connection, numbers: Iterable[int]) -> dict[int, Import]:
    """Those of these imports that there are, by number."""
    found = [Import(*row) for row in conn.execute(Q["some"], {"ids": sorted(set(numbers))})]
    return {one.import_id: one for one in found}


def unfinished(conn: Connection) -> list[int]:
    return [row[0] for row in conn.execute(Q["unfinished"])]


def choose(conn: Connection, import_id: int, settings: Mapping[str, Any]) -> bool:
    """Keeps what people chose; False once the run has begun."""
    return conn.execute(Q["choose"], {"id": import_id, "settings": Jsonb(settings)}).rowcount > 0


def start(conn: Connection, import_id: int, state: str, *, before: Sequence[str]) -> bool:
    """Begins a check or the run from the first row, if the import is in one of the states ``before``."""
    return conn.execute(Q["start"], {"id": import_id, "state": state, "from": list(before)}).rowcount > 0


def go_on(conn: Connection, import_id: int, state: str, *, before: Sequence[str]) -> bool:
    return conn.execute(Q["go_on"], {"id": import_id, "state": state, "from": list(before)}).rowcount > 0


def hold(conn: Connection, import_id: int) -> str:
    """The state now, held until the transaction ends."""
    (state,) = conn.execute(Q["hold"], {"id": import_id}).fetchone() or ("",)
    return str(state)


def advance(conn: Connection, import_id: int, step: Step) -> None:
    """Adds a chunk's numbers, in the transaction that did the work."""
    parameters = {name: getattr(step, name) for name in Step.__slots__}
    conn.execute(Q["advance"], parameters | {"id": import_id, "preview": Jsonb(step.preview)})


def finish(conn: Connection, import_id: int, state: str, note: str = "") -> None:
    """Ends what is going on: ``checked``, ``done``, ``undone``, ``cancelled`` or ``failed`` with the reason."""
    conn.execute(Q["finish"], {"id": import_id, "state": state, "note": note, "from": [*BUSY, "new", "checked"]})


def note_rows(
    conn: Connection, import_id: int, rows: Mapping[int, tuple[bool, Mapping[str, Any], Mapping[str, Any]]]
) -> None:
    """``rows``: contact -> made by this import, values before, values after (JSON values)."""
    if rows:
        told = [
            {"contact_id": contact, "made": made, "before": before, "after": after}
            for contact, (made, before, after) in sorted(rows.items())
        ]
        conn.execute(Q["note_rows"], {"id": import_id, "rows": Jsonb(told)})


def in_book(conn: Connection, import_id: int, contacts: Iterable[int]) -> set[int]:
    """Of these contacts those the import has noted already."""
    return {row[0] for row in conn.execute(Q["in_book"], {"id": import_id, "contacts": sorted(contacts)})}


def move(conn: Connection, merges: Mapping[int, int]) -> None:
    """After a merge (gone -> kept)."""
    conn.execute(Q["move_rows"], {"gone": list(merges), "kept": list(merges.values())})
