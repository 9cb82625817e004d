"""Conversions and the activity of people with the contact."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import TRUE_FALSE, Option, Property, Type

_STEP_EN = "A conversion is a named step in the purchase, such as Cart started, Abandoned Cart or Order complete."
_STEP_DE = "Eine Conversion ist ein benannter Schritt im Kauf, etwa Cart started, Abandoned Cart, Order complete."
_LATER_EN = "Set by people or through the API; Cartfolk does not fill it by itself."
_LATER_DE = "Wird von Hand oder über die Schnittstelle gesetzt; Cartfolk füllt es nicht von selbst."


def _step(group: str, name: str, kind: Type, label_en: str, label_de: str, en: str, de: str) -> Property:
    return Property(
        name=name, group=group, type=kind, whole=kind == "number", label_en=label_en, label_de=label_de,
        definition_en=f"{en} {_STEP_EN}", definition_de=f"{de} {_STEP_DE}",
    )  # fmt: skip


def _own(
    group: str, name: str, kind: Type, label_en: str, label_de: str,
    *, options: tuple[Option, ...] = (), hidden: bool = False,
) -> Property:  # fmt: skip
    return Property(
        name=name, group=group, type=kind, whole=kind == "number", label_en=label_en, label_de=label_de,
        definition_en=_LATER_EN, definition_de=_LATER_DE, computed=False, options=options, hidden=hidden,
    )  # fmt: skip


PROPERTIES = (
    _step("contact_activity", "first_conversion_event_name", "string", "First Conversion", "Erste Conversion",
          "Name of the earliest conversion.", "Name der frühesten Conversion."),
    _step("contact_activity", "first_conversion_date", "datetime", "First Conversion Date",
          "Datum der ersten Conversion",
          "Moment of the earliest conversion.", "Zeitpunkt der frühesten Conversion."),
    _step("conversioninformation", "recent_conversion_event_name", "string", "Recent Conversion",
          "Letzte Conversion", "Name of the latest conversion.", "Name der jüngsten Conversion."),
    _step("conversioninformation", "recent_conversion_date", "datetime", "Recent Conversion Date",
          "Datum der letzten Conversion",
          "Moment of the latest conversion.", "Zeitpunkt der jüngsten Conversion."),
    _step("conversioninformation", "num_conversion_events", "number", "Number of Conversions",
          "Anzahl der Conversions", "All conversions.", "Alle Conversions."),
    _step("conversioninformation", "num_unique_conversion_events", "number", "Number of Unique Conversions",
          "Anzahl verschiedener Conversions",
          "Conversions with different names.", "Conversions mit verschiedenen Namen."),
    _own("contact_activity", "notes_last_contacted", "datetime", "Last Contacted", "Zuletzt kontaktiert"),
    _own("contact_activity", "notes_last_updated", "datetime", "Last Activity Date", "Letzte Aktivität"),
    _own("contact_activity", "notes_next_activity_date", "datetime", "Next Activity Date", "Nächste Aktivität"),
    _own("contact_activity", "num_contacted_notes", "number", "Number of Times Contacted",
         "Anzahl der Kontaktaufnahmen"),
    _own("contact_activity", "num_notes", "number", "Number of Sales Activities",
         "Anzahl der Vertriebsaktivitäten"),
    _own("contact_activity", "message", "text", "Message", "Nachricht"),
    _own("contact_activity", "hs_last_sales_activity_timestamp", "datetime", "Last Engagement Date",
         "Letzte Interaktion"),
    _own("contact_activity", "hs_sales_email_last_opened", "datetime", "Recent Sales Email Opened Date",
         "Vertriebs-E-Mail zuletzt geöffnet"),
    _own("contact_activity", "hs_sales_email_last_clicked", "datetime", "Recent Sales Email Clicked Date",
         "Vertriebs-E-Mail zuletzt angeklickt"),
    _own("contact_activity", "hs_sales_email_last_replied", "datetime", "Recent Sales Email Replied Date",
         "Vertriebs-E-Mail zuletzt beantwortet"),
    _own("contact_activity", "currentlyinworkflow", "enumeration", "Currently in Workflow",
         "Derzeit in einem Workflow", options=TRUE_FALSE),
    _own("conversioninformation", "ip_city", "string", "IP City", "Ort laut IP-Adresse"),
    _own("conversioninformation", "ip_country", "string", "IP Country", "Land laut IP-Adresse"),
    _own("conversioninformation", "ip_country_code", "string", "IP Country Code", "Ländercode laut IP-Adresse"),
    _own("conversioninformation", "ip_state", "string", "IP State/Region", "Bundesland/Region laut IP-Adresse"),
    _own("conversioninformation", "ip_state_code", "string", "IP State/Region Code",
         "Code des Bundeslands laut IP-Adresse"),
    _own("conversioninformation", "ip_zipcode", "string", "IP Postal Code", "Postleitzahl laut IP-Adresse",
         hidden=True),
    _own("conversioninformation", "ip_latlon", "string", "IP Latitude and Longitude",
         "Koordinaten laut IP-Adresse", hidden=True),
    _own("conversioninformation", "hs_ip_timezone", "string", "IP Time Zone", "Zeitzone laut IP-Adresse"),
)  # fmt: skip
