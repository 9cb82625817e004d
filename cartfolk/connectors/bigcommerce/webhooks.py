"""Webhooks: what arrives is verified and becomes a hint; what is registered in the store is kept healthy.

The body holds ids only. BigCommerce repeats a failed delivery for two days, then switches the webhook off, as it
does after 90 days without an event; it sends to port 443 only and shuns a server that answers too seldom.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..base import Hint, WebhookHealth
from ..errors import ConnectorError, SignatureInvalid
from ..reading import mapping, objects, reference
from .client import BigClient, Raw

STREAMS = {
    "order": "orders",
    "customer": "customers",
    "subscriber": "subscribers",
    "cart": "carts",
    "product": "products",
}
SCOPES = (
    "store/order/created",
    "store/order/updated",
    "store/order/statusUpdated",
    "store/order/archived",
    "store/order/refund/created",
    "store/customer/created",
    "store/customer/updated",
    "store/customer/deleted",
    "store/customer/address/created",  # an address is no change of its customer
    "store/customer/address/updated",
    "store/customer/address/deleted",
    "store/subscriber/created",
    "store/subscriber/updated",
    "store/cart/created",
    "store/cart/updated",
    "store/cart/abandoned",
    "store/cart/converted",
    "store/product/created",
    "store/product/updated",
    "store/product/deleted",
)
HEADER = "X-Cartfolk-Secret"  # ours, sent along with every delivery
# Nobody promises that a repeated delivery is stamped anew, and it is repeated for two days. An old one does no harm:
# it only makes us look at an object once more.
OLDEST, AHEAD = 3 * 86400, 300


def signature(secret: str, message: str, stamp: str, body: bytes) -> str:
    """Standard Webhooks over ``id.timestamp.body``; the key is the client secret as it is shown."""
    digest = hmac.new(secret.encode(), f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def verify(
    headers: Mapping[str, str], body: bytes, client_secret: str, own_secret: str, at: float | None = None
) -> None:
    """Raises SignatureInvalid unless BigCommerce signed this, or it carries the secret we gave with the webhook.

    A signature that is there must be right wherever the client secret is known.
    """
    given = headers.get("webhook-signature", "")
    if client_secret and given:
        message, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        wanted = signature(client_secret, message, stamp, body).encode()
        # While a secret is exchanged there are several signatures.
        if not any(hmac.compare_digest(wanted, each.encode()) for each in given.split()):
            raise SignatureInvalid("This webhook's signature does not fit: it was changed, or the secret is another.")
        moment = time.time() if at is None else at
        if not (stamp.isdecimal() and moment - OLDEST <= int(stamp) <= moment + AHEAD):
            raise SignatureInvalid("This webhook is too old.")
        return
    carried = headers.get(HEADER.lower(), "")
    if not own_secret or not hmac.compare_digest(carried.encode(), own_secret.encode()):
        raise SignatureInvalid("This webhook is not signed.")


def hint(body: bytes, store_hash: str) -> Hint:
    """What a verified body means for the store."""
    try:
        told: Any = json.loads(body)
    except ValueError:
        return Hint("", (), ignore="not JSON")
    data = mapping(mapping(told).get("data"))
    producer = str(mapping(told).get("producer") or "")
    if producer and producer != f"stores/{store_hash}":
        return Hint("", (), ignore="another store")
    parts = str(mapping(told).get("scope") or "").split("/")
    if len(parts) < 3 or parts[0] != "store" or parts[1] not in STREAMS:
        return Hint("", (), ignore="scope")
    stream, key = STREAMS[parts[1]], reference(data.get("id"))
    if parts[1] == "customer" and parts[2] == "address":
        key = reference(mapping(data.get("address")).get("customer_id"))  # ``id`` is the address
    elif parts[1] == "cart" and parts[2] == "converted":
        stream, key = "orders", reference(data.get("orderId"))  # the cart is gone; its order names it
    elif parts[1] == "cart" and parts[2] == "lineItem":
        key = reference(data.get("cartId"))
    elif parts[1] == "cart" and parts[2] == "deleted":
        return Hint(stream, (), ignore="a cart is forgotten by the shop, not by us")
    if key is None:
        return Hint(stream, (), ignore="no id")
    gone = parts[2] in ("deleted", "archived")
    return Hint(stream, (key,), deleted=gone)


async def _ours(client: BigClient, delivery_url: str) -> list[Raw]:
    found = [row async for rows in client.everything("webhooks", "v3/hooks", {}) for row in rows]
    return [each for each in found if each.get("destination") == delivery_url]


def _headers(hook: Raw) -> list[tuple[str, str]]:
    """The headers a webhook sends along; nobody promises that their names keep their case."""
    return [(name.lower(), str(value)) for name, value in mapping(hook.get("headers")).items()]


async def ensure(client: BigClient, delivery_url: str, secret: str) -> WebhookHealth:
    """Creates what is missing, switches on what is off, removes what is double."""
    repaired: list[str] = []
    problems: list[str] = []
    kept: dict[str, Raw] = {}
    for hook in sorted(await _ours(client, delivery_url), key=lambda each: int(each["id"])):
        scope = str(hook.get("scope"))
        if scope not in SCOPES or scope in kept:
            await client.write("DELETE", f"v3/hooks/{hook['id']}")
            repaired.append(f"{scope}: removed a duplicate")
        else:
            kept[scope] = hook
    active = 0
    for scope in SCOPES:
        known = kept.get(scope)
        wanted = {"scope": scope, "destination": delivery_url, "is_active": True, "headers": {HEADER: secret}}
        try:
            if known is None:
                await client.write("POST", "v3/hooks", wanted)
                repaired.append(f"{scope}: created")
            elif known.get("is_active") is not True:
                await client.write("PUT", f"v3/hooks/{known['id']}", wanted)
                repaired.append(f"{scope}: switched on again")
            elif secret not in [value for name, value in _headers(known) if name == HEADER.lower()]:
                await client.write("PUT", f"v3/hooks/{known['id']}", wanted)
                repaired.append(f"{scope}: given its secret again")
            active += 1
        except ConnectorError as error:
            problems.append(f"{scope}: {error}")
    message = f"{active} of {len(SCOPES)} webhooks are active."
    blocked = 0 if problems else await _blocked(client, delivery_url)
    if problems:
        message += f" {problems[0]}"
    elif reason := _unreachable(delivery_url):
        message += f" {reason}"
    elif blocked:
        message += (
            " But BigCommerce has blocked this server for a moment because it answered too few webhooks; it sends "
            f"again in {-(-blocked // 60)} minutes."
        )
    healthy = active == len(SCOPES) and not blocked
    return WebhookHealth(healthy, active, len(SCOPES), message, tuple(repaired))


def _unreachable(delivery_url: str) -> str:
    parts = urlsplit(delivery_url)
    if parts.scheme == "https" and parts.port in (None, 443):
        return ""
    return (
        f"But BigCommerce sends to https addresses on port 443 only, and {parts.netloc} is none. Until something "
        "arrives, the poll brings the changes."
    )


async def _blocked(client: BigClient, delivery_url: str) -> int:
    """Seconds for which BigCommerce sends nothing to our server."""
    try:
        told = await client.one("webhooks", "v3/hooks/admin") or {}
    except ConnectorError:
        return 0
    host = urlsplit(delivery_url).hostname
    for each in objects(told.get("blocked_domains"), "blocked_domains"):
        destination = str(each.get("destination") or "")
        if host in (urlsplit(destination).hostname, destination) and isinstance(each.get("time_left"), int):
            return int(each["time_left"])
    return 0


async def remove(client: BigClient, delivery_url: str) -> None:
    for hook in await _ours(client, delivery_url):
        await client.write("DELETE", f"v3/hooks/{hook['id']}")
