"""The Medusa server of the shop: takes a request in, lets it pass or not, answers as Medusa would."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..faults import Faults
from ..records import COUNTED, HIDDEN, Customer, Order
from ..stats import Stats
from ..world import ShopError, World
from . import documents, lists
from .lists import Entry, Refused
from .words import WORDS, guest_id, milliseconds, named, numbered

Json = dict[str, Any]
_HTML = "text/html; charset=utf-8"
_FIREWALL = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking</body></html>"
_BEARER = (
    "A secret API key was passed as a Bearer token. Secret API keys must be sent using HTTP Basic authentication "
    "instead (Authorization: Basic <secret-api-key>)."
)
_LONGEST = 8000  # of a query: the proxy before the server takes no more
_OPERATORS = ("customers", "orders", "payments", "promotions")  # lists whose ids can be compared


class MedusaShop:
    """One Medusa server around a world. It sends no webhooks; carts leave by the ingest door alone."""

    platform = "medusa"
    backlog = 0

    def __init__(self, world: World, key: str, faults: Faults, stats: Stats) -> None:
        self.world = world
        self.faults = faults
        self.stats = stats
        self.url = ""
        self.keys = {key}
        self._updated_orders = {each.id: each.modified for each in world.orders.values()}
        self._updated_customers = {each.id: each.modified for each in world.customers.values()}
        self._paid = {each.id: each.state in COUNTED for each in world.orders.values()}
        self._names = {each.id: _names(each) for each in world.customers.values()}
        world.listeners.append(self._heard)

    # -- what the simulator asks of every platform

    @property
    def words(self) -> dict[str, str]:
        return WORDS

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    def document(self, kind: str, record_id: int) -> Any:
        entries = {"order": self._orders, "customer": self._customers, "product": self._products}[kind]()
        key = named({"order": "order", "customer": "cus", "product": "prod"}[kind], record_id)
        return next((each.write() for each in entries if each.id == key), None)

    def add_key(self, permissions: str) -> dict[str, str]:
        if permissions != "read_write":
            raise ShopError(f"key: a secret key of Medusa may do everything; it has no permissions {permissions!r}")
        self.keys.add(key := f"sk_{secrets.token_hex(32)}")
        return {"key": key, "secret": ""}

    def change_key(self, key: str, revoke: bool, privileged: bool) -> None:
        if key not in self.keys:
            raise ShopError("key: there is no such secret key")
        if revoke:
            self.keys.discard(key)

    def hooks(self) -> dict[str, Any]:
        return {"webhooks": [], "deliveries": []}

    # -- what changes without a word

    def _heard(self, kind: str, event: str, record_id: int) -> None:
        """Keeps ``updated_at`` as Medusa does: a capture does not move an order's, a change of group or address not
        a customer's."""
        now = self.world.clock.now()
        if kind == "order" and (order := self.world.orders.get(record_id)) is not None:
            paid = order.state in COUNTED
            if self._paid.get(record_id) is False and paid:
                self._updated_orders.setdefault(record_id, order.created)
            else:
                self._updated_orders[record_id] = max(self._updated_orders.get(record_id, 0), order.modified)
            self._paid[record_id] = paid
        elif kind == "customer" and (customer := self.world.customers.get(record_id)) is not None:
            if self._names.get(record_id) != _names(customer):
                self._updated_customers[record_id] = now
            self._names[record_id] = _names(customer)

    # -- the outer shell: faults and counting

    async def answer(self, request: Request) -> Response:
        """Any request that is not the simulator's own."""
        path = request.url.path
        if not path.startswith("/admin/"):
            return _nothing(request.method, path)
        self.stats.began(request.method, path)
        status = 500
        try:
            response = await self._answer_with_faults(request, path)
            status = response.status_code
            return response
        finally:
            self.stats.ended(status)

    async def _answer_with_faults(self, request: Request, path: str) -> Response:
        faults = self.faults
        if slow := faults.strike("latency", path):
            await asyncio.sleep(0.2 if slow.seconds is None else slow.seconds)
        if limit := faults.strike("rate_limit", path):
            return JSONResponse({"message": "Too Many Requests"}, 429, {"Retry-After": str(limit.retry_after)})
        if broken := faults.strike("server_error", path):
            return _crashed(broken.status or 500)
        if wall := faults.strike("firewall", path):
            return Response(_FIREWALL, wall.status or 200, media_type=_HTML)
        if len(request.scope["query_string"]) > _LONGEST:
            return Response("<h1>414 Request-URI Too Large</h1>", 414, media_type=_HTML)
        try:
            body = self._answer(request, path.removeprefix("/admin/"))
        except Refused as error:
            return JSONResponse(error.body, error.status)
        if body is None:
            return _nothing(request.method, path)
        rows = [row for each in body.values() if isinstance(each, list) for row in each]
        whole = {numbered(row["id"]) for row in rows if "total" in row or "email" in row}
        if faults.poisoned({numbered(row["id"]) for row in rows}, whole, path):
            return _crashed(500)
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        if faults.strike("truncated", path):
            content = content[: len(content) // 2]
        return Response(content, media_type="application/json; charset=utf-8")

    # -- Medusa proper

    def _answer(self, request: Request, route: str) -> Json | None:
        """The body of an answer; None = there is no such route. Raises Refused."""
        self._authenticate(request.headers.get("authorization", ""))
        if request.method != "GET":
            return None
        if route == "stores":
            return {"stores": [documents.store(self.world)], "count": 1, "offset": 0, "limit": 50}
        entries = {
            "customers": self._customers,
            "orders": self._orders,
            "payments": self._payments,
            "products": self._products,
            "product-categories": self._categories,
            "promotions": self._promotions,
        }.get(route)
        if entries is None:
            return None
        query = request.scope["query_string"].decode("latin-1")
        rows, count, offset, limit = lists.page(entries(), query, route in _OPERATORS)
        return {route.replace("-", "_"): rows, "count": count, "offset": offset, "limit": limit}

    def _authenticate(self, authorization: str) -> None:
        """A secret key as the user name of HTTP Basic, encoded or as it is; as a bearer token it is refused."""
        scheme, _blank, token = authorization.partition(" ")
        if scheme.lower() == "basic":
            if not token.startswith("sk_"):
                try:
                    token = base64.b64decode(token).decode()
                except (binascii.Error, UnicodeDecodeError):
                    token = ""
            if token.removesuffix(":") in self.keys:
                return
        hint = scheme.lower() == "bearer" and token.startswith("sk_")
        raise Refused(401, "unauthorized", _BEARER if hint else "Unauthorized")

    # -- rows

    def _orders(self) -> list[Entry]:
        guests = self._first_guest_orders()
        found = []
        for each in self.world.orders.values():
            if each.state in HIDDEN:
                continue
            updated = self._updated_orders[each.id]
            found.append(
                Entry(
                    named("order", each.id),
                    milliseconds(each.created, each.id),
                    milliseconds(updated, each.id),
                    partial(documents.order, each, updated, guests.get(each.id, 0)),
                )
            )
        return found

    def _payments(self) -> list[Entry]:
        found = []
        for each in self.world.orders.values():
            if each.state in HIDDEN or not each.paid_at:
                continue
            stamp = milliseconds(max(each.created, each.paid_at), each.id)
            created = milliseconds(each.created, each.id)
            found.append(Entry(named("pay", each.id), created, stamp, partial(documents.payment, each)))
        return found

    def _first_guest_orders(self) -> dict[int, int]:
        """For each guest order the one that made its guest's customer."""
        first: dict[int, int] = {}
        for ids in self.world.guest_orders.values():
            seen = [each for each in ids if each in self.world.orders and self.world.orders[each].state not in HIDDEN]
            if seen:
                first |= dict.fromkeys(seen, min(seen))
        return first

    def _customers(self) -> list[Entry]:
        found = []
        for each in self.world.customers.values():
            updated = self._updated_customers.get(each.id, each.modified)
            found.append(
                Entry(
                    named("cus", each.id),
                    milliseconds(each.created, each.id),
                    milliseconds(updated, each.id),
                    partial(documents.customer, each, updated),
                    account=True,
                )
            )
        for first in sorted(set(self._first_guest_orders().values())):
            order: Order = self.world.orders[first]
            stamp = milliseconds(order.created, order.id)
            found.append(Entry(guest_id(first), stamp, stamp, partial(documents.guest, order)))
        return found

    def _products(self) -> list[Entry]:
        return [
            Entry(
                named("prod", each.id),
                milliseconds(each.created, each.id),
                milliseconds(each.modified, each.id),
                partial(documents.product, self.world, each),
            )
            for each in self.world.products.values()
        ]

    def _categories(self) -> list[Entry]:
        created = self.world.clock.start - 10**8  # all made in the same second, when the shop was set up
        return [
            Entry(
                named("pcat", each.id),
                milliseconds(created, each.id),
                milliseconds(created, each.id),
                partial(documents.category, each, created),
            )
            for each in self.world.categories.values()
        ]

    def _promotions(self) -> list[Entry]:
        return [
            Entry(
                named("promo", each.id),
                milliseconds(each.created, each.id),
                milliseconds(each.created, each.id),
                partial(documents.promotion, each),
            )
            for each in self.world.coupons.values()
        ]


def _names(customer: Customer) -> tuple[str, str, str]:
    return customer.email, customer.first_name, customer.last_name


def _nothing(method: str, path: str) -> Response:
    """What Express answers where there is nothing."""
    page = f'<!DOCTYPE html>\n<html lang="en">\n<body>\n<pre>Cannot {method} {path}</pre>\n</body>\n</html>\n'
    return Response(page, 404, media_type=_HTML)


def _crashed(status: int) -> Response:
    told = {"code": "unknown_error", "type": "unknown_error", "message": "An unknown error occurred."}
    return JSONResponse(told, status)
