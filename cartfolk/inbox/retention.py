"""How long raw material is kept, and what shops pass on from their customers' rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from cartfolk.audit import log
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now

Q = Statements.beside(__file__, "retention.sql")
NAMES = ("deliveries", "quarantine", "anonymous_carts", "audit")
LEAST, MOST = 1, 3650  # days
WAITING = 90  # days: a season to correct a record in the shop, or to say whose messages they are


class BadDays(ValueError):
    """``name`` is kept from 1 to 3650 days: say a whole number."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: say a whole number of days from {LEAST} to {MOST}.")
        self.name = name


@dataclass(frozen=True, slots=True)
class Request:
    """``kind`` is access or erase; ``customer_ids`` are the shop's."""

    request_id: int
    store_id: int
    kind: str
    customer_ids: list[str]
    at: datetime
    done_at: datetime | None
    outcome: str


def days(conn: Connection) -> dict[str, int]:
    """What is kept how many days. ``deliveries``: raw material once handled, quarantine once resolved. ``quarantine``:
    what waits there, since it was last tried, or for the owner's word on a stranger. Carts nobody was named for, after
    their last moment; the audit log."""
    defaults = {
        "deliveries": settings.RAW_DAYS,
        "quarantine": WAITING,
        "anonymous_carts": settings.ANONYMOUS_DAYS,
        "audit": MOST,
    }
    return defaults | dict(conn.execute(Q["chosen"]).fetchall())


def before(conn: Connection, name: str) -> datetime:
    """What is older than this is forgotten."""
    return now() - timedelta(days=days(conn)[name])


def choose(conn: Connection, chosen: Mapping[str, int]) -> None:
    """Raises BadDays."""
    for name, number in chosen.items():
        if name not in NAMES or not LEAST <= number <= MOST:
            raise BadDays(name)
    conn.execute(Q["choose"], {"names": list(chosen), "days": list(chosen.values())})


def would_forget(conn: Connection, chosen: Mapping[str, int]) -> dict[str, int]:
    """How many deliveries, waiting records and messages, and audit events the next night would forget."""
    at = now()
    found: dict[str, int] = {}
    for name, statement in (("deliveries", "old_deliveries"), ("quarantine", "old_quarantine")):
        row = conn.execute(Q[statement], {"before": at - timedelta(days=chosen[name])}).fetchone()
        found[name] = int(row[0]) if row else 0
    found["audit"] = log.older(conn, at - timedelta(days=chosen["audit"]))
    return found


def clean(conn: Connection) -> None:
    """Forgets quarantine, held messages and audit events that are old enough. What was forgotten unread is told in the
    audit log, by number."""
    conn.execute(Q["forget_resolved"], {"before": before(conn, "deliveries")})
    with conn.transaction():
        waiting = conn.execute(Q["forget_waiting"], {"before": before(conn, "quarantine")}).fetchall()
        for store, name, records, messages in waiting:
            log.note(conn, log.SYSTEM, "store.waiting_forgotten", f"store:{name or store}", records=int(records),
                     messages=int(messages))  # fmt: skip
    log.forget(conn, before(conn, "audit"))


def ask(conn: Connection, store_id: int, kind: str, customer_ids: Sequence[str], at: datetime) -> None:
    """A shop passes on that these customers want to know what is held (access) or be erased (erase)."""
    conn.execute(Q["add_request"], {"store": store_id, "kind": kind, "ids": sorted(customer_ids), "at": at})


def requests(conn: Connection, *, only_open: bool = False, limit: int = 100) -> list[Request]:
    """Newest first."""
    return [Request(*row) for row in conn.execute(Q["requests"], {"open": only_open, "limit": limit})]


def close(conn: Connection, request_id: int, outcome: str) -> None:
    conn.execute(Q["close_request"], {"id": request_id, "outcome": outcome, "at": now()})
