"""May we write to this person? The consent ledger read as a present state.

Per contact, channel and purpose the latest entry by time decides, in whatever shop it was made; at the same
time a withdrawal wins. A withdrawal is sticky: a later grant counts only with evidence of its own, that is
if its source is not ``import`` or ``sync`` (those repeat what a shop believes; a form, a checkout or a
registration is the person's own act). No entry means unknown, and unknown means no. A question that waits for
its answer (pending, double opt-in) means no as well.

People write here through :func:`act` only: a grant by a user needs the evidence in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.identity.resolve import hold

from . import derive

Q = Statements.beside(__file__, "ledger.sql")
CHANNELS = ("email", "sms", "phone", "post")
PURPOSES = ("marketing", "newsletter", "transactional")
BASES = (
    "consent",
    "existing_customer",
    "legitimate_interest",
    "contract",
)  # legal bases: GDPR article 6 1 a, advertising to customers, 6 1 f, 6 1 b
Status = Literal["granted", "withdrawn", "pending"]
HAND = "user"  # the source of what a user enters


class NobodyThere(LookupError):
    """The contact was erased meanwhile: there is nobody to write down."""


class NoEvidence(ValueError):
    """A user grants consent in somebody's name without saying how it was given: say when, where and to which words."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    at: datetime
    channel: str
    purpose: str
    status: str
    source: str
    store_id: int
    wording: str
    evidence: dict[str, Any]
    email: str


@dataclass(frozen=True, slots=True)
class State:
    contact_id: int
    channel: str
    purpose: str
    status: str  # granted | withdrawn | pending
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


def act(
    conn: Connection,
    contact_id: int,
    channel: str,
    purpose: str,
    status: Status,
    source: str,
    *,
    evidence: Mapping[str, Any],
    by: str = "",
    wording: str = "",
    at: datetime | None = None,
) -> int:
    """Writes one act of the person, or of a user in their name, into the ledger, in the caller's transaction; returns
    whose it is, of a merged contact the one that was kept, held until the transaction ends.

    ``evidence``: what proves it (text, ip, legal_basis ...); ``by``: user:3. ``source`` is never import or sync. The
    contact waits in the live queue for what follows. Raises NoEvidence, NobodyThere.
    """
    if source == HAND and status == "granted" and not str(evidence.get("text", "")).strip():
        raise NoEvidence("A grant needs its evidence: say when, where and to which words the person agreed.")
    contact = hold(conn, [contact_id]).get(contact_id)
    if contact is None:
        raise NobodyThere(f"Contact {contact_id} is gone.")
    told = {key: value for key, value in {**evidence, "by": by}.items() if value}
    conn.execute(
        Q["act"],
        {
            "contact": contact, "channel": channel, "purpose": purpose, "status": status, "source": source,
            "wording": wording or None, "evidence": Jsonb(told), "at": at or now(),
        },
    )  # fmt: skip
    derive.dirty(conn, [contact], 0)
    return contact


def ledger(conn: Connection, contact_id: int, limit: int = 200) -> list[Entry]:
    """Every entry of a contact, newest first."""
    return [Entry(*row) for row in conn.execute(Q["ledger"], {"contact": contact_id, "limit": limit})]
