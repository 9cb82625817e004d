"""The Magento front of the shop: takes a request in, lets it pass or not, answers as Magento would."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, unquote_plus

from starlette.requests import Request
from starlette.responses import Response

from ..faults import Faults
from ..records import HIDDEN, Cart, Customer, Order, Refund
from ..stats import Stats
from ..world import ShopError, World
from . import documents
from .auth import Integration, Integrations, MagentoError
from .search import Table, answer, cut
from .words import GROUPS, RESOURCES, STATE

_JSON, _HTML = "application/json; charset=utf-8", "text/html; charset=UTF-8"
_ROOT = re.compile(r"(?:/index\.php)?/rest(?:/(all|default|english))?/V1/(.*)")
_ONE = re.compile(r"(orders|carts|customers)/(\d+)(/totals)?")
_GONE = "The requested product does not exist. Please check the product and try again."
CANCELLED_MEMO = 5_000_000  # some credit memos were written, cancelled and written again
OUTLET = 2  # another website of the same Magento, in which nobody ever bought


class MagentoShop:
    """One Magento installation around a world."""

    platform = "magento2"
    words = STATE
    backlog = 0  # it has no webhooks

    def __init__(self, world: World, faults: Faults, stats: Stats) -> None:
        self.world, self.faults, self.stats = world, faults, stats
        self.url = ""
        self.integrations = Integrations()
        self._quotes: dict[str, int] = {}

    # -- what the simulator asks of every platform

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def document(self, kind: str, record_id: int) -> Any:
        world = self.world
        if kind == "order" and record_id in world.orders:
            return self._order(world.orders[record_id])
        if kind == "customer" and record_id in world.customers:
            return documents.customer(world.customers[record_id])
        if kind == "product" and record_id in world.products:
            return documents.product(world.products[record_id])
        return None

    def add_key(self, permissions: str) -> dict[str, str]:
        """Words beside each other: ``read_write`` or ``read`` (all there is), ``write`` (nothing may be read),
        ``without:<list>``, ``bearer`` (its token is good alone), ``most:<rows>`` (the longest page)."""
        without: set[str] = set()
        bearer, most = False, None
        for word in permissions.split():
            name, _colon, value = word.partition(":")
            if word == "write":
                without |= set(RESOURCES) - {"store"}
            elif name == "without" and value in RESOURCES:
                without.add(value)
            elif word == "bearer":
                bearer = True
            elif name == "most" and value.isdigit():
                most = int(value)
            elif word not in ("read", "read_write"):
                raise ShopError(
                    f"key: {word!r} is none of read, write, read_write, without:<list>, bearer, most:<rows>"
                )
        made = Integration(secrets.token_hex(16), secrets.token_hex(16), frozenset(without), bearer, most)
        self.integrations.add(made)
        return {"key": made.key, "secret": made.secret}

    def change_key(self, key: str, revoke: bool, privileged: bool) -> None:
        if key not in self.integrations.by_key:
            raise ShopError("key: there is no such consumer key")
        if revoke:
            del self.integrations.by_key[key]
        elif not privileged:
            self.integrations.by_key[key].without = frozenset(RESOURCES)

    def hooks(self) -> dict[str, Any]:
        return {"webhooks": [], "deliveries": []}

    # -- the outer shell: faults and counting

    async def answer(self, request: Request) -> Response:
        """Any request that is not the simulator's own."""
        path = unquote(request.scope["raw_path"].decode("latin-1").partition("?")[0])
        found = _ROOT.fullmatch(path)
        if found is None:
            return Response("<!DOCTYPE html><title>404 Not Found</title>", 404, media_type=_HTML)
        self.stats.began(request.method, f"/V1/{found[2]}")
        status = 500
        try:
            response = await self._with_faults(request, path, found[1] or "", found[2].strip("/"))
            status = response.status_code
            return response
        finally:
            self.stats.ended(status)

    async def _with_faults(self, request: Request, path: str, store: str, route: str) -> Response:
        faults = self.faults
        if slow := faults.strike("latency", route):
            await asyncio.sleep(0.2 if slow.seconds is None else slow.seconds)
        if limit := faults.strike("rate_limit", route):
            retry = {"Retry-After": str(limit.retry_after)}
            return Response("<h1>429 Too Many Requests</h1>", 429, retry, media_type=_HTML)
        if broken := faults.strike("server_error", route):
            body = {"message": "Internal Error. Details are available in Magento log file. Report ID: webapi-1"}
            return Response(json.dumps(body), broken.status or 500, media_type=_JSON)
        if wall := faults.strike("firewall", route):
            return Response("<html><h1>Checking your browser</h1></html>", wall.status or 200, media_type=_HTML)
        try:
            body, status = self._dispatch(request, path, store, route), 200
        except MagentoError as error:
            body, status = error.body, error.status
        content = json.dumps(body, ensure_ascii=False).encode()
        if status == 200 and faults.strike("notice", route):
            content = b"<br />\n<b>Deprecated</b>:  Creation of dynamic property in <b>Module.php</b>\n" + content
        if status == 200 and faults.strike("truncated", route):
            content = content[: len(content) // 2]
        return Response(content, status, media_type=_JSON)

    # -- Magento proper

    def _dispatch(self, request: Request, path: str, store: str, route: str) -> Any:
        params = _query(request.scope["query_string"].decode("latin-1"))
        authorization = request.headers.get("authorization", "")
        if self.faults.strike("strip_authorization", route):
            authorization = ""
        home = self.url
        if self.faults.strike("hidden_https", route):
            home = f"http://{home.partition('://')[2]}"
        who = self.integrations.identify(request.method, home + path, params, authorization)
        resource = "attributes" if route.startswith("products/attributes/") else route.partition("/")[0]
        if resource not in RESOURCES or request.method != "GET":
            raise MagentoError(404, "Request does not match any route.")
        if who is None or resource in who.without:
            told = {"resources": RESOURCES[resource]}
            raise MagentoError(401, "The consumer isn't authorized to access %resources.", told)
        if store == "all" and self.faults.strike("old_version", f"all/{route}"):
            raise MagentoError(400, "Cannot perform GET operation with store code 'all'")
        return cut(self._answer(route, params, who), params.get("fields", ""))

    def _answer(self, route: str, params: dict[str, str], who: Integration) -> Any:
        single = _ONE.fullmatch(route)
        if single:
            return self._single(single[1], int(single[2]), bool(single[3]))
        if route == "store/storeConfigs":
            return [self._view(1, "default", "de_DE", 1), self._view(2, "english", "en_US", 1),
                    self._view(3, "outlet", "de_DE", OUTLET)]  # fmt: skip
        if route == "store/websites":
            return [
                {"id": 0, "code": "admin", "name": "Admin", "default_group_id": 0},
                {"id": 1, "code": "base", "name": self.world.name, "default_group_id": 1},
                {"id": OUTLET, "code": "outlet", "name": "Outlet", "default_group_id": 2},
            ]
        if route == "products/attributes/manufacturer/options":
            return documents.manufacturers()
        table = self._tables().get(route)
        if table is None:
            raise MagentoError(404, "Request does not match any route.")
        found = answer(table, params, who.most)
        self._check_poison(found["items"], route)
        return found

    def _check_poison(self, rows: list[dict[str, Any]], route: str) -> None:
        """One row that refers to something deleted takes its whole page along."""
        ids = {int(row.get("entity_id") or row.get("id") or 0) for row in rows}
        if self.faults.poisoned(ids, ids, route):
            status = max(
                (each["status"] or 404 for each in self.faults.told() if each["kind"] == "poison"), default=404
            )
            raise MagentoError(status, _GONE if status == 404 else "Internal Error.")

    def _view(self, number: int, code: str, locale: str, website: int) -> dict[str, Any]:
        clock = self.world.clock
        return {
            "id": number,
            "code": code,
            "website_id": website,
            "locale": locale,
            "base_currency_code": self.world.home,
            "default_display_currency_code": self.world.home,
            "timezone": clock.zone_name,
            "base_url": f"{self.url}/",
            "secure_base_url": f"{self.url}/",
            "base_media_url": f"{self.url}/media/",
        }

    def _single(self, kind: str, key: int, totals: bool) -> Any:
        world = self.world
        if kind == "carts":
            token = next((each for each, number in self._numbered().items() if number == key), None)
            if token is None or (totals and world.carts[token].order_id):
                raise MagentoError(404, "No such entity with %fieldName = %fieldValue",
                                   {"fieldName": "cartId", "fieldValue": str(key)})  # fmt: skip
            write = documents.totals if totals else documents.cart
            return write(world, world.carts[token], key)
        found = self.document("order" if kind == "orders" else "customer", key)
        if found is None:
            raise MagentoError(404, "The entity that was requested doesn't exist. Verify the entity and try again.")
        return found

    # -- the lists

    def _order(self, record: Order) -> dict[str, Any]:
        return documents.order(self.world, record, self._numbered().get(record.cart or "", 900_000 + record.id))

    def _numbered(self) -> dict[str, int]:
        """Carts by their quote's number."""
        for token in self.world.carts:
            self._quotes.setdefault(token, 501 + len(self._quotes))
        return self._quotes

    def _tables(self) -> dict[str, Table[Any]]:
        world, quotes, at = self.world, self._numbered(), documents.stamp
        memos = [(each, 2) for each in world.refunds.values()]
        memos += [
            (Refund(CANCELLED_MEMO + each.id, each.order_id, each.created, each.amount, "typo"), 3)
            for each in world.refunds.values()
            if each.id % 2 == 0
        ]
        by_id: Callable[[Any], Any] = lambda row: row.id  # noqa: E731
        changed: Callable[[Any], Any] = lambda row: at(row.modified)  # noqa: E731

        def cart_is_active(row: Cart) -> int:
            return int(row.order_id is None)

        visible = [each for each in world.orders.values() if each.state not in HIDDEN]

        def papers(first: int) -> dict[str, Callable[[Order], Any]]:
            return {"entity_id": lambda row: first + row.id, "order_id": by_id, "store_id": lambda row: 1}

        customers: dict[str, Callable[[Customer], Any]] = {"entity_id": by_id, "updated_at": changed}
        return {
            "orders": Table(
                visible,
                {"entity_id": by_id, "updated_at": changed, "store_id": lambda row: 1},
                self._order,
            ),
            "customers/search": Table(
                list(world.customers.values()), customers | {"website_id": lambda row: 1}, documents.customer
            ),
            "creditmemos": Table(
                memos,
                {
                    "entity_id": lambda row: row[0].id,
                    "order_id": lambda row: row[0].order_id,
                    "store_id": lambda row: 1,
                },
                lambda row: documents.creditmemo(world, *row),
            ),
            "invoices": Table([each for each in visible if each.paid_at], papers(documents.INVOICE), documents.invoice),
            "shipments": Table(
                [each for each in visible if each.completed_at], papers(documents.SHIPMENT), documents.shipment
            ),
            "carts/search": Table(
                list(world.carts.values()),
                {
                    "entity_id": lambda row: quotes[row.token],
                    "updated_at": lambda row: at(row.updated),
                    "is_active": cart_is_active,
                    "items_count": lambda row: len(row.lines),
                    "store_id": lambda row: 1,
                },
                lambda row: documents.cart(world, row, quotes[row.token]),
            ),
            "customerGroups/search": Table(
                list(GROUPS.items()),
                {"customer_group_id": lambda row: row[0]},
                lambda row: {"id": row[0], "code": row[1], "tax_class_id": 3},
            ),
            "products": Table(
                list(world.products.values()),
                {"entity_id": by_id, "updated_at": changed},
                documents.product,
                repeats=False,
            ),
            "categories/list": Table(list(world.categories.values()), {"entity_id": by_id}, documents.category),
        }


def _query(raw: str) -> dict[str, str]:
    pairs = (piece.partition("=") for piece in raw.split("&") if piece)
    return {unquote_plus(name): unquote_plus(value) for name, _equals, value in pairs}
