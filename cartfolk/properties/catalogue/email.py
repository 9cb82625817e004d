"""E-mail: consent, and the counters that mailing will fill."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import Option, Property, Type

_LATER_EN = "Empty until mail is sent from Cartfolk or the API sets it."
_LATER_DE = "Leer, bis Cartfolk E-Mails versendet oder die Schnittstelle einen Wert setzt."
_BOUNCES = (
    Option("CONTENT", "Content", "Inhalt"),
    Option("MAILBOX_FULL", "Mailbox full", "Postfach voll"),
    Option("POLICY", "Policy", "Richtlinie"),
    Option("SPAM", "Spam", "Spam"),
    Option("UNKNOWN_USER", "Unknown user", "Empfänger unbekannt"),
    Option("OTHER", "Other", "Sonstiges"),
)


def _mail(
    name: str, kind: Type, label_en: str, label_de: str,
    *, options: tuple[Option, ...] = (), multi: bool = False, hidden: bool = False,
) -> Property:  # fmt: skip
    return Property(
        name=name, group="emailinformation", type=kind, whole=kind == "number", multi=multi, hidden=hidden,
        label_en=label_en, label_de=label_de, definition_en=_LATER_EN, definition_de=_LATER_DE, computed=False,
        options=options,
    )  # fmt: skip


PROPERTIES = (
    Property(
        name="hs_email_optout", group="emailinformation", type="bool",
        label_en="Unsubscribed from All Email", label_de="Von allen E-Mails abgemeldet",
        definition_en="True after a withdrawal of consent to marketing by e-mail that no later grant by the person "
        "lifted; else false.",
        definition_de="Ja nach einem Widerruf der Einwilligung in E-Mail-Werbung, den keine spätere Einwilligung "
        "der Person aufgehoben hat; sonst nein.",
    ),
    _mail("hs_email_delivered", "number", "Marketing Emails Delivered", "Zugestellte Marketing-E-Mails"),
    _mail("hs_email_open", "number", "Marketing Emails Opened", "Geöffnete Marketing-E-Mails"),
    _mail("hs_email_click", "number", "Marketing Emails Clicked", "Angeklickte Marketing-E-Mails"),
    _mail("hs_email_bounce", "number", "Marketing Emails Bounced", "Unzustellbare Marketing-E-Mails"),
    _mail("hs_email_replied", "number", "Marketing Emails Replied", "Beantwortete Marketing-E-Mails"),
    _mail("hs_email_last_email_name", "string", "Last Marketing Email Name", "Name der letzten Marketing-E-Mail"),
    _mail("hs_email_first_send_date", "datetime", "First Marketing Email Send Date",
          "Erste Marketing-E-Mail versendet"),
    _mail("hs_email_last_send_date", "datetime", "Last Marketing Email Send Date",
          "Letzte Marketing-E-Mail versendet"),
    _mail("hs_email_first_open_date", "datetime", "First Marketing Email Open Date",
          "Marketing-E-Mail erstmals geöffnet"),
    _mail("hs_email_last_open_date", "datetime", "Last Marketing Email Open Date",
          "Marketing-E-Mail zuletzt geöffnet"),
    _mail("hs_email_first_click_date", "datetime", "First Marketing Email Click Date",
          "Marketing-E-Mail erstmals angeklickt"),
    _mail("hs_email_last_click_date", "datetime", "Last Marketing Email Click Date",
          "Marketing-E-Mail zuletzt angeklickt"),
    _mail("hs_email_first_reply_date", "datetime", "First Marketing Email Reply Date",
          "Marketing-E-Mail erstmals beantwortet"),
    _mail("hs_email_last_reply_date", "datetime", "Last Marketing Email Reply Date",
          "Marketing-E-Mail zuletzt beantwortet"),
    _mail("hs_email_bad_address", "bool", "Invalid Email Address", "Ungültige E-Mail-Adresse"),
    _mail("hs_email_quarantined", "bool", "Email Address Quarantined", "E-Mail-Adresse gesperrt"),
    _mail("hs_email_quarantined_reason", "string", "Email Quarantine Reason", "Grund der E-Mail-Sperre"),
    _mail("hs_email_hard_bounce_reason", "string", "Email Hard Bounce Reason (Text)",
          "Grund der Unzustellbarkeit (Text)", hidden=True),
    _mail("hs_email_hard_bounce_reason_enum", "enumeration", "Email Hard Bounce Reason",
          "Grund der Unzustellbarkeit", options=_BOUNCES),
    _mail("hs_email_sends_since_last_engagement", "number", "Sends Since Last Engagement",
          "Versendete E-Mails seit der letzten Reaktion"),
    Property(
        name="hs_emailconfirmationstatus", group="emailinformation", type="enumeration",
        label_en="Marketing Email Confirmation Status", label_de="Status der Anmeldebestätigung",
        options=(Option("PENDING", "Asked, not confirmed", "Angefragt, nicht bestätigt"),
                 Option("CONFIRMED", "Confirmed", "Bestätigt")),
        definition_en="Confirmed once the person opened the link of the confirmation (double opt-in) and did not "
        "withdraw since; asked while the link waits; else empty.",
        definition_de="Bestätigt, sobald die Person den Bestätigungslink (Double-Opt-in) geöffnet und seither nicht "
        "widerrufen hat; angefragt, solange der Link wartet; sonst leer.",
    ),
    _mail("hs_legal_basis", "string", "Legal Basis for Processing Data",
          "Rechtsgrundlage der Datenverarbeitung", multi=True),
    _mail("hs_email_is_ineligible", "bool", "Is Globally Ineligible", "Vom Versand ausgeschlossen", hidden=True),
)  # fmt: skip
