"""How BigCommerce calls things."""

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

STORE = "simhash42"  # the store's hash: every address of its API contains it

STATUS_ID = {
    DRAFT: 0,
    UNPAID: 1,
    REFUNDED: 4,
    CANCELLED: 5,
    FAILED: 6,
    AWAITING: 7,
    FULFILLED: 10,
    PAID: 11,
    PICKUP: 12,
    TRASHED: 11,  # archived: the state stays and ``is_deleted`` is set
}
STATUS = {
    DRAFT: "Incomplete",
    UNPAID: "Pending",
    REFUNDED: "Refunded",
    CANCELLED: "Cancelled",
    FAILED: "Declined",
    AWAITING: "Awaiting Payment",
    FULFILLED: "Completed",
    PAID: "Awaiting Fulfillment",
    PICKUP: "Manual Verification Required",
    TRASHED: "Archived",
}
RENAMED = {FULFILLED: "Delivered & happy"}  # what the merchant made of a state's name
GROUPS = {"subscriber": 1, "shop_manager": 2, "editor": 3, "author": 4, "contributor": 5, "administrator": 6}
PAYMENTS = {"card": "Credit Card", "paypal": "PayPal", "bank_transfer": "Bank Deposit", "invoice": "Pay by Invoice"}

SCOPES = frozenset({"store", "customers", "orders", "products", "marketing", "carts", "checkouts"})
EVENTS = {
    ("order", "created"): ("store/order/created",),
    ("order", "updated"): ("store/order/updated",),
    ("order", "deleted"): ("store/order/archived",),
    ("customer", "created"): ("store/customer/created",),
    ("customer", "updated"): ("store/customer/updated",),
    ("customer", "deleted"): ("store/customer/deleted",),
    ("product", "created"): ("store/product/created",),
    ("product", "updated"): ("store/product/updated",),
    ("product", "deleted"): ("store/product/deleted",),
}
