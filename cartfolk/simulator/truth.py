"""What the shop's data means, worked out in plain Python, for tests to compare with.

Rules, independent of whoever imports the shop:

- An order *counts* when it was paid: states paid, fulfilled and refunded. Never unpaid, awaiting payment,
  failed, cancelled, draft, trashed or a state of a plugin.
- gross = the order's total; refunded = its refunds; net = gross − refunded. Amounts of different currencies
  are never added. In the home currency a foreign order is worth its amount divided by its own rate; without a
  rate it counts, and its amount is left out (`unvalued`).
- An order belongs to the *account* it was placed with. A guest order belongs to the account whose address it
  carries, else to the account that once ordered with that address, else to a *guest* of that address.
  Addresses are compared trimmed, in Unicode NFC and lower case. Drafts and trash make nobody a guest.
- An order without account and address belongs to nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from . import subscriptions
from .clock import utc_text
from .records import COUNTED, HIDDEN, Consent, Order, Product
from .world import World, normalise_email


@dataclass
class _Account:
    """What one person did."""

    customer_id: int | None
    emails: set[str] = field(default_factory=set)
    orders: int = 0
    counted: int = 0
    gross: Counter[str] = field(default_factory=Counter)
    refunded: Counter[str] = field(default_factory=Counter)
    home: Fraction = Fraction(0)
    unvalued: int = 0
    brands: set[str] = field(default_factory=set)
    first: int | None = None
    last: int | None = None
    consent: Consent | None = None

    def hear(self, consent: Consent | None) -> None:
        if consent is not None and (self.consent is None or consent.at >= self.consent.at):
            self.consent = consent

    def count(self, order: Order, home: str, products: Mapping[int, Product]) -> None:
        self.counted += 1
        self.brands |= {products[line.product_id].brand for line in order.lines if line.product_id in products}
        self.gross[order.currency] += order.total
        self.refunded[order.currency] += order.refunded
        if order.currency == home:
            self.home += Fraction(order.total - order.refunded, 100)
        elif order.rate is not None:
            self.home += Fraction(order.total - order.refunded, 100) / Fraction(order.rate)
        else:
            self.unvalued += 1
        self.first = order.created if self.first is None else min(self.first, order.created)
        self.last = order.created if self.last is None else max(self.last, order.created)

    def told(self) -> dict[str, Any]:
        return {
            "customer_id": self.customer_id,
            "emails": sorted(self.emails),
            "orders": self.orders,
            "counted_orders": self.counted,
            "currencies": {
                currency: {
                    "gross": amount_text(self.gross[currency]),
                    "refunded": amount_text(self.refunded[currency]),
                    "net": amount_text(self.gross[currency] - self.refunded[currency]),
                }
                for currency in sorted(self.gross)
            },
            "net_home": fraction_text(self.home),
            "unvalued_orders": self.unvalued,
            "first_order": utc_text(self.first) if self.first is not None else None,
            "last_order": utc_text(self.last) if self.last is not None else None,
            "brands": sorted(self.brands),
            "consent": self.consent.given if self.consent else None,
        }


def amount_text(hundredths: int) -> str:
    """`-12.05`."""
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"


def fraction_text(value: Fraction) -> str:
    """An exact sum, shown with six decimals."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return str(exact.quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN))


def account(world: World, words: Mapping[str, str], persons: bool = True) -> dict[str, Any]:
    """The account of the whole shop, JSON-ready; money as text in major units, times in UTC.

    In: the world, and the platform's `words` for our order states. `persons=False` leaves out the list
    of persons, which is long.
    """
    people = _people(world)
    totals: dict[str, Counter[str]] = {"gross": Counter(), "refunded": Counter()}
    for order in world.orders.values():
        if order.state in COUNTED:
            totals["gross"][order.currency] += order.total
            totals["refunded"][order.currency] += order.refunded
    guests = [key for key in people if key.startswith("guest:")]
    told: dict[str, Any] = {
        "shop": world.name,
        "home_currency": world.home,
        "timezone": world.clock.zone_name,
        "now": utc_text(world.clock.now()),
        "customers": len(world.customers),
        "customers_by_role": dict(sorted(Counter(c.role for c in world.customers.values()).items())),
        "guests": len(guests),
        "persons": len(people),
        "orders": sum(1 for order in world.orders.values() if order.state not in HIDDEN),
        "orders_by_status": dict(sorted(Counter(words[o.state] for o in world.orders.values()).items())),
        "counted_orders": sum(1 for order in world.orders.values() if order.state in COUNTED),
        "orders_without_identity": _count(world, lambda o: not o.customer_id and not o.billing.email.strip()),
        "counted_without_rate": _count(
            world, lambda o: o.state in COUNTED and o.currency != world.home and o.rate is None
        ),
        "refunds": len(world.refunds),
        "currencies": {
            currency: {
                "gross": amount_text(gross),
                "refunded": amount_text(totals["refunded"][currency]),
                "net": amount_text(gross - totals["refunded"][currency]),
            }
            for currency, gross in sorted(totals["gross"].items())
        },
        "subscriptions": subscriptions.told(world),
        "products": len(world.products),
        "coupons": len(world.coupons),
        "carts": [_cart(world, token) for token in world.carts],
        **world.facts,
    }
    if persons:
        told["people"] = {key: people[key].told() for key in sorted(people)}
    return told


def _count(world: World, question: Callable[[Order], bool]) -> int:
    return sum(1 for order in world.orders.values() if question(order))


def _people(world: World) -> dict[str, _Account]:
    people: dict[str, _Account] = {}
    owner: dict[str, str] = {}
    for customer in world.customers.values():
        key = f"customer:{customer.id}"
        person = people[key] = _Account(customer.id, {normalise_email(customer.email)})
        person.hear(customer.consent)
        owner[normalise_email(customer.email)] = key
    for order in world.orders.values():
        if order.customer_id and order.state not in HIDDEN and order.billing.email.strip():
            email = normalise_email(order.billing.email)
            people[f"customer:{order.customer_id}"].emails.add(email)
            owner.setdefault(email, f"customer:{order.customer_id}")
    for order in world.orders.values():
        if order.state in HIDDEN:
            continue
        if order.customer_id:
            key = f"customer:{order.customer_id}"
        elif order.billing.email.strip():
            email = normalise_email(order.billing.email)
            key = owner.get(email, f"guest:{email}")
            people.setdefault(key, _Account(None, {email}))
        else:
            continue
        person = people[key]
        person.orders += 1
        person.hear(order.consent)
        if order.state in COUNTED:
            person.count(order, world.home, world.products)
    return people


def _cart(world: World, token: str) -> dict[str, Any]:
    cart = world.carts[token]
    return {
        "cart_id": token,
        "email": cart.email,
        "customer_id": str(cart.customer_id) if cart.customer_id else None,
        "lines": len(cart.lines),
        "updated": utc_text(cart.updated),
        "checkout": cart.checkout,
        "recovered": cart.recovered,
        "order_id": str(cart.order_id) if cart.order_id else None,
    }
