"""What Shopify is to the connect form, and how its words translate into ours (STORES.md §4, §16)."""

from __future__ import annotations

from ..base import ConnectorInfo, FormField
from ..canonical import OrderStatus

INFO = ConnectorInfo(
    platform="shopify",
    label="Shopify",
    fields=(
        FormField("url", "Address of your shop", "For example https://example.myshopify.com", kind="url"),
        FormField("client_id", "Client ID", "Of your app in the Dev Dashboard", required=False, flag="--client-id"),
        FormField(
            "client_secret",
            "Client secret",
            "Also called API secret key; Shopify signs its webhooks with it",
            secret=True,
            kind="password",
            flag="--client-secret",
        ),
        FormField(
            "token",
            "Access token",
            "Only for an app made in the shop's admin before 2026: begins with shpat_",
            secret=True,
            required=False,
            kind="password",
            flag="--token",
        ),
        FormField(
            "previous_secret",
            "Previous client secret",
            "Only for the first hours after you rotated the secret",
            secret=True,
            required=False,
            kind="password",
            flag="--previous-secret",
        ),
    ),
    # Shopify's financial states; CANCELLED and TEST are ours for what it tells in other fields.
    order_statuses={
        "PENDING": OrderStatus.PENDING,
        "AUTHORIZED": OrderStatus.PENDING,
        "EXPIRED": OrderStatus.PENDING,
        "PAID": OrderStatus.COMPLETED,
        "PARTIALLY_PAID": OrderStatus.COMPLETED,
        "PARTIALLY_REFUNDED": OrderStatus.COMPLETED,
        "REFUNDED": OrderStatus.REFUNDED,
        "VOIDED": OrderStatus.CANCELLED,
        "CANCELLED": OrderStatus.CANCELLED,
        "TEST": OrderStatus.IGNORED,
    },
    streams=("categories", "products", "customers", "orders", "checkouts", "subscriptions"),
    webhooks=True,
    guide=(
        "In Shopify's Dev Dashboard create an app, give its version the permissions read_customers, read_orders, "
        "read_all_orders and read_products, install it in your shop, then copy client ID and client secret from "
        "the app's settings. The app and the shop must belong to the same organisation."
    ),
    sentences=(
        "Enter the client ID of your app, or the access token of an app made in the shop's admin.",
        "Shopify does not accept client ID and secret for this shop. Copy both again from the app's settings, "
        "install the app in this shop, and see that app and shop belong to the same organisation.",
        "Shopify does not accept the access token. Copy it again, or make a new app in the Dev Dashboard.",
        "There is no Shopify shop at %(address)s. Enter the address that ends with .myshopify.com.",
        "Shopify has locked this shop (%(status)s). Open its admin: a bill or a question is waiting there.",
        "The app may not see %(what)s. Add the permission to the app's version in the Dev Dashboard, release it "
        "and approve the update in the shop.",
        "Shopify asks us to slow down; we do.",
        "Shopify had an error of its own; we try again.",
        "Shopify finds this question too big.",
        "Shopify refused the request (%(status)s).",
        "Shopify did not understand a question (%(code)s). Update Cartfolk.",
        "Shopify has no free place for another export; we come back.",
        "Shopify refused the export of %(stream)s: %(reason)s",
        "The export of %(stream)s arrived incomplete; we fetch it again.",
        "Shopify accepts the app.",
        "Shopify's API %(version)s answers.",
        "Shopify answers with API %(found)s instead of %(wanted)s: update Cartfolk.",
        "The app may read %(what)s.",
        "The app may read %(scope)s, but this shop's plan hides who its customers are. Make the app in the Dev "
        "Dashboard of the shop's own organisation, or change the plan.",
        "The permission %(scope)s is missing. Add it to the app's version in the Dev Dashboard, release it and "
        "approve the update in the shop.",
        "Without the permission read_all_orders Shopify shows the orders of the last 60 days only. Add it to the "
        "app's version in the Dev Dashboard, release it and approve the update in the shop.",
        "The app may read orders of any age.",
        "The app may create webhooks: changes arrive within seconds.",
        "Shopify does not create a webhook: %(reason)s",
        "Shopify refused to list %(what)s.",
        "totalPriceSet is missing: the order has no value.",
        "processedAt is missing: nobody knows when it was placed.",
        "%(field)s is missing: the subscription says too little.",
        "This object has an unexpected form.",
        "This delivery is not a list of objects. It is asked for again with the next poll.",
        "This webhook is not signed.",
        "This webhook's signature does not fit: it was changed, or signed by another app.",
    ),
)
