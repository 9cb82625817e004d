"""The Vendure front of the shop: who asks, which list, and what goes wrong on the way.

Its habits: an order's own time of change moves with its lines and its cancellation only, not when it is paid, shipped
or refunded. A guest is a customer without a user; one who opens an account is the same customer. Who may not see a
list gets the same error as who is not known. Names of channels nobody has are taken for the only one there is.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, graphql_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..faults import Faults
from ..records import CANCELLED, HIDDEN, Address, Cart, Order
from ..stats import Stats
from ..world import ShopError, World, normalise_email
from . import documents
from .lists import Row, listed, shown, stamp
from .schema import schema
from .words import ADMINISTRATOR, CHANNEL_TOKEN, FORBIDDEN, STATUS

READS = ("ReadOrder", "ReadCustomer", "ReadProduct", "ReadCollection", "ReadPromotion")
GUESTS, CARTS = 1_000_000, 5_000_000  # where their ids begin
_HTML = "<!DOCTYPE html><title>{0}</title><h1>{0}</h1>"


@dataclass(slots=True)
class Key:
    token: str
    permissions: frozenset[str]
    privileged: bool = True


@dataclass(slots=True)
class Guest:
    """A customer without a user."""

    id: int
    address: Address
    created: int
    modified: int


class VendureShop:
    """One Vendure server around a world."""

    platform = "vendure"

    def __init__(self, world: World, faults: Faults, stats: Stats) -> None:
        self.world = world
        self.faults = faults
        self.stats = stats
        self.url = ""
        self.password = ""
        self.keys: dict[str, Key] = {}
        self.sessions: set[str] = set()
        self._moved: dict[int, int] = {}  # order -> its own time of change, where it is not that of its making
        self._seen = {order.id: (order.state, order.refunded) for order in world.orders.values()}
        self._guests: tuple[int, dict[str, Guest]] = (-1, {})
        self._carts: dict[str, tuple[int, int]] = {}  # token -> id, first seen
        world.listeners.append(self._heard)

    # -- what the simulator asks of every platform

    @property
    def words(self) -> dict[str, str]:
        return STATUS

    @property
    def backlog(self) -> int:
        return 0

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def document(self, kind: str, record_id: int) -> Any:
        found = getattr(self.world, f"{kind}s").get(record_id)
        if kind == "customer" and found:
            return documents.customer(found)
        if kind == "order" and found:
            return {name: value for name, value in documents.order(self, found).items() if name != "history"}
        return {"id": str(record_id)} if found else None

    def add_key(self, permissions: str) -> dict[str, str]:
        """``read_write``: may read everything; ``write``: nothing; ``without:ReadOrder``: all but that."""
        if permissions in ("read", "read_write"):
            may = frozenset(READS)
        elif permissions == "write":
            may = frozenset()
        elif (left_out := permissions.removeprefix("without:")) in READS:
            may = frozenset(READS) - {left_out}
        else:
            raise ShopError(f"key: permissions {permissions!r} must be read_write, write or without:<permission>")
        token = f"{secrets.token_hex(12)}:{secrets.token_hex(32)}"
        self.keys[token] = Key(token, may)
        return {"key": token, "secret": ""}

    def change_key(self, key: str, revoke: bool, privileged: bool) -> None:
        """``sessions`` instead of a key: everybody has to sign in again."""
        if key == "sessions":
            self.sessions.clear()
            return
        if key not in self.keys:
            raise ShopError("key: there is no such key")
        self.keys[key].privileged = privileged
        if revoke:
            del self.keys[key]

    def hooks(self) -> dict[str, Any]:
        """No webhooks; but the number of customers, guests included, which nobody else counts."""
        carts = [token for token, cart in self.world.carts.items() if cart.order_id is None]
        return {"webhooks": [], "deliveries": [], "customers": len(self._customers()), "carts": len(carts)}

    # -- how records change and who they belong to

    def _heard(self, kind: str, event: str, record_id: int) -> None:
        if kind != "order" or event == "deleted":
            return
        order = self.world.orders[record_id]
        now = (order.state, order.refunded)
        before = self._seen.get(record_id)
        self._seen[record_id] = now
        if before is not None and event == "updated" and (before == now or order.state == CANCELLED):
            self._moved[record_id] = order.modified

    def guests(self) -> dict[str, Guest]:
        """By address. Who has an account is no guest any more."""
        if self._guests[0] != self.world.revision:
            found: dict[str, Guest] = {}
            for order in self.world.orders.values():
                email = normalise_email(order.billing.email)
                if order.customer_id or not email or order.state in HIDDEN or email in self.world.account_of:
                    continue
                known = found.setdefault(email, Guest(GUESTS + order.id, order.billing, order.created, order.created))
                known.created = min(known.created, order.created)
                known.modified = max(known.modified, order.created)
            self._guests = (self.world.revision, found)
        return self._guests[1]

    def person_of(self, order: Order) -> Any:
        if order.customer_id:
            return documents.customer(self.world.customers[order.customer_id])
        return self._by_email(order.billing.email)

    def person_of_cart(self, cart: Cart) -> Any:
        if cart.customer_id and cart.customer_id in self.world.customers:
            return documents.customer(self.world.customers[cart.customer_id])
        if not cart.email:
            return None
        address = Address(cart.first_name or "", cart.last_name or "", email=cart.email)
        number = GUESTS * 2 + self.cart_id(cart.token)
        return self._by_email(cart.email) or documents.guest(Guest(number, address, cart.updated, cart.updated))

    def _by_email(self, typed: str) -> Any:
        email = normalise_email(typed)
        if email in self.world.account_of:
            return documents.customer(self.world.customers[self.world.account_of[email]])
        return documents.guest(self.guests()[email]) if email in self.guests() else None

    def cart_id(self, token: str) -> int:
        if token not in self._carts:
            self._carts[token] = (CARTS + len(self._carts), self.world.carts[token].updated)
        return self._carts[token][0]

    # -- lists: what can be filtered by, and the rest of each row

    def _customers(self) -> list[Row]:
        rows = [_row(each.id, each.created, each.modified, each) for each in self.world.customers.values()]
        return rows + [_row(each.id, each.created, each.modified, each) for each in self.guests().values()]

    def _orders(self) -> list[Row]:
        """Orders and carts are one list. An order that was a cart here keeps its number."""
        rows = []
        for order in self.world.orders.values():
            if order.state in HIDDEN:
                continue
            number = self._carts[order.cart][0] if order.cart in self._carts else order.id
            row = _row(number, order.created, self._moved.get(order.id, order.created), order)
            placed = {"orderPlacedAt": stamp(order.created, True), "active": False, "type": "Regular"}
            rows.append(row | placed)
        for cart in self.world.carts.values():
            if cart.order_id is None:
                number = self.cart_id(cart.token)
                row = _row(number, self._carts[cart.token][1], cart.updated, cart)
                rows.append(row | {"orderPlacedAt": None, "active": True, "type": "Regular"})
        return rows

    def _order(self, row: Row) -> Any:
        found = row["_"]
        told = documents.order(self, found) if isinstance(found, Order) else documents.cart(self, found)
        return documents.when(row) | told | {"orderPlacedAt": shown(row["orderPlacedAt"])}

    def _customer(self, row: Row) -> Any:
        found = row["_"]
        return (documents.guest(found) if isinstance(found, Guest) else documents.customer(found)) | documents.when(row)

    def _fields(self, key: Key | None) -> dict[str, Any]:
        world = self.world
        opened = min((product.created for product in world.products.values()), default=world.clock.start)

        def lists(permission: str, rows: Any, document: Any) -> Any:
            def answer(_info: Any, options: Any = None) -> Any:
                if key is None or not key.privileged or permission not in key.permissions:
                    raise forbidden()
                return listed(rows(), options, document)

            return answer

        def known(value: Any) -> Any:
            def answer(_info: Any) -> Any:
                if key is None:
                    raise forbidden()
                return value

            return answer

        channel = {
            "id": "1", "code": "__default_channel__", "token": CHANNEL_TOKEN, "defaultCurrencyCode": world.home,
            "seller": {"id": "1", "name": world.name},
        }  # fmt: skip
        return {
            "activeChannel": known(channel),
            "globalSettings": known({"id": "1", "serverConfig": {"moneyStrategyPrecision": 2}}),
            "orders": lists("ReadOrder", self._orders, self._order),
            "customers": lists("ReadCustomer", self._customers, self._customer),
            "products": lists(
                "ReadProduct",
                lambda: [_row(each.id, each.created, each.modified, each) for each in world.products.values()],
                lambda row: documents.product(self, row["_"]) | documents.when(row),
            ),
            "collections": lists(
                "ReadCollection",
                lambda: [_row(each.id, opened, opened, each) for each in world.categories.values()],
                lambda row: documents.collection(row["_"]) | documents.when(row),
            ),
            "promotions": lists(
                "ReadPromotion",
                lambda: [
                    _row(each.id, each.created, each.created, each) | {"couponCode": each.code}
                    for each in world.coupons.values()
                ],
                lambda row: documents.promotion(row["_"]) | documents.when(row),
            ),
        }

    # -- the outer shell

    async def answer(self, request: Request) -> Response:
        if request.url.path != "/admin-api" or request.method != "POST":
            told = {"statusCode": 404, "message": f"Cannot {request.method} {request.url.path}"}
            return JSONResponse(told, 404)
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
        headers: dict[str, str] = {}
        fields = self._fields(self._who(request))

        def login(_info: Any, username: str, password: str, rememberMe: bool = False) -> Any:
            if (username, password) != (ADMINISTRATOR, self.password):
                message = "The provided credentials are invalid"
                return {
                    "__typename": "InvalidCredentialsError",
                    "errorCode": "INVALID_CREDENTIALS_ERROR",
                    "message": message,
                }
            headers["vendure-auth-token"] = secrets.token_hex(32)
            self.sessions.add(headers["vendure-auth-token"])
            return {"__typename": "CurrentUser", "id": "1", "identifier": username}

        done = graphql_sync(schema(), query, fields | {"login": login}, variable_values=variables)
        told: dict[str, Any] = {"data": done.data}
        if done.errors:
            told = {"errors": [error.formatted for error in done.errors], "data": done.data}
            for error in told["errors"]:
                error.setdefault("extensions", {}).setdefault("code", "GRAPHQL_VALIDATION_FAILED")
            if done.data is None and any(not error.path for error in done.errors):
                return JSONResponse(told, 400)
        if self._poisoned(done.data, query):
            message = "Cannot return null for non-nullable field"
            told = {"errors": [{"message": message, "extensions": {"code": "INTERNAL_SERVER_ERROR"}}], "data": None}
        return JSONResponse(told, headers=headers)

    def _who(self, request: Request) -> Key | None:
        """A session, or an API key, which versions before 3.6 do not know."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if bearer in self.sessions:
            return Key(bearer, frozenset(READS))
        if self.faults.strike("old_version"):
            return None
        return self.keys.get(request.headers.get("vendure-api-key", ""))

    def _poisoned(self, data: Any, query: str) -> bool:
        """One record that cannot be shown takes its whole list along."""
        lists = [each["items"] for each in (data or {}).values() if isinstance(each, dict) and "items" in each]
        ids = {int(row["id"]) for rows in lists for row in rows if "id" in row}
        whole = ids if "currencyCode" in query or "emailAddress" in query else set()
        return self.faults.poisoned(ids, whole, query)


def _row(number: int, created: int, modified: int, record: Any) -> Row:
    return {"id": number, "createdAt": stamp(created), "updatedAt": stamp(modified), "_": record}


def forbidden() -> GraphQLError:
    return GraphQLError(FORBIDDEN, extensions={"code": "FORBIDDEN"})
