"""The canonical records: what every platform's data becomes before anything downstream sees it.

Plain values only: no Django, no database. Money is ``Decimal`` in major units of ``currency``
(exactly as many decimals as the shop sent), times are aware UTC datetimes, text is NFC Unicode with HTML
entities already decoded, ids are the shop's own, as text. ``updated_at`` is the record's *source
version*: a record is applied only if it is not older than what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

ZERO = Decimal(0)


class OrderStatus(StrEnum):
    """Our own closed set; the shop's word is kept beside it as ``status_raw`` (STORES.md §16)."""

    PENDING = "pending"  # placed, not paid
    COMPLETED = "completed"  # paid, whether shipped or not: a counted order
    REFUNDED = "refunded"  # paid once, given back in full: counted, its value is total - refunds
    CANCELLED = "cancelled"
    FAILED = "failed"
    IGNORED = "ignored"  # drafts and rubbish: kept, but never shown as an order


class ConsentStatus(StrEnum):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Address:
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None  # ISO 3166-1 alpha-2
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where a shopper came from, as the shop or the tracking script saw it."""

    source_type: str | None = None  # organic, utm, referral, typein, admin ...
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    referrer: str | None = None
    entry_url: str | None = None
    pages: int | None = None
    visits: int | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """An account in the shop. ``registered=False`` marks the row some shops write for a guest order."""

    external_id: str
    email: str | None
    updated_at: datetime
    created_at: datetime | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    phone: str | None = None
    groups: tuple[str, ...] = ()  # customer group or user role
    registered: bool = True
    language: str | None = None
    billing: Address | None = None
    shipping: Address | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order or a cart. ``total`` is after discount and with tax."""

    name: str
    quantity: Decimal
    total: Decimal
    external_id: str | None = None
    product_id: str | None = None
    variant_id: str | None = None
    sku: str | None = None
    price: Decimal | None = None  # of one unit
    tax: Decimal = ZERO
    discount: Decimal = ZERO
    url: str | None = None
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    external_id: str
    amount: Decimal  # positive
    created_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """The terms under which the shop repeats an order."""

    period: str | None = None  # day, week, month, year
    interval: int | None = None  # every how many periods
    parent_id: str | None = None  # the order it began with
    trial_ends_at: datetime | None = None
    next_payment_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order; with ``subscription`` the agreement to repeat one, which itself never counts (docs/decisions/0024)."""

    external_id: str
    number: str
    status: OrderStatus
    status_raw: str
    currency: str
    total: Decimal  # gross: with tax and shipping, after discount, before refunds
    placed_at: datetime
    updated_at: datetime
    tax: Decimal = ZERO
    shipping: Decimal = ZERO
    discount: Decimal = ZERO
    rate: Decimal | None = None  # home currency units for one unit of ``currency``; None = not known
    paid_at: datetime | None = None
    completed_at: datetime | None = None
    customer_id: str | None = None  # None or absent account = guest
    email: str | None = None
    phone: str | None = None
    billing: Address | None = None
    shipping_address: Address | None = None
    lines: tuple[Line, ...] = ()
    refunds: tuple[Refund, ...] = ()
    coupons: tuple[str, ...] = ()
    payment_method: str | None = None
    cart_id: str | None = None  # token of the cart it came from
    fulfilment_status: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    tracking_carrier: str | None = None
    shipped_at: datetime | None = None
    attribution: Attribution | None = None
    subscription: Subscription | None = None
    renewal_of: str | None = None  # the subscription this order was made by


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart as it stood at ``updated_at``; every version received is one moment of its history."""

    external_id: str  # the cart token
    updated_at: datetime
    currency: str | None = None
    total: Decimal = ZERO
    subtotal: Decimal = ZERO
    tax: Decimal = ZERO
    created_at: datetime | None = None
    customer_id: str | None = None
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    url: str | None = None  # restores the cart in the shop
    lines: tuple[Line, ...] = ()  # empty = emptied
    checkout: bool = False  # this moment happened in the checkout
    recovered: bool = False  # this moment is a click on the recovery link
    order_id: str | None = None  # set once the cart became an order
    attribution: Attribution | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """One entry of the consent ledger: who agreed or withdrew, when, where, to which words."""

    status: ConsentStatus
    at: datetime
    source: str  # checkout, registration, newsletter form, import ...
    email: str | None = None
    customer_id: str | None = None
    phone: str | None = None
    channel: str = "email"
    purpose: str = "marketing"
    wording: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Product:
    external_id: str
    name: str
    updated_at: datetime
    slug: str | None = None
    sku: str | None = None
    type: str | None = None
    categories: tuple[str, ...] = ()  # slugs
    brand: str | None = None  # manufacturer, vendor: its name
    tags: tuple[str, ...] = ()  # names
    url: str | None = None
    image_url: str | None = None
    price: Decimal | None = None
    parent_id: str | None = None  # of a variant


@dataclass(frozen=True, slots=True)
class Category:
    external_id: str
    name: str
    slug: str
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Coupon:
    external_id: str
    code: str
    updated_at: datetime
    kind: str | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """The shop says the object is gone (``kind``: customer, order, product, category, coupon)."""

    kind: str
    external_id: str
    at: datetime


Record = Customer | Order | Cart | Consent | Product | Category | Coupon | Deleted


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that could not be read: it waits in quarantine, its page goes on."""

    kind: str
    external_id: str | None
    field: str
    reason: str  # one sentence: what is wrong and what to do
    raw: str  # the record's own JSON


@dataclass(frozen=True, slots=True)
class Mapped:
    """What one delivery holds once read."""

    records: tuple[Record, ...] = ()
    bad: tuple[BadRecord, ...] = ()
