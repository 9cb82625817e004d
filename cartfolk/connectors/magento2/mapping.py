"""Raw Magento objects -> canonical records. Pure: no network, no clock of its own.

Decisions: absent keys mean null, Magento leaves empty fields out. A configurable or bundle comes as a parent row
with child rows: what was bought is the parent. ``price`` of a line is what one piece cost, gross after discount. An
order is an account's when it has a customer's id. ``is_subscribed`` is a bare flag without a date, worked out from
the e-mail alone: it proves nothing and makes no consent record, in either direction. A credit memo counts when it was
paid out (state 2); what an order says was refunded beyond its memos is one more refund without a date.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..base import StoreConfig
from ..canonical import ZERO, Category, Customer, Line, Mapped, Order, OrderStatus, Product, Record, Refund
from ..reading import FieldError, identifier, mapping, money, objects, reference, text
from ..rows import one, read_rows, statuses
from .carts import cart
from .info import INFO
from .values import Raw, address, amount, attributes, each_price, time

_KINDS = {
    "customers": "customer",
    "orders": "order",
    "products": "product",
    "categories": "category",
    "carts": "cart",
}
PAID_OUT = 2  # state of a credit memo, and of an invoice that is paid


class Reader:
    """Reads one store's objects: its home currency, its map of order states."""

    def __init__(self, config: StoreConfig) -> None:
        self.home = config.home_currency
        self.statuses = statuses(INFO, config)
        self._readers: dict[str, Callable[[Raw, datetime], Record]] = {
            "customers": _customer,
            "orders": self._order,
            "products": _product,
            "categories": _category,
            "carts": cart,
        }

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        """One page: a list of objects."""
        reader = one(self._readers[stream])
        return read_rows(_KINDS[stream], body, received_at, reader, key=_key)

    def _order(self, raw: Raw, received_at: datetime) -> Order:
        key = identifier(raw.get("entity_id"), "entity_id")
        state = text(raw.get("state")) or text(raw.get("status"))
        if state is None:
            raise FieldError("state", "state is missing: the order cannot be judged.")
        updated = time(raw, "updated_at")
        placed = time(raw, "created_at") or updated
        if placed is None:
            raise FieldError("created_at", "created_at is missing: nobody knows when it was placed.")
        currency = text(raw.get("order_currency_code"))
        if currency is None or len(currency) != 3:
            raise FieldError("order_currency_code", f"currency is not a code of three letters but {currency!r}.")
        if raw.get("grand_total") is None:
            raise FieldError("grand_total", "grand_total is missing: the order has no value.")
        currency = currency.upper()
        billing = address(raw.get("billing_address"))
        extra = mapping(raw.get("extension_attributes"))
        shipping = amount(raw, "shipping_incl_tax")
        if raw.get("shipping_incl_tax") is None:
            shipping = amount(raw, "shipping_amount") + amount(raw, "shipping_tax_amount")
        rows = objects(raw.get("items"), "items")
        sent, track = _times(raw, "_shipments"), _track(raw)
        return Order(
            external_id=key,
            number=text(raw.get("increment_id")) or key,
            status=self.statuses.get(state, OrderStatus.PENDING),
            status_raw=state,
            currency=currency,
            total=amount(raw, "grand_total"),
            placed_at=placed,
            updated_at=updated or placed,
            tax=amount(raw, "tax_amount"),
            shipping=shipping,
            discount=abs(amount(raw, "discount_amount")),  # negative here, positive on lines
            rate=self._rate(raw, currency),
            paid_at=min(_times(raw, "_invoices", "state", PAID_OUT), default=None),
            completed_at=max(sent, default=None) if state == "complete" else None,
            customer_id=reference(raw.get("customer_id")),
            email=text(raw.get("customer_email")),
            phone=billing.phone if billing else None,
            billing=billing,
            shipping_address=_shipping_address(extra),
            lines=_lines(rows),
            refunds=_refunds(raw, key),
            coupons=tuple(filter(None, [text(raw.get("coupon_code"))])),
            payment_method=_payment(raw, extra),
            cart_id=reference(raw.get("quote_id")),
            fulfilment_status=_fulfilment(rows, state),
            tracking_number=text(track.get("track_number")),
            tracking_carrier=text(track.get("title")) or text(track.get("carrier_code")),
            shipped_at=min(sent, default=None),
        )

    def _rate(self, raw: Raw, currency: str) -> Decimal | None:
        """Home currency for one unit of the order's. The order's value in both currencies tells it exactly; the
        rate itself is the other way round, has four decimals only, and is 0 where Magento does not know."""
        if currency == self.home:
            return Decimal(1)
        if text(raw.get("base_currency_code")) != self.home:
            return None
        total, base = amount(raw, "grand_total"), amount(raw, "base_grand_total")
        if total > 0 and base > 0:
            return base / total
        rate = money(raw.get("base_to_order_rate"), "base_to_order_rate")
        return 1 / rate if rate > 0 else None


def _lines(rows: list[Any]) -> tuple[Line, ...]:
    children: dict[str, list[Raw]] = {}
    for row in rows:
        parent = reference(row.get("parent_item_id"))
        if parent:
            children.setdefault(parent, []).append(row)
    return tuple(
        _line(row, children.get(str(row.get("item_id")), []))
        for row in rows
        if not reference(row.get("parent_item_id"))
    )


def _line(raw: Raw, children: list[Raw]) -> Line:
    parts = [raw]
    if text(raw.get("product_type")) == "bundle" and not amount(raw, "discount_amount", "items."):
        parts = [raw, *children]  # a bundle priced by its parts has discount and tax on them only

    def summed(name: str) -> Decimal:
        own = amount(raw, name, "items.")
        return own or sum((amount(part, name, "items.") for part in parts[1:]), ZERO)

    tax, discount = summed("tax_amount"), summed("discount_amount")
    compensation = summed("discount_tax_compensation_amount")
    quantity = amount(raw, "qty_ordered", "items.")
    total = amount(raw, "row_total", "items.") + tax + compensation - discount
    configured = text(raw.get("product_type")) == "configurable" and children
    return Line(
        name=text(raw.get("name")) or "",
        quantity=quantity,
        total=total,
        external_id=reference(raw.get("item_id")),
        product_id=reference(raw.get("product_id")),
        variant_id=reference(children[0].get("product_id")) if configured else None,
        sku=text(raw.get("sku")),
        price=each_price(total, quantity),
        tax=tax + compensation,
        discount=discount,
    )


def _refunds(raw: Raw, key: str) -> tuple[Refund, ...]:
    found = []
    for memo in objects(raw.get("_creditmemos"), "_creditmemos"):
        if memo.get("state") is not None and not _is(memo["state"], PAID_OUT):
            continue  # not paid out yet, or cancelled
        comments = objects(memo.get("comments"), "comments")
        found.append(
            Refund(
                external_id=identifier(memo.get("entity_id"), "_creditmemos.entity_id"),
                amount=amount(memo, "grand_total", "_creditmemos."),
                created_at=time(memo, "created_at"),
                reason=text(comments[0].get("comment")) if comments else None,
            )
        )
    rest = amount(raw, "total_refunded") - sum((each.amount for each in found), ZERO)
    if rest > 0:
        found.append(Refund(f"{key}-rest", rest))
    return tuple(found)


def _times(raw: Raw, papers: str, name: str = "", wanted: int = 0) -> list[datetime]:
    """When the order's papers were made; with ``name`` of those only where it says ``wanted``."""
    found = objects(raw.get(papers), papers)
    return [at for each in found if not name or _is(each.get(name), wanted) if (at := time(each, "created_at"))]


def _track(raw: Raw) -> Raw:
    """The parcel of the last shipment that names one."""
    for shipment in reversed(objects(raw.get("_shipments"), "_shipments")):
        for track in objects(shipment.get("tracks"), "_shipments.tracks"):
            if text(track.get("track_number")):
                return mapping(track)
    return {}


def _is(value: Any, state: int) -> bool:
    return value in (state, str(state))


def _shipping_address(extra: Raw) -> Any:
    for each in objects(extra.get("shipping_assignments"), "shipping_assignments"):
        found = address(mapping(each.get("shipping")).get("address"))
        if found is not None:
            return found
    return None


def _payment(raw: Raw, extra: Raw) -> str | None:
    """The method as the customer read it, else its code."""
    for each in objects(extra.get("payment_additional_info"), "payment_additional_info"):
        if each.get("key") == "method_title" and (title := text(each.get("value"))):
            return title
    return text(mapping(raw.get("payment")).get("method"))


def _fulfilment(rows: list[Any], state: str) -> str | None:
    if state == "complete":
        return "fulfilled"
    if state != "processing":
        return None
    sent = any(amount(row, "qty_shipped", "items.") > 0 for row in rows)
    return "partial" if sent else "unfulfilled"


def _customer(raw: Raw, received_at: datetime) -> Customer:
    key = identifier(raw.get("id"), "id")
    addresses = objects(raw.get("addresses"), "addresses")
    billing = next((address(each) for each in addresses if each.get("default_billing")), None)
    shipping = next((address(each) for each in addresses if each.get("default_shipping")), None)
    created = time(raw, "created_at")
    group, locale = text(raw.get("_group")), text(raw.get("_locale"))
    return Customer(
        external_id=key,
        email=text(raw.get("email")),
        updated_at=time(raw, "updated_at") or created or received_at,
        created_at=created,
        first_name=text(raw.get("firstname")),
        last_name=text(raw.get("lastname")),
        company=billing.company if billing else None,
        phone=billing.phone if billing else None,
        groups=(group,) if group else (),
        language=locale.replace("_", "-") if locale else None,
        billing=billing,
        shipping=shipping,
    )


def _product(raw: Raw, received_at: datetime) -> Product:
    key = identifier(raw.get("id"), "id")
    own = attributes(raw)
    links = objects(mapping(raw.get("extension_attributes")).get("category_links"), "category_links")
    price, image, media = raw.get("price"), text(own.get("image")), text(raw.get("_media"))
    return Product(
        external_id=key,
        name=text(raw.get("name")) or f"#{key}",
        updated_at=time(raw, "updated_at") or time(raw, "created_at") or received_at,
        slug=text(own.get("url_key")),
        sku=text(raw.get("sku")),
        type=text(raw.get("type_id")),
        categories=tuple(one for each in links if (one := reference(each.get("category_id")))),
        brand=text(raw.get("_brand")),
        image_url=f"{media}catalog/product{image}" if media and image and image.startswith("/") else None,
        price=None if price is None else amount(raw, "price"),
    )


def _category(raw: Raw, received_at: datetime) -> Category:
    """Products name categories by id, so the id is the slug: url keys repeat under different parents."""
    key = identifier(raw.get("id"), "id")
    return Category(key, text(raw.get("name")) or key, key, reference(raw.get("parent_id")))


def _key(raw: Raw) -> str | None:
    return reference(raw.get("entity_id") or raw.get("id"))
