"""Magento's quotes as carts.

The list has neither totals nor discounts; `MagentoClient.with_totals` puts those of carts with an identity in as
``_totals``, in the cart's own currency. There ``grand_total`` is without tax (the gross one stands among the
segments). Without totals a line's price is net and in the base currency. ``customer_is_guest`` is not to be
believed: a cart is an account's when its customer has an id. A guest's e-mail appears at the last step only.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from ..canonical import ZERO, Cart, Line
from ..reading import FieldError, identifier, mapping, objects, reference, text
from .values import Raw, amount, each_price, email_of, time


def cart(raw: Raw, received_at: datetime) -> Cart:
    key = identifier(raw.get("id"), "id")
    created = time(raw, "created_at")
    updated = time(raw, "updated_at") or created
    if updated is None:
        raise FieldError("updated_at", "updated_at is missing: nobody knows when it was touched.")
    customer, billing = mapping(raw.get("customer")), mapping(raw.get("billing_address"))
    account = reference(customer.get("id"))
    email = text(email_of(raw))
    totals = mapping(raw.get("_totals"))
    lines = _with_totals(raw, totals) if totals else _plain(raw)
    money = mapping(raw.get("currency"))
    code = text(money.get("quote_currency_code" if totals else "base_currency_code"))
    total = _gross(totals) if totals else sum((line.total for line in lines), ZERO)
    return Cart(
        external_id=key,
        updated_at=updated,
        currency=code.upper() if code and len(code) == 3 else None,
        total=total,
        subtotal=amount(totals, "subtotal", "_totals.") if totals else total,
        tax=amount(totals, "tax_amount", "_totals."),
        created_at=created,
        customer_id=account,
        email=email,
        phone=text(billing.get("telephone")),
        first_name=text(customer.get("firstname")) or text(billing.get("firstname")),
        last_name=text(customer.get("lastname")) or text(billing.get("lastname")),
        lines=lines,
        checkout=_at_checkout(raw, account, email),
    )


def _gross(totals: Raw) -> Decimal:
    for segment in objects(totals.get("total_segments"), "_totals.total_segments"):
        if segment.get("code") == "grand_total":
            return amount(segment, "value", "_totals.total_segments.")
    return amount(totals, "grand_total", "_totals.") + amount(totals, "tax_amount", "_totals.")


def _at_checkout(raw: Raw, account: str | None, email: str | None) -> bool:
    """A guest whose e-mail is known typed it there; an account chose a way of shipping there."""
    if account is None:
        return email is not None
    extra = mapping(raw.get("extension_attributes"))
    assigned: list[Any] = objects(extra.get("shipping_assignments"), "shipping_assignments")
    return any(text(mapping(each.get("shipping")).get("method")) for each in assigned)


def _with_totals(raw: Raw, totals: Raw) -> tuple[Line, ...]:
    by_item = {str(each.get("item_id")): each for each in objects(totals.get("items"), "_totals.items")}
    found = []
    for item in objects(raw.get("items"), "items"):
        told = by_item.get(str(item.get("item_id")), {})
        quantity = amount(item, "qty", "items.")
        discount = amount(told, "discount_amount", "_totals.items.")
        total = amount(told, "row_total_incl_tax", "_totals.items.") - discount
        tax = amount(told, "tax_amount", "_totals.items.")
        found.append(_line(item, quantity, total, tax, discount))
    return tuple(found)


def _plain(raw: Raw) -> tuple[Line, ...]:
    items = objects(raw.get("items"), "items")
    quantities = [amount(item, "qty", "items.") for item in items]
    return tuple(
        _line(item, quantity, amount(item, "price", "items.") * quantity)
        for item, quantity in zip(items, quantities, strict=True)
    )


def _line(item: Raw, quantity: Decimal, total: Decimal, tax: Decimal = ZERO, discount: Decimal = ZERO) -> Line:
    return Line(
        name=text(item.get("name")) or "",
        quantity=quantity,
        total=total,
        external_id=reference(item.get("item_id")),
        sku=text(item.get("sku")),
        price=each_price(total, quantity),
        tax=tax,
        discount=discount,
    )
