"""What campaigns brought: set by workflows, people or the API."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import TRUE_FALSE, YES_NO, Option, Property, Type

_EN = "Set by workflows, by people or through the API; Cartfolk does not fill it by itself."
_DE = "Wird von Workflows, von Hand oder über die Schnittstelle gesetzt; Cartfolk füllt es nicht von selbst."

# Name as other tools know it, and as people read it.
_CAMPAIGNS = (
    ("abandoned_cart_recovery_workflow", "Abandoned Cart Recovery", "Warenkorb-Rückgewinnung"),
    ("customer_reengagement_workflow", "Customer Reengagement", "Reaktivierung"),
    ("customer_rewards_workflow", "Customer Rewards", "Kundenbelohnung"),
    ("mql_capture_nurture_conversion", "MQL Nurture & Conversion", "Lead-Betreuung"),
    ("new_customer_workflow", "New Customer", "Neukunden"),
    ("second_purchase_workflow", "Second Purchase", "Zweiter Kauf"),
    ("third_purchase_workflow", "Third Purchase", "Dritter Kauf"),
)
_CURRENT = (
    Option("MQL Nurture & Conversion", "MQL Nurture & Conversion", "Lead-Betreuung"),
    Option("New Customer Welcome & Get a 2nd Order", "New customer welcome", "Begrüßung von Neukunden"),
    Option("2nd Order Thank You & Get a 3rd Order", "Thanks for the 2nd order", "Dank für die 2. Bestellung"),
    Option("3rd Order Thank You", "Thanks for the 3rd order", "Dank für die 3. Bestellung"),
    Option("Customer Reengagement", "Customer Reengagement", "Reaktivierung"),
    Option("Customer Rewards", "Customer Rewards", "Kundenbelohnung"),
    Option("Abandoned Cart Recovery", "Abandoned Cart Recovery", "Warenkorb-Rückgewinnung"),
    Option("None", "None", "Keine"),
)


def _own(
    name: str, kind: Type, label_en: str, label_de: str, en: str, de: str,
    *, options: tuple[Option, ...] = (), currency: bool = False,
) -> Property:  # fmt: skip
    return Property(
        name=name, group="roi_tracking", type=kind, label_en=label_en, label_de=label_de, options=options,
        currency=currency, definition_en=f"{en} {_EN}", definition_de=f"{de} {_DE}", computed=False,
    )  # fmt: skip


def _campaign(name: str, en: str, de: str) -> tuple[Property, ...]:
    return (
        _own(f"{name}_start_date", "date", f"{en}: Start Date", f"{de}: begonnen am",
             "Day the contact entered the campaign.", "Tag, an dem der Kontakt in die Kampagne kam."),
        _own(f"{name}_conversion", "enumeration", f"{en}: Converted", f"{de}: erfolgreich",
             "Whether the campaign led to an order.", "Ob die Kampagne zu einer Bestellung führte.",
             options=TRUE_FALSE),
        _own(f"{name}_conversion_date", "date", f"{en}: Conversion Date", f"{de}: Erfolg am",
             "Day of the order credited to the campaign.", "Tag der Bestellung, die der Kampagne zählt."),
        _own(f"{name}_conversion_amount", "number", f"{en}: Conversion Amount", f"{de}: Betrag",
             "Value of the order credited to the campaign.", "Wert der Bestellung, die der Kampagne zählt.",
             currency=True),
    )  # fmt: skip


PROPERTIES = (
    _own("customer_new_order", "enumeration", "Customer New Order", "Neue Bestellung des Kunden",
         "Marks contacts with a new order for a workflow.", "Merkt Kontakte mit neuer Bestellung für Workflows vor.",
         options=YES_NO),
    _own("current_roi_campaign", "enumeration", "Current ROI Campaign", "Aktuelle Kampagne",
         "The campaign the next order is credited to.", "Die Kampagne, der die nächste Bestellung zählt.",
         options=_CURRENT),
    *(item for campaign in _CAMPAIGNS for item in _campaign(*campaign)),
)  # fmt: skip
