"""Sending webhooks the way Saleor does.

The body is what the subscription asks for; this shop tells the id alone. It is signed with the shop's RSA key (JWS,
RS256, body left out), or with the webhook's secret if it has one. No answer and 5xx are tried again (five times; this
shop does not wait), any other answer is final.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from .documents import Json, order_key
from .lists import gid
from .words import DOMAIN, EVENTS

if TYPE_CHECKING:
    from .shop import App, SaleorShop

TRIES = 6


@dataclass(slots=True)
class Hook:
    id: str
    app: App
    fields: Json = field(default_factory=dict)

    def shown(self) -> Json:
        events = [{"eventType": name, "name": name} for name in self.fields.get("asyncEvents") or []]
        return {
            "id": self.id,
            "name": self.fields.get("name"),
            "targetUrl": self.fields.get("targetUrl") or "",
            "isActive": self.fields.get("isActive", True),
            "subscriptionQuery": self.fields.get("query"),
            "asyncEvents": events,
        }


class SigningKey:
    """The shop's key: `sign` a body, show the public half."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def public(self) -> Json:
        numbers = self._key.public_key().public_numbers()
        shown = {name: _encoded(value.to_bytes((value.bit_length() + 7) // 8)) for name, value in
                 (("n", numbers.n), ("e", numbers.e))}  # fmt: skip
        return {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.kid, **shown}

    def sign(self, body: bytes) -> str:
        header = {"alg": "RS256", "b64": False, "crit": ["b64"], "kid": self.kid, "typ": "JWT"}
        head = _encoded(json.dumps(header, separators=(",", ":")).encode())
        return f"{head}..{_encoded(self._key.sign(f'{head}.'.encode() + body, PKCS1v15(), SHA256()))}"


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Job:
    hook: str
    event: str
    body: bytes
    held: bool = False


class Delivery:
    """Webhooks, the queue of deliveries and the runners that work it off."""

    def __init__(self, shop: SaleorShop) -> None:
        self._shop = shop
        self.key = SigningKey("1")
        self.hooks: dict[str, Hook] = {}
        self.open = 0
        self.log: deque[Json] = deque(maxlen=500)
        self._last = 0
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

    def rotate(self) -> None:
        self.key = SigningKey(str(int(self.key.kid) + 1))

    # -- mutations

    def create(self, app: App, wanted: Json) -> Json:
        if "refused" in str(wanted.get("targetUrl")):
            return _error("targetUrl", "Invalid URL format.")
        self._last += 1
        hook = Hook(gid("Webhook", self._last), app, dict(wanted))
        self.hooks[hook.id] = hook
        return {"webhook": hook.shown(), "errors": []}

    def update(self, app: App, key: str, wanted: Json) -> Json:
        hook = self.hooks.get(key)
        if hook is None or hook.app is not app:
            return _error("id", "Couldn't resolve to a node")
        hook.fields |= wanted
        return {"webhook": hook.shown(), "errors": []}

    def delete(self, app: App, key: str) -> Json:
        hook = self.hooks.get(key)
        if hook is None or hook.app is not app:
            return _error("id", "Couldn't resolve to a node")
        del self.hooks[key]
        return {"webhook": hook.shown(), "errors": []}

    # -- deliveries

    def heard(self, kind: str, happened: str, record_id: int) -> None:
        """A listener of the world."""
        if (kind, happened) not in EVENTS:
            return
        event, subject = EVENTS[kind, happened]
        key = gid("Order", order_key(record_id)) if kind == "order" else gid(subject.title(), record_id)
        body = json.dumps({subject: {"id": key}}).encode()
        for hook in self.hooks.values():
            if hook.fields.get("isActive", True) and event in (hook.fields.get("asyncEvents") or []):
                self._put(Job(hook.id, event, body))

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
        if not job.held and faults.strike("webhook_reorder", job.event):
            if self._queue.empty():
                await asyncio.sleep(0.1)
            self._put(Job(job.hook, job.event, job.body, held=True))
            return
        if late := faults.strike("webhook_latency", job.event):
            await asyncio.sleep(1.0 if late.seconds is None else late.seconds)
        if faults.strike("webhook_drop", job.event):
            stats.webhooks["dropped"] += 1
            return
        for _ in range(2 if faults.strike("webhook_duplicate", job.event) else 1):
            for _try in range(TRIES):
                hook = self.hooks.get(job.hook)
                if hook is None or await self._send(hook, job):
                    break

    async def _send(self, hook: Hook, job: Job) -> bool:
        """One try; whether that was the last one."""
        assert self._client is not None
        secret = str(hook.fields.get("secretKey") or "")
        signature = self.key.sign(job.body)
        if secret:
            signature = hmac.new(secret.encode(), job.body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "Saleor-Event": job.event.lower(),
            "Saleor-Domain": DOMAIN,
            "Saleor-Api-Url": f"{self._shop.url}/graphql/",
            "Saleor-Signature": signature,
        }
        status = 0
        try:
            answer: Any = await self._client.post(hook.fields["targetUrl"], content=job.body, headers=headers)
            status = answer.status_code
        except (httpx2.HTTPError, httpx2.InvalidURL):
            status = 0
        self.log.append({"webhook": hook.id, "topic": job.event, "status": status})
        arrived = 200 <= status < 300
        self._shop.stats.webhooks["delivered" if arrived else "failed"] += 1
        return arrived or 300 <= status < 500


def _error(name: str, message: str) -> Json:
    return {"webhook": None, "errors": [{"field": name, "message": message, "code": "INVALID"}]}
