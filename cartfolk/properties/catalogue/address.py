"""Billing and shipping address as the shop holds them."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import Property

_PARTS = (
    ("address_line_1", "Address Line 1", "Adresszeile 1"),
    ("address_line_2", "Address Line 2", "Adresszeile 2"),
    ("city", "City", "Ort"),
    ("state", "State", "Bundesland"),
    ("postal_code", "Postal Code", "Postleitzahl"),
    ("country", "Country", "Land"),
)
_KINDS = (("shipping", "Shipping", "Lieferadresse"), ("billing", "Billing", "Rechnungsadresse"))

PROPERTIES = tuple(
    Property(
        name=f"{kind}_{part}",
        group="shopping_cart_fields",
        type="string",
        block="address",
        label_en=f"{kind_en} {en}",
        label_de=f"{kind_de}: {de}",
        definition_en=f"{en} of the {kind} address of the most recently changed shop account; for guests of the newest "
        "order." + (" The two-letter code of ISO 3166." if part == "country" else ""),
        definition_de=f"{de} der {kind_de} des zuletzt geänderten Shopkontos; bei Gästen der neuesten Bestellung."
        + (" Der Code aus zwei Buchstaben nach ISO 3166." if part == "country" else ""),
    )
    for kind, kind_en, kind_de in _KINDS
    for part, en, de in _PARTS
)
