"""Sales and deals: what people set, and deals as what they are in a shop, its orders."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import Option, Property, Type

_LATER_EN = "Set by people or through the API; Cartfolk does not fill it by itself."
_LATER_DE = "Wird von Hand oder über die Schnittstelle gesetzt; Cartfolk füllt es nicht von selbst."
_LEAD = (
    Option("NEW", "New", "Neu"),
    Option("OPEN", "Open", "Offen"),
    Option("IN_PROGRESS", "In progress", "In Bearbeitung"),
    Option("OPEN_DEAL", "Open deal", "Offener Abschluss"),
    Option("UNQUALIFIED", "Unqualified", "Nicht qualifiziert"),
    Option("ATTEMPTED_TO_CONTACT", "Attempted to contact", "Kontakt versucht"),
    Option("CONNECTED", "Connected", "Kontakt hergestellt"),
    Option("BAD_TIMING", "Bad timing", "Falscher Zeitpunkt"),
)


def _own(name: str, kind: Type, label_en: str, label_de: str, options: tuple[Option, ...] = ()) -> Property:
    return Property(
        name=name, group="sales_properties", type=kind, label_en=label_en, label_de=label_de, options=options,
        definition_en=_LATER_EN, definition_de=_LATER_DE, computed=False,
    )  # fmt: skip


def _deal(
    name: str, kind: Type, label_en: str, label_de: str, en: str, de: str,
    *, whole: bool = False, currency: bool = False,
) -> Property:  # fmt: skip
    return Property(
        name=name, group="deal_information", type=kind, label_en=label_en, label_de=label_de, whole=whole,
        currency=currency, definition_en=en, definition_de=de,
    )  # fmt: skip


PROPERTIES = (
    _own("hubspot_owner_id", "string", "Contact Owner", "Zuständige Person"),
    _own("hubspot_owner_assigneddate", "datetime", "Owner Assigned Date", "Zuständige Person seit"),
    _own("hubspot_team_id", "string", "Team", "Team"),
    _own("hs_lead_status", "enumeration", "Lead Status", "Lead-Status", _LEAD),
    _own("hubspotscore", "number", "Score", "Punktwert"),
    _deal("num_associated_deals", "number", "Number of Associated Deals", "Anzahl der Abschlüsse",
          "A deal is an order of any status; drafts and deleted orders are left out.",
          "Ein Abschluss ist eine Bestellung gleich welchen Status; ohne Entwürfe und gelöschte.", whole=True),
    _deal("first_deal_created_date", "datetime", "First Deal Created Date", "Erster Abschluss angelegt am",
          "Moment of the first order of any status.", "Zeitpunkt der ersten Bestellung gleich welchen Status."),
    _deal("closedate", "datetime", "Close Date", "Abschlussdatum",
          "Moment of the oldest counted order: the day the contact became a customer.",
          "Zeitpunkt der ältesten gezählten Bestellung: seitdem ist der Kontakt Kunde."),
    _deal("days_to_close", "number", "Days to Close", "Tage bis zum Abschluss",
          "Full days of 24 hours from the create date to the close date.",
          "Volle Tage zu 24 Stunden vom Erstelldatum bis zum Abschlussdatum.", whole=True),
    _deal("recent_deal_close_date", "datetime", "Recent Deal Close Date", "Letzter Abschluss am",
          "Moment of the newest counted order.", "Zeitpunkt der neuesten gezählten Bestellung."),
    _deal("recent_deal_amount", "number", "Recent Deal Amount", "Betrag des letzten Abschlusses",
          "The same as the last order value.", "Dasselbe wie der Wert der letzten Bestellung.", currency=True),
    _deal("total_revenue", "number", "Total Revenue", "Gesamtumsatz",
          "The same as the total value of orders.", "Dasselbe wie der Gesamtwert der Bestellungen.", currency=True),
)  # fmt: skip
