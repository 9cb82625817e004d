# ruff: noqa: E501 - texts stay on one line
"""The abandoned cart: the newest one whose state is abandoned."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import YES_NO, Property, Type

_RULE_EN = "A cart is abandoned when it has products and a known person, was left alone longer than the store's limit, and no order of that person followed."
_RULE_DE = "Abgebrochen ist ein Warenkorb mit Produkten und bekannter Person, der länger als die Frist des Shops liegen blieb, ohne dass diese Person danach bestellt hat."


def _cart(
    name: str, kind: Type, label_en: str, label_de: str, definition_en: str, definition_de: str,
    *, multi: bool = False, currency: bool = False,
) -> Property:  # fmt: skip
    return Property(
        name=name, group="abandoned_cart", type=kind, multi=multi, currency=currency,
        currency_in="abandoned_cart_currency" if currency else None, block="abandoned_cart",
        label_en=label_en, label_de=label_de, definition_en=definition_en, definition_de=definition_de,
    )  # fmt: skip


PROPERTIES = (
    Property(
        name="current_abandoned_cart", group="abandoned_cart", type="enumeration", options=YES_NO,
        block="abandoned_cart", label_en="Current Abandoned Cart", label_de="Warenkorb abgebrochen",
        definition_en=f"Yes while the contact has an abandoned cart, else no. {_RULE_EN}",
        definition_de=f"Ja, solange der Kontakt einen abgebrochenen Warenkorb hat, sonst nein. {_RULE_DE}",
    ),
    _cart("abandoned_cart_date", "datetime", "Abandoned Cart Date", "Abbruch des Warenkorbs",
          "Moment the newest abandoned cart was left.",
          "Zeitpunkt, zu dem der neueste abgebrochene Warenkorb verlassen wurde."),
    _cart("abandoned_cart_counter", "number", "Abandoned Cart Counter", "Stückzahl im abgebrochenen Warenkorb",
          "Units in the newest abandoned cart; 0 without one.",
          "Stückzahl im neuesten abgebrochenen Warenkorb; 0, wenn es keinen gibt."),
    _cart("abandoned_cart_url", "url", "Abandoned Cart URL", "Link zum abgebrochenen Warenkorb",
          "Address that restores the cart in the shop; only http and https.",
          "Adresse, die den Warenkorb im Shop wiederherstellt; nur http und https."),
    _cart("abandoned_cart_products_skus", "string", "Abandoned Cart Products SKUs",
          "Artikelnummern im abgebrochenen Warenkorb",
          "Distinct SKUs in the newest abandoned cart: the line's, else the product's, else the product id.",
          "Verschiedene Artikelnummern: der Position, sonst des Produkts, sonst dessen Id.", multi=True),
    _cart("abandoned_cart_products_categories", "string", "Abandoned Cart Products Categories",
          "Kategorien im abgebrochenen Warenkorb",
          "Distinct categories (short names) of the products in the newest abandoned cart.",
          "Verschiedene Kategorien (Kurznamen) der Produkte im neuesten abgebrochenen Warenkorb.", multi=True),
    _cart("abandoned_cart_products", "string", "Abandoned Cart Products", "Produkte im abgebrochenen Warenkorb",
          "Distinct products in the newest abandoned cart, written as short name and id.",
          "Verschiedene Produkte im neuesten abgebrochenen Warenkorb, mit Kurzname und Nummer.", multi=True),
    _cart("abandoned_cart_products_html", "text", "Abandoned Cart Products HTML",
          "Produkte im abgebrochenen Warenkorb (HTML)",
          "Table of the cart's lines for use in an e-mail: picture, product, quantity, price, total. Shop texts "
          "are escaped.",
          "Tabelle der Positionen für E-Mails: Bild, Produkt, Menge, Preis, Summe. Texte des Shops sind maskiert."),
    _cart("abandoned_cart_tax_value", "number", "Abandoned Cart Tax Value", "Steuer des abgebrochenen Warenkorbs",
          "Tax of the newest abandoned cart, in the cart's currency.",
          "Steuer des neuesten abgebrochenen Warenkorbs, in dessen Währung.", currency=True),
    _cart("abandoned_cart_subtotal", "number", "Abandoned Cart Subtotal",
          "Zwischensumme des abgebrochenen Warenkorbs",
          "Subtotal of the newest abandoned cart, in the cart's currency.",
          "Zwischensumme des neuesten abgebrochenen Warenkorbs, in dessen Währung.", currency=True),
    _cart("abandoned_cart_total_value", "number", "Abandoned Cart Total Value",
          "Gesamtwert des abgebrochenen Warenkorbs",
          "Total of the newest abandoned cart, in the cart's currency.",
          "Gesamtwert des neuesten abgebrochenen Warenkorbs, in dessen Währung.", currency=True),
    _cart("abandoned_cart_currency", "string", "Abandoned Cart Currency", "Währung des abgebrochenen Warenkorbs",
          "Currency (ISO 4217) of the newest abandoned cart's amounts.",
          "Währung (ISO 4217) der Beträge des neuesten abgebrochenen Warenkorbs."),
)  # fmt: skip
