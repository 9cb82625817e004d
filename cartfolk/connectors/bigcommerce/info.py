"""What BigCommerce is to the connect form, and how its order states translate into ours (STORES.md §5, §16)."""

from __future__ import annotations

from ..base import ConnectorInfo, FormField
from ..canonical import OrderStatus

# Merchants rename their states, so a state is known by its number and told by the name BigCommerce gave it.
STATES = {
    0: "Incomplete",
    1: "Pending",
    2: "Shipped",
    3: "Partially Shipped",
    4: "Refunded",
    5: "Cancelled",
    6: "Declined",
    7: "Awaiting Payment",
    8: "Awaiting Pickup",
    9: "Awaiting Shipment",
    10: "Completed",
    11: "Awaiting Fulfillment",
    12: "Manual Verification Required",
    13: "Disputed",
    14: "Partially Refunded",
}
INCOMPLETE, REFUNDED, PARTIALLY_REFUNDED = 0, 4, 14
ARCHIVED = "Archived"  # what BigCommerce's "delete" of an order does

INFO = ConnectorInfo(
    platform="bigcommerce",
    label="BigCommerce",
    fields=(
        FormField(
            "url",
            "API path of your store",
            "Shown with the API account, for example https://api.bigcommerce.com/stores/abc123/v3/",
            kind="url",
        ),
        FormField("token", "Access token", secret=True, kind="password", flag="--token"),
        FormField(
            "client_secret",
            "Client secret",
            "BigCommerce signs its webhooks with it.",
            secret=True,
            required=False,
            kind="password",
            flag="--client-secret",
        ),
    ),
    order_statuses={
        "Incomplete": OrderStatus.IGNORED,
        "Pending": OrderStatus.PENDING,
        "Awaiting Payment": OrderStatus.PENDING,
        "Manual Verification Required": OrderStatus.PENDING,
        "Awaiting Fulfillment": OrderStatus.COMPLETED,
        "Awaiting Shipment": OrderStatus.COMPLETED,
        "Awaiting Pickup": OrderStatus.COMPLETED,
        "Partially Shipped": OrderStatus.COMPLETED,
        "Shipped": OrderStatus.COMPLETED,
        "Completed": OrderStatus.COMPLETED,
        "Partially Refunded": OrderStatus.COMPLETED,
        "Disputed": OrderStatus.COMPLETED,  # paid; a dispute that is lost ends as a refund
        "Refunded": OrderStatus.REFUNDED,
        "Cancelled": OrderStatus.CANCELLED,
        "Declined": OrderStatus.CANCELLED,
        "Archived": OrderStatus.IGNORED,
    },
    streams=("categories", "products", "coupons", "customers", "subscribers", "orders", "carts"),
    webhooks=True,
    guide=(
        "In BigCommerce open Settings → Store-level API accounts and create a V2/V3 API token with these scopes: "
        "Customers, Orders, Products, Marketing, Carts, Checkouts and Information & settings, all read-only. "
        "Copy the API path, access token and client secret at once: they are shown only once."
    ),
    sentences=(
        "This is not an API path. Copy it from the API account: it looks like "
        "https://api.bigcommerce.com/stores/abc123/v3/.",
        "There is no BigCommerce store under this API path. Copy it again from the API account.",
        "BigCommerce does not accept the access token. Copy it again, or create a new API account under "
        "Settings → Store-level API accounts.",
        "The API account may not read %(what)s. Under Settings → Store-level API accounts give it the scope "
        "“%(scope)s”, read-only.",
        "BigCommerce refused to list %(what)s (%(status)s).",
        "BigCommerce refused a webhook (%(status)s).",
        "The access token is accepted.",
        "The API account may read the store's settings.",
        "The API account may list coupons.",
        "The API account may look at carts.",
        "%(active)s of %(expected)s webhooks are active. But BigCommerce sends to https addresses on port 443 only, "
        "and %(address)s is none. Until something arrives, the poll brings the changes.",
        "%(active)s of %(expected)s webhooks are active. But BigCommerce has blocked this server for a moment because "
        "it answered too few webhooks; it sends again in %(minutes)s minutes.",
        "status_id is missing: the order cannot be judged.",
        "total_inc_tax is missing: the order has no value.",
        "date_created is missing: nobody knows when it was placed.",
        "email is missing: a subscriber is known by it.",
        "code is missing: a coupon is known by its code.",
        "This object has an unexpected form.",
        "This delivery is not JSON. It is asked for again with the next poll.",
        "Too many changes at once; we come back.",
    ),
)
