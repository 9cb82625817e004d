"""The BigCommerce front of the shop: takes a request in, lets it pass or not, answers as the gateway would."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..faults import Faults
from ..records import TRASHED
from ..stats import Stats
from ..world import ShopError, World
from . import documents
from .accounts import Account, Accounts, Quota
from .hooks import Hooks
from .lists import Params, Refused, Shelf, chosen, paged
from .words import GROUPS, STATUS, STATUS_ID, STORE

_JSON, _HTML = "application/json", "text/html; charset=UTF-8"
_FIREWALL = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
_BASE = re.compile(rf"/stores/{STORE}(/v[23]/.*)")


class BigShop:
    """One BigCommerce store around a world."""

    platform = "bigcommerce"

    def __init__(self, world: World, faults: Faults, stats: Stats, runners: int) -> None:
        self.world = world
        self.faults = faults
        self.stats = stats
        self.url = ""
        self.accounts = Accounts()
        self.quota = Quota()
        self.hooks_ = Hooks(world, faults, stats, self.accounts, runners)
        self._routes: tuple[tuple[str, str, Callable[..., Any]], ...] = (
            (r"/v2/store", "store", self._store),
            (r"/v2/orders", "orders", self._orders),
            (r"/v2/orders/count", "orders", self._order_count),
            (r"/v2/orders/(\d+)", "orders", self._order),
            (r"/v2/orders/(\d+)/products", "orders", self._order_lines),
            (r"/v2/orders/(\d+)/coupons", "orders", self._order_coupons),
            (r"/v3/orders/payment_actions/refunds", "orders", self._refunds),
            (r"/v2/coupons", "marketing", self._coupons),
            (r"/v2/coupons/(\d+)", "marketing", self._coupon),
            (r"/v2/customer_groups", "customers", self._groups),
            (r"/v3/customers", "customers", self._customers),
            (r"/v3/customers/subscribers", "customers", self._subscribers),
            (r"/v3/catalog/products", "products", self._products),
            (r"/v3/catalog/trees/categories", "products", self._categories),
            (r"/v3/catalog/brands", "products", self._brands),
            (r"/v3/carts/([\w-]+)", "carts", self._cart),
            (r"/v3/checkouts/([\w-]+)", "checkouts", self._checkout),
        )

    # -- what the simulator asks of every platform

    @property
    def words(self) -> dict[str, str]:
        return STATUS

    @property
    def backlog(self) -> int:
        return self.hooks_.open

    async def start(self) -> None:
        await self.hooks_.start()

    async def stop(self) -> None:
        await self.hooks_.stop()

    def document(self, kind: str, record_id: int) -> Any:
        world = self.world
        if kind == "order" and record_id in world.orders:
            return documents.order(world, self._base, world.orders[record_id], True)
        if kind == "customer" and record_id in world.customers:
            return documents.customer(world.customers[record_id], True)
        if kind == "product" and record_id in world.products:
            return documents.product(world.products[record_id], True)
        return None

    def add_key(self, permissions: str) -> dict[str, str]:
        account = self.accounts.make(permissions)
        return {"key": account.token, "secret": account.client_secret}

    def change_key(self, key: str, revoke: bool, privileged: bool) -> None:
        if key not in self.accounts.by_token:
            raise ShopError("key: there is no such access token")
        if not privileged:
            self.accounts.by_token[key].scopes.clear()
        if revoke:
            del self.accounts.by_token[key]

    def hooks(self) -> dict[str, Any]:
        return self.hooks_.told()

    @property
    def _base(self) -> str:
        return f"{self.url}/stores/{STORE}"

    # -- the outer shell

    async def answer(self, request: Request) -> Response:
        """Any request that is not the simulator's own."""
        found = _BASE.fullmatch(request.url.path)
        route = found[1].rstrip("/") if found else request.url.path
        self.stats.began(request.method, route)
        status = 500
        try:
            response = await self._answer_with_faults(request, route, found is not None)
            status = response.status_code
            return response
        finally:
            self.stats.ended(status)

    async def _answer_with_faults(self, request: Request, route: str, known: bool) -> Response:
        faults = self.faults
        if slow := faults.strike("latency", route):
            await asyncio.sleep(0.2 if slow.seconds is None else slow.seconds)
        if dead := faults.strike("timeout", route):
            await asyncio.sleep(120.0 if dead.seconds is None else dead.seconds)
            return Response("<h1>504 Gateway Time-out</h1>", 504, media_type=_HTML)
        allowed, quota = self.quota.take()
        if limit := faults.strike("rate_limit", route):
            if limit.seconds is None:
                allowed = False
                quota["X-Rate-Limit-Requests-Left"] = "0"
                quota["X-Rate-Limit-Time-Reset-Ms"] = str(limit.retry_after * 1000)
            else:  # another app of the store takes what is left of the window
                self.quota.taken_by_others(limit.seconds)
                quota["X-Rate-Limit-Requests-Left"] = "1"
                quota["X-Rate-Limit-Time-Reset-Ms"] = str(int(limit.seconds * 1000))
        if not allowed:
            return _json({"status": 429, "title": "Too Many Requests"}, 429, quota)
        if broken := faults.strike("server_error", route):
            return _json({"status": 500, "title": "Internal Server Error"}, broken.status or 500, quota)
        if wall := faults.strike("firewall", route):
            return Response(_FIREWALL, wall.status or 200, media_type=_HTML)
        try:
            status, body = await self._let_in(request, route, known)
        except Refused as refused:
            status = refused.status
            if route.startswith("/v2/") and status not in (401, 403):
                body = [{"status": status, "message": refused.title}]
            else:
                body = {"status": status, "title": refused.title, "type": "/api-docs/status-codes", "errors": {}}
        if status == 204:
            return Response(b"", 204, quota)
        response = _json(body, status, quota)
        if status < 300 and self.faults.poisoned(_ids(body), _ids(body), route):
            return _json({"status": 500, "title": "Internal Server Error"}, 500, quota)
        if shift := faults.strike("shift", route):
            orders = list(self.world.orders.values())
            for _ in range(min(shift.rows, len(orders))):
                self.world.touch_order(orders[faults.pick(len(orders))], quietly=True)
        if status < 300 and faults.strike("truncated", route):
            return Response(bytes(response.body)[: len(response.body) // 2], status, quota, media_type=_JSON)
        return response

    async def _let_in(self, request: Request, route: str, known: bool) -> tuple[int, Any]:
        if not known:
            raise Refused(404, "The route is not found")
        account = self.accounts.by_token.get(request.headers.get("x-auth-token", ""))
        if account is None:
            raise Refused(401, "Unauthorized")
        if route == "/v3/hooks" or route.startswith("/v3/hooks/"):
            return self._hook(request.method, account, route.removeprefix("/v3/hooks").strip("/"), await request.body())
        if request.method != "GET":
            raise Refused(405, "Method not allowed")
        params = dict(request.query_params)
        for pattern, scope, handler in self._routes:
            if (found := re.fullmatch(pattern, route)) is not None:
                if scope not in account.scopes:
                    raise Refused(403, "You don't have a required scope to access the endpoint")
                body = handler(params, *found.groups())
                return (204 if body == [] else 200), body
        raise Refused(404, "The route is not found")

    def _hook(self, method: str, account: Account, rest: str, raw: bytes) -> tuple[int, Any]:
        if "store" not in account.scopes:
            raise Refused(403, "You don't have a required scope to access the endpoint")
        if rest == "admin":
            blocked = self.hooks_.blocked()
            return 200, {"data": {"emails": [], "hooks_list": [], "blocked_domains": blocked}, "meta": {}}
        if method == "GET" and not rest:
            rows = self.hooks_.of(account)
            return 200, {"data": rows, "meta": {"pagination": {"total": len(rows)}}}
        fields = json.loads(raw) if raw else {}
        return 200, {"data": self.hooks_.change(method, account, rest, fields), "meta": {}}

    # -- routes

    def _store(self, _params: Params) -> Any:
        clock = self.world.clock
        return {
            "id": STORE,
            "name": self.world.name,
            "domain": "shop.example.com",
            "secure_url": "https://shop.example.com",
            "currency": self.world.home,
            "timezone": {"name": clock.zone_name, "raw_offset": 3600, "dst_offset": 7200},
            "language": "en",
        }

    def _order_shelf(self, params: Params) -> Shelf:
        gone = params.get("is_deleted") == "true"
        rows = [order for order in self.world.orders.values() if (order.state == TRASHED) is gone]
        if "status_id" in params:
            rows = [order for order in rows if STATUS_ID[order.state] == int(params["status_id"])]
        times = {"date_created": lambda row: row.created, "date_modified": lambda row: row.modified}
        return Shelf(rows, lambda row: row.id, times, lambda row: row.id, ("id", "date_created", "date_modified"))

    def _orders(self, params: Params) -> Any:
        rows, _about = paged(chosen(self._order_shelf(params), params, True), params)
        return [documents.order(self.world, self._base, row, self._with_lines(params)) for row in rows]

    def _with_lines(self, params: Params) -> bool:
        asked = (
            "consignments.line_items" in params.get("include", "") and params.get("consignment_structure") == "object"
        )
        return asked and not self.faults.strike("old_version")

    def _order_count(self, params: Params) -> Any:
        rows = chosen(self._order_shelf(params), params, True)
        by_id = Counter(STATUS_ID[row.state] for row in rows)
        return {"statuses": [{"id": key, "count": number} for key, number in by_id.items()], "count": len(rows)}

    def _order(self, params: Params, key: str) -> Any:
        order = self.world.orders.get(int(key))
        if order is None:
            raise Refused(404, "The requested resource was not found.")
        return documents.order(self.world, self._base, order, self._with_lines(params))

    def _order_lines(self, params: Params, key: str) -> Any:
        order = self.world.orders.get(int(key))
        if order is None:
            raise Refused(404, "The requested resource was not found.")
        return paged([documents.line_item(order, line) for line in order.lines], params)[0]

    def _order_coupons(self, params: Params, key: str) -> Any:
        order = self.world.orders.get(int(key))
        if order is None:
            raise Refused(404, "The requested resource was not found.")
        return paged([documents.order_coupon(order, place) for place in range(len(order.coupons))], params)[0]

    def _refunds(self, params: Params) -> Any:
        wanted = {int(each) for each in params.get("order_id:in", "").split(",") if each}
        rows = [row for row in self.world.refunds.values() if not wanted or row.order_id in wanted]
        some, about = paged(rows, params)
        return {"data": [documents.refund(row) for row in some], "meta": about}

    def _coupons(self, params: Params) -> Any:
        shelf = Shelf(list(self.world.coupons.values()), lambda row: row.id, {}, lambda row: row.id, ("id",))
        return [documents.coupon(row) for row in paged(chosen(shelf, params, True), params)[0]]

    def _coupon(self, _params: Params, key: str) -> Any:
        if int(key) not in self.world.coupons:
            raise Refused(404, "The requested resource was not found.")
        return documents.coupon(self.world.coupons[int(key)])

    def _groups(self, params: Params) -> Any:
        return paged([documents.group(name.replace("_", " "), key) for name, key in GROUPS.items()], params)[0]

    def _customers(self, params: Params) -> Any:
        times = {"date_created": lambda row: row.created, "date_modified": lambda row: row.modified}
        records = list(self.world.customers.values())
        shelf = Shelf(records, lambda row: row.id, times, lambda row: row.id, ("date_created", "date_modified"))
        some, about = paged(chosen(shelf, params, False), params)
        with_addresses = "addresses" in params.get("include", "")
        return {"data": [documents.customer(row, with_addresses) for row in some], "meta": about}

    def _subscribers(self, params: Params) -> Any:
        entries = [(row, consent) for row in self.world.customers.values() if (consent := row.consent) is not None]
        times = {
            "date_created": lambda entry: entry[1].at if entry[1].given else entry[0].created,
            "date_modified": lambda entry: max(entry[1].at, entry[0].created),
        }
        shelf = Shelf(entries, lambda entry: entry[0].id, times, lambda entry: entry[0].email)  # nothing sorts them
        some, about = paged(chosen(shelf, params, False), params)
        return {"data": [documents.subscriber(row, consent) for row, consent in some], "meta": about}

    def _products(self, params: Params) -> Any:
        times = {"date_created": lambda row: row.created, "date_modified": lambda row: row.modified}
        records = list(self.world.products.values())
        shelf = Shelf(records, lambda row: row.id, times, lambda row: row.id, ("id", "date_modified"))
        some, about = paged(chosen(shelf, params, False), params)
        with_image = "primary_image" in params.get("include", "")
        return {"data": [documents.product(row, with_image) for row in some], "meta": about}

    def _categories(self, params: Params) -> Any:
        shelf = Shelf(list(self.world.categories.values()), lambda row: row.id, {}, lambda row: row.id)
        some, about = paged(chosen(shelf, params, False), params)
        return {"data": [documents.category(self.world, row) for row in some], "meta": about}

    def _brands(self, params: Params) -> Any:
        some, about = paged(documents.brands(), params)
        return {"data": some, "meta": about}

    def _cart(self, _params: Params, key: str) -> Any:
        cart = self.world.carts.get(key)
        if cart is None or cart.order_id or not cart.lines:  # an ordered cart is gone, and so is an emptied one
            raise Refused(404, "Cart does not exist.")
        return {"data": documents.cart(self.world, cart), "meta": {}}

    def _checkout(self, _params: Params, key: str) -> Any:
        cart = self.world.carts.get(key)
        if cart is None or cart.order_id or not cart.lines:
            raise Refused(404, "Checkout does not exist.")
        return {"data": documents.checkout(self.world, cart), "meta": {}}


def _ids(body: Any) -> set[int]:
    rows = body.get("data") if isinstance(body, dict) else body
    return {row["id"] for row in rows if isinstance(row, dict) and "id" in row} if isinstance(rows, list) else set()


def _json(body: Any, status: int, headers: dict[str, str]) -> Response:
    return Response(json.dumps(body), status, headers, media_type=_JSON)
