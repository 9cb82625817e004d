"""Lists and whole documents of the shop by its API (JSON-RPC, XML-RPC).

No list has a limit or an order: each answers everything its filter meets, so a filter is always a piece of the
ids or of the times. A list row is not the whole object: the rest is fetched in batches and put beside it, under
names that begin with an underscore.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from ..errors import AddressRefused, PageUnreadable, PermissionMissing
from ..reading import FieldError, mapping, objects
from .client import MagentoClient
from .wire import NOT_EXISTS, Fault

Raw = dict[str, Any]
ID = {"categories": "category_id", "products": "product_id", "customers": "customer_id", "orders": "order_id"}
RESOURCE = {"products": "catalog_product", "customers": "customer", "orders": "sales_order"}
MANUFACTURER = "manufacturer"  # the attribute Magento comes with for who made a product
PRODUCT = (
    "name", "price", "special_price", "status", "url_key", "url_path", "created_at", "updated_at", MANUFACTURER
)  # fmt: skip
PAYMENT = ("method", "amount_ordered", "amount_paid", "amount_refunded")  # the rest may be a card's number
SECRETS = frozenset({"password", "password_hash", "rp_token", "rp_token_created_at"})  # a customer's row tells them all
_LONG = timedelta(days=365 * 30)


class Shopfront(Protocol):
    """What the connector asks, whichever interface answers."""

    async def rows(self, stream: str, filters: Mapping[str, Mapping[str, Any]]) -> list[Raw]:
        """What meets all the filters ``{field: {from, to, in}}`` (bounds inclusive), by growing id."""

    async def documents(self, stream: str, rows: Sequence[Raw]) -> list[Raw]:
        """The whole objects of list rows; what is gone meanwhile is left out."""

    async def newest(self, stream: str) -> list[Raw]:
        """Some of the newest rows, the greatest id last; none of an empty stream."""

    async def categories(self) -> list[Raw]:
        """All of them, by growing id, without the root that is in every shop."""

    async def counts(self) -> Mapping[str, int]:
        """How many there are, of streams that can be counted."""


class RpcShopfront:
    def __init__(self, client: MagentoClient) -> None:
        self.client = client
        self._groups: dict[str, str] | None = None
        self._brands: dict[str, str] = {}

    async def rows(self, stream: str, filters: Mapping[str, Mapping[str, Any]]) -> list[Raw]:
        # The filter is one argument. Bare, its fields would be taken for the arguments' names.
        found = await self.client.call(
            f"{RESOURCE[stream]}.list", {field: dict(what) for field, what in filters.items()}
        )
        return by_id(stream, objects(found, stream))

    async def newest(self, stream: str) -> list[Raw]:
        """Looks back ever further until there is something: nobody can ask for the last row."""
        back = timedelta(hours=1)
        while True:
            since = (datetime.now(UTC) - back).strftime("%Y-%m-%d %H:%M:%S")
            found = await self.rows(stream, {"created_at": {"from": since}})
            if found or back > _LONG:
                return found
            back *= 4

    async def documents(self, stream: str, rows: Sequence[Raw]) -> list[Raw]:
        if not rows:
            return []
        if stream == "orders":
            return await self._orders(rows)
        if stream == "customers":
            return await self._customers(rows)
        return await self._products(rows)

    async def counts(self) -> Mapping[str, int]:
        """Only the category tree comes whole; of the others nobody can say how many there are."""
        return {"categories": len(await self.categories())}

    async def categories(self) -> list[Raw]:
        found: list[Raw] = []
        waiting = [mapping(await self.client.call("catalog_category.tree"))]
        while waiting:
            node = dict(waiting.pop())
            waiting += objects(node.pop("children", None), "children")
            if str(node.get("level")) != "0":
                found.append(node)
        return by_id("categories", found)

    # -- the rest of an object

    async def _orders(self, rows: Sequence[Raw]) -> list[Raw]:
        infos = await self.client.many("sales_order.info", [[str(row.get("increment_id"))] for row in rows])
        found = _whole("orders", rows, infos)
        for row in found:
            if isinstance(payment := row.get("payment"), dict):
                row["payment"] = {name: payment[name] for name in PAYMENT if name in payment}
        refunded = [str(row["order_id"]) for row in found if _given_back(row)]
        if refunded and (memos := await self._credit_memos(refunded)) is not None:
            for row in found:
                row["_creditmemos"] = memos.get(str(row.get("order_id")), [])
        return found

    async def _credit_memos(self, orders: Sequence[str]) -> dict[str, list[Raw]] | None:
        """By order; None where this shop does not tell them (no right to, or a Magento before 1.5)."""
        asked = {"order_id": {"in": list(orders)}}
        try:
            listed = objects(await self.client.call("sales_order_creditmemo.list", asked), "credit memos")
        except (PermissionMissing, AddressRefused):
            return None
        # Only the whole memo has its comments, and those the reason.
        infos = await self.client.many(
            "sales_order_creditmemo.info", [[str(row.get("increment_id"))] for row in listed]
        )
        found: dict[str, list[Raw]] = {}
        for row, info in zip(listed, infos, strict=True):
            found.setdefault(str(row.get("order_id")), []).append(info if isinstance(info, dict) else row)
        return found

    async def _customers(self, rows: Sequence[Raw]) -> list[Raw]:
        groups, addresses = await asyncio.gather(
            self._named_groups(),
            self.client.many("customer_address.list", [[str(row["customer_id"])] for row in rows]),
        )
        return [
            {
                **{name: value for name, value in row.items() if name not in SECRETS},
                "_group": groups.get(str(row.get("group_id"))),
                "_addresses": [each for each in found if isinstance(each, dict)] if isinstance(found, list) else [],
            }
            for row, found in zip(rows, addresses, strict=True)
        ]

    async def _named_groups(self) -> dict[str, str]:
        if self._groups is None:
            try:
                found = objects(await self.client.call("customer_group.list"), "groups")
            except (PermissionMissing, AddressRefused):
                found = []
            self._groups = {str(each.get("customer_group_id")): str(each.get("customer_group_code")) for each in found}
        return self._groups

    async def _products(self, rows: Sequence[Raw]) -> list[Raw]:
        # "id": else a product whose SKU is a number could answer for another one's id. Store 0 = the shop's own values.
        asked = [[str(row["product_id"]), 0, list(PRODUCT), "id"] for row in rows]
        infos = await self.client.many("catalog_product.info", asked)
        found = _whole("products", rows, infos)
        ids = {str(row["product_id"]): row.get("category_ids") for row in rows}
        brands = await self._named_brands({key for each in found if (key := str(each.get(MANUFACTURER) or ""))})
        return [
            {
                "category_ids": ids.get(str(each.get("product_id"))),
                **each,
                "_brand": brands.get(str(each.get(MANUFACTURER))),
            }
            for each in found
        ]

    async def _named_brands(self, wanted: set[str]) -> dict[str, str]:
        """Names by option: a product has the number of one only. Without the right to read them there are none."""
        if not wanted <= self._brands.keys():
            try:
                found = objects(await self.client.call("catalog_product_attribute.options", MANUFACTURER), "options")
            except (PermissionMissing, AddressRefused, PageUnreadable, FieldError):
                found = []
            # What is not told now is not asked for with every page.
            known = {str(each.get("value")): str(each.get("label")) for each in found}
            self._brands = dict.fromkeys((*self._brands, *wanted), "") | known
        return self._brands


def by_id(stream: str, rows: Iterable[Raw]) -> list[Raw]:
    """Rows in order of their id: the shop promises none. What has no id is no row."""
    key = ID[stream]
    kept = [row for row in rows if str(row.get(key) or "").isdecimal()]
    return sorted(kept, key=lambda row: int(row[key]))


def _whole(stream: str, rows: Sequence[Raw], infos: Sequence[Any]) -> list[Raw]:
    """The documents, without what is gone; one the shop cannot give becomes a stub for the quarantine."""
    gone = NOT_EXISTS[RESOURCE[stream]]
    found: list[Raw] = []
    for row, info in zip(rows, infos, strict=True):
        if isinstance(info, dict):
            found.append(info)
        elif not isinstance(info, Fault) or info.code != gone:
            found.append({ID[stream]: row[ID[stream]], "_unreadable": True})
    return found


def _given_back(row: Raw) -> bool:
    """Whether credit memos may exist: an amount that is not nothing, or a closed order."""
    return str(row.get("total_refunded") or "0").strip("0.") != "" or row.get("state") == "closed"
