"""Seeded canonical records: a shop of any size, contact by contact (5 orders each, 3 lines an order)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from cartfolk.connectors.canonical import Address, Customer, Line, Order, OrderStatus, Product, Record, Refund

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ORDERS, LINES = 5, 3
_FIRST = ["Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Klara", "Leon"]
_LAST = ["Müller", "Schmidt", "Weber", "Fischer", "Wagner", "Becker", "Schulz", "Hoffmann", "Koch", "Bauer"]
_CITIES = [("Berlin", "10115"), ("Hamburg", "20095"), ("München", "80331"), ("Köln", "50667")]
PRODUCTS = 500


def products() -> list[Product]:
    return [
        Product(
            str(n), f"Product {n}", NOW, slug=f"product-{n}", sku=f"SKU-{n}", type="simple",
            categories=(f"category-{n % 20}",), url=f"https://shop.example/p/{n}",
        )
        for n in range(1, PRODUCTS + 1)
    ]  # fmt: skip


def contact(n: int, seed: int = 7) -> Iterator[Record]:
    """The account number ``n`` with its orders; one order in ten is unpaid, one in twenty partly refunded."""
    rng = random.Random(seed * 1_000_003 + n)
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    city, postal = rng.choice(_CITIES)
    email = f"customer{n}@example.com"
    address = Address(first, last, None, f"Hauptstraße {n % 200}", None, city, None, postal, "DE", None)
    joined = NOW - timedelta(days=rng.randint(30, 1500), seconds=rng.randint(0, 86_400))
    yield Customer(
        str(n), email, joined, created_at=joined, first_name=first, last_name=last, groups=("customer",),
        billing=address, shipping=address,
    )  # fmt: skip
    placed = joined
    for k in range(ORDERS):
        placed = min(NOW, placed + timedelta(days=rng.randint(1, 120), seconds=rng.randint(0, 86_400)))
        number = str(n * ORDERS + k)
        lines = []
        for _ in range(LINES):
            product, quantity = rng.randint(1, PRODUCTS), rng.randint(1, 4)
            price = Decimal(rng.randint(199, 9999)) / 100
            lines.append(
                Line(
                    f"Product {product}", Decimal(quantity), price * quantity, product_id=str(product),
                    sku=f"SKU-{product}", price=price,
                )
            )  # fmt: skip
        total = sum((line.total for line in lines), Decimal(0))
        dice = rng.random()
        refunds = (Refund(f"r{number}", (total / 2).quantize(Decimal("0.01")), placed),) if dice > 0.95 else ()
        paid = dice >= 0.1
        yield Order(
            number, number, OrderStatus.COMPLETED if paid else OrderStatus.PENDING,
            "completed" if paid else "on-hold", "EUR", total, placed, placed, customer_id=str(n), email=email,
            paid_at=placed if paid else None, billing=address, shipping_address=address,
            lines=tuple(lines), refunds=refunds, payment_method="invoice",
        )  # fmt: skip


def contacts(first: int, last: int) -> Iterator[Record]:
    """The records of accounts ``first`` (included) to ``last`` (excluded)."""
    for n in range(first, last):
        yield from contact(n)
