"""What is asked of Saleor: one list a stream, its fields, and how it is narrowed.

Of checkouts no total is asked for: Saleor would calculate it anew, ask the shop's tax service, and in some versions
call that a change of the checkout. The prices of its lines stand still.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# fractionalAmount would be safer than a float, but does not fit GraphQL's 32 bits above 21 million.
_MONEY = "{ amount currency fractionDigits }"
_ADDRESS = """{ firstName lastName companyName streetAddress1 streetAddress2 city countryArea postalCode phone
country { code } }"""

CATEGORY = "id updatedAt name slug parent { id }"
PRODUCT = f"""id updatedAt name slug productType {{ name }} category {{ slug }} defaultVariant {{ sku }}
attribute(slug: "brand") {{ values {{ name }} }}
thumbnail(size: 256) {{ url }} channelListings {{ channel {{ slug currencyCode }} discountedPrice {_MONEY} }}"""
CUSTOMER = f"""id updatedAt dateJoined email firstName lastName languageCode metadata {{ key value }}
defaultBillingAddress {_ADDRESS} defaultShippingAddress {_ADDRESS}"""
ORDER = f"""id number status chargeStatus created updatedAt userEmail checkoutId voucherCode
user {{ id }} channel {{ slug currencyCode }} billingAddress {_ADDRESS} shippingAddress {_ADDRESS}
total {{ gross {_MONEY} tax {_MONEY} }} undiscountedTotal {{ gross {_MONEY} }} shippingPrice {{ gross {_MONEY} }}
totalCharged {_MONEY} totalRefunded {_MONEY}
lines {{ id productName variantName productSku quantity thumbnail(size: 256) {{ url }}
  unitPrice {{ gross {_MONEY} }} undiscountedUnitPrice {{ gross {_MONEY} }}
  totalPrice {{ gross {_MONEY} tax {_MONEY} }} variant {{ id product {{ id }} }} }}
transactions {{ id name events {{ id type createdAt message amount {_MONEY} }} }}
payments {{ id gateway transactions {{ id kind isSuccess created amount {_MONEY} }} }}
grantedRefunds {{ id reason transactionEvents {{ id }} }}
fulfillments {{ id status created trackingNumber }}"""
CHECKOUT = f"""id created updatedAt email quantity user {{ id email firstName lastName }}
channel {{ slug currencyCode }} billingAddress {_ADDRESS} shippingAddress {_ADDRESS} discount {_MONEY}
lines {{ id quantity undiscountedUnitPrice {_MONEY} undiscountedTotalPrice {_MONEY}
  variant {{ id name sku product {{ id name thumbnail(size: 256) {{ url }} }} }} }}"""
VERSION = "id updatedAt"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of the API. ``created`` and ``changed`` are its filters by time; empty = it has none."""

    name: str
    type: str  # what its global ids begin with
    argument: str  # where | filter
    input: str  # the argument's type
    fields: str
    permission: str
    label: str  # the permission as the dashboard calls it
    oldest: str  # sort by creation; empty = the list's own order
    latest: str  # sort by the last change
    created: str = ""
    by_id: bool = True  # its filter knows ids
    changed: str = "updatedAt"

    def query(self, fields: str, sort: str) -> str:
        order = f"sortBy: {{field: {sort}, direction: ASC}}, " if sort else ""
        return (
            f"query($first: Int!, $after: String, $narrow: {self.input}) {{ "
            f"{self.name}({order}{self.argument}: $narrow, first: $first, after: $after) {{ totalCount "
            f"pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {fields} }} }} }} }}"
        )

    def count(self) -> str:
        return (
            f"query($narrow: {self.input}) {{ {self.name}({self.argument}: $narrow, first: 1) {{ totalCount "
            "edges { node { id } } } }"
        )


LISTINGS: Mapping[str, Listing] = {
    "categories": Listing(
        "categories", "Category", "filter", "CategoryFilterInput", CATEGORY, "MANAGE_PRODUCTS", "Manage products",
        "", "",
    ),
    "products": Listing(
        "products", "Product", "filter", "ProductFilterInput", PRODUCT, "MANAGE_PRODUCTS", "Manage products",
        "CREATED_AT", "LAST_MODIFIED_AT",
    ),
    "customers": Listing(
        "customers", "User", "where", "CustomerWhereInput", CUSTOMER, "MANAGE_USERS", "Manage customers",
        "CREATED_AT", "LAST_MODIFIED_AT", created="dateJoined",
    ),
    "orders": Listing(
        "orders", "Order", "where", "OrderWhereInput", ORDER, "MANAGE_ORDERS", "Manage orders",
        "CREATED_AT", "LAST_MODIFIED_AT", created="createdAt",
    ),
    # Its filters by time know days only, and no sort by change.
    "checkouts": Listing(
        "checkouts", "Checkout", "filter", "CheckoutFilterInput", CHECKOUT, "MANAGE_CHECKOUTS", "Manage checkouts",
        "CREATION_DATE", "", by_id=False,
    ),
}  # fmt: skip

SHOP = "{ shop { name domain { host } } }"
APP = "{ app { id name permissions { code } } }"
CHANNELS = "{ channels { id slug name currencyCode isActive } }"
HOOKS = "{ app { id webhooks { id name targetUrl isActive subscriptionQuery asyncEvents { eventType } } } }"
HOOK_CREATE = """mutation($input: WebhookCreateInput!) {
  webhookCreate(input: $input) { webhook { id } errors { field message code } } }"""
HOOK_UPDATE = """mutation($id: ID!, $input: WebhookUpdateInput!) {
  webhookUpdate(id: $id, input: $input) { webhook { id } errors { field message code } } }"""
HOOK_DELETE = "mutation($id: ID!) { webhookDelete(id: $id) { errors { field message code } } }"

Narrow = Mapping[str, Any]


def some_checkouts(number: int) -> str:
    """A query for so many checkouts by their ids: their list cannot be narrowed to them."""
    names = range(number)
    asked = " ".join(f"c{place}: checkout(id: $i{place}) {{ {CHECKOUT} }}" for place in names)
    return f"query({', '.join(f'$i{place}: ID!' for place in names)}) {{ {asked} }}"
