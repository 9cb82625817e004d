"""How Magento 1 calls things: statuses and the states they belong to, payment methods, customer groups."""

from __future__ import annotations

from ..records import AWAITING, CANCELLED, DRAFT, FAILED, FULFILLED, PAID, PICKUP, REFUNDED, TRASHED, UNPAID

STATUS = {
    UNPAID: "pending_payment",
    AWAITING: "pending",
    FAILED: "payment_failed",  # a status of the shop's own, in the state canceled
    CANCELLED: "canceled",
    PAID: "processing",
    FULFILLED: "complete",
    REFUNDED: "closed",
    PICKUP: "awaiting_pickup",  # one of a module, in the state holded
    DRAFT: "draft",  # neither exists in this shop: such orders are in no list
    TRASHED: "trash",
}
STATE = {
    UNPAID: "pending_payment",
    AWAITING: "new",
    FAILED: "canceled",
    CANCELLED: "canceled",
    PAID: "processing",
    FULFILLED: "complete",
    REFUNDED: "closed",
    PICKUP: "holded",
}
PAYMENTS = {"card": "ccsave", "paypal": "paypal_express", "bank_transfer": "banktransfer", "invoice": "checkmo"}
GROUPS = ((0, "NOT LOGGED IN"), (1, "General"), (2, "Wholesale"), (3, "Retailer"))

INTERNAL, DENIED, PATH_UNKNOWN, SESSION, PARAMETER = 1, 2, 3, 5, 6
FAULTS = {
    INTERNAL: "Internal Error. Please see log for details.",
    DENIED: "Access denied.",
    PATH_UNKNOWN: "Invalid api path.",
    SESSION: "Session expired. Try to relogin.",
    PARAMETER: 'Required parameter is missing, for more details see "exception.log".',
}
