"""How this shop calls things. Its owner has renamed and renumbered the order states, as owners do."""

from __future__ import annotations

from dataclasses import dataclass

from ..names import RATES
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


@dataclass(frozen=True, slots=True)
class State:
    """An order state: what it is called, and the flags that say what it does."""

    id: int
    name: str
    flags: frozenset[str] = frozenset()


STATES = {
    UNPAID: State(11, "Noch nicht bezahlt"),
    AWAITING: State(10, "Wartet auf Überweisung"),
    FAILED: State(31, "Zahlung abgelehnt"),
    CANCELLED: State(32, "Storniert"),
    PAID: State(27, "Zahlung eingegangen", frozenset({"paid", "logable", "invoice"})),
    FULFILLED: State(29, "Unterwegs", frozenset({"paid", "logable", "invoice", "shipped", "delivery"})),
    REFUNDED: State(33, "Erstattet", frozenset({"invoice"})),
    PICKUP: State(41, "Abholbereit"),
}
ROLES = {"PS_OS_CANCELED": STATES[CANCELLED].id, "PS_OS_ERROR": STATES[FAILED].id, "PS_OS_REFUND": STATES[REFUNDED].id}
WORDS = {state: found.name for state, found in STATES.items()} | {DRAFT: "draft", TRASHED: "trash"}

CURRENCIES = {code: number for number, code in enumerate(["EUR", *sorted(set(RATES) - {"EUR"})], start=2)}
LANGUAGES = {1: "de", 2: "en"}
PAYMENTS = {
    "card": ("ps_checkout", "Kreditkarte"),
    "paypal": ("ps_checkout", "PayPal"),
    "bank_transfer": ("ps_wirepayment", "Banküberweisung"),
    "invoice": ("invoicepayment", "Kauf auf Rechnung"),
}
