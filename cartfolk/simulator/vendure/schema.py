"""The part of the admin API this shop speaks, in the schema language; GraphQL itself is done by graphql-core."""

from __future__ import annotations

from functools import cache

from graphql import GraphQLSchema, build_schema

_LISTED = {  # type of the rows -> what can be filtered and sorted by, beyond id and times
    "Order": "code: StringOperators state: StringOperators type: StringOperators active: BooleanOperators "
    "orderPlacedAt: DateOperators",
    "Customer": "emailAddress: StringOperators lastName: StringOperators",
    "Product": "name: StringOperators slug: StringOperators enabled: BooleanOperators",
    "Collection": "name: StringOperators slug: StringOperators",
    "Promotion": "couponCode: StringOperators enabled: BooleanOperators",
    "ProductVariant": "sku: StringOperators",
    "HistoryEntry": "type: StringOperators",
}


def _list_types(name: str, more: str) -> str:
    sorts = " ".join(f"{word.rstrip(':')}: SortOrder" for word in more.split() if word.endswith(":"))
    return f"""
    input {name}FilterParameter {{
      id: IDOperators createdAt: DateOperators updatedAt: DateOperators {more}
      _and: [{name}FilterParameter!] _or: [{name}FilterParameter!]
    }}
    input {name}SortParameter {{ id: SortOrder createdAt: SortOrder updatedAt: SortOrder {sorts} }}
    input {name}ListOptions {{
      skip: Int take: Int sort: {name}SortParameter filter: {name}FilterParameter filterOperator: LogicalOperator
    }}
    type {name}List {{ items: [{name}!]! totalItems: Int! }}
    """


_TYPES = """
scalar DateTime
scalar Money
enum SortOrder { ASC DESC }
enum LogicalOperator { AND OR }
input IDOperators { eq: String notEq: String in: [String!] notIn: [String!] isNull: Boolean }
input StringOperators { eq: String notEq: String contains: String in: [String!] notIn: [String!] isNull: Boolean }
input BooleanOperators { eq: Boolean isNull: Boolean }
input DateRange { start: DateTime! end: DateTime! }
input DateOperators { eq: DateTime before: DateTime after: DateTime between: DateRange isNull: Boolean }

interface ErrorResult { errorCode: String! message: String! }
type CurrentUser { id: ID! identifier: String! }
type InvalidCredentialsError implements ErrorResult { errorCode: String! message: String! }
union AuthenticationResult = CurrentUser | InvalidCredentialsError
type Seller { id: ID! name: String! }
type Channel { id: ID! code: String! token: String! defaultCurrencyCode: String! seller: Seller }
type ServerConfig { moneyStrategyPrecision: Int! }
type GlobalSettings { id: ID! serverConfig: ServerConfig! }

type User { id: ID! identifier: String! verified: Boolean! }
type CustomerGroup { id: ID! name: String! }
type Country { code: String! name: String! }
type Address {
  id: ID! createdAt: DateTime! updatedAt: DateTime! fullName: String company: String streetLine1: String!
  streetLine2: String city: String province: String postalCode: String country: Country! phoneNumber: String
  defaultShippingAddress: Boolean defaultBillingAddress: Boolean
}
type Customer {
  id: ID! createdAt: DateTime! updatedAt: DateTime! firstName: String! lastName: String! phoneNumber: String
  emailAddress: String! addresses: [Address!] user: User groups: [CustomerGroup!]!
}
type OrderAddress {
  fullName: String company: String streetLine1: String streetLine2: String city: String province: String
  postalCode: String country: String countryCode: String phoneNumber: String
}
type Asset { id: ID! preview: String! }
type ProductVariant {
  id: ID! createdAt: DateTime! updatedAt: DateTime! productId: ID! sku: String! name: String! priceWithTax: Money!
}
type OrderLine {
  id: ID! quantity: Int! orderPlacedQuantity: Int! unitPriceWithTax: Money! proratedUnitPriceWithTax: Money!
  proratedLinePriceWithTax: Money! lineTax: Money! featuredAsset: Asset productVariant: ProductVariant!
}
type Discount { description: String! amountWithTax: Money! }
type Refund {
  id: ID! createdAt: DateTime! updatedAt: DateTime! total: Money! state: String! reason: String
}
type Payment {
  id: ID! createdAt: DateTime! updatedAt: DateTime! method: String! amount: Money! state: String! refunds: [Refund!]!
}
type Fulfillment {
  id: ID! createdAt: DateTime! updatedAt: DateTime! state: String! method: String! trackingCode: String
}
type HistoryEntry { id: ID! createdAt: DateTime! updatedAt: DateTime! type: String! }
type Order {
  id: ID! createdAt: DateTime! updatedAt: DateTime! type: String! orderPlacedAt: DateTime code: String! state: String!
  active: Boolean! customer: Customer shippingAddress: OrderAddress billingAddress: OrderAddress lines: [OrderLine!]!
  discounts: [Discount!]! couponCodes: [String!]! payments: [Payment!] fulfillments: [Fulfillment!]
  subTotal: Money! subTotalWithTax: Money! currencyCode: String! shipping: Money! shippingWithTax: Money!
  total: Money! totalWithTax: Money! history(options: HistoryEntryListOptions): HistoryEntryList!
}
type Facet { id: ID! name: String! code: String! }
type FacetValue { id: ID! name: String! code: String! facet: Facet! }
type Product {
  id: ID! createdAt: DateTime! updatedAt: DateTime! name: String! slug: String! enabled: Boolean!
  featuredAsset: Asset collections: [Collection!]! facetValues: [FacetValue!]!
  variantList(options: ProductVariantListOptions): ProductVariantList!
}
type Collection {
  id: ID! createdAt: DateTime! updatedAt: DateTime! name: String! slug: String! parentId: ID!
}
type ConfigArg { name: String! value: String! }
type ConfigurableOperation { code: String! args: [ConfigArg!]! }
type Promotion {
  id: ID! createdAt: DateTime! updatedAt: DateTime! name: String! enabled: Boolean! couponCode: String
  actions: [ConfigurableOperation!]!
}

type Query {
  activeChannel: Channel! globalSettings: GlobalSettings!
  orders(options: OrderListOptions): OrderList! customers(options: CustomerListOptions): CustomerList!
  products(options: ProductListOptions): ProductList! collections(options: CollectionListOptions): CollectionList!
  promotions(options: PromotionListOptions): PromotionList!
}
type Mutation { login(username: String!, password: String!, rememberMe: Boolean): AuthenticationResult! }
"""


@cache
def schema() -> GraphQLSchema:
    return build_schema(_TYPES + "".join(_list_types(name, more) for name, more in _LISTED.items()))
