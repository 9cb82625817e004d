"""Webhooks: what arrives is verified and becomes a hint; what is registered in the shop is kept healthy.

WooCommerce never repeats a failed delivery and switches a webhook off after the seventh failure in a row
(`class-wc-webhook.php`), hence the health check; the poll finds what was lost.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from ..base import Hint, WebhookHealth
from ..errors import AddressRefused, ConnectorError, PageUnreadable, PermissionMissing, SignatureInvalid
from .client import WooClient

STREAMS = {
    "customer": "customers",
    "order": "orders",
    "product": "products",
    "coupon": "coupons",
    "subscription": "subscriptions",
}
EVENTS = ("created", "updated", "deleted", "restored")
TOPICS = tuple(
    f"{resource}.{event}"
    for resource in STREAMS
    for event in EVENTS
    if resource != "subscription" and (resource, event) != ("customer", "restored")  # accounts have no trash
)
SUBSCRIPTION_TOPICS = tuple(f"subscription.{event}" for event in EVENTS)  # where the plugin is

# `htmlspecialchars_decode(secret, ENT_QUOTES)`: five characters, by name or number, and nothing else of HTML.
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"'}
_SPECIAL = re.compile(r"&(?:(amp|lt|gt|quot)|#0*(34|38|39|60|62)|#[xX]0*(22|26|27|3[cCeE]));")


def signature(body: bytes, secret: str) -> str:
    """base64(HMAC-SHA256(raw body)); WooCommerce decodes entities in the secret first (`class-wc-webhook.php`)."""
    key = _SPECIAL.sub(_character, secret).encode()
    return base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()


def _character(found: re.Match[str]) -> str:
    name, decimal, hexadecimal = found.groups()
    return _NAMED[name] if name else chr(int(decimal) if decimal else int(hexadecimal, 16))


def hint(headers: Mapping[str, str], body: bytes, secret: str) -> Hint:
    """See `Connector.webhook`. Raises SignatureInvalid."""
    given = headers.get("x-wc-webhook-signature", "")
    if not given:
        # On creation WooCommerce posts a form with the webhook's number, unsigned, and wants a 200.
        name, _equals, number = body.strip().partition(b"=")
        if name == b"webhook_id" and number.isdigit():
            return Hint("", (), ignore="ping")
        raise SignatureInvalid("This webhook is not signed.")
    if not secret or not hmac.compare_digest(signature(body, secret).encode(), given.encode()):
        raise SignatureInvalid("This webhook's signature does not fit: it was changed, or signed for another store.")
    resource, _dot, event = headers.get("x-wc-webhook-topic", "").partition(".")
    if resource not in STREAMS or event not in EVENTS:
        return Hint("", (), ignore="topic")
    try:
        found: Any = json.loads(body)
    except ValueError:
        return Hint(STREAMS[resource], (), ignore="not JSON")
    if not isinstance(found, dict) or not isinstance(found.get("id"), int) or found["id"] <= 0:
        # The webhook's user lost his rights: the shop signs and sends its own error.
        code = found.get("code") if isinstance(found, dict) else None
        return Hint(STREAMS[resource], (), ignore=f"error: {code or 'no id'}")
    return Hint(STREAMS[resource], (str(found["id"]),), deleted=event == "deleted")


async def _ours(client: WooClient, delivery_url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        rows = (await client.read("webhooks", per_page=100, offset=len(found), orderby="id", order="asc")).rows
        found += [row.value for row in rows]
        if len(rows) < 100:
            return [each for each in found if each.get("delivery_url") == delivery_url]


async def _topics(client: WooClient) -> tuple[str, ...]:
    """WooCommerce refuses a topic whose plugin is not there."""
    try:
        await client.read("subscriptions", per_page=1, _fields="id")
    except (AddressRefused, PermissionMissing):
        return TOPICS
    except PageUnreadable:
        pass  # the list is there
    return TOPICS + SUBSCRIPTION_TOPICS


async def ensure(client: WooClient, delivery_url: str, secret: str) -> WebhookHealth:
    """Creates what is missing, switches on what is off, removes what is double."""
    topics = await _topics(client)
    repaired: list[str] = []
    problems: list[str] = []
    kept: dict[str, dict[str, Any]] = {}
    for webhook in sorted(await _ours(client, delivery_url), key=lambda each: int(each["id"])):
        topic = str(webhook.get("topic"))
        if topic not in topics or topic in kept:
            await client.write("DELETE", f"webhooks/{webhook['id']}", force="true")
            repaired.append(f"{topic}: removed a duplicate")
        else:
            kept[topic] = webhook
    active = 0
    for topic in topics:
        known = kept.get(topic)
        try:
            if known is None:
                fields = {"name": f"Cartfolk {topic}", "topic": topic, "delivery_url": delivery_url}
                await client.write("POST", "webhooks", fields | {"secret": secret, "status": "active"})
                repaired.append(f"{topic}: created")
            elif known.get("status") != "active":
                # The secret cannot be read back, so it is set again with the status.
                await client.write("PUT", f"webhooks/{known['id']}", {"status": "active", "secret": secret})
                repaired.append(f"{topic}: switched on again")
            active += 1
        except ConnectorError as error:
            problems.append(f"{topic}: {error}")
    message = f"{active} of {len(topics)} webhooks are active."
    if problems:
        message += f" {problems[0]}"
    elif reason := _unreachable(delivery_url, client.base):
        message += f" {reason}"
    return WebhookHealth(active == len(topics), active, len(topics), message, tuple(repaired))


def _unreachable(delivery_url: str, shop: str) -> str:
    """Why WordPress, as it comes, would not send there (`wp_http_validate_url`); empty if it would."""
    parts, home = urlsplit(delivery_url), urlsplit(shop)
    if (parts.hostname, parts.port) == (home.hostname, home.port):
        return ""
    try:
        private = not ip_address(parts.hostname or "").is_global
    except ValueError:
        private = parts.hostname == "localhost"
    if not private and parts.port in (None, 80, 443, 8080):
        return ""
    return (
        f"But WordPress sends to public addresses on the ports 80, 443 and 8080 only, and {parts.netloc} is none, "
        "unless a filter in the shop allows it. Until something arrives, the poll brings the changes."
    )


async def remove(client: WooClient, delivery_url: str) -> None:
    for webhook in await _ours(client, delivery_url):
        await client.write("DELETE", f"webhooks/{webhook['id']}", force="true")
