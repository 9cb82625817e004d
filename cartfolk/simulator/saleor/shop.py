"""The Saleor front of the shop: who asks, which list, and what goes wrong on the way.

Its habits: whoever lacks a permission hears the same as who is not known, and of products simply sees none; drafts are
in no list of orders; a checkout is gone once it was ordered; its filters by time know days only; an order whose money
went back is "not charged" again.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError, execute_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..faults import Faults
from ..records import HIDDEN
from ..stats import Stats
from ..world import ShopError, World
from . import documents
from .delivery import Delivery
from .lists import Row, failed, gid, listed, stamp
from .schema import question, schema
from .words import CHANNEL, DOMAIN, PERMISSIONS, STATUS

_HTML = "<!DOCTYPE html><title>{0}</title><h1>{0}</h1>"


@dataclass(slots=True, eq=False)
class App:
    """An app is known by its token."""

    token: str
    permissions: frozenset[str]
    privileged: bool = True


class SaleorShop:
    """One Saleor server around a world."""

    platform = "saleor"

    def __init__(self, world: World, faults: Faults, stats: Stats) -> None:
        self.world = world
        self.faults = faults
        self.stats = stats
        self.url = ""
        self.apps: dict[str, App] = {}
        self.delivery = Delivery(self)
        self._first_seen: dict[str, int] = {}  # cart token -> when
        world.listeners.append(self.delivery.heard)

    # -- what the simulator asks of every platform

    @property
    def words(self) -> dict[str, str]:
        return STATUS

    @property
    def backlog(self) -> int:
        return self.delivery.open

    async def start(self) -> None:
        await self.delivery.start()

    async def stop(self) -> None:
        await self.delivery.stop()

    def document(self, kind: str, record_id: int) -> Any:
        found = getattr(self.world, f"{kind}s").get(record_id)
        if found is None:
            return None
        if kind == "order":
            return documents.order(self, found)
        return documents.user(found) if kind == "customer" else {"id": gid(kind.title(), record_id)}

    def add_key(self, permissions: str) -> dict[str, str]:
        """``read_write``: may everything; ``write``: nothing; ``without:MANAGE_ORDERS``: all but that."""
        if permissions in ("read", "read_write"):
            may = frozenset(PERMISSIONS)
        elif permissions == "write":
            may = frozenset()
        elif (left_out := permissions.removeprefix("without:")) in PERMISSIONS:
            may = frozenset(PERMISSIONS) - {left_out}
        else:
            raise ShopError(f"key: permissions {permissions!r} must be read_write, write or without:<permission>")
        token = secrets.token_hex(15)
        self.apps[token] = App(token, may)
        return {"key": token, "secret": ""}

    def change_key(self, key: str, revoke: bool, privileged: bool) -> None:
        """``signing`` instead of a token: the shop signs with another key from now on."""
        if key == "signing":
            self.delivery.rotate()
            return
        if key not in self.apps:
            raise ShopError("key: there is no such key")
        self.apps[key].privileged = privileged
        if revoke:
            del self.apps[key]

    def hooks(self) -> dict[str, Any]:
        hooks = [hook.shown() | {"secretKey": hook.fields.get("secretKey")} for hook in self.delivery.hooks.values()]
        return {"webhooks": hooks, "deliveries": list(self.delivery.log), "checkouts": len(self._checkouts())}

    # -- lists

    def _orders(self) -> list[Row]:
        return [
            _row("Order", documents.order_key(each.id), each.id, each.created, each.modified, each)
            for each in self.world.orders.values()
            if each.state not in HIDDEN
        ]

    def _customers(self) -> list[Row]:
        every = self.world.customers.values()
        return [_row("User", each.id, each.id, each.created, each.modified, each) for each in every]

    def _products(self) -> list[Row]:
        every = self.world.products.values()
        return [_row("Product", each.id, each.id, each.created, each.modified, each) for each in every]

    def _categories(self) -> list[Row]:
        opened = self._opened
        every = self.world.categories.values()
        return [_row("Category", each.id, 0, opened, opened, each) for each in every]

    @property
    def _opened(self) -> int:
        return min((product.created for product in self.world.products.values()), default=self.world.clock.start)

    def _checkouts(self) -> list[Row]:
        rows = []
        for token, cart in self.world.carts.items():
            if cart.order_id is None:
                created = self._first_seen.setdefault(token, cart.updated)
                rows.append(_row("Checkout", documents.cart_key(token), 0, created, cart.updated, cart))
        return rows

    def _fields(self, app: App | None) -> dict[str, Any]:
        def may(permission: str) -> bool:
            return app is not None and app.privileged and permission in app.permissions

        def lists(permission: str, rows: Any, document: Any, quiet: bool = False) -> Any:
            def answer(_info: Any, **options: Any) -> Any:
                if not may(permission) and not quiet:
                    raise denied(permission)
                return listed(rows() if may(permission) else [], options, CHANNEL["id"], document)

            return answer

        def checkout(_info: Any, id: str) -> Any:
            if not may("MANAGE_CHECKOUTS"):
                raise denied("MANAGE_CHECKOUTS")
            found = [row for row in self._checkouts() if row["id"] == id]
            return documents.checkout(self, found[0]) if found else None

        def channels(_info: Any) -> Any:
            if app is None:
                raise denied("AUTHENTICATED_APP")
            return [documents.channel(self)]

        def changing(what: Any) -> Any:
            def answer(_info: Any, **given: Any) -> Any:
                if app is None:
                    raise denied("AUTHENTICATED_APP")
                return what(app, **given)

            return answer

        delivery = self.delivery
        return {
            "shop": {"name": self.world.name, "domain": {"host": DOMAIN}},
            "app": self._app(app),
            "channels": channels,
            "orders": lists("MANAGE_ORDERS", self._orders, lambda row: documents.order(self, row["_"])),
            "customers": lists("MANAGE_USERS", self._customers, lambda row: documents.user(row["_"])),
            "products": lists("MANAGE_PRODUCTS", self._products, lambda row: documents.product(self, row["_"]), True),
            "categories": lists(
                "MANAGE_PRODUCTS", self._categories, lambda row: documents.category(self, row["_"], self._opened), True
            ),
            "checkouts": lists("MANAGE_CHECKOUTS", self._checkouts, lambda row: documents.checkout(self, row)),
            "checkout": checkout,
            "webhookCreate": changing(lambda who, input: delivery.create(who, input)),
            "webhookUpdate": changing(lambda who, id, input: delivery.update(who, id, input)),
            "webhookDelete": changing(lambda who, id: delivery.delete(who, id)),
        }

    def _app(self, app: App | None) -> Any:
        if app is None:
            return None
        permissions = sorted(app.permissions) if app.privileged else []
        return {
            "id": gid("App", 1),
            "name": "Cartfolk",
            "permissions": [{"code": code, "name": code} for code in permissions],
            "webhooks": [hook.shown() for hook in self.delivery.hooks.values() if hook.app is app],
        }

    # -- the outer shell

    async def answer(self, request: Request) -> Response:
        if request.url.path == "/.well-known/jwks.json":
            if self.faults.strike("server_error", "jwks"):
                return JSONResponse({}, 500)
            hidden = self.faults.strike("old_version", "jwks")
            return JSONResponse({"keys": [] if hidden else [self.delivery.key.public()]})
        if request.url.path != "/graphql/" or request.method != "POST":
            return Response(_HTML.format("Not Found"), 404, media_type="text/html")
        asked = json.loads(await request.body())
        query, variables = str(asked.get("query") or ""), asked.get("variables") or {}
        route = query.partition("{")[2].strip().partition("(")[0].strip()  # the list that is asked for
        self.stats.began("POST", route)
        status = 500
        try:
            response = await self._with_faults(request, route, query, variables)
            status = response.status_code
            return response
        finally:
            self.stats.ended(status)

    async def _with_faults(self, request: Request, route: str, query: str, variables: dict[str, Any]) -> Response:
        faults = self.faults
        if slow := faults.strike("latency", route):
            await asyncio.sleep(0.2 if slow.seconds is None else slow.seconds)
        if limit := faults.strike("rate_limit", route):
            return Response("Too many requests", 429, {"Retry-After": str(limit.retry_after)})
        if broken := faults.strike("server_error", route):
            return Response(_HTML.format("Bad gateway"), broken.status or 502, media_type="text/html")
        if wall := faults.strike("firewall", route):
            return Response(_HTML.format("One moment"), wall.status or 200, media_type="text/html")
        response = self._graphql(request, query, variables)
        if response.status_code < 300 and faults.strike("truncated", route):
            half = bytes(response.body)[: len(response.body) // 2]
            return Response(half, 200, media_type="application/json")
        return response

    def _graphql(self, request: Request, query: str, variables: dict[str, Any]) -> Response:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        document, wrong = question(query)
        if document is None or wrong:
            done = ExecutionResult(None, list(wrong))
        else:
            done = execute_sync(schema(), document, self._fields(self.apps.get(bearer)), variable_values=variables)
        cost = {"requestedQueryCost": 1, "maximumAvailable": 50000}
        told: dict[str, Any] = {"data": done.data, "extensions": {"cost": cost}}
        if done.errors:
            told["errors"] = [error.formatted for error in done.errors]
            for error in told["errors"]:
                error.setdefault("extensions", {}).setdefault("exception", {"code": "GraphQLError"})
            if done.data is None and any(not error.path for error in done.errors):
                return JSONResponse(told, 400)
        if self._poisoned(done.data, query):
            broken = {"message": "Internal Server Error", "extensions": {"exception": {"code": "Exception"}}}
            told = {"errors": [broken], "data": None}
        return JSONResponse(told)

    def _poisoned(self, data: Any, query: str) -> bool:
        """One record that cannot be shown takes its whole list along."""
        if not any(fault["kind"] == "poison" for fault in self.faults.told()):
            return False
        known = {row["id"]: row["_"].id for row in (*self._orders(), *self._customers())}
        lists = [each["edges"] for each in (data or {}).values() if isinstance(each, dict) and "edges" in each]
        ids = {known[edge["node"]["id"]] for edges in lists for edge in edges if edge["node"].get("id") in known}
        whole = ids if "firstName" in query else set()
        return bool(ids) and self.faults.poisoned(ids, whole, query)


def _row(kind: str, key: object, number: int, created: int, modified: int, record: Any) -> Row:
    return {"id": gid(kind, key), "created": stamp(created, number), "modified": stamp(modified, number), "_": record}


def denied(permission: str) -> GraphQLError:
    return failed(f"To access this path, you need one of the following permissions: {permission}", "PermissionDenied")
