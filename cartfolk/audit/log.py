"""The audit log: who did what to what, and when. Append only, without anything personal about contacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now

Q = Statements.beside(__file__)
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Event:
    """One act. ``actor`` is ``user:<id>``, ``token:<id>`` or ``system``; ``action`` reads noun.verb."""

    event_id: int
    at: datetime
    actor: str
    action: str
    target: str
    detail: dict[str, Any]


def note(conn: Connection, actor: str, action: str, target: str = "", **detail: Any) -> None:
    """Writes one act, in the caller's transaction, so that it is told exactly when it happened.

    Name contacts by their number; a value of theirs (e-mail, name) would outlive its erasure here.
    """
    parameters = {"at": now(), "actor": actor, "action": action, "target": target, "detail": Jsonb(detail)}
    conn.execute(Q["note"], parameters)


def recent(
    conn: Connection, before: int | None = None, action: str | None = None, limit: int = 100, actor: str | None = None
) -> list[Event]:
    """The newest acts first: older than event ``before``, actions that begin with ``action``, acts of ``actor``."""
    rows = conn.execute(Q["recent"], {"before": before, "action": action, "actor": actor, "limit": limit})
    return [Event(*row) for row in rows]


def actors(conn: Connection) -> list[str]:
    """Everybody who did something."""
    return [row[0] for row in conn.execute(Q["actors"])]


def kinds(conn: Connection) -> list[str]:
    """The nouns of what was done: contact, segment ..."""
    return [row[0] for row in conn.execute(Q["kinds"])]


def older(conn: Connection, before: datetime) -> int:
    """How many acts are older than ``before``."""
    row = conn.execute(Q["older"], {"before": before}).fetchone()
    return int(row[0]) if row else 0


def forget(conn: Connection, before: datetime) -> int:
    """Forgets acts older than ``before``; returns how many."""
    return conn.execute(Q["forget"], {"before": before}).rowcount
