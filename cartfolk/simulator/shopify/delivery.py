"""Sending webhooks the way Shopify does.

The body is the REST form of the object as it was when it happened, also in repetitions. Every try has the same
delivery id; eight failures in a row delete the subscription. (Shopify spreads its eight repetitions over four hours,
this shop does not wait.)
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import uuid
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2

from .apps import App
from .documents import Json, gid
from .words import DOMAIN, NEEDS, TOPICS, VERSION, topic_header

if TYPE_CHECKING:
    from .shop import ShopifyShop

TRIES = 8
KINDS = {"subscription": "SubscriptionContract"}  # what global ids call otherwise than the world


@dataclass(slots=True)
class Hook:
    number: int
    topic: str
    uri: str
    app: App
    failures: int = 0

    @property
    def gid(self) -> str:
        return gid("WebhookSubscription", self.number)


@dataclass(frozen=True, slots=True)
class Job:
    hook: str
    topic: str
    body: bytes
    delivery: str
    event: str
    held: bool = False


class Delivery:
    """Subscriptions, the queue of deliveries and the runners that work it off."""

    def __init__(self, shop: ShopifyShop) -> None:
        self._shop = shop
        self.hooks: dict[str, Hook] = {}
        self.open = 0
        self.log: deque[Json] = deque(maxlen=500)
        self._last = 1_000
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._client: httpx2.AsyncClient | None = None

    async def start(self) -> None:
        self._client = httpx2.AsyncClient(follow_redirects=False, timeout=5, trust_env=False)
        self._tasks = [asyncio.create_task(self._run()) for _ in range(2)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def subscribe(self, app: App, topic: str, wanted: Json) -> Json:
        """webhookSubscriptionCreate."""
        uri = str(wanted.get("uri") or "")
        needed = NEEDS.get(topic) or NEEDS.get(topic.partition("_")[0], "")
        message = ""
        if urlsplit(uri).scheme not in ("http", "https") or "refused" in uri:
            message = "Address is not allowed"
        elif needed and needed not in app.scopes:
            message = f"You do not have permission to create or update webhooks with {topic_header(topic)} topic."
        elif any((each.topic, each.uri, each.app) == (topic, uri, app) for each in self.hooks.values()):
            message = "Address for this topic has already been taken"
        if message:
            return {"webhookSubscription": None, "userErrors": [{"field": ["webhookSubscription"], "message": message}]}
        self._last += 1
        hook = Hook(self._last, topic, uri, app)
        self.hooks[hook.gid] = hook
        return {"webhookSubscription": {"id": hook.gid, "topic": topic, "uri": uri}, "userErrors": []}

    def unsubscribe(self, app: App, key: str) -> Json:
        """webhookSubscriptionDelete."""
        hook = self.hooks.get(key)
        if hook is None or hook.app is not app:
            missing = {"field": ["id"], "message": "Webhook subscription does not exist"}
            return {"deletedWebhookSubscriptionId": None, "userErrors": [missing]}
        del self.hooks[key]
        return {"deletedWebhookSubscriptionId": key, "userErrors": []}

    def heard(self, kind: str, event: str, record_id: int) -> None:
        """A listener of the world."""
        topic = TOPICS.get((kind, event))
        hooks = [each for each in self.hooks.values() if each.topic == topic]
        if topic is None or not hooks:
            return
        body = json.dumps(self._rest(kind, event, record_id), ensure_ascii=False).encode()
        happened = str(uuid.uuid4())
        for hook in hooks:
            self._put(Job(hook.gid, topic, body, str(uuid.uuid4()), happened))

    def _rest(self, kind: str, event: str, record_id: int) -> Json:
        """The object in the form of the older REST API, times at the shop's offset."""
        if event == "deleted":
            return {"id": record_id}
        found: Json = {"id": record_id, "admin_graphql_api_id": gid(KINDS.get(kind, kind.title()), record_id)}
        world = self._shop.world
        if kind == "order":
            order = world.orders[record_id]
            found |= {"email": order.billing.email, "total_price": str(order.total / 100), "currency": order.currency}
            found["updated_at"] = self._local(order.modified)
        elif kind == "customer":
            customer = world.customers[record_id]
            found |= {"email": customer.email, "updated_at": self._local(customer.modified)}
        elif kind == "subscription":
            found["status"] = world.subscriptions[record_id].state
        return found

    def _local(self, moment: int) -> str:
        return datetime.fromtimestamp(moment, self._shop.world.clock.zone).isoformat()

    def _put(self, job: Job) -> None:
        self.open += 1
        self._queue.put_nowait(job)

    async def _run(self) -> None:
        while True:
            job = await self._queue.get()
            try:
                await self._handle(job)
            finally:
                self.open -= 1

    async def _handle(self, job: Job) -> None:
        faults, stats = self._shop.faults, self._shop.stats
        if not job.held and faults.strike("webhook_reorder", job.topic):
            if self._queue.empty():
                await asyncio.sleep(0.2)
            self._put(Job(job.hook, job.topic, job.body, job.delivery, job.event, held=True))
            return
        if late := faults.strike("webhook_latency", job.topic):
            await asyncio.sleep(1.0 if late.seconds is None else late.seconds)
        if faults.strike("webhook_drop", job.topic):
            stats.webhooks["dropped"] += 1
            return
        times = 2 if faults.strike("webhook_duplicate", job.topic) else 1
        for _ in range(times):
            for _try in range(TRIES):
                hook = self.hooks.get(job.hook)
                if hook is None or await self._send(hook, job):
                    break

    async def _send(self, hook: Hook, job: Job) -> bool:
        """One try; whether it arrived."""
        assert self._client is not None
        digest = hmac.new(hook.app.client_secret.encode(), job.body, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic_header(job.topic),
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-Shop-Domain": DOMAIN,
            "X-Shopify-API-Version": VERSION,
            "X-Shopify-Webhook-Id": job.delivery,
            "X-Shopify-Event-Id": job.event,
            "X-Shopify-Triggered-At": self._local(self._shop.world.clock.now()),
        }
        status = 0
        try:
            answer: Any = await self._client.post(hook.uri, content=job.body, headers=headers)
            status = answer.status_code
        except (httpx2.HTTPError, httpx2.InvalidURL):
            status = 0
        self.log.append({"webhook": hook.number, "topic": job.topic, "status": status})
        if 200 <= status < 300:
            hook.failures = 0
            self._shop.stats.webhooks["delivered"] += 1
            return True
        hook.failures += 1
        self._shop.stats.webhooks["failed"] += 1
        if hook.failures >= TRIES:
            self.hooks.pop(hook.gid, None)
            self._shop.stats.webhooks["deleted"] += 1
        return False
