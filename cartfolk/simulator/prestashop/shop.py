"""The PrestaShop front: lets a request in or not, and answers as its webservice would."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import secrets
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import Response

from ..faults import Faults
from ..records import Consent
from ..stats import Stats
from ..world import ShopError, World
from . import words
from .documents import Tables
from .query import Refused, Row, prices, select

_HTML = "text/html; charset=UTF-8"
_FIREWALL = "<!DOCTYPE html><title>One moment, please...</title><h1>Please wait while your request is verified</h1>"
_NOTICE = "<br />\n<b>Deprecated</b>:  Optional parameter $x declared before a required one in <b>module.php</b>\n"
_LISTS = {"order_slip": "order_slips", "order_carriers": "order_carriers"}
_PHONE = re.compile(rb"<id>\D*(\d+)\D*</id>.*<phone>(?:<!\[CDATA\[)?([^<\]]*)", re.DOTALL)


class PrestaSim:
    """One PrestaShop around a world. ``keys``: key -> what it may do (read, write) and the resource left out."""

    platform = "prestashop"

    def __init__(self, world: World, faults: Faults, stats: Stats) -> None:
        self.world = world
        self.faults = faults
        self.stats = stats
        self.url = ""
        self.keys: dict[str, tuple[str, str]] = {}
        self.tables = Tables(world, lambda: self.url)

    # -- what the simulator asks of every platform

    @property
    def words(self) -> dict[str, str]:
        return words.WORDS

    @property
    def backlog(self) -> int:
        return 0

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    def document(self, kind: str, record_id: int) -> Any:
        table = self.tables.table({"order": "orders", "customer": "customers", "product": "products"}[kind])
        return table.get(record_id) if table else None

    def add_key(self, permissions: str) -> dict[str, str]:
        """Scopes: read, write, or `without <resource>`, which may view all the others."""
        what, _space, resource = permissions.partition(" ")
        if what not in ("read", "write", "without"):
            raise ShopError(f"key: permissions {permissions!r} must be read, write or without <resource>")
        key = secrets.token_hex(16).upper()
        self.keys[key] = ("write" if what == "write" else "read", resource)
        return {"key": key, "secret": ""}

    def change_key(self, key: str, revoke: bool, privileged: bool) -> None:
        if key not in self.keys:
            raise ShopError("key: there is no such key")
        if revoke:
            del self.keys[key]

    def hooks(self) -> dict[str, Any]:
        return {"webhooks": [], "deliveries": []}

    def _newsletter_box(self, form: dict[str, str]) -> None:
        """The box on every page: action 0 signs on, 1 off. It writes past the customer's time of change."""
        account = self.world.customers.get(self.world.account_of.get(form.get("email", ""), 0))
        if account is not None and "submitNewsletter" in form:
            account.consent = Consent(form.get("action") == "0", self.world.clock.now())
            self.world.revision += 1

    # -- faults

    async def answer(self, request: Request) -> Response:
        """Any request that is not the simulator's own."""
        path = unquote(request.scope["raw_path"].decode("latin-1").partition("?")[0])
        if request.method == "POST" and path == "/":
            self._newsletter_box(dict(parse_qsl((await request.body()).decode())))
        if not path.startswith("/api/"):
            title = "404" if path != "/" else self.world.name
            return Response(f"<!DOCTYPE html><title>{title}</title>", 404 if path != "/" else 200, media_type=_HTML)
        route = path.rstrip("/")
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
        if slow := faults.strike("latency", route):
            await asyncio.sleep(0.2 if slow.seconds is None else slow.seconds)
        if limit := faults.strike("rate_limit", route):
            retry = {"Retry-After": str(limit.retry_after)}
            return Response("<h1>429 Too Many Requests</h1>", 429, retry, media_type=_HTML)
        if broken := faults.strike("server_error", route):
            if broken.status == 503:  # what the webservice says while it is switched off
                return _errors(Refused(503, 22, "The PrestaShop webservice is disabled. Please activate it"), True)
            return _errors(Refused(broken.status or 500, 2, "Internal error"), False)
        if wall := faults.strike("firewall", route):
            return Response(_FIREWALL, wall.status or 200, media_type=_HTML)
        params = dict(parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True))
        as_json = params.get("output_format", "").upper() == "JSON"
        try:
            resource, rows = await self._rows(request, route.removeprefix("/api/"), params)
        except Refused as refused:
            if refused.status == 401 and not refused.code:
                return Response(b"", 401, {"WWW-Authenticate": 'Basic realm="Welcome to PrestaShop Webservice"'})
            return _errors(refused, as_json)
        whole = {row["id"] for row in rows if len(row) > 3}  # more than its number and its times
        if faults.poisoned({row.get("id", 0) for row in rows}, whole, route):
            return _errors(Refused(500, 2, "[PHP Error] a module crashed"), False)
        told = {_LISTS.get(resource, resource): rows} if rows else []
        content = json.dumps(told, ensure_ascii=False).encode()
        if faults.strike("notice", route):
            content = _NOTICE.encode() + content
        if faults.strike("truncated", route):
            content = content[: len(content) // 2]
        return Response(content, 200, {"PSWS-Version": "8.2.1"}, media_type="application/json")

    # -- the webservice

    async def _rows(self, request: Request, path: str, params: dict[str, str]) -> tuple[str, list[Row]]:
        may, without = self._key(request, params)
        resource = path.partition("/")[0]
        table = self.tables.table(resource)
        if table is None or (resource == "order_cart_rules" and self.faults.strike("old_version", path)):
            raise Refused(400, 27, f'Resource of type "{resource}" does not exists')
        if without == resource:
            raise Refused(401, 26, f'Resource of type "{resource}" is not allowed with this authentication key')
        if (request.method == "PUT") != (may == "write") or request.method not in ("GET", "HEAD", "PUT"):
            raise Refused(405, 25, f"Method {request.method} is not allowed for the resource {resource}")
        if params.get("id_shop", "1") not in ("1", "all"):
            raise Refused(404, 999, "This shop id does not exist")
        if request.method == "PUT":
            return resource, [self._edit(await request.body())]
        asked = prices(params) if resource in ("products", "combinations") else {}

        def computed(row: Row) -> Row:
            gross = self.tables.gross
            return {name: gross(resource, row["id"], how.get("currency", "")) for name, how in asked.items()}

        return resource, select(table, params, computed)

    def _key(self, request: Request, params: dict[str, str]) -> tuple[str, str]:
        """By the user name of HTTP Basic, else by `ws_key`."""
        authorization = request.headers.get("authorization", "")
        if self.faults.strike("strip_authorization", request.url.path):
            authorization = ""
        scheme, _space, encoded = authorization.partition(" ")
        key = params.get("ws_key", "")
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(encoded).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                key = ""
        if key not in self.keys:
            raise Refused(401, 0, "")
        return self.keys[key]

    def _edit(self, body: bytes) -> Row:
        """A shopper's new phone number, the one thing that can be written: it does not touch the customer."""
        match = _PHONE.search(body)
        if match is None:
            raise Refused(400, 127, "XML error")
        key, phone = int(match.group(1)), match.group(2).decode()
        self.tables.edited[key] = (phone, self.world.clock.now())
        return {"id": key}


def _errors(refused: Refused, as_json: bool) -> Response:
    """Most errors keep to the format that was asked for, a crash does not."""
    if as_json:
        told = {"errors": [{"code": refused.code, "message": refused.message}]}
        return Response(json.dumps(told), refused.status, media_type="application/json")
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<prestashop xmlns:xlink="http://www.w3.org/1999/xlink"><errors><error>'
        f"<code><![CDATA[{refused.code}]]></code><message><![CDATA[{refused.message}]]></message>"
        "</error></errors></prestashop>"
    )
    return Response(text, refused.status, media_type="text/xml; charset=utf-8")
