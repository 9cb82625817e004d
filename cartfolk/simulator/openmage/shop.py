"""The Magento front of the shop: doors, sessions, and the two ways of marshalling."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xmlrpc.client import Fault, dumps, loads

from starlette.requests import Request
from starlette.responses import Response

from ..faults import Faults
from ..stats import Stats
from ..world import ShopError, World
from . import api, documents, rest
from .api import ApiFault, Crash
from .words import DENIED, INTERNAL, PARAMETER, SESSION, STATUS

_HTML = "text/html; charset=UTF-8"
_FIREWALL = "<!DOCTYPE html><html><body><h1>Please wait while your request is being verified...</h1></body></html>"
_NOTICE = b"<br />\n<b>Deprecated</b>:  Optional parameter $x declared before a required one in <b>Data.php</b>\n"
SESSION_LIFE = 3600  # seconds since the last call


@dataclass(slots=True)
class User:
    key: str
    scope: str
    active: bool = True


@dataclass(slots=True)
class Session:
    user: str
    used: int


class MagentoShop:
    """One Magento 1 installation around a world."""

    platform = "openmage"

    def __init__(self, world: World, faults: Faults, stats: Stats) -> None:
        self.world = world
        self.faults = faults
        self.stats = stats
        self.url = ""
        self.users: dict[str, User] = {}
        self.sessions: dict[str, Session] = {}
        self.without_memos = False
        self.nonces: set[str] = set()
        self._kept: dict[str, tuple[int, list[documents.Json]]] = {}
        opened = min((each.created for each in world.products.values()), default=world.clock.start)
        self.installed = documents.local_stamp(world.clock, opened)

    # -- what the simulator asks of every platform

    @property
    def words(self) -> dict[str, str]:
        return STATUS

    @property
    def backlog(self) -> int:
        return 0

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def document(self, kind: str, record_id: int) -> Any:
        world = self.world
        if kind == "order" and record_id in {each.id for each in api.visible(self)}:
            return documents.order_info(world, world.orders[record_id])
        if kind == "customer" and record_id in world.customers:
            return documents.customer_row(world.customers[record_id])
        if kind == "product" and record_id in world.products:
            return documents.product_info(world, world.products[record_id])
        return None

    def kept(self, name: str, make: Callable[[], list[documents.Json]]) -> list[documents.Json]:
        """A list as of the last change."""
        if name not in self._kept or self._kept[name][0] != self.world.revision:
            self._kept[name] = (self.world.revision, make())
        return self._kept[name][1]

    def add_user(self, name: str, key: str, scope: str) -> None:
        self.users[name] = User(key, scope)

    def add_key(self, permissions: str) -> dict[str, str]:
        if permissions not in api.SCOPES:
            raise ShopError(f"key: permissions {permissions!r} must be one of {', '.join(api.SCOPES)}")
        name, key = f"user_{secrets.token_hex(6)}", secrets.token_hex(16)
        self.add_user(name, key, permissions)
        return {"key": name, "secret": key}

    def change_key(self, key: str, revoke: bool, privileged: bool) -> None:
        """Not privileged: the user's sessions end, as they do after an hour without a call."""
        if key not in self.users:
            raise ShopError("key: there is no such API user")
        self.users[key].active = not revoke
        if not privileged or revoke:
            self.sessions = {name: each for name, each in self.sessions.items() if each.user != key}

    def hooks(self) -> dict[str, Any]:
        return {"webhooks": [], "deliveries": []}

    # -- the outer shell

    async def answer(self, request: Request) -> Response:
        """Any request that is not the simulator's own."""
        route = request.url.path.removeprefix("/index.php").rstrip("/") or "/"
        self.stats.began(request.method, route)
        status = 500
        try:
            response = await self._answer_with_faults(request, route)
            status = response.status_code
            return response
        finally:
            self.stats.ended(status)

    async def _answer_with_faults(self, request: Request, route: str) -> Response:
        faults = self.faults
        body = await request.body()
        if slow := faults.strike("latency", route):
            await asyncio.sleep(0.2 if slow.seconds is None else slow.seconds)
        if limit := faults.strike("rate_limit", route):
            return _page("<h1>429 Too Many Requests</h1>", 429, {"Retry-After": str(limit.retry_after)})
        if broken := faults.strike("server_error", route):
            return _page("<h1>There has been an error processing your request</h1>", broken.status or 500)
        if wall := faults.strike("firewall", route):
            return _page(_FIREWALL, wall.status or 200)
        if route.startswith("/api/rest/"):
            told = rest.answer(self, request, route.removeprefix("/api/rest/"))
            return Response(self._spoiled(bytes(told.body)), told.status_code, media_type=told.media_type)
        if route not in ("/api/jsonrpc", "/api/xmlrpc"):
            return _page("<h1>Whoops, our bad...</h1>", 200 if route == "/" else 404)
        is_json = route == "/api/jsonrpc"
        if is_json and faults.strike("old_version", route):
            return _page("<h1>Whoops, our bad...</h1>", 404)
        try:
            content = self._json(body) if is_json else self._xml(body)
        except Crash:
            return Response(b"", 500, media_type=_HTML)
        content = self._spoiled(content)
        return Response(content, 200, media_type="application/json; charset=utf8" if is_json else "text/xml")

    def _spoiled(self, content: bytes) -> bytes:
        if self.faults.strike("notice"):
            content = _NOTICE + content
        return content[: len(content) // 2] if self.faults.strike("truncated") else content

    # -- marshalling

    def _json(self, body: bytes) -> bytes:
        """Zend's JSON-RPC server knows the protocol's own codes only: every other becomes -32000."""
        told: dict[str, Any] = {"result": None, "error": None, "id": None}
        try:
            asked = json.loads(body)
            told["id"] = asked.get("id")
            told["result"] = self._method(asked["method"], asked.get("params") or [])
        except ApiFault as fault:
            told |= {"error": {"code": -32000, "message": str(fault), "data": {}}}
        except (ValueError, KeyError, TypeError):
            told |= {"error": {"code": -32600, "message": "Invalid Request", "data": None}}
        told = {key: value for key, value in told.items() if value is not None or key == "id"}
        return json.dumps(told | {"jsonrpc": "2.0"}).replace("/", "\\/").encode()

    def _xml(self, body: bytes) -> bytes:
        try:
            arguments, method = loads(body.decode())
            found: Any = (self._method(str(method), list(arguments)),)
        except ApiFault as fault:
            found = Fault(fault.code, str(fault))
        text = dumps(found, methodresponse=True, allow_none=True, encoding="UTF-8")
        return text.encode()

    # -- Mage_Api proper

    def _method(self, method: str, arguments: list[Any]) -> Any:
        if method == "login":
            return self._login(*map(str, arguments[:2]))
        session = self.sessions.get(str(arguments[0]))
        now = self.world.clock.now()
        if session is None or now - session.used > SESSION_LIFE:
            raise ApiFault(SESSION)
        session.used = now
        scope = self.users[session.user].scope
        if method == "call":
            return api.call(self, scope, arguments[1], arguments[2] if len(arguments) > 2 else [])
        if method == "multiCall":
            return [self._one(scope, each) for each in arguments[1]]
        raise ApiFault(INTERNAL)

    def _one(self, scope: str, each: list[Any]) -> Any:
        """A fault of one call is part of the result, and there it keeps its code."""
        try:
            return api.call(self, scope, each[0], each[1] if len(each) > 1 else [])
        except ApiFault as fault:
            return {"isFault": True, "faultCode": str(fault.code), "faultMessage": str(fault)}

    def _login(self, name: str = "", key: str = "") -> str:
        if not name or not key:
            raise ApiFault(PARAMETER)
        user = self.users.get(name)
        if user is None or not user.active or not secrets.compare_digest(user.key.encode(), key.encode()):
            raise ApiFault(DENIED)
        session = secrets.token_hex(16)
        self.sessions[session] = Session(name, self.world.clock.now())
        return session


def _page(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, headers, media_type=_HTML)
