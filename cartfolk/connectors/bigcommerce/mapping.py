"""Raw BigCommerce objects -> canonical records: people, goods and consent. Orders and carts are in `orders.py`.
Pure: no network, no clock of its own.

Decisions: a subscriber agreed when the entry was made; a later change of the entry does not date a new consent, so
a withdrawal known from elsewhere stays in force (who subscribes anew gets a new entry). An entry without the
newsletter that was never changed is a box not ticked and says nothing; one that was changed is a withdrawal. The
account's ``accepts_product_review_abandoned_cart_emails`` has no date and proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ..base import StoreConfig, kind
from ..canonical import Address, Category, Consent, ConsentStatus, Coupon, Customer, Mapped, Product, Record
from ..reading import FieldError, identifier, mapping, money, objects, text
from ..rows import read_rows, statuses
from . import orders
from .client import slug_of
from .info import INFO
from .times import instant

Raw = Mapping[str, Any]
NEWSLETTER = "marketing_newsletter"


class Reader:
    """Reads one store's objects: its currency, its map of order states, its storefront's address."""

    def __init__(self, config: StoreConfig) -> None:
        self.home = config.home_currency
        self.storefront = str(config.learned.get("storefront") or "").rstrip("/")
        self.statuses = statuses(INFO, config)
        self._readers: dict[str, Callable[[Raw, datetime], list[Record]]] = {
            "customers": self._customer,
            "subscribers": self._subscriber,
            "products": self._product,
            "categories": self._category,
            "coupons": self._coupon,
            "orders": lambda raw, _at: orders.order(raw, self.statuses, self.home),
            "carts": lambda raw, at: [orders.cart(raw, at)],
        }

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        """One delivery: a list of objects."""
        return read_rows(kind(stream), body, received_at, self._readers[stream], key=_key)

    def _customer(self, raw: Raw, received_at: datetime) -> list[Record]:
        created = instant(raw.get("date_created"), "date_created")
        addresses = objects(raw.get("addresses"), "addresses")
        home = _address(addresses[0]) if addresses else None
        group = text(raw.get("_group"))
        return [
            Customer(
                external_id=identifier(raw.get("id"), "id"),
                email=text(raw.get("email")),
                updated_at=instant(raw.get("date_modified"), "date_modified") or created or received_at,
                created_at=created,
                first_name=text(raw.get("first_name")),
                last_name=text(raw.get("last_name")),
                company=text(raw.get("company")) or (home.company if home else None),
                phone=text(raw.get("phone")) or (home.phone if home else None),
                groups=(group,) if group else (),
                billing=home,  # the address book does not say which one is for what: the oldest
            )
        ]

    def _subscriber(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        email = text(raw.get("email"))
        if email is None:
            raise FieldError("email", "email is missing: a subscriber is known by it.")
        created = instant(raw.get("date_created"), "date_created")
        changed = instant(raw.get("date_modified"), "date_modified")
        told = raw.get("consents")
        subscribed = NEWSLETTER in told if isinstance(told, list) else True  # before there were kinds of consent
        if subscribed:
            status, at = ConsentStatus.GRANTED, created or changed
        else:
            status, at = ConsentStatus.WITHDRAWN, changed if created and changed and changed > created else None
        if at is None:
            return []
        source = {"order": "checkout", "storefront": "newsletter form"}.get(str(raw.get("source")), "import")
        evidence: dict[str, Any] = {"subscriber": key}
        if raw.get("order_id"):
            evidence["order"] = str(raw["order_id"])
        return [Consent(status, at, source, email=email, evidence=evidence)]

    # -- goods

    def _product(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        path = text(mapping(raw.get("custom_url")).get("url"))
        image = mapping(raw.get("primary_image"))
        price = raw.get("price")
        created = instant(raw.get("date_created"), "date_created")
        slugs = raw.get("_categories")
        return [
            Product(
                external_id=key,
                name=text(raw.get("name")) or f"#{key}",
                updated_at=instant(raw.get("date_modified"), "date_modified") or created or received_at,
                slug=path.strip("/") or None if path else None,
                sku=text(raw.get("sku")),
                type=text(raw.get("type")),
                categories=tuple(str(slug) for slug in slugs) if isinstance(slugs, list) else (),
                brand=text(raw.get("_brand")),
                url=f"{self.storefront}{path}" if path and self.storefront else None,
                image_url=text(image.get("url_standard")) or text(image.get("url_zoom")),
                price=None if price in (None, "") else money(price, "price"),
            )
        ]

    def _category(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("category_id", raw.get("id")), "category_id")
        slug, parent = slug_of(dict(raw)), raw.get("parent_id")
        return [Category(key, text(raw.get("name")) or slug, slug, str(parent) if parent else None)]

    def _coupon(self, raw: Raw, received_at: datetime) -> list[Record]:
        code = text(raw.get("code"))
        if code is None:
            raise FieldError("code", "code is missing: a coupon is known by its code.")
        # BigCommerce dates no change of a coupon: of equal versions the one read last is kept.
        return [
            Coupon(
                external_id=identifier(raw.get("id"), "id"),
                code=code,
                updated_at=instant(raw.get("date_created"), "date_created") or received_at,
                kind=text(raw.get("type")),
                amount=money(raw.get("amount"), "amount"),
            )
        ]


def _address(raw: Raw) -> Address:
    country = text(raw.get("country_code"))
    return Address(
        text(raw.get("first_name")),
        text(raw.get("last_name")),
        text(raw.get("company")),
        text(raw.get("address1")),
        text(raw.get("address2")),
        text(raw.get("city")),
        text(raw.get("state_or_province")),
        text(raw.get("postal_code")),
        country.upper() if country and len(country) == 2 else None,
        text(raw.get("phone")),
    )


def _key(raw: Raw) -> str | None:
    key = raw.get("id", raw.get("category_id"))
    return str(key) if key else None
