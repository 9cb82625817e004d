"""What Magento 2 is to the connect form, and how its words translate into ours (STORES.md §2, §16).

An order has a ``state`` from a fixed list and a ``status`` that merchants invent: only the state is read.
"""

from __future__ import annotations

from ..base import ConnectorInfo, FormField
from ..canonical import OrderStatus

INFO = ConnectorInfo(
    platform="magento2",
    label="Magento",
    name="Magento 2 / Adobe Commerce",
    fields=(
        FormField("url", "Address of your shop", "For example https://shop.example.com", kind="url"),
        FormField("token", "Access token", secret=True, kind="password", flag="--token"),
        FormField(
            "token_secret", "Access token secret", secret=True, required=False, kind="password", flag="--token-secret"
        ),
        FormField("key", "Consumer key", secret=True, required=False, kind="password", flag="--key"),
        FormField("secret", "Consumer secret", secret=True, required=False, kind="password", flag="--secret"),
        FormField(
            "website",
            "Website code",
            "Only if this Magento runs several shops and one of them is meant: the code under Stores → All Stores",
            required=False,
        ),
    ),
    order_statuses={
        "new": OrderStatus.PENDING,
        "pending_payment": OrderStatus.PENDING,
        "payment_review": OrderStatus.PENDING,
        "holded": OrderStatus.PENDING,
        "processing": OrderStatus.COMPLETED,
        "complete": OrderStatus.COMPLETED,
        "closed": OrderStatus.REFUNDED,
        "canceled": OrderStatus.CANCELLED,
    },
    streams=("categories", "products", "customers", "orders", "carts"),
    guide=(
        "In Magento open System → Integrations, choose “Add New Integration”, give it a name, and under API tick "
        "Sales, Catalog, Customers, Carts and Stores. Save, choose “Activate”, and copy all four values: consumer "
        "key and secret, access token and its secret. The access token alone is enough only where Magento accepts "
        "it as a bearer token, which is off since version 2.4.4."
    ),
    sentences=(
        "Consumer keys and access token are accepted.",
        "The access token is accepted.",
        "There is no website with the code %(code)s in this Magento; known are: %(known)s.",
        "%(host)s has no Magento REST API at this address. Check the address: it is the one your customers see, "
        "without the admin path.",
        "Magento does not accept these keys. Copy all four again from System → Integrations, and see that the "
        "integration is active.",
        "Magento does not accept the access token alone, which is off since version 2.4.4: enter all four keys of "
        "the integration. Where it is on, the token is wrong or may not read Stores.",
        "Enter all four keys of the integration (missing: %(missing)s), or only the access token.",
        "Magento answers as if nobody had signed: the integration may read nothing at all, or a proxy in front of "
        "Magento takes the Authorization header away.",
        "Over plain http anybody could read the access token: connect the shop with https://, or enter all four keys.",
        "The integration may not read %(what)s (%(resource)s): open System → Integrations in Magento, tick it under "
        "API, save and activate the integration again.",
        "The shop refused to list %(what)s (%(reason)s).",
        "created_at is missing: nobody knows when it was placed.",
        "grand_total is missing: the order has no value.",
        "state is missing: the order cannot be judged.",
        "updated_at is missing: nobody knows when it was touched.",
        "This object has an unexpected form.",
        "This delivery is not JSON. It is asked for again with the next poll.",
    ),
)
