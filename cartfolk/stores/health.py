"""How a store is: connected, paused or stopped, and what the owner should know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from cartfolk.connectors.base import Connector, WebhookHealth
from cartfolk.connectors.errors import ConnectorError, ShopChanged
from cartfolk.core.sql import Connection
from cartfolk.core.time import iso

from .lookup import Q, by_id
from .models import Store


@dataclass(frozen=True, slots=True)
class Health:
    """``silent_seconds`` is how long the shop has not answered us; None = it never did."""

    state: str
    reason: str
    last_ok_at: datetime | None
    silent_seconds: float | None
    webhooks_ok: bool | None  # None = never looked
    webhooks_message: str


def of(store: Store, at: datetime) -> Health:
    """The store's health at ``at``, from what is stored."""
    return Health(
        state=store.state,
        reason=store.state_reason,
        last_ok_at=store.last_ok_at,
        silent_seconds=(at - store.last_ok_at).total_seconds() if store.last_ok_at else None,
        webhooks_ok=store.webhook_health.get("ok"),
        webhooks_message=store.webhook_health.get("message", ""),
    )


def ok(conn: Connection, store_id: int, at: datetime) -> None:
    """The shop answered at ``at``."""
    conn.execute(Q["mark_ok"], {"id": store_id, "at": at})


def stop(conn: Connection, store_id: int, reason: str) -> None:
    """Nobody can go on until the owner acts; ``reason`` is the sentence the owner reads."""
    conn.execute(Q["set_state"], {"id": store_id, "state": "stopped", "reason": reason})


def pause(conn: Connection, store_id: int, reason: str = "") -> None:
    """We leave the shop alone; what it sends is still stored and handled once resumed."""
    conn.execute(Q["set_state"], {"id": store_id, "state": "paused", "reason": reason})


def resume(conn: Connection, store_id: int) -> None:
    """Back to work after a pause, or after the owner mended what had stopped the store."""
    conn.execute(Q["set_state"], {"id": store_id, "state": "connected", "reason": ""})


def webhooks(conn: Connection, store_id: int, found: WebhookHealth, at: datetime) -> None:
    """Keeps what the last look at the shop's webhooks found."""
    health = asdict(found) | {"checked_at": iso(at)}
    learned = Jsonb(dict(health.pop("learned")))
    conn.execute(Q["set_webhook_health"], {"id": store_id, "health": Jsonb(health), "learned": learned})


def compared(conn: Connection, store_id: int, streams: Mapping[str, Mapping[str, Any]], at: datetime) -> None:
    """Keeps what a comparison with the shop found, stream by stream, for the store's page."""
    conn.execute(Q["set_compared"], {"id": store_id, "found": Jsonb({"at": iso(at), "streams": streams})})


def guard(conn: Connection, store: Store, fingerprint: str) -> bool:
    """The clone guard: False, and the store is stopped, when another shop answers at its address.

    A copied or moved shop (staging, a restored backup) has the same keys; syncing with it would mix two
    shops' numbers. An unknown fingerprint on either side proves nothing and passes.
    """
    try:
        compare(store, fingerprint)
    except ShopChanged as changed:
        stop(conn, store.pk, str(changed))
        return False
    return True


async def recognise(store: Store, connector: Connector) -> None:
    """The clone guard before a sync: asks the shop who it is. Raises ShopChanged, which stops the store with
    its sentence, and whatever the connector raises when the shop does not answer."""
    if store.fingerprint:
        compare(store, await connector.fingerprint())


def compare(store: Store, fingerprint: str) -> None:
    """The clone guard itself: an unknown fingerprint on either side passes. Raises ShopChanged."""
    if store.fingerprint and fingerprint and store.fingerprint != fingerprint:
        raise ShopChanged(
            f"Another shop answers at {store.url}: it says it is {fingerprint}, but {store.fingerprint} was connected. "
            "If the shop has moved, connect the new address; if this is a copy, restore the right address."
        )


async def disconnect(conn: Connection, store_id: int, connector: Connector | None, delivery_url: str) -> str:
    """Takes our webhooks out of the shop and forgets the store; what it gave stays with the contacts.

    ``connector`` None leaves the shop alone (it is gone already). Returns a sentence for the owner when the
    webhooks could not be removed, else an empty text.
    """
    left = ""
    if connector is not None:
        try:
            await connector.remove_webhooks(delivery_url)
        except ConnectorError as error:
            left = f"The shop keeps its webhooks to {delivery_url}; delete them there. ({error})"
    store = by_id(conn, store_id)
    conn.execute(Q["delete_store"], {"id": store.pk})
    return left
