"""Webhooks: what arrives is verified and becomes a hint; the one subscription is made again when it is gone.

Saleor signs with its own RSA key (JWS, RS256, the body left out and not encoded), whose public half is at
/.well-known/jwks.json and is kept in ``learned``; it is read again with every look at the webhook. A webhook that was
made with a secret (Saleor calls that deprecated) has a hex HMAC-SHA256 instead: ours has one only where the shop
does not show its keys. There is no id of a delivery and no order among them: a delivery is a hint only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from ..base import Hint, WebhookHealth
from ..errors import PageUnreadable, SignatureInvalid
from ..reading import mapping, objects, text
from .client import SaleorClient, split_id
from .queries import HOOK_CREATE, HOOK_DELETE, HOOK_UPDATE, HOOKS, LISTINGS

NAME = "Cartfolk"
STREAMS = {listing.type: stream for stream, listing in LISTINGS.items()}
EVENTS = {
    "ORDER_CREATED": "OrderCreated",
    "ORDER_CONFIRMED": "OrderConfirmed",
    "ORDER_PAID": "OrderPaid",
    "ORDER_FULLY_PAID": "OrderFullyPaid",
    "ORDER_REFUNDED": "OrderRefunded",
    "ORDER_FULLY_REFUNDED": "OrderFullyRefunded",
    "ORDER_UPDATED": "OrderUpdated",
    "ORDER_FULFILLED": "OrderFulfilled",
    "ORDER_CANCELLED": "OrderCancelled",
    "ORDER_EXPIRED": "OrderExpired",
    "CUSTOMER_CREATED": "CustomerCreated",
    "CUSTOMER_UPDATED": "CustomerUpdated",
    "CHECKOUT_CREATED": "CheckoutCreated",
    "CHECKOUT_UPDATED": "CheckoutUpdated",
    "PRODUCT_CREATED": "ProductCreated",
    "PRODUCT_UPDATED": "ProductUpdated",
    "PRODUCT_DELETED": "ProductDeleted",
    "CATEGORY_CREATED": "CategoryCreated",
    "CATEGORY_UPDATED": "CategoryUpdated",
    "CATEGORY_DELETED": "CategoryDeleted",
}
BULK = {"ORDER_BULK_CREATED": "OrderBulkCreated"}  # many at once


def _subscription() -> str:
    parts = []
    for name in EVENTS.values():
        subject = {"Customer": "user"}.get(kind := _kind(name), kind.lower())
        parts.append(f"... on {name} {{ {subject} {{ id }} }}")
    parts += [f"... on {name} {{ orders {{ id }} }}" for name in BULK.values()]
    return f"subscription {{ event {{ {' '.join(parts)} }} }}"


def _kind(event: str) -> str:
    return next(kind for kind in ("Order", "Customer", "Checkout", "Product", "Category") if event.startswith(kind))


SUBSCRIPTION = _subscription()
WANTED = frozenset({*EVENTS, *BULK})

# -- signatures


def keys_of(found: Any) -> list[dict[str, str]]:
    """The RSA keys of a jwks.json, without what is not needed."""
    listed = mapping(found).get("keys")
    kept = []
    for each in listed if isinstance(listed, list) else []:
        key = mapping(each)
        if key.get("kty") == "RSA" and key.get("n") and key.get("e"):
            kept.append({name: str(key.get(name) or "") for name in ("kty", "kid", "n", "e")})
    return kept


def verify(headers: Mapping[str, str], body: bytes, jwks: Any, secret: str) -> None:
    """Raises SignatureInvalid unless the shop (or the holder of the secret) signed this body."""
    given = headers.get("saleor-signature") or headers.get("x-saleor-signature") or ""
    if not given:
        raise SignatureInvalid("This webhook is not signed.")
    if "." in given:
        _verify_jws(given, body, jwks)
        return
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not secret or not hmac.compare_digest(wanted.encode(), given.lower().encode()):
        raise _unfit()


def _verify_jws(given: str, body: bytes, jwks: Any) -> None:
    try:
        head, payload, mark = given.split(".")
        header = json.loads(_decoded(head))
        signature = _decoded(mark)
    except ValueError:
        raise _unfit() from None
    if payload or not isinstance(header, dict) or header.get("alg") != "RS256":
        raise _unfit()
    if header.get("crit") not in (None, ["b64"]):
        raise _unfit()  # something we would have to understand and do not
    kid = header.get("kid")
    known = [key for key in keys_of({"keys": jwks}) if not kid or key["kid"] == kid]
    if not known:
        raise SignatureInvalid("This webhook is signed with a key we do not know yet: it is read within the hour.")
    plain = header.get("b64") is False  # the body goes in as it is, else in base64url
    signed = head.encode() + b"." + (body if plain else base64.urlsafe_b64encode(body).rstrip(b"="))
    for key in known:
        try:
            numbers = RSAPublicNumbers(*(int.from_bytes(_decoded(key[name])) for name in ("e", "n")))
            numbers.public_key().verify(signature, signed, PKCS1v15(), SHA256())
            return
        except (InvalidSignature, ValueError):
            continue
    raise _unfit()


def _decoded(value: str) -> bytes:
    """base64url without its padding. Raises ValueError."""
    try:
        return base64.b64decode(value.encode() + b"=" * (-len(value) % 4), b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _unfit() -> SignatureInvalid:
    return SignatureInvalid("This webhook's signature does not fit: it was changed, or signed by another shop.")


# -- hints


def hint(headers: Mapping[str, str], body: bytes, jwks: Any, secret: str) -> Hint:
    """See `Connector.webhook`. What was deleted is not told apart: it is fetched, and absent.

    Raises SignatureInvalid."""
    verify(headers, body, jwks, secret)
    try:
        told: Any = json.loads(body)
    except ValueError:
        return Hint("", (), ignore="not JSON")
    found: dict[str, None] = {}
    stream = ""
    for value in _ids(told):
        kind, key = split_id(value)
        if kind in STREAMS and stream in ("", STREAMS[kind]):
            stream = STREAMS[kind]
            found[key] = None
    if not found:
        return Hint("", (), ignore="nothing we read")
    return Hint(stream, tuple(found))


def _ids(told: Any) -> list[Any]:
    """The ids of what a delivery is about: {"order": {"id"}}, {"orders": [...]}, or the older form, a list."""
    if isinstance(told, dict):
        for outer in ("data", "event"):
            if isinstance(told.get(outer), dict):
                told = told[outer]
    inner = list(told.values()) if isinstance(told, dict) else told
    subjects: list[Any] = []
    for each in inner if isinstance(inner, list) else []:
        subjects += each if isinstance(each, list) else [each]
    return [each["id"] for each in subjects if isinstance(each, dict) and "id" in each]


# -- the subscription


async def ensure(client: SaleorClient, delivery_url: str, secret: str) -> WebhookHealth:
    """One webhook for all events, active and asking for what we read; reads the shop's public keys again."""
    keys = keys_of(await client.public_keys())
    repaired: list[str] = []
    wanted: dict[str, Any] = {"asyncEvents": sorted(WANTED), "query": SUBSCRIPTION, "isActive": True}
    if not keys:
        wanted["secretKey"] = secret
    message = "The webhook is active."
    ok = True
    try:
        hooks = await _ours(client, delivery_url)
        for double in hooks[1:]:
            await client.change(HOOK_DELETE, id=double["id"])
            repaired.append("removed a duplicate")
        if not hooks:
            made = wanted | {"name": NAME, "targetUrl": delivery_url}
            _refuse(await client.change(HOOK_CREATE, input=made), "webhookCreate")
            repaired.append("created")
        elif not _right(hooks[0]):
            _refuse(await client.change(HOOK_UPDATE, id=hooks[0]["id"], input=wanted), "webhookUpdate")
            repaired.append("switched on again")
    except PageUnreadable as error:
        ok, message = False, str(error)
    return WebhookHealth(ok, int(ok), 1, message, tuple(repaired), {"jwks": keys} if keys else {})


async def remove(client: SaleorClient, delivery_url: str) -> None:
    for hook in await _ours(client, delivery_url):
        await client.change(HOOK_DELETE, id=hook["id"])


async def _ours(client: SaleorClient, delivery_url: str) -> list[Mapping[str, Any]]:
    hooks = objects(mapping((await client.ask(HOOKS)).get("app")).get("webhooks"), "webhooks")
    return [each for each in hooks if each.get("targetUrl") == delivery_url]


def _right(hook: Mapping[str, Any]) -> bool:
    told = {str(each.get("eventType")) for each in objects(hook.get("asyncEvents"), "asyncEvents")}
    same = " ".join(str(hook.get("subscriptionQuery") or "").split()) == SUBSCRIPTION
    return bool(hook.get("isActive")) and told >= WANTED and same


def _refuse(data: Mapping[str, Any], name: str) -> None:
    errors = objects(mapping(data.get(name)).get("errors"), "errors")
    if errors:
        raise PageUnreadable(f"Saleor does not create the webhook: {text(errors[0].get('message'))}")
