"""What the app asks the shop's permission for: exactly what `streams` and `checking` read, and its own webhooks."""

from __future__ import annotations

# One more association in `streams` needs its entity here and a new `app.VERSION`.
READ = (
    "order", "order_customer", "order_address", "order_line_item", "order_delivery", "order_transaction",
    "order_transaction_capture", "order_transaction_capture_refund", "state_machine_state", "customer",
    "customer_address", "customer_group", "country", "country_state", "currency", "language", "locale",
    "payment_method", "shipping_method", "newsletter_recipient", "product", "product_manufacturer", "product_media",
    "media", "category", "tag", "promotion", "promotion_discount", "sales_channel", "sales_channel_domain", "webhook",
)  # fmt: skip
# Shopware switches a webhook off after ten failures: the app switches its own on again, and takes away what an
# integration made before it.
RIGHTS: tuple[tuple[str, str], ...] = (
    *((entity, "read") for entity in READ),
    ("webhook", "create"),
    ("webhook", "update"),
    ("webhook", "delete"),
)
