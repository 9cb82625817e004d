"""Webhooks: what arrives is verified and becomes a hint; what is registered in the shop is kept healthy.

Shopware signs for apps only (``shopware-shop-signature``); their webhooks stand in the manifest. What an integration
creates is sent unsigned, so it gets a password in its address, which Shopware's HTTP client sends as Basic
authorization; over TLS nobody else knows it. Both prove the sender. After ten failures Shopware switches a webhook
off; the poll finds what was lost.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from ..base import Hint, WebhookHealth
from ..errors import ConnectorError, SignatureInvalid
from ..reading import mapping
from .client import LIVE, ShopwareClient

USER = "cartfolk"
NAME = "Cartfolk "  # how the names of our webhooks begin
OVERLAP = 3600  # seconds in which what was signed with the secret before the last one is still believed
_PAYMENTS = (
    "open", "in_progress", "authorized", "paid", "paid_partially", "refunded", "refunded_partially", "cancelled",
    "failed", "chargeback",
)  # fmt: skip
EVENTS = (
    "order.written",
    "order.deleted",
    *(f"state_enter.order_transaction.state.{state}" for state in _PAYMENTS),
    "state_enter.order_transaction_capture_refund.state.completed",
    "state_enter.order_delivery.state.shipped",
    "customer.written",
    "customer.deleted",
    "newsletter.confirm",
    "newsletter.unsubscribe",
    "product.written",
    "product.deleted",
    "category.written",
)
# What becomes of the app itself. Its update may bring other rights, so it is looked at again.
LIFE: Mapping[str, Literal["on", "off", "removed"]] = {
    "app.activated": "on",
    "app.updated": "on",
    "app.deactivated": "off",
    "app.deleted": "removed",
}
_STREAMS = {"order": "orders", "customer": "customers", "product": "products", "category": "categories"}
_CARRIED = {"order": "orders", "customer": "customers", "newsletterRecipient": "subscribers"}
_ID = re.compile(r"[0-9a-f]{32}")


def signature(body: bytes, secret: str) -> str:
    """hex(HMAC-SHA256(raw body)): how Shopware signs for apps."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def password(secret: str) -> str:
    """What proves an unsigned webhook; the store's secret itself is shown to nobody in the shop."""
    return hmac.new(secret.encode(), b"shopware webhook", hashlib.sha256).hexdigest()


def authorization(secret: str) -> str:
    return "Basic " + base64.b64encode(f"{USER}:{password(secret)}".encode()).decode()


def hint(headers: Mapping[str, str], body: bytes, secret: str, keys: Mapping[str, str] | None = None) -> Hint:
    """See `Connector.webhook`. ``keys``: the store's credentials, with the secrets an app signs with. Raises
    SignatureInvalid."""
    keys = keys or {}
    signed, named = headers.get("shopware-shop-signature", ""), headers.get("authorization", "")
    if not (signed or named):
        raise SignatureInvalid("This webhook is not signed.")
    current = keys.get("shop_secret") or secret
    given, wanted = (signed, signature(body, current)) if signed else (named, authorization(secret))
    fits = bool(secret) and hmac.compare_digest(wanted.encode(), given.encode())
    late = not fits and bool(signed) and _signed_before(signed, body, keys)
    if not (fits or late):
        raise SignatureInvalid("This webhook's signature does not fit: it was changed, or signed for another store.")
    try:
        told: Any = json.loads(body)
    except ValueError:
        return Hint("", (), ignore="not JSON")
    data, source = mapping(mapping(told).get("data")), mapping(mapping(told).get("source"))
    event = str(data.get("event") or "")
    # An app's shop is the one at the store's address; a copy of it has its secret, but says where it is itself.
    site = str(source.get("url") or "") if signed and keys.get("shop_secret") else ""
    if event in LIFE:
        # Only with the present secret of an app: what befell an earlier installation is no news.
        return Hint("", (), app=LIFE[event], site=site) if fits and signed else Hint("", (), ignore="earlier app")
    return replace(_told(event, data.get("payload")), site=site)


def _told(event: str, payload: Any) -> Hint:
    """What the event says of the shop's objects."""
    entity, _dot, _what = event.partition(".")
    if event.endswith((".written", ".deleted")) and entity in _STREAMS:
        return _written(_STREAMS[entity], entity, payload)
    for name, stream in _CARRIED.items():
        key = mapping(mapping(payload).get(name)).get("id")
        if isinstance(key, str) and _ID.fullmatch(key):
            return Hint(stream, (key,))
    return Hint("", (), ignore="event")


def _signed_before(given: str, body: bytes, keys: Mapping[str, str]) -> bool:
    """Shopware queues webhooks signed: those on their way while the secret changes carry the one before."""
    previous, rotated = keys.get("previous", ""), float(keys.get("rotated") or 0)
    if not previous or time.time() - rotated > OVERLAP:
        return False
    return hmac.compare_digest(signature(body, previous).encode(), given.encode())


def _written(stream: str, entity: str, payload: Any) -> Hint:
    """Ids only. A list with holes comes as an object; drafts of an edit are no change yet."""
    results = payload.values() if isinstance(payload, dict) else payload if isinstance(payload, list) else ()
    ids: dict[str, bool] = {}
    for each in results:
        result = mapping(each)
        key = result.get("primaryKey")
        key = key.get("id") if isinstance(key, dict) else key
        live = result.get("versionId") in (None, LIVE)
        if live and result.get("entity") == entity and isinstance(key, str) and _ID.fullmatch(key):
            ids[key] = result.get("operation") == "delete"
    if not ids:
        return Hint(stream, (), ignore="draft")
    return Hint(stream, tuple(ids), deleted=all(ids.values()))


# -- what is registered in the shop


async def _ours(client: ShopwareClient, delivery_url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number in range(1, 100):
        page = await client.search(
            "webhook",
            page=number,
            limit=100,
            filter=[{"type": "prefix", "field": "name", "value": NAME}],
            sort=[{"field": "createdAt", "order": "ASC"}, {"field": "id", "order": "ASC"}],
        )
        found += page.rows
        if page.size < 100:
            break
    return [each for each in found if _bare(str(each.get("url") or "")) == delivery_url]


def _bare(url: str) -> str:
    """The address without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _address(delivery_url: str, secret: str) -> str:
    parts = urlsplit(delivery_url)
    return urlunsplit(parts._replace(netloc=f"{USER}:{password(secret)}@{parts.netloc}"))


async def ensure_app(client: ShopwareClient, delivery_url: str) -> WebhookHealth:
    """The app's webhooks come with it; only switching on is left to do, and clearing away an integration's."""
    kept: set[str] = set()
    repaired: list[str] = []
    for webhook in await _ours(client, delivery_url):
        event = str(webhook.get("eventName"))
        if not webhook.get("appId"):
            await client.write("DELETE", f"webhook/{webhook['id']}")
            repaired.append(f"{event}: removed a duplicate")
            continue
        if not webhook.get("active"):
            await client.write("PATCH", f"webhook/{webhook['id']}", {"active": True})
            repaired.append(f"{event}: switched on again")
        kept.add(event)
    active = len(kept.intersection(EVENTS))
    message = f"{active} of {len(EVENTS)} webhooks are active."
    if active < len(EVENTS):
        message += " app: Download the app again from this page and upload it in the shop: it is older than Cartfolk."
    return WebhookHealth(active == len(EVENTS), active, len(EVENTS), message, tuple(repaired))


async def ensure(client: ShopwareClient, delivery_url: str, secret: str) -> WebhookHealth:
    """Creates what is missing, switches on what is off, removes what is double or of no use any more."""
    if not _safe(delivery_url):
        message = (
            "Shopware does not sign such webhooks, so a password in their address proves them: that needs an https:// "
            "address of Cartfolk. Until then the poll brings the changes."
        )
        return WebhookHealth(False, 0, len(EVENTS), message)
    repaired: list[str] = []
    problems: list[str] = []
    address = _address(delivery_url, secret)
    kept: dict[str, dict[str, Any]] = {}
    for webhook in await _ours(client, delivery_url):
        event = str(webhook.get("eventName"))
        if webhook.get("appId"):  # of an app that is still installed: the shop's own affair
            continue
        if event not in EVENTS or event in kept:
            await client.write("DELETE", f"webhook/{webhook['id']}")
            repaired.append(f"{event}: removed a duplicate")
        else:
            kept[event] = webhook
    active = 0
    for event in EVENTS:
        known = kept.get(event)
        try:
            if known is None:
                wanted = {"name": f"{NAME}{event}", "eventName": event, "url": address}
                await client.write("POST", "webhook", wanted | {"active": True, "onlyLiveVersion": True})
                repaired.append(f"{event}: created")
            elif changes := dict(_differing(known, address)):
                await client.write("PATCH", f"webhook/{known['id']}", changes)
                repaired.append(f"{event}: {'switched on again' if 'active' in changes else 'changed'}")
            active += 1
        except ConnectorError as error:
            problems.append(f"{event}: {error}")
    message = f"{active} of {len(EVENTS)} webhooks are active."
    if problems:
        message += f" {problems[0]}"
    return WebhookHealth(active == len(EVENTS), active, len(EVENTS), message, tuple(repaired))


def _differing(webhook: Mapping[str, Any], address: str) -> Iterator[tuple[str, Any]]:
    for name, wanted in (("url", address), ("active", True), ("onlyLiveVersion", True)):
        if webhook.get(name) != wanted:
            yield name, wanted


def _safe(delivery_url: str) -> bool:
    """May a password travel there?"""
    parts = urlsplit(delivery_url)
    if parts.scheme == "https":
        return True
    try:
        return not ip_address(parts.hostname or "").is_global
    except ValueError:
        return parts.hostname == "localhost"


async def remove(client: ShopwareClient, delivery_url: str) -> None:
    for webhook in await _ours(client, delivery_url):
        await client.write("DELETE", f"webhook/{webhook['id']}")
