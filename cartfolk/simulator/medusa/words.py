"""How Medusa calls things: payment and fulfilment states, ids and times."""

from __future__ import annotations

from datetime import UTC, datetime

from ..records import (
    AWAITING,
    CANCELLED,
    COUNTED,
    DRAFT,
    FAILED,
    FULFILLED,
    PAID,
    PICKUP,
    REFUNDED,
    TRASHED,
    UNPAID,
    Order,
)

# One word a state, for tests to ask for; `payment_status` and the other two are worked out below.
WORDS = {
    DRAFT: "draft",
    UNPAID: "not_paid",
    AWAITING: "authorized",
    FAILED: "requires_action",
    CANCELLED: "canceled",
    PAID: "captured",
    FULFILLED: "fulfilled",
    REFUNDED: "refunded",
    TRASHED: "deleted",
    PICKUP: "awaiting",
}
_GUEST = 10**12  # ids of guests' customers: far from those of accounts


def payment_status(order: Order) -> str:
    if order.state in COUNTED and order.refunded:
        return "refunded" if order.refunded >= order.total else "partially_refunded"
    return "captured" if order.state in COUNTED else WORDS[order.state]


def order_status(order: Order) -> str:
    """A flag of the workflow: pending says nothing about money, and archived only that somebody tidied up."""
    if order.state == CANCELLED:
        return "canceled"
    if order.state == FULFILLED:
        return "archived" if order.id % 7 == 0 else "completed"
    return "pending"


def named(kind: str, number: int) -> str:
    """An id in the form of Medusa's: it sorts as the time of creation does."""
    return f"{kind}_01{number:024d}"


def numbered(text: str) -> int:
    """The number in such an id; 0 for any other text."""
    digits = text.rpartition("_01")[2]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def guest_id(first_order: int) -> str:
    return named("cus", _GUEST + first_order)


def milliseconds(moment: int, number: int) -> int:
    """Medusa's times have milliseconds; ours get theirs from the record's number."""
    return moment * 1000 + number % 1000


def time_text(stamp: int) -> str:
    whole, rest = divmod(stamp, 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
