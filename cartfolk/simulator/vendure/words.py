"""How Vendure calls order states. Shops add states of their own: here a pick-up and a payment that failed."""

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

STATUS = {
    DRAFT: "Draft",
    UNPAID: "ArrangingAdditionalPayment",
    AWAITING: "PaymentAuthorized",
    FAILED: "PaymentFailed",
    CANCELLED: "Cancelled",
    PAID: "PaymentSettled",
    FULFILLED: "Delivered",
    REFUNDED: "Refunded",  # for tests only: a refund does not change an order's state, see SHOWN
    TRASHED: "Trashed",
    PICKUP: "ReadyForPickup",
}
SHOWN = STATUS | {REFUNDED: "Delivered"}
PAYMENT = {AWAITING: "Authorized", PICKUP: "Authorized", FAILED: "Declined", CANCELLED: "Cancelled"}
ADMINISTRATOR = "cartfolk@nordlicht.example"
CHANNEL_TOKEN = "6v3k0d2p5x9a"  # noqa: S105 - storefronts show it to everybody
FORBIDDEN = "You are not currently authorized to perform this action"
