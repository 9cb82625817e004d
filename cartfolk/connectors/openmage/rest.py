"""The REST interface with OAuth 1.0a, for shops whose owner gives no API user. It tells less: customers and orders.

Lists hold at most 100 rows and repeat their last page for ever, so they are walked by "id greater than". An order
names neither its state, its own e-mail, its goods' numbers nor its currency: all amounts are taken in the shop's
base currency, the e-mail from an address, and of refunds only their sum is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import AddressRefused, ConnectorError, CredentialsInvalid, PageUnreadable, PermissionMissing
from ..http import Answer, Params, Transport
from ..reading import JsonBroken, load, mapping, money, objects
from .client import base_address
from .shopfront import ID, SECRETS, Raw, by_id

ROUTES = {"customers": "customers", "orders": "orders"}
LIMIT = 100
MOST = 2 * LIMIT  # rows of one answer of ours: more than any page holds
_AMOUNTS = ("grand_total", "tax_amount", "shipping_amount", "shipping_tax_amount", "discount_amount", "total_refunded")


class RestShopfront:
    """What the connector asks (`shopfront.Shopfront`), by REST."""

    def __init__(self, url: str, transport: Transport) -> None:
        self.base = base_address(url)
        self.transport = transport

    async def rows(self, stream: str, filters: Mapping[str, Mapping[str, Any]]) -> list[Raw]:
        """Rows by growing id; of very many the first 200, which is more than a page asks for."""
        if stream not in ROUTES:
            return []
        found: list[Raw] = []
        while len(found) < MOST:
            page = await self._list(stream, filters, int(found[-1][ID[stream]]) if found else 0)
            found += page
            if len(page) < LIMIT:
                break
        return found

    async def newest(self, stream: str) -> list[Raw]:
        if stream not in ROUTES:
            return []
        return await self._get(stream, {"order": "entity_id", "dir": "desc", "limit": 1})

    async def documents(self, stream: str, rows: Sequence[Raw]) -> list[Raw]:
        """A row is all there is."""
        return [{name: value for name, value in row.items() if name not in SECRETS} for row in rows]

    async def categories(self) -> list[Raw]:
        return []

    async def counts(self) -> Mapping[str, int]:
        """None, but only after the shop was asked: wrong keys show here."""
        await self.newest("customers")
        return {}

    async def _list(self, stream: str, filters: Mapping[str, Mapping[str, Any]], behind: int) -> list[Raw]:
        asked: dict[str, str | int] = {"order": "entity_id", "dir": "asc", "limit": LIMIT}
        conditions = [("entity_id" if field == ID[stream] else field, what) for field, what in filters.items()]
        if behind:
            conditions.append(("entity_id", {"gt": behind}))
        for place, (field, what) in enumerate(conditions, 1):
            asked[f"filter[{place}][attribute]"] = field
            for name, value in what.items():
                if isinstance(value, list | tuple):
                    asked |= {f"filter[{place}][{name}][{at}]": each for at, each in enumerate(value)}
                else:
                    asked[f"filter[{place}][{name}]"] = value
        return await self._get(stream, asked)

    async def _get(self, stream: str, params: Params) -> list[Raw]:
        answer = await self.transport.get(f"{self.base}/api/rest/{ROUTES[stream]}", params)
        if answer.status >= 300 or answer.is_html:
            raise refusal(answer, stream)
        try:
            found = objects(load(answer.text()), stream)
        except JsonBroken:
            raise PageUnreadable("The shop answered with something that is not JSON.") from None
        return by_id(stream, [{ID[stream]: row.get("entity_id"), **row} for row in found])


def refusal(answer: Answer, what: str) -> ConnectorError:
    """What a refused request means for the owner."""
    if answer.status == 401 and not answer.is_html:
        return CredentialsInvalid(
            "The shop does not accept the OAuth keys and the token. Authorise the consumer again and copy all four."
        )
    if answer.status == 403:
        return PermissionMissing(
            f"The token's user may not read {what}: grant it under System → Web Services → REST - Roles and "
            "REST - Attributes."
        )
    if answer.is_html or answer.status in (404, 410):
        return AddressRefused(f"The shop has no REST interface at this address ({answer.status}).")
    return PageUnreadable(f"The shop refused to list {what} ({answer.status}).")


# -- a REST order in the words of the other interfaces; pure


def order(raw: Mapping[str, Any]) -> Raw:
    """The order with its base amounts. ``state`` stays unknown: the status alone has to do."""
    addresses = {str(each.get("address_type")): each for each in objects(raw.get("addresses"), "addresses")}
    email = next((each["email"] for each in addresses.values() if each.get("email")), None)
    return {
        **{name: value for name, value in raw.items() if name not in _AMOUNTS},
        "order_id": raw.get("entity_id"),
        "customer_email": email,
        "order_currency_code": raw.get("base_currency_code"),
        "base_to_order_rate": "1",
        **{name: raw.get(f"base_{name}") for name in _AMOUNTS},
        "billing_address": addresses.get("billing"),
        "shipping_address": addresses.get("shipping"),
        "payment": {"method": raw.get("payment_method")},
        "items": [_item(each) for each in objects(raw.get("order_items"), "order_items")],
        "status_history": objects(raw.get("order_comments"), "order_comments"),
    }


def _item(raw: Mapping[str, Any]) -> Raw:
    """A line; the tax of a discount is what the gross row has beyond net and tax."""
    net, tax = money(raw.get("base_row_total"), "base_row_total"), money(raw.get("base_tax_amount"), "base_tax_amount")
    gross = raw.get("base_row_total_incl_tax")
    return {
        **raw,
        "row_total": net,
        "tax_amount": tax,
        "hidden_tax_amount": money(gross, "base_row_total_incl_tax") - net - tax if gross is not None else 0,
        "discount_amount": raw.get("base_discount_amount"),
    }


def customer(raw: Mapping[str, Any]) -> Raw:
    return {**raw, "customer_id": raw.get("entity_id")}


def store_name(rows: Sequence[Mapping[str, Any]]) -> str:
    """An order tells where it was placed: website, store and view, a line each."""
    told = str(mapping(rows[-1]).get("store_name") or "").splitlines() if rows else []
    return told[1].strip() if len(told) > 1 else ""
