"""What each kind of envelope may hold, and the canonical record it becomes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop as _n

from cartfolk.connectors.canonical import (
    ZERO,
    Address,
    Attribution,
    Cart,
    Consent,
    ConsentStatus,
    Customer,
    Line,
    Order,
    OrderStatus,
    Record,
    Refund,
)

from .fields import Fields, Wrong


def _address(fields: Fields | None) -> Address | None:
    if fields is None:
        return None
    names = (
        "first_name", "last_name", "company", "line1", "line2", "city", "state", "postal_code", "country", "phone",
    )  # fmt: skip
    fields.only(*names)
    country = fields.text("country", limit=2)
    if country is not None and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise Wrong(fields.path("country"), _n("is %(value)r, no two-letter code of ISO 3166 like DE"), value=country)
    values = {name: fields.text(name, limit=300) for name in names}
    return Address(**values | {"country": country.upper() if country else None})


def _url(fields: Fields, name: str) -> str | None:
    """A web address; anything else could become a script behind a link."""
    value = fields.text(name)
    if value is None:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise Wrong(fields.path(name), _n("must be a web address that begins with http:// or https://"))
    return value


def _line(fields: Fields) -> Line:
    fields.only(
        "id", "product_id", "variant_id", "sku", "name", "quantity", "price", "total", "tax", "discount", "url",
        "image_url",
    )  # fmt: skip
    quantity = fields.number("quantity", Decimal(1))
    price = fields.number("price", ZERO) if fields.value("price") is not None else None
    total = fields.number("total", None if price is None else price * quantity)
    return Line(
        name=fields.need("name", 500),
        quantity=quantity,
        total=total,
        external_id=fields.text("id", limit=200),
        product_id=fields.text("product_id", limit=200),
        variant_id=fields.text("variant_id", limit=200),
        sku=fields.text("sku", limit=200),
        price=price,
        tax=fields.number("tax", ZERO),
        discount=fields.number("discount", ZERO),
        url=_url(fields, "url"),
        image_url=_url(fields, "image_url"),
    )


def _attribution(fields: Fields) -> Attribution | None:
    """From ``utm``, ``referrer`` and ``page_url``; None when nothing is known."""
    referrer, page = fields.text("referrer"), fields.text("page_url")
    utm = fields.inner("utm")
    source = medium = campaign = None
    if utm is not None:
        utm.only("source", "medium", "campaign", "term", "content")
        source, medium, campaign = (utm.text(name, limit=300) for name in ("source", "medium", "campaign"))
    if not (referrer or page or source or medium or campaign):
        return None
    kind = "utm" if source else "referral" if referrer else "typein"
    return Attribution(
        source_type=kind, source=source, medium=medium, campaign=campaign, referrer=referrer, entry_url=page
    )


_CART = (
    "cart_id", "email", "phone", "customer_id", "first_name", "last_name", "currency", "total", "subtotal", "tax",
    "url", "order_id", "lines", "page_url", "referrer", "utm", "recovered", "created_at",
)  # fmt: skip


def _cart(fields: Fields, at: datetime, *, checkout: bool, signed: bool = True) -> list[Record]:
    fields.only(*_CART)
    lines = tuple(_line(one) for one in fields.each("lines"))
    total = fields.number("total", sum((line.total for line in lines), ZERO))
    return [
        Cart(
            external_id=fields.need("cart_id"),
            updated_at=at,
            currency=fields.currency("currency", required=bool(lines)),
            total=total,
            subtotal=fields.number("subtotal", total),
            tax=fields.number("tax", ZERO),
            created_at=fields.time("created_at") if signed else None,
            # Nobody signed what the script says: it may name an address somebody typed, never an account
            # or an order.
            customer_id=fields.text("customer_id", limit=200) if signed else None,
            email=fields.email("email"),
            phone=fields.text("phone", limit=60),
            first_name=fields.text("first_name", limit=200),
            last_name=fields.text("last_name", limit=200),
            url=_url(fields, "url"),
            lines=lines,
            checkout=checkout,
            recovered=fields.flag("recovered") and signed,
            order_id=fields.text("order_id", limit=200) if signed else None,
            attribution=_attribution(fields),
        )
    ]


def cart(fields: Fields, at: datetime) -> list[Record]:
    return _cart(fields, at, checkout=False)


def checkout(fields: Fields, at: datetime) -> list[Record]:
    return _cart(fields, at, checkout=True)


def customer(fields: Fields, at: datetime) -> list[Record]:
    fields.only(
        "customer_id", "email", "created_at", "first_name", "last_name", "company", "phone", "groups", "registered",
        "language", "billing", "shipping",
    )  # fmt: skip
    return [
        Customer(
            external_id=fields.need("customer_id"),
            email=fields.email("email"),
            updated_at=at,
            created_at=fields.time("created_at"),
            first_name=fields.text("first_name", limit=200),
            last_name=fields.text("last_name", limit=200),
            company=fields.text("company", limit=300),
            phone=fields.text("phone", limit=60),
            groups=fields.texts("groups"),
            registered=fields.flag("registered", True),
            language=fields.text("language", limit=20),
            billing=_address(fields.inner("billing")),
            shipping=_address(fields.inner("shipping")),
        )
    ]


def _refund(fields: Fields) -> Refund:
    fields.only("id", "amount", "created_at", "reason")
    return Refund(
        fields.need("id"),
        fields.number("amount"),
        fields.time("created_at"),
        fields.text("reason", limit=1000),
    )


def order(fields: Fields, at: datetime) -> list[Record]:
    fields.only(
        "order_id", "number", "status", "status_raw", "currency", "total", "placed_at", "tax", "shipping", "discount",
        "rate", "paid_at", "completed_at", "customer_id", "email", "phone", "billing", "shipping_address", "lines",
        "refunds", "coupons", "payment_method", "cart_id", "fulfilment_status", "tracking_number", "tracking_url",
        "tracking_carrier", "shipped_at", "page_url", "referrer", "utm",
    )  # fmt: skip
    external_id = fields.need("order_id")
    status = fields.choice("status", tuple(OrderStatus))
    rate = fields.number("rate", ZERO)
    placed_at = fields.time("placed_at", required=True)
    assert placed_at is not None
    return [
        Order(
            external_id=external_id,
            number=fields.text("number", limit=200) or external_id,
            status=OrderStatus(status),
            status_raw=fields.text("status_raw", limit=100) or status,
            currency=fields.currency("currency", required=True) or "",
            total=fields.number("total"),
            placed_at=placed_at,
            updated_at=at,
            tax=fields.number("tax", ZERO),
            shipping=fields.number("shipping", ZERO),
            discount=fields.number("discount", ZERO),
            rate=rate or None,
            paid_at=fields.time("paid_at"),
            completed_at=fields.time("completed_at"),
            customer_id=fields.text("customer_id", limit=200),
            email=fields.email("email"),
            phone=fields.text("phone", limit=60),
            billing=_address(fields.inner("billing")),
            shipping_address=_address(fields.inner("shipping_address")),
            lines=tuple(_line(one) for one in fields.each("lines", 2000)),
            refunds=tuple(_refund(one) for one in fields.each("refunds")),
            coupons=fields.texts("coupons"),
            payment_method=fields.text("payment_method", limit=200),
            cart_id=fields.text("cart_id", limit=200),
            fulfilment_status=fields.text("fulfilment_status", limit=100),
            tracking_number=fields.text("tracking_number", limit=200),
            tracking_url=_url(fields, "tracking_url"),
            tracking_carrier=fields.text("tracking_carrier", limit=200),
            shipped_at=fields.time("shipped_at"),
            attribution=_attribution(fields),
        )
    ]


def consent(fields: Fields, at: datetime) -> list[Record]:
    fields.only("status", "source", "email", "customer_id", "phone", "channel", "purpose", "wording", "evidence", "at")
    email = fields.email("email")
    customer_id, phone = fields.text("customer_id", limit=200), fields.text("phone", limit=60)
    if not (email or customer_id or phone):
        raise Wrong(fields.path("email"), _n("is missing; name the person by email, customer_id or phone"))
    evidence = fields.value("evidence")
    if evidence is not None and not isinstance(evidence, dict):
        raise Wrong(fields.path("evidence"), _n("is no JSON object"))
    return [
        Consent(
            status=ConsentStatus(fields.choice("status", tuple(ConsentStatus))),
            at=fields.time("at") or at,
            source=fields.need("source"),
            email=email,
            customer_id=customer_id,
            phone=phone,
            channel=fields.text("channel", limit=40) or "email",
            purpose=fields.text("purpose", limit=80) or "marketing",
            wording=fields.text("wording", limit=4000),
            evidence={key: str(value)[:1000] for key, value in (evidence or {}).items()},
        )
    ]


SHAPES: dict[str, Callable[[Fields, datetime], list[Record]]] = {
    "cart": cart, "checkout": checkout, "customer": customer, "order": order, "consent": consent,
}  # fmt: skip
TRACKED: dict[str, Callable[[Fields, datetime], list[Record]]] = {
    "cart": lambda fields, at: _cart(fields, at, checkout=False, signed=False),
    "checkout": lambda fields, at: _cart(fields, at, checkout=True, signed=False),
}
