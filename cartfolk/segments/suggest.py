"""Values to choose from while a condition is written: what the shops really have."""

from __future__ import annotations

from dataclasses import dataclass

from cartfolk.core.sql import Connection, Statements

Q = Statements.beside(__file__, "suggest.sql")
KINDS = frozenset(Q)
"""The fields of events for which there are suggestions."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``value`` goes into the definition, ``label`` is what people know it by."""

    value: str
    label: str


def suggest(conn: Connection, kind: str, text: str = "", limit: int = 10) -> list[Suggestion]:
    """Up to ``limit`` values of a field (one of KINDS; none for any other) that hold ``text``, whatever its case."""
    if kind not in KINDS:
        return []
    rows = conn.execute(Q[kind], {"text": text.strip(), "limit": limit}).fetchall()
    return [Suggestion(value, label) for value, label in rows]
