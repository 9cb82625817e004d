"""What can be asked of facts: the events, their fields and their measures, as rows.

docs/developers/segment-language.md publishes these tables; compile.py knows the SQL of each. Amounts are in the
account's home currency at the order's own rate; an amount without a known rate has no value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cartfolk.segments.operators import Kind


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an event. ``options``: the only values it takes; ``money``: an amount in the home currency."""

    name: str
    kind: Kind
    money: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of fact. ``time`` is the field a period is about; ``lines``: it has lines that can be asked for."""

    name: str
    time: str
    fields: Mapping[str, Field]
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """What is made of the events found. ``kinds``: of which fields; none for a count. ``empty_is_zero``: what it is
    when there is no event, else it has no value then."""

    name: str
    kinds: frozenset[Kind]
    empty_is_zero: bool = False


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        row.name: row
        for row in (
            Measure("count", frozenset(), empty_is_zero=True),
            Measure("sum", frozenset({Kind.NUMBER}), empty_is_zero=True),
            Measure("average", frozenset({Kind.NUMBER})),
            Measure("minimum", frozenset({Kind.NUMBER, Kind.MOMENT})),
            Measure("maximum", frozenset({Kind.NUMBER, Kind.MOMENT})),
            Measure("first", frozenset(Kind)),
            Measure("last", frozenset(Kind)),
        )
    }
)

ORDER_STATES = ("pending", "completed", "refunded", "cancelled", "failed")
CART_STATES = ("open", "checkout", "abandoned", "recovered", "ordered", "purchased", "expired", "emptied")
CONVERSIONS = (
    "Account created",
    "Newsletter subscribed",
    "Cart started",
    "Checkout started",
    "Abandoned Cart",
    "Cart recovered",
    "Order placed",
    "Order complete",
    "Last Order Summary",
)


def _fields(*rows: Field) -> Mapping[str, Field]:
    return MappingProxyType({row.name: row for row in rows})


_PRODUCT = (
    Field("product", Kind.TEXT),
    Field("variant", Kind.TEXT),
    Field("sku", Kind.TEXT),
    Field("name", Kind.TEXT),
    Field("category", Kind.LIST),
    Field("brand", Kind.TEXT),
    Field("tag", Kind.LIST),
    Field("type", Kind.TEXT),
    Field("quantity", Kind.NUMBER),
    Field("price", Kind.NUMBER, money=True),
    Field("total", Kind.NUMBER, money=True),
)

EVENTS: Mapping[str, EventKind] = MappingProxyType(
    {
        row.name: row
        for row in (
            EventKind(
                "order",
                "placed_at",
                _fields(
                    Field("value", Kind.NUMBER, money=True),  # total less refunds
                    Field("total", Kind.NUMBER, money=True),
                    Field("tax", Kind.NUMBER, money=True),
                    Field("shipping", Kind.NUMBER, money=True),
                    Field("discount", Kind.NUMBER, money=True),
                    Field("refunded", Kind.NUMBER, money=True),
                    Field("units", Kind.NUMBER),
                    Field("placed_at", Kind.MOMENT),
                    Field("paid_at", Kind.MOMENT),
                    Field("completed_at", Kind.MOMENT),
                    Field("shipped_at", Kind.MOMENT),
                    Field("number", Kind.TEXT),
                    Field("status", Kind.CHOICE, options=ORDER_STATES),
                    Field("shop_status", Kind.TEXT),
                    Field("fulfilment_status", Kind.TEXT),
                    Field("currency", Kind.TEXT),
                    Field("payment_method", Kind.TEXT),
                    Field("coupon", Kind.LIST),
                    Field("billing_country", Kind.TEXT),
                    Field("shipping_country", Kind.TEXT),
                    Field("guest", Kind.BOOL),
                ),
                lines=True,
            ),
            EventKind(
                "line",
                "placed_at",
                _fields(
                    *_PRODUCT,
                    Field("discount", Kind.NUMBER, money=True),
                    Field("placed_at", Kind.MOMENT),
                    Field("status", Kind.CHOICE, options=ORDER_STATES),
                    Field("coupon", Kind.LIST),
                ),
            ),
            EventKind(
                "refund",
                "refunded_at",
                _fields(
                    Field("amount", Kind.NUMBER, money=True),
                    Field("refunded_at", Kind.MOMENT),
                    Field("reason", Kind.TEXT),
                ),
            ),
            EventKind(
                "cart",
                "created_at",
                _fields(
                    Field("state", Kind.CHOICE, options=CART_STATES),
                    Field("total", Kind.NUMBER, money=True),
                    Field("subtotal", Kind.NUMBER, money=True),
                    Field("units", Kind.NUMBER),
                    Field("created_at", Kind.MOMENT),
                    Field("updated_at", Kind.MOMENT),
                    Field("checkout_at", Kind.MOMENT),
                    Field("abandoned_at", Kind.MOMENT),
                    Field("currency", Kind.TEXT),
                ),
                lines=True,
            ),
            EventKind(
                "conversion",
                "at",
                _fields(
                    Field("name", Kind.CHOICE, options=CONVERSIONS),
                    Field("at", Kind.MOMENT),
                    Field("historic", Kind.BOOL),
                ),
            ),
        )
    }
)

LINE_FIELDS: Mapping[str, Field] = _fields(*_PRODUCT)
"""The fields of the lines inside an order or a cart."""

CONSENT_STATES = ("granted", "withdrawn", "pending", "unknown")
