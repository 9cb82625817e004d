"""Webhooks: what arrives is verified and becomes a hint; what is registered in the shop is made again when gone.

Shopify signs with the app's client secret, for up to an hour after its rotation still with the old one. After
eight failures it deletes a subscription, so the check looks for missing ones. A delivery repeated later carries
the old body: it is only a hint all the same. Carts are not subscribed to: they have no address and no query.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Literal

from ..base import Hint, WebhookHealth
from ..errors import ConnectorError, PageUnreadable, SignatureInvalid
from ..reading import mapping, objects, reference, text
from .client import ShopifyClient
from .ids import SUBSCRIPTION, number
from .queries import HOOK_CREATE, HOOK_DELETE, HOOKS

STREAMS = {
    "customers": "customers",
    "customers_email_marketing_consent": "customers",
    "customers_marketing_consent": "customers",
    "orders": "orders",
    "refunds": "orders",
    "checkouts": "checkouts",
    "products": "products",
    "collections": "categories",
    "subscription_contracts": "subscriptions",
}
TOPICS = (
    "CUSTOMERS_CREATE",
    "CUSTOMERS_UPDATE",
    "CUSTOMERS_DELETE",
    "CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE",
    "CUSTOMERS_MARKETING_CONSENT_UPDATE",
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_DELETE",
    "REFUNDS_CREATE",
    "CHECKOUTS_CREATE",
    "CHECKOUTS_UPDATE",
    "PRODUCTS_CREATE",
    "PRODUCTS_UPDATE",
    "PRODUCTS_DELETE",
    "COLLECTIONS_CREATE",
    "COLLECTIONS_UPDATE",
    "COLLECTIONS_DELETE",
)
MERGE = "CUSTOMERS_MERGE"
SUBSCRIPTION_TOPICS = ("SUBSCRIPTION_CONTRACTS_CREATE", "SUBSCRIPTION_CONTRACTS_UPDATE")
OPTIONAL = (MERGE, *SUBSCRIPTION_TOPICS)  # each wants a permission more: nice to have


def signature(body: bytes, secret: str) -> str:
    """base64(HMAC-SHA256(raw body))."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def told(headers: Mapping[str, str], name: str) -> str:
    """A header in either style: x-shopify-<name>, or shopify-<name> of the newer events."""
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}") or ""


def hint(headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...], domain: str = "") -> Hint:
    """See `Connector.webhook`. ``secrets``: the client secret and the one before it; ``domain``: the shop's own
    name, as one app (one secret) may serve several shops. Raises SignatureInvalid."""
    given = told(headers, "hmac-sha256")
    if not given:
        raise SignatureInvalid("This webhook is not signed.")
    fits = [hmac.compare_digest(signature(body, secret).encode(), given.encode()) for secret in secrets if secret]
    if not any(fits):
        raise SignatureInvalid("This webhook's signature does not fit: it was changed, or signed by another app.")
    sender = told(headers, "shop-domain").lower()
    if domain and sender and sender != domain:
        return Hint("", (), ignore=f"of another shop: {sender}")
    try:
        found: Any = json.loads(body)
    except ValueError:
        found = None
    topic = told(headers, "topic").lower()
    if not isinstance(found, dict):
        return Hint("", (), ignore="not an object")
    return _about(topic, found)


def _about(topic: str, found: Mapping[str, Any]) -> Hint:
    resource, _slash, event = topic.partition("/")
    if topic == "shop/redact":
        return Hint("", (), ignore="the shop removed the app 48 hours ago: disconnect the store to erase its data")
    if topic in ("customers/redact", "customers/data_request"):
        key = reference(mapping(found.get("customer")).get("id"))
        privacy: Literal["erase", "access"] = "erase" if topic == "customers/redact" else "access"
        return Hint("customers", (key,), privacy=privacy) if key else Hint("customers", (), ignore="no id")
    if topic == "customers/merge":
        both = (found.get("admin_graphql_api_customer_kept_id"), found.get("admin_graphql_api_customer_deleted_id"))
        return Hint("customers", tuple(key for gid in both if (key := number(gid))))
    if resource not in STREAMS:
        return Hint("", (), ignore=f"topic {topic}")
    key = reference(found.get("id"))
    if resource == "refunds":
        key = reference(found.get("order_id"))
    elif resource == "subscription_contracts":
        key = key and SUBSCRIPTION + key
    elif STREAMS[resource] == "customers":
        key = reference(found.get("customer_id")) or number(found.get("admin_graphql_api_customer_id")) or key
    if key is None:
        return Hint(STREAMS[resource], (), ignore="no id")
    return Hint(STREAMS[resource], (key,), deleted=event == "delete")


async def _ours(client: ShopifyClient, delivery_url: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    after: str | None = None
    while True:
        page = mapping((await client.ask(HOOKS, after=after)).get("webhookSubscriptions"))
        found += objects(page.get("nodes"), "webhookSubscriptions")
        info = mapping(page.get("pageInfo"))
        after = text(info.get("endCursor"))
        if not info.get("hasNextPage") or after is None:
            return [each for each in found if each.get("uri") == delivery_url]


async def ensure(client: ShopifyClient, delivery_url: str) -> WebhookHealth:
    """Creates what is missing or was deleted, removes what is double or no longer wanted."""
    repaired: list[str] = []
    problem = ""
    kept: set[str] = set()
    for hook in await _ours(client, delivery_url):
        topic = str(hook.get("topic"))
        if topic in kept or topic not in TOPICS + OPTIONAL:
            await _delete(client, str(hook["id"]))
            repaired.append(f"{topic}: removed a duplicate")
        kept.add(topic)
    for topic in TOPICS + OPTIONAL:
        if topic in kept:
            continue
        try:
            await _create(client, topic, delivery_url)
        except ConnectorError as error:
            if topic not in OPTIONAL:
                problem = problem or f"{topic}: {error}"
        else:
            kept.add(topic)
            repaired.append(f"{topic}: created")
    active = len(kept & set(TOPICS))
    message = f"{active} of {len(TOPICS)} webhooks are active." + (f" {problem}" if problem else "")
    return WebhookHealth(active == len(TOPICS), active, len(TOPICS), message, tuple(repaired))


async def remove(client: ShopifyClient, delivery_url: str) -> None:
    for hook in await _ours(client, delivery_url):
        await _delete(client, str(hook["id"]))


async def _create(client: ShopifyClient, topic: str, delivery_url: str) -> None:
    _refuse_errors(await client.change(HOOK_CREATE, topic=topic, uri=delivery_url), "webhookSubscriptionCreate")


async def _delete(client: ShopifyClient, key: str) -> None:
    await client.change(HOOK_DELETE, id=key)  # one that is gone already is an error in the answer, and gone


def _refuse_errors(data: Mapping[str, Any], name: str) -> None:
    errors = objects(mapping(data.get(name)).get("userErrors"), "userErrors")
    if errors:
        raise PageUnreadable(f"Shopify does not create a webhook: {text(errors[0].get('message'))}")
