"""May we write to this person? The consent ledger read as a present state.

Per contact, channel and purpose the latest entry by time decides, in whatever shop it was made; at the same
time a withdrawal wins. A withdrawal is sticky: a later grant counts only with evidence of its own, that is
if its source is not ``import`` or ``sync`` (those repeat what a shop believes; a form, a checkout or a
registration is the person's own act). No entry means unknown, and unknown means no.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cartfolk.core.sql import Connection, Statements

Q = Statements.beside(__file__)


@dataclass(frozen=True, slots=True)
class State:
    contact_id: int
    channel: str
    purpose: str
    status: str  # granted | withdrawn
    at: datetime
    source: str
    store_id: int
    wording: str | None


def states(conn: Connection, contacts: Sequence[int]) -> list[State]:
    """The present state of every channel and purpose that is known of ``contacts``."""
    return [State(*row) for row in conn.execute(Q["consents_now"], {"contacts": list(contacts)})]


def granted(conn: Connection, contact_id: int, channel: str = "email", purpose: str = "marketing") -> bool:
    """Whether the person agreed; unknown is no."""
    return any(
        state.status == "granted"
        for state in states(conn, [contact_id])
        if state.channel == channel and state.purpose == purpose
    )
