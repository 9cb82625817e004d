"""Raw Vendure objects -> canonical records. Pure: no network, no clock of its own.

Decisions: amounts are integers with as many decimals as the server's money strategy has, whatever the currency. What
an order was worth is what was paid for it: cancelling a line takes it out of the order's own total, and its refund
would be subtracted twice. A refund counts once it is settled. A state of the shop's own means paid when the payments
say so. An order nobody placed is a cart; it keeps its id when it is placed, so cart and order find each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ..base import StoreConfig
from ..canonical import (
    ZERO,
    Address,
    Cart,
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
from .checking import PRECISION
from .info import INFO

Raw = Mapping[str, Any]
KINDS = {
    "categories": "category",
    "products": "product",
    "coupons": "coupon",
    "customers": "customer",
    "orders": "order",
    "carts": "cart",
}
FULFILMENT = {
    "PaymentSettled": "unfulfilled",
    "PartiallyShipped": "partial",
    "PartiallyDelivered": "partial",
    "Shipped": "fulfilled",
    "Delivered": "fulfilled",
}
BRAND = "brand"  # code of the facet whose values are brands; those of every other facet are tags
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def version(raw: Raw) -> datetime:
    """When an order last changed: the newest of its own times and those of what belongs to it. Raises FieldError."""
    times = [(raw, name) for name in ("createdAt", "updatedAt", "orderPlacedAt")]
    for payment in objects(raw.get("payments"), "payments"):
        times.append((payment, "updatedAt"))
        times += [(refund, "updatedAt") for refund in objects(payment.get("refunds"), "refunds")]
    times += [(parcel, "updatedAt") for parcel in objects(raw.get("fulfillments"), "fulfillments")]
    times += [(entry, "createdAt") for entry in objects(mapping(raw.get("history")).get("items"), "history")]
    known = [found for holder, name in times if (found := moment(holder.get(name), name))]
    return max(known, default=_EVER)


class Reader:
    """Reads one store's objects: its decimals and its map of order states."""

    def __init__(self, config: StoreConfig) -> None:
        precision = config.learned.get("precision", PRECISION)
        self._unit = Decimal(1).scaleb(-int(precision))
        self._home = config.home_currency
        self._statuses = statuses(INFO, config)
        self._readers: dict[str, Callable[[Raw, datetime], Record]] = {
            "categories": self._category,
            "products": self._product,
            "coupons": self._coupon,
            "customers": self._customer,
            "orders": self._order_or_cart,
            "carts": self._order_or_cart,
        }

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        """One delivery: a list of objects."""
        return read_rows(KINDS[stream], body, received_at, one(self._readers[stream]))

    def _money(self, raw: Raw, name: str) -> Decimal:
        value = raw.get(name)
        if value is None:
            return ZERO
        if not isinstance(value, int):
            # A strategy of the shop's own may send text; parts of the smallest unit it may not.
            value = money(value, name)
            if value != value.to_integral_value():
                raise FieldError(name, f"{name} is not a number of whole units but {value}.")
        return int(value) * self._unit

    # -- people

    def _customer(self, raw: Raw, received_at: datetime) -> Customer:
        addresses = objects(raw.get("addresses"), "addresses")
        billing = _default(addresses, "defaultBillingAddress")
        changed = [moment(each.get("updatedAt"), "addresses.updatedAt") for each in (raw, *addresses)]
        return Customer(
            external_id=identifier(raw.get("id"), "id"),
            email=text(raw.get("emailAddress")),
            # Its own time of change does not move with an address.
            updated_at=max((each for each in changed if each), default=received_at),
            created_at=moment(raw.get("createdAt"), "createdAt"),
            first_name=text(raw.get("firstName")),
            last_name=text(raw.get("lastName")),
            company=billing.company if billing else None,
            phone=text(raw.get("phoneNumber")) or (billing.phone if billing else None),
            groups=tuple(name for each in objects(raw.get("groups"), "groups") if (name := text(each.get("name")))),
            registered=raw.get("user") is not None,
            billing=billing,
            shipping=_default(addresses, "defaultShippingAddress"),
        )

    # -- orders and carts

    def _order_or_cart(self, raw: Raw, received_at: datetime) -> Record:
        return self._order(raw) if raw.get("orderPlacedAt") else self._cart(raw)

    def _order(self, raw: Raw) -> Order:
        key = identifier(raw.get("id"), "id")
        placed = moment(raw.get("orderPlacedAt"), "orderPlacedAt")
        if placed is None:
            raise FieldError("orderPlacedAt", "orderPlacedAt is missing: nobody knows when it was placed.")
        state = text(raw.get("state"))
        if state is None:
            raise FieldError("state", "state is missing: the order cannot be judged.")
        currency = _currency(raw)
        payments = objects(raw.get("payments"), "payments")
        settled = [each for each in payments if each.get("state") == "Settled"]
        paid = sum((self._money(each, "amount") for each in settled), ZERO)
        now_worth = self._money(raw, "totalWithTax")
        total = max(now_worth, paid)
        refunds = self._refunds(payments)
        person = mapping(raw.get("customer"))
        billing, shipping = _address(raw.get("billingAddress")), _address(raw.get("shippingAddress"))
        parcels = objects(raw.get("fulfillments"), "fulfillments")
        parcel: Raw = parcels[-1] if parcels else {}
        return Order(
            external_id=key,
            number=text(raw.get("code")) or key,
            status=self._status(state, total, paid, sum((each.amount for each in refunds), ZERO)),
            status_raw=state,
            currency=currency,
            total=total,
            placed_at=placed,
            updated_at=version(raw),
            tax=now_worth - self._money(raw, "total"),
            shipping=self._money(raw, "shippingWithTax"),
            discount=-self._discounts(raw),
            rate=Decimal(1) if currency == self._home else None,
            paid_at=min(filter(None, (moment(each.get("updatedAt"), "updatedAt") for each in settled)), default=None),
            completed_at=moment(parcel.get("updatedAt"), "updatedAt") if state == "Delivered" else None,
            customer_id=reference(person.get("id")),
            email=text(person.get("emailAddress")),
            phone=(billing.phone if billing else None) or text(person.get("phoneNumber")),
            billing=billing or shipping,  # a shop that ships where it bills leaves the first one out
            shipping_address=shipping,
            lines=tuple([self._line(each, True) for each in objects(raw.get("lines"), "lines")]),
            refunds=refunds,
            coupons=_coupons(raw),
            payment_method=text(payments[0].get("method")) if payments else None,
            cart_id=key,
            fulfilment_status=FULFILMENT.get(state),
            tracking_number=text(parcel.get("trackingCode")),
            tracking_carrier=text(parcel.get("method")),
            shipped_at=moment(parcel.get("createdAt"), "createdAt"),
        )

    def _status(self, state: str, total: Decimal, paid: Decimal, refunded: Decimal) -> OrderStatus:
        status = self._statuses.get(state)
        if status is None:
            status = OrderStatus.COMPLETED if 0 < paid >= total else OrderStatus.PENDING
        if status is OrderStatus.COMPLETED and 0 < total <= refunded:
            return OrderStatus.REFUNDED
        return status

    def _refunds(self, payments: list[Any]) -> tuple[Refund, ...]:
        return tuple(
            Refund(
                identifier(each.get("id"), "refunds.id"),
                self._money(each, "total"),
                moment(each.get("createdAt"), "refunds.createdAt"),
                text(each.get("reason")),
            )
            for payment in payments
            for each in objects(payment.get("refunds"), "refunds")
            if each.get("state") == "Settled"
        )

    def _discounts(self, raw: Raw) -> Decimal:
        found = objects(raw.get("discounts"), "discounts")
        return sum((self._money(each, "amountWithTax") for each in found), ZERO)

    def _line(self, raw: Raw, placed: bool) -> Line:
        variant = mapping(raw.get("productVariant"))
        quantity = now = int(raw.get("quantity") or 0)
        total = self._money(raw, "proratedLinePriceWithTax")
        full = self._money(raw, "unitPriceWithTax")
        price = self._money(raw, "proratedUnitPriceWithTax") if "proratedUnitPriceWithTax" in raw else full
        if placed and (bought := int(raw.get("orderPlacedQuantity") or 0)) > now:
            # What was cancelled since was bought all the same; its refund tells the rest.
            quantity, total = bought, price * bought
        image = mapping(raw.get("featuredAsset"))
        return Line(
            name=text(variant.get("name")) or "",
            quantity=Decimal(quantity),
            total=total,
            external_id=reference(raw.get("id")),
            product_id=reference(variant.get("productId")),
            variant_id=reference(variant.get("id")),
            sku=text(variant.get("sku")),
            price=price,
            tax=self._money(raw, "lineTax"),
            discount=max(ZERO, full * quantity - total),
            image_url=text(image.get("preview")),
        )

    def _cart(self, raw: Raw) -> Cart:
        key = identifier(raw.get("id"), "id")
        person = mapping(raw.get("customer"))
        billing = _address(raw.get("billingAddress")) or _address(raw.get("shippingAddress"))
        total = self._money(raw, "totalWithTax")
        # A cart given up is not active any more and was not placed: for us it is empty.
        lines = objects(raw.get("lines"), "lines") if raw.get("active", True) else []
        return Cart(
            external_id=key,
            updated_at=version(raw),
            currency=_currency(raw),
            total=total,
            subtotal=self._money(raw, "subTotal"),
            tax=total - self._money(raw, "total"),
            created_at=moment(raw.get("createdAt"), "createdAt"),
            customer_id=reference(person.get("id")),
            email=text(person.get("emailAddress")),
            phone=text(person.get("phoneNumber")) or (billing.phone if billing else None),
            first_name=text(person.get("firstName")),
            last_name=text(person.get("lastName")),
            lines=tuple([self._line(each, False) for each in lines if each.get("quantity")]),
            checkout=raw.get("state") not in (None, "AddingItems") or billing is not None,
        )

    # -- goods

    def _product(self, raw: Raw, received_at: datetime) -> Product:
        key = identifier(raw.get("id"), "id")
        variants = objects(mapping(raw.get("variantList")).get("items"), "variantList")
        first: Raw = variants[0] if variants else {}
        facets = [
            (mapping(each.get("facet")).get("code") == BRAND, name)
            for each in objects(raw.get("facetValues"), "facetValues")
            if (name := text(each.get("name")))
        ]
        return Product(
            external_id=key,
            name=text(raw.get("name")) or f"#{key}",
            updated_at=moment(raw.get("updatedAt"), "updatedAt") or received_at,
            slug=text(raw.get("slug")),
            sku=text(first.get("sku")),
            categories=tuple(
                slug for each in objects(raw.get("collections"), "collections") if (slug := text(each.get("slug")))
            ),
            brand=next((name for is_brand, name in facets if is_brand), None),
            tags=tuple(name for is_brand, name in facets if not is_brand),
            image_url=text(mapping(raw.get("featuredAsset")).get("preview")),
            price=self._money(first, "priceWithTax") if first.get("priceWithTax") is not None else None,
        )

    def _category(self, raw: Raw, received_at: datetime) -> Category:
        key = identifier(raw.get("id"), "id")
        slug = text(raw.get("slug")) or key
        # The collection above all others is not listed.
        return Category(key, text(raw.get("name")) or slug, slug, reference(raw.get("parentId")))

    def _coupon(self, raw: Raw, received_at: datetime) -> Coupon:
        code = text(raw.get("couponCode"))
        if code is None:
            raise FieldError("couponCode", "couponCode is missing: a coupon is known by its code.")
        actions = objects(raw.get("actions"), "actions")
        return Coupon(
            external_id=identifier(raw.get("id"), "id"),
            code=code,
            updated_at=moment(raw.get("updatedAt"), "updatedAt") or received_at,
            kind=text(actions[0].get("code")) if actions else None,
            amount=self._worth(actions[0]) if actions else None,
        )

    def _worth(self, action: Raw) -> Decimal | None:
        """The one number of the usual actions: a percentage, or an amount in the smallest unit."""
        for each in objects(action.get("args"), "args"):
            value = each.get("value")
            if each.get("name") == "discount" and isinstance(value, str) and value.isdecimal():
                return Decimal(value) if "percentage" in str(action.get("code")) else int(value) * self._unit
        return None


def _currency(raw: Raw) -> str:
    currency = text(raw.get("currencyCode"))
    if currency is None or len(currency) != 3:
        raise FieldError("currencyCode", f"currencyCode is not a code of three letters but {currency!r}.")
    return currency.upper()


def _coupons(raw: Raw) -> tuple[str, ...]:
    found = raw.get("couponCodes")
    return tuple(code for each in (found if isinstance(found, list) else []) if (code := text(each)))


def _default(addresses: list[Any], name: str) -> Address | None:
    chosen = next((each for each in addresses if each.get(name)), None)
    return _address(chosen) if chosen else None


def _address(raw: Any) -> Address | None:
    """Vendure keeps one name: the last word of it is taken for the family's."""
    if not isinstance(raw, dict):
        return None
    get = raw.get
    first, _space, last = (text(get("fullName")) or "").rpartition(" ")
    country = text(get("countryCode")) or text(mapping(get("country")).get("code"))
    address = Address(
        first or None,
        last or None,
        text(get("company")),
        text(get("streetLine1")),
        text(get("streetLine2")),
        text(get("city")),
        text(get("province")),
        text(get("postalCode")),
        country.upper() if country and len(country) == 2 else None,
        text(get("phoneNumber")),
    )
    return None if address == _NOWHERE else address


_NOWHERE = Address()
