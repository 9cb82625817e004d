"""The WooCommerce front of the shop: takes a request in, lets it pass or not, answers as WordPress would."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from ..faults import Faults
from ..stats import Stats
from ..world import ShopError, World
from . import webhooks
from .auth import Key, Keyring, check_permission
from .catalog import LookupRow, lookup_rows
from .delivery import Delivery, Webhook, php_json
from .errors import RestError, no_route
from .query import Args, parse_query
from .routes import COMPILED, Answer, Call
from .words import STATUS

_JSON = "application/json; charset=UTF-8"
_HTML = "text/html; charset=UTF-8"
_FIREWALL = """<!DOCTYPE html><html><head><title>One moment, please...</title></head>
<body><h1>Please wait while your request is being verified...</h1></body></html>"""
_NOTICE = "<br />\n<b>Deprecated</b>:  Optional parameter $x declared before a required one in <b>plugin.php</b>\n"


@dataclass(slots=True)
class Manners:
    """How this installation is set up. `tls` = Basic is accepted as if the request came over https."""

    tls: bool = False
    plain_permalinks: bool = False
    runners: int = 2


class WooShop:
    """One WooCommerce installation around a world."""

    platform = "woocommerce"

    def __init__(self, world: World, manners: Manners, faults: Faults, stats: Stats) -> None:
        self.world = world
        self.faults = faults
        self.stats = stats
        self.tls = manners.tls
        self.plain_permalinks = manners.plain_permalinks
        self.url = ""
        self.keyring = Keyring()
        self.webhooks: dict[int, Webhook] = {}
        self._lookup: tuple[int, list[LookupRow]] = (-1, [])
        self.delivery = Delivery(
            self.webhooks,
            lambda webhook, topic, record_id: webhooks.payload(self, webhook, topic, record_id),
            lambda: self.url,
            faults,
            stats,
            manners.runners,
        )
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

    def lookup(self) -> list[LookupRow]:
        """The customer table of analytics, as of the last change."""
        if self._lookup[0] != self.world.revision:
            self._lookup = (self.world.revision, lookup_rows(self.world))
        return self._lookup[1]

    def document(self, kind: str, record_id: int) -> Any:
        return webhooks.record(self, kind, record_id)

    def add_key(self, permissions: str) -> dict[str, str]:
        if permissions not in ("read", "write", "read_write"):
            raise ShopError(f"key: permissions {permissions!r} must be read, write or read_write")
        key = self.keyring.add(Key(f"ck_{secrets.token_hex(20)}", f"cs_{secrets.token_hex(20)}", permissions))
        return {"key": key.consumer_key, "secret": key.consumer_secret}

    def change_key(self, key: str, revoke: bool, privileged: bool) -> None:
        if key not in self.keyring.keys:
            raise ShopError("key: there is no such consumer key")
        self.keyring.keys[key].privileged = privileged
        if revoke:
            del self.keyring.keys[key]

    def hooks(self) -> dict[str, Any]:
        registered = [
            webhooks.document(self, each) | {"failures": each.failures, "pending_delivery": each.pending_delivery}
            for each in self.webhooks.values()
        ]
        return {"webhooks": registered, "deliveries": list(self.delivery.log)}

    # -- the outer shell: faults and counting

    async def answer(self, request: Request) -> Response:
        """Any request that is not the simulator's own."""
        params = parse_query(request.scope["query_string"].decode("latin-1"))
        path = unquote(request.scope["raw_path"].decode("latin-1").partition("?")[0])
        route = self._route(path, params)
        if route is None:
            return self._page(path)
        self.stats.began(request.method, route)
        status = 500
        try:
            response = await self._answer_with_faults(request, route, path, params)
            status = response.status_code
            return response
        finally:
            self.stats.ended(status)

    def _route(self, path: str, params: dict[str, str]) -> str | None:
        """The REST route a request means; None if it is an ordinary page."""
        if "rest_route" in params:
            return "/" + params["rest_route"].strip("/")
        if self.plain_permalinks or not (path == "/wp-json" or path.startswith("/wp-json/")):
            return None
        return "/" + path.removeprefix("/wp-json").strip("/")

    def _page(self, path: str) -> Response:
        if path in ("/", "/shop/", "/cart/", "/checkout/"):
            return Response(
                f"<!DOCTYPE html><title>{self.world.name}</title><h1>{self.world.name}</h1>",
                200,
                media_type=_HTML,
            )
        title = f"Page not found &#8211; {self.world.name}"
        return Response(f"<!DOCTYPE html><title>{title}</title><h1>404</h1>", 404, media_type=_HTML)

    async def _answer_with_faults(self, request: Request, route: str, path: str, params: dict[str, str]) -> Response:
        faults = self.faults
        if slow := faults.strike("latency", route):
            await asyncio.sleep(0.2 if slow.seconds is None else slow.seconds)
        if dead := faults.strike("timeout", route):
            await asyncio.sleep(120.0 if dead.seconds is None else dead.seconds)
            return Response("<h1>504 Gateway Time-out</h1>", 504, media_type=_HTML)
        if limit := faults.strike("rate_limit", route):
            return Response(
                "<h1>429 Too Many Requests</h1>",
                429,
                {"Retry-After": str(limit.retry_after)},
                media_type=_HTML,
            )
        if broken := faults.strike("server_error", route):
            return _crashed(broken.status or 500)
        if wall := faults.strike("firewall", route):
            return Response(_FIREWALL, wall.status or 200, media_type=_HTML)
        answer = await self._answer(request, route, path, params)
        if answer.status < 300 and self._poisoned(answer.body, route):
            return _crashed(500)
        content = php_json(answer.body)
        if answer.status < 300 and faults.strike("notice", route):
            content = _NOTICE.encode() + content
        if answer.status < 300 and faults.strike("truncated", route):
            content = content[: len(content) // 2]
        return Response(content, answer.status, {"X-Robots-Tag": "noindex", **answer.headers}, media_type=_JSON)

    # -- WordPress proper

    async def _answer(self, request: Request, route: str, path: str, params: dict[str, str]) -> Answer:
        try:
            body, form = await _body(request)
            key = self._identify(request, route, path, params | form)
            answer = await self._dispatch(request.method, route, Args(params), body, key)
        except RestError as error:
            return Answer(error.body, error.status)
        if (fields := Args(params).words("_fields")) and answer.status < 300:
            answer.body = _trim(answer.body, {name.split(".")[0] for name in fields})
        return answer

    def _identify(self, request: Request, route: str, path: str, params: dict[str, str]) -> Key | None:
        if not route.startswith(("/wc/", "/wc-")):
            return None  # a shop's key is good for the shop's own routes only
        authorization = request.headers.get("authorization", "")
        if self.faults.strike("strip_authorization", route):
            authorization = ""
        tls, home = self.tls, self.url
        if self.faults.strike("hidden_https", route):
            # is_ssl() is false: Basic is not looked at, and the address that was signed is built with http.
            tls, home = False, f"http://{self.url.partition('://')[2]}"
        return self.keyring.identify(request.method, home + path, params, authorization, tls)

    def _poisoned(self, body: Any, route: str) -> bool:
        """A fatal error while one record is rendered takes the whole answer along; ids alone mostly still work."""
        rows = [row for row in (body if isinstance(body, list) else [body]) if isinstance(row, dict) and "id" in row]
        whole = {row["id"] for row in rows if "line_items" in row or "billing" in row}
        return self.faults.poisoned({row["id"] for row in rows}, whole, route)

    async def _dispatch(self, method: str, route: str, args: Args, body: dict[str, Any], key: Key | None) -> Answer:
        if route == "/":
            return Answer(self._index())
        if route in ("/wc/v3", "/wc-analytics"):
            return Answer({"namespace": route[1:], "routes": {}})
        hooks = route == "/wc/v3/webhooks" or route.startswith("/wc/v3/webhooks/")
        match = None
        for pattern, found in COMPILED:
            match = pattern.fullmatch(route)
            if match is not None:
                handler = found
                break
        if match is None and not hooks:
            if route.startswith("/wp/"):
                raise RestError(401, "rest_not_logged_in", "You are not currently logged in.")
            raise no_route()
        if key is None:
            raise _anonymous(method, 401)
        check_permission(key, method)
        if not key.privileged:
            raise _anonymous(method, 403)
        if hooks:
            call = Call(self, method, route, args, body, ())
            return await webhooks.answer(call, key, route.removeprefix("/wc/v3/webhooks").strip("/"))
        if method not in ("GET", "HEAD"):
            raise no_route()
        assert match is not None
        return handler(Call(self, method, route, args, body, tuple(int(each) for each in match.groups())))

    def _index(self) -> dict[str, Any]:
        clock = self.world.clock
        return {
            "name": self.world.name,
            "description": "",
            "url": self.url,
            "home": self.url,
            "gmt_offset": f"{clock.offset_hours():g}",
            "timezone_string": clock.zone_name,
            "namespaces": ["oembed/1.0", "wc/store/v1", "wc/v1", "wc/v2", "wc/v3", "wc-analytics", "wp/v2"],
            "authentication": [],
            "routes": {},
        }


def _crashed(status: int) -> Response:
    error = RestError(status, "internal_server_error", "There has been a critical error on this website.")
    return Response(php_json(error.body), status, media_type=_JSON)


def _anonymous(method: str, status: int) -> RestError:
    verb, sentence = {
        "GET": ("view", "list resources"),
        "HEAD": ("view", "list resources"),
        "POST": ("create", "create resources"),
        "DELETE": ("delete", "delete this resource"),
    }.get(method, ("edit", "edit this resource"))
    return RestError(status, f"woocommerce_rest_cannot_{verb}", f"Sorry, you cannot {sentence}.")


async def _body(request: Request) -> tuple[dict[str, Any], dict[str, str]]:
    """The body's fields, and those of them that take part in an OAuth signature: a form's, not JSON's."""
    raw = await request.body()
    if not raw:
        return {}, {}
    if "json" not in request.headers.get("content-type", ""):
        form = parse_query(raw.decode("utf-8", "replace"))
        return dict(form), form
    try:
        parsed = json.loads(raw)
    except ValueError:
        raise RestError(400, "rest_invalid_json", "Invalid JSON body passed.") from None
    return (parsed if isinstance(parsed, dict) else {}), {}


def _trim(body: Any, fields: set[str]) -> Any:
    if isinstance(body, list):
        return [_trim(each, fields) for each in body]
    if isinstance(body, dict):
        return {name: value for name, value in body.items() if name in fields}
    return body
