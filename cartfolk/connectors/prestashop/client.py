"""The webservice of one shop: addresses, lists, and the shop's errors in the owner's words.

A list is `{"orders": [...]}`, an empty one is the bare `[]`. No list tells how long it is. Errors come as JSON or,
although JSON was asked for, as XML; their number says what they mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from ..base import StoreConfig
from ..errors import (
    AddressRefused,
    ConnectorError,
    CredentialsInvalid,
    PageUnreadable,
    PermissionMissing,
    RetryLater,
)
from ..http import Answer, Overwhelmed, Transport, Unavailable
from ..reading import JsonBroken, load

Raw = dict[str, Any]
Filters = Mapping[str, str]
NONE: Mapping[str, Any] = MappingProxyType({})
_RESCUE = 10  # rows asked for at once when a whole page cannot be had
_FEW = 1000  # ids in one answer; they cost the shop one query, not one each
_XML_CODE = re.compile(rb"<code>\s*(?:<!\[CDATA\[)?\s*(\d+)")
_TAIL = re.compile(r"/(?:api|index\.php|admin\w*)(?:/|$)")
SWITCHED_OFF, NOT_ALLOWED, WRONG_METHOD, NO_RESOURCE, WRONG_SHOP = 22, 26, 25, 27, 132


class ResourceMissing(PageUnreadable):
    """This PrestaShop is too old, or too new, for that resource."""


class NotAllowed(PermissionMissing):
    """The key may not view this resource."""


class SwitchedOff(PermissionMissing):
    """The shop is there, its webservice is not."""


def base_address(url: str) -> str:
    """The shop's own address: what people paste often ends in /api, a back office page or a slash."""
    parts = urlsplit(url.strip())
    return f"{parts.scheme.lower()}://{parts.netloc}{_TAIL.split(parts.path)[0].rstrip('/')}"


class PrestaClient:
    """Asks the webservice of one shop."""

    def __init__(self, config: StoreConfig, transport: Transport) -> None:
        self.base = base_address(config.url)
        self.transport = transport
        self.shop = str(config.credentials.get("shop") or "").strip()

    # -- one request

    async def ask(self, resource: str, params: Mapping[str, str | int]) -> Answer:
        """GET `/api/<resource>`. Raises what `refusal` says."""
        asked: dict[str, str | int] = {"output_format": "JSON", **params}
        if self.shop:
            asked["id_shop"] = self.shop
        try:
            answer = await self.transport.get(f"{self.base}/api/{resource}", asked)
        except Unavailable as error:
            if error_code(error.answer) == SWITCHED_OFF:
                raise refusal(error.answer, resource) from None
            raise
        if answer.status >= 300:
            raise refusal(answer, resource)
        return answer

    async def read(
        self,
        resource: str,
        filters: Filters = NONE,
        *,
        display: str = "full",
        sort: str = "",
        limit: str = "",
        more: Mapping[str, str | int] = NONE,
    ) -> list[Raw]:
        """A list. ``filters`` by field, in the webservice's own language: `[1|2]`, `[from,to]`, `>[5]`. With
        ``display`` empty only ids, which the shop gives without looking into its objects."""
        asked: dict[str, str | int] = {f"filter[{name}]": value for name, value in filters.items()}
        if any("date_" in part for part in (sort, *filters)):
            asked["date"] = 1  # without it a filter or order by time is refused
        for name, value in (("display", display), ("sort", sort), ("limit", limit)):
            if value:
                asked[name] = value
        return _rows(await self.ask(resource, asked | dict(more)), resource)

    # -- lists

    async def page(self, resource: str, filters: Filters, *, listed: str = "", **asked: Any) -> list[Raw]:
        """As `read`; a page the shop cannot produce as a whole is fetched in smaller pieces, and a single object it
        cannot produce becomes a stub with ``_unreadable``, for the quarantine. ``listed``: fields such a stub keeps."""
        try:
            return await self.read(resource, filters, **asked)
        except (PageUnreadable, Overwhelmed) as error:
            if isinstance(error, ResourceMissing):
                raise
            try:
                # Ids and times first: what a page is made of must not change while it is put together.
                stubs = await self.read(resource, filters, **asked | {"display": listed})
            except PageUnreadable as again:
                raise RetryLater(str(again)) from None
        found: dict[str, Raw] = {}
        keys = [str(row.get("id")) for row in stubs]
        more = asked.get("more", NONE)
        for start in range(0, len(keys), _RESCUE):
            for row in await self._some(resource, keys[start : start + _RESCUE], more):
                found[str(row.get("id"))] = row
        return [found.get(str(row.get("id")), {**row, "_unreadable": True}) for row in stubs]

    async def _some(self, resource: str, keys: Sequence[str], more: Mapping[str, str | int]) -> list[Raw]:
        try:
            return await self.read(resource, {"id": one_of(keys)}, more=more)
        except (PageUnreadable, Overwhelmed):
            if len(keys) == 1:
                return []
            singly = [await self._some(resource, [key], more) for key in keys]
            return [row for rows in singly for row in rows]

    async def id_at(self, resource: str, offset: int, filters: Filters) -> int:
        """The id at that place of the list by id; 0 behind its end."""
        rows = await self.read(resource, filters, display="", sort="[id_ASC]", limit=f"{offset},1")
        return int(rows[0]["id"]) if rows else 0

    async def count(self, resource: str, filters: Filters) -> int:
        """How many there are. The webservice does not say: a short list is counted, in a long one the end is
        looked for by halves, for a list of all ids is more than PHP can hold in a large shop."""
        first = await self.read(resource, filters, display="", sort="[id_ASC]", limit=f"0,{_FEW}")
        if len(first) < _FEW:
            return len(first)
        last = await self.read(resource, filters, display="", sort="[id_DESC]", limit="1")
        low, high = _FEW, max(_FEW, int(last[0]["id"]) if last else 0)  # ids begin at 1: never more rows than that
        while low < high:
            middle = (low + high) // 2
            if await self.id_at(resource, middle, filters):
                low = middle + 1
            else:
                high = middle
        return low


def one_of(keys: Sequence[str]) -> str:
    """A filter for these values."""
    return f"[{'|'.join(keys)}]"


def error_code(answer: Answer) -> int:
    """The number of the first error the shop tells, in JSON or in XML; 0 when it tells none."""
    found = _XML_CODE.search(answer.body)
    if found:
        return int(found.group(1))
    try:
        told = answer.json()
    except JsonBroken:
        return 0
    errors = told.get("errors") if isinstance(told, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    code = str(first.get("code")) if isinstance(first, dict) else ""
    return int(code) if code.isdecimal() else 0


def refusal(answer: Answer, resource: str) -> ConnectorError:
    """What the shop's answer means for the owner."""
    status, code = answer.status, error_code(answer)
    if status == 503 and code == SWITCHED_OFF:
        return SwitchedOff(
            "The webservice is switched off: switch it on in PrestaShop under Advanced Parameters → Webservice."
        )
    if code in (NOT_ALLOWED, WRONG_METHOD):
        return NotAllowed(
            f"The key may not view {resource}: open it in PrestaShop under Advanced Parameters → Webservice and tick "
            "View (GET) there."
        )
    if status == 401:
        return CredentialsInvalid(
            "The shop does not accept the webservice key. Copy all 32 characters again, and check under Advanced "
            "Parameters → Webservice that the key is enabled."
        )
    if status == 403 or code == WRONG_SHOP:
        return PermissionMissing(
            "The key is not for this shop: open it under Advanced Parameters → Webservice and choose the shop there."
        )
    if status == 404 and code:
        return AddressRefused(
            "There is no shop with this number in this PrestaShop. Leave the number away, or take it from Advanced "
            "Parameters → Multistore."
        )
    if status in (404, 410):
        return AddressRefused(
            "No PrestaShop webservice answers at this address. Check the address, switch the webservice on under "
            "Advanced Parameters → Webservice, and friendly URLs on under Shop Parameters → Traffic & SEO."
        )
    kind = ResourceMissing if code == NO_RESOURCE else PageUnreadable
    return kind(f"The shop refused to list {resource} ({status}{f', error {code}' if code else ''}).")


def _rows(answer: Answer, resource: str) -> list[Raw]:
    if not answer.body.strip():
        return []  # before 1.6.1 an empty list is an empty answer
    try:
        told = load(answer.text())
    except (JsonBroken, json.JSONDecodeError):
        told = None
    if isinstance(told, dict):  # its one name is not always the resource's: order_slip answers order_slips
        told = next((value for value in told.values() if isinstance(value, list | dict)), None)
    if isinstance(told, dict):
        told = list(told.values())
    if not isinstance(told, list):
        raise PageUnreadable(f"The shop listed {resource} in a form we do not know.")
    return [row for row in told if isinstance(row, dict)]
