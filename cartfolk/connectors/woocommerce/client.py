"""The REST API wc/v3 of one shop: addresses, answers, lists, and the shop's errors in the owner's words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..errors import (
    AddressRefused,
    ConnectorError,
    CredentialsInvalid,
    PageUnreadable,
    PermissionMissing,
    RetryLater,
)
from ..http import Answer, Overwhelmed, Transport
from ..reading import JsonBroken, mapping, pieces
from ..together import together
from .auth import ConsumerKey

API = "wc/v3"
_RESCUE = 10  # rows asked for at once when a whole page cannot be had


@dataclass(frozen=True, slots=True)
class Row:
    """One raw object: its own text, untouched, and parsed."""

    text: str
    value: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.value.get("id", ""))


@dataclass(frozen=True, slots=True)
class Rows:
    rows: list[Row]
    total: int | None  # X-WP-Total: rows of the whole list


def base_address(url: str) -> str:
    """The shop's own address: what people paste often ends in wp-admin, a query or a slash."""
    parts = urlsplit(url.strip())
    path = parts.path
    for tail in ("/wp-json", "/wp-admin", "/wp-login.php", "/index.php"):
        path = path.partition(tail)[0]
    return f"{parts.scheme.lower()}://{parts.netloc}{path.rstrip('/')}"


def body_of(rows: Sequence[Row]) -> bytes:
    return ("[" + ",".join(row.text for row in rows) + "]").encode()


class WooClient:
    """Knows how this shop wants to be asked: pretty or plain permalinks, which way of signing."""

    def __init__(self, url: str, transport: Transport) -> None:
        self.base = base_address(url)
        self.transport = transport
        self.plain: bool | None = None  # plain permalinks; None = not known yet
        self._storewide_refunds = True
        self._getting_to_know = asyncio.Lock()

    # -- one request

    async def ask(self, path: str, params: Mapping[str, Any] | None = None, *, auth: bool = True) -> Answer:
        """GET ``/wp-json/<path>``, or the same by ``?rest_route=`` where pretty addresses are off."""
        signer = self.transport.auth
        if self.plain is None or (auth and isinstance(signer, ConsumerKey) and not signer.proven):
            # One at a time until the shop's ways are known, or each request would find them out by itself.
            async with self._getting_to_know:
                return await self._ask(path, params, auth)
        return await self._ask(path, params, auth)

    async def _ask(self, path: str, params: Mapping[str, Any] | None, auth: bool) -> Answer:
        answer = await self._signed("GET", path, params, None, auth)
        if self.plain is None and answer.is_html and answer.status in (404, 410):
            self.plain = True
            answer = await self._signed("GET", path, params, None, auth)
            if answer.is_html:
                self.plain = None
        elif self.plain is None and not answer.is_html:
            self.plain = False
        return answer

    async def _signed(self, method: str, path: str, params: Mapping[str, Any] | None, body: Any, auth: bool) -> Answer:
        while True:
            asked: dict[str, str | int] = dict(params or {})
            if self.plain:
                url = f"{self.base}/"
                asked = {"rest_route": f"/{path}", **asked}
            else:
                url = f"{self.base}/wp-json/{path}"
            if method == "GET":
                answer = await self.transport.get(url, asked, auth=auth)
            else:
                answer = await self.transport.send(method, url, asked, body, auth=auth)
            signer = self.transport.auth
            if not auth or not isinstance(signer, ConsumerKey):
                return answer
            if answer.status < 300:
                signer.worked()
            if answer.status != 401 or not signer.next_way():
                return answer

    async def read(self, route: str, **params: Any) -> Rows:
        """A list of wc/v3. Raises what `refusal` says."""
        answer = await self.ask(f"{API}/{route}", params)
        if answer.status >= 300:
            raise refusal(answer, route)
        total = answer.headers.get("x-wp-total", "")
        return Rows(_rows(answer), int(total) if total.isdigit() else None)

    async def write(self, method: str, route: str, body: Any = None, **params: Any) -> Any:
        if self.plain is None:
            await self.ask("")
        answer = await self._signed(method, f"{API}/{route}", params, body, True)
        if answer.status >= 300:
            raise refusal(answer, route)
        return answer.json()

    # -- lists

    async def page(self, route: str, **params: Any) -> Rows:
        """As `read`; a page the shop cannot produce as a whole is fetched in smaller pieces, and a single
        object it cannot produce becomes a stub with ``_unreadable``, for the quarantine."""
        try:
            return await self.read(route, **params)
        except (PageUnreadable, Overwhelmed):
            try:
                # Ids and times first: what a page is made of must not change while it is put together.
                listed = await self.read(route, **params, _fields="id,date_created_gmt,date_modified_gmt")
            except PageUnreadable as error:
                raise RetryLater(str(error)) from None
        found: dict[str, Row] = {}
        keys = [row.id for row in listed.rows]
        for start in range(0, len(keys), _RESCUE):
            for row in await self._some(route, keys[start : start + _RESCUE], params):
                found[row.id] = row
        return Rows([found[row.id] if row.id in found else _stub(row) for row in listed.rows], listed.total)

    async def _some(self, route: str, keys: Sequence[str], params: Mapping[str, Any]) -> list[Row]:
        same = {name: params[name] for name in ("role", "status") if name in params}
        try:
            return (await self.read(route, **same, include=",".join(keys), per_page=len(keys))).rows
        except (PageUnreadable, Overwhelmed):
            if len(keys) == 1:
                return []
            singly = [await self._some(route, [key], params) for key in keys]
            return [row for rows in singly for row in rows]

    async def total(self, route: str, **params: Any) -> int | None:
        return (await self.read(route, per_page=1, _fields="id", **params)).total

    # -- refunds

    async def with_refunds(self, rows: Sequence[Row]) -> list[Row]:
        """The orders with their refunds as ``_refunds``: the stubs inside an order have no dates."""
        wanted = {
            row.id: [str(stub.get("id")) for stub in stubs if isinstance(stub, dict)]
            for row in rows
            if isinstance(stubs := row.value.get("refunds"), list) and stubs
        }
        if not wanted:
            return list(rows)
        found = await self._refunds_by_id([key for keys in wanted.values() for key in keys])
        short = [order for order, keys in wanted.items() if not all(key in found for key in keys)]
        for rest in await together(*(self._refunds_of(order) for order in short)):
            found |= rest
        done = []
        for row in rows:
            own = [found[key] for key in wanted.get(row.id, ()) if key in found]
            if own:
                inside = ",".join(each.text for each in own)
                text = f'{row.text.rstrip()[:-1]},"_refunds":[{inside}]}}'
                row = Row(text, {**row.value, "_refunds": [each.value for each in own]})
            done.append(row)
        return done

    async def _refunds_by_id(self, keys: Sequence[str]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for start in range(0, len(keys), 100):
            if not self._storewide_refunds:
                break
            some = keys[start : start + 100]
            try:
                page = await self.read("refunds", include=",".join(some), per_page=100)
            except (AddressRefused, PermissionMissing, PageUnreadable):
                self._storewide_refunds = False  # before WooCommerce 9.0 there is no such list
                break
            # Servers that ignore `include` answer with other refunds: only what was asked for counts.
            found |= {row.id: row for row in page.rows if row.id in set(some)}
        return found

    async def _refunds_of(self, order: str) -> dict[str, Row]:
        try:
            page = await self.read(f"orders/{order}/refunds", per_page=100)
        except (AddressRefused, PageUnreadable):
            return {}  # the order went meanwhile; its stubs still hold the amounts
        return {row.id: row for row in page.rows}


def _rows(answer: Answer) -> list[Row]:
    try:
        text = answer.text()
        if not text.startswith("["):
            raise PageUnreadable("The shop answered with something else than a list.")
        return [Row(piece, value if isinstance(value, dict) else {}) for piece, value in pieces(text)]
    except JsonBroken:
        raise PageUnreadable("The shop answered with something that is not JSON.") from None


def _stub(row: Row) -> Row:
    value = {**row.value, "_unreadable": True}
    return Row(json.dumps(value, default=str), value)


def refusal(answer: Answer, route: str) -> ConnectorError:
    """What the shop's answer means for the owner."""
    try:
        told = mapping(answer.json())
    except JsonBroken:
        told = {}
    code, message = str(told.get("code", "")), str(told.get("message", ""))
    what = route.split("/")[0].replace("_", " ")
    if answer.status == 401 and "permissions" in message:
        return PermissionMissing(
            f"The key may not be used for this ({what}): in WooCommerce → Settings → Advanced → REST API set "
            "its permissions to Read/Write."
        )
    if answer.status == 401:
        return CredentialsInvalid(
            "The shop does not accept the consumer key and secret. Copy both again, or make a new key under "
            "WooCommerce → Settings → Advanced → REST API."
        )
    if answer.status == 403:
        return PermissionMissing(
            f"The user this key belongs to may not see {what}. Make the key for an administrator or shop manager."
        )
    if answer.status in (404, 410):
        return AddressRefused(
            f"The shop has no WooCommerce REST API for {what} at this address. Check the address, and that "
            "WooCommerce is active."
        )
    return PageUnreadable(f"The shop refused to list {what} ({answer.status}{', ' + code if code else ''}).")
