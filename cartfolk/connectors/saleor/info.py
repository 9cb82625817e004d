"""What Saleor is to the connect form, and how its words translate into ours (STORES.md §10, §16)."""

from __future__ import annotations

from ..base import ConnectorInfo, FormField
from ..canonical import OrderStatus

INFO = ConnectorInfo(
    platform="saleor",
    label="Saleor",
    fields=(
        FormField(
            "url",
            "Address of your Saleor API",
            "For example https://shop.eu.saleor.cloud, with or without /graphql/",
            kind="url",
        ),
        FormField("token", "App token", "Shown once when it is made", secret=True, kind="password", flag="--token"),
        FormField(
            "channel",
            "Channel",
            "Only when your shop has several channels: the slug of the one this store shall be; empty = all of them",
            required=False,
            flag="--channel",
        ),
        FormField(
            "storefront",
            "Address of your storefront",
            "Where shoppers are, for example https://www.example.com: the tracking script is heard from there",
            required=False,
            kind="url",
            flag="--storefront",
        ),
    ),
    # An order's own state when it is in this list, else the state of its payment.
    order_statuses={
        "DRAFT": OrderStatus.IGNORED,
        "UNCONFIRMED": OrderStatus.PENDING,
        "CANCELED": OrderStatus.CANCELLED,
        "EXPIRED": OrderStatus.CANCELLED,
        "RETURNED": OrderStatus.REFUNDED,
        "NONE": OrderStatus.PENDING,
        "PARTIAL": OrderStatus.COMPLETED,
        "FULL": OrderStatus.COMPLETED,
        "OVERCHARGED": OrderStatus.COMPLETED,
    },
    streams=("categories", "products", "customers", "orders", "checkouts"),
    webhooks=True,
    guide=(
        "In Saleor's dashboard open Extensions, add an extension with details given manually, and give it the "
        "permissions to manage orders, customers, checkouts and products. Then create a token for it. It is shown only "
        "once: enter it here."
    ),
    sentences=(
        "Saleor's API answers.",
        "No Saleor answers at this address: give the address of the API, the one /graphql/ hangs on, not the "
        "storefront's.",
        "Saleor does not accept the token. Make a new one in the app's page in the dashboard, and see that the app is "
        "switched on.",
        "Saleor accepts the app %(app)s.",
        "The app may not read %(what)s: give it the permission %(permission)s in Saleor's dashboard.",
        "The app may read %(what)s: %(total)s.",
        "This Saleor does not understand what we ask. Cartfolk speaks with Saleor 3.22 and newer.",
        "Saleor could not answer (%(code)s).",
        "No channel has the slug %(slug)s. Saleor's dashboard shows it under Configuration, Channels.",
        "The channel is %(name)s; its currency is %(currency)s.",
        "All channels are read: %(names)s.",
        "The webhook is active.",
        "Saleor does not create the webhook: %(reason)s",
        "This webhook is not signed.",
        "This webhook's signature does not fit: it was changed, or signed by another shop.",
        "This webhook is signed with a key we do not know yet: it is read within the hour.",
        "%(field)s is missing: nobody knows when it was placed.",
        "chargeStatus is missing: the order cannot be judged.",
        "%(field)s is not an amount of money but %(value)s.",
        "The shop answered with something else than a list.",
        "This object has an unexpected form.",
        "This is not an object.",
        "The shop cannot show this object: open and save it there, then retry.",
        "This delivery is not JSON. It is asked for again with the next poll.",
    ),
)
