"""Subscription contracts -> orders that never count (docs/decisions/0024)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..canonical import ZERO, Line, Order, OrderStatus, Subscription
from ..reading import FieldError, identifier, mapping, moment, money, objects, text
from .ids import SUBSCRIPTION, number

Raw = Mapping[str, Any]
_SIX = Decimal("0.000001")
RUNNING = "ACTIVE"  # the only state in which a next payment is due, whatever date the contract still has


def subscription(raw: Raw, received_at: datetime) -> list[Order]:
    """A contract with its terms. Raises FieldError."""
    key = identifier(number(raw.get("id")), "id")
    currency = text(raw.get("currencyCode"))
    created = moment(raw.get("createdAt"), "createdAt")
    if currency is None or created is None:
        field = "createdAt" if currency else "currencyCode"
        raise FieldError(field, f"{field} is missing: the subscription says too little.")
    customer, policy = mapping(raw.get("customer")), mapping(raw.get("billingPolicy"))
    status, interval = text(raw.get("status")) or "", policy.get("intervalCount")
    lines = tuple(_line(each) for each in objects(mapping(raw.get("lines")).get("nodes"), "lines"))
    shipping = _amount(raw, "deliveryPrice")
    terms = Subscription(
        period=(text(policy.get("interval")) or "").lower() or None,
        interval=interval if isinstance(interval, int) else None,
        parent_id=number(mapping(raw.get("originOrder")).get("id")),
        next_payment_at=moment(raw.get("nextBillingDate"), "nextBillingDate") if status == RUNNING else None,
    )
    return [
        Order(
            external_id=SUBSCRIPTION + key,
            number=key,
            status=OrderStatus.IGNORED,
            status_raw=status,
            currency=currency.upper(),
            total=sum((line.total for line in lines), shipping),
            placed_at=created,
            updated_at=moment(raw.get("updatedAt"), "updatedAt") or created,
            shipping=shipping,
            customer_id=number(customer.get("id")),
            email=text(mapping(customer.get("defaultEmailAddress")).get("emailAddress")),
            lines=lines,
            subscription=terms,
        )
    ]


def _line(raw: Raw) -> Line:
    quantity = money(raw.get("quantity"), "lines.quantity")
    price = _amount(raw, "currentPrice")
    return Line(
        name=" - ".join(part for each in ("title", "variantTitle") if (part := text(raw.get(each)))),
        quantity=quantity,
        total=(price * quantity).quantize(_SIX),
        product_id=number(raw.get("productId")),
        variant_id=number(raw.get("variantId")),
        sku=text(raw.get("sku")),
        price=price,
    )


def _amount(raw: Raw, name: str) -> Decimal:
    held = raw.get(name)
    return ZERO if held is None else money(mapping(held).get("amount"), name)
