"""Raw Saleor objects -> canonical records. Pure: no network, no clock of its own.

Decisions: ids are the key inside Saleor's global ids ("User:68" is 68, an order's is a UUID). An order is judged by
its own state where that decides (drafts, cancellations, returns), else by what was charged: Saleor calls an order
whose money went back entirely "not charged" again, so refunds are looked at first. A refund is money that really went
back, in transactions (or payments, their predecessor); a *granted* refund is a plan and gives only the reason.
What the shop says was refunded beyond that becomes one more refund. An order's checkout is gone once it is placed;
its id stays in the order and links the two. A checkout's lines have their list prices: see `queries`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..base import StoreConfig
from ..canonical import (
    ZERO,
    Cart,
    Category,
    Consent,
    ConsentStatus,
    Customer,
    Line,
    Mapped,
    Order,
    OrderStatus,
    Product,
    Record,
)
from ..reading import FieldError, mapping, moment, objects, text
from ..rows import read_rows
from .info import INFO
from .values import address_of, amount_of, currency_of, events_of, key_of, method_of, own_key, part_of, refunds_of

Raw = Mapping[str, Any]
KINDS = {
    "categories": "category",
    "products": "product",
    "customers": "customer",
    "orders": "order",
    "checkouts": "cart",
}
FULFILMENT = {
    "UNFULFILLED": "unfulfilled",
    "PARTIALLY_FULFILLED": "partial",
    "FULFILLED": "fulfilled",
    "PARTIALLY_RETURNED": "fulfilled",
    "RETURNED": "returned",
}
_SENT = ("FULFILLED", "REFUNDED", "RETURNED", "REFUNDED_AND_RETURNED", "REPLACED")
_YES = {"true", "yes", "1", "on", "subscribed", "granted"}
_NO = {"false", "no", "0", "off", "unsubscribed", "withdrawn"}


class Reader:
    """Reads one store's objects: its channel, its map of order states, its keys of consent."""

    def __init__(self, config: StoreConfig) -> None:
        self._home = config.home_currency
        self._channel = str(config.credentials.get("channel") or "").strip()
        self._statuses = dict(INFO.order_statuses)
        for word, status in mapping(config.settings.get("statuses")).items():
            self._statuses[word] = OrderStatus(status)
        keys = config.settings.get("consent_keys") or {}
        self._consent_keys = dict(keys) if isinstance(keys, dict) else {key: f"{key}_date" for key in keys}
        self._readers: dict[str, Callable[[Raw, datetime], list[Record]]] = {
            "categories": self._category,
            "products": self._product,
            "customers": self._customer,
            "orders": self._order,
            "checkouts": self._cart,
        }

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        """One delivery: a list of objects."""
        return read_rows(KINDS[stream], body, received_at, self._readers[stream], key=_key)

    # -- people

    def _customer(self, raw: Raw, received_at: datetime) -> list[Record]:
        key, updated = own_key(raw, "User"), moment(raw.get("updatedAt"), "updatedAt") or received_at
        billing, shipping = address_of(raw.get("defaultBillingAddress")), address_of(raw.get("defaultShippingAddress"))
        email = text(raw.get("email"))
        language = text(raw.get("languageCode"))
        customer = Customer(
            external_id=key,
            email=email,
            updated_at=updated,
            created_at=moment(raw.get("dateJoined"), "dateJoined"),
            first_name=text(raw.get("firstName")),
            last_name=text(raw.get("lastName")),
            company=billing.company if billing else None,
            phone=billing.phone if billing else None,
            language=language.lower().replace("_", "-") if language else None,
            billing=billing,
            shipping=shipping,
        )
        return [customer, *self._consents(raw, key, email)]

    def _consents(self, raw: Raw, key: str, email: str | None) -> list[Record]:
        """What a storefront keeps in an account's metadata under the keys the owner named: only with its date."""
        told = {str(each.get("key")): each.get("value") for each in objects(raw.get("metadata"), "metadata")}
        found: list[Record] = []
        for name, date in self._consent_keys.items():
            word = str(told.get(name) or "").strip().lower()
            try:
                at = moment(told.get(date), date)
            except FieldError:
                at = None  # an undated tick is no evidence, and no reason to refuse the account
            if at is None or word not in _YES | _NO:
                continue
            status = ConsentStatus.GRANTED if word in _YES else ConsentStatus.WITHDRAWN
            found.append(Consent(status, at, "account", email, key, evidence={"customer": key, "key": name}))
        return found

    # -- orders and checkouts

    def _order(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = own_key(raw, "Order")
        placed = moment(raw.get("created"), "created")
        if placed is None:
            raise FieldError("created", "created is missing: nobody knows when it was placed.")
        total = part_of(raw, "total", "gross")
        if total is None:
            raise FieldError("total", "total is not an amount of money but None.")
        events = events_of(raw)
        refunds = refunds_of(raw, key, events)
        refunded = sum((each.amount for each in refunds), ZERO)
        word, status = self._status(raw, total, refunded)
        billing, shipping = address_of(raw.get("billingAddress")), address_of(raw.get("shippingAddress"))
        parcels = [each for each in objects(raw.get("fulfillments"), "fulfillments") if each.get("status") in _SENT]
        parcel: Raw = parcels[-1] if parcels else {}
        sent = [moment(each.get("created"), "fulfillments.created") for each in parcels]
        payments = objects(raw.get("payments"), "payments") + objects(raw.get("transactions"), "transactions")
        currency = currency_of(mapping(raw.get("total")).get("gross"))
        undiscounted = part_of(raw, "undiscountedTotal", "gross")
        state = text(raw.get("status")) or ""
        paid = [at for kind, _id, at, _amount in events if kind == "paid" and at]
        times = [moment(raw.get("updatedAt"), "updatedAt"), placed, *(at for _kind, _id, at, _amount in events)]
        order = Order(
            external_id=key,
            number=text(raw.get("number")) or key,
            status=status,
            status_raw=word,
            currency=currency,
            total=total,
            placed_at=placed,
            updated_at=max(at for at in times if at),
            tax=part_of(raw, "total", "tax") or ZERO,
            shipping=part_of(raw, "shippingPrice", "gross") or ZERO,
            discount=max(ZERO, (undiscounted or ZERO) - total),
            rate=Decimal(1) if currency == self._home else None,
            paid_at=min(paid, default=None),
            completed_at=max((at for at in sent if at), default=None) if state == "FULFILLED" else None,
            customer_id=key_of(mapping(raw.get("user")).get("id")),
            email=text(raw.get("userEmail")),
            phone=(billing.phone if billing else None) or (shipping.phone if shipping else None),
            billing=billing or shipping,
            shipping_address=shipping,
            lines=tuple([_order_line(each) for each in objects(raw.get("lines"), "lines")]),
            refunds=refunds,
            coupons=tuple(filter(None, [text(raw.get("voucherCode"))])),
            payment_method=next((name for each in payments if (name := method_of(each))), None),
            cart_id=key_of(raw.get("checkoutId")),
            fulfilment_status=FULFILMENT.get(state),
            tracking_number=text(parcel.get("trackingNumber")),
            shipped_at=min((at for at in sent if at), default=None),
        )
        return [order]

    def _status(self, raw: Raw, total: Decimal, refunded: Decimal) -> tuple[str, OrderStatus]:
        """The word that decides, and what it means."""
        state, charge = text(raw.get("status")) or "", text(raw.get("chargeStatus"))
        if charge is None:
            raise FieldError("chargeStatus", "chargeStatus is missing: the order cannot be judged.")
        money_moved = refunded > 0 or charge != "NONE"
        word = state if state in self._statuses else charge
        if state == "RETURNED" and not money_moved:
            word = charge  # sent back before it was paid
        status = self._statuses.get(word, OrderStatus.PENDING)
        if word == charge and refunded > 0:
            # What went back is charged no more: "not charged", or "in part".
            status = OrderStatus.REFUNDED if refunded >= total > 0 else OrderStatus.COMPLETED
        return word, status

    def _cart(self, raw: Raw, received_at: datetime) -> list[Record]:
        person, billing = mapping(raw.get("user")), address_of(raw.get("billingAddress"))
        address = billing or address_of(raw.get("shippingAddress"))
        lines = tuple(
            [_cart_line(each) for each in objects(raw.get("lines"), "lines") if int(each.get("quantity") or 0) > 0]
        )
        subtotal = sum((line.total for line in lines), ZERO)
        discount = amount_of(raw.get("discount"), "discount") or ZERO
        email = text(raw.get("email")) or text(person.get("email"))
        cart = Cart(
            external_id=own_key(raw, "Checkout"),
            updated_at=moment(raw.get("updatedAt"), "updatedAt") or received_at,
            currency=text(mapping(raw.get("channel")).get("currencyCode")),
            total=max(ZERO, subtotal - discount),
            subtotal=subtotal,
            created_at=moment(raw.get("created"), "created"),
            customer_id=key_of(person.get("id")),
            email=email,
            phone=address.phone if address else None,
            first_name=(address.first_name if address else None) or text(person.get("firstName")),
            last_name=(address.last_name if address else None) or text(person.get("lastName")),
            lines=lines,
            checkout=address is not None,
        )
        return [cart]

    # -- goods

    def _product(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = own_key(raw, "Product")
        category = text(mapping(raw.get("category")).get("slug"))
        values = objects(mapping(raw.get("attribute")).get("values"), "attribute.values")
        product = Product(
            external_id=key,
            name=text(raw.get("name")) or f"#{key}",
            updated_at=moment(raw.get("updatedAt"), "updatedAt") or received_at,
            slug=text(raw.get("slug")),
            sku=text(mapping(raw.get("defaultVariant")).get("sku")),
            type=text(mapping(raw.get("productType")).get("name")),
            categories=(category,) if category else (),
            brand=next((name for each in values if (name := text(each.get("name")))), None),
            image_url=text(mapping(raw.get("thumbnail")).get("url")),
            price=self._price(objects(raw.get("channelListings"), "channelListings")),
        )
        return [product]

    def _price(self, listings: list[Any]) -> Decimal | None:
        """In our channel, else in one that sells in the home currency; of others nobody knows the rate."""
        for each in listings:
            channel = mapping(each.get("channel"))
            ours = channel.get("slug") == self._channel if self._channel else channel.get("currencyCode") == self._home
            if ours and (price := amount_of(each.get("discountedPrice"), "discountedPrice")) is not None:
                return price
        return None

    def _category(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = own_key(raw, "Category")
        slug = text(raw.get("slug")) or key
        return [Category(key, text(raw.get("name")) or slug, slug, key_of(mapping(raw.get("parent")).get("id")))]


# -- lines


def _order_line(raw: Raw) -> Line:
    quantity = int(raw.get("quantity") or 0)
    price = part_of(raw, "unitPrice", "gross") or ZERO
    total = part_of(raw, "totalPrice", "gross")
    total = price * quantity if total is None else total
    full = part_of(raw, "undiscountedUnitPrice", "gross") or price
    variant = mapping(raw.get("variant"))
    name, kind = text(raw.get("productName")) or "", text(raw.get("variantName"))
    return Line(
        name=f"{name} ({kind})" if kind and kind != name else name,
        quantity=Decimal(quantity),
        total=total,
        external_id=key_of(raw.get("id")),
        product_id=key_of(mapping(variant.get("product")).get("id")),
        variant_id=key_of(variant.get("id")),
        sku=text(raw.get("productSku")),
        price=price,
        tax=part_of(raw, "totalPrice", "tax") or ZERO,
        discount=max(ZERO, full * quantity - total),
        image_url=text(mapping(raw.get("thumbnail")).get("url")),
    )


def _cart_line(raw: Raw) -> Line:
    variant = mapping(raw.get("variant"))
    product = mapping(variant.get("product"))
    name, kind = text(product.get("name")) or "", text(variant.get("name"))
    return Line(
        name=f"{name} ({kind})" if kind and kind != name else name,
        quantity=Decimal(int(raw.get("quantity") or 0)),
        total=amount_of(raw.get("undiscountedTotalPrice"), "undiscountedTotalPrice") or ZERO,
        external_id=key_of(raw.get("id")),
        product_id=key_of(product.get("id")),
        variant_id=key_of(variant.get("id")),
        sku=text(variant.get("sku")),
        price=amount_of(raw.get("undiscountedUnitPrice"), "undiscountedUnitPrice"),
        image_url=text(mapping(product.get("thumbnail")).get("url")),
    )


def _key(raw: Raw) -> str | None:
    return key_of(raw.get("id"))
