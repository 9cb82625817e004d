"""Everything held of one person as a page to read and hand over; the JSON beside it stays as it is stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _n

from cartfolk.core.sql import Connection
from cartfolk.properties.defined import load
from cartfolk.segments import stored

from . import properties, values, words, written
from .templatetags.cartfolk import day, decimal, exact, money

Pairs = list[tuple[str, Any]]
_VALUES = ("contact_property", "contact_custom")  # tables whose columns are properties
_CHANGES = ("changes", "before", "after")  # columns that hold properties and their values
_AMOUNTS = {"total", "subtotal", "tax", "shipping", "discount", "refunded", "price", "amount"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
_WORDS: Mapping[tuple[str, str], dict[str, str]] = {
    ("identity", "kind"): words.IDENTITY,
    ("reference", "kind"): words.RECORD,
    ("orders", "status"): words.ORDER,
    ("order_event", "status"): words.ORDER,
    ("cart", "state"): words.CART,
    ("consent_event", "channel"): words.CONSENT,
    ("consent_event", "purpose"): words.CONSENT,
    ("consent_event", "status"): words.CONSENT,
    ("consent_event", "source"): words.CONSENT,
    ("conversion", "name"): {name: name for name in words.CONVERSIONS},
    ("segment_log", "reason"): words.JOINS,
}
COLUMNS = {
    "contact_id": _n("Contact"),
    "store_id": _n("Shop"),
    "number": _n("Order number"),
    "kind": _n("Kind"),
    "name": _n("Name"),
    "status": _n("Status"),
    "status_raw": _n("Status in the shop's words"),
    "state": _n("State"),
    "at": _n("Time"),
    "placed_at": _n("Ordered at"),
    "created_at": _n("Created"),
    "first_seen": _n("First seen"),
    "value": _n("Value"),
    "original": _n("As the shop wrote it"),
    "email": _n("E-mail"),
    "first_name": _n("First name"),
    "last_name": _n("Last name"),
    "company": _n("Company"),
    "phone": _n("Phone"),
    "line1": _n("Street"),
    "line2": _n("Second line"),
    "postal_code": _n("Postal code"),
    "city": _n("City"),
    "country": _n("Country"),
    "language": _n("Language"),
    "registered": _n("Has an account"),
    "groups": _n("Customer groups"),
    "billing": _n("Billing address"),
    "shipping_address": _n("Shipping address"),
    "sku": _n("SKU"),
    "quantity": _n("Quantity"),
    "price": _n("Price"),
    "currency": _n("Currency"),
    "total": _n("Total"),
    "subtotal": _n("Subtotal"),
    "tax": _n("Tax"),
    "shipping": _n("Shipping"),
    "discount": _n("Discount"),
    "refunded": _n("Refunded"),
    "amount": _n("Amount"),
    "reason": _n("Reason"),
    "rate": _n("Rate"),
    "coupons": _n("Coupons"),
    "payment_method": _n("Payment method"),
    "paid_at": _n("Paid at"),
    "completed_at": _n("Completed at"),
    "fulfilment_status": _n("Shipping status"),
    "shipped_at": _n("Shipped at"),
    "tracking_number": _n("Tracking number"),
    "tracking_url": _n("Tracking address"),
    "tracking_carrier": _n("Carrier"),
    "subscription": _n("Subscription"),
    "renewal_of": _n("Renewal of subscription"),
    "checkout_at": _n("In checkout since"),
    "identified_at": _n("Known by name since"),
    "abandoned_at": _n("Abandoned at"),
    "state_at": _n("In this state since"),
    "due_at": _n("Looked at again"),
    "order_external_id": _n("Became order"),
    "identified": _n("Known by name"),
    "checkout": _n("In checkout"),
    "has_lines": _n("Holds something"),
    "known": _n("Known then"),
    "channel": _n("Channel"),
    "purpose": _n("Purpose"),
    "source": _n("Source"),
    "wording": _n("Wording"),
    "evidence": _n("Evidence"),
    "guest": _n("As a guest with"),
    "body": _n("Note"),
    "changes": _n("What changed"),
    "before": _n("Before"),
    "after": _n("After"),
    "segments": _n("Segments"),
    "joined": _n("Joined"),
    "parted": _n("Left"),
    "historic": _n("From history"),
    "made": _n("Contact made by it"),
    "import_id": _n("Import"),
    "by": _n("By"),
    "attribution": _n("Where the person came from"),
    "source_type": _n("Kind of source"),
    "medium": _n("Medium"),
    "campaign": _n("Campaign"),
    "referrer": _n("Referring page"),
    "entry_url": _n("First page"),
    "pages": _n("Pages looked at"),
    "visits": _n("Visits"),
    "device": _n("Device"),
    "url": _n("Web address"),
    "image_url": _n("Picture"),
    "edited_at": _n("Edited at"),
    "deleted_at": _n("Deleted at"),
    "received_at": _n("Received"),
    "told_at": _n("Received"),
    "version": _n("Changed in the shop"),
    "rate_version": _n("Rate of"),
    "moved_at": _n("Last merged"),
    "computed_at": _n("Computed at"),
    "lifecyclestage_set_at": _n("Lifecycle stage set at"),
    "account": _n("Shop account"),
    "customer_id": _n("Shop account"),
    "cart_token": _n("Cart in the shop"),
    "external_id": _n("Number in the shop"),
    "product_id": _n("Product in the shop"),
    "variant_id": _n("Variant in the shop"),
    "position": _n("Position"),
    "order_id": _n("Order, number here"),
    "cart_id": _n("Cart, number here"),
    "object_id": _n("Number here"),
    "source_id": _n("Order or cart, number here"),
    "note_id": _n("Note, number here"),
    "change_id": _n("Change, number here"),
    "log_id": _n("Entry, number here"),
    "strength": _n("Weight of the claim"),
    "detail": _n("Fingerprint"),
}
"""Columns in the order they are told; one that is not here follows under its own name."""
_PLACE = {name: place for place, name in enumerate(COLUMNS)}


def tables(conn: Connection, told: Mapping[str, Any], home: str) -> list[tuple[str, list[Pairs]]]:
    """The rows of a disclosure by table, in the reader's words. ``home``: the currency of amounts that name none."""
    reader = _Reader(conn, told, home)
    return [
        (words.say(words.HELD, table), [reader.pairs(table, row) for row in rows])
        for table, rows in told["data"].items()
    ]


@dataclass(slots=True)
class _Reader:
    """Puts rows into words; looks up once what rows point at: properties, currencies, segments, files."""

    conn: Connection
    told: Mapping[str, Any]
    home: str
    _items: Mapping[str, properties.Shown] = field(init=False)
    _found: Mapping[str, Any] = field(init=False)
    _currencies: Mapping[tuple[str, int], str] = field(init=False)
    _segments: Mapping[int, str] = field(init=False)
    _ways: Mapping[written.Way, written.Told] = field(init=False)

    def __post_init__(self) -> None:
        data: Mapping[str, list[dict[str, Any]]] = self.told["data"]
        known = properties.everything((), load(self.conn, archived=True), hidden=True)
        self._items = {item.name: item for item in known}
        self._found = {name: value for table in _VALUES for row in data.get(table, ()) for name, value in row.items()}
        self._currencies = {
            (key, row[key]): row.get("currency", "")
            for table, key in (("orders", "order_id"), ("cart", "cart_id"))
            for row in data.get(table, ())
        }
        self._segments = {one.segment_id: one.name for one in stored.every(self.conn)}
        self._ways = written.told(self.conn, map(_way, data.get("property_history", ())))

    def pairs(self, table: str, row: Mapping[str, Any]) -> Pairs:
        """Labels and values of a row, none that is empty."""
        if table in _VALUES:
            told = [(self._label(name), self._value(table, name, value, "")) for name, value in row.items()]
            return sorted(told, key=lambda pair: pair[0].casefold())
        if table == "property_history":
            way = self._ways[_way(row)]
            row = {**row, "source": f"{way.text} {way.file}".strip(), "source_id": None}
        currency = row.get("currency") or next(
            (self._currencies.get((key, row[key]), "") for key in ("order_id", "cart_id") if key in row), ""
        )
        names = sorted((name for name, value in row.items() if value is not None), key=lambda n: _PLACE.get(n, 999))
        return [(words.say(COLUMNS, name), self._value(table, name, row[name], currency)) for name in names]

    def _label(self, name: str) -> str:
        return self._items[name].label if name in self._items else words.say(COLUMNS, name)

    def _value(self, table: str, name: str, value: Any, currency: str) -> Any:
        if table in _VALUES and name in self._items:
            return self._property(name, value)
        match value:
            case dict():
                inside: Mapping[str, Any] = value
                if name in _CHANGES:
                    told = [(self._label(key), self._property(key, one)) for key, one in inside.items()]
                else:
                    told = [(_called(name, key), self._value(name, key, one, currency)) for key, one in inside.items()]
                return "\n".join(f"{label}: {one}" for label, one in told if one != "")
            case list():
                if name in ("segments", "joined", "parted"):
                    value = [self._segments.get(one, f"#{one}") for one in value]
                return ", ".join(str(self._value(table, name, one, currency)) for one in value)
            case bool():
                return gettext("Yes") if value else gettext("No")
            case int() | Decimal() if name in _AMOUNTS:
                return money(value, currency)
            case Decimal():
                return decimal(value)
            case int() if name == "store_id":
                return self.told["stores"].get(value, value)
            case str() if _MOMENT.fullmatch(value):
                return exact(value)
            case None:
                return ""
        return words.say(_WORDS.get((table, name), words.CONSENT if table == "evidence" else {}), str(value))

    def _property(self, name: str, value: Any) -> Any:
        """A value as the contact's own page shows it, but with the moment itself instead of how long ago that is."""
        item = self._items.get(name)
        if item is None or values.empty(value):
            return "" if value is None else value
        if item.type == "datetime":
            return exact(value)
        if item.type == "date":
            return day(value)
        if isinstance(value, list):
            return ", ".join(item.options.get(str(one), str(one)) for one in value)
        currency = str(self._found.get(item.currency_in) or "") if item.currency_in else self.home
        return values.shown(value, item.type, currency, name, item.options)


def _called(column: str, key: str) -> str:
    """What a part of a column is called; of a consent's evidence in the words of the ledger."""
    return words.say(words.CONSENT if column == "evidence" else COLUMNS, key)


def _way(row: Mapping[str, Any]) -> written.Way:
    return row.get("source", ""), row.get("source_id", "")
