"""The newest order."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import Property

_NEWEST_EN = "of the newest order, whatever its status; drafts and deleted orders are left out"
_NEWEST_DE = "der neuesten Bestellung, gleich welchen Status; Entwürfe und gelöschte Bestellungen zählen nicht mit"

PROPERTIES = (
    Property(
        name="last_order_status", group="order", type="string", block="last_purchase",
        label_en="Last Order Status", label_de="Status der letzten Bestellung",
        definition_en=f"Status {_NEWEST_EN}. The word is the shop's own.",
        definition_de=f"Status {_NEWEST_DE}. Das Wort ist das des Shops.",
    ),
    Property(
        name="last_order_fulfillment_status", group="order", type="string", block="last_purchase",
        label_en="Last Order Fulfillment Status", label_de="Versandstatus der letzten Bestellung",
        definition_en=f"Fulfilment status {_NEWEST_EN}. Empty when the shop keeps none.",
        definition_de=f"Versandstatus {_NEWEST_DE}. Leer, wenn der Shop keinen führt.",
    ),
    Property(
        name="last_order_tracking_number", group="order", type="string", block="last_purchase",
        label_en="Last Order Tracking Number", label_de="Sendungsnummer der letzten Bestellung",
        definition_en=f"Tracking number {_NEWEST_EN}.",
        definition_de=f"Sendungsnummer {_NEWEST_DE}.",
    ),
    Property(
        name="last_order_tracking_url", group="order", type="url", block="last_purchase",
        label_en="Last Order Tracking URL", label_de="Sendungsverfolgung der letzten Bestellung",
        definition_en=f"Tracking link {_NEWEST_EN}. Only addresses that begin with http or https are kept.",
        definition_de=f"Link zur Sendungsverfolgung {_NEWEST_DE}. Nur Adressen mit http oder https.",
    ),
    Property(
        name="last_order_shipment_carrier", group="order", type="string", block="last_purchase",
        label_en="Last Order Shipment Carrier", label_de="Versanddienst der letzten Bestellung",
        definition_en=f"Carrier {_NEWEST_EN}.",
        definition_de=f"Versanddienst {_NEWEST_DE}.",
    ),
    Property(
        name="last_order_shipment_date", group="order", type="datetime", block="last_purchase",
        label_en="Last Order Shipment Date", label_de="Versanddatum der letzten Bestellung",
        definition_en=f"Moment of shipment {_NEWEST_EN}.",
        definition_de=f"Zeitpunkt des Versands {_NEWEST_DE}.",
    ),
    Property(
        name="last_order_order_number", group="order", type="string", block="last_purchase",
        label_en="Last Order Number", label_de="Nummer der letzten Bestellung",
        definition_en=f"Number {_NEWEST_EN}.",
        definition_de=f"Nummer {_NEWEST_DE}.",
    ),
    Property(
        name="last_order_currency", group="order", type="string", block="last_purchase",
        label_en="Last Order Currency", label_de="Währung der letzten Bestellung",
        definition_en="The newest counted order's own currency (ISO 4217). A counted order is paid: by default "
        "its status is completed or refunded; the store's settings can change that.",
        definition_de="Eigene Währung (ISO 4217) der neuesten gezählten Bestellung. Gezählt wird, was bezahlt "
        "wurde: ohne andere Einstellung die Status „abgeschlossen“ und „erstattet“.",
    ),
    Property(
        name="total_number_of_current_orders", group="order", type="number", whole=True, block="lifetime",
        label_en="Total Number of Current Orders", label_de="Anzahl offener Bestellungen",
        definition_en="Orders placed and not yet paid; drafts, failed and cancelled orders are left out.",
        definition_de="Aufgegebene, noch nicht bezahlte Bestellungen; ohne Entwürfe, fehlgeschlagene und "
        "stornierte.",
    ),
)  # fmt: skip
