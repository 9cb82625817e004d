"""Carts go to Cartfolk's own door: envelopes signed by the Standard Webhooks scheme."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import httpx2

from .checkout import is_taxed, price_in
from .clock import utc_text
from .records import Cart, CartLine
from .stats import Stats
from .truth import amount_text as money
from .world import ShopError, World

BATCH = 500
_PAUSES = (0.2, 1.0, 3.0)  # seconds before another try


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>` over id, time and body. The secret reads `whsec_<base64>`; ShopError if it does not."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ShopError("ingest: secret must be whsec_ followed by base64; copy it again from the store") from None
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def envelope(world: World, cart: Cart, kind: str, shop_url: str, sequence: int, country: str) -> dict[str, Any]:
    """The cart as it stands, as an event of `kind` cart or checkout; amounts include tax."""
    taxed = is_taxed(world, country)
    lines = [_line(world, item, cart.currency, shop_url) for item in cart.lines]
    gross = [_price(world, item, cart.currency) * item.quantity for item in cart.lines]
    net = [
        (full * 200 + 100 + percent) // (2 * (100 + percent))
        for item, full in zip(cart.lines, gross, strict=True)
        for percent in (item.product.tax_percent if taxed else 0,)
    ]
    visit = cart.visit
    return {
        "id": f"{cart.token}-{sequence}",
        "kind": kind,
        "occurred_at": utc_text(cart.updated),
        "object": {
            "cart_id": cart.token,
            "email": cart.email,
            "phone": None,
            "customer_id": str(cart.customer_id) if cart.customer_id else None,
            "first_name": cart.first_name,
            "last_name": cart.last_name,
            "currency": cart.currency,
            "total": money(sum(gross)),
            "subtotal": money(sum(net)),
            "tax": money(sum(gross) - sum(net)),
            "url": f"{shop_url}/cart/?restore={cart.token}",
            "order_id": str(cart.order_id) if cart.order_id else None,
            "lines": lines,
            "page_url": f"{shop_url}/{'checkout' if kind == 'checkout' else 'cart'}/",
            "referrer": visit.referrer if visit else "",
            "utm": {"source": visit.source, "medium": visit.medium, "campaign": visit.campaign} if visit else {},
            "recovered": cart.recovered,
        },
    }


def _price(world: World, item: CartLine, currency: str) -> int:
    return price_in(item.variation.price if item.variation else item.product.price, currency, world.home)


def _line(world: World, item: CartLine, currency: str, shop_url: str) -> dict[str, Any]:
    price = _price(world, item, currency)
    return {
        "product_id": str(item.product.id),
        "variant_id": str(item.variation.id) if item.variation else None,
        "sku": item.variation.sku if item.variation else item.product.sku,
        "name": item.product.name,
        "quantity": item.quantity,
        "price": money(price),
        "total": money(price * item.quantity),
        "url": f"{shop_url}/product/{item.product.slug}/",
        "image_url": item.variation.image if item.variation else item.product.image,
    }


class IngestDoor:
    """Sends envelopes in order, in batches when they pile up; without an address they are dropped."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._url: str | None = None
        self._secret = self._site = ""
        self._waiting: list[dict[str, Any]] = []
        self._sending = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self, url: str, secret: str, site: str = "") -> None:
        """Send to `url` from now on, as the shop that is configured to be at `site`. Raises ShopError if the secret
        has not the form whsec_<base64>."""
        if not secret.startswith("whsec_"):
            raise ShopError("ingest: secret must start with whsec_; copy it again from the store's page")
        signature(secret, "check", 0, b"")
        self._url, self._secret, self._site = url, secret, site

    def send(self, event: dict[str, Any]) -> None:
        if self._url is None:
            self._stats.ingest["unsent"] += 1
            return
        self._waiting.append({**event, "site": self._site} if self._site else event)
        self._wake.set()

    @property
    def pending(self) -> int:
        return len(self._waiting) + self._sending

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        async with httpx2.AsyncClient(timeout=20, trust_env=False) as client:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                    self._sending = len(batch)
                    await self._post(client, batch)
                    self._sending = 0

    async def _post(self, client: httpx2.AsyncClient, batch: list[dict[str, Any]]) -> None:
        assert self._url is not None
        body = json.dumps(batch[0] if len(batch) == 1 else batch, separators=(",", ":")).encode()
        message_id = f"msg_{uuid.uuid4().hex}"
        for pause in (0.0, *_PAUSES):
            await asyncio.sleep(pause)
            now = int(time.time())
            headers = {
                "content-type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": str(now),
                "webhook-signature": signature(self._secret, message_id, now, body),
            }
            try:
                answer = await client.post(self._url, content=body, headers=headers)
            except (httpx2.HTTPError, httpx2.InvalidURL):
                continue
            if answer.is_success:
                self._stats.ingest["delivered"] += len(batch)
                return
            if answer.status_code < 500 and answer.status_code != 429:
                break  # refused: asking again would not help
        self._stats.ingest["lost"] += len(batch)
