"""What is asked for each stream: the entity, whose rows of it, and what must come along.

Nothing comes along by itself: an order without its associations has no lines, no payment and no buyer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


def _with(**associations: Json) -> Json:
    return {"associations": associations}


_NOTHING: Json = {}
_ADDRESS = _with(country=_NOTHING, countryState=_NOTHING)
_ORDER = {
    "orderCustomer": _with(customer=_NOTHING),
    "currency": _NOTHING,
    "stateMachineState": _NOTHING,
    "billingAddress": _ADDRESS,
    "lineItems": _NOTHING,
    "transactions": _with(
        stateMachineState=_NOTHING,
        paymentMethod=_NOTHING,
        captures=_with(stateMachineState=_NOTHING, refunds=_with(stateMachineState=_NOTHING)),
    ),
    "deliveries": _with(stateMachineState=_NOTHING, shippingMethod=_NOTHING, shippingOrderAddress=_ADDRESS),
}
_CUSTOMER = {
    "group": _NOTHING,
    "language": _with(locale=_NOTHING),
    "defaultBillingAddress": _ADDRESS,
    "defaultShippingAddress": _ADDRESS,
}
_PRODUCT = [
    "id", "parentId", "childCount", "productNumber", "name", "translated", "price", "createdAt", "updatedAt", "cover",
    "categories", "manufacturer", "tags",
]  # fmt: skip
_CATEGORY = ["id", "parentId", "name", "breadcrumb", "translated", "createdAt", "updatedAt"]


@dataclass(frozen=True, slots=True)
class Source:
    """``filters`` say which rows of the entity belong to the stream."""

    entity: str
    associations: Json = field(default_factory=dict)
    filters: tuple[Json, ...] = ()
    includes: Json = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> Json:
        """The part of the criteria that says what a row shows."""
        found: Json = {}
        if self.associations:
            found["associations"] = self.associations
        if self.includes:
            found["includes"] = self.includes
        return found


@dataclass(frozen=True, slots=True)
class Walk:
    """One list a poll goes through. ``column``: updatedAt, or createdAt of rows never updated since, whose updatedAt
    is null. ``path``: where the row names the object of the stream, when it is a part of it."""

    source: Source
    column: str
    path: tuple[str, ...] = ()


def _guest(flag: bool) -> tuple[Json, ...]:
    return ({"type": "equals", "field": "guest", "value": flag},)


SOURCES: Mapping[str, Source] = {
    "categories": Source("category", includes={"category": _CATEGORY}),
    # Without this header a variant has no name: it inherits its parent's.
    "products": Source(
        "product",
        {"cover": _with(media=_NOTHING), "categories": _NOTHING, "manufacturer": _NOTHING, "tags": _NOTHING},
        includes={
            "product": _PRODUCT,
            "product_media": ["media"],
            "media": ["url"],
            "category": ["id", "breadcrumb", "name", "translated"],
            "product_manufacturer": ["name", "translated"],
            "tag": ["name"],
        },
        headers={"sw-inheritance": "1"},
    ),
    "coupons": Source("promotion", {"discounts": _NOTHING}),
    "customers": Source("customer", _CUSTOMER, _guest(False)),
    "guests": Source("customer", _CUSTOMER, _guest(True)),
    "subscribers": Source("newsletter-recipient"),
    "orders": Source("order", _ORDER),
}


def _both(source: Source, *path: str) -> tuple[Walk, ...]:
    """A row may be changed for the first time between the two: then the second list has it."""
    return Walk(source, "createdAt", path), Walk(source, "updatedAt", path)


def _part(entity: str, whole: str) -> Source:
    """Of a part only its times and what it belongs to."""
    wanted = ["id", "versionId", "createdAt", "updatedAt", whole]
    return Source(entity, includes={entity.replace("-", "_"): wanted})


# Money that moves, a parcel that leaves and an address that changes leave the time of the whole alone.
_PAYMENTS = _part("order-transaction", "orderId")
_REFUNDS = Source("order-transaction-capture-refund", {"transactionCapture": _with(transaction=_NOTHING)})
_PARCELS = _part("order-delivery", "orderId")
_ADDRESSES = _part("customer-address", "customerId")

WALKS: Mapping[str, tuple[Walk, ...]] = {stream: _both(source) for stream, source in SOURCES.items()} | {
    "customers": (*_both(SOURCES["customers"]), Walk(_ADDRESSES, "updatedAt", ("customerId",))),
    "orders": (
        *_both(SOURCES["orders"]),
        *_both(_PAYMENTS, "orderId"),
        *_both(_REFUNDS, "transactionCapture", "transaction", "orderId"),
        Walk(_PARCELS, "updatedAt", ("orderId",)),
    ),
}
