"""Raw PrestaShop objects -> canonical records: people and goods. Pure: no network, no clock of its own.

Consent: the flag `newsletter` counts with its date only. Switched off with a date it was once given: it is a
withdrawal, and as PrestaShop does not note when, it is dated with the last edit of the row, so that it is never
older than what it takes back. Switched on again it keeps its first date, and then proves no second yes. `optin`
(offers of partners) is another purpose without a date and says nothing.
Orders and carts are read in `orders.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ..base import StoreConfig
from ..canonical import Category, Consent, ConsentStatus, Coupon, Customer, Deleted, Mapped, Product, Record
from ..reading import identifier, mapping, money, reference, text
from ..rows import read_rows
from .companions import wording
from .orders import OrderReader
from .parts import Raw, address, image_url, product_url
from .wall import Wall

_KINDS = {
    "customers": "customer",
    "guests": "customer",
    "orders": "order",
    "carts": "cart",
    "products": "product",
    "categories": "category",
    "coupons": "coupon",
}


class Reader:
    """Reads one store's objects. ``base`` is the shop's address, for links to its pages."""

    def __init__(self, config: StoreConfig, base: str) -> None:
        self.wall = Wall(config.timezone)
        self.base = base
        self._language = str(config.learned.get("language", ""))
        self._orders = OrderReader(config, self.wall, base)
        self._readers: dict[str, Callable[[Raw, datetime], list[Record]]] = {
            "customers": self._customer,
            "guests": self._customer,
            "orders": self._orders.order,
            "carts": self._orders.cart,
            "products": self._product,
            "categories": self._category,
            "coupons": self._coupon,
        }

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        """A page as the connector hands it out, or the webservice's own answer."""
        return read_rows(_KINDS[stream], body, received_at, self._readers[stream], rows=_listed)

    # -- people

    def _customer(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        created = self.wall.instant(raw.get("date_add"), "date_add")
        edited = self.wall.instant(raw.get("date_upd"), "date_upd", received_at) or created or received_at
        if str(raw.get("deleted") or "0") == "1":
            return [Deleted("customer", key, edited)]
        place_raw = mapping(raw.get("_address"))
        place = address(place_raw)
        moved = self.wall.instant(place_raw.get("date_upd"), "_address.date_upd", received_at)
        guest = str(raw.get("is_guest") or "0") == "1"
        email = text(raw.get("email"))
        record = Customer(
            external_id=key,
            email=email,
            # A changed address does not touch its customer's own date.
            updated_at=max(edited, moved) if moved else edited,
            created_at=created,
            first_name=text(raw.get("firstname")),
            last_name=text(raw.get("lastname")),
            company=text(raw.get("company")) or (place.company if place else None),
            phone=place.phone if place else None,
            groups=tuple(name for each in raw.get("_groups") or () if (name := text(each))),
            registered=not guest,
            language=text(raw.get("_language")),
            billing=place,
            shipping=place,
        )
        return [record, *self._consent(raw, key, email, guest, edited)]

    def _consent(self, raw: Raw, key: str, email: str | None, guest: bool, edited: datetime) -> list[Record]:
        asked = self.wall.instant(raw.get("newsletter_date_add"), "newsletter_date_add")
        flag = str(raw.get("newsletter") or "0")
        if asked is None or flag not in ("0", "1") or (guest and not email):
            return []
        given = flag == "1"
        proof = {"customer": key, "newsletter_date_add": str(raw["newsletter_date_add"])}
        if given and (ip := text(raw.get("ip_registration_newsletter"))):
            proof["ip"] = ip
        return [
            Consent(
                ConsentStatus.GRANTED if given else ConsentStatus.WITHDRAWN,
                asked if given else max(asked, edited),
                "checkout" if guest else "account",
                email=email,
                customer_id=None if guest else key,
                evidence=proof,
            )
        ]

    # -- goods

    def _product(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        price = raw.get("gross") if raw.get("gross") not in (None, "") else raw.get("price")
        return [
            Product(
                external_id=key,
                name=self._text(raw.get("name")) or f"#{key}",
                updated_at=self._edited(raw, received_at),
                slug=self._text(raw.get("link_rewrite")),
                sku=text(raw.get("reference")),
                type=text(raw.get("product_type")) or text(raw.get("type")),
                categories=tuple(name for each in raw.get("_categories") or () if (name := text(each))),
                brand=text(raw.get("manufacturer_name")),
                url=product_url(self.base, key),
                image_url=image_url(self.base, raw.get("id_default_image")),
                price=None if price in (None, "") else money(price, "price"),
            )
        ]

    def _category(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        slug = self._text(raw.get("link_rewrite")) or key
        return [Category(key, self._text(raw.get("name")) or slug, slug, reference(raw.get("id_parent")))]

    def _coupon(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        code = text(raw.get("code"))
        if code is None:
            return []  # a rule that applies by itself is no coupon
        percent = money(raw.get("reduction_percent"), "reduction_percent")
        free = str(raw.get("free_shipping") or "0") == "1"
        amount = percent or money(raw.get("reduction_amount"), "reduction_amount")
        kind = "percent" if percent else "amount" if amount or not free else "free_shipping"
        return [Coupon(key, code, self._edited(raw, received_at), kind, amount)]

    def _text(self, value: Any) -> str | None:
        return text(wording(value, self._language))

    def _edited(self, raw: Raw, received_at: datetime) -> datetime:
        return (
            self.wall.instant(raw.get("date_upd"), "date_upd", received_at)
            or self.wall.instant(raw.get("date_add"), "date_add")
            or received_at
        )


def _listed(found: Any) -> list[Any]:
    """The objects of a page: our own list of them, or `{"orders": [...]}`."""
    if isinstance(found, dict) and "id" not in found:
        return next((value for value in found.values() if isinstance(value, list)), [found])
    return found if isinstance(found, list) else [found]
