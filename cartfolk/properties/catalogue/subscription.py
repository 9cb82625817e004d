"""The newest subscription, of shops whose connector tells them; what people and programs set goes before it."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import Option, Property, Type

_EN = "From WooCommerce Subscriptions and Shopify's contracts; elsewhere through the API, from files or by hand."
_DE = (
    "Aus WooCommerce Subscriptions und Shopifys Abo-Verträgen; sonst über die Schnittstelle, aus Dateien oder von Hand."
)
_PERIODS = (
    Option("day", "Day", "Tag"),
    Option("week", "Week", "Woche"),
    Option("month", "Month", "Monat"),
    Option("year", "Year", "Jahr"),
)


def _newest(
    name: str, kind: Type, label_en: str, label_de: str, en: str, de: str,
    *, multi: bool = False, options: tuple[Option, ...] = (),
) -> Property:  # fmt: skip
    return Property(
        name=name, group="subscriptions_details", type=kind, label_en=label_en, label_de=label_de, multi=multi,
        options=options, definition_en=f"{en} {_EN}", definition_de=f"{de} {_DE}", own=True,
    )  # fmt: skip


PROPERTIES = (
    _newest("last_subscription_order_number", "string", "Last Subscription Number", "Nummer des letzten Abos",
            "Number of the newest subscription.", "Nummer des neuesten Abos."),
    _newest("last_subscription_parent_order_number", "string", "Last Subscription Parent Order Number",
            "Bestellung des letzten Abos", "Number of the order the newest subscription began with.",
            "Nummer der Bestellung, mit der das neueste Abo begann."),
    _newest("last_subscription_order_status", "string", "Last Subscription Status", "Status des letzten Abos",
            "Status of the newest subscription, in the shop's word.", "Status des neuesten Abos, im Wort des Shops."),
    _newest("last_subscription_order_creation_date", "datetime", "Last Subscription Creation Date",
            "Letztes Abo angelegt am", "When the newest subscription began.", "Beginn des neuesten Abos."),
    _newest("last_subscription_order_paid_date", "datetime", "Last Subscription Paid Date", "Letztes Abo bezahlt am",
            "When the order it began with was paid.",
            "Wann die Bestellung bezahlt wurde, mit der es begann."),
    _newest("last_subscription_order_completed_date", "datetime", "Last Subscription Completed Date",
            "Letztes Abo abgeschlossen am", "When the order it began with was completed.",
            "Wann die Bestellung abgeschlossen wurde, mit der es begann."),
    _newest("related_last_order_creation_date", "datetime", "Last Renewal Creation Date",
            "Letzte Verlängerung angelegt am", "When the newest order was placed that any subscription led to.",
            "Wann die neueste Bestellung einging, die aus einem Abo entstand."),
    _newest("related_last_order_paid_date", "datetime", "Last Renewal Paid Date", "Letzte Verlängerung bezahlt am",
            "When that order was paid.", "Wann diese Bestellung bezahlt wurde."),
    _newest("related_last_order_completed_date", "datetime", "Last Renewal Completed Date",
            "Letzte Verlängerung abgeschlossen am", "When that order was completed.",
            "Wann diese Bestellung abgeschlossen wurde."),
    _newest("last_subscription_trial_end_date", "datetime", "Last Subscription Trial End Date",
            "Probezeit des letzten Abos bis", "End of the trial.", "Ende der Probezeit."),
    _newest("last_subscription_next_payment_date", "datetime", "Last Subscription Next Payment Date",
            "Nächste Zahlung des letzten Abos", "When the next payment is due.",
            "Wann die nächste Zahlung fällig ist."),
    _newest("last_subscription_billing_period", "enumeration", "Last Subscription Billing Period",
            "Zeitraum der Abrechnung", "Unit of the billing interval.", "Einheit des Abstands der Abrechnungen.",
            options=_PERIODS),
    _newest("last_subscription_billing_interval", "enumeration", "Last Subscription Billing Interval",
            "Abstand der Abrechnungen", "Every how many periods it is billed.",
            "Alle wie viele Zeiträume abgerechnet wird.",
            options=tuple(Option(str(n), str(n), str(n)) for n in range(1, 7))),
    _newest("last_subscription_products", "string", "Last Subscription Products", "Produkte des letzten Abos",
            "Products of the newest subscription.", "Produkte des neuesten Abos.", multi=True),
)  # fmt: skip
