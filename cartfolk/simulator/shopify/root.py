"""What can be asked of the shop: lists, single objects, counts; who may not see something is told per field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from ..records import HIDDEN
from . import documents
from .documents import Json
from .paging import listed, page
from .words import DOMAIN, HISTORY, SUBSCRIPTIONS

if TYPE_CHECKING:
    from .apps import App
    from .shop import ShopifyShop

# list -> (type, permission)
LISTS = {
    "customers": ("Customer", "read_customers"),
    "orders": ("Order", "read_orders"),
    "abandonedCheckouts": ("AbandonedCheckout", "read_orders"),
    "products": ("Product", "read_products"),
    "collections": ("Collection", "read_products"),
    "subscriptionContracts": ("SubscriptionContract", SUBSCRIPTIONS),
}


@dataclass(slots=True)
class Context:
    """Of one question: who asks, and whether a bulk operation does. ``hidden``: this plan shows no addresses."""

    app: App
    bulk: bool = False

    @property
    def hidden(self) -> bool:
        return not self.app.privileged


def denied(name: str, scope: str) -> GraphQLError:
    message = f"Access denied for {name} field. Required access: `{scope}` access scope."
    return GraphQLError(message, extensions={"code": "ACCESS_DENIED", "requiredAccess": f"`{scope}` access scope."})


class Root:
    """The resolvers of the top fields, by name."""

    def __init__(self, shop: ShopifyShop) -> None:
        self._shop = shop
        self._rows: dict[tuple[str, tuple[str, ...]], tuple[int, list[Json]]] = {}
        self.fields: dict[str, Any] = {
            "shop": lambda info: {
                "name": shop.world.name,
                "myshopifyDomain": DOMAIN,
                "currencyCode": shop.world.home,
                "ianaTimezone": shop.world.clock.zone_name,
            },
            "currentAppInstallation": lambda info: {
                "accessScopes": [{"handle": scope} for scope in info.context.app.scopes]
            },
            "node": lambda info, id: self._one(info.context, id),
            "nodes": lambda info, ids: [self._one(info.context, each) for each in ids],
            "bulkOperation": lambda info, id: shop.bulk.look(id),
            "bulkOperationRunQuery": lambda info, query, groupObjects: shop.bulk.start(info.context.app, query),
            "webhookSubscriptions": lambda info, **asked: self._hooks(info.context, **asked),
            "webhookSubscriptionCreate": lambda info, topic, webhookSubscription: shop.delivery.subscribe(
                info.context.app, topic, webhookSubscription
            ),
            "webhookSubscriptionDelete": lambda info, id: shop.delivery.unsubscribe(info.context.app, id),
        }
        for name in LISTS:
            self.fields[name] = self._list(name)
            self.fields[f"{name}Count"] = self._count(name)

    def _list(self, name: str) -> Callable[..., Json]:
        def resolve(
            info: Any,
            first: int | None = None,
            after: str | None = None,
            query: str | None = None,
            sortKey: str = "ID",
            **_others: Any,
        ) -> Json:
            rows = self.rows(info.context, name)
            if info.context.bulk:
                return page(rows, None)
            world, lag = self._shop.world, self._shop.faults.strike("latency", "search-index")
            before = world.clock.now() - int(lag.seconds or 0) if lag else None
            found = listed(rows, sortKey, before, first or 50, after, query)
            if moved := self._shop.faults.strike("shift", name):
                for _ in range(moved.rows):
                    some = list(world.orders.values())[self._shop.faults.pick(len(world.orders))]
                    world.touch_order(some, quietly=True)
            return found

        return resolve

    def _count(self, name: str) -> Callable[..., Json]:
        def resolve(info: Any, limit: int | None = None, query: str | None = None) -> Json:
            number = len(self.rows(info.context, name))
            capped = limit is not None and number > limit
            return {"count": limit if capped else number, "precision": "AT_LEAST" if capped else "EXACT"}

        return resolve

    def rows(self, context: Context, name: str) -> list[Json]:
        """All objects of a list this app may see."""
        kind, scope = LISTS[name]
        if scope not in context.app.scopes:
            raise denied(name, scope)
        world = self._shop.world
        revision, known = self._rows.get((name, context.app.scopes), (-1, []))
        if revision == world.revision and name != "abandonedCheckouts":  # carts change without a revision
            return known
        numbers: dict[str, Callable[[], list[int]]] = {
            "Customer": self._shop.people.numbers,
            "Order": lambda: list(world.orders),
            "AbandonedCheckout": lambda: [documents.checkout_id(token) for token in world.carts],
            "Product": lambda: list(world.products),
            "Collection": lambda: list(world.categories),
            "SubscriptionContract": lambda: list(world.subscriptions),
        }
        rows = [row for number in numbers[kind]() if (row := self.document(context, kind, number))]
        self._rows[name, context.app.scopes] = (world.revision, rows)
        return rows

    def document(self, context: Context, kind: str, number: int) -> Json | None:
        """One object as this app sees it; None if there is none."""
        world, people = self._shop.world, self._shop.people
        if kind == "Customer":
            return people.document(number)
        if kind == "Order" and number in world.orders:
            record = world.orders[number]
            old = record.created < world.clock.now() - HISTORY and "read_all_orders" not in context.app.scopes
            if record.state in HIDDEN or old:
                return None
            owner = people.owner(record)
            return documents.order(world, record, people.document(owner) if owner else None)
        if kind == "AbandonedCheckout":
            for token, cart in world.carts.items():
                if documents.checkout_id(token) == number and cart.checkout:
                    owner = cart.customer_id or people.of_email(cart.email)
                    customer = people.document(owner) if owner else None
                    if customer is None and cart.email:
                        customer = people.visitor(cart.email, cart.first_name, cart.last_name)
                    return documents.checkout(world, cart, customer)
        if kind == "Product" and number in world.products:
            return documents.product(world, world.products[number])
        if kind == "SubscriptionContract" and number in world.subscriptions:
            contract = world.subscriptions[number]
            owner = people.owner(contract.order)
            return documents.contract(world, contract, people.document(owner) if owner else None)
        if kind == "Collection" and number in world.categories:
            return documents.collection(world, number)
        return None

    def _one(self, context: Context, gid: str) -> Json | None:
        kind, number = gid.split("/")[-2:]
        for name, (known, scope) in LISTS.items():
            if known == kind:
                if scope not in context.app.scopes:
                    raise denied(name, scope)
                if self._shop.faults.poisoned({int(number)}, {int(number)}, kind):
                    raise GraphQLError("Internal error.", extensions={"code": "INTERNAL_SERVER_ERROR"})
                return self.document(context, kind, int(number)) if number.isdigit() else None
        raise GraphQLError(f"Invalid global id '{gid}'", extensions={"code": "BAD_REQUEST"})

    def _hooks(self, context: Context, first: int = 50, after: str | None = None, **_others: Any) -> Json:
        rows = [
            {"__typename": "WebhookSubscription", "id": each.gid, "topic": each.topic, "uri": each.uri}
            | {"_id": each.number, "_created": 0, "_updated": 0}
            for each in self._shop.delivery.hooks.values()
            if each.app is context.app
        ]
        return listed(rows, "ID", None, first, after, None)
