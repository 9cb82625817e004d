"""How Saleor calls order states: an order's own, and that of its payment.

`STATUS` are the words a test uses for what happened; two of Saleor's words make one of them, see `STATE` and `CHARGE`.
"""

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
    DRAFT: "DRAFT",
    UNPAID: "NOT_CHARGED",
    AWAITING: "AUTHORIZED",
    FAILED: "CHARGE_FAILED",
    CANCELLED: "CANCELED",
    PAID: "FULLY_CHARGED",
    FULFILLED: "FULFILLED",
    REFUNDED: "FULLY_REFUNDED",
    TRASHED: "DELETED",
    PICKUP: "UNCONFIRMED",
}
STATE = {DRAFT: "DRAFT", CANCELLED: "CANCELED", FULFILLED: "FULFILLED", PICKUP: "UNCONFIRMED", FAILED: "EXPIRED"}
PERMISSIONS = ("MANAGE_ORDERS", "MANAGE_USERS", "MANAGE_CHECKOUTS", "MANAGE_PRODUCTS")
EVENTS = {
    ("order", "created"): ("ORDER_CREATED", "order"),
    ("order", "updated"): ("ORDER_UPDATED", "order"),
    ("customer", "created"): ("CUSTOMER_CREATED", "user"),
    ("customer", "updated"): ("CUSTOMER_UPDATED", "user"),
    ("product", "updated"): ("PRODUCT_UPDATED", "product"),
}
CHANNEL = {"id": "Q2hhbm5lbDox", "slug": "default-channel", "name": "Default"}  # Channel:1
DOMAIN = "nordlicht.example"
