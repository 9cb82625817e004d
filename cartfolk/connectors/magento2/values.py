"""Single values as Magento writes them: amounts, flags, times, addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..canonical import Address
from ..reading import FieldError, mapping, moment, money, objects, reference, text

Raw = Mapping[str, Any]
_PLACES = Decimal("0.0001")  # its columns have four decimals
_SIX = Decimal("0.000001")
_NOWHERE = Address()
MANUFACTURER = "manufacturer"  # the attribute Magento comes with for who made a product


def amount(raw: Raw, name: str, inside: str = "") -> Decimal:
    """An amount or number: JSON int or float, or text from older modules; absent is zero. PHP writes a float as it
    is in memory (28.799999999999997): what is behind the fourth decimal was never in the shop."""
    found = money(raw.get(name), inside + name)
    exponent = found.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -4:
        found = found.quantize(_PLACES).normalize()
        return found.quantize(Decimal(1)) if found == found.to_integral_value() else found
    return found


def each_price(total: Decimal, quantity: Decimal) -> Decimal | None:
    """What one piece cost; None for nothing."""
    if not quantity:
        return None
    price = total if quantity == 1 else total / quantity
    exponent = price.as_tuple().exponent
    return price.quantize(_SIX) if isinstance(exponent, int) and exponent < -6 else price


def flag(value: Any) -> bool:
    """true, 1 and "1"."""
    return value in (True, 1, "1")


def time(raw: Raw, name: str) -> datetime | None:
    """Naive UTC with a space; MySQL's zero date is nothing."""
    value = raw.get(name)
    if isinstance(value, str) and value.startswith("0000-00-00"):
        return None
    if value is not None and not isinstance(value, str):
        raise FieldError(name, f"{name} is not a time but {str(value)[:40]!r}.")
    return moment(value, name)


def country_of(value: Any) -> str | None:
    code = text(value)
    return code.upper() if code and len(code) == 2 else None


def address(raw: Any) -> Address | None:
    """An address of an order, a customer or a cart; the street is a list of lines, the region text or object."""
    if not isinstance(raw, dict):
        return None
    street = raw.get("street")
    lines = [line for each in (street if isinstance(street, list) else [street]) if (line := text(each))]
    region = raw.get("region")
    if isinstance(region, dict):
        region = region.get("region_code") or region.get("region")
    found = Address(
        text(raw.get("firstname")),
        text(raw.get("lastname")),
        text(raw.get("company")),
        lines[0] if lines else None,
        ", ".join(lines[1:]) or None,
        text(raw.get("city")),
        text(raw.get("region_code")) or text(region),
        text(raw.get("postcode")),
        country_of(raw.get("country_id")),
        text(raw.get("telephone")),
    )
    return None if found == _NOWHERE else found


def email_of(cart: Raw) -> str | None:
    """The e-mail a cart knows: the customer's, or what a guest typed at the checkout."""
    for holder in ("customer", "billing_address"):
        found = mapping(cart.get(holder)).get("email")
        if isinstance(found, str) and found.strip():
            return found
    return None


def attributes(raw: Raw) -> dict[str, Any]:
    """A product's custom attributes by their codes."""
    found = objects(raw.get("custom_attributes"), "custom_attributes")
    return {str(each.get("attribute_code")): each.get("value") for each in found}


def option_of(raw: Raw, code: str) -> str | None:
    """The number of the option a product has of an attribute; None also where the attributes cannot be read."""
    try:
        return reference(attributes(raw).get(code))
    except FieldError:
        return None
