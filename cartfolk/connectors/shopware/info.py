"""What Shopware is to the connect form, and how its words translate into ours (STORES.md §9, §16)."""

from __future__ import annotations

from ..base import ConnectorInfo, FormField
from ..canonical import OrderStatus
from .app import ShopwareApp

INFO = ConnectorInfo(
    platform="shopware",
    label="Shopware",
    fields=(
        FormField("url", "Address of your shop", "For example https://shop.example.com", kind="url"),
        FormField("key", "Access key ID", "Begins with SWIA. Empty: Cartfolk comes as an app.", required=False),
        FormField(
            "secret",
            "Secret access key",
            "Empty as well, if it comes as an app.",
            secret=True,
            required=False,
            kind="password",
        ),
    ),
    # Words of the payment (order_transaction); the order's own state only says something where there is no payment.
    order_statuses={
        "open": OrderStatus.PENDING,
        "in_progress": OrderStatus.PENDING,
        "authorized": OrderStatus.PENDING,
        "unconfirmed": OrderStatus.PENDING,
        "reminded": OrderStatus.PENDING,
        "paid": OrderStatus.COMPLETED,
        "paid_partially": OrderStatus.COMPLETED,
        "refunded_partially": OrderStatus.COMPLETED,
        "completed": OrderStatus.COMPLETED,
        "refunded": OrderStatus.REFUNDED,
        "cancelled": OrderStatus.CANCELLED,
        "failed": OrderStatus.FAILED,
        "chargeback": OrderStatus.FAILED,
    },
    streams=("categories", "products", "coupons", "customers", "guests", "subscribers", "orders"),
    webhooks=True,
    guide=(
        "There are two ways. As an app, which is easier and has signed webhooks: leave both keys empty, and the next "
        "page has the app to install in your shop. Or with keys: in the Shopware administration open Settings → System "
        "→ Integrations, choose “Add integration” and either switch “Administrator” on or give it a role that may view "
        "orders, customers, products, categories, promotions, newsletter recipients and sales channels and edit "
        "webhooks. Copy access key ID and secret access key: the secret is shown only once."
    ),
    sentences=(
        "There is no Shopware Admin API at this address. Check the address: it is that of the shop, without /admin.",
        "The keys would travel in clear over plain http. Connect the shop by its https:// address.",
        "Access key ID and secret access key are accepted.",
        "The shop does not accept the access key ID and secret access key. Copy both again, or make a new integration "
        "under Settings → System → Integrations.",
        "The integration may not do this: its role lacks %(privileges)s. Add them to the role under Settings → System →"
        " Users & permissions, or switch “Administrator” on for the integration.",
        "The integration may not do this (%(what)s). Switch “Administrator” on for it, or give it a role that may.",
        "The shop refused to show %(what)s (%(status)s).",
        "Shopware does not sign such webhooks, so a password in their address proves them: that needs an https:// "
        "address of Cartfolk. Until then the poll brings the changes.",
        # the app
        *ShopwareApp.steps,
        "The app is let in.",
        "The app is not installed in the shop yet. Download it from the store's page and install it; then Cartfolk "
        "gets its keys by itself.",
        "The shop does not let the app in. Switch it on under Extensions → My extensions; if it is not there, "
        "install it again.",
        "The app may not do this (%(privileges)s). Agree to its permissions under Extensions → My extensions; if it "
        "asks for none, download the app again and upload it in the shop.",
        "Download the app again from this page and upload it in the shop: it is older than Cartfolk.",
        "orderDateTime is missing: nobody knows when it was placed.",
        "amountTotal is missing: the order has no value.",
        "currency is missing: nobody knows what the amounts are.",
        "stateMachineState is missing: the order cannot be judged.",
        "This object has an unexpected form.",
        "This delivery is not JSON. It is asked for again with the next poll.",
        "The shop lists objects without %(field)s: they cannot be walked by time.",
        "The shop answered with something else than a list.",
    ),
)
