"""People with facts as plain values, and the same people in the database: for the oracle and its comparison."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from cartfolk.core.sql import Connection, copy_rows
from cartfolk.properties.catalogue import PROPERTIES
from cartfolk.properties.catalogue.model import Property

BIRTHDAY = Property(
    name="birthday",
    label_en="Birthday",
    label_de="Geburtstag",
    group="contactinformation",
    type="date",
    definition_en="",
    definition_de="",
    computed=False,
)
ASKED = {
    name: PROPERTIES[name]
    for name in (
        "city",
        "country",
        "monetary_rating",
        "skus_bought",
        "marketing_newsletter",
        "total_value_of_orders",
        "total_number_of_orders",
        "createdate",
        "last_order_date",
        "hs_email_optout",
        "mobilephone",
    )
} | {"birthday": BIRTHDAY}
"""Properties of every kind, in both tables."""


@dataclass
class Line:
    position: int
    product_id: str | None
    variant_id: str | None
    sku: str | None
    name: str
    quantity: Decimal
    price: Decimal | None
    total: Decimal
    discount: Decimal


@dataclass
class Refund:
    external_id: str
    amount: Decimal
    created_at: datetime | None
    reason: str | None


@dataclass
class Order:
    number: int
    store: int
    external_id: str
    status: str
    currency: str
    rate: Decimal | None
    total: Decimal
    refunded: Decimal
    placed_at: datetime
    paid_at: datetime | None
    payment_method: str | None
    coupons: list[str]
    country: str | None
    guest: bool
    deleted: bool
    lines: list[Line]
    refunds: list[Refund]


@dataclass
class Cart:
    number: int
    store: int
    external_id: str
    state: str
    currency: str | None
    total: Decimal
    created_at: datetime
    version: datetime
    abandoned_at: datetime | None
    lines: list[Line]


@dataclass
class Person:
    number: int
    values: dict[str, Any] = field(default_factory=dict)
    changes: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    carts: list[Cart] = field(default_factory=list)
    steps: list[tuple[datetime, str, int, int, bool]] = field(default_factory=list)  # at, name, store, source, historic
    consents: list[tuple[str, datetime, str, str]] = field(default_factory=list)  # channel, at, status, source
    stores: list[int] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)


@dataclass
class Product:
    sku: str | None = None
    type: str | None = None
    categories: list[str] | None = None
    brand: str | None = None
    tags: list[str] | None = None


@dataclass
class World:
    people: list[Person]
    products: dict[tuple[int, str], Product]


CUTS: dict[str, tuple[Decimal | datetime, ...]] = {
    "total_value_of_orders": (Decimal("9.99"), Decimal(100), Decimal(100), Decimal("500.5")),
    "total_number_of_orders": (Decimal(1), Decimal(1), Decimal(2), Decimal(3)),
    "createdate": tuple(datetime(2026, month, 1, tzinfo=UTC) for month in (1, 4, 8, 11)),
    "last_order_date": tuple(datetime(year, 3, 31, 10, tzinfo=UTC) for year in (2024, 2025, 2026, 2027)),
}
"""Between the fifths; with ties, as many people have equal values."""
CITIES = ["Berlin", "berlin", "Ulm", "Bad Ems", "Köln"]
CODES = ["A", "B", "AB", "abc", "X-1"]
PRODUCTS = {
    (1, "p1"): Product("A", "simple", ["shoes", "sale"], "Nord", ["new", "red"]),
    (1, "p2"): Product("B", "bundle", ["shoes"], "nord", ["red"]),
    (1, "p3"): Product(categories=[], tags=[]),
    (2, "p1"): Product("AB", "simple", ["hats"], "Süd", []),
}
STORES = {1: ("completed", "refunded"), 2: ("completed",), 3: ("completed", "refunded", "pending")}
CURRENCIES = {1: "EUR", 2: "EUR", 3: "USD"}
STATES = ["completed", "completed", "completed", "refunded", "pending", "cancelled", "failed", "ignored"]
CARTS = ["open", "checkout", "abandoned", "abandoned", "expired", "ordered"]
STEPS = ["Order placed", "Order complete", "Abandoned Cart", "Cart started"]
SPANS = [
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(hours=1),
    timedelta(hours=23),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=7),
    timedelta(days=28),
    timedelta(days=30),
    timedelta(days=31),
    timedelta(days=90),
    timedelta(days=365),
    timedelta(days=366),
    timedelta(days=1461),
]


def populate(rng: random.Random, people: int, clocks: Sequence[datetime]) -> World:
    """People whose values and times lie where questions draw their borders."""
    maker = _Maker(rng, clocks)
    return World([maker.person(number) for number in range(1, people + 1)], dict(PRODUCTS))


class _Maker:
    def __init__(self, rng: random.Random, clocks: Sequence[datetime]) -> None:
        self.rng, self.clocks, self.number = rng, clocks, 0

    def moment(self) -> datetime:
        rng = self.rng
        shift = rng.choice(SPANS) + rng.choice([0, 0, 1, -1]) * rng.choice(SPANS[:5])
        return rng.choice(self.clocks) + rng.choice([1, -1, -1]) * shift

    def maybe(self, value: Any) -> Any:
        return value if self.rng.random() < 0.8 else None

    def value(self, name: str) -> Any:
        rng = self.rng
        match name:
            case "city" | "mobilephone" | "country":
                return rng.choice(CITIES)
            case "monetary_rating":
                return rng.choice("12345")
            case "skus_bought":
                return rng.sample(CODES, rng.randint(0, 3))
            case "marketing_newsletter":
                return rng.sample(["checkout", "registration", "other"], rng.randint(0, 2))
            case "total_value_of_orders":
                return rng.choice([Decimal("0"), Decimal("9.99"), Decimal("100"), Decimal("500.5"), Decimal("-3")])
            case "total_number_of_orders":
                return Decimal(rng.randint(0, 4))
            case "hs_email_optout":
                return rng.random() < 0.5
            case "birthday":
                return self.moment().date()
        return self.moment()

    def person(self, number: int) -> Person:
        rng = self.rng
        person = Person(number)
        for name in ASKED:
            person.values[name] = self.maybe(self.value(name))
        for _ in range(rng.randint(0, 3)):
            names = rng.sample(sorted(ASKED), rng.randint(1, 3))
            person.changes.append((self.moment(), {name: self.maybe(self.value(name)) for name in names}))
        person.orders = [self.order() for _ in range(rng.choice([0, 0, 1, 1, 2, 3, 5]))]
        person.carts = [self.cart() for _ in range(rng.choice([0, 0, 1, 2]))]
        for _ in range(rng.randint(0, 3)):
            self.number += 1
            person.steps.append((self.moment(), rng.choice(STEPS), rng.choice([1, 2]), self.number, rng.random() < 0.3))
        for _ in range(rng.choice([0, 0, 1, 2, 3])):
            person.consents.append(
                (
                    rng.choice(["email", "email", "sms"]),
                    self.moment(),
                    rng.choice(["granted", "granted", "withdrawn", "pending"]),
                    rng.choice(["checkout", "import", "sync"]),
                )
            )
        person.stores = sorted(rng.sample([1, 2, 3], rng.randint(0, 2)))
        person.segments = sorted(rng.sample([901, 902], rng.randint(0, 2)))
        return person

    def line(self, position: int) -> Line:
        rng = self.rng
        return Line(
            position,
            self.maybe(rng.choice(["p1", "p2", "p3", "p9"])),
            self.maybe("v1"),
            rng.choice([None, "", "A", "b", "X-1"]),
            rng.choice(CITIES),
            Decimal(rng.randint(1, 3)),
            self.maybe(Decimal(rng.choice([5, 10, 250]))),
            Decimal(rng.choice([5, 10, 500])),
            Decimal(rng.choice([0, 1])),
        )

    def order(self) -> Order:
        rng = self.rng
        self.number += 1
        currency = rng.choice(["EUR", "EUR", "EUR", "USD"])
        refunds = [
            Refund(str(place), Decimal(rng.choice([1, 5])), self.maybe(self.moment()), self.maybe("broken"))
            for place in range(rng.choice([0, 0, 0, 1, 2]))
        ]
        return Order(
            self.number,
            rng.choice([1, 1, 1, 2, 3]),
            str(self.number),
            rng.choice(STATES),
            currency,
            rng.choice([None, Decimal("0.9"), Decimal("2")]),
            Decimal(rng.choice([10, 100, 500, 501])),
            sum((refund.amount for refund in refunds), Decimal(0)),
            self.moment(),
            self.maybe(self.moment()),
            self.maybe(rng.choice(["paypal", "card"])),
            rng.sample(["SAVE", "NEW"], rng.choice([0, 0, 1, 2])),
            self.maybe(rng.choice(["DE", "AT"])),
            rng.random() < 0.3,
            rng.random() < 0.1,
            [self.line(position) for position in range(1, rng.choice([1, 2, 2, 3, 4]))],
            refunds,
        )

    def cart(self) -> Cart:
        rng = self.rng
        self.number += 1
        state = rng.choice(CARTS)
        return Cart(
            self.number,
            rng.choice([1, 2, 3]),
            str(self.number),
            state,
            rng.choice([None, "EUR", "USD"]),
            Decimal(rng.choice([50, 100, 101])),
            self.moment(),
            self.moment(),
            self.moment() if state == "abandoned" else None,
            [self.line(position) for position in range(1, rng.choice([1, 2, 3]))],
        )


def store(conn: Connection, world: World) -> None:
    """Writes the people into the empty tables of the rooms."""
    conn.execute("alter table contact_custom add column if not exists birthday date")
    conn.execute("create table if not exists contact_segment (contact_id bigint primary key, segments int[])")
    early = datetime(2000, 1, 1, tzinfo=UTC)
    for number, counted in STORES.items():
        conn.execute(
            "insert into store_rule (store_id, home_currency, live_from, counted, label, name)"
            " values (%s, %s, %s, %s, 'Shop', 'shop')",
            [number, CURRENCIES[number], early, list(counted)],
        )
    copy_rows(
        conn,
        "product",
        ("store_id", "external_id", "version", "received_at", "name", "sku", "type", "categories", "brand", "tags"),
        [(*key, early, early, "", p.sku, p.type, p.categories, p.brand, p.tags) for key, p in world.products.items()],
    )
    for table, computed in (("contact_property", True), ("contact_custom", False)):
        names = [name for name, item in ASKED.items() if (item.table == "contact_property") == computed]
        fixed: tuple[str, ...] = ("contact_id", "computed_at") if computed else ("contact_id",)
        rows = [
            (person.number, *((early,) if computed else ()), *(person.values[name] for name in names))
            for person in world.people
            if computed or any(person.values[name] is not None for name in names)
        ]
        copy_rows(conn, table, (*fixed, *names), rows)
    _facts(conn, world, early)


def _facts(conn: Connection, world: World, early: datetime) -> None:
    people = world.people
    copy_rows(conn, "contact_list", ("contact_id", "store_ids"), [(p.number, p.stores) for p in people])
    copy_rows(
        conn, "contact_segment", ("contact_id", "segments"), [(p.number, p.segments) for p in people if p.segments]
    )
    copy_rows(
        conn,
        "property_history",
        ("contact_id", "at", "source", "changes"),
        [(p.number, at, "import", Jsonb(changes, dumps=_dumps)) for p in people for at, changes in p.changes],
    )
    orders = [(p, order) for p in people for order in p.orders]
    copy_rows(
        conn,
        "orders",
        (
            *("contact_id", "order_id", "store_id", "external_id", "version", "received_at", "number", "status"),
            *("status_raw", "currency", "total", "tax", "shipping", "discount", "refunded", "rate", "detail"),
            *("placed_at", "paid_at", "customer_id", "billing", "coupons", "payment_method", "deleted_at"),
        ),
        [
            (
                *(p.number, o.number, o.store, o.external_id, early, early, o.external_id, o.status),
                *(o.status, o.currency, o.total, 0, 0, 0, o.refunded, o.rate, 0),
                *(o.placed_at, o.paid_at, None if o.guest else "7", Jsonb({"country": o.country} if o.country else {})),
                *(o.coupons, o.payment_method, early if o.deleted else None),
            )
            for p, o in orders
        ],
    )
    copy_rows(
        conn,
        "order_line",
        (
            *("contact_id", "order_id", "position", "store_id", "product_id", "variant_id", "sku", "name"),
            *("quantity", "price", "total", "tax", "discount"),
        ),
        [
            (
                *(p.number, o.number, line.position, o.store, line.product_id, line.variant_id, line.sku, line.name),
                *(line.quantity, line.price, line.total, 0, line.discount),
            )
            for p, o in orders
            for line in o.lines
        ],
    )
    copy_rows(
        conn,
        "refund",
        ("contact_id", "order_id", "external_id", "amount", "created_at", "reason"),
        [(p.number, o.number, r.external_id, r.amount, r.created_at, r.reason) for p, o in orders for r in o.refunds],
    )
    carts = [(p, cart) for p in people for cart in p.carts]
    copy_rows(
        conn,
        "cart",
        (
            *("contact_id", "cart_id", "store_id", "external_id", "version", "received_at", "created_at", "currency"),
            *("total", "subtotal", "tax", "detail", "state", "abandoned_at"),
        ),
        [
            (
                *(p.number, c.number, c.store, c.external_id, c.version, early, c.created_at, c.currency),
                *(c.total, c.total, 0, 0, c.state, c.abandoned_at),
            )
            for p, c in carts
        ],
    )
    copy_rows(
        conn,
        "cart_line",
        ("contact_id", "cart_id", "position", "product_id", "variant_id", "sku", "name", "quantity", "price", "total"),
        [
            (
                *(p.number, c.number, line.position, line.product_id, line.variant_id, line.sku, line.name),
                *(line.quantity, line.price, line.total),
            )
            for p, c in carts
            for line in c.lines
        ],
    )
    copy_rows(
        conn,
        "conversion",
        ("contact_id", "at", "name", "store_id", "source_id", "historic"),
        [(p.number, *step) for p in people for step in p.steps],
    )
    conn.cursor().executemany(
        "insert into consent_event (contact_id, store_id, channel, purpose, at, status, source, received_at)"
        " values (%s, 1, %s, 'marketing', %s, %s, %s, %s) on conflict do nothing",
        [(p.number, channel, at, status, source, early) for p in people for channel, at, status, source in p.consents],
    )


def _dumps(value: Any) -> str:
    def plain(item: Any) -> Any:
        if isinstance(item, Decimal):
            return float(item) if item % 1 else int(item)
        if isinstance(item, datetime):
            return item.isoformat().replace("+00:00", "Z")
        if isinstance(item, date):
            return item.isoformat()
        raise TypeError(type(item))

    return json.dumps(value, default=plain)
