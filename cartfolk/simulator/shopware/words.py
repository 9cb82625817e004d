"""How Shopware calls things: payment states, well-known ids, events."""

from __future__ import annotations

from ..records import (
    AWAITING,
    CANCELLED,
    DRAFT,
    FAILED,
    FULFILLED,
    PAID,
    PICKUP,
    REFUNDED,
    TRASHED,
    UNPAID,
)

VERSION = "6.7.2.0"
LIVE = "0fa91ce3e96a4bc2be4bd9ce752c3425"
HOME_CURRENCY = "b7d2554b0ce847cd82f3ac9bd1c0dfca"
STOREFRONT = "8a243080f92e4c719546314b577cf82b"

# Shopware has neither drafts nor a bin; the words are only there to be asked for. A completed order is a paid one.
STATUS = {
    DRAFT: "draft",
    UNPAID: "open",
    AWAITING: "unconfirmed",
    FAILED: "failed",
    CANCELLED: "cancelled",
    PAID: "paid",
    FULFILLED: "completed",
    REFUNDED: "refunded",
    TRASHED: "trashed",
    PICKUP: "awaiting_pickup",  # from a plugin
}
PAYMENTS = {"card": "Kreditkarte", "paypal": "PayPal", "bank_transfer": "Vorkasse", "invoice": "Rechnung"}

# Ids look like UUIDs without dashes; ours end in the number of the world's record.
_KINDS = (
    "order", "customer", "guest", "product", "variation", "category", "coupon", "currency", "recipient", "address",
    "transaction", "attempt", "capture", "refund", "delivery", "line", "order_customer", "webhook", "group", "state",
    "channel", "country", "method", "shipping_discount",
)  # fmt: skip


def uuid(kind: str, number: int) -> str:
    """`0190` and the kind, then the number: in order of time, as UUIDs of version 7 are."""
    return f"0190{_KINDS.index(kind):02x}7f7aa77{number:019x}"


def number(kind: str, key: str) -> int | None:
    """The record's number, None if the id is not of that kind."""
    head = uuid(kind, 0)[:13]
    return int(key[13:], 16) if len(key) == 32 and key.startswith(head) else None


ENTITIES = (
    "order", "order-transaction", "order-transaction-capture-refund", "order-delivery", "customer", "customer-address",
    "newsletter-recipient", "product", "category", "promotion", "currency", "sales-channel", "webhook",
)  # fmt: skip
_HOOKED = ("order", "customer", "product", "category")
HOOKABLE = tuple(f"{entity}.{what}" for entity in _HOOKED for what in ("written", "deleted"))
