"""Webhooks as Shopware sends them: ids only for what was written, the object for what happened; signed with its secret
for an app, unsigned otherwise.

A failed delivery is repeated three times; then it is an error of the webhook, and the tenth error switches it off.
User and password in the address become Basic authorization.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from collections import deque
from typing import Any

import httpx2

from ..faults import Faults
from ..stats import Stats
from .documents import Json
from .words import LIVE, VERSION

ERRORS = 10
_PAUSES = (0.0, 0.001, 0.002, 0.004)  # seconds; the original waits 1, 2 and 4


class Delivery:
    """The queue of deliveries; one runner, so they leave in order."""

    def __init__(self, webhooks: dict[str, Json], faults: Faults, stats: Stats) -> None:
        self._webhooks = webhooks
        self._faults = faults
        self._stats = stats
        self._queue: asyncio.Queue[tuple[Json, Json]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.open = 0
        self.log: deque[dict[str, Any]] = deque(maxlen=500)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def tell(self, event: str, payload: Any, url: str, moment: int) -> None:
        """Queue a delivery for every active webhook on the event."""
        for webhook in self._webhooks.values():
            if not webhook["active"] or webhook["eventName"] != event:
                continue
            told = payload
            if isinstance(payload, list) and webhook["onlyLiveVersion"]:
                # PHP filters without numbering anew: what is no list any more is written as an object.
                kept = {str(at): each for at, each in enumerate(payload) if each.get("versionId", LIVE) == LIVE}
                told = list(kept.values()) if list(kept) == [str(at) for at in range(len(kept))] else kept
            body = {
                "data": {"payload": told, "event": event},
                "source": {"url": url, "eventId": uuid.uuid4().hex} | webhook.get("source", {}),
                "timestamp": moment,
            }
            self.open += 1
            self._queue.put_nowait((webhook, body))

    async def _run(self) -> None:
        async with httpx2.AsyncClient(follow_redirects=False, timeout=20, trust_env=False) as client:
            while True:
                webhook, body = await self._queue.get()
                try:
                    await self._handle(client, webhook, body)
                finally:
                    self.open -= 1

    async def _handle(self, client: httpx2.AsyncClient, webhook: Json, body: Json) -> None:
        event = body["data"]["event"]
        # What an app is told last is that it is gone.
        if (webhook["id"] not in self._webhooks and event != "app.deleted") or not webhook["active"]:
            return
        if self._faults.strike("webhook_drop", event):
            self._stats.webhooks["dropped"] += 1
            return
        times = 2 if self._faults.strike("webhook_duplicate", event) else 1
        for _ in range(times):
            await self._send(client, webhook, event, json.dumps(body).replace("/", "\\/").encode())

    async def _send(self, client: httpx2.AsyncClient, webhook: Json, event: str, body: bytes) -> None:
        headers = {"Content-Type": "application/json", "sw-version": VERSION}
        if secret := webhook.get("secret"):
            headers["shopware-shop-signature"] = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        status = 0
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            try:
                status = (await client.post(webhook["url"], content=body, headers=headers)).status_code
            except (httpx2.HTTPError, httpx2.InvalidURL):
                status = 0
            if 200 <= status < 300:
                break
        self.log.append({"webhook": webhook["id"], "event": event, "status": status})
        if 200 <= status < 300:
            self._stats.webhooks["delivered"] += 1
            webhook["errorCount"] = 0
            return
        self._stats.webhooks["failed"] += 1
        webhook["errorCount"] += 1
        if webhook["errorCount"] >= ERRORS:
            webhook.update(active=False, errorCount=0)
            self._stats.webhooks["disabled"] += 1
