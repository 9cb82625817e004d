"""Webhooks: verified on the raw bytes, stored, answered; later followed as what they are, hints.

A hint says which objects changed. They are fetched again by id, so that late, reordered and forged-looking
contents cannot matter; what the shop no longer has is gone. Hints of the same object that wait together
cost one fetch. A hint is done in the transaction that stores what was fetched.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cartfolk.connectors.base import STREAMS, Connector, Page, kind
from cartfolk.connectors.canonical import BadRecord, Cart, Consent, Deleted
from cartfolk.connectors.errors import ConnectorError, PageUnreadable, RetryLater, StopStore
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.stores import handshake, health
from cartfolk.stores.models import Store

from . import deliveries, quarantine, retention, strangers
from .deliveries import Q

log = logging.getLogger(__name__)
_SECRET_WORDS = ("signature", "hmac", "auth", "token", "key", "secret", "cookie", "forwarded", "real-ip")


@dataclass(frozen=True, slots=True)
class Accepted:
    """``stored``: will be followed; ``waiting``: the same hint waits already; ``app``: of our app in the shop, whose
    store changed; ``ignored``: nothing to do; ``held``: its sender is not the shop that was connected, its owner has to
    decide."""

    outcome: Literal["stored", "waiting", "app", "ignored", "held"]
    message: str = ""


def accept_webhook(
    conn: Connection,
    store: Store,
    connector: Connector,
    headers: Mapping[str, str],
    body: bytes,
    at: datetime,
) -> Accepted:
    """Verifies a request from the shop (header names in lower case) and stores it: one INSERT.

    ``connector`` needs no transport. Raises connectors.errors.SignatureInvalid, strangers.CopyRefused.
    """
    hint = connector.webhook(headers, body)
    if hint.app:
        if strangers.held_for(conn, store, [hint.site]):
            return Accepted("held")  # what becomes of a copy's app is no news of the shop's
        handshake.changed(conn, store.pk, hint.app, at)
        return Accepted("app")
    if hint.ignore or not hint.ids:
        return Accepted("ignored", hint.ignore or "It names no object.")
    if hint.privacy:  # its body names the person: only the shop's ids are kept
        retention.ask(conn, store.pk, hint.privacy, hint.ids, at)
        return Accepted("stored")
    held_for = strangers.held_for(conn, store, [hint.site])
    dedupe = hashlib.sha256(f"{hint.stream}/{hint.deleted}/".encode() + body).hexdigest()
    stored = deliveries.store(
        conn,
        store.pk,
        "webhook",
        hint.stream,
        body,
        at,
        headers=_kept(headers),
        dedupe=f"hint {dedupe}",
        hint={"ids": list(hint.ids), "deleted": hint.deleted},
        held_for=held_for,
    )
    if held_for:
        return Accepted("held")
    return Accepted("stored" if stored else "waiting")


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The sender's own headers that help to understand a delivery; never credentials or addresses of people."""
    return {
        name: value[:300]
        for name, value in headers.items()
        if name.startswith("x-") and not any(word in name for word in _SECRET_WORDS)
    }


@dataclass(slots=True)
class Group:
    """Hints of one store and stream that are followed together."""

    store_id: int
    stream: str
    delivery_ids: list[int]
    ids: dict[str, None]  # an ordered set


ConnectorOf = Callable[[int], Awaitable[Connector]]


async def follow_hints(
    conn: Connection, connector_of: ConnectorOf, *, limit: int = 1000, at: datetime | None = None
) -> int:
    """Follows waiting hints of all connected stores, each store beside the others; returns how many.

    ``connector_of`` gives the connector of a store id, transport included; it may raise ConnectorError. A
    shop that cannot be reached costs its own hints a growing wait and nothing else; one that needs its
    owner is stopped with the sentence. Must not be called inside a transaction.
    """
    by_store = take(conn, limit, at or now())
    await asyncio.gather(*(follow(conn, connector_of, mine) for mine in by_store.values()))
    return sum(len(group.delivery_ids) for mine in by_store.values() for group in mine)


def take(conn: Connection, limit: int, at: datetime, busy: Sequence[int] = ()) -> dict[int, list[Group]]:
    """Leases waiting hints and puts together, by store, those that one fetch can follow. Stores in ``busy``
    are left out: their hints gather until their fetch is back."""
    taken = conn.execute(Q["claim_hints"], {"limit": limit, "at": at, "busy": list(busy)}).fetchall()
    groups: dict[tuple[int, str], Group] = {}
    for delivery_id, store_id, stream, hint in sorted(taken, key=lambda row: int(row[0])):
        group = groups.setdefault((store_id, stream), Group(store_id, stream, [], {}))
        group.delivery_ids.append(delivery_id)
        group.ids.update(dict.fromkeys(map(str, hint["ids"])))
    by_store: dict[int, list[Group]] = defaultdict(list)
    for group in groups.values():
        by_store[group.store_id].append(group)
    return by_store


async def follow(conn: Connection, connector_of: ConnectorOf, groups: Sequence[Group]) -> None:
    """Follows the groups of one store, one stream after the other (people before what they bought)."""
    for group in sorted(groups, key=lambda group: (group.stream != "customers", group.stream)):
        try:
            await _fetch(conn, await connector_of(group.store_id), group)
        except StopStore as error:
            health.stop(conn, group.store_id, str(error))
            deliveries.postpone(conn, group.delivery_ids, str(error), now())
        except RetryLater as error:
            deliveries.postpone(conn, group.delivery_ids, str(error), now(), error.after or 0)
        except ConnectorError as error:
            deliveries.postpone(conn, group.delivery_ids, str(error), now())
        except Exception as error:
            if conn.closed:
                raise
            # A mistake of ours in one platform's mapping: its hints wait, the other shops go on.
            log.exception("Hints of store %s (%s) could not be followed", group.store_id, group.stream)
            deliveries.postpone(conn, group.delivery_ids, f"{type(error).__name__}: {error}", now())


async def _fetch(conn: Connection, connector: Connector, group: Group) -> None:
    ids = list(group.ids)
    found: list[tuple[Page, datetime]] = []
    gone: list[str] = []
    unreadable: list[tuple[str, str]] = []
    waiting = [ids[start : start + connector.page_size] for start in range(0, len(ids), connector.page_size)]
    while waiting:
        chunk = waiting.pop()
        asked_at = now()  # what we hold is at least as new as this
        try:
            page = await connector.fetch(group.stream, chunk)
        except PageUnreadable as error:
            if len(chunk) == 1:
                unreadable.append((chunk[0], str(error)))
            else:
                half = len(chunk) // 2
                waiting += [chunk[:half], chunk[half:]]
            continue
        found.append((page, asked_at))
        gone += missing(connector, group.stream, chunk, page, asked_at)
    at = now()
    with conn.transaction():
        for page, asked_at in found:
            if page.rows:
                deliveries.store(conn, group.store_id, "fetched", group.stream, page.body, asked_at)
        if gone:
            asked_at = min(when for _page, when in found)
            body = json.dumps(gone).encode()
            deliveries.store(conn, group.store_id, "deleted", group.stream, body, asked_at)
        quarantine.put(
            conn,
            [
                quarantine.Bad(
                    group.store_id,
                    group.stream,
                    BadRecord(
                        kind(group.stream), external_id, quarantine.WHOLE_PAGE, reason, json.dumps({"id": external_id})
                    ),
                    at,
                )
                for external_id, reason in unreadable
            ],
        )
        deliveries.handled(conn, group.delivery_ids, at)
        health.ok(conn, group.store_id, at)
        deliveries.ring(conn)


def missing(connector: Connector, stream: str, ids: Sequence[str], page: Page, received_at: datetime) -> list[str]:
    """Which of ``ids`` the page does not hold. A record that cannot be read is there all the same; one without
    a readable id leaves us unsure, and then nothing is called gone."""
    wanted = STREAMS[stream]
    if wanted in (Cart, Consent):
        return []  # a shop forgets carts in its own time, and consent is a ledger: neither is undone by that
    mapped = connector.read(stream, page.body, received_at)
    if any(bad.external_id is None for bad in mapped.bad):
        return []
    there = {bad.external_id for bad in mapped.bad}
    for record in mapped.records:
        if isinstance(record, wanted) and not isinstance(record, Deleted | Consent):
            there.add(record.external_id)
    return [one for one in ids if one not in there]
