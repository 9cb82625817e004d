"""The webhooks resource: create (with its ping), read, change, delete, and all of them in a batch."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import catalog, documents, lists
from .auth import Key
from .delivery import Webhook
from .documents import Json, dates, links
from .errors import RestError, invalid_param
from .routes import Answer, Call, paged
from .words import HOOKS, SUBSCRIPTION_TOPICS, TOPICS

if TYPE_CHECKING:
    from .shop import WooShop

_STATUSES = ("active", "paused", "disabled")


def document(shop: WooShop, webhook: Webhook) -> Json:
    """A webhook as read back: the secret is never shown."""
    resource, _dot, event = webhook.topic.partition(".")
    return {
        "id": webhook.id,
        "name": webhook.name,
        "status": webhook.status,
        "topic": webhook.topic,
        "resource": resource,
        "event": event,
        "hooks": HOOKS.get(webhook.topic, [event if resource == "action" else f"woocommerce_{event}_{resource}"]),
        "delivery_url": webhook.delivery_url,
        **dates(shop.world.clock, date_created=webhook.created, date_modified=webhook.modified),
        "_links": links(shop.url, f"webhooks/{webhook.id}", "webhooks"),
    }


def payload(shop: WooShop, webhook: Webhook, topic: str, record_id: int) -> Any:
    """The body of a delivery, as the webhook's owner sees the record at this moment."""
    resource, _dot, event = topic.partition(".")
    if event == "deleted":
        return {"id": record_id}
    if not webhook.owner.privileged or webhook.owner.consumer_key not in shop.keyring.keys:
        return RestError(401, "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.").body
    found = record(shop, resource, record_id)
    if found is None:  # gone between the event and the delivery
        return RestError(404, f"woocommerce_rest_{resource}_invalid_id", "Invalid ID.").body
    return found


def record(shop: WooShop, kind: str, record_id: int) -> Json | None:
    """The REST object of a record; None if there is none."""
    world = shop.world
    if kind == "order" and record_id in world.orders:
        return documents.order(world, shop.url, world.orders[record_id])
    if kind == "customer" and record_id in world.customers:
        return catalog.customer(world, shop.url, world.customers[record_id])
    if kind == "product" and record_id in world.products:
        return catalog.product(world, shop.url, world.products[record_id])
    if kind == "coupon" and record_id in world.coupons:
        return catalog.coupon(world, shop.url, world.coupons[record_id])
    if kind == "subscription" and record_id in world.subscriptions:
        return documents.subscription(world, shop.url, world.subscriptions[record_id])
    return None


async def answer(call: Call, key: Key, rest: str) -> Answer:
    """Everything under /wc/v3/webhooks; `rest` is what follows that, without slashes."""
    shop = call.shop
    if rest == "" and call.method in ("GET", "HEAD"):
        status = call.args.choice("status", "all", ("all", *_STATUSES))
        found = [each.id for each in shop.webhooks.values() if status in ("all", each.status)]
        ids = lists.simple(found, call.args)
        return paged(call, ids, lambda each: document(shop, shop.webhooks[each]))
    if rest == "" and call.method == "POST":
        return Answer(await _create(shop, key, call.body), 201)
    if rest == "batch" and call.method in ("POST", "PUT", "PATCH"):
        return Answer(await _batch(shop, key, call.body))
    webhook = _find(shop, rest)
    if call.method in ("GET", "HEAD"):
        return Answer(document(shop, webhook))
    if call.method in ("PUT", "POST", "PATCH"):
        return Answer(_change(shop, webhook, call.body))
    if call.method == "DELETE":
        if not call.args.flag("force"):
            raise RestError(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
        return Answer(_delete(shop, webhook))
    raise RestError(404, "rest_no_route", "No route was found matching the URL and request method.")


def _find(shop: WooShop, text: str) -> Webhook:
    if not text.isdigit() or int(text) not in shop.webhooks:
        raise RestError(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
    return shop.webhooks[int(text)]


def _check(shop: WooShop, body: dict[str, Any], creating: bool) -> None:
    topic = body.get("topic")
    if creating or topic is not None:
        hook = isinstance(topic, str) and topic.startswith(("action.woocommerce_", "action.wc_"))
        known = TOPICS | SUBSCRIPTION_TOPICS if shop.world.subscriptions else TOPICS
        if topic not in known and not hook:
            raise RestError(400, "woocommerce_rest_webhook_invalid_topic", "Webhook topic must be valid.")
    url = body.get("delivery_url")
    if creating or url is not None:
        parts = urlsplit(str(url or ""))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RestError(
                400,
                "woocommerce_rest_webhook_invalid_delivery_url",
                "Webhook delivery URL must be a valid URL starting with http:// or https://.",
            )
    if "status" in body and body["status"] not in _STATUSES:
        raise invalid_param("status", f"status is not one of {', '.join(_STATUSES)}.", "rest_not_in_enum")


async def _create(shop: WooShop, key: Key, body: dict[str, Any]) -> Json:
    _check(shop, body, creating=True)
    now = shop.world.clock.now()
    webhook = Webhook(
        id=max(shop.webhooks, default=0) + 1,
        name=str(body.get("name") or f"Webhook created on {shop.world.clock.local(now)}"),
        status=str(body.get("status") or "active"),
        topic=str(body["topic"]),
        delivery_url=str(body["delivery_url"]),
        secret=str(body.get("secret") or secrets.token_urlsafe(30)),
        created=now,
        modified=now,
        owner=key,
    )
    shop.webhooks[webhook.id] = webhook
    await shop.delivery.ping(webhook)
    return document(shop, webhook)


def _change(shop: WooShop, webhook: Webhook, body: dict[str, Any]) -> Json:
    _check(shop, body, creating=False)
    for name in ("name", "topic", "delivery_url", "secret", "status"):
        if name in body:
            setattr(webhook, name, str(body[name]))
    if body.get("status") == "active":
        webhook.failures = 0
    webhook.modified = shop.world.clock.now()
    return document(shop, webhook)


def _delete(shop: WooShop, webhook: Webhook) -> Json:
    del shop.webhooks[webhook.id]
    return document(shop, webhook)


async def _batch(shop: WooShop, key: Key, body: dict[str, Any]) -> Json:
    """Each entry succeeds or fails by itself; a failed one carries its error."""
    if sum(len(body.get(part) or []) for part in ("create", "update", "delete")) > 100:
        raise RestError(413, "woocommerce_rest_request_entity_too_large", "Unable to accept more than 100 items.")
    done: Json = {}
    for part in ("create", "update", "delete"):
        if part not in body:
            continue
        done[part] = []
        for entry in body[part]:
            entry_id = entry if part == "delete" else entry.get("id", 0)
            try:
                if part == "create":
                    done[part].append(await _create(shop, key, entry))
                elif part == "update":
                    done[part].append(_change(shop, _find(shop, str(entry_id)), entry))
                else:
                    done[part].append(_delete(shop, _find(shop, str(entry_id))))
            except RestError as error:
                done[part].append({"id": entry_id, "error": error.body})
    return done
