"""Shopify's words: versions, states, permissions, topics."""

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

VERSION = "2026-10"
NEXT_VERSION = "2027-01"
DOMAIN = "simulated.myshopify.com"

# One word a state, for tests; what an order shows of them is told by several fields (`documents.financial`).
STATUS = {
    DRAFT: "DRAFT",
    UNPAID: "PENDING",
    AWAITING: "AUTHORIZED",
    FAILED: "EXPIRED",
    CANCELLED: "CANCELLED",
    PAID: "PAID",
    FULFILLED: "FULFILLED",
    REFUNDED: "REFUNDED",
    TRASHED: "DELETED",
    PICKUP: "VOIDED",
}
EVERYTHING = ("read_customers", "read_orders", "read_all_orders", "read_products", "read_customer_merge")
SUBSCRIPTIONS = "read_own_subscription_contracts"
SCOPES = {
    "read_write": EVERYTHING,
    "read": EVERYTHING,
    "write": (),
    "no_history": tuple(scope for scope in EVERYTHING if scope != "read_all_orders"),
    "no_orders": ("read_customers", "read_products"),
    "no_merge": tuple(scope for scope in EVERYTHING if scope != "read_customer_merge"),
}
HISTORY = 60 * 86400  # seconds of orders an app sees without read_all_orders

TOPICS = {
    ("customer", "created"): "CUSTOMERS_CREATE",
    ("customer", "updated"): "CUSTOMERS_UPDATE",
    ("customer", "deleted"): "CUSTOMERS_DELETE",
    ("order", "created"): "ORDERS_CREATE",
    ("order", "updated"): "ORDERS_UPDATED",
    ("order", "deleted"): "ORDERS_DELETE",
    ("product", "updated"): "PRODUCTS_UPDATE",
    ("subscription", "updated"): "SUBSCRIPTION_CONTRACTS_UPDATE",
}
NEEDS = {"CUSTOMERS_MERGE": "read_customer_merge", "CUSTOMERS": "read_customers", "ORDERS": "read_orders"}
NEEDS |= {"REFUNDS": "read_orders", "CHECKOUTS": "read_orders", "PRODUCTS": "read_products"}
NEEDS |= {"COLLECTIONS": "read_products", "SUBSCRIPTION": SUBSCRIPTIONS}


def topic_header(topic: str) -> str:
    """ORDERS_UPDATED as a delivery names it: orders/updated."""
    resource, _, event = topic.lower().rpartition("_")
    return f"{resource}/{event}"
