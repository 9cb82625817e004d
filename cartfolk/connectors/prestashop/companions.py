"""What an object only refers to by number is fetched along with it, a page's worth at a time.

An order has numbers of its customer, addresses, state and currency, and its refunds, history and vouchers are
lists of their own; a cart has no names and no prices. What belongs to a row is put beside its own fields under
names that begin with ``_``, so that reading a page needs nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from ..errors import ConnectorError
from ..reading import mapping, reference, text
from ..together import together
from .client import NONE, PrestaClient, Raw, ResourceMissing, one_of
from .info import ROLES

_TOGETHER = 100  # numbers in one question
_FRESH = 300.0  # seconds small tables are believed: merchants edit states and groups
_PERSON = "[id,email,firstname,lastname,company,is_guest,deleted]"
_GOODS = "[id,name,reference,link_rewrite,id_default_image,gross]"
_VARIANT = "[id,reference,gross]"


class Companions:
    """Fetches them; keeps the small tables for some minutes."""

    def __init__(self, client: PrestaClient, language: str = "") -> None:
        self._client = client
        self._language = language
        self._tables: dict[str, tuple[float, asyncio.Task[dict[str, Raw]]]] = {}

    async def of(self, stream: str, rows: Sequence[Raw]) -> list[Raw]:
        """The rows of a stream with what belongs to them."""
        fresh = [row for row in rows if not row.get("_unreadable")]
        if not fresh:
            return list(rows)
        if stream == "orders":
            await self._orders(fresh)
        elif stream in ("customers", "guests"):
            await self._people(fresh)
        elif stream == "carts":
            await self._carts(fresh)
        elif stream == "products":
            await self._products(fresh)
        return list(rows)

    # -- one stream after the other

    async def _orders(self, rows: Sequence[Raw]) -> None:
        keys = _numbers(rows, "id")
        (slips, history, carriers, vouchers), (states, money, roles, people, places) = await together(
            together(
                self._beside("order_slip", "id_order", keys),
                self._beside("order_histories", "id_order", keys),
                self._beside("order_carriers", "id_order", keys),
                self._vouchers(keys),
            ),
            together(
                self.table("order_states"),
                self.table("currencies"),
                self.roles(),
                self._by_id("customers", _numbers(rows, "id_customer"), _PERSON),
                self._places(_numbers(rows, "id_address_invoice", "id_address_delivery")),
            ),
        )
        for row in rows:
            key = str(row["id"])
            state = str(row.get("current_state"))
            row["_customer"] = people.get(str(row.get("id_customer")))
            row["_billing"] = places.get(str(row.get("id_address_invoice")))
            row["_delivery"] = places.get(str(row.get("id_address_delivery")))
            row["_currency"] = money.get(str(row.get("id_currency")))
            row["_slips"] = slips[key]
            row["_carriers"] = carriers[key]
            row["_vouchers"] = vouchers[key]
            row["_state"] = _state(states, roles, state)
            row["_history"] = [
                {"at": each.get("date_add"), "state": _state(states, roles, str(each.get("id_order_state")))}
                for each in history[key]
            ]

    async def _people(self, rows: Sequence[Raw]) -> None:
        keys = _numbers(rows, "id")
        groups, languages, places = await together(
            self.table("groups"), self.table("languages"), self._beside("addresses", "id_customer", keys)
        )
        places_done = await self._placed([place for each in places.values() for place in each])
        for row in rows:
            told = _inside(row, "groups")
            numbers = [str(each.get("id")) for each in told] or [str(row.get("id_default_group"))]
            names = [text(wording(mapping(groups.get(number)).get("name"), self._language)) for number in numbers]
            row["_groups"] = [name for name in names if name]
            row["_language"] = mapping(languages.get(str(row.get("id_lang")))).get("iso_code")
            own = [places_done[str(place["id"])] for place in places[str(row["id"])]]
            own = [place for place in own if str(place.get("deleted") or "0") == "0"]
            # The address that was edited last is the one that holds.
            row["_address"] = max(own, key=lambda place: str(place.get("date_upd") or ""), default=None)

    async def _carts(self, rows: Sequence[Raw]) -> None:
        lines = {str(row["id"]): _inside(row, "cart_rows") for row in rows}
        people, money = await together(
            self._by_id("customers", _numbers(rows, "id_customer"), _PERSON), self.table("currencies")
        )
        wanted: dict[str, list[Raw]] = defaultdict(list)
        for row in rows:
            wanted[str(row.get("id_currency"))] += lines[str(row["id"])]
        goods = dict(zip(wanted, await together(*map(self._goods, wanted, wanted.values())), strict=True))
        for row in rows:
            row["_customer"] = people.get(str(row.get("id_customer")))
            row["_currency"] = money.get(str(row.get("id_currency")))
            products, variants = goods[str(row.get("id_currency"))]
            for line in lines[str(row["id"])]:
                line["_product"] = products.get(str(line.get("id_product")))
                line["_variant"] = variants.get(str(line.get("id_product_attribute")))

    async def _goods(self, currency: str, lines: Sequence[Raw]) -> tuple[dict[str, Raw], dict[str, Raw]]:
        """Products and their variants with today's price with tax in that currency: carts keep none."""
        price: dict[str, str | int] = {"price[gross][use_tax]": 1, "price[gross][decimals]": 6}
        if currency.isdigit() and currency != "0":
            price["price[gross][currency]"] = currency
        products, variants = await together(
            self._by_id("products", _numbers(lines, "id_product"), _GOODS, price),
            self._by_id("combinations", _numbers(lines, "id_product_attribute"), _VARIANT, price),
        )
        return products, variants

    async def _products(self, rows: Sequence[Raw]) -> None:
        shelves = await self.table("categories")
        for row in rows:
            inside = _inside(row, "categories")
            names = [
                text(wording(mapping(shelves.get(str(each.get("id")))).get("link_rewrite"), self._language))
                for each in inside
            ]
            row["_categories"] = [name for name in names if name]

    # -- lists of many

    async def _by_id(
        self, resource: str, keys: Sequence[str], display: str = "full", more: Mapping[str, str | int] = NONE
    ) -> dict[str, Raw]:
        found = await self._asked(resource, "id", keys, display, more)
        return {str(row.get("id")): row for row in found}

    async def _beside(self, resource: str, name: str, keys: Sequence[str]) -> defaultdict[str, list[Raw]]:
        """Rows of another list, by the number of the object they belong to, in the order of their ids."""
        found: defaultdict[str, list[Raw]] = defaultdict(list)
        for row in sorted(await self._asked(resource, name, keys, "full", NONE), key=_number):
            found[str(row.get(name))].append(row)
        return found

    async def _asked(
        self, resource: str, name: str, keys: Sequence[str], display: str, more: Mapping[str, str | int]
    ) -> list[Raw]:
        parts = [keys[start : start + _TOGETHER] for start in range(0, len(keys), _TOGETHER)]
        try:
            pages = await together(
                *(self._client.page(resource, {name: one_of(part)}, display=display, more=more) for part in parts)
            )
        except ResourceMissing:
            return []  # not in this version of PrestaShop
        # One row that crashes the shop must not keep back all it goes along with.
        return [row for page in pages for row in page if not row.get("_unreadable")]

    async def _vouchers(self, orders: Sequence[str]) -> defaultdict[str, list[Raw]]:
        """Vouchers used by each order, with their codes."""
        used = await self._beside("order_cart_rules", "id_order", orders)
        rules = _numbers([row for rows in used.values() for row in rows], "id_cart_rule")
        known = await self._by_id("cart_rules", rules, "[id,code]")
        for rows in used.values():
            for row in rows:
                row["_code"] = mapping(known.get(str(row.get("id_cart_rule")))).get("code")
        return used

    async def _places(self, keys: Sequence[str]) -> dict[str, Raw]:
        return await self._placed((await self._by_id("addresses", keys)).values())

    async def _placed(self, places: Iterable[Raw]) -> dict[str, Raw]:
        """Addresses by id, with the codes of their country and state."""
        countries, states = await together(self.table("countries"), self.table("states"))
        return {
            str(place.get("id")): {
                **place,
                "_country": mapping(countries.get(str(place.get("id_country")))).get("iso_code"),
                "_state": mapping(states.get(str(place.get("id_state")))).get("iso_code"),
            }
            for place in places
        }

    # -- small tables

    async def table(self, resource: str) -> dict[str, Raw]:
        """A whole small list by id."""
        return await self._kept(resource, lambda: self._whole(resource))

    async def roles(self) -> dict[str, Raw]:
        """Which order states the configuration gives a role: number -> `{"word": ...}`."""
        return await self._kept("roles", self._roles)

    async def _kept(self, name: str, ask: Callable[[], Coroutine[Any, Any, dict[str, Raw]]]) -> dict[str, Raw]:
        """Asked for at most every few minutes, and once however many need it at the same time."""
        known = self._tables.get(name)
        if known is None or time.monotonic() - known[0] > _FRESH:
            known = (time.monotonic(), asyncio.ensure_future(ask()))
            self._tables[name] = known
        try:
            return await asyncio.shield(known[1])
        except ConnectorError:
            self._tables.pop(name, None)  # the next one asks anew
            raise

    async def _whole(self, resource: str) -> dict[str, Raw]:
        display = "[id,link_rewrite]" if resource == "categories" else "full"
        try:
            rows = await self._client.read(resource, display=display)
        except ResourceMissing:
            rows = []
        return {str(row.get("id")): row for row in rows}

    async def _roles(self) -> dict[str, Raw]:
        found = await settings(self._client, tuple(ROLES))
        return {number: {"word": ROLES[name]} for name, number in found.items() if number not in ("", "0")}


async def settings(client: PrestaClient, names: Sequence[str]) -> dict[str, str]:
    """Settings of the shop by name; what it does not have is absent."""
    rows = await client.read("configurations", {"name": one_of(names)}, display="[name,value]")
    return {str(row.get("name")): text(row.get("value")) or "" for row in rows}


def wording(value: Any, language: str = "") -> Any:
    """A text in several languages as the shop's own one, else its first: `[{"id": "1", "value": ...}]`, or the text
    itself where there is only one."""
    if isinstance(value, list):
        words = [each for each in value if isinstance(each, dict) and text(each.get("value"))]
        words.sort(key=lambda each: str(each.get("id")) != language)
        return words[0]["value"] if words else None
    return value


def _inside(row: Raw, name: str) -> list[Raw]:
    """The parts of an object; what is no list of objects is for the reading to complain of."""
    told = mapping(row.get("associations")).get(name)
    parts = list(told.values()) if isinstance(told, dict) else told
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _state(states: Mapping[str, Raw], roles: Mapping[str, Raw], number: str) -> Raw:
    return {"id": number, **states.get(number, {}), "_role": mapping(roles.get(number)).get("word", "")}


def _numbers(rows: Iterable[Mapping[str, Any]], *names: str) -> list[str]:
    """The numbers in these fields, once each; 0 is none."""
    told = (reference(row.get(name)) for row in rows for name in names)
    return list(dict.fromkeys(number for number in told if number and number.isdecimal()))


def _number(row: Raw) -> int:
    told = str(row.get("id"))
    return int(told) if told.isdecimal() else 0
