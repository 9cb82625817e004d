"""Canonical records as rows, ready for COPY.

Column tuples name a table's columns in the order the row functions fill them. Text is made storable on
the way: PostgreSQL takes neither NUL characters nor half surrogate pairs, and one of them in a product
name must not stop a page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from cartfolk.connectors.canonical import Address, Attribution, Cart, Consent, Customer, Line, Order, Subscription
from cartfolk.identity import normalise

Row = tuple[Any, ...]

CUSTOMER = (
    "contact_id", "store_id", "external_id", "version", "received_at", "email", "first_name", "last_name",
    "company", "phone", "groups", "registered", "language", "created_at", "billing", "shipping",
)  # fmt: skip
ORDERS = (
    "contact_id", "order_id", "store_id", "external_id", "version", "received_at", "number", "status",
    "status_raw", "fulfilment_status", "currency", "total", "tax", "shipping", "discount", "refunded",
    "rate", "rate_version", "detail", "placed_at", "paid_at", "completed_at", "customer_id", "email",
    "first_name", "last_name", "phone", "billing", "shipping_address", "coupons", "payment_method",
    "cart_token", "tracking_number", "tracking_url", "tracking_carrier", "shipped_at", "attribution",
    "subscription", "renewal_of",
)  # fmt: skip
ORDER_LINE = (
    "contact_id", "order_id", "position", "store_id", "product_id", "variant_id", "sku", "name", "quantity",
    "price", "total", "tax", "discount", "url", "image_url",
)  # fmt: skip
REFUND = ("contact_id", "order_id", "external_id", "amount", "created_at", "reason")
CART = (
    "contact_id", "cart_id", "store_id", "external_id", "version", "received_at", "created_at", "total",
    "subtotal", "tax", "url", "detail",
)  # fmt: skip
CART_LINE = (
    "contact_id", "cart_id", "position", "product_id", "variant_id", "sku", "name", "quantity", "price",
    "total", "tax", "url", "image_url",
)  # fmt: skip
CART_EVENT = (
    "contact_id", "cart_id", "at", "kind", "received_at", "identified", "checkout", "has_lines", "total",
    "created_at", "known",
)  # fmt: skip
CONSENT_EVENT = (
    "contact_id", "store_id", "channel", "purpose", "at", "status", "source", "email", "wording",
    "evidence", "received_at", "guest",
)  # fmt: skip

_ADDRESS = tuple(field.name for field in fields(Address))
_ATTRIBUTION = tuple(field.name for field in fields(Attribution))
_SUBSCRIPTION = tuple(field.name for field in fields(Subscription))
_ZERO = Decimal(0)
_JSON = json.JSONEncoder(ensure_ascii=False, default=str)
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")


def clean(value: str | None) -> str | None:
    """The text without what PostgreSQL cannot store."""
    if value is None:
        return None
    if value.isascii():
        return value.replace("\0", "") if "\0" in value else value
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _clean_any(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): _clean_any(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean_any(item) for item in value]
    return value


def as_json(value: Any) -> str:
    """JSON text for a jsonb column; Decimals and times as text."""
    text = _JSON.encode(value)
    # A NUL is written as \\u0000, half a surrogate pair stands as it is: look closer only then.
    if "\\u" in text or not (text.isascii() or _HALF_PAIR.search(text) is None):
        return _JSON.encode(_clean_any(value))
    return text


def _filled(value: Any, names: tuple[str, ...]) -> str | None:
    found = {name: item for name in names if (item := getattr(value, name)) not in (None, "")}
    return as_json(found) if found else None


def _array(values: tuple[str, ...]) -> Any:
    return [clean(value) for value in values] if values else "{}"


def _email(value: str | None) -> str | None:
    return normalise.email(clean(value) or "") if value else None


def _fingerprint(*parts: object) -> int:
    digest = blake2b(repr(parts).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _line_parts(line: Line) -> tuple[object, ...]:
    return (line.product_id, line.variant_id, line.sku, line.name, str(line.quantity), str(line.total),
            str(line.price), str(line.tax), str(line.discount), line.url, line.image_url)  # fmt: skip


def customer_row(c: Customer, contact_id: int, store_id: int, received_at: datetime) -> Row:
    return (
        contact_id, store_id, clean(c.external_id), c.updated_at, received_at, clean(c.email),
        clean(c.first_name), clean(c.last_name), clean(c.company), clean(c.phone), _array(c.groups),
        c.registered, clean(c.language), c.created_at,
        _filled(c.billing, _ADDRESS) if c.billing else None,
        _filled(c.shipping, _ADDRESS) if c.shipping else None,
    )  # fmt: skip


def order_row(o: Order, contact_id: int, order_id: int, store_id: int, received_at: datetime, status: str) -> Row:
    """``status`` is ours after the owner's own map; ``refunded`` is the sum of the order's refunds."""
    billing = _filled(o.billing, _ADDRESS) if o.billing else None
    if o.shipping_address is None:
        shipping = None
    elif o.shipping_address == o.billing:
        shipping = billing
    else:
        shipping = _filled(o.shipping_address, _ADDRESS)
    named = o.billing if o.billing and (o.billing.first_name or o.billing.last_name) else o.shipping_address
    detail = _fingerprint(
        [_line_parts(line) for line in o.lines],
        sorted((r.external_id, str(r.amount), str(r.reason)) for r in o.refunds) if o.refunds else (),
    )
    return (
        contact_id, order_id, store_id, clean(o.external_id), o.updated_at, received_at, clean(o.number),
        status, clean(o.status_raw), clean(o.fulfilment_status), o.currency, o.total, o.tax, o.shipping,
        o.discount, sum((r.amount for r in refunds_of(o)), _ZERO), o.rate,
        None if o.rate is None else o.updated_at, detail, o.placed_at, o.paid_at, o.completed_at,
        clean(o.customer_id), _email(o.email), clean(named.first_name) if named else None,
        clean(named.last_name) if named else None, clean(o.phone), billing, shipping, _array(o.coupons),
        clean(o.payment_method), clean(o.cart_id), clean(o.tracking_number), clean(o.tracking_url),
        clean(o.tracking_carrier), o.shipped_at,
        _filled(o.attribution, _ATTRIBUTION) if o.attribution else None,
        (_filled(o.subscription, _SUBSCRIPTION) or "{}") if o.subscription else None, clean(o.renewal_of),
    )  # fmt: skip


def refunds_of(order: Order) -> list[Any]:
    """The order's refunds, each id once (the last report of it)."""
    if len(order.refunds) < 2:
        return list(order.refunds)
    return list({refund.external_id: refund for refund in order.refunds}.values())


def order_line_row(line: Line, contact_id: int, order_id: int, position: int, store_id: int) -> Row:
    return (
        contact_id, order_id, position, store_id, clean(line.product_id), clean(line.variant_id),
        clean(line.sku), clean(line.name), line.quantity, line.price, line.total, line.tax, line.discount,
        clean(line.url), clean(line.image_url),
    )  # fmt: skip


def cart_kind(cart: Cart) -> str:
    """What happened at this moment: recovered > emptied > checkout > updated."""
    if cart.recovered:
        return "recovered"
    if not cart.lines:
        return "emptied"
    return "checkout" if cart.checkout else "updated"


def cart_row(c: Cart, contact_id: int, cart_id: int, store_id: int, received_at: datetime) -> Row:
    return (
        contact_id, cart_id, store_id, clean(c.external_id), c.updated_at, received_at,
        c.created_at or c.updated_at, c.total, c.subtotal, c.tax, clean(c.url),
        _fingerprint([_line_parts(line) for line in c.lines]),
    )  # fmt: skip


def cart_event_row(c: Cart, contact_id: int, cart_id: int, received_at: datetime) -> Row:
    known = {
        "email": _email(c.email), "phone": c.phone, "customer_id": c.customer_id,
        "first_name": c.first_name, "last_name": c.last_name, "order_external_id": c.order_id,
        "currency": c.currency,
        "attribution": {name: value for name in _ATTRIBUTION if (value := getattr(c.attribution, name))}
        if c.attribution else None,
    }  # fmt: skip
    return (
        contact_id, cart_id, c.updated_at, cart_kind(c), received_at,
        bool(c.email or c.phone or c.customer_id), c.checkout and bool(c.lines), bool(c.lines), c.total,
        c.created_at or c.updated_at, as_json({name: value for name, value in known.items() if value}),
    )  # fmt: skip


def cart_line_row(line: Line, contact_id: int, cart_id: int, position: int) -> Row:
    return (
        contact_id, cart_id, position, clean(line.product_id), clean(line.variant_id), clean(line.sku),
        clean(line.name), line.quantity, line.price, line.total, line.tax, clean(line.url),
        clean(line.image_url),
    )  # fmt: skip


def consent_row(c: Consent, contact_id: int, store_id: int, received_at: datetime) -> Row:
    return (
        contact_id, store_id, c.channel, c.purpose, c.at, str(c.status), clean(c.source), _email(c.email),
        clean(c.wording), as_json(dict(c.evidence)), received_at,
        "" if c.customer_id else _email(c.email) or "",
    )  # fmt: skip
