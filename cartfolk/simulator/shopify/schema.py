"""The part of the Admin API this shop speaks, in the schema language; GraphQL itself is done by graphql-core."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

_CONNECTED = [
    "Customer",
    "Order",
    "LineItem",
    "AbandonedCheckout",
    "AbandonedCheckoutLineItem",
    "Product",
    "ProductVariant",
    "Collection",
    "SubscriptionContract",
    "SubscriptionLine",
    "WebhookSubscription",
]
_PAGED = "first: Int, after: String, last: Int, before: String, reverse: Boolean"
_LISTED = f"{_PAGED}, query: String"

_TYPES = f"""
scalar DateTime scalar Decimal scalar URL scalar UnsignedInt64
enum Keys {{ ID UPDATED_AT CREATED_AT PROCESSED_AT RELEVANCE }}
enum CheckoutKeys {{ ID CREATED_AT TOTAL_PRICE RELEVANCE }}
enum CountPrecision {{ EXACT AT_LEAST }}
enum WebhookSubscriptionFormat {{ JSON XML }}
interface Node {{ id: ID! }}
type PageInfo {{ hasNextPage: Boolean! endCursor: String }}
type Count {{ count: Int! precision: CountPrecision! }}
type MoneyV2 {{ amount: Decimal! currencyCode: String! }}
type MoneyBag {{ shopMoney: MoneyV2! presentmentMoney: MoneyV2! }}
type Image {{ url: URL! }}
type Preview {{ image: Image }}
type Media {{ preview: Preview }}
type MailingAddress {{
  firstName: String lastName: String company: String address1: String address2: String city: String
  provinceCode: String zip: String countryCodeV2: String phone: String
}}
type CustomerEmailAddress {{
  emailAddress: String! marketingState: String! marketingOptInLevel: String marketingUpdatedAt: DateTime
}}
type CustomerPhoneNumber {{
  phoneNumber: String! marketingState: String! marketingOptInLevel: String marketingUpdatedAt: DateTime
  marketingCollectedFrom: String
}}
type Customer implements Node {{
  id: ID! createdAt: DateTime! updatedAt: DateTime! firstName: String lastName: String state: String!
  locale: String! tags: [String!]! defaultEmailAddress: CustomerEmailAddress
  defaultPhoneNumber: CustomerPhoneNumber defaultAddress: MailingAddress
}}
type Transaction {{ kind: String! status: String! processedAt: DateTime }}
type Refund {{ id: ID! createdAt: DateTime note: String totalRefundedSet: MoneyBag! }}
type Tracking {{ company: String number: String url: URL }}
type Fulfillment {{ createdAt: DateTime! trackingInfo(first: Int): [Tracking!]! }}
type Utm {{ source: String medium: String campaign: String }}
type Visit {{ source: String! sourceType: String referrerUrl: URL landingPage: URL utmParameters: Utm }}
type Journey {{ lastVisit: Visit }}
type Allocation {{ allocatedAmountSet: MoneyBag! }}
type TaxLine {{ priceSet: MoneyBag! }}
type LineItem implements Node {{
  id: ID! name: String! quantity: Int! sku: String product: Product variant: ProductVariant image: Image
  originalTotalSet: MoneyBag! discountAllocations: [Allocation!]! taxLines: [TaxLine!]!
}}
type Order implements Node {{
  id: ID! name: String! createdAt: DateTime! processedAt: DateTime! updatedAt: DateTime! cancelledAt: DateTime
  closedAt: DateTime test: Boolean! email: String phone: String cartToken: String displayFinancialStatus: String
  displayFulfillmentStatus: String! taxesIncluded: Boolean! discountCodes: [String!]!
  paymentGatewayNames: [String!]! customer: Customer billingAddress: MailingAddress
  shippingAddress: MailingAddress totalPriceSet: MoneyBag! totalTaxSet: MoneyBag totalShippingPriceSet: MoneyBag!
  totalDiscountsSet: MoneyBag refunds(first: Int): [Refund!]! transactions(first: Int): [Transaction!]!
  fulfillments(first: Int): [Fulfillment!]! customerJourneySummary: Journey lineItems({_PAGED}): LineItemConnection!
}}
type AbandonedCheckoutLineItem {{
  id: ID! title: String variantTitle: String quantity: Int! sku: String product: Product variant: ProductVariant
  image: Image originalTotalPriceSet: MoneyBag! discountedTotalPriceWithCodeDiscount: MoneyBag!
}}
type AbandonedCheckout implements Node {{
  id: ID! createdAt: DateTime! updatedAt: DateTime! completedAt: DateTime abandonedCheckoutUrl: URL!
  customer: Customer totalPriceSet: MoneyBag! subtotalPriceSet: MoneyBag! totalTaxSet: MoneyBag
  lineItems({_PAGED}): AbandonedCheckoutLineItemConnection!
}}
type ProductPriceRangeV2 {{ minVariantPrice: MoneyV2! }}
type ProductVariant implements Node {{ id: ID! sku: String }}
type Collection implements Node {{ id: ID! title: String! handle: String! updatedAt: DateTime! }}
type Product implements Node {{
  id: ID! title: String! handle: String! createdAt: DateTime! updatedAt: DateTime! productType: String!
  vendor: String! tags: [String!]!
  onlineStoreUrl: URL featuredMedia: Media priceRangeV2: ProductPriceRangeV2!
  collections({_LISTED}): CollectionConnection! variants({_PAGED}): ProductVariantConnection!
}}
enum ContractKeys {{ CREATED_AT ID STATUS UPDATED_AT }}
type SubscriptionBillingPolicy {{ interval: String! intervalCount: Int! }}
type SubscriptionLine {{
  id: ID! title: String! variantTitle: String quantity: Int! sku: String productId: ID variantId: ID
  currentPrice: MoneyV2!
}}
type SubscriptionContract implements Node {{
  id: ID! status: String! createdAt: DateTime! updatedAt: DateTime! nextBillingDate: DateTime currencyCode: String!
  originOrder: Order customer: Customer billingPolicy: SubscriptionBillingPolicy! deliveryPrice: MoneyV2!
  lines({_PAGED}): SubscriptionLineConnection!
}}
type Shop {{ name: String! myshopifyDomain: String! currencyCode: String! ianaTimezone: String! }}
type AccessScope {{ handle: String! }}
type AppInstallation {{ accessScopes: [AccessScope!]! }}
type BulkOperation implements Node {{
  id: ID! status: String! errorCode: String objectCount: UnsignedInt64! rootObjectCount: UnsignedInt64!
  query: String! url: URL
}}
type WebhookSubscription implements Node {{ id: ID! topic: String! uri: String! }}
input WebhookSubscriptionInput {{ uri: String format: WebhookSubscriptionFormat }}
type UserError {{ field: [String!] message: String! }}
type BulkOperationRunQueryPayload {{ bulkOperation: BulkOperation userErrors: [UserError!]! }}
type WebhookSubscriptionCreatePayload {{ webhookSubscription: WebhookSubscription userErrors: [UserError!]! }}
type WebhookSubscriptionDeletePayload {{ deletedWebhookSubscriptionId: ID userErrors: [UserError!]! }}
type Query {{
  shop: Shop! currentAppInstallation: AppInstallation! node(id: ID!): Node nodes(ids: [ID!]!): [Node]
  customers({_LISTED}, sortKey: Keys = ID): CustomerConnection
  orders({_LISTED}, sortKey: Keys = PROCESSED_AT): OrderConnection
  abandonedCheckouts({_LISTED}, sortKey: CheckoutKeys = ID): AbandonedCheckoutConnection
  products({_LISTED}, sortKey: Keys = ID): ProductConnection
  collections({_LISTED}, sortKey: Keys = ID): CollectionConnection
  subscriptionContracts({_LISTED}, sortKey: ContractKeys = CREATED_AT): SubscriptionContractConnection!
  customersCount(query: String, limit: Int = 10000): Count
  ordersCount(query: String, limit: Int = 10000): Count
  abandonedCheckoutsCount(query: String, limit: Int = 10000): Count
  productsCount(query: String, limit: Int = 10000): Count
  collectionsCount(query: String, limit: Int = 10000): Count
  bulkOperation(id: ID!): BulkOperation
  webhookSubscriptions({_LISTED}): WebhookSubscriptionConnection!
}}
type Mutation {{
  bulkOperationRunQuery(query: String!, groupObjects: Boolean = true): BulkOperationRunQueryPayload
  webhookSubscriptionCreate(
    topic: WebhookSubscriptionTopic!, webhookSubscription: WebhookSubscriptionInput!
  ): WebhookSubscriptionCreatePayload
  webhookSubscriptionDelete(id: ID!): WebhookSubscriptionDeletePayload
}}
"""
_KNOWN_TOPICS = (
    "APP_UNINSTALLED BULK_OPERATIONS_FINISH CARTS_CREATE CARTS_UPDATE CHECKOUTS_CREATE CHECKOUTS_DELETE "
    "CHECKOUTS_UPDATE COLLECTIONS_CREATE COLLECTIONS_DELETE COLLECTIONS_UPDATE CUSTOMERS_CREATE CUSTOMERS_DELETE "
    "CUSTOMERS_DISABLE CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE CUSTOMERS_ENABLE CUSTOMERS_MARKETING_CONSENT_UPDATE "
    "CUSTOMERS_MERGE CUSTOMERS_UPDATE ORDERS_CANCELLED ORDERS_CREATE ORDERS_DELETE ORDERS_EDITED ORDERS_FULFILLED "
    "ORDERS_PAID ORDERS_UPDATED PRODUCTS_CREATE PRODUCTS_DELETE PRODUCTS_UPDATE REFUNDS_CREATE "
    "SUBSCRIPTION_CONTRACTS_CREATE SUBSCRIPTION_CONTRACTS_UPDATE"
)


@cache
def schema() -> GraphQLSchema:
    connections = "".join(
        f"type {name}Connection {{ nodes: [{name}!]! edges: [{name}Edge!]! pageInfo: PageInfo! }}\n"
        f"type {name}Edge {{ node: {name}! cursor: String! }}\n"
        for name in _CONNECTED
    )
    return build_schema(f"{_TYPES}\n{connections}\nenum WebhookSubscriptionTopic {{ {_KNOWN_TOPICS} }}")


@lru_cache(256)
def understood(query: str) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
    """A question's document, empty if it cannot be read, and what is wrong with it."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return DocumentNode(definitions=()), (error,)
    return document, tuple(validate(schema(), document))


def answered(query: str, root: Any, context: Any, variables: dict[str, Any] | None = None) -> ExecutionResult:
    document, problems = understood(query)
    if problems:
        return ExecutionResult(None, list(problems))
    return execute_sync(schema(), document, root, context, variables)
