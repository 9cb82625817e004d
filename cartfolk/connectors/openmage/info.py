"""What Magento 1 and OpenMage are to the connect form, and how their words translate into ours (STORES.md §3, §16)."""

from __future__ import annotations

from ..base import ConnectorInfo, FormField
from ..canonical import OrderStatus

INFO = ConnectorInfo(
    platform="openmage",
    label="Magento",
    name="Magento 1 / OpenMage",
    fields=(
        FormField("url", "Address of your shop", "For example https://shop.example.com", kind="url"),
        FormField("user", "API user name", "Of System → Web Services. With REST: the consumer key", flag="--user"),
        FormField(
            "key",
            "API key",
            "Of the same user. With REST: the consumer secret",
            secret=True,
            kind="password",
            flag="--key",
        ),
        FormField("token", "Access token", "Only with REST (OAuth); leave it empty otherwise", required=False),
        FormField(
            "token_secret",
            "Access token secret",
            "Only with REST (OAuth); leave it empty otherwise",
            secret=True,
            required=False,
            kind="password",
        ),
    ),
    # States rather than statuses: a shop names as many statuses as it likes, each belongs to one of these states.
    # "pending" and "fraud" are statuses, for REST, which tells no state.
    order_statuses={
        "new": OrderStatus.PENDING,
        "pending": OrderStatus.PENDING,
        "pending_payment": OrderStatus.PENDING,
        "payment_review": OrderStatus.PENDING,
        "fraud": OrderStatus.PENDING,
        "holded": OrderStatus.PENDING,
        "processing": OrderStatus.COMPLETED,
        "complete": OrderStatus.COMPLETED,
        "closed": OrderStatus.REFUNDED,
        "canceled": OrderStatus.CANCELLED,
    },
    streams=("categories", "products", "customers", "orders"),
    webhooks=False,
    guide=(
        "In the shop's administration open System → Web Services → SOAP/XML-RPC - Roles, add a role and give it the "
        "resources Sales, Customers, Catalog and Core. Then under SOAP/XML-RPC - Users add a user with an API key of "
        "your choice, make it active and give it that role."
    ),
    sentences=(
        "The shop's %(interface)s interface answers.",
        "API user and key are accepted.",
        "The API user may read %(what)s.",
        "The shop does not accept the API user and key. Look under System → Web Services → SOAP/XML-RPC - Users: "
        "the user must be active and have a role, and the key must be the one entered here.",
        "The API user's role may not read %(what)s: add it under System → Web Services → SOAP/XML-RPC - Roles.",
        "The shop has neither JSON-RPC nor XML-RPC at this address. Check the address, and that nobody has "
        "blocked /api in the shop or its web server.",
        "This shop has no %(what)s in its API.",
        "The shop refused to list %(what)s (%(status)s).",
        "The shop refused a call (%(status)s).",
        "The shop forgets every session at once: its api_session table or its clock needs a look.",
        "%(host)s breaks down over everything it is asked for; we come back.",
        "The shop answered fewer calls than it was asked.",
        "The shop answered a call without a result.",
        "The shop answered with something that is not JSON.",
        "The shop answered with something that is not XML-RPC.",
        "OAuth keys and token are accepted.",
        "The shop does not accept the OAuth keys and the token. Authorise the consumer again and copy all four.",
        "The token's user may not read %(what)s: grant it under System → Web Services → REST - Roles and "
        "REST - Attributes.",
        "The shop has no REST interface at this address (%(status)s).",
        "REST tells neither products, categories nor refunds one by one. An API user (XML-RPC) tells more.",
        "created_at is missing: nobody knows when it was placed.",
    ),
)
