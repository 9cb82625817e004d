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
    streams=("categories", "products", "coupons", "customers", "orders", "subscriptions"),
    webhooks=True,
    guide=(
        "In WordPress open WooCommerce → Settings → Advanced → REST API, choose “Add key”, permissions "
        "“Read/Write” and a user who manages the shop, then copy key and secret: they are shown only once."
    ),
    sentences=(
        "WordPress answers, but WooCommerce does not: activate the WooCommerce plugin.",
        "WooCommerce's REST API answers.",
        "WooCommerce's REST API answers (by plain permalinks).",
        "Consumer key and secret are accepted.",
        "The key may not be used for this (%(what)s): in WooCommerce → Settings → Advanced → REST API set its"
        " permissions to Read/Write.",
        "The shop does not accept the consumer key and secret. Copy both again, or make a new key under "
        "WooCommerce → Settings → Advanced → REST API.",
        "The user this key belongs to may not see %(what)s. Make the key for an administrator or shop manager.",
        "The shop has no WooCommerce REST API for %(what)s at this address. Check the address, and that "
        "WooCommerce is active.",
        "The shop refused to list %(what)s (%(status)s).",
        "%(active)s of %(expected)s webhooks are active. But WordPress sends to public addresses on the ports"
        " 80, 443 and 8080 only, and %(address)s is none, unless a filter in the shop allows it. Until "
        "something arrives, the poll brings the changes.",
        "date_created_gmt is missing: nobody knows when it was placed.",
        "code is missing: a coupon is known by its code.",
        "The shop sent an error instead of the object (%(code)s): check the webhook's user.",
    ),
)

ROUTES = {
    "categories": "products/categories",
    "products": "products",
    "coupons": "coupons",
    "customers": "customers",
    "orders": "orders",
    "subscriptions": "subscriptions",  # of the plugin WooCommerce Subscriptions; answers as orders do
}
