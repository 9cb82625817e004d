# ruff: noqa: E501 - texts stay on one line
"""Products, categories and SKUs bought."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import Property, Type

_WRITTEN_EN = "A product is written as its short name and id, for example blue-mug-17; as p-17 when the short name is not known, or its SKU."
_WRITTEN_DE = "Ein Produkt erscheint mit Kurzname und Nummer, etwa blue-mug-17; als p-17, wenn der Kurzname fehlt, sonst mit seiner Artikelnummer."
_LAST_EN, _LAST_DE = "in the newest counted order", "in der neuesten gezählten Bestellung"
_ALL_EN, _ALL_DE = "over all counted orders", "über alle gezählten Bestellungen"


def _recent(n: int) -> tuple[Property, ...]:
    """The four properties of recent product number ``n``."""
    what: tuple[tuple[str, Type, str, str, str, str], ...] = (
        ("image_url", "url", "Image URL", "Bild-URL", "Picture address", "Bildadresse"),
        ("name", "string", "Name", "Name", "Name", "Name"),
        ("price", "number", "Price", "Preis", "Price of one unit in the home currency at the order's rate,",
         "Stückpreis in der Hauswährung zum Kurs der Bestellung,"),
        ("url", "url", "URL", "Link", "Address of the product page", "Adresse der Produktseite"),
    )  # fmt: skip
    return tuple(
        Property(
            name=f"last_products_bought_product_{n}_{key}", group="last_products_bought", type=kind,
            currency=key == "price", block="last_purchase",
            label_en=f"Last Products Bought Product {n} {en}",
            label_de=f"Zuletzt gekauftes Produkt {n}: {de}",
            definition_en=f"{text_en} of line {n}, counted from the first line of the newest counted order on; the "
            "second and third newest counted orders follow when it has fewer lines.",
            definition_de=f"{text_de} der Position {n}, gezählt ab der ersten Position der neuesten gezählten "
            "Bestellung; hat sie weniger Positionen, folgen die zweit- und drittneueste.",
        )
        for key, kind, en, de, text_en, text_de in what
    )  # fmt: skip


PROPERTIES = (
    Property(
        name="last_product_bought", group="last_products_bought", type="string", block="last_purchase",
        label_en="Last Product Bought", label_de="Zuletzt gekauftes Produkt",
        definition_en=f"Product of the last line {_LAST_EN}. {_WRITTEN_EN}",
        definition_de=f"Produkt der letzten Position {_LAST_DE}. {_WRITTEN_DE}",
    ),
    Property(
        name="last_products_bought", group="last_products_bought", type="string", multi=True,
        block="last_purchase", label_en="Last Products Bought", label_de="Zuletzt gekaufte Produkte",
        definition_en=f"Distinct products {_LAST_EN}. {_WRITTEN_EN}",
        definition_de=f"Verschiedene Produkte {_LAST_DE}. {_WRITTEN_DE}",
    ),
    Property(
        name="last_product_types_bought", group="last_products_bought", type="string", multi=True,
        block="last_purchase", label_en="Last Product Types Bought", label_de="Zuletzt gekaufte Produktarten",
        definition_en=f"Distinct product types {_LAST_EN}, in the shop's words (simple, variable …).",
        definition_de=f"Verschiedene Produktarten {_LAST_DE}, in den Worten des Shops (simple, variable …).",
    ),
    Property(
        name="last_products_bought_html", group="last_products_bought", type="text", block="last_purchase",
        label_en="Last Products Bought HTML", label_de="Zuletzt gekaufte Produkte (HTML)",
        definition_en="Table of the newest counted order's lines for use in an e-mail: picture, product, quantity, "
        "price, discount, total in the order's own currency and its decimals. Shop texts are escaped.",
        definition_de="Tabelle der Positionen der neuesten gezählten Bestellung für E-Mails: Bild, Produkt, Menge, "
        "Preis, Rabatt, Summe in der Währung der Bestellung mit deren Nachkommastellen. Texte des Shops sind maskiert.",
    ),
    Property(
        name="last_total_number_of_products_bought", group="last_products_bought", type="number",
        block="last_purchase", label_en="Last Total Number Of Products Bought",
        label_de="Stückzahl der letzten Bestellung",
        definition_en=f"Units {_LAST_EN}.",
        definition_de=f"Stückzahl {_LAST_DE}.",
    ),
    Property(
        name="products_bought", group="last_products_bought", type="string", multi=True, block="products",
        label_en="Products Bought", label_de="Alle gekauften Produkte",
        definition_en=f"Distinct products {_ALL_EN}. {_WRITTEN_EN}",
        definition_de=f"Verschiedene Produkte {_ALL_DE}. {_WRITTEN_DE}",
    ),
    Property(
        name="product_types_bought", group="last_products_bought", type="string", multi=True, block="products",
        label_en="Product Types Bought", label_de="Alle gekauften Produktarten",
        definition_en=f"Distinct product types {_ALL_EN}.",
        definition_de=f"Verschiedene Produktarten {_ALL_DE}.",
    ),
    Property(
        name="total_number_of_products_bought", group="last_products_bought", type="number", block="products",
        label_en="Total Number Of Products Bought", label_de="Stückzahl insgesamt",
        definition_en=f"Units {_ALL_EN}. Returned units are not subtracted.",
        definition_de=f"Stückzahl {_ALL_DE}. Zurückgegebene Stücke werden nicht abgezogen.",
    ),
    *_recent(1), *_recent(2), *_recent(3),
    Property(
        name="last_categories_bought", group="categories_bought", type="string", multi=True,
        block="last_purchase", label_en="Last Categories Bought", label_de="Zuletzt gekaufte Kategorien",
        definition_en=f"Distinct categories (short names) of the products {_LAST_EN}, as the catalogue has them now.",
        definition_de=f"Verschiedene Kategorien (Kurznamen) der Produkte {_LAST_DE}, nach heutigem Katalog.",
    ),
    Property(
        name="categories_bought", group="categories_bought", type="string", multi=True, block="products",
        label_en="Categories Bought", label_de="Alle gekauften Kategorien",
        definition_en=f"Distinct categories (short names) of the products {_ALL_EN}, as the catalogue has them now.",
        definition_de=f"Verschiedene Kategorien (Kurznamen) der Produkte {_ALL_DE}, nach heutigem Katalog.",
    ),
    Property(
        name="last_skus_bought", group="skus_bought", type="string", multi=True, block="last_purchase",
        label_en="Last SKUs Bought", label_de="Zuletzt gekaufte Artikelnummern",
        definition_en=f"Distinct SKUs {_LAST_EN}: the line's, else the product's, else the product id.",
        definition_de=f"Verschiedene Artikelnummern {_LAST_DE}: der Position, sonst des Produkts, sonst dessen Id.",
    ),
    Property(
        name="skus_bought", group="skus_bought", type="string", multi=True, block="products",
        label_en="SKUs Bought", label_de="Alle gekauften Artikelnummern",
        definition_en=f"Distinct SKUs {_ALL_EN}: the line's, else the product's, else the product id.",
        definition_de=f"Verschiedene Artikelnummern {_ALL_DE}: der Position, sonst des Produkts, sonst dessen Id.",
    ),
)  # fmt: skip
