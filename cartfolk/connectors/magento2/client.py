"""Asking Magento's REST API: which root answers, how lists are searched, what a refusal means for the owner."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..errors import AddressRefused, CredentialsInvalid, PageUnreadable, PermissionMissing, RetryLater
from ..http import Answer, Overwhelmed, Transport
from ..reading import FieldError, JsonBroken, load, mapping, objects
from ..together import together
from .auth import Integration
from .lists import LISTS, PAPERS, Raw
from .refusals import Keys, Refused, refusal, resource_of
from .values import MANUFACTURER, email_of, option_of

# "all" shows every website; before Magento 2.2 it could not be read. Without rewriting the script is named.
ROOTS = ("rest/all", "rest", "index.php/rest")
LEAST = 20  # rows: no shop caps its pages below Magento's own default
Filter = tuple[str, str, str | int]  # field, condition, value


@dataclass(frozen=True, slots=True)
class Found:
    rows: list[Raw]
    total: int  # rows of the whole list, those on other pages included
    stubs: int = 0  # rows in front of these that the shop cannot show


def base_address(url: str) -> str:
    """The shop's own address: what people paste often ends in index.php, a query or a slash."""
    parts = urlsplit(url.strip())
    path = re.split(r"/(?:index\.php|rest)(?:/|$)", parts.path)[0]
    return f"{parts.scheme.lower()}://{parts.netloc}{path.rstrip('/')}"


class MagentoClient:
    """Knows how this shop wants to be asked: which root, which way of signing, how long a page may be."""

    def __init__(self, url: str, transport: Transport, website: str = "") -> None:
        self.base = base_address(url)
        self.transport = transport
        self.website = website.strip()
        self._root = ""
        self._configs: list[Raw] = []
        self._websites: list[Raw] = []
        self._groups: dict[str, str] | None = None
        self._brands: dict[str, str] | None = None
        self._scope: dict[str, list[Filter]] | None = None
        self._most: int | None = None  # rows a page may have; None = no cap known
        self._getting_to_know = asyncio.Lock()

    # -- one request

    async def configs(self) -> list[Raw]:
        """The configuration of every store view (currency, locale, zone, address). The first question to a shop:
        it finds root and way of signing. Raises what `refusal` says."""
        async with self._getting_to_know:
            if not self._root:
                await self._find_root()
        return self._configs

    async def _find_root(self) -> None:
        self._check_keys()
        for root in ROOTS:
            answer = await self._signed(f"{self.base}/{root}/V1/store/storeConfigs", {})
            if answer.status in (400, 404, 410):
                continue
            if resource_of(answer) and self._keys == "proven" and not await self._may_anything(root):
                raise CredentialsInvalid(
                    "Magento answers as if nobody had signed: the integration may read nothing at all, or a proxy in "
                    "front of Magento takes the Authorization header away."
                )
            self._configs = objects(_json(answer, "the shop", self._keys), "storeConfigs")
            self._root = root
            return
        raise AddressRefused(
            f"{self.transport.host} has no Magento REST API at this address. Check the address: it is the one your "
            "customers see, without the admin path."
        )

    async def _may_anything(self, root: str) -> bool:
        """Whether there is a list that is not refused: without any it may be that nobody sees who asks."""
        for each in LISTS.values():
            asked = _criteria([], [each.id], "ASC", 1, 1) | {"fields": "total_count"}
            if not resource_of(await self._signed(f"{self.base}/{root}/V1/{each.route}", asked)):
                return True
        return False

    def _check_keys(self) -> None:
        signer = self.transport.auth
        if not isinstance(signer, Integration) or signer.ways(self._scheme):
            return
        if len(signer.missing) == 3 and "token" not in signer.missing:
            raise CredentialsInvalid(
                "Over plain http anybody could read the access token: connect the shop with https://, or enter all "
                "four keys."
            )
        raise CredentialsInvalid(
            f"Enter all four keys of the integration (missing: {', '.join(signer.missing)}), or only the access token."
        )

    @property
    def _scheme(self) -> str:
        return "https" if self.transport.upgraded else urlsplit(self.base).scheme

    @property
    def _keys(self) -> Keys:
        signer = self.transport.auth
        if isinstance(signer, Integration) and not signer.proven:
            return "token" if signer.missing else "four"
        return "proven"

    async def _signed(self, url: str, params: Mapping[str, str | int]) -> Answer:
        signer = self.transport.auth
        again = True
        while True:
            answer = await self.transport.get(url, params)
            if not isinstance(signer, Integration):
                return answer
            if answer.status < 300 or (signer.signs and resource_of(answer)):
                signer.worked()
            if answer.status != 401 or (signer.proven and resource_of(answer)):
                return answer
            if signer.proven and again:
                again = False  # a proxy that sends a request twice uses its nonce up: once more, signed anew
                continue
            if not signer.next_way(self._scheme):
                return answer

    async def get(self, path: str, what: str, params: Mapping[str, str | int] | None = None) -> Any:
        """The parsed answer of GET ``V1/<path>``; numbers with a point are Decimal. Raises what `refusal` says."""
        await self.configs()
        answer = await self._signed(f"{self.base}/{self._root}/V1/{path}", params or {})
        return _json(answer, what, self._keys)

    # -- lists

    async def search(
        self,
        name: str,
        filters: Iterable[Filter] = (),
        order: Sequence[str] = (),
        size: int = 1,
        page: int = 1,
        descending: bool = False,
        only_total: bool = False,
    ) -> Found:
        """Rows of a list, filters joined by "and". A page may be shorter than ``size`` though there are more rows
        (shops cap it): ``total`` tells. Raises what `refusal` says; one bad row spoils the whole page."""
        asked = LISTS[name]
        while True:
            capped = min(size, self._most) if self._most and page == 1 else size
            params = _criteria(
                [*filters, *(await self.scope(name))], [*order, asked.id], "DESC" if descending else "ASC", capped, page
            )
            if only_total:
                params["fields"] = "total_count"
            elif asked.fields:
                params["fields"] = f"items[{asked.fields}],total_count"
            try:
                told = mapping(await self.get(asked.route, asked.what, params))
            except Refused as error:
                # "Web API input limits" refuse a page that is too long, with 400.
                if error.status != 400 or page != 1 or capped <= LEAST:
                    raise
                self._most = max(LEAST, capped // 2)
                continue
            break
        total = told.get("total_count")
        if not isinstance(total, int) or isinstance(total, bool):
            raise PageUnreadable(f"The shop refused to list {asked.what} (it does not say how many there are).")
        try:
            return Found(objects(told.get("items"), "items"), total)
        except FieldError as error:
            raise PageUnreadable(f"The shop refused to list {asked.what} ({error.reason}).") from None

    async def total(self, name: str, filters: Iterable[Filter] = ()) -> int:
        """How many rows there are. The one row the shop must show for it is the first, or else the last."""
        filters = list(filters)
        try:
            return (await self.search(name, filters, only_total=True)).total
        except (PageUnreadable, Overwhelmed):
            return (await self.search(name, filters, descending=True, only_total=True)).total

    async def end(self, name: str, filters: Iterable[Filter], descending: bool) -> int:
        """The first (or last) entity_id; 0 if there is none or it cannot be shown."""
        try:
            rows = (await self.search(name, filters, descending=descending)).rows
        except (PageUnreadable, Overwhelmed):
            return 0
        return int(rows[0][LISTS[name].key]) if rows else 0

    async def by_ids(self, name: str, ids: Sequence[str], size: int) -> list[Raw]:
        """The rows of these ids; one the shop cannot show becomes a stub with ``_unreadable``, for the quarantine."""
        wanted = [key for key in dict.fromkeys(ids) if key.isdecimal()]
        rows: list[Raw] = []
        bad: list[str] = []
        waiting = [wanted[start : start + size] for start in range(0, len(wanted), size)]
        while waiting:
            some = waiting.pop()
            try:
                found = await self.search(name, [("entity_id", "in", ",".join(some))], size=len(some))
            except (PageUnreadable, Overwhelmed):
                if len(some) == 1:
                    bad += some
                else:
                    half = len(some) // 2
                    waiting += [some[half:], some[:half]]
                continue
            rows += found.rows
            if found.rows and found.total > len(found.rows):  # the shop caps its pages
                here = {str(row.get(LISTS[name].key)) for row in found.rows}
                waiting.append([key for key in some if key not in here])
        if bad:
            await self.total(name)  # a shop that shows nothing at all is ill, and its rows are not
        return rows + [{LISTS[name].key: int(key), "_unreadable": True} for key in bad]

    # -- what rows need beside themselves

    async def scope(self, name: str) -> list[Filter]:
        """The filters that keep a list to the owner's website; the store code in an address does not."""
        if not self.website:
            return []
        if self._scope is None:
            views = await self.views()
            stores: list[Filter] = [("store_id", "in", ",".join(str(each.get("id")) for each in views))]
            mine: list[Filter] = [("website_id", "eq", str(views[0].get("website_id")))]
            self._scope = dict.fromkeys(("orders", "carts", *PAPERS), stores) | {"customers": mine}
        return self._scope.get(name, [])

    async def websites(self) -> list[Raw]:
        """The websites, without the one that is Magento's own admin."""
        if not self._websites:
            found = objects(await self.get("store/websites", "websites"), "websites")
            self._websites = [each for each in found if each.get("id") not in (0, "0")]
        return self._websites

    async def views(self) -> list[Raw]:
        """Store views of the owner's website, else of all, the oldest first. Raises AddressRefused."""
        views = [each for each in await self.configs() if each.get("id") not in (0, "0")]
        views.sort(key=lambda each: int(each.get("id") or 0))
        if self.website:
            sites = await self.websites()
            mine = [each.get("id") for each in sites if each.get("code") == self.website]
            views = [each for each in views if each.get("website_id") in mine]
            if not views:
                known = ", ".join(str(each.get("code")) for each in sites)
                raise AddressRefused(
                    f"There is no website with the code {self.website} in this Magento; known are: {known}."
                )
        return views

    async def with_groups(self, rows: Iterable[Raw]) -> list[Raw]:
        """Customers with the name of their group and the language of their store view: a row has ids only."""
        if self._groups is None:
            try:
                self._groups = await self._group_names()
            except Overwhelmed as error:
                raise RetryLater(str(error)) from None  # or every customer would look like one that cannot be shown
            except PageUnreadable:
                self._groups = {}
        locales = {str(each.get("id")): each.get("locale") for each in await self.configs()}
        groups = self._groups
        return [
            row | {"_group": groups.get(str(row.get("group_id"))), "_locale": locales.get(str(row.get("store_id")))}
            for row in rows
        ]

    async def _group_names(self) -> dict[str, str]:
        found: list[Raw] = []
        while True:
            after: list[Filter] = [("customer_group_id", "gt", int(found[-1]["id"]))] if found else []
            page = await self.search("groups", after, size=100)
            found += page.rows
            if not page.rows or page.total <= len(page.rows):
                return {str(each.get("id")): str(each.get("code")) for each in found}

    async def with_media(self, rows: Iterable[Raw]) -> list[Raw]:
        """Products with the address of the shop's pictures: a row has the file's name only."""
        views = await self.views()
        media = str(views[0].get("base_media_url") or "") if views else ""
        return [row | {"_media": media} for row in rows]

    async def with_brands(self, rows: Iterable[Raw]) -> list[Raw]:
        """Products with the name of their manufacturer as ``_brand``: a row has the number of an option only."""
        keys = [(row, option_of(row, MANUFACTURER)) for row in rows]
        wanted = {key for _row, key in keys if key}
        if wanted and (self._brands is None or not wanted <= self._brands.keys()):
            try:
                told = objects(
                    await self.get(f"products/attributes/{MANUFACTURER}/options", "manufacturers"), "options"
                )
            except Overwhelmed as error:
                raise RetryLater(str(error)) from None  # or every product would look like one that cannot be shown
            except (PageUnreadable, PermissionMissing, FieldError):
                told = []  # products come without a brand rather than not at all
            # What is not told now is not asked for with every page.
            known = {str(each.get("value")): str(each.get("label")) for each in told}
            self._brands = dict.fromkeys((*(self._brands or ()), *wanted), "") | known
        brands = self._brands or {}
        return [row | {"_brand": brands.get(key)} if key else row for row, key in keys]

    async def with_papers(self, rows: Sequence[Raw]) -> list[Raw]:
        """Orders with their credit memos, invoices and shipments as ``_creditmemos`` ...: an order has the sums of
        them only, without dates."""
        wanted = {name: [str(row.get("entity_id")) for row in rows if has(row)] for name, has in PAPERS.items()}
        found = await together(*(self._papers(name, orders) for name, orders in wanted.items()))
        done = []
        for row in rows:
            key = str(row.get("entity_id"))
            own = {f"_{name}": papers[key] for name, papers in zip(wanted, found, strict=True) if key in papers}
            done.append(row | own)
        return done

    async def _papers(self, name: str, orders: list[str]) -> dict[str, list[Raw]]:
        """By order. What cannot be shown is left out: the order's own sums stand in for it."""
        by_order: dict[str, list[Raw]] = {}
        waiting = [orders[start : start + 100] for start in range(0, len(orders), 100)]
        while waiting:
            some = waiting.pop()
            try:
                papers = await self._papers_of(name, some)
            except (PageUnreadable, Overwhelmed):
                if len(some) > 1:
                    waiting += [[key] for key in some]
                continue
            for paper in papers:
                by_order.setdefault(str(paper.get("order_id")), []).append(paper)
        return by_order

    async def _papers_of(self, name: str, orders: Sequence[str]) -> list[Raw]:
        found: list[Raw] = []
        while True:
            after: list[Filter] = [("entity_id", "gt", int(found[-1]["entity_id"]))] if found else []
            page = await self.search(name, [("order_id", "in", ",".join(orders)), *after], size=100)
            found += page.rows
            if not page.rows or page.total <= len(page.rows):
                return found

    async def with_totals(self, rows: Iterable[Raw]) -> list[Raw]:
        """Carts with their totals as ``_totals``; the list has none. Carts of nobody are not worth a question each."""

        async def one(row: Raw) -> Raw:
            if not row.get("items") or not (mapping(row.get("customer")).get("id") or email_of(row)):
                return row
            try:
                return row | {"_totals": await self.get(f"carts/{row['id']}/totals", "carts")}
            except (AddressRefused, PageUnreadable, Overwhelmed):
                return row  # ordered meanwhile, or holds something that is sold no more

        return list(await together(*map(one, rows)))


def _criteria(
    filters: Sequence[Filter], order: Sequence[str], direction: str, size: int, page: int
) -> dict[str, str | int]:
    params: dict[str, str | int] = {}
    for place, (field, condition, value) in enumerate(filters):
        at = f"searchCriteria[filter_groups][{place}][filters][0]"
        params |= {f"{at}[field]": field, f"{at}[value]": value, f"{at}[condition_type]": condition}
    for place, field in enumerate(order):
        at = f"searchCriteria[sortOrders][{place}]"
        params |= {f"{at}[field]": field, f"{at}[direction]": direction}
    return params | {"searchCriteria[pageSize]": size, "searchCriteria[currentPage]": page}


def _json(answer: Answer, what: str, keys: Keys) -> Any:
    if answer.status >= 300:
        raise refusal(answer, what, keys)
    try:
        return load(answer.text())
    except JsonBroken:
        raise PageUnreadable(f"The shop refused to list {what} (its answer is not JSON).") from None
