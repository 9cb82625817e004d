"""What WooCommerce is to the connect form, and how its words translate into ours (STORES.md §1, §16)."""

from __future__ import annotations

from ..base import ConnectorInfo, FormField
from ..canonical import OrderStatus

INFO = ConnectorInfo(
    platform="woocommerce",
    label="WooCommerce",
    fields=(
        FormField("url", "Address of your shop", "For example https://shop.example.com", kind="url"),
        FormField("key", "Consumer key", "Begins with ck_", flag="--key"),
        FormField("secret", "Consumer secret", "Begins with cs_", secret=True, kind="password", flag="--secret"),
    ),
    order_statuses={
        "pending": OrderStatus.PENDING,
        "on-hold": OrderStatus.PENDING,
        "processing": OrderStatus.COMPLETED,
        "completed": OrderStatus.COMPLETED,
        "refunded": OrderStatus.REFUNDED,
        "cancelled": OrderStatus.CANCELLED,
        "failed": OrderStatus.FAILED,
        "checkout-draft": OrderStatus.IGNORED,
        "auto-draft": OrderStatus.IGNORED,
        "trash": OrderStatus.IGNORED,
    },
    streams=("categories", "products", "coupons", "customers", "orders"),
    webhooks=True,
    guide=(
        "In WordPress open WooCommerce → Settings → Advanced → REST API, choose “Add key”, permissions "
        "“Read/Write” and a user who manages the shop, then copy key and secret: they are shown only once."
    ),
)

ROUTES = {
    "categories": "products/categories",
    "products": "products",
    "coupons": "coupons",
    "customers": "customers",
    "orders": "orders",
}
