"""The things a shop consists of, in no platform's words.

Money is an integer number of hundredths of the record's currency (WooCommerce keeps two decimals for every
currency, also for those that have none or three). Times are UTC seconds. E-mails are kept as typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .names import BRANDS

# Order states. Platforms translate them into their own words.
DRAFT, UNPAID, AWAITING, FAILED, CANCELLED = "draft", "unpaid", "awaiting", "failed", "cancelled"
PAID, FULFILLED, REFUNDED, TRASHED, PICKUP = "paid", "fulfilled", "refunded", "trashed", "pickup"
STATES = (DRAFT, UNPAID, AWAITING, FAILED, CANCELLED, PAID, FULFILLED, REFUNDED, TRASHED, PICKUP)
COUNTED = frozenset({PAID, FULFILLED, REFUNDED})
HIDDEN = frozenset({DRAFT, TRASHED})


@dataclass(slots=True)
class Address:
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    address_1: str = ""
    address_2: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""
    email: str = ""
    phone: str = ""


@dataclass(slots=True)
class Consent:
    """One statement about the newsletter and when it was made."""

    given: bool
    at: int


@dataclass(slots=True)
class Visit:
    """Where the session that led to an order came from."""

    source_type: str
    source: str
    medium: str
    campaign: str
    referrer: str
    entry: str
    pages: int
    count: int
    device: str


@dataclass(slots=True)
class Category:
    id: int
    name: str
    slug: str
    parent: int = 0


@dataclass(slots=True)
class Variation:
    id: int
    sku: str
    price: int
    options: tuple[tuple[str, str], ...]
    image: str
    created: int


@dataclass(slots=True)
class Product:
    id: int
    name: str
    slug: str
    sku: str
    kind: str
    price: int
    tax_percent: int
    categories: tuple[int, ...]
    tags: tuple[int, ...]
    image: str
    created: int
    modified: int
    description: str = ""
    virtual: bool = False
    status: str = "publish"
    variations: list[Variation] = field(default_factory=list)

    @property
    def brand(self) -> str:
        """Who made it: a function of the number, so that no seeded shop changes."""
        return BRANDS[self.id % len(BRANDS)]


@dataclass(slots=True)
class Coupon:
    id: int
    code: str
    kind: str  # percent | fixed_cart | free_shipping
    amount: int
    created: int
    expires: int | None = None


@dataclass(slots=True)
class Customer:
    """A registered account, of whatever role."""

    id: int
    email: str
    first_name: str
    last_name: str
    username: str
    role: str
    created: int
    modified: int
    address: Address
    consent: Consent | None = None


@dataclass(slots=True)
class Line:
    id: int
    product_id: int
    variation_id: int
    name: str
    sku: str
    quantity: int
    subtotal: int
    subtotal_tax: int
    total: int
    total_tax: int
    options: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Charge:
    """A shipping method or a fee on an order."""

    id: int
    name: str
    code: str
    total: int
    tax: int


@dataclass(slots=True)
class UsedCoupon:
    id: int
    code: str
    kind: str
    nominal: int
    discount: int
    discount_tax: int


@dataclass(slots=True)
class RefundLine:
    id: int
    line: Line
    quantity: int
    total: int
    tax: int


@dataclass(slots=True)
class Refund:
    id: int
    order_id: int
    created: int
    amount: int
    reason: str
    lines: list[RefundLine] = field(default_factory=list)


@dataclass(slots=True)
class Order:
    id: int
    number: str
    state: str
    customer_id: int
    currency: str
    created: int
    modified: int
    billing: Address
    lines: list[Line]
    total: int = 0
    total_tax: int = 0
    paid_at: int | None = None
    completed_at: int | None = None
    tax_percent: int = 19
    shipping: list[Charge] = field(default_factory=list)
    fees: list[Charge] = field(default_factory=list)
    coupons: list[UsedCoupon] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    rate: str | None = None
    payment: str = "card"
    via: str = "checkout"
    visit: Visit | None = None
    consent: Consent | None = None
    cart: str | None = None
    note: str = ""
    renewal_of: int | None = None  # the subscription that made it

    @property
    def refunded(self) -> int:
        """Sum of all refunds, hundredths."""
        return sum(refund.amount for refund in self.refunds)


@dataclass(slots=True)
class Subscription:
    """An order that the shop repeats: ``order`` holds who, what and how much; times are UTC seconds."""

    order: Order
    parent: int  # the order it began with
    state: str = "active"  # active, paused or cancelled
    period: str = "month"
    interval: int = 1
    trial_end: int | None = None
    next_payment: int | None = None
    end: int | None = None


@dataclass(slots=True)
class CartLine:
    product: Product
    variation: Variation | None
    quantity: int


@dataclass(slots=True)
class Cart:
    """A basket as the shop sees it; only the ingest door ever hears of it."""

    token: str
    currency: str
    updated: int
    lines: list[CartLine] = field(default_factory=list)
    email: str | None = None
    customer_id: int | None = None
    first_name: str | None = None
    last_name: str | None = None
    order_id: int | None = None
    recovered: bool = False
    checkout: bool = False
    visit: Visit | None = None
