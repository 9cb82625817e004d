"""Every question is one Shopify understands: checked against its schema, where that lies beside the checkout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import GraphQLSchema, NamedTypeNode, Visitor, build_ast_schema, parse, validate, visit

from cartfolk.connectors.shopify import queries, webhooks
from cartfolk.connectors.shopify.queries import SOURCES

SCHEMA = (
    Path(__file__).resolve().parents[5] / "shared/reference/stores/samples/shopify/admin_2026-10_schema_subset.graphql"
)
# What the subset leaves out of the types we ask for: the roots, and small types they lead to.
ROOTS = """
union Node = Customer | Order | Product | Collection | AbandonedCheckout | SubscriptionContract
type Query {
  shop: Shop! currentAppInstallation: AppInstallation! node(id: ID!): Node nodes(ids: [ID!]!): [Node]!
  customers(after: String, first: Int, query: String, sortKey: CustomerSortKeys): CustomerConnection!
  orders(after: String, first: Int, query: String, sortKey: OrderSortKeys): OrderConnection!
  abandonedCheckouts(
    after: String, first: Int, query: String, sortKey: AbandonedCheckoutSortKeys
  ): AbandonedCheckoutConnection!
  products(after: String, first: Int, query: String, sortKey: Keys): ProductConnection!
  collections(after: String, first: Int, query: String, sortKey: Keys): CollectionConnection!
  subscriptionContracts(
    after: String, first: Int, query: String, sortKey: SubscriptionContractsSortKeys
  ): SubscriptionContractConnection!
  customersCount(query: String, limit: Int): Count
  ordersCount(query: String, limit: Int): Count
  abandonedCheckoutsCount(query: String, limit: Int): Count
  productsCount(query: String, limit: Int): Count
  collectionsCount(query: String, limit: Int): Count
  bulkOperation(id: ID!): BulkOperation
  webhookSubscriptions(after: String, first: Int): WebhookSubscriptionConnection!
}
type Mutation {
  bulkOperationRunQuery(query: String!, groupObjects: Boolean!): BulkOperationRunQueryPayload
  webhookSubscriptionCreate(
    topic: WebhookSubscriptionTopic!, webhookSubscription: WebhookSubscriptionInput!
  ): WebhookSubscriptionCreatePayload
  webhookSubscriptionDelete(id: ID!): WebhookSubscriptionDeletePayload
}
type UserError { field: [String!] message: String! }
type BulkOperationRunQueryPayload { bulkOperation: BulkOperation userErrors: [UserError!]! }
type WebhookSubscriptionCreatePayload { webhookSubscription: WebhookSubscription userErrors: [UserError!]! }
type WebhookSubscriptionDeletePayload { deletedWebhookSubscriptionId: ID userErrors: [UserError!]! }
type SubscriptionContract {
  id: ID! status: String! createdAt: DateTime! updatedAt: DateTime! nextBillingDate: DateTime
  currencyCode: CurrencyCode! originOrder: Order customer: Customer billingPolicy: SubscriptionBillingPolicy!
  deliveryPrice: MoneyV2! lines(first: Int, after: String): SubscriptionLineConnection!
}
type SubscriptionBillingPolicy { interval: SellingPlanInterval! intervalCount: Int! }
type SubscriptionLine {
  id: ID! title: String! variantTitle: String quantity: Int! sku: String productId: ID variantId: ID
  currentPrice: MoneyV2!
}
type Shop { name: String! myshopifyDomain: String! currencyCode: CurrencyCode! ianaTimezone: String! }
type AppInstallation { accessScopes: [AccessScope!]! }
type AccessScope { handle: String! }
type Image { url: URL! }
type MediaPreviewImage { image: Image }
type Media { preview: MediaPreviewImage }
type ProductPriceRangeV2 { minVariantPrice: MoneyV2! }
type Fulfillment { createdAt: DateTime! trackingInfo(first: Int): [FulfillmentTrackingInfo!]! }
type FulfillmentTrackingInfo { company: String number: String url: URL }
type DiscountAllocation { allocatedAmountSet: MoneyBag! }
type CustomerJourneySummary { lastVisit: CustomerVisit }
type CustomerVisit {
  source: String! sourceType: MarketingTactic referrerUrl: URL landingPage: URL utmParameters: UTMParameters
}
type UTMParameters { source: String medium: String campaign: String }
"""


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    if not SCHEMA.exists():
        pytest.skip("Shopify's schema is not beside the checkout")
    text = SCHEMA.read_text(encoding="utf-8") + ROOTS
    document = parse(text)
    named: set[str] = set()

    class Names(Visitor):
        def enter_named_type(self, node: NamedTypeNode, *_others: object) -> None:
            named.add(node.name.value)

    visit(document, Names())
    known = set(re.findall(r"^(?:type|enum|input|union|scalar) (\w+)", text, re.MULTILINE))
    for name in sorted(named - known - {"String", "Int", "Float", "Boolean", "ID"}):
        if name.endswith("Connection"):
            node = name.removesuffix("Connection")
            text += f"\ntype {name} {{ nodes: [{node}!]! edges: [{node}Edge!]! pageInfo: PageInfo! }}"
            text += f"\ntype {node}Edge {{ node: {node}! cursor: String! }}"
            text += "" if node in named | known else f"\nscalar {node}"
        else:
            text += f"\nscalar {name}"
    return build_ast_schema(parse(text))


EXPORTED = {stream: source for stream, source in SOURCES.items() if source.exported}
QUESTIONS = {
    "shop": queries.SHOP,
    "identity": queries.IDENTITY,
    "person": queries.PERSON,
    "counts": queries.COUNTS,
    "operation": queries.OPERATION,
    "run": queries.RUN,
    "hooks": queries.HOOKS,
    "hook create": queries.HOOK_CREATE,
    "hook delete": queries.HOOK_DELETE,
    **{f"export {stream}": queries.export(source) for stream, source in EXPORTED.items()},
    **{f"ids {stream}": queries.export(source.bare()) for stream, source in EXPORTED.items()},
    **{f"changed {stream}": queries.listed(source, 100, source.sort) for stream, source in SOURCES.items()},
    **{f"by id {stream}": queries.listed(source, 100, "ID") for stream, source in SOURCES.items()},
    **{f"objects {stream}": queries.objects(source) for stream, source in SOURCES.items()},
    **{
        f"more {stream} {children.name}": queries.more_children(source, children)
        for stream, source in SOURCES.items()
        for children in source.children
    },
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_shopify_understands(schema: GraphQLSchema, name: str) -> None:
    assert [error.message for error in validate(schema, parse(QUESTIONS[name]))] == []


def test_every_topic_is_one_of_shopifys(schema: GraphQLSchema) -> None:
    topics = schema.get_type("WebhookSubscriptionTopic")
    assert set(webhooks.TOPICS + webhooks.OPTIONAL) <= set(getattr(topics, "values", {}))


def test_an_export_keeps_to_the_rules_of_bulk_operations() -> None:
    """At most five connections, two deep, pages of no connection asked for."""
    for source in EXPORTED.values():
        text = queries.export(source)
        assert text.count("edges{node{") == 1 + len(source.children) <= 5
        assert "pageInfo" not in text
        assert "$" not in text
