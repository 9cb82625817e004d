"""A tiny shop in memory for tests of the inbox: its connector keeps the contract and nothing more."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from cartfolk.connectors.base import (
    CheckReport,
    CheckStep,
    Connector,
    ConnectorInfo,
    FormField,
    Hint,
    Page,
    StoreConfig,
    Window,
)
from cartfolk.connectors.canonical import BadRecord, Customer, Mapped, Order, OrderStatus, Product
from cartfolk.connectors.errors import SignatureInvalid
from cartfolk.core.sql import Connection
from cartfolk.stores import credentials, lookup
from cartfolk.stores.models import Store

T0 = datetime(2026, 3, 1, 10, tzinfo=UTC)


class TinyShop(Connector):
    """``transport`` is the shop: {"customers": {id: raw}, ...}; ``errors`` are raised one by one before answers."""

    info = ConnectorInfo(
        "tiny",
        "Tiny",
        (FormField("url", "Address", kind="url"), FormField("key", "Key", secret=True, flag="--api-key")),
        {"paid": OrderStatus.COMPLETED},
        ("products", "customers", "orders"),
        webhooks=True,
        guide="Keys are under Settings.",
    )
    page_size = 10

    def __init__(self, config: StoreConfig, transport: Any) -> None:
        super().__init__(config, transport)
        self.shop: dict[str, dict[str, Any]] = transport or {}
        shared = self.shop.setdefault("_", {"errors": [], "asked": [], "unreadable": set(), "delay": 0, "steps": False})
        self.errors: list[Exception] = shared["errors"]
        self.asked: list[tuple[Any, ...]] = shared["asked"]
        self.unreadable: set[str] = shared["unreadable"]
        self.shared = shared

    async def _answer(self, *asked: Any) -> None:
        self.asked.append(asked)
        await asyncio.sleep(self.shared["delay"])
        if self.errors:
            raise self.errors.pop(0)

    async def check(self) -> CheckReport:
        keys = (CheckStep("keys", True, "fine"),)
        return CheckReport(keys, "Tiny shop", "EUR", "UTC", self.shared.get("fingerprint", "tiny.example"))

    async def counts(self) -> dict[str, int | None]:
        await self._answer("counts")
        return {stream: len(self.shop.get(stream, {})) for stream in self.info.streams}

    async def windows(self, stream: str, until: datetime) -> list[Window]:
        return [Window(stream, "even", "0"), Window(stream, "odd", "1")]

    async def page(self, window: Window, cursor: str | None) -> Page:
        await self._answer("page", window.stream, window.key, cursor)
        rows = sorted((int(key), raw) for key, raw in self.shop.get(window.stream, {}).items())
        rows = [row for row in rows if row[0] % 2 == int(window.start or 0) and row[0] > int(cursor or -1)]
        part = rows[: self.page_size]
        self._refuse(part)
        return self._page(part, str(part[-1][0]) if len(rows) > len(part) else None)

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        keys = sorted(int(key) for key in self.shop.get(window.stream, {}))
        keys = [key for key in keys if key % 2 == int(window.start or 0) and key > int(cursor or -1)]
        return str(keys[0]) if self.shared["steps"] and keys else None

    def _refuse(self, part: list[tuple[int, Any]]) -> None:
        from cartfolk.connectors.errors import PageUnreadable

        if any(str(key) in self.unreadable for key, _raw in part):
            raise PageUnreadable("The shop answers with half a page.")

    def _page(self, part: list[tuple[int, Any]], cursor: str | None) -> Page:
        return Page(json.dumps([raw for _key, raw in part]).encode(), len(part), cursor)

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        await self._answer("changes", stream, cursor, since)
        rows = sorted((int(key), raw) for key, raw in self.shop.get(stream, {}).items())
        part = [row for row in rows if row[0] > int(cursor or -1)][: self.page_size]
        return self._page(part, str(part[-1][0]) if part else (cursor or "-1"))

    async def fetch(self, stream: str, ids: Any) -> Page:
        await self._answer("fetch", stream, tuple(ids))
        part = [(int(one), self.shop[stream][one]) for one in ids if one in self.shop.get(stream, {})]
        self._refuse([(int(one), None) for one in ids])
        return self._page(part, None)

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        records: list[Any] = []
        bad: list[BadRecord] = []
        for raw in json.loads(body):
            key = str(raw["id"])
            if raw.get("broken"):
                bad.append(BadRecord(stream[:-1], key, "total", "is no number", json.dumps(raw)))
            elif stream == "customers":
                records.append(Customer(key, raw.get("email"), T0))
            elif stream == "products":
                records.append(Product(key, "Thing", T0))
            else:
                records.append(
                    Order(key, key, OrderStatus.COMPLETED, "paid", "EUR", Decimal(1), T0, T0, email=raw.get("email"))
                )
        return Mapped(tuple(records), tuple(bad))

    def webhook(self, headers: Any, body: bytes) -> Hint:
        wanted = hmac.new(self.config.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(headers.get("x-signature", ""), wanted):
            raise SignatureInvalid("The signature does not fit.")
        told = json.loads(body)
        if told.get("ping"):
            return Hint("", (), ignore="a ping")
        return Hint(told["stream"], tuple(told["ids"]), bool(told.get("deleted")))


def add_store(conn: Connection, name: str = "tiny", url: str = "https://tiny.example", key: str = "k1") -> Store:
    """A connected store row."""
    return lookup.read(
        conn,
        "save_store",
        {
            "name": name, "platform": "tiny", "url": url, "shop_name": "Tiny", "credentials": credentials.seal({}),
            "webhook_secret": credentials.seal("hook secret"),
            "ingest_secret": credentials.seal("whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ="),
            "key": key, "home_currency": "EUR", "timezone": "UTC", "fingerprint": "tiny.example",
            "allow_private_address": False, "settings": Jsonb({}), "idle_minutes": 60, "max_concurrency": 3,
            "learned": Jsonb({}),
            "at": T0 - timedelta(days=1),
        },
    )[0]  # fmt: skip


def rows(count: int, **more: Any) -> dict[str, Any]:
    return {str(key): {"id": key, **more} for key in range(1, count + 1)}


def tiny(store: Store, **streams: Any) -> TinyShop:
    return TinyShop(credentials.config(store), dict(streams))
