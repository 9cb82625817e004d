"""Order totals over time and the recency, frequency and monetary ratings."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import Option, Property

_RATING = tuple(Option(str(n), str(n), str(n)) for n in (5, 4, 3, 2, 1))
_VALUE_EN = (
    "The value of an order is its total less its refunds, in the home currency at the order's own rate. "
    "An order without a known rate is left out of values."
)
_VALUE_DE = (
    "Der Wert einer Bestellung ist ihre Summe abzüglich Erstattungen, in der Hauswährung zum Kurs der "
    "Bestellung. Ohne bekannten Kurs bleibt der Wert außen vor."
)

PROPERTIES = (
    Property(
        name="total_value_of_orders", group="rfm_fields", type="number", currency=True, block="lifetime",
        label_en="Total Value of Orders", label_de="Gesamtwert der Bestellungen",
        definition_en=f"Sum over all counted orders; empty without one. {_VALUE_EN}",
        definition_de=f"Summe aller gezählten Bestellungen; leer, wenn es keine gibt. {_VALUE_DE}",
    ),
    Property(
        name="average_order_value", group="rfm_fields", type="number", currency=True, block="lifetime",
        label_en="Average Order Value", label_de="Durchschnittlicher Bestellwert",
        definition_en="Total value of orders divided by the counted orders whose value is known.",
        definition_de="Gesamtwert geteilt durch die gezählten Bestellungen, deren Wert bekannt ist.",
    ),
    Property(
        name="total_number_of_orders", group="rfm_fields", type="number", whole=True, block="lifetime",
        label_en="Total Number of Orders", label_de="Anzahl der Bestellungen",
        definition_en="All counted orders: paid ones, those refunded later included. Failed, cancelled, unpaid and "
        "deleted orders never count.",
        definition_de="Alle gezählten Bestellungen: bezahlte, auch wenn sie später erstattet wurden. "
        "Fehlgeschlagene, stornierte, unbezahlte und gelöschte zählen nie.",
    ),
    Property(
        name="first_order_value", group="rfm_fields", type="number", currency=True, block="lifetime",
        label_en="First Order Value", label_de="Wert der ersten Bestellung",
        definition_en=f"Value of the oldest counted order. {_VALUE_EN}",
        definition_de=f"Wert der ältesten gezählten Bestellung. {_VALUE_DE}",
    ),
    Property(
        name="first_order_date", group="rfm_fields", type="datetime", block="lifetime",
        label_en="First Order Date", label_de="Datum der ersten Bestellung",
        definition_en="Moment the oldest counted order was placed.",
        definition_de="Zeitpunkt, zu dem die älteste gezählte Bestellung aufgegeben wurde.",
    ),
    Property(
        name="last_order_value", group="rfm_fields", type="number", currency=True, block="last_purchase",
        label_en="Last Order Value", label_de="Wert der letzten Bestellung",
        definition_en=f"Value of the newest counted order. {_VALUE_EN}",
        definition_de=f"Wert der neuesten gezählten Bestellung. {_VALUE_DE}",
    ),
    Property(
        name="last_order_date", group="rfm_fields", type="datetime", block="last_purchase",
        label_en="Last Order Date", label_de="Datum der letzten Bestellung",
        definition_en="Moment the newest counted order was placed.",
        definition_de="Zeitpunkt, zu dem die neueste gezählte Bestellung aufgegeben wurde.",
    ),
    Property(
        name="average_days_between_orders", group="rfm_fields", type="number", block="lifetime",
        label_en="Average Days Between Orders", label_de="Durchschnittliche Tage zwischen Bestellungen",
        definition_en="Time from the first to the last counted order divided by the gaps between them (orders less "
        "one), in days of 24 hours with two decimals; empty with fewer than two orders.",
        definition_de="Zeit von der ersten bis zur letzten gezählten Bestellung geteilt durch die Abstände "
        "(Bestellungen minus eins), in Tagen zu 24 Stunden mit zwei Nachkommastellen; leer bei weniger als zwei.",
    ),
    Property(
        name="account_creation_date", group="rfm_fields", type="datetime", block="customer",
        label_en="Account Creation Date", label_de="Konto angelegt am",
        definition_en="Moment the contact's oldest shop account was created; empty for guests.",
        definition_de="Zeitpunkt, zu dem das älteste Shopkonto angelegt wurde; leer bei Gästen.",
    ),
    Property(
        name="monetary_rating", group="rfm_fields", type="enumeration", options=_RATING, block="rfm",
        label_en="Monetary Rating", label_de="Umsatzbewertung",
        definition_en="From the total value of orders: 5 above 1000; 4 from 750 to 1000; 3 from 500 to below 750; "
        "2 from 250 to below 500; 1 below 250. Empty without a counted order of known value.",
        definition_de="Nach dem Gesamtwert der Bestellungen: 5 über 1000; 4 von 750 bis 1000; 3 von 500 bis unter "
        "750; 2 von 250 bis unter 500; 1 unter 250. Leer ohne gezählte Bestellung mit bekanntem Wert.",
    ),
    Property(
        name="order_frequency_rating", group="rfm_fields", type="enumeration", options=_RATING, block="rfm",
        label_en="Order Frequency Rating", label_de="Häufigkeitsbewertung",
        definition_en="From the number of counted orders: 5 more than 20; 4 from 10 to 20; 3 from 5 to 9; 2 from "
        "2 to 4; 1 for a single one. Empty without a counted order.",
        definition_de="Nach der Zahl gezählter Bestellungen: 5 mehr als 20; 4 von 10 bis 20; 3 von 5 bis 9; 2 von "
        "2 bis 4; 1 bei einer einzigen. Leer ohne gezählte Bestellung.",
    ),
    Property(
        name="order_recency_rating", group="rfm_fields", type="enumeration", options=_RATING, block="rfm",
        label_en="Order Recency Rating", label_de="Aktualitätsbewertung",
        definition_en="From the full days of 24 hours since the newest counted order: 5 up to 30; 4 from 31 to 90; "
        "3 from 91 to 180; 2 from 181 to 360; 1 from 361. Empty without a counted order.",
        definition_de="Nach den vollen Tagen zu 24 Stunden seit der neuesten gezählten Bestellung: 5 bis 30; 4 von "
        "31 bis 90; 3 von 91 bis 180; 2 von 181 bis 360; 1 ab 361. Leer ohne gezählte Bestellung.",
    ),
)  # fmt: skip
