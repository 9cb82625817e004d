"""The Shopware front of the shop: tokens, rights, search and webhooks of the Admin API, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..clock import utc_text
from ..faults import Faults
from ..records import HIDDEN
from ..stats import Stats
from ..world import ShopError, World
from . import documents, events, people
from .apps import Apps
from .delivery import Delivery
from .documents import Json
from .search import SearchError, privileges, search, show
from .words import ENTITIES, HOOKABLE, LIVE, STATUS, VERSION, number, uuid

_JSON, _HTML = "application/json", "text/html; charset=UTF-8"
_FIREWALL = "<!DOCTYPE html><title>One moment, please...</title><h1>Your request is being verified</h1>"
_NOTICE = "<br />\n<b>Deprecated</b>:  Optional parameter $x before a required one in <b>plugin.php</b>\n"
TOKEN_SECONDS = 600
_BLANK = "c1051bb4-1103-4974-8973-15e2b0d1d7c9"


@dataclass(slots=True)
class Integration:
    """`scope`: read, write (webhooks only), orders (all but the parts of orders), read_write (administrator), app (what
    its manifest asked for, and only once it is switched on: `let_in`)."""

    key: str
    secret: str
    scope: str
    privileged: bool = True
    privileges: frozenset[str] | None = None
    let_in: bool = True

    def may(self, privilege: str) -> bool:
        entity, _colon, what = privilege.partition(":")
        if not self.privileged or self.scope == "read_write":
            return self.privileged
        if self.privileges is not None:
            return privilege in self.privileges
        if self.scope == "write":
            return entity == "webhook"
        return what == "read" if self.scope == "read" else not entity.startswith("order_")


class Refused(Exception):
    """An answer that is an error, in the API's own form."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"errors": [{"status": str(status), "code": code, "title": "Error", "detail": detail}]}


class ShopwareShop:
    """One installation around a world."""

    platform = "shopware"

    def __init__(self, world: World, faults: Faults, stats: Stats) -> None:
        self.world, self.faults, self.stats = world, faults, stats
        self.url = ""
        self.integrations: dict[str, Integration] = {}
        self.webhooks: dict[str, Json] = {}
        self._tokens: dict[str, tuple[str, float]] = {}  # token -> key, end
        self._rows: dict[str, tuple[int, list[Json]]] = {}
        self.delivery = Delivery(self.webhooks, faults, stats)
        self.apps = Apps(self)
        world.listeners.append(self._heard)

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
        world = self.world
        if kind == "order" and record_id in world.orders:
            return documents.order(world, world.orders[record_id])
        if kind == "customer" and record_id in world.customers:
            return people.customer(world, world.customers[record_id])
        if kind == "product" and record_id in world.products:
            return people.product(world, world.products[record_id])
        return None

    def add_key(self, permissions: str) -> dict[str, str]:
        if permissions not in ("read", "write", "orders", "read_write"):
            raise ShopError(f"key: permissions {permissions!r} must be read, write, orders or read_write")
        made = Integration(f"SWIA{secrets.token_hex(11).upper()}", secrets.token_urlsafe(30), permissions)
        self.integrations[made.key] = made
        return {"key": made.key, "secret": made.secret}

    def add_integration(self, wanted: frozenset[str]) -> Integration:
        """Of an app that is being installed."""
        made = Integration(
            f"SWIA{secrets.token_hex(11).upper()}", secrets.token_urlsafe(30), "app", True, wanted, False
        )
        self.integrations[made.key] = made
        return made

    def renew(self, integration: Integration) -> None:
        """Another secret for it; its tokens end."""
        integration.secret = secrets.token_urlsafe(30)
        self._tokens = {token: told for token, told in self._tokens.items() if told[0] != integration.key}

    def change_key(self, key: str, revoke: bool, privileged: bool) -> None:
        """Either way its tokens end at once."""
        if key not in self.integrations:
            raise ShopError("key: there is no such integration")
        self._tokens = {token: told for token, told in self._tokens.items() if told[0] != key}
        self.integrations[key].privileged = privileged
        if revoke:
            del self.integrations[key]

    def hooks(self) -> dict[str, Any]:
        return {"webhooks": list(self.webhooks.values()), "deliveries": list(self.delivery.log)}

    def _heard(self, kind: str, event: str, record_id: int) -> None:
        for name, payload in events.of(self.world, kind, event, record_id):
            self.delivery.tell(name, payload, self.url, self.world.clock.now())

    # -- the outer shell: faults and counting

    async def answer(self, request: Request) -> Response:
        """Any request that is not the simulator's own."""
        path = request.url.path
        if not path.startswith("/api/"):
            title = "" if path == "/" else "404 "
            page = f"<!DOCTYPE html><title>{title}{self.world.name}</title>"
            return Response(page, 200 if path == "/" else 404, media_type=_HTML)
        self.stats.began(request.method, path)
        status = 500
        try:
            response = await self._with_faults(request, path)
            status = response.status_code
            return response
        finally:
            self.stats.ended(status)

    async def _with_faults(self, request: Request, path: str) -> Response:
        faults = self.faults
        if slow := faults.strike("latency", path):
            await asyncio.sleep(0.2 if slow.seconds is None else slow.seconds)
        if limit := faults.strike("rate_limit", path):
            error = Refused(429, "FRAMEWORK__NOTIFICATION_THROTTLED", "Too many requests")
            return Response(json.dumps(error.body), 429, {"Retry-After": str(limit.retry_after)}, media_type=_JSON)
        if broken := faults.strike("server_error", path):
            return _crashed(broken.status or 500)
        if wall := faults.strike("firewall", path):
            return Response(_FIREWALL, wall.status or 200, media_type=_HTML)
        try:
            status, body, found = await self._answer(request, path.removeprefix("/api/"))
        except Refused as error:
            status, body, found = error.status, error.body, None
        except SearchError as error:
            refused = Refused(400, error.code, error.detail)
            status, body, found = refused.status, refused.body, None
        if found is not None and self._poisoned(found, body, path):
            return _crashed(500)
        content = b"" if body is None else json.dumps(body).encode()
        if status < 300 and content:
            if faults.strike("notice", path):
                content = _NOTICE.encode() + content
            if faults.strike("truncated", path):
                content = content[: len(content) // 2]
            if shift := faults.strike("shift", path):
                self._shift(shift.rows)
        return Response(content, status, {"sw-version-id": LIVE}, media_type=_JSON)

    def _poisoned(self, entity: str, body: Any, path: str) -> bool:
        if entity != "order":
            return False
        rows = {number("order", row["id"]) or 0: row for row in body["data"] if "id" in row}
        whole = {key for key, row in rows.items() if row.get("lineItems")}
        return self.faults.poisoned(set(rows), whole, path)

    def _shift(self, rows: int) -> None:
        keys = [order.id for order in self.world.orders.values() if order.state not in HIDDEN]
        for _ in range(min(rows, len(keys))):
            self.world.touch_order(self.world.orders[keys[self.faults.pick(len(keys))]], quietly=True)

    # -- the API proper

    async def _answer(self, request: Request, path: str) -> tuple[int, Any, str | None]:
        """Status, body, and the entity of a list."""
        raw = await request.body()
        try:
            asked = json.loads(raw) if raw else {}
        except ValueError:
            raise Refused(400, "0", "Malformed JSON") from None
        if path == "oauth/token" and request.method == "POST":
            return 200, self._token(asked), None
        integration = self._identify(request.headers.get("authorization", ""))
        if path == "_info/version":
            return 200, {"version": VERSION}, None
        head, _slash, rest = path.partition("/")
        if head == "search" and request.method == "POST" and rest in ENTITIES:
            _require(integration, privileges(rest, asked))
            found, total = search(rest, self._list(rest, request.headers.get("sw-inheritance") == "1"), asked)
            shown = [show(rest, row, asked) for row in found]
            if "application/json" not in request.headers.get("accept", ""):
                shown = [{"id": row["id"], "type": rest, "attributes": row} for row in shown]  # JSON:API
            return 200, {"total": total, "data": shown, "aggregations": []}, rest
        if head == "webhook":
            return self._webhook(integration, request.method, rest, asked), None, None
        raise Refused(404, "0", f"No route found for {request.method} /api/{path}")

    def _token(self, asked: Json) -> Json:
        if not str(asked.get("client_id")).startswith(("SWIA", "SWUA")):
            raise Refused(500, "0", "Access key is invalid and could not be identified.")
        integration = self.integrations.get(str(asked.get("client_id")))
        if asked.get("grant_type") != "client_credentials":
            raise Refused(400, "2", "The authorization grant type is not supported by the authorization server.")
        if integration is not None and not integration.let_in:
            integration = None  # of an app that is switched off
        if integration is None or not secrets.compare_digest(integration.secret, str(asked.get("client_secret"))):
            raise Refused(401, "4", "Client authentication failed")
        token = secrets.token_urlsafe(40)
        self._tokens[token] = (integration.key, time.monotonic() + TOKEN_SECONDS)
        return {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "access_token": token}

    def _identify(self, authorization: str) -> Integration:
        key, until = self._tokens.get(authorization.removeprefix("Bearer "), ("", 0.0))
        if until < time.monotonic() or key not in self.integrations:
            raise Refused(401, "9", "The resource owner or authorization server denied the request.")
        return self.integrations[key]

    def _list(self, entity: str, inherit: bool) -> list[Json]:
        """All rows of an entity, in full; made anew only after a change."""
        if entity == "webhook":
            hidden = ("secret", "source")
            return [{k: v for k, v in each.items() if k not in hidden} for each in self.webhooks.values()]
        name = f"{entity}/{inherit}"
        revision, rows = self._rows.get(name, (-1, []))
        if revision != self.world.revision:
            rows = list(self._made(entity, inherit))
            self._rows[name] = (self.world.revision, rows)
        return rows

    def _made(self, entity: str, inherit: bool) -> list[Json]:
        world = self.world
        orders = [order for order in world.orders.values() if order.state not in HIDDEN]
        accounts = list(world.customers.values())
        match entity:
            case "order":
                return [documents.order(world, each) for each in orders]
            case "order-transaction":
                return [documents.transaction(world, each) for each in orders]
            case "order-transaction-capture-refund":
                return [row for each in orders for row in documents.refunds(world, each)]
            case "order-delivery":
                return [documents.delivery(world, each) for each in orders if each.shipping]
            case "customer":
                guests = [each for each in orders if not each.customer_id and each.billing.email]
                return [people.customer(world, e) for e in accounts] + [people.guest(world, e) for e in guests]
            case "customer-address":
                return [people.customer_address(world, each) for each in accounts]
            case "newsletter-recipient":
                return [people.recipient(world, each, each.consent) for each in accounts if each.consent]
            case "product":
                found = [people.product(world, each) for each in world.products.values()]
                for each in world.products.values():
                    found += [people.variation(world, each, one, inherit) for one in each.variations]
                return found
            case "category":
                return [people.category(world, each) for each in world.categories.values()]
            case "promotion":
                return [people.promotion(world, each) for each in world.coupons.values()]
            case "currency":
                return [people.currency(world)]
        return people.channels(world, self.url)

    def _webhook(self, integration: Integration, method: str, key: str, asked: Json) -> int:
        """Create, change, delete; each answers without a body."""
        what = {"POST": "create", "PATCH": "update", "DELETE": "delete"}.get(method, "read")
        _require(integration, [f"webhook:{what}"])
        if method != "POST" and key not in self.webhooks:
            raise Refused(404, "FRAMEWORK__RESOURCE_NOT_FOUND", f"The webhook resource {key} was not found.")
        if method == "DELETE":
            del self.webhooks[key]
            return 204
        if method == "POST" and not all(asked.get(name) for name in ("name", "eventName", "url")):
            raise Refused(400, _BLANK, "This value should not be blank.")
        event = asked.get("eventName", "newsletter.confirm")
        if event not in HOOKABLE and not event.startswith(("state_enter.", "checkout.", "newsletter.")):
            raise Refused(400, "FRAMEWORK__WEBHOOK_EVENT_NOT_PERMITTED", f"There is no event {event}.")
        if method == "POST":
            key = uuid("webhook", len(self.stats.requests) * 1000 + secrets.randbelow(1 << 40))
            made = utc_text(int(time.time())).replace("Z", ".000+00:00")
            self.webhooks[key] = {"id": key, "active": True, "onlyLiveVersion": False, "errorCount": 0, "appId": None}
            self.webhooks[key] |= {"createdAt": made, "updatedAt": None}
        allowed = ("name", "eventName", "url", "active", "onlyLiveVersion")
        self.webhooks[key] |= {name: asked[name] for name in allowed if name in asked}
        return 204


def _require(integration: Integration, wanted: list[str]) -> None:
    lacking = [each for each in wanted if not integration.may(each)]
    if lacking:
        detail = json.dumps({"message": "Missing privilege", "missingPrivileges": lacking})
        raise Refused(403, "FRAMEWORK__MISSING_PRIVILEGE_ERROR", detail)


def _crashed(status: int) -> Response:
    error = Refused(status, "0", "Internal Server Error")
    return Response(json.dumps(error.body), status, media_type=_JSON)
