"""What Medusa is to the connect form, how its words translate into ours, and what is asked of its lists."""

from __future__ import annotations

from ..base import ConnectorInfo, FormField
from ..canonical import OrderStatus

INFO = ConnectorInfo(
    platform="medusa",
    label="Medusa",
    fields=(
        FormField(
            "url",
            "Address of your Medusa server",
            "For example https://api.shop.example.com: where the admin is under /app, not the storefront",
            kind="url",
        ),
        FormField("key", "Secret API key", "Begins with sk_", secret=True, kind="password", flag="--key"),
    ),
    # An order's own status is a flag of its workflow: only whether it was paid tells what it is worth.
    order_statuses={
        "not_paid": OrderStatus.PENDING,
        "awaiting": OrderStatus.PENDING,
        "authorized": OrderStatus.PENDING,
        "partially_authorized": OrderStatus.PENDING,
        "requires_action": OrderStatus.PENDING,
        "partially_captured": OrderStatus.COMPLETED,
        "captured": OrderStatus.COMPLETED,
        "partially_refunded": OrderStatus.COMPLETED,
        "refunded": OrderStatus.REFUNDED,
        "canceled": OrderStatus.CANCELLED,
        "failed": OrderStatus.FAILED,
        "draft": OrderStatus.IGNORED,
    },
    streams=("categories", "products", "coupons", "customers", "guests", "orders"),
    guide=(
        "In the Medusa admin open Settings → Developer → Secret API Keys, choose “Create” and copy the key: it is "
        "shown only once. Carts and live changes need the small subscriber in integrations/medusa as well."
    ),
    sentences=(
        "Medusa answers.",
        "Medusa answers, and moves to https: connect it with https://.",
        "There is no Medusa server at this address: enter the one where the admin is under /app. It is often "
        "another one than the storefront's.",
        "This is a publishable key, which is for storefronts. Make a secret key (it begins with sk_) under "
        "Settings → Developer → Secret API Keys.",
        "The secret key is accepted.",
        "The shop does not accept the secret key. It may have been revoked: make a new one under Settings → "
        "Developer → Secret API Keys and copy all of it.",
        "The key may not see %(what)s. Give its role the right to read them in Medusa, or make another key.",
        "The Medusa server has no list of %(what)s. Connect a server of Medusa 2.",
        "The shop refused to list %(what)s (%(status)s).",
        "The shop answered with something else than a list.",
        "The shop lists objects without %(column)s: they cannot be walked by time.",
        "The key may read %(what)s: %(number)s.",
        "Medusa sends no webhooks of its own: with the subscriber changes arrive within seconds, without it with the "
        "poll.",
        "created_at is missing: nobody knows when it was placed.",
        "payment_status is missing: nobody knows whether the order is paid.",
        "code is missing: a coupon is known by its code.",
        "currency_code is not a code of three letters but %(value)s.",
        "This delivery is not JSON. It is asked for again with the next poll.",
        "This object has an unexpected form.",
    ),
)

ORDER_FIELDS = (
    "id,display_id,custom_display_id,status,is_draft_order,email,customer_id,customer.has_account,currency_code,"
    "created_at,updated_at,canceled_at,total,credit_line_total,tax_total,discount_total,shipping_total,payment_status,"
    "fulfillment_status,summary,*items,*billing_address,*shipping_address,*payment_collections,"
    "*payment_collections.payments,*payment_collections.payments.captures,*payment_collections.payments.refunds,"
    "*fulfillments,*fulfillments.labels,promotions.code,cart.id"
)

CUSTOMER_FIELDS = (
    "id,email,first_name,last_name,company_name,phone,has_account,created_at,updated_at,groups.name,*addresses"
)
PRODUCT_FIELDS = (
    "id,title,handle,status,thumbnail,is_giftcard,created_at,updated_at,metadata,type.value,tags.value,categories.handle,"
    "variants.sku,*variants.prices"
)
FIELDS = {
    "categories": "id,name,handle,parent_category_id,created_at,updated_at",
    "products": PRODUCT_FIELDS,
    "coupons": "id,code,is_automatic,type,created_at,updated_at,*application_method",
    "customers": CUSTOMER_FIELDS,
    "guests": CUSTOMER_FIELDS,
    "orders": ORDER_FIELDS,
}
ROUTES = {
    "categories": "product-categories",
    "products": "products",
    "coupons": "promotions",
    "customers": "customers",
    "guests": "customers",
    "orders": "orders",
    "payments": "payments",
}
# One list holds both: a guest of an address and an account of the same address are two rows.
SCOPE: dict[str, dict[str, str]] = {"customers": {"has_account": "true"}, "guests": {"has_account": "false"}}
