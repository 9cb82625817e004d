"""Webhooks of a BigCommerce store: registered by an API account, seen by it alone, sent with ids only.

A delivery that fails is repeated; after the last repetition the webhook is switched off. Pauses of two days take
less than a second here. Carts have no listener in the world, so they are looked at between deliveries.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2

from ..faults import Faults
from ..stats import Stats
from ..world import World
from .accounts import Account, Accounts
from .lists import Refused
from .words import EVENTS, STORE

PAUSES = (0.01,) * 11  # between the tries of one delivery
IDLE = 3600  # a cart untouched for so long is abandoned
Data = dict[str, Any]


@dataclass(slots=True)
class Hook:
    id: int
    scope: str
    destination: str
    account: Account
    headers: dict[str, str] = field(default_factory=dict)
    is_active: bool = True
    made: int = 0

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "client_id": self.account.client_id,
            "store_hash": STORE,
            "scope": self.scope,
            "destination": self.destination,
            "headers": self.headers,
            "is_active": self.is_active,
            "created_at": self.made,
            "updated_at": self.made,
        }


class Hooks:
    """All webhooks of the store and the runners that send for them."""

    def __init__(self, world: World, faults: Faults, stats: Stats, accounts: Accounts, runners: int) -> None:
        self._world, self._faults, self._stats, self._accounts, self._runners = world, faults, stats, accounts, runners
        self._hooks: dict[int, Hook] = {}
        self._queue: asyncio.Queue[tuple[Hook, bytes, bool]] = asyncio.Queue()
        self._open = 0
        self._next = 20_000_000
        self._tasks: list[asyncio.Task[None]] = []
        self._client: httpx2.AsyncClient | None = None
        self._carts: dict[str, tuple[Any, ...]] = {}
        self._failures: dict[str, int] = {}
        self.log: deque[dict[str, Any]] = deque(maxlen=500)
        world.listeners.append(self._heard)

    async def start(self) -> None:
        self._client = httpx2.AsyncClient(follow_redirects=False, timeout=10, trust_env=False)
        self._tasks = [asyncio.create_task(self._run()) for _ in range(self._runners)]
        self._tasks.append(asyncio.create_task(self._watch_carts()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    @property
    def open(self) -> int:
        """Deliveries waiting or under way."""
        self._look_at_carts()
        return self._open

    # -- the resource

    def of(self, account: Account) -> list[dict[str, Any]]:
        return [hook.told() for hook in self._hooks.values() if hook.account is account]

    def change(self, method: str, account: Account, rest: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Creates, changes or deletes; raises Refused."""
        if method == "POST" and not rest:
            self._check(fields)
            self._next += 1
            hook = Hook(self._next, fields["scope"], fields["destination"], account, made=int(time.time()))
            self._hooks[hook.id] = hook
        else:
            found = self._hooks.get(int(rest)) if rest.isdecimal() else None
            if found is None or found.account is not account:
                raise Refused(404, "Hook not found")
            hook = found
            if method == "DELETE":
                return self._hooks.pop(hook.id).told()
        hook.is_active = bool(fields.get("is_active", hook.is_active))
        given = fields.get("headers") or hook.headers
        hook.headers = {name.lower(): value for name, value in given.items()}  # names do not keep their case
        return hook.told()

    def _check(self, fields: dict[str, Any]) -> None:
        parts = urlsplit(str(fields.get("destination") or ""))
        if not str(fields.get("scope", "")).startswith("store/") or not parts.hostname:
            raise Refused(422, "The scope or destination is not valid")
        if self._faults.strike("webhook_unsafe") and (parts.scheme != "https" or parts.port not in (None, 443)):
            raise Refused(422, "The destination must be served on port 443")

    def told(self) -> dict[str, Any]:
        return {"webhooks": [hook.told() for hook in self._hooks.values()], "deliveries": list(self.log)}

    def blocked(self) -> list[dict[str, Any]]:
        """Destinations that failed too often lately."""
        often = [host for host, failures in self._failures.items() if failures >= 2 * len(PAUSES)]
        return [{"destination": host, "time_left": 180, "reasons": []} for host in often]

    # -- what happens

    def _heard(self, kind: str, event: str, record_id: int) -> None:
        for scope in EVENTS.get((kind, event), ()):
            self._tell(scope, {"type": kind, "id": record_id})
        if kind == "customer":
            self._tell_of_customer(event, record_id)
        if kind == "order" and event == "updated":
            order = self._world.orders[record_id]
            if order.refunds and order.refunds[-1].created == order.modified:
                refund = {"refund_id": order.refunds[-1].id}
                self._tell("store/order/refund/created", {"type": "order", "id": record_id, "refund": refund})
        if kind == "order" and event == "created" and (cart := self._world.orders[record_id].cart):
            self._tell("store/cart/converted", {"type": "cart", "id": cart, "orderId": record_id})

    def _tell_of_customer(self, event: str, record_id: int) -> None:
        customer = self._world.customers.get(record_id)
        if customer is not None and customer.consent is not None and customer.consent.at == customer.modified:
            self._tell(f"store/subscriber/{event}", {"type": "subscriber", "id": record_id})
        if customer is not None and event == "created":
            address = {"type": "customer", "id": record_id * 10, "address": {"customer_id": record_id}}
            self._tell("store/customer/address/created", address)

    def _look_at_carts(self) -> None:
        now = self._world.clock.now()
        for token, cart in self._world.carts.items():
            idle = now - cart.updated >= IDLE
            state = (cart.updated, len(cart.lines), cart.email, cart.checkout, cart.order_id)
            known = self._carts.get(token)
            if known is None or known[:-1] != state:
                if cart.order_id is None and cart.lines:
                    event = "created" if known is None else "updated"
                    self._tell(f"store/cart/{event}", {"type": "cart", "id": token})
                known = (*state, False)
            if idle and not known[-1] and cart.order_id is None and cart.lines:
                self._tell("store/cart/abandoned", {"type": "cart", "id": token, "token": token[::-1]})
                known = (*state, True)
            self._carts[token] = known

    async def _watch_carts(self) -> None:
        while True:
            self._look_at_carts()
            await asyncio.sleep(0.02)

    def _tell(self, scope: str, data: Data) -> None:
        payload = {"scope": scope, "store_id": "1025646", "data": data, "created_at": int(time.time())}
        digest = hashlib.sha1(json.dumps(payload).encode(), usedforsecurity=False).hexdigest()
        body = json.dumps({**payload, "hash": digest, "producer": f"stores/{STORE}"}).encode()
        for hook in self._hooks.values():
            if hook.is_active and hook.scope == scope:
                self._put(hook, body, False)

    def _put(self, hook: Hook, body: bytes, held: bool) -> None:
        self._open += 1
        self._queue.put_nowait((hook, body, held))

    # -- sending

    async def _run(self) -> None:
        while True:
            hook, body, held = await self._queue.get()
            try:
                await self._handle(hook, body, held)
            finally:
                self._open -= 1

    async def _handle(self, hook: Hook, body: bytes, held: bool) -> None:
        if not held and self._faults.strike("webhook_reorder", hook.scope):
            if self._queue.empty():
                await asyncio.sleep(0.2)
            self._put(hook, body, True)
            return
        if late := self._faults.strike("webhook_latency", hook.scope):
            await asyncio.sleep(1.0 if late.seconds is None else late.seconds)
        if self._faults.strike("webhook_drop", hook.scope):
            self._stats.webhooks["dropped"] += 1
            return
        times = 2 if self._faults.strike("webhook_duplicate", hook.scope) else 1
        message = f"msg_{uuid.uuid4().hex}"
        for _ in range(times):
            for pause in (0.0, *PAUSES):
                await asyncio.sleep(pause)
                if not hook.is_active or hook.id not in self._hooks or await self._sent(hook, message, body):
                    break
            else:
                hook.is_active = False
                self._stats.webhooks["disabled"] += 1

    async def _sent(self, hook: Hook, message: str, body: bytes) -> bool:
        stamp = str(int(time.time()))
        key = hook.account.client_secret.encode()
        digest = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
            **hook.headers,
        }
        assert self._client is not None
        try:
            status = (await self._client.post(hook.destination, content=body, headers=headers)).status_code
        except (httpx2.HTTPError, httpx2.InvalidURL):
            status = 0
        good = 200 <= status < 300
        self.log.append({"webhook": hook.id, "topic": hook.scope, "status": status})
        self._stats.webhooks["delivered" if good else "failed"] += 1
        host = urlsplit(hook.destination).hostname or ""
        self._failures[host] = 0 if good else self._failures.get(host, 0) + 1
        return good
