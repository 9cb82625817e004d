"""What Vendure is to the connect form, and how its words translate into ours (STORES.md §8, §16)."""

from __future__ import annotations

from ..base import ConnectorInfo, FormField
from ..canonical import OrderStatus

INFO = ConnectorInfo(
    platform="vendure",
    label="Vendure",
    fields=(
        FormField(
            "url",
            "Address of your Vendure server",
            "Without /admin-api, for example https://shop.example.com",
            kind="url",
        ),
        FormField(
            "key",
            "API key",
            "From Vendure 3.6 on, when tokenMethod contains api-key; leave it empty to sign in with name and password",
            secret=True,
            required=False,
            kind="password",
            flag="--key",
        ),
        FormField(
            "username",
            "Administrator's e-mail address",
            "Only without an API key: make an administrator of its own for Cartfolk",
            required=False,
            flag="--username",
        ),
        FormField("password", "Password", secret=True, required=False, kind="password", flag="--password"),
        FormField(
            "channel",
            "Channel token",
            "Only when your shop has several channels: each one is a store of its own here",
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
    order_statuses={
        "Created": OrderStatus.PENDING,
        "AddingItems": OrderStatus.PENDING,
        "ArrangingPayment": OrderStatus.PENDING,
        "PaymentAuthorized": OrderStatus.PENDING,
        "PaymentSettled": OrderStatus.COMPLETED,
        "PartiallyShipped": OrderStatus.COMPLETED,
        "Shipped": OrderStatus.COMPLETED,
        "PartiallyDelivered": OrderStatus.COMPLETED,
        "Delivered": OrderStatus.COMPLETED,
        "Modifying": OrderStatus.PENDING,
        "ArrangingAdditionalPayment": OrderStatus.PENDING,
        "Cancelled": OrderStatus.CANCELLED,
        "Draft": OrderStatus.IGNORED,
    },
    streams=("categories", "products", "coupons", "customers", "orders", "carts"),
    guide=(
        "In Vendure's dashboard make a role that may read catalog, customers, orders and promotions, and an "
        "administrator with it. With Vendure 3.6 or newer sign in as that administrator and make an API key under "
        "Settings; with older versions enter the administrator's e-mail address and password here."
    ),
    sentences=(
        "Vendure's admin API answers.",
        "No Vendure answers at this address: give the server's own address, the one /admin-api hangs on, not the "
        "storefront's.",
        "Enter an API key, or an administrator's e-mail address and password.",
        "Vendure does not accept the API key. Make a new one, and see that tokenMethod contains api-key in the "
        "server's authOptions.",
        "Vendure does not accept e-mail address and password. Enter those of an administrator, not of a customer.",
        "Vendure accepts the password but hands out no token: let tokenMethod contain bearer in the server's "
        "authOptions.",
        "The API key is accepted.",
        "E-mail address and password are accepted.",
        "The administrator may not read %(what)s: add %(permission)s to the role.",
        "No channel has this token. Copy it again from Settings → Channels, or leave the field empty.",
        "The channel is %(code)s; its currency is %(currency)s.",
        "This Vendure does not understand what we ask (%(code)s). Cartfolk speaks with Vendure 3.",
        "Vendure could not answer (%(code)s).",
        "Vendure sends no webhooks of its own: with the plugin changes arrive within seconds, without it with the "
        "poll.",
        "orderPlacedAt is missing: nobody knows when it was placed.",
        "couponCode is missing: a coupon is known by its code.",
        "state is missing: the order cannot be judged.",
        "currencyCode is not a code of three letters but %(value)s.",
        "%(field)s is not a number of whole units but %(value)s.",
        "This store has no secret yet.",
        "The shop answered with something else than a list.",
        "This object has an unexpected form.",
        "This delivery is not JSON. It is asked for again with the next poll.",
    ),
)
