"""Which column of a file is which field of an envelope: found by its name, or said with ``column=field``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext_noop as _n

from cartfolk.connectors import countries

from ..fields import Wrong
from .cells import Manner

Kind = Literal["customers", "orders", "lines"]
Convert = Callable[[Manner, Any, str], Any]


def _text(manner: Manner, value: Any, column: str) -> Any:
    return value.strip() if isinstance(value, str) else value if isinstance(value, list) else str(value)


def _country(manner: Manner, value: Any, column: str) -> Any:
    text = str(value).strip()
    return countries.code(text) or text


TEXT, NUMBER, TIME, FLAG, TEXTS = _text, Manner.number, Manner.time, Manner.flag, Manner.texts
_ADDRESS: dict[str, Convert] = dict.fromkeys(
    ("first_name", "last_name", "company", "line1", "line2", "city", "state", "postal_code", "phone"), TEXT
) | {"country": _country}


def _address(name: str) -> dict[str, Convert]:
    return {f"{name}.{part}": convert for part, convert in _ADDRESS.items()}


FIELDS: Mapping[Kind, Mapping[str, Convert]] = {
    "customers": {
        "customer_id": TEXT, "email": TEXT, "first_name": TEXT, "last_name": TEXT, "company": TEXT, "phone": TEXT,
        "language": TEXT, "groups": TEXTS, "registered": FLAG, "created_at": TIME, "updated_at": TIME,
        **_address("billing"), **_address("shipping"),
    },
    "orders": {
        "order_id": TEXT, "number": TEXT, "status": TEXT, "currency": TEXT, "total": NUMBER, "tax": NUMBER,
        "shipping": NUMBER, "discount": NUMBER, "refunded": NUMBER, "rate": NUMBER, "placed_at": TIME, "paid_at": TIME,
        "updated_at": TIME, "customer_id": TEXT, "email": TEXT, "phone": TEXT, "payment_method": TEXT,
        "coupons": TEXTS, "tracking_number": TEXT, "tracking_url": TEXT, "tracking_carrier": TEXT, "shipped_at": TIME,
        **_address("billing"), **_address("shipping_address"),
    },
    "lines": {
        "order_id": TEXT, "number": TEXT, "line.product_id": TEXT, "line.variant_id": TEXT, "line.sku": TEXT,
        "line.name": TEXT,
        "line.quantity": NUMBER, "line.price": NUMBER, "line.total": NUMBER, "line.tax": NUMBER,
        "line.discount": NUMBER, "line.url": TEXT, "line.image_url": TEXT,
    },
}  # fmt: skip
NEEDED: Mapping[Kind, tuple[tuple[str, ...], ...]] = {
    "customers": (("customer_id", "email"),),
    "orders": (("order_id", "number"), ("placed_at",)),
    "lines": (("order_id", "number"), ("line.total", "line.price")),
}
"""Of each group of fields one at least must have a column."""

_NAMES = {
    "customer_id": "customerid customernumber customerno kundennr kundennummer kundenid userid clientid",
    "email": "emailaddress mail customeremail billingemail emailadresse",
    "first_name": "firstname givenname vorname billingfirstname",
    "last_name": "lastname surname familyname nachname name billinglastname",
    "company": "companyname firma unternehmen",
    "phone": "telephone phonenumber telefon telefonnummer tel mobile handy",
    "groups": "group customergroup kundengruppe kundengruppen",
    "created_at": "createdat created registered registeredat datecreated angelegt registriert erstellt createdate",
    "updated_at": "updatedat updated modified modifiedat datemodified geaendert aktualisiert lastmodified",
    "language": "locale lang sprache",
    "order_id": "orderid bestellid bestellungid invoiceno invoice rechnungsnummer auftragsnummer",
    "number": "ordernumber orderno bestellnummer bestellnr auftragsnr",
    "status": "orderstatus bestellstatus state financialstatus",
    "currency": "currencycode waehrung",
    "total": "ordertotal grandtotal amount totalprice gesamtbetrag gesamtsumme summe betrag bestellwert",
    "tax": "taxtotal totaltax mwst ust steuer",
    "shipping": "shippingtotal shippingcost versand versandkosten",
    "discount": "discounttotal totaldiscount discountamount rabatt",
    "refunded": "refundedamount totalrefunded erstattet erstattung gutschrift",
    "placed_at": "orderdate placedat date orderedat invoicedate bestelldatum bestelltam datum purchasedate",
    "paid_at": "paidat datepaid bezahltam zahlungsdatum",
    "payment_method": "paymentmethod zahlungsart zahlungsweise",
    "coupons": "coupon couponcode discountcode gutscheincode gutschein",
    "tracking_number": "trackingnumber sendungsnummer",
    "billing.line1": "address address1 street billingaddress1 billingstreet strasse adresse",
    "billing.line2": "address2 billingaddress2 adresszusatz",
    "billing.city": "city billingcity ort stadt",
    "billing.state": "region province billingstate billingprovince bundesland",
    "billing.postal_code": "zip zipcode postcode postalcode billingzip billingpostcode plz postleitzahl",
    "billing.country": "country countrycode billingcountry land laendercode",
    "line.product_id": "productid produktid artikelid",
    "line.variant_id": "variantid",
    "line.sku": "sku stockcode artikelnummer artikelnr itemsku lineitemsku",
    "line.name": "product productname itemname itemtitle description produkt produktname artikel bezeichnung "
    "lineitemname",
    "line.quantity": "quantity qty menge anzahl stueck lineitemquantity",
    "line.price": "unitprice price itemprice einzelpreis preis lineitemprice",
    "line.total": "linetotal itemtotal rowtotal positionssumme zeilensumme",
}  # fmt: skip
_FOUND = {alias: field for field, names in _NAMES.items() for alias in names.split()}


@dataclass(frozen=True, slots=True)
class Columns:
    """``fields``: field -> column. ``unused``: columns that mean nothing here."""

    fields: Mapping[str, str]
    unused: tuple[str, ...]

    def told(self, path: str) -> str:
        """The column of a field by its path in an envelope, which nobody wrote; a field that has none by its name."""
        name = path.removeprefix("object.")
        return self.fields.get(name, name)


class MappingWrong(ValueError):
    """The columns cannot be matched; its text names the column or field and what to say."""


def plain(name: str) -> str:
    """A column's name for comparing: "E-Mail Adresse" is emailadresse, "Währung" is waehrung."""
    text = name.lower()
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.replace(umlaut, letters)
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text))


def match(kinds: Sequence[Kind], columns: Sequence[str], said: Mapping[str, str]) -> Columns:
    """Matches ``columns`` to the fields of ``kinds`` (orders and lines may share a file). ``said``: column -> field,
    or "" to leave a column out. Raises MappingWrong."""
    known = {field for kind in kinds for field in FIELDS[kind]} | ({"lines"} if "orders" in kinds else set())
    for column, field in said.items():
        if column not in columns:
            raise MappingWrong(f"--map {column}={field}: there is no such column; there are {', '.join(columns)}.")
        if field and field not in known:
            raise MappingWrong(f"--map {column}={field}: there is no such field; there are {', '.join(sorted(known))}.")
    fields = {field: column for column, field in said.items() if field}
    by_name = {plain(field): field for field in known}
    for column in columns:
        field = by_name.get(plain(column)) or _FOUND.get(plain(column), "")
        if field in known and column not in said and field not in fields:
            fields[field] = column
    for one_of in NEEDED[kinds[0]]:
        if not any(field in fields for field in one_of):
            raise MappingWrong(
                f"No column is known as {' or '.join(one_of)}; say which one it is: --map COLUMN={one_of[0]}. "
                f"The columns are {', '.join(columns)}."
            )
    used = set(fields.values())
    return Columns(fields, tuple(column for column in columns if column and column not in used))


def convert(kind: Kind, columns: Columns, values: Mapping[str, Any], manner: Manner) -> dict[str, Any]:
    """The row's fields of ``kind`` as nested objects; empty cells are left out. Raises Wrong naming the column."""
    found: dict[str, Any] = {}
    for field, column in columns.fields.items():
        value = values.get(column)
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if field == "lines" and kind == "orders":
            found["lines"] = value
            continue
        if field not in FIELDS[kind]:
            continue
        try:
            converted = FIELDS[kind][field](manner, value, column)
        except (TypeError, ValueError) as error:
            if isinstance(error, Wrong):
                raise
            raise Wrong(column, _n("cannot be read (%(error)s)"), error=error) from None
        inside, _dot, name = field.rpartition(".")
        (found.setdefault(inside, {}) if inside else found)[name] = converted
    return found
