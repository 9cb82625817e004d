"""What commerce needs to know of a store, written when a store is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from cartfolk.connectors.canonical import OrderStatus
from cartfolk.core.sql import Connection, Statements

from . import rates

Q = Statements.beside(__file__, "rules.sql")


class RuleInvalid(ValueError):
    """A rule that cannot be: the message names the field and the way out."""


@dataclass(frozen=True, slots=True)
class Rule:
    store_id: int
    home_currency: str
    live_from: datetime  # events before it are historic
    idle: timedelta  # after which a cart is abandoned
    expires: timedelta  # after which an abandoned cart is expired
    counted: list[str]  # statuses of ours that count
    statuses: dict[str, str]  # the owner's own map: the shop's word -> ours
    label: str  # the platform's name
    name: str
    url: str


def read(conn: Connection, store_id: int) -> Rule | None:
    row = conn.execute(Q["rules"], {"store": store_id}).fetchone()
    return Rule(*row) if row else None


def read_all(conn: Connection) -> list[Rule]:
    return [Rule(*row) for row in conn.execute(Q["rules"], {"store": None})]


def save(
    conn: Connection,
    store_id: int,
    *,
    home_currency: str,
    live_from: datetime,
    label: str,
    name: str,
    url: str = "",
    idle: timedelta | None = None,
    expires: timedelta | None = None,
    counted: Sequence[str] | None = None,
    statuses: Mapping[str, str] | None = None,
) -> None:
    """Writes the store's rule; what is None keeps its value (60 minutes, 30 days, completed and refunded).

    Orders already stored follow a changed ``statuses`` (the shop's word -> ours). A word taken out of it
    keeps the status it had until the shop tells of the order again. When a rule changes that anything is
    derived from, everybody with a fact from the store goes into the dirty queue. Raises RuleInvalid.
    """
    known = {str(status) for status in OrderStatus}
    for word, status in {**(statuses or {})}.items():
        if status not in known:
            raise RuleInvalid(f"statuses: {word!r} is mapped to {status!r}; choose one of {sorted(known)}.")
    if wrong := set(counted or ()) - known:
        raise RuleInvalid(f"counted: {sorted(wrong)} is unknown; choose from {sorted(known)}.")
    for field, value in (("idle", idle), ("expires", expires)):
        if value is not None and value <= timedelta(0):
            raise RuleInvalid(f"{field}: must be longer than nothing.")
    before = read(conn, store_id)
    mapping = {word: str(status) for word, status in (statuses or {}).items()}
    conn.execute(
        Q["save_rule"],
        {
            "store": store_id, "home_currency": home_currency, "live_from": live_from, "idle": idle,
            "expires": expires, "counted": None if counted is None else list(counted),
            "statuses": Jsonb(mapping), "label": label, "name": name, "url": url,
        },
    )  # fmt: skip
    after = read(conn, store_id)
    if before is None or before == after:
        return
    if before.statuses != mapping:
        for statement in ("map_statuses", "map_event_statuses"):
            conn.execute(Q[statement], {"store": store_id, "statuses": Jsonb(mapping)})
    if before.home_currency != home_currency:
        with rates.changing(conn, store_id):
            pass  # the owner's rates led to the former home currency; the orders let go of them
    conn.execute(Q["mark_store"], {"store": store_id})
