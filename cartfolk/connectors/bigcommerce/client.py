"""The management API of one store: addresses, lists, the shared quota, and errors in the owner's words.

v2 answers with bare lists, an empty one as 204 without a body; v3 wraps everything in ``data`` and counts in
``meta.pagination``.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from ..errors import AddressRefused, ConnectorError, CredentialsInvalid, PageUnreadable, PermissionMissing
from ..http import Answer, Transport
from ..reading import FieldError, JsonBroken, load, mapping, money, text
from ..together import together
from .info import INCOMPLETE, PARTIALLY_REFUNDED, REFUNDED

Raw = dict[str, Any]
MOST = 250  # rows BigCommerce puts on a page at most
TOGETHER = 50  # orders whose refunds are asked for at once
_PATH = re.compile(r"(?P<base>(?:/[^/]+)*?/stores/(?P<hash>[^/]+))(?:/v[23])?/?")
_SCOPES = {
    "store": "Information & settings",
    "customers": "Customers",
    "customer_groups": "Customers",
    "subscribers": "Customers",
    "orders": "Orders",
    "products": "Products",
    "categories": "Products",
    "coupons": "Marketing",
    "carts": "Carts",
    "webhooks": "Information & settings",
}


class AccessToken(httpx2.Auth):
    """Signs requests with the API account's token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["X-Auth-Token"] = self._token
        yield request


@dataclass(frozen=True, slots=True)
class Rows:
    rows: list[Raw]
    total: int | None = None  # of the whole list; v2 does not tell


def located(url: str) -> tuple[str, str]:
    """The address all requests begin with and the store's hash; both empty when ``url`` is no API path."""
    parts = urlsplit(url.strip())
    found = _PATH.fullmatch(parts.path)
    if found is None:
        return "", ""
    return f"{parts.scheme.lower()}://{parts.netloc}{found['base']}", found["hash"]


class BigClient:
    """Asks one store, and leaves room in its quota for others: all apps of a store share it."""

    def __init__(self, url: str, transport: Transport) -> None:
        self.base, self.hash = located(url)
        self.transport = transport
        self._groups: dict[str, str] = {}  # names by id
        self._slugs: dict[str, str] = {}  # of categories by id
        self._brands: dict[str, str] = {}  # names by id
        self._checkouts = True  # the API account may read checkouts
        self._learning = asyncio.Lock()

    # -- one request

    async def ask(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """GET ``<base>/<path>``, any answer. Raises AddressRefused when there is no store in the address."""
        answer = await self.transport.get(self._url(path), params)
        self._spare(answer)
        return answer

    async def read(self, what: str, path: str, params: Mapping[str, Any] | None = None) -> Rows:
        """A list. Raises what `refusal` says of ``what``."""
        answer = await self.ask(path, params)
        if answer.status >= 300:
            raise refusal(answer, what)
        found = _parsed(answer)
        if isinstance(found, dict):
            total = mapping(mapping(found.get("meta")).get("pagination")).get("total")
            return Rows(_objects(found.get("data")), total if isinstance(total, int) else None)
        return Rows(_objects(found))

    async def one(self, what: str, path: str, params: Mapping[str, Any] | None = None) -> Raw | None:
        """One object; None if it is not there."""
        answer = await self.ask(path, params)
        if answer.status in (204, 404):
            return None
        if answer.status >= 300:
            raise refusal(answer, what)
        found = _parsed(answer)
        if isinstance(found, dict) and isinstance(found.get("data"), dict):
            found = found["data"]
        return found if isinstance(found, dict) and found else None

    async def write(self, method: str, path: str, body: Any = None) -> None:
        answer = await self.transport.send(method, self._url(path), None, body)
        self._spare(answer)
        if answer.status >= 300 and not (method == "DELETE" and answer.status == 404):
            raise refusal(answer, "webhooks")

    def _url(self, path: str) -> str:
        if not self.hash:
            raise AddressRefused(
                "This is not an API path. Copy it from the API account: it looks like "
                "https://api.bigcommerce.com/stores/abc123/v3/."
            )
        return f"{self.base}/{path}"

    def _spare(self, answer: Answer) -> None:
        """Rests when a tenth of the quota is left: it belongs to all apps of the store together."""
        left, quota = _number(answer, "requests-left"), _number(answer, "requests-quota")
        reset = _number(answer, "time-reset-ms")
        if left is not None and quota and reset and left <= quota // 10:
            self.transport.limiter.rest(reset / 1000)

    async def everything(self, what: str, path: str, params: Mapping[str, Any]) -> AsyncGenerator[list[Raw]]:
        """A list page by page, for lists too small to change while they are read."""
        page = 1
        while True:
            rows = (await self.read(what, path, {**params, "limit": MOST, "page": page})).rows
            yield rows
            if len(rows) < MOST:
                return
            page += 1

    async def orders(self) -> int | None:
        """How many orders there are without the incomplete ones, which are none yet; None if it is not told."""
        told = await self.one("orders", "v2/orders/count") or {}
        count = told.get("count")
        if not isinstance(count, int):
            return None
        states = {state.get("id"): state.get("count") for state in _objects(told.get("statuses"))}
        incomplete = states.get(INCOMPLETE)
        return count - incomplete if isinstance(incomplete, int) else count

    # -- what rows need to be understood

    async def with_groups(self, customers: list[Raw]) -> list[Raw]:
        """Customers with the name of their group as ``_group``."""
        wanted = {str(row["customer_group_id"]) for row in customers if row.get("customer_group_id")}
        async with self._learning:
            if not wanted <= self._groups.keys():
                listed = self.everything("customer_groups", "v2/customer_groups", {})
                self._groups = {
                    str(row.get("id")): text(row.get("name")) or "" async for rows in listed for row in rows
                }
        known = self._groups
        return [{**row, "_group": known.get(str(row.get("customer_group_id")))} for row in customers]

    async def with_slugs(self, products: list[Raw]) -> list[Raw]:
        """Products with the slugs of their categories as ``_categories``."""
        wanted = {str(key) for row in products for key in row.get("categories") or ()}
        async with self._learning:
            if not wanted <= self._slugs.keys():
                listed = self.everything("categories", "v3/catalog/trees/categories", {})
                self._slugs = {str(row.get("category_id")): slug_of(row) async for rows in listed for row in rows}
        known = self._slugs
        return [
            {**row, "_categories": [known[key] for each in row.get("categories") or () if (key := str(each)) in known]}
            for row in products
        ]

    async def with_brands(self, products: list[Raw]) -> list[Raw]:
        """Products with the name of their brand as ``_brand``."""
        wanted = {str(row["brand_id"]) for row in products if row.get("brand_id")}
        async with self._learning:
            if not wanted <= self._brands.keys():
                listed = self.everything("products", "v3/catalog/brands", {})
                told = {str(row.get("id")): text(row.get("name")) or "" async for rows in listed for row in rows}
                self._brands = dict.fromkeys(wanted, "") | told  # what is not told is not asked for with every page
        known = self._brands
        return [{**row, "_brand": known.get(str(row.get("brand_id")))} for row in products]

    async def with_details(self, orders: list[Raw]) -> list[Raw]:
        """Orders with what is kept elsewhere: refunds, coupon codes, and lines where they were not included."""
        refunds = await self._refunds([str(row.get("id")) for row in orders if _was_refunded(row)])
        return list(await together(*(self._detailed(row, refunds) for row in orders)))

    async def _detailed(self, order: Raw, refunds: Mapping[str, list[Raw]]) -> Raw:
        key = str(order.get("id"))
        more: Raw = {"_refunds": refunds[key]} if key in refunds else {}
        lines = lines_of(order)
        if not lines and _positive(order.get("items_total")):
            more["_products"] = lines = await self._part(key, "products")
        coded = any(mapping(each).get("code") for line in lines for each in line.get("applied_discounts") or ())
        if not coded and _positive(order.get("coupon_discount")):
            more["_coupons"] = await self._part(key, "coupons")
        return {**order, **more} if more else order

    async def _part(self, order: str, name: str) -> list[Raw]:
        found: list[Raw] = []
        try:
            async for rows in self.everything("orders", f"v2/orders/{order}/{name}", {}):
                found += rows
        except AddressRefused:
            return []  # the order went meanwhile
        return found

    async def _refunds(self, orders: Sequence[str]) -> dict[str, list[Raw]]:
        found: dict[str, list[Raw]] = {}
        for start in range(0, len(orders), TOGETHER):
            some = ",".join(orders[start : start + TOGETHER])
            async for rows in self.everything("orders", "v3/orders/payment_actions/refunds", {"order_id:in": some}):
                for row in rows:
                    found.setdefault(str(row.get("order_id")), []).append(row)
        return found

    async def cart(self, key: str) -> Raw | None:
        """A cart as its checkout, which knows more of the shopper; None once it is ordered or gone."""
        if self._checkouts:
            try:
                found = await self.one("carts", f"v3/checkouts/{key}")
            except PermissionMissing:
                self._checkouts = False
            else:
                if found is not None:
                    return found
        return await self.one("carts", f"v3/carts/{key}")


def slug_of(category: Raw) -> str:
    """The path of a category without its slashes at the ends: two categories may share the last part."""
    path = mapping(category.get("url")).get("path") or mapping(category.get("custom_url")).get("url")
    return (text(path) or "").strip("/") or str(category.get("category_id") or category.get("id"))


def lines_of(order: Mapping[str, Any]) -> list[Raw]:
    """All lines of an order, of whatever consignment; none where they were not included."""
    consignments = mapping(order.get("consignments"))
    parts = [*_objects(consignments.get("shipping")), *_objects(consignments.get("pickups"))]
    parts += _objects(consignments.get("downloads"))
    parts += _objects(mapping(consignments.get("email")).get("gift_certificates"))
    found = [line for part in parts for line in _objects(part.get("line_items")) if "quantity" in line]
    return found or _objects(order.get("_products"))


def _was_refunded(order: Raw) -> bool:
    return order.get("status_id") in (REFUNDED, PARTIALLY_REFUNDED) or _positive(order.get("refunded_amount"))


def _positive(value: Any) -> bool:
    try:
        return money(value, "") > 0
    except FieldError:
        return False


def _number(answer: Answer, name: str) -> int | None:
    value = answer.headers.get(f"x-rate-limit-{name}", "")
    return int(value) if value.isdecimal() else None


def _parsed(answer: Answer) -> Any:
    if not answer.body.strip():
        return []  # 204: nothing there
    try:
        return load(answer.text())
    except JsonBroken:
        raise PageUnreadable("The shop answered with something that is not JSON.") from None


def _objects(value: Any) -> list[Raw]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def refusal(answer: Answer, what: str) -> ConnectorError:
    """What an answer that is no success means for the owner."""
    if answer.status == 401:
        return CredentialsInvalid(
            "BigCommerce does not accept the access token. Copy it again, or create a new API account under "
            "Settings → Store-level API accounts."
        )
    if answer.status == 403:
        return PermissionMissing(
            f"The API account may not read {what.replace('_', ' ')}. Under Settings → Store-level API accounts give "
            f"it the scope “{_SCOPES.get(what, what)}”, read-only."
        )
    if answer.status in (404, 410):
        return AddressRefused("There is no BigCommerce store under this API path. Copy it again from the API account.")
    if what == "webhooks":
        return PageUnreadable(f"BigCommerce refused a webhook ({answer.status}).")
    return PageUnreadable(f"BigCommerce refused to list {what.replace('_', ' ')} ({answer.status}).")
