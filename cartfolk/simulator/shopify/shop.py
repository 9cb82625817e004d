"""The Shopify front of the shop: takes a request in, lets it pass or not, answers as Shopify would.

Of the simulator's faults some mean what they mean on this platform: `rate_limit` is THROTTLED with status 200 (429
with a status of its own), `strip_authorization` a token that ended before its time, `old_version` an API version
that is no more, `latency` with path `search-index` a search that knows of changes late, `server_error` with path
`bulk-operation` an export that fails.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from ..faults import Faults
from ..stats import Stats
from ..world import ShopError, World
from .apps import Apps
from .bulk import Bulk
from .cost import MOST, cost
from .delivery import Delivery
from .documents import Json
from .people import People
from .root import Context, Root
from .schema import answered
from .words import NEXT_VERSION, STATUS, VERSION

_JSON = "application/json; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_FIREWALL = "<!DOCTYPE html><title>Attention Required!</title><h1>Verifying your connection...</h1>"
_RESTORE = 100.0


class ShopifyShop:
    """One Shopify shop around a world."""

    platform = "shopify"

    def __init__(self, world: World, faults: Faults, stats: Stats) -> None:
        self.world = world
        self.faults = faults
        self.stats = stats
        self.url = ""
        self.apps = Apps()
        self.people = People(world)
        self.bulk = Bulk(self)
        self.delivery = Delivery(self)
        self.root = Root(self)
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
        return {"id": record_id}

    def add_key(self, permissions: str) -> dict[str, str]:
        return self.apps.make(permissions)

    def change_key(self, key: str, revoke: bool, privileged: bool) -> None:
        if key not in self.apps.known:
            raise ShopError("key: there is no such app")
        self.apps.known[key].privileged = privileged
        if revoke:
            del self.apps.known[key]

    def hooks(self) -> dict[str, Any]:
        registered = [
            {"id": each.gid, "topic": each.topic, "uri": each.uri, "failures": each.failures}
            for each in self.delivery.hooks.values()
        ]
        return {"webhooks": registered, "deliveries": list(self.delivery.log)}

    # -- requests

    async def answer(self, request: Request) -> Response:
        """Any request that is not the simulator's own."""
        path = request.url.path
        if path.startswith("/bulk/"):
            return self._file(request, path.removeprefix("/bulk/"))
        self.stats.began(request.method, path)
        status = 500
        try:
            response = await self._answer_with_faults(request, path)
            status = response.status_code
            return response
        finally:
            self.stats.ended(status)

    def _file(self, request: Request, name: str) -> Response:
        """The storage where exports lie is another house: it wants no token, and none is to be shown to it."""
        content = self.bulk.file(name)
        if content is None or "x-shopify-access-token" in request.headers:
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        if self.faults.strike("truncated", request.url.path):
            content = content[: len(content) // 2]
        return Response(content, media_type="application/jsonl")

    async def _answer_with_faults(self, request: Request, path: str) -> Response:
        faults = self.faults
        if slow := faults.strike("latency", path):
            await asyncio.sleep(0.2 if slow.seconds is None else slow.seconds)
        if dead := faults.strike("timeout", path):
            await asyncio.sleep(120.0 if dead.seconds is None else dead.seconds)
            return Response("<h1>504</h1>", 504, media_type=_HTML)
        if limit := faults.strike("rate_limit", path):
            if limit.status or "oauth" in path:
                return Response("{}", limit.status or 429, {"Retry-After": f"{limit.retry_after:.1f}"})
            return _said({"errors": [_throttled()]}, cost=_RESTORE * limit.retry_after, available=0)
        if broken := faults.strike("server_error", path):
            return Response('{"errors":"Internal Server Error"}', broken.status or 500, media_type=_JSON)
        if wall := faults.strike("firewall", path):
            return Response(_FIREWALL, wall.status or 200, media_type=_HTML)
        if path == "/admin/oauth/access_token" and request.method == "POST":
            response = await self._grant(request)
        elif path == f"/admin/api/{VERSION}/graphql.json" and request.method == "POST":
            response = await self._graphql(request, path)
        else:
            return Response("<!DOCTYPE html><title>404</title><h1>Not Found</h1>", 404, media_type=_HTML)
        if response.status_code < 300 and faults.strike("truncated", path):
            content = bytes(response.body)
            return Response(content[: len(content) // 2], response.status_code, media_type=_JSON)
        return response

    async def _grant(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        token = self.apps.grant(form)
        if token is None:
            return Response('{"error":"invalid_client"}', 400, media_type=_JSON)
        scope = ",".join(self.apps.known[form["client_id"]].scopes)
        return Response(json.dumps({"access_token": token, "scope": scope, "expires_in": 86399}), 200, media_type=_JSON)

    async def _graphql(self, request: Request, path: str) -> Response:
        app = self.apps.of(request.headers.get("x-shopify-access-token", ""))
        if app is None or self.faults.strike("strip_authorization", path):
            body = '{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}'
            return Response(body, 401, media_type=_JSON)
        version = NEXT_VERSION if self.faults.strike("old_version", path) else VERSION
        asked = json.loads(await request.body())
        query, variables = str(asked.get("query")), asked.get("variables") or {}
        price = cost(query, variables)
        if price > MOST:
            message = f"Query cost is {price}, which exceeds the single query max cost limit ({MOST})."
            told: Json = {"errors": [{"message": message, "extensions": {"code": "MAX_COST_EXCEEDED", "cost": price}}]}
            return _said(told, cost=price, version=version)
        done = answered(query, self.root.fields, Context(app), variables)
        told = dict(done.formatted)
        for error in told.get("errors", []):
            error.setdefault("extensions", {"code": "undefinedField"})
        return _said(told, cost=price, version=version)


def _throttled() -> Json:
    return {"message": "Throttled", "extensions": {"code": "THROTTLED"}}


def _said(told: Json, cost: float, available: float = 1900, version: str = VERSION) -> Response:
    bucket = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": _RESTORE}
    told["extensions"] = {"cost": {"requestedQueryCost": cost, "actualQueryCost": cost, "throttleStatus": bucket}}
    content = json.dumps(told, ensure_ascii=False)
    return Response(content, 200, {"X-Shopify-API-Version": version}, media_type=_JSON)
