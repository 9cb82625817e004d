"""Values inside Saleor's objects: money, addresses, ids, and what happened to an order's money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..canonical import ZERO, Address, Refund
from ..reading import FieldError, mapping, moment, objects, text
from ..reading import money as plain_money
from .client import split_id

Raw = Mapping[str, Any]


def amount_of(value: Any, field: str) -> Decimal | None:
    """A Money object, exactly: whole fractions where they are told, else the float's own digits. Raises FieldError."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise FieldError(field, f"{field} is not an amount of money but {str(value)[:40]}.")
    fractions, digits = value.get("fractionalAmount"), value.get("fractionDigits")
    unit = Decimal(1).scaleb(-digits) if isinstance(digits, int) and 0 <= digits <= 6 else None
    if unit is not None and isinstance(fractions, int):
        return fractions * unit
    amount = plain_money(value.get("amount"), field)
    return amount if unit is None else amount.quantize(unit)


def part_of(raw: Raw, field: str, part: str) -> Decimal | None:
    """A part (gross, net, tax) of a price. Raises FieldError."""
    value = raw.get(field)
    if value is not None and not isinstance(value, dict):
        raise FieldError(field, f"{field} is not an amount of money but {str(value)[:40]}.")
    return amount_of(mapping(value).get(part), field)


def currency_of(value: Any) -> str:
    currency = text(mapping(value).get("currency"))
    if currency is None or len(currency) != 3:
        raise FieldError("total", f"total is not an amount of money but {str(value)[:40]}.")
    return currency.upper()


def address_of(raw: Any) -> Address | None:
    if not isinstance(raw, dict):
        return None
    country = text(mapping(raw.get("country")).get("code"))
    address = Address(
        text(raw.get("firstName")),
        text(raw.get("lastName")),
        text(raw.get("companyName")),
        text(raw.get("streetAddress1")),
        text(raw.get("streetAddress2")),
        text(raw.get("city")),
        text(raw.get("countryArea")),
        text(raw.get("postalCode")),
        country.upper() if country and len(country) == 2 else None,
        text(raw.get("phone")),
    )
    return None if address == Address() else address


def key_of(value: Any) -> str | None:
    """The key inside a global id; None if there is none."""
    return split_id(value)[1] or None


def own_key(raw: Raw, type_name: str) -> str:
    """The record's own id. Raises FieldError."""
    found, key = split_id(raw.get("id"))
    if found != type_name:
        raise FieldError("id", f"id is missing or not an id: {str(raw.get('id'))[:40]}.")
    return key


# -- payments and refunds

Event = tuple[str, str, datetime | None, Decimal]  # paid | refunded | reversed, id, when, how much


def events_of(raw: Raw) -> list[Event]:
    """What really happened to the money, in both of Saleor's ways of keeping it."""
    kinds = {"CHARGE_SUCCESS": "paid", "REFUND_SUCCESS": "refunded", "REFUND_REVERSE": "reversed"}
    old_kinds = {"CAPTURE": "paid", "REFUND": "refunded"}
    found: list[Event] = []
    for transaction in objects(raw.get("transactions"), "transactions"):
        for each in objects(transaction.get("events"), "events"):
            if kind := kinds.get(str(each.get("type"))):
                at = moment(each.get("createdAt"), "events.createdAt")
                found.append((kind, key_of(each.get("id")) or "", at, amount_of(each.get("amount"), "events") or ZERO))
    for payment in objects(raw.get("payments"), "payments"):
        for each in objects(payment.get("transactions"), "transactions"):
            kind = old_kinds.get(str(each.get("kind")), "")
            if kind and each.get("isSuccess"):
                at = moment(each.get("created"), "payments.created")
                key = f"p{key_of(each.get('id')) or ''}"
                found.append((kind, key, at, amount_of(each.get("amount"), "payments") or ZERO))
    return found


def refunds_of(raw: Raw, key: str, events: list[Event]) -> tuple[Refund, ...]:
    reasons = {}
    for granted in objects(raw.get("grantedRefunds"), "grantedRefunds"):
        for each in objects(granted.get("transactionEvents"), "transactionEvents"):
            reasons[key_of(each.get("id"))] = text(granted.get("reason"))
    found: list[Refund] = []
    for kind, event, at, amount in sorted(events, key=lambda each: each[0] == "reversed"):
        if kind == "refunded" and amount > 0:
            found.append(Refund(event or f"{key}:{len(found)}", amount, at, reasons.get(event)))
        elif kind == "reversed":  # the bank took it back: the refund of that amount never was
            same = next((place for place, each in enumerate(found) if each.amount == amount), None)
            if same is not None:
                del found[same]
    told = amount_of(raw.get("totalRefunded"), "totalRefunded") or ZERO
    rest = told - sum((each.amount for each in found), ZERO)
    if rest > 0:
        found.append(Refund(f"{key}:rest", rest, moment(raw.get("updatedAt"), "updatedAt")))
    return tuple(found)


def method_of(payment: Raw) -> str | None:
    return text(payment.get("gateway")) or text(payment.get("name"))
