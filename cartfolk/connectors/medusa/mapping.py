"""Raw Medusa objects -> canonical records. Pure: no network, no clock of its own.

Decisions: amounts are JSON numbers in major units. A refund, a cancellation and a store credit lower an order's
``total`` by *credit lines*; a return and an edit lower it by themselves, and the refund that follows makes no credit
line. So what the order was worth is the total with its credit lines, or what was paid if that is more.
``updated_at`` of an order does not move when money is captured: its version is the newest time anywhere in the order.
Guests have a customer too (``has_account`` false): it is no account, so their orders name nobody but their e-mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..base import StoreConfig
from ..canonical import (
    Address,
    Category,
    Coupon,
    Customer,
    Line,
    Mapped,
    Order,
    OrderStatus,
    Product,
    Record,
    Refund,
)
from ..reading import FieldError, identifier, mapping, moment, money, objects, reference, text
from ..rows import one, read_rows, statuses
from .info import INFO

Raw = Mapping[str, Any]
_SIX = Decimal("0.000001")
_KINDS = {
    "customers": "customer",
    "guests": "customer",
    "orders": "order",
    "products": "product",
    "categories": "category",
    "coupons": "coupon",
}
_PLAIN = frozenset({"default", "default variant", "default title", "standard"})  # names of the only variant
_MOVING = ("created_at", "updated_at", "canceled_at", "captured_at", "completed_at")


class Reader:
    """Reads one store's objects with its map of order states."""

    def __init__(self, config: StoreConfig) -> None:
        self.home = config.home_currency
        self.statuses = statuses(INFO, config)
        self._readers: dict[str, Callable[[Raw, datetime], Record]] = {
            "customers": _customer,
            "guests": _customer,
            "orders": self._order,
            "products": self._product,
            "categories": _category,
            "coupons": _coupon,
        }

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        """One page: a JSON list of objects."""
        return read_rows(_KINDS[stream], body, received_at, one(self._readers[stream]), own_text=True)

    def _order(self, raw: Raw, received_at: datetime) -> Record:
        key = identifier(raw.get("id"), "id")
        placed = moment(raw.get("created_at"), "created_at")
        if placed is None:
            raise FieldError("created_at", "created_at is missing: nobody knows when it was placed.")
        currency = text(raw.get("currency_code"))
        if currency is None or len(currency) != 3:
            raise FieldError("currency_code", f"currency_code is not a code of three letters but {currency!r}.")
        currency = currency.upper()
        word = _state(raw)
        collections = objects(raw.get("payment_collections"), "payment_collections")
        payments = [each for one in collections for each in objects(one.get("payments"), "payments")]
        fulfillments = objects(raw.get("fulfillments"), "fulfillments")
        captured = [at for each in payments if (at := moment(each.get("captured_at"), "payments.captured_at"))]
        shipped = [at for each in fulfillments if (at := moment(each.get("shipped_at"), "fulfillments.shipped_at"))]
        label: Raw = next((each for one in fulfillments for each in objects(one.get("labels"), "labels")), {})
        billing, shipping = _address(raw.get("billing_address")), _address(raw.get("shipping_address"))
        account = mapping(raw.get("customer")).get("has_account") is True
        return Order(
            external_id=key,
            number=text(raw.get("custom_display_id")) or text(raw.get("display_id")) or key,
            status=self.statuses.get(word, OrderStatus.PENDING),
            status_raw=word,
            currency=currency,
            total=_worth(raw),
            placed_at=placed,
            updated_at=max(_moments(raw, collections, payments, fulfillments), default=placed),
            tax=money(raw.get("tax_total"), "tax_total"),
            shipping=money(raw.get("shipping_total"), "shipping_total"),
            discount=money(raw.get("discount_total"), "discount_total"),
            rate=Decimal(1) if currency == self.home else None,
            paid_at=max(captured, default=None),
            customer_id=reference(raw.get("customer_id")) if account else None,
            email=text(raw.get("email")),
            phone=next((each.phone for each in (billing, shipping) if each and each.phone), None),
            billing=billing,
            shipping_address=shipping,
            lines=tuple([_line(each) for each in objects(raw.get("items"), "items")]),
            refunds=tuple(
                [_refund(each) for one in payments for each in objects(one.get("refunds"), "payments.refunds")]
            ),
            coupons=tuple(
                code for each in objects(raw.get("promotions"), "promotions") if (code := text(each.get("code")))
            ),
            payment_method=next((name for each in payments if (name := text(each.get("provider_id")))), None),
            cart_id=reference(mapping(raw.get("cart")).get("id")),
            fulfilment_status=text(raw.get("fulfillment_status")),
            tracking_number=text(label.get("tracking_number")),
            tracking_url=text(label.get("tracking_url")),
            shipped_at=max(shipped, default=None),
        )

    def _product(self, raw: Raw, received_at: datetime) -> Record:
        key = identifier(raw.get("id"), "id")
        variants = objects(raw.get("variants"), "variants")
        prices = [
            money(price.get("amount"), "variants.prices.amount")
            for each in variants
            for price in objects(each.get("prices"), "variants.prices")
            if str(price.get("currency_code") or "").upper() == self.home and price.get("amount") is not None
        ]
        return Product(
            external_id=key,
            name=text(raw.get("title")) or key,
            updated_at=_updated(raw, received_at),
            slug=text(raw.get("handle")),
            sku=next((sku for each in variants if (sku := text(each.get("sku")))), None),
            type="giftcard" if raw.get("is_giftcard") is True else text(mapping(raw.get("type")).get("value")),
            categories=tuple(
                slug for each in objects(raw.get("categories"), "categories") if (slug := text(each.get("handle")))
            ),
            # Medusa knows no brands; its metadata is where shops put what is missing.
            brand=text(mapping(raw.get("metadata")).get("brand")),
            tags=tuple(name for each in objects(raw.get("tags"), "tags") if (name := text(each.get("value")))),
            image_url=text(raw.get("thumbnail")),
            price=min(prices, default=None),
        )


def _state(raw: Raw) -> str:
    """The word that says what the order is worth: cancelled and draft by its own status, all else by its payment."""
    status = text(raw.get("status"))
    if status in ("canceled", "draft"):
        return status
    if raw.get("is_draft_order") is True:
        return "draft"
    word = text(raw.get("payment_status"))
    if word is None:
        raise FieldError("payment_status", "payment_status is missing: nobody knows whether the order is paid.")
    return word


def _worth(raw: Raw) -> Decimal:
    """Before refunds, which are taken off it later."""
    if "total" not in raw:
        raise FieldError("total", "total is missing: the order has no value.")
    whole = money(raw["total"], "total") + money(raw.get("credit_line_total"), "credit_line_total")
    return max(whole, money(mapping(raw.get("summary")).get("paid_total"), "summary.paid_total"))


def _moments(raw: Raw, *parts: list[Any]) -> Iterator[datetime]:
    """Every time at which something of the order changed."""
    for each in (raw, *(piece for part in parts for piece in part)):
        for name in _MOVING:
            if (at := moment(each.get(name), name)) is not None:
                yield at
        for inside in ("captures", "refunds"):
            for move in objects(each.get(inside), inside):
                if (at := moment(move.get("created_at"), f"{inside}.created_at")) is not None:
                    yield at


def _customer(raw: Raw, received_at: datetime) -> Record:
    addresses = objects(raw.get("addresses"), "addresses")
    billing = _chosen(addresses, "is_default_billing")
    shipping = _chosen(addresses, "is_default_shipping")
    return Customer(
        external_id=identifier(raw.get("id"), "id"),
        email=text(raw.get("email")),
        updated_at=_updated(raw, received_at),
        created_at=moment(raw.get("created_at"), "created_at"),
        first_name=text(raw.get("first_name")),
        last_name=text(raw.get("last_name")),
        company=text(raw.get("company_name")) or (billing.company if billing else None),
        phone=text(raw.get("phone")) or (billing.phone if billing else None),
        groups=tuple(name for each in objects(raw.get("groups"), "groups") if (name := text(each.get("name")))),
        registered=raw.get("has_account") is True,
        billing=billing,
        shipping=shipping,
    )


def _chosen(addresses: list[Any], flag: str) -> Address | None:
    """The address marked so, else the first one."""
    marked = [each for each in addresses if each.get(flag) is True]
    return _address((marked or addresses or [None])[0])


def _category(raw: Raw, received_at: datetime) -> Record:
    key = identifier(raw.get("id"), "id")
    slug = text(raw.get("handle")) or key
    return Category(key, text(raw.get("name")) or slug, slug, reference(raw.get("parent_category_id")))


def _coupon(raw: Raw, received_at: datetime) -> Record:
    code = text(raw.get("code"))
    if code is None:
        raise FieldError("code", "code is missing: a coupon is known by its code.")
    method = mapping(raw.get("application_method"))
    return Coupon(
        external_id=identifier(raw.get("id"), "id"),
        code=code,
        updated_at=_updated(raw, received_at),
        kind=text(method.get("type")) or text(raw.get("type")),
        amount=money(method.get("value"), "application_method.value"),
    )


def _line(raw: Raw) -> Line:
    quantity = money(raw.get("quantity"), "items.quantity")
    total = money(raw.get("total"), "items.total")
    price = None
    if quantity:
        price = total if quantity == 1 else total / quantity
        if price.as_tuple().exponent < -6:  # type: ignore[operator]
            price = price.quantize(_SIX)
    name, variant = text(raw.get("title")) or text(raw.get("product_title")) or "", text(raw.get("variant_title"))
    if variant and variant != name and variant.lower() not in _PLAIN:
        name = f"{name} - {variant}" if name else variant
    return Line(
        name=name,
        quantity=quantity,
        total=total,
        external_id=reference(raw.get("id")),
        product_id=reference(raw.get("product_id")),
        variant_id=reference(raw.get("variant_id")),
        sku=text(raw.get("variant_sku")),
        price=price,
        tax=money(raw.get("tax_total"), "items.tax_total"),
        discount=money(raw.get("discount_total"), "items.discount_total"),
        image_url=text(raw.get("thumbnail")),
    )


def _refund(raw: Raw) -> Refund:
    return Refund(
        identifier(raw.get("id"), "payments.refunds.id"),
        money(raw.get("amount"), "payments.refunds.amount"),
        moment(raw.get("created_at"), "payments.refunds.created_at"),
        text(raw.get("note")) or text(mapping(raw.get("refund_reason")).get("label")),
    )


def _address(raw: Any) -> Address | None:
    if not isinstance(raw, dict):
        return None
    get = raw.get
    country = text(get("country_code"))
    address = Address(
        text(get("first_name")),
        text(get("last_name")),
        text(get("company")),
        text(get("address_1")),
        text(get("address_2")),
        text(get("city")),
        text(get("province")),
        text(get("postal_code")),
        country.upper() if country and len(country) == 2 else None,
        text(get("phone")),
    )
    return None if address == _NOWHERE else address


_NOWHERE = Address()


def _updated(raw: Raw, received_at: datetime) -> datetime:
    found = moment(raw.get("updated_at"), "updated_at") or moment(raw.get("created_at"), "created_at")
    return found or received_at
