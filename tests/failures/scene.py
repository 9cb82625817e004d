"""A shop of a test's own in the database that all tests of this folder share, and the people who shop there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import psycopg

from cartfolk import pipeline
from cartfolk.commerce import rules
from cartfolk.connectors.canonical import Cart, Line, Order, OrderStatus, Record
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import deliveries
from cartfolk.stores import credentials
from cartfolk.stores.models import Store

_NUMBERS = count(1)
TEA = Line("Tea", Decimal(1), Decimal("9.50"), sku="TEA-1", product_id="1")


class Scene:
    """``at`` is three days ago; ``ago(...)`` is a moment before now. Everything told is handled at once, as a worker
    does it."""

    def __init__(self, conn: Connection, url: str, *, live_from: datetime | None = None, platform: str = "woocommerce"):
        self.conn, self.url, self.number = conn, url, next(_NUMBERS)
        self.now = now()
        self.at = self.now - timedelta(days=3)
        self.made = Store.objects.create(
            name=f"shop{self.number}", platform=platform, url="https://shop.example", shop_name="Tea & Co",
            credentials=credentials.seal({"key": "k", "secret": "s"}), webhook_secret=credentials.seal("w"),
            ingest_secret=credentials.seal("whsec_c2VjcmV0"), key=f"key{self.number}", home_currency="EUR",
            fingerprint="shop.example", connected_at=self.at, live_from=live_from or self.ago(days=30),
        )  # fmt: skip
        self.store = int(self.made.pk)
        self.rule()

    def rule(self, **more: Any) -> None:
        known = {"home_currency": "EUR", "live_from": self.made.live_from, "label": "WooCommerce", "name": "shop"}
        rules.save(self.conn, self.store, **(known | {"idle": timedelta(minutes=60)} | more))

    def ago(self, **span: float) -> datetime:
        return self.now - timedelta(**span)

    def email(self, name: str = "anna") -> str:
        return f"{name}.{self.number}@example.net"

    # --- telling -------------------------------------------------------------------------------------

    def tell(self, *records: Record, lane: int = pipeline.LIVE) -> None:
        """Records as a connector read them, in one delivery."""
        with psycopg.connect(self.url, autocommit=True) as identity, self.conn.transaction():
            pipeline.apply(self.conn, identity, [pipeline.Received(one, self.store, self.now) for one in records], lane)
        self.refresh()

    def page(self, stream: str, *raw: dict[str, Any]) -> None:
        """A page as the shop sends it."""
        body = json.dumps(raw).encode()
        deliveries.store(self.conn, self.store, "page", stream, body, self.now, lane=deliveries.BULK)
        self.handle()

    def handle(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as identity:
            for lane in (pipeline.LIVE, pipeline.BULK):
                while pipeline.drain(self.conn, identity, lane):
                    pass
        self.refresh()

    def refresh(self) -> None:
        for lane in (pipeline.LIVE, pipeline.BULK):
            while pipeline.refresh_dirty(self.conn, lane):
                pass

    def order(self, number: int, total: str = "10.00", **more: Any) -> Order:
        """A paid order of Anna's, placed at ``at``."""
        known = {
            "number": str(number), "status": OrderStatus.COMPLETED, "status_raw": "completed", "currency": "EUR",
            "placed_at": self.at, "updated_at": self.at, "email": self.email(), "lines": (TEA,),
        }  # fmt: skip
        return Order(external_id=str(number), total=Decimal(total), **(known | more))

    def cart(self, at: datetime, name: str = "c", **more: Any) -> Cart:
        known = {"currency": "EUR", "total": Decimal("9.50"), "email": self.email(), "lines": (TEA,)}
        return Cart(external_id=name, updated_at=at, **(known | more))

    # --- looking -------------------------------------------------------------------------------------

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.conn.execute(statement, values).fetchall()  # type: ignore[arg-type]

    def contact(self, email: str = "") -> int:
        ((number,),) = self.rows("select contact_id from identity where value = %s", email or self.email())
        return int(number)

    def values(self, *names: str, email: str = "") -> tuple[Any, ...]:
        """Properties of a contact: Anna unless another address is named."""
        (row,) = self.rows(
            f"select {', '.join(names)} from contact_property where contact_id = %s", self.contact(email)
        )
        return row

    def value(self, name: str, email: str = "") -> Any:
        (value,) = self.values(name, email=email)
        return value

    def contacts(self) -> int:
        """How many people this shop told of."""
        ((number,),) = self.rows(
            "select count(distinct contact_id) from (select contact_id from reference where store_id = %s"
            " union select contact_id from identity where store_id = %s) t",
            self.store, self.store,
        )  # fmt: skip
        return int(number)

    def conversions(self, email: str = "") -> list[str]:
        found = self.rows("select name from conversion where contact_id = %s order by at, name", self.contact(email))
        return [name for (name,) in found]

    def cart_states(self) -> list[str]:
        found = self.rows("select state from cart where store_id = %s order by external_id", self.store)
        return [state for (state,) in found]


def dump(conn: Connection, but: Sequence[str] = ()) -> str:
    """Every table as text."""
    tables = conn.execute(
        "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    ).fetchall()
    return "\n".join(
        str(row) for (name,) in tables if name not in but for row in conn.execute(f"select t::text from {name} t")
    )
