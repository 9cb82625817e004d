"""Everything commerce derives for touched contacts, and the queues that say whom to touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from cartfolk.core.sql import Connection, Statements

from . import carts, conversions

Q = Statements.beside(__file__, "derive.sql")


def refresh(conn: Connection, contacts: Sequence[int], at: datetime) -> None:
    """Cart states and conversions of ``contacts`` as of ``at``. Afterwards the caller computes properties
    and calls :func:`set_due`. Inside a transaction a second refresh of the same contact waits."""
    if not contacts:
        return
    conn.execute(Q["hold_refresh"], {"contacts": list(contacts)})
    carts.refresh(conn, contacts, at)
    conversions.refresh(conn, contacts, at)


def dirty(conn: Connection, contacts: Sequence[int], lane: int) -> None:
    """Puts contacts into the queue of ``lane`` (0 live, 1 bulk)."""
    if contacts:
        conn.execute(Q["mark_dirty"], {"contacts": sorted(set(contacts)), "lane": lane})


def dirty_everybody(conn: Connection, lane: int) -> int:
    """Puts every contact into the queue of ``lane``; returns how many there are."""
    return conn.execute(Q["mark_everybody"], {"lane": lane}).rowcount


def leave_queue(conn: Connection, contacts: Sequence[int]) -> None:
    """Takes contacts that are gone out of the queue, which is never waited for."""
    conn.execute(Q["leave_queue"], {"contacts": list(contacts)})


def take_dirty(conn: Connection, lane: int, limit: int) -> list[int]:
    """Takes up to ``limit`` entries out of the queue: the contacts, each once. They come back if the
    transaction rolls back."""
    return sorted({row[0] for row in conn.execute(Q["take_dirty"], {"lane": lane, "limit": limit})})


def due(conn: Connection, at: datetime, limit: int) -> list[int]:
    """Contacts for whom something changes by the clock at ``at`` or before, longest due first. Those
    another transaction is handling are left to it."""
    return [row[0] for row in conn.execute(Q["due"], {"at": at, "limit": limit})]


def set_due(conn: Connection, contacts: Sequence[int], extra: Mapping[int, datetime | None] | None = None) -> None:
    """When the clock next changes something for ``contacts``: the earliest of their carts' times and
    ``extra`` (contact to time, from properties). A contact with neither leaves the table."""
    if not contacts:
        return
    ids = sorted(set(contacts))
    keys = {"contacts": ids, "times": [extra.get(contact) if extra else None for contact in ids]}
    conn.execute(Q["clear_due"], keys)
    conn.execute(Q["set_due"], keys)
