"""Sending webhooks the way WooCommerce does.

One job waits per (webhook, record); the body is built when the job runs, so it shows the record as it is
then. Nothing is sent again: an answer outside 200..302 adds to a counter, and the failure that finds the
counter above five, the seventh in a row, disables the webhook. Redirects are not followed and count as
success. The delivery id is made of the webhook and the second, so it repeats within a second.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import ipaddress
import json
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from ..faults import Faults
from ..stats import Stats
from .auth import Key
from .words import USER_AGENT

TIMEOUT = 60.0


@dataclass(slots=True)
class Webhook:
    """A registered webhook; `owner` is the key whose user sees the body."""

    id: int
    name: str
    status: str  # active | paused | disabled
    topic: str
    delivery_url: str
    secret: str
    created: int
    modified: int
    owner: Key
    failures: int = 0
    pending_delivery: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    webhook_id: int
    record_id: int
    topic: str
    held: bool = False


def php_json(body: Any) -> bytes:
    """JSON as PHP writes it: slashes and everything beyond ASCII escaped."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#039;": "'", "&#39;": "'", "&#x27;": "'"}


def htmlspecialchars_decode(text: str) -> str:
    """PHP's function of that name with ENT_QUOTES: once, and only what marks up HTML."""
    return re.sub("|".join(_ENTITIES), lambda found: _ENTITIES[found[0]], text)


class Delivery:
    """The queue of deliveries and the runners that work it off."""

    def __init__(
        self,
        webhooks: dict[int, Webhook],
        build: Callable[[Webhook, str, int], Any],
        home_url: Callable[[], str],
        faults: Faults,
        stats: Stats,
        runners: int,
    ) -> None:
        self._webhooks = webhooks
        self._build = build
        self._home_url = home_url
        self._faults = faults
        self._stats = stats
        self._runners = runners
        self._waiting: set[tuple[int, int]] = set()
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._open = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._client: httpx2.AsyncClient | None = None
        self.log: deque[dict[str, Any]] = deque(maxlen=500)

    async def start(self) -> None:
        self._client = httpx2.AsyncClient(follow_redirects=False, timeout=TIMEOUT, trust_env=False)
        self._tasks = [asyncio.create_task(self._run()) for _ in range(self._runners)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def heard(self, kind: str, event: str, record_id: int) -> None:
        """A listener of the world: queue a delivery for every active webhook on the topic."""
        topic = f"{kind}.{event}"
        for webhook in self._webhooks.values():
            if webhook.status != "active" or webhook.topic != topic:
                continue
            key = (webhook.id, record_id)
            if key in self._waiting:
                self._stats.webhooks["coalesced"] += 1
                continue
            self._waiting.add(key)
            self._put(Job(webhook.id, record_id, topic))

    def _put(self, job: Job) -> None:
        self._open += 1
        self._queue.put_nowait(job)

    @property
    def open(self) -> int:
        """Deliveries waiting or under way."""
        return self._open

    async def ping(self, webhook: Webhook) -> None:
        """The unsigned form post that follows creation; only exactly 200 ends "pending delivery"."""
        self._stats.webhooks["pings"] += 1
        if self._refused(webhook.delivery_url):
            return
        assert self._client is not None
        with contextlib.suppress(httpx2.HTTPError, httpx2.InvalidURL):
            answer = await self._client.post(
                webhook.delivery_url,
                content=f"webhook_id={webhook.id}",
                headers={"Content-Type": "application/x-www-form-urlencoded", "User-Agent": USER_AGENT},
                timeout=5,
            )
            webhook.pending_delivery = answer.status_code != 200

    async def _run(self) -> None:
        while True:
            job = await self._queue.get()
            try:
                await self._handle(job)
            finally:
                self._open -= 1

    async def _handle(self, job: Job) -> None:
        if not job.held and self._faults.strike("webhook_reorder", job.topic):
            self._stats.webhooks["held_back"] += 1
            if self._queue.empty():
                await asyncio.sleep(0.2)
            self._put(Job(job.webhook_id, job.record_id, job.topic, held=True))
            return
        if late := self._faults.strike("webhook_latency", job.topic):
            await asyncio.sleep(1.0 if late.seconds is None else late.seconds)
        self._waiting.discard((job.webhook_id, job.record_id))
        webhook = self._webhooks.get(job.webhook_id)
        if webhook is None or webhook.status != "active":
            return
        if self._faults.strike("webhook_drop", job.topic):
            self._stats.webhooks["dropped"] += 1
            return
        times = 2 if self._faults.strike("webhook_duplicate", job.topic) else 1
        self._stats.webhooks["duplicated"] += times - 1
        body = php_json(self._build(webhook, job.topic, job.record_id))
        for _ in range(times):
            await self._send(webhook, job, body)

    async def _send(self, webhook: Webhook, job: Job, body: bytes) -> None:
        resource, _dot, event = webhook.topic.partition(".")
        secret = htmlspecialchars_decode(webhook.secret)
        signature = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        same_within_a_second = f"{webhook.id}{int(time.time())}"
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-WC-Webhook-Source": f"{self._home_url()}/",
            "X-WC-Webhook-Topic": webhook.topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-WC-Webhook-ID": str(webhook.id),
            "X-WC-Webhook-Delivery-ID": hashlib.sha256(same_within_a_second.encode()).hexdigest()[:32],
        }
        status = 0
        if not self._refused(webhook.delivery_url):
            assert self._client is not None
            try:
                answer = await self._client.post(webhook.delivery_url, content=body, headers=headers)
                status = answer.status_code
            except (httpx2.HTTPError, httpx2.InvalidURL):
                status = 0
        self.log.append({"webhook": webhook.id, "topic": webhook.topic, "id": job.record_id, "status": status})
        if 200 <= status < 303:
            self._stats.webhooks["delivered"] += 1
            webhook.failures = 0
            return
        self._stats.webhooks["failed"] += 1
        if webhook.failures > 5:
            webhook.status = "disabled"
            self._stats.webhooks["disabled"] += 1
        else:
            webhook.failures += 1

    def _refused(self, url: str) -> bool:
        """WordPress' guard against requests into the own network, if switched on."""
        if not self._faults.strike("webhook_unsafe", url):
            return False
        parts = urlsplit(url)
        try:
            private = ipaddress.ip_address(parts.hostname or "").is_private
        except ValueError:
            private = parts.hostname == "localhost"
        return private or parts.port not in (None, 80, 443, 8080)
