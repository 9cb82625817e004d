"""The part of the API this shop speaks, in the schema language; GraphQL itself is done by graphql-core."""

from __future__ import annotations

from functools import cache

from graphql import DocumentNode, GraphQLError, GraphQLSchema, build_schema, parse, validate

_LISTS = {  # type -> root field, further arguments
    "Order": "orders(where: OrderWhereInput sortBy: OrderSortingInput",
    "User": "customers(where: CustomerWhereInput sortBy: UserSortingInput",
    "Product": "products(filter: ProductFilterInput sortBy: ProductOrder",
    "Category": "categories(filter: CategoryFilterInput",
    "Checkout": "checkouts(filter: CheckoutFilterInput sortBy: CheckoutSortingInput",
}

_TYPES = """
scalar DateTime
scalar Date
enum OrderDirection { ASC DESC }
enum OrderSortField { NUMBER CREATED_AT LAST_MODIFIED_AT }
enum UserSortField { EMAIL CREATED_AT LAST_MODIFIED_AT }
enum ProductOrderField { NAME CREATED_AT LAST_MODIFIED_AT }
enum CheckoutSortField { CREATION_DATE CUSTOMER }
input OrderSortingInput { direction: OrderDirection! field: OrderSortField }
input UserSortingInput { direction: OrderDirection! field: UserSortField }
input ProductOrder { direction: OrderDirection! field: ProductOrderField }
input CheckoutSortingInput { direction: OrderDirection! field: CheckoutSortField }
input DateTimeRangeInput { gte: DateTime lte: DateTime }
input DateRangeInput { gte: Date lte: Date }
input GlobalIDFilterInput { eq: ID oneOf: [ID!] }
input OrderWhereInput {
  ids: [ID!] channelId: GlobalIDFilterInput createdAt: DateTimeRangeInput updatedAt: DateTimeRangeInput
}
input CustomerWhereInput { ids: [ID!] dateJoined: DateTimeRangeInput updatedAt: DateTimeRangeInput }
input ProductFilterInput { ids: [ID!] updatedAt: DateTimeRangeInput }
input CategoryFilterInput { ids: [ID!] updatedAt: DateTimeRangeInput }
input CheckoutFilterInput { customer: String created: DateRangeInput channels: [ID!] updatedAt: DateRangeInput }

type PageInfo { hasNextPage: Boolean! endCursor: String }
type Domain { host: String! }
type Shop { name: String! domain: Domain! }
type Permission { code: String! name: String! }
type WebhookEvent { eventType: String! name: String! }
type Webhook {
  id: ID! name: String targetUrl: String! isActive: Boolean! subscriptionQuery: String asyncEvents: [WebhookEvent!]!
}
type App { id: ID! name: String permissions: [Permission!] webhooks: [Webhook!] }
type Channel { id: ID! slug: String! name: String! currencyCode: String! isActive: Boolean! }

type Money { currency: String! amount: Float! fractionalAmount: Int! fractionDigits: Int! }
type TaxedMoney { currency: String! gross: Money! net: Money! tax: Money! }
type MetadataItem { key: String! value: String! }
type Image { url: String! }
type CountryDisplay { code: String! country: String! }
type Address {
  id: ID! firstName: String! lastName: String! companyName: String! streetAddress1: String! streetAddress2: String!
  city: String! countryArea: String! postalCode: String! country: CountryDisplay! phone: String
}
type User {
  id: ID! email: String! firstName: String! lastName: String! isActive: Boolean! languageCode: String!
  dateJoined: DateTime! updatedAt: DateTime! metadata: [MetadataItem!]!
  defaultShippingAddress: Address defaultBillingAddress: Address
}
type Category { id: ID! name: String! slug: String! updatedAt: DateTime! parent: Category }
type ProductType { id: ID! name: String! }
type ProductChannelListing { id: ID! channel: Channel! discountedPrice: Money }
type AttributeValue { id: ID! name: String }
type SelectedAttribute { values: [AttributeValue!]! }
type Product {
  id: ID! name: String! slug: String! updatedAt: DateTime! productType: ProductType! category: Category
  defaultVariant: ProductVariant thumbnail(size: Int): Image channelListings: [ProductChannelListing!]
  attribute(slug: String!): SelectedAttribute
}
type ProductVariant { id: ID! name: String! sku: String product: Product! }
type OrderLine {
  id: ID! productName: String! variantName: String! productSku: String quantity: Int! thumbnail(size: Int): Image
  unitPrice: TaxedMoney! undiscountedUnitPrice: TaxedMoney! totalPrice: TaxedMoney! variant: ProductVariant
}
type TransactionEvent { id: ID! createdAt: DateTime! message: String! amount: Money! type: String }
type TransactionItem { id: ID! name: String! events: [TransactionEvent!]! }
type Transaction { id: ID! kind: String! isSuccess: Boolean! created: DateTime! amount: Money }
type Payment { id: ID! gateway: String! transactions: [Transaction!] }
type OrderGrantedRefund { id: ID! reason: String amount: Money! transactionEvents: [TransactionEvent!] }
type Fulfillment { id: ID! status: String! created: DateTime! trackingNumber: String! }
type Order {
  id: ID! number: String! status: String! chargeStatus: String! created: DateTime! updatedAt: DateTime! user: User
  userEmail: String checkoutId: ID voucherCode: String channel: Channel! billingAddress: Address
  shippingAddress: Address lines: [OrderLine!]! total: TaxedMoney! undiscountedTotal: TaxedMoney!
  shippingPrice: TaxedMoney! totalCharged: Money! totalRefunded: Money! transactions: [TransactionItem!]!
  payments: [Payment!]! grantedRefunds: [OrderGrantedRefund!]! fulfillments: [Fulfillment!]!
}
type CheckoutLine {
  id: ID! quantity: Int! undiscountedUnitPrice: Money! undiscountedTotalPrice: Money! variant: ProductVariant!
}
type Checkout {
  id: ID! created: DateTime! updatedAt: DateTime! email: String quantity: Int! user: User channel: Channel!
  billingAddress: Address shippingAddress: Address discount: Money lines: [CheckoutLine!]! totalPrice: TaxedMoney!
}

input WebhookCreateInput {
  name: String targetUrl: String asyncEvents: [String!] isActive: Boolean secretKey: String query: String
}
input WebhookUpdateInput {
  name: String targetUrl: String asyncEvents: [String!] isActive: Boolean secretKey: String query: String
}
type WebhookError { field: String message: String code: String! }
type WebhookCreate { errors: [WebhookError!]! webhook: Webhook }
type WebhookUpdate { errors: [WebhookError!]! webhook: Webhook }
type WebhookDelete { errors: [WebhookError!]! webhook: Webhook }
type Mutation {
  webhookCreate(input: WebhookCreateInput!): WebhookCreate
  webhookUpdate(id: ID!, input: WebhookUpdateInput!): WebhookUpdate
  webhookDelete(id: ID!): WebhookDelete
}
"""


@cache
def schema() -> GraphQLSchema:
    """Events a webhook may be subscribed to are text here: what they are called is looked at by the shop."""
    lists, roots = "", ""
    for name, start in _LISTS.items():
        lists += f"type {name}Edge {{ node: {name}! cursor: String! }}\n"
        lists += f"type {name}List {{ totalCount: Int pageInfo: PageInfo! edges: [{name}Edge!]! }}\n"
        roots += f"{start} first: Int after: String): {name}List\n"
    query = f"type Query {{ shop: Shop! app(id: ID): App channels: [Channel!] checkout(id: ID): Checkout {roots} }}"
    return build_schema(_TYPES.replace("asyncEvents: [String!]", "asyncEvents: [WebhookEventTypeAsyncEnum!]") + lists
                        + query + _events())  # fmt: skip


def _events() -> str:
    names = {
        "ORDER": "CREATED CONFIRMED PAID FULLY_PAID REFUNDED FULLY_REFUNDED UPDATED CANCELLED "
        "EXPIRED FULFILLED METADATA_UPDATED BULK_CREATED",
        "CUSTOMER": "CREATED UPDATED DELETED METADATA_UPDATED",
        "CHECKOUT": "CREATED UPDATED FULLY_PAID",
        "PRODUCT": "CREATED UPDATED DELETED",
        "CATEGORY": "CREATED UPDATED DELETED",
    }
    words = (f"{kind}_{event}" for kind, events in names.items() for event in events.split())
    return f"enum WebhookEventTypeAsyncEnum {{ {' '.join(words)} }}"


@cache
def question(query: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """A query as read once: its document, or what is wrong with it."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(schema(), document))
