"""What is asked of the GraphQL Admin API, as text; a test checks each against Shopify's schema.

An object is asked for with the same fields however it comes: whole in an export (children follow as lines of
their own), or by its id in a page (children in pages of their own).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .ids import SUBSCRIPTION

API = "2026-10"
LINES = 20  # children asked for with their parent
MORE_LINES = 100  # and in the pages that follow

_BOTH = "{shopMoney{amount currencyCode} presentmentMoney{amount currencyCode}}"
_PAID = "{presentmentMoney{amount currencyCode}}"
_ADDRESS = "{firstName lastName company address1 address2 city provinceCode zip countryCodeV2 phone}"

# The consent fields of the phone number are deprecated in 2026-10, their successors new in it: asked for until
# the older ones go, which is a year at least.
_CUSTOMER = (
    "id createdAt updatedAt firstName lastName state locale tags "
    "defaultEmailAddress{emailAddress marketingState marketingOptInLevel marketingUpdatedAt} "
    "defaultPhoneNumber{phoneNumber marketingState marketingOptInLevel marketingUpdatedAt marketingCollectedFrom} "
    f"defaultAddress{_ADDRESS}"
)
_ORDER = (
    "id name createdAt processedAt updatedAt cancelledAt closedAt test email phone cartToken "
    "displayFinancialStatus displayFulfillmentStatus taxesIncluded discountCodes paymentGatewayNames "
    f"customer{{id}} billingAddress{_ADDRESS} shippingAddress{_ADDRESS} "
    f"totalPriceSet{_BOTH} totalTaxSet{_PAID} totalShippingPriceSet{_PAID} totalDiscountsSet{_PAID} "
    f"refunds{{id createdAt note totalRefundedSet{_PAID}}} "
    "transactions(first:10){kind status processedAt} "
    "fulfillments(first:5){createdAt trackingInfo(first:1){company number url}} "
    "customerJourneySummary{lastVisit{source sourceType referrerUrl landingPage "
    "utmParameters{source medium campaign}}}"
)
_ORDER_LINE = (
    "id name quantity sku product{id} variant{id} image{url} "
    f"originalTotalSet{_PAID} discountAllocations{{allocatedAmountSet{_PAID}}} taxLines{{priceSet{_PAID}}}"
)
_CHECKOUT = (
    "id createdAt updatedAt completedAt abandonedCheckoutUrl "
    "customer{id firstName lastName defaultEmailAddress{emailAddress} defaultPhoneNumber{phoneNumber}} "
    f"totalPriceSet{_PAID} subtotalPriceSet{_PAID} totalTaxSet{_PAID}"
)
_CHECKOUT_LINE = (
    "id title variantTitle quantity sku product{id} variant{id} image{url} "
    f"originalTotalPriceSet{_PAID} discountedTotalPriceWithCodeDiscount{_PAID}"
)
_CONTRACT = (
    "id status createdAt updatedAt nextBillingDate currencyCode originOrder{id} "
    "customer{id defaultEmailAddress{emailAddress}} billingPolicy{interval intervalCount} deliveryPrice{amount}"
)
_CONTRACT_LINE = "id title variantTitle quantity sku productId variantId currentPrice{amount}"
_PRODUCT = (
    "id title handle createdAt updatedAt productType vendor tags onlineStoreUrl featuredMedia{preview{image{url}}} "
    "priceRangeV2{minVariantPrice{amount currencyCode}}"
)


@dataclass(frozen=True, slots=True)
class Children:
    """A connection inside an object. ``first``: how many are wanted at all; None = every one of them."""

    name: str
    type: str
    fields: str
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a stream comes from. ``sort``: the order in which its changes can be listed; ``chunk``: objects asked
    for at once, fewer where Shopify finds that too costly; ``exported``: Shopify counts and exports them;
    ``prefix``: what our ids have before its number."""

    root: str
    type: str
    fields: str
    sort: str = "UPDATED_AT"
    chunk: int = 100
    children: tuple[Children, ...] = ()
    exported: bool = True
    prefix: str = ""

    def gid(self, key: str) -> str:
        return f"gid://shopify/{self.type}/{key.removeprefix(self.prefix)}"

    def bare(self) -> Source:
        """The same objects with nothing but id and time of change."""
        return replace(self, fields="id updatedAt", children=())


SOURCES: Mapping[str, Source] = {
    "categories": Source("collections", "Collection", "id title handle updatedAt"),
    "products": Source(
        "products",
        "Product",
        _PRODUCT,
        chunk=20,
        children=(
            Children("collections", "Collection", "id handle", 20),
            Children("variants", "ProductVariant", "id sku", 1),
        ),
    ),
    "customers": Source("customers", "Customer", _CUSTOMER, chunk=50),
    "orders": Source("orders", "Order", _ORDER, chunk=10, children=(Children("lineItems", "LineItem", _ORDER_LINE),)),
    # Abandoned checkouts cannot be sorted by their last change.
    "checkouts": Source(
        "abandonedCheckouts",
        "AbandonedCheckout",
        _CHECKOUT,
        sort="ID",
        chunk=10,
        children=(Children("lineItems", "AbandonedCheckoutLineItem", _CHECKOUT_LINE),),
    ),
    # Of shops that let us see them. An export may have only inner objects that have an address of their own: the
    # lines of a contract have none.
    "subscriptions": Source(
        "subscriptionContracts",
        "SubscriptionContract",
        _CONTRACT,
        chunk=10,
        children=(Children("lines", "SubscriptionLine", _CONTRACT_LINE),),
        exported=False,
        prefix=SUBSCRIPTION,
    ),
}

SHOP = "query{shop{name myshopifyDomain currencyCode ianaTimezone} currentAppInstallation{accessScopes{handle}}}"
IDENTITY = "query{shop{myshopifyDomain}}"
PERSON = "query{customers(first:1){nodes{id defaultEmailAddress{emailAddress}}}}"
COUNTS = "query{%s}" % " ".join(  # noqa: UP031 (braces)
    f"{source.root}Count(limit:null){{count precision}}" for source in SOURCES.values() if source.exported
)
OPERATION = "query($id:ID!){bulkOperation(id:$id){id status errorCode rootObjectCount url}}"
RUN = (
    "mutation($export:String!){bulkOperationRunQuery(groupObjects:false,query:$export)"
    "{bulkOperation{id status} userErrors{field message}}}"
)
HOOKS = (
    "query($after:String){webhookSubscriptions(first:100,after:$after)"
    "{nodes{id topic uri} pageInfo{hasNextPage endCursor}}}"
)
HOOK_CREATE = (
    "mutation($topic:WebhookSubscriptionTopic!,$uri:String!)"
    "{webhookSubscriptionCreate(topic:$topic,webhookSubscription:{uri:$uri,format:JSON})"
    "{webhookSubscription{id} userErrors{field message}}}"
)
HOOK_DELETE = (
    "mutation($id:ID!){webhookSubscriptionDelete(id:$id){deletedWebhookSubscriptionId userErrors{field message}}}"
)


def export(source: Source) -> str:
    """Everything of a stream, for a bulk operation."""
    inner = "".join(
        f" {each.name}{f'(first:{each.first})' if each.first else ''}{{edges{{node{{{each.fields}}}}}}}"
        for each in source.children
    )
    return f"{{{source.root}{{edges{{node{{{source.fields}{inner}}}}}}}}}"


def listed(source: Source, first: int, sort: str) -> str:
    """One page of ids and times of change; ``$q`` says of which objects."""
    return (
        f"query($q:String!,$after:String){{{source.root}(first:{first},after:$after,query:$q,sortKey:{sort})"
        "{nodes{id updatedAt} pageInfo{hasNextPage endCursor}}}"
    )


def objects(source: Source, lines: int = LINES) -> str:
    """Objects by their ids, each with its first children."""
    inner = "".join(
        f" {each.name}(first:{each.first or lines}){{nodes{{{each.fields}}} pageInfo{{hasNextPage endCursor}}}}"
        for each in source.children
    )
    return f"query($ids:[ID!]!){{nodes(ids:$ids){{... on {source.type}{{{source.fields}{inner}}}}}}}"


def more_children(source: Source, children: Children) -> str:
    """The next page of one object's children."""
    return (
        f"query($id:ID!,$after:String){{node(id:$id){{... on {source.type}{{"
        f"{children.name}(first:{MORE_LINES},after:$after)"
        f"{{nodes{{{children.fields}}} pageInfo{{hasNextPage endCursor}}}}}}}}}}"
    )
