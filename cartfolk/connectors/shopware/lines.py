"""The amounts of an order: lines, tax, shipping and discounts, all gross.

``taxStatus`` says what prices are: gross (tax inside), net (tax on top) or tax-free.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..canonical import ZERO, Line
from ..reading import mapping, money, objects, reference, text

Raw = Mapping[str, Any]
_SIX = Decimal("0.000001")
_DISCOUNTS = ("promotion", "discount")


def amount(value: Any, field: str) -> Decimal:
    """An amount as PHP writes floats: 41.089999999999996 is 41.09. Raises FieldError."""
    found = money(value, field)
    if found.as_tuple().exponent < -6:  # type: ignore[operator]
        found = found.quantize(_SIX).normalize()
        if found.as_tuple().exponent > 0:  # type: ignore[operator]
            found = found.quantize(Decimal(1))
    return found


class Prices:
    """The amounts of one order. Raises FieldError where one cannot be read."""

    def __init__(self, raw: Raw) -> None:
        self._net = raw.get("taxStatus") == "net"
        decimals = mapping(raw.get("totalRounding")).get("decimals")
        self._cent = Decimal(1).scaleb(-decimals if isinstance(decimals, int) else -2)
        items = objects(raw.get("lineItems"), "lineItems")
        # What is in a bundle is in the bundle's price.
        self._items = [each for each in items if not each.get("parentId")]
        self._items.sort(key=lambda each: each.get("position") if isinstance(each.get("position"), int) else 0)
        promotions = [each for each in self._items if each.get("type") in _DISCOUNTS]
        self._bought = [each for each in self._items if each.get("type") not in _DISCOUNTS]
        costs = mapping(raw.get("shippingCosts"))
        shipping = amount(raw.get("shippingTotal", costs.get("totalPrice")), "shippingTotal")
        self.shipping = shipping + _tax(costs, "shippingCosts") if self._net else shipping
        total = amount(raw.get("amountTotal"), "amountTotal")
        net = raw.get("amountNet")
        self.tax = ZERO if net is None else total - amount(net, "amountNet")
        self.discount = -sum((self._gross(each) for each in promotions), ZERO)
        codes = (text(mapping(each.get("payload")).get("code")) for each in promotions)
        self.coupons = tuple(dict.fromkeys(filter(None, codes)))
        self._shares = _shares(promotions)

    def _gross(self, item: Raw) -> Decimal:
        total = amount(item.get("totalPrice"), "lineItems.totalPrice")
        return total + _tax(mapping(item.get("price")), "lineItems.price") if self._net else total

    def lines(self) -> tuple[Line, ...]:
        return tuple([self._line(each) for each in self._bought])

    def _line(self, item: Raw) -> Line:
        payload = mapping(item.get("payload"))
        product, parent = reference(item.get("productId")), reference(payload.get("parentId"))
        before = self._gross(item)
        tax = _tax(mapping(item.get("price")), "lineItems.price")
        listed = amount(item.get("totalPrice"), "lineItems.totalPrice")
        share = self._shares.get(str(item.get("identifier")), ZERO)
        total = before
        if share and listed:
            left = (listed - share) / listed
            total, tax = (before * left).quantize(self._cent), (tax * left).quantize(self._cent)
        quantity = money(item.get("quantity"), "lineItems.quantity")
        price = total / quantity if quantity else None
        if price is not None and price.as_tuple().exponent < -6:  # type: ignore[operator]
            price = price.quantize(_SIX)
        return Line(
            name=text(item.get("label")) or "",
            quantity=quantity,
            total=total,
            external_id=reference(item.get("id")),
            product_id=parent or product,
            variant_id=product if parent else None,
            sku=text(payload.get("productNumber")),
            price=price,
            tax=tax,
            discount=before - total,
        )


def _tax(price: Raw, field: str) -> Decimal:
    taxes = objects(price.get("calculatedTaxes"), f"{field}.calculatedTaxes")
    return sum((amount(each.get("tax"), f"{field}.calculatedTaxes") for each in taxes), ZERO)


def _shares(promotions: list[Raw]) -> dict[str, Decimal]:
    """What promotions took off each line, by the line's identifier; unknown where they do not say."""
    shares: dict[str, Decimal] = {}
    for promotion in promotions:
        for part in objects(mapping(promotion.get("payload")).get("composition"), "payload.composition"):
            key = str(part.get("id"))
            shares[key] = shares.get(key, ZERO) + amount(part.get("discount"), "payload.composition")
    return shares
