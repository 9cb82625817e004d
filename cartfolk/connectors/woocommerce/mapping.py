"""Raw WooCommerce objects -> canonical records. Pure: no network, no clock of its own.

Decisions: all amounts are gross, so ``discount`` and ``shipping`` include their tax. Fees and shipping are
part of an order's total but not lines: a line is something bought. ``price`` of a line is what one piece
cost, gross after discount (WooCommerce's own ``price`` is a net float). ``no`` in an order's newsletter field
is a box not ticked, no withdrawal; ``no`` with a date on an account is one. Nothing means not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..base import StoreConfig
from ..canonical import (
    ZERO,
    Address,
    Category,
    Consent,
    ConsentStatus,
    Coupon,
    Customer,
    Deleted,
    Line,
    Mapped,
    Order,
    OrderStatus,
    Product,
    Record,
    Refund,
    Subscription,
)
from ..reading import FieldError, identifier, mapping, moment, money, objects, reference, text
from ..rows import read_rows, statuses
from . import meta
from .info import INFO

Raw = Mapping[str, Any]
_YES = frozenset({"yes", "1", "true", "on", "subscribed"})
_NO = frozenset({"no", "0", "false", "off", "unsubscribed"})
_SIX = Decimal("0.000001")
CONSENT_KEYS = {"_newsletter_optin": "_newsletter_optin_date"}
_KINDS = {
    "customers": "customer",
    "orders": "order",
    "subscriptions": "order",
    "products": "product",
    "categories": "category",
    "coupons": "coupon",
}


class Reader:
    """Reads one store's objects: its time zone, its map of order states, its newsletter fields."""

    def __init__(self, config: StoreConfig) -> None:
        self.zone = config.timezone
        self.home = config.home_currency
        self.statuses = statuses(INFO, config)
        keys = config.settings.get("consent_keys", CONSENT_KEYS)
        self.consent_keys = dict(keys) if isinstance(keys, dict) else {key: f"{key}_date" for key in keys}
        self._readers: dict[str, Callable[[Raw, datetime], list[Record]]] = {
            "customers": self._customer,
            "orders": self._order,
            "subscriptions": self._subscription,
            "products": self._product,
            "categories": self._category,
            "coupons": self._coupon,
        }

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        """One delivery: a list of objects, or the single object of a webhook."""
        kind, reader = _KINDS[stream], self._readers[stream]

        def each(raw: Raw, received_at: datetime) -> list[Record]:
            if raw.keys() == {"id"}:
                return [Deleted(kind, identifier(raw["id"], "id"), received_at)]
            _refuse_errors(raw)
            return reader(raw, received_at)

        return read_rows(kind, body, received_at, each, own_text=True)

    # -- people

    def _customer(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        created = self._time(raw, "date_created")
        billing = _address(raw.get("billing"))
        email = text(raw.get("email"))
        role = text(raw.get("role"))
        record = Customer(
            external_id=key,
            email=email,
            updated_at=self._time(raw, "date_modified") or created or received_at,
            created_at=created,
            first_name=text(raw.get("first_name")),
            last_name=text(raw.get("last_name")),
            company=billing.company if billing else None,
            phone=billing.phone if billing else None,
            groups=(role,) if role else (),
            billing=billing,
            shipping=_address(raw.get("shipping")),
        )
        found = meta.by_key(raw)
        return [record, *self._consents(found, email, key, {"customer": key}, "account", True)]

    def _consents(
        self,
        told: Raw,
        email: str | None,
        customer: str | None,
        evidence: Mapping[str, str],
        source: str,
        may_withdraw: bool,
    ) -> list[Record]:
        found: list[Record] = []
        for key, date_key in self.consent_keys.items():
            if key not in told or not (email or customer):
                continue
            answer = str(told[key]).strip().lower()
            granted = answer in _YES
            if not granted and not (may_withdraw and answer in _NO):
                continue
            at = meta.consent_time(told.get(date_key), date_key)
            if at is None:
                continue  # without a date it is no evidence
            status = ConsentStatus.GRANTED if granted else ConsentStatus.WITHDRAWN
            proof = {"key": key, **evidence}
            found.append(Consent(status, at, source, email=email, customer_id=customer, evidence=proof))
        return found

    # -- orders

    def _order(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        status_raw = text(raw.get("status"))
        if status_raw is None:
            raise FieldError("status", "status is missing: the order cannot be judged.")
        status_raw = status_raw.removeprefix("wc-")
        updated = self._time(raw, "date_modified")
        placed = self._time(raw, "date_created") or updated
        if placed is None:
            raise FieldError("date_created_gmt", "date_created_gmt is missing: nobody knows when it was placed.")
        currency = text(raw.get("currency"))
        if currency is None or len(currency) != 3:
            raise FieldError("currency", f"currency is not a code of three letters but {currency!r}.")
        currency = currency.upper()
        billing_raw = mapping(raw.get("billing"))
        billing = _address(billing_raw)
        email = text(billing_raw.get("email"))
        customer = reference(raw.get("customer_id"))
        found = meta.by_key(raw)
        paid, completed = self._time(raw, "date_paid"), self._time(raw, "date_completed")
        number, url, carrier, shipped = meta.tracking(found)
        if "total" not in raw:
            raise FieldError("total", "total is missing: the order has no value.")
        order = Order(
            external_id=key,
            number=text(raw.get("number")) or key,
            status=self.statuses.get(status_raw, OrderStatus.PENDING),
            status_raw=status_raw,
            currency=currency,
            total=money(raw["total"], "total"),
            placed_at=placed,
            updated_at=updated or placed,
            tax=money(raw.get("total_tax"), "total_tax"),
            shipping=money(raw.get("shipping_total"), "shipping_total")
            + money(raw.get("shipping_tax"), "shipping_tax"),
            discount=money(raw.get("discount_total"), "discount_total")
            + money(raw.get("discount_tax"), "discount_tax"),
            rate=Decimal(1) if currency == self.home else meta.rate(found),
            paid_at=paid,
            completed_at=completed,
            customer_id=customer,
            email=email,
            phone=billing.phone if billing else None,
            billing=billing,
            shipping_address=_address(raw.get("shipping")),
            lines=tuple([_line(each) for each in objects(raw.get("line_items"), "line_items")]),
            refunds=self._refunds(raw),
            coupons=tuple(
                code for each in objects(raw.get("coupon_lines"), "coupon_lines") if (code := text(each.get("code")))
            ),
            payment_method=text(raw.get("payment_method_title")) or text(raw.get("payment_method")),
            cart_id=text(found.get("_cartfolk_cart")),
            fulfilment_status={"completed": "fulfilled", "processing": "unfulfilled"}.get(status_raw),
            tracking_number=number,
            tracking_url=url,
            tracking_carrier=carrier,
            shipped_at=shipped,
            attribution=meta.attribution(found),
            renewal_of=reference(found.get("_subscription_renewal")),
        )
        if order.status is OrderStatus.IGNORED:
            return [order]
        return [order, *self._consents(found, email, customer, {"order": key}, "checkout", False)]

    def _subscription(self, raw: Raw, received_at: datetime) -> list[Record]:
        """The plugin writes a subscription as an order with a schedule; unset times are empty texts."""
        order = self._order(raw, received_at)[0]
        assert isinstance(order, Order)
        interval = text(raw.get("billing_interval"))
        terms = Subscription(
            period=text(raw.get("billing_period")),
            interval=int(interval) if interval and interval.isdecimal() and len(interval) < 5 else None,
            parent_id=reference(raw.get("parent_id")),
            trial_ends_at=self._time(raw, "trial_end_date"),
            next_payment_at=self._time(raw, "next_payment_date"),
            ends_at=self._time(raw, "end_date"),
        )
        return [replace(order, status=OrderStatus.IGNORED, subscription=terms, refunds=(), cart_id=None)]

    def _refunds(self, raw: Raw) -> tuple[Refund, ...]:
        stubs = objects(raw.get("refunds"), "refunds")
        if not stubs:
            return ()
        full = {str(each.get("id")): each for each in objects(raw.get("_refunds"), "_refunds")}
        found = []
        for stub in stubs:
            key = identifier(stub.get("id"), "refunds.id")
            known: Raw = full.get(key, {})
            # A stub's total is negative, the refund's own amount positive.
            amount = abs(money(known.get("amount", stub.get("total")), "refunds.total"))
            reason = text(known.get("reason") or stub.get("reason"))
            found.append(Refund(key, amount, self._time(known, "date_created"), reason))
        return tuple(found)

    # -- goods

    def _product(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        images = objects(raw.get("images"), "images")
        price = raw.get("price")
        return [
            Product(
                external_id=key,
                name=text(raw.get("name")) or f"#{key}",
                updated_at=self._time(raw, "date_modified") or self._time(raw, "date_created") or received_at,
                slug=text(raw.get("slug")),
                sku=text(raw.get("sku")),
                type=text(raw.get("type")),
                categories=tuple(
                    slug for each in objects(raw.get("categories"), "categories") if (slug := text(each.get("slug")))
                ),
                brand=next(
                    (name for each in objects(raw.get("brands"), "brands") if (name := text(each.get("name")))), None
                ),
                tags=tuple(name for each in objects(raw.get("tags"), "tags") if (name := text(each.get("name")))),
                url=text(raw.get("permalink")),
                image_url=text(images[0].get("src")) if images else None,
                price=None if price in (None, "") else money(price, "price"),
                parent_id=reference(raw.get("parent_id")),
            )
        ]

    def _category(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        slug = text(raw.get("slug")) or key
        return [Category(key, text(raw.get("name")) or slug, slug, reference(raw.get("parent")))]

    def _coupon(self, raw: Raw, received_at: datetime) -> list[Record]:
        code = text(raw.get("code"))
        if code is None:
            raise FieldError("code", "code is missing: a coupon is known by its code.")
        return [
            Coupon(
                external_id=identifier(raw.get("id"), "id"),
                code=code,
                updated_at=self._time(raw, "date_modified") or self._time(raw, "date_created") or received_at,
                kind=text(raw.get("discount_type")),
                amount=money(raw.get("amount"), "amount"),
            )
        ]

    def _time(self, raw: Raw, name: str) -> datetime | None:
        """``<name>_gmt``, else the shop-local one."""
        gmt = raw.get(f"{name}_gmt")
        if gmt:
            return moment(gmt, f"{name}_gmt")
        return moment(raw.get(name), name, self.zone)


def _refuse_errors(raw: Raw) -> None:
    if "code" in raw and "message" in raw and "id" not in raw:
        reason = f"The shop sent an error instead of the object ({text(raw['code'])}): check the webhook's user."
        raise FieldError("id", reason)


def _address(raw: Any) -> Address | None:
    if not isinstance(raw, dict):
        return None
    get = raw.get
    country = text(get("country"))
    address = Address(
        text(get("first_name")),
        text(get("last_name")),
        text(get("company")),
        text(get("address_1")),
        text(get("address_2")),
        text(get("city")),
        text(get("state")),
        text(get("postcode")),
        country.upper() if country and len(country) == 2 else None,
        text(get("phone")),
    )
    return None if address == _NOWHERE else address


_NOWHERE = Address()


def _line(raw: Raw) -> Line:
    tax = money(raw.get("total_tax"), "line_items.total_tax")
    total = money(raw.get("total"), "line_items.total") + tax
    before = money(raw.get("subtotal"), "line_items.subtotal")
    before += money(raw.get("subtotal_tax"), "line_items.subtotal_tax")
    quantity = money(raw.get("quantity"), "line_items.quantity")
    price = None
    if quantity:
        price = total if quantity == 1 else total / quantity
        if price.as_tuple().exponent < -6:  # type: ignore[operator]
            price = price.quantize(_SIX)
    image = raw.get("image")
    return Line(
        name=text(raw.get("name")) or "",
        quantity=quantity,
        total=total,
        external_id=reference(raw.get("id")),
        product_id=reference(raw.get("product_id")),
        variant_id=reference(raw.get("variation_id")),
        sku=text(raw.get("sku")),
        price=price,
        tax=tax,
        discount=before - total if "subtotal" in raw else ZERO,
        image_url=text(image.get("src")) if isinstance(image, dict) else None,
    )
