"""How WooCommerce calls things: order states, currency symbols, payment methods, versions."""

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

VERSION = "11.2.0"
WORDPRESS = "7.0.1"
USER_AGENT = f"WooCommerce/{VERSION} Hookshot (WordPress/{WORDPRESS})"

STATUS = {
    DRAFT: "checkout-draft",
    UNPAID: "pending",
    AWAITING: "on-hold",
    FAILED: "failed",
    CANCELLED: "cancelled",
    PAID: "processing",
    FULFILLED: "completed",
    REFUNDED: "refunded",
    TRASHED: "trash",
    PICKUP: "awaiting-pickup",  # from a plugin: the `wc-` prefix is already cut off
}
STATE = {word: state for state, word in STATUS.items()}

SUBSCRIPTION = {"active": "active", "paused": "on-hold", "cancelled": "cancelled"}
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "KWD": "د.ك"}
PAYMENTS = {
    "card": ("stripe", "Credit Card (Stripe)"),
    "paypal": ("ppcp-gateway", "PayPal"),
    "bank_transfer": ("bacs", "Direktüberweisung"),
    "invoice": ("invoice", "Kauf auf Rechnung"),
}
ROLES = (
    "all",
    "administrator",
    "editor",
    "author",
    "contributor",
    "subscriber",
    "customer",
    "shop_manager",
)

TOPICS = frozenset(
    f"{resource}.{event}"
    for resource in ("coupon", "customer", "order", "product")
    for event in ("created", "updated", "deleted", "restored")
)
SUBSCRIPTION_TOPICS = frozenset(
    f"subscription.{event}" for event in ("created", "updated", "deleted", "restored")
)  # with the plugin only
HOOKS = {
    "order.created": ["woocommerce_new_order"],
    "order.updated": [
        "woocommerce_update_order",
        "woocommerce_order_refunded",
        "woocommerce_delete_order_refund",
    ],
    "order.deleted": ["wp_trash_post", "woocommerce_trash_order"],
    "customer.created": ["user_register", "woocommerce_created_customer", "woocommerce_new_customer"],
    "customer.updated": ["profile_update", "woocommerce_update_customer"],
    "customer.deleted": ["delete_user"],
}
