"""The step of an import in which columns are matched: what the page offers, and what people chose."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from cartfolk.connectors.canonical import OrderStatus
from cartfolk.contact_files import columns as contact_columns
from cartfolk.contact_files import shop, upload
from cartfolk.contact_files.columns import Chosen
from cartfolk.core.sql import Connection
from cartfolk.inbox.files import load
from cartfolk.inbox.files.columns import FIELDS, MappingWrong, match, plain
from cartfolk.inbox.files.ledger import Import
from cartfolk.properties.defined import load as defined
from cartfolk.properties.write import Mode
from cartfolk.stores import lookup

from .words import ORDER

_ROWS = 2000  # rows looked at for status words
MATCHES = {
    "email": _("E-mail address"),
    "contact_id": _("Record ID"),
    "customer_id": _("Customer number in a shop"),
    "phone": _("Phone number, of contacts without an e-mail address"),
}
MODES = {
    Mode.OVERWRITE: (_("Overwrite"), _("The file's value replaces what is there.")),
    Mode.SET_IF_EMPTY: (_("Fill in"), _("Only where a contact has no value yet.")),
    Mode.SET_IF_NEW: (_("New contacts only"), _("Contacts that are here already stay as they are.")),
    Mode.APPEND: (_("Add"), _("Adds to lists and long texts; a single value that differs is told as wrong.")),
}
FIELD_WORDS = {
    "customer_id": _("Customer number"), "email": _("E-mail address"), "first_name": _("First name"),
    "last_name": _("Last name"), "company": _("Company"), "phone": _("Phone"), "language": _("Language"),
    "groups": _("Customer groups"), "registered": _("Has an account"), "created_at": _("Created"),
    "updated_at": _("Last changed"), "order_id": _("Order ID"), "number": _("Order number"), "status": _("Status"),
    "currency": _("Currency"), "total": _("Order total"), "tax": _("Tax"), "shipping": _("Shipping costs"),
    "discount": _("Discount"), "refunded": _("Refunded"), "rate": _("Exchange rate"), "placed_at": _("Ordered at"),
    "paid_at": _("Paid at"), "payment_method": _("Payment method"), "coupons": _("Coupons"),
    "tracking_number": _("Tracking number"), "tracking_url": _("Tracking address"),
    "tracking_carrier": _("Carrier"), "shipped_at": _("Shipped at"), "line1": _("Street"),
    "line2": _("Address, second line"), "city": _("City"), "state": _("State or region"),
    "postal_code": _("Postal code"), "country": _("Country"), "product_id": _("Product ID"),
    "variant_id": _("Variant ID"), "sku": _("SKU"), "name": _("Product name"), "quantity": _("Quantity"),
    "price": _("Unit price"), "url": _("Address of the product page"), "image_url": _("Address of the picture"),
}  # fmt: skip
MARKS = {";": ";", ",": ",", "|": "|", "line": _("line break")}
PARTS = {
    "": _("Record"), "billing": _("Billing address"), "shipping": _("Shipping address"),
    "shipping_address": _("Shipping address"), "line": _("Line item"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column on the page. ``key`` names its field in the form."""

    key: str
    name: str
    samples: tuple[str, ...]
    field: str


def page(conn: Connection, one: Import, said: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the template shows; ``said``: column -> field as just sent or chosen before."""
    chosen = said if said is not None else one.settings.get("columns")
    looked = [contact_columns.samples(entry) for entry in one.files]
    guessed = chosen if chosen is not None else _guess(conn, one, looked)
    return {
        "groups": _offered(conn, one),
        "files": [
            (
                entry["name"],
                [
                    Column(f"column-{place}-{at}", name, tuple(samples.get(name, ())), guessed.get(name, ""))
                    for at, name in enumerate(entry["columns"])
                    if name
                ],
            )
            for place, (entry, samples) in enumerate(zip(one.files, looked, strict=True))
        ],
        "matches": [(name, str(label), name == one.settings.get("match", "email")) for name, label in MATCHES.items()],
        "modes": [
            (str(mode), str(label), str(told), str(mode) == one.settings.get("mode", "overwrite"))
            for mode, (label, told) in MODES.items()
        ],
        "marks": [(mark, str(label)) for mark, label in MARKS.items()],
        "stores": lookup.every(conn),
        "statuses": _status_words(one, guessed, looked) if one.kind == "orders" else [],
        "ours": [(str(status), gettext(ORDER[str(status)])) for status in OrderStatus if str(status) in ORDER],
        "settings": one.settings,
    }


def read(conn: Connection, one: Import, form: QueryDict) -> dict[str, Any]:
    """The settings people chose, checked. Raises MappingWrong, with a sentence for the page."""
    said = sent(one, form)
    store = form.get("store", "")
    known = {str(found.pk) for found in lookup.every(conn)}
    dates = form.get("dates", "") if form.get("dates") in ("dmy", "mdy") else ""
    decimal = form.get("decimal", "") if form.get("decimal") in (",", ".") else ""
    if one.kind != "contacts":
        store_id = int(store) if store in known else one.settings["store_id"]
        statuses = {word: form[f"status-{word}"] for word in form.getlist("status-word") if form.get(f"status-{word}")}
        everything = {c: said.get(c, "") for entry in one.files for c in entry["columns"] if c}
        try:
            list(shop.matched(one.kind, one.files, everything))
        except MappingWrong:
            raise MappingWrong(_needed(one)) from None
        return one.settings | {
            "columns": everything, "store_id": store_id, "dates": dates, "decimal": decimal, "statuses": statuses,
            "language": get_language() or "en",
        }  # fmt: skip
    mode = str(form.get("mode"))
    entry, there = one.files[0], defined(conn)
    mark = form.get("mark", "") if form.get("mark") in contact_columns.MARKS else ""
    chosen = Chosen(
        columns=said,
        match=form.get("match", "email") if form.get("match") in MATCHES else "email",
        mode=Mode(mode) if mode in set(Mode) else Mode.OVERWRITE,
        store_id=int(store) if store in known else None,
        dates=dates,
        decimal=decimal or ("," if entry["separator"] == ";" else "."),
        zone=timezone.get_current_timezone_name(),
        language=get_language() or "en",
        clear="clear" in form,
        marks=contact_columns.marks(entry, said, there, mark),
    )
    contact_columns.check(chosen, entry["columns"], there)
    return one.settings | chosen.written() | {"mark": mark}


def sent(one: Import, form: QueryDict) -> dict[str, str]:
    """Column -> field as the form says; what is left out is not there."""
    return {
        name: field
        for place, entry in enumerate(one.files)
        for at, name in enumerate(entry["columns"])
        if name and (field := form.get(f"column-{place}-{at}", ""))
    }


def _needed(one: Import) -> str:
    if one.kind == "customers":
        return gettext("Choose the customer number or the e-mail address for one column: who is it?")
    return gettext("Orders need their number, the time they were placed, and lines a total or a unit price. "
                   "Choose a column for each.")  # fmt: skip


def _offered(conn: Connection, one: Import) -> list[tuple[str, list[tuple[str, str]]]]:
    language = get_language() or "en"
    if one.kind == "contacts":
        return list(contact_columns.offered(defined(conn), language).items())
    groups: dict[str, list[tuple[str, str]]] = {}
    for kind in shop.KINDS[one.kind]:
        for field in FIELDS[kind]:
            part, _dot, name = field.rpartition(".")
            told = groups.setdefault(str(PARTS[part]), [])
            if (field, str(FIELD_WORDS[name])) not in told:
                told.append((field, str(FIELD_WORDS[name])))
    return list(groups.items())


def _guess(conn: Connection, one: Import, looked: list[dict[str, list[str]]]) -> dict[str, str]:
    if one.kind == "contacts":
        return contact_columns.guess(one.files[0]["columns"], looked[0], defined(conn))
    found: dict[str, str] = {}
    for place, entry in enumerate(one.files):
        kinds = shop.kinds(one.kind, place, len(one.files))
        try:
            fields = match(kinds, entry["columns"], {}).fields
        except MappingWrong:
            known = {plain(field): field for kind in kinds for field in FIELDS[kind]}
            fields = {known[plain(c)]: c for c in entry["columns"] if plain(c) in known}
        found |= {column: field for field, column in fields.items()}
    return found


def _status_words(one: Import, fields: Mapping[str, str], looked: list[dict[str, list[str]]]) -> list[tuple[str, str]]:
    """Words of the status column nobody knows yet, with what was chosen for them."""
    column = next((column for column, field in fields.items() if field == "status"), "")
    words: dict[str, None] = {}
    for entry in one.files:
        if column in entry["columns"]:
            for row in itertools.islice(upload.table(entry).rows(), _ROWS):
                if word := str(row.values.get(column) or "").strip()[:60]:
                    words[word] = None
    chosen = one.settings.get("statuses", {})
    unknown = [w for w in words if "".join(filter(str.isalpha, w.lower())) not in load.STATUSES]
    return [(word, chosen.get(word, "")) for word in unknown[:40]]
