# ruff: noqa: E501 - texts stay on one line
"""Who the contact is."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import TRUE_FALSE, Option, Property, Type

_PERSON_EN = "Set by people or through the API."
_PERSON_DE = "Wird von Hand oder über die Schnittstelle gesetzt."
_SHOP_EN = "From the most recently changed shop account, else the newest order, else the newest cart that has it."
_SHOP_DE = "Aus dem zuletzt geänderten Shopkonto, sonst der neuesten Bestellung, sonst dem neuesten Warenkorb."
_STAGES = (
    Option("subscriber", "Subscriber", "Abonnent"),
    Option("lead", "Lead", "Lead"),
    Option("marketingqualifiedlead", "Marketing Qualified Lead", "Marketing-qualifizierter Lead"),
    Option("salesqualifiedlead", "Sales Qualified Lead", "Vertriebsqualifizierter Lead"),
    Option("opportunity", "Opportunity", "Verkaufschance"),
    Option("customer", "Customer", "Kunde"),
    Option("evangelist", "Evangelist", "Fürsprecher"),
    Option("other", "Other", "Sonstige"),
)
_SIZES = tuple(Option(s, s, s) for s in ("1-5", "5-25", "25-50", "50-100", "100-500", "500-1000", "1000+"))


def _p(
    name: str, kind: Type, label_en: str, label_de: str, definition_en: str, definition_de: str,
    *, computed: bool = True, multi: bool = False, whole: bool = False, hidden: bool = False, stored: bool = True,
    options: tuple[Option, ...] = (), own: bool = False,
) -> Property:  # fmt: skip
    return Property(
        name=name, group="contactinformation", type=kind, label_en=label_en, label_de=label_de,
        definition_en=definition_en, definition_de=definition_de, computed=computed, multi=multi, whole=whole,
        hidden=hidden, stored=stored, options=options, own=own,
    )  # fmt: skip


def _own(name: str, kind: Type, label_en: str, label_de: str, options: tuple[Option, ...] = ()) -> Property:
    """One that people fill."""
    return _p(name, kind, label_en, label_de, _PERSON_EN, _PERSON_DE, computed=False, options=options)


def _stage_date(stage: str, label_en: str, label_de: str, en: str, de: str) -> Property:
    """When a stage was first reached, by facts or by hand."""
    return _p(f"hs_lifecyclestage_{stage}_date", "datetime", label_en, label_de,
              f"{en}; or when people first set this stage, if earlier.",
              f"{de}; oder wann die Phase zuerst von Hand gesetzt wurde, wenn früher.")  # fmt: skip


PROPERTIES = (
    _p("firstname", "string", "First Name", "Vorname", _SHOP_EN, _SHOP_DE, own=True),
    _p("lastname", "string", "Last Name", "Nachname", _SHOP_EN, _SHOP_DE, own=True),
    _p("email", "email", "Email", "E-Mail",
       "The address people made the first; else that of the most recently changed shop account, else of the newest "
       "order, else of the newest cart, else one the contact was found by.",
       "Von Hand zur ersten gemachte Adresse; sonst die des zuletzt geänderten Shopkontos, der neuesten Bestellung, "
       "des neuesten Warenkorbs, sonst eine, unter der der Kontakt gefunden wurde."),
    _p("hs_additional_emails", "email", "Additional Email Addresses", "Weitere E-Mail-Adressen",
       "The other addresses the contact is known by, normalised.",
       "Die anderen Adressen, unter denen der Kontakt bekannt ist, normalisiert.", multi=True),
    _p("hs_email_domain", "string", "Email Domain", "E-Mail-Domain",
       "The part of the email address after the @, in lower case.",
       "Der Teil der E-Mail-Adresse nach dem @, in Kleinbuchstaben."),
    _p("phone", "phone", "Phone Number", "Telefonnummer", _SHOP_EN, _SHOP_DE, own=True),
    _own("mobilephone", "phone", "Mobile Phone Number", "Mobiltelefon"),
    _own("fax", "phone", "Fax Number", "Faxnummer"),
    _p("address", "string", "Street Address", "Straße und Hausnummer",
       "Both lines of the billing address.", "Beide Zeilen der Rechnungsadresse.", own=True),
    _p("city", "string", "City", "Ort", "From the billing address.", "Aus der Rechnungsadresse.", own=True),
    _p("state", "string", "State/Region", "Bundesland/Region",
       "From the billing address, as the shop writes it.", "Aus der Rechnungsadresse, wie der Shop sie führt.", own=True),
    _p("zip", "string", "Postal Code", "Postleitzahl", "From the billing address.", "Aus der Rechnungsadresse.", own=True),
    _p("country", "string", "Country/Region", "Land/Region",
       "From the billing address, the two-letter code of ISO 3166. A country entered by its name becomes its code.",
       "Aus der Rechnungsadresse, der Code aus zwei Buchstaben nach ISO 3166. Wer den Namen des Landes eingibt, bekommt seinen Code.", own=True),
    _p("company", "string", "Company Name", "Firma",
       "Of the shop account, else of the billing address.", "Aus dem Shopkonto, sonst aus der Rechnungsadresse.", own=True),
    _own("jobtitle", "string", "Job Title", "Position"),
    _own("salutation", "string", "Salutation", "Anrede"),
    _own("website", "url", "Website URL", "Website"),
    _p("hs_language", "string", "Preferred Language", "Bevorzugte Sprache",
       "Language of the most recently changed shop account that has one.",
       "Sprache des zuletzt geänderten Shopkontos, das eine führt.", own=True),
    _own("hs_timezone", "string", "Time Zone", "Zeitzone"),
    _p("lifecyclestage", "enumeration", "Lifecycle Stage", "Lebenszyklusphase",
       "The furthest stage reached, never falling back by itself: subscriber with a first consent to marketing by "
       "e-mail, lead with an account or a cart, marketing qualified lead in a checkout, opportunity with an order placed "
       "(paid or not), customer with an order that counts or ever counted, evangelist with five; else other. An order "
       "cancelled later takes no stage away; one deleted in the shop never was. A stage set by hand holds; only what "
       "happens after that moment moves it further.",
       "Die weiteste erreichte Phase, von selbst nie zurück: Abonnent mit der ersten Einwilligung in E-Mail-Werbung, Lead "
       "mit Konto oder Warenkorb, Marketing-qualifizierter Lead an der Kasse, Verkaufschance mit einer Bestellung (bezahlt "
       "oder nicht), Kunde mit einer Bestellung, die zählt oder je zählte, Fürsprecher mit fünf; sonst Sonstige. Eine "
       "später stornierte Bestellung nimmt keine Phase; eine im Shop gelöschte gab es nie. Eine von Hand gesetzte Phase "
       "bleibt; nur was danach geschieht, führt weiter.", options=_STAGES, own=True),
    _p("hs_lifecyclestage_subscriber_date", "datetime", "Became a Subscriber Date", "Abonnent seit",
       "First grant for marketing by e-mail, also when withdrawn later.",
       "Erste Einwilligung in E-Mail-Werbung, auch wenn sie später widerrufen wurde."),
    _p("hs_lifecyclestage_lead_date", "datetime", "Became a Lead Date", "Lead seit",
       "First account or cart.", "Erstes Konto oder erster Warenkorb."),
    _stage_date("marketingqualifiedlead", "Became a Marketing Qualified Lead Date",
                "Marketing-qualifizierter Lead seit", "First moment in a checkout", "Erster Moment an der Kasse"),
    _stage_date("salesqualifiedlead", "Became a Sales Qualified Lead Date", "Vertriebsqualifizierter Lead seit",
                "No fact leads here", "Kein Ereignis führt hierher"),
    _stage_date("opportunity", "Became an Opportunity Date", "Verkaufschance seit",
                "Moment of the first order, paid or not", "Zeitpunkt der ersten Bestellung, bezahlt oder nicht"),
    _p("hs_lifecyclestage_customer_date", "datetime", "Became a Customer Date", "Kunde seit",
       "Moment of the first order that counts or ever counted.",
       "Zeitpunkt der ersten Bestellung, die zählt oder je zählte."),
    _stage_date("evangelist", "Became an Evangelist Date", "Fürsprecher seit",
                "Moment of the fifth order that counts or ever counted",
                "Zeitpunkt der fünften Bestellung, die zählt oder je zählte"),
    _p("hs_lifecyclestage_other_date", "datetime", "Became an Other Lifecycle Date", "Sonstige Phase seit",
       "The create date, while the stage is other.", "Das Erstelldatum, solange die Phase Sonstige ist."),
    _p("createdate", "datetime", "Create Date", "Erstelldatum",
       "Earliest known moment: account created, first order, first cart, first consent; else when Cartfolk learned "
       "of the person.",
       "Frühester bekannter Zeitpunkt: Konto angelegt, erste Bestellung, erster Warenkorb, erste Einwilligung; "
       "sonst wann Cartfolk von der Person erfuhr."),
    _p("lastmodifieddate", "datetime", "Last Modified Date", "Zuletzt geändert",
       "When a computed value of the contact last changed.",
       "Wann sich zuletzt ein berechneter Wert des Kontakts geändert hat.", stored=False),
    _p("hs_object_id", "number", "Record ID", "Kontakt-ID",
       "Cartfolk's own number of the contact.", "Cartfolks eigene Nummer des Kontakts.", whole=True),
    _p("hs_merged_object_ids", "string", "Merged Contact IDs", "Zusammengeführte Kontakt-IDs",
       "Numbers of the contacts that were merged into this one.",
       "Nummern der Kontakte, die in diesen zusammengeführt wurden.", computed=False, multi=True),
    _p("hs_marketable_status", "enumeration", "Marketing Contact Status", "Werbung erlaubt",
       "True with valid consent to marketing by e-mail; false without, also when nothing is known.",
       "Ja mit gültiger Einwilligung in E-Mail-Werbung; sonst nein, auch wenn nichts bekannt ist.",
       options=TRUE_FALSE),
    _own("hs_marketable_reason_type", "string", "Marketing Contact Status Source Type",
         "Art der Quelle des Werbestatus"),
    _own("hs_marketable_reason_id", "string", "Marketing Contact Status Source Name",
         "Name der Quelle des Werbestatus"),
    _own("hs_marketable_until_renewal", "enumeration", "Marketing Contact Until Next Update",
         "Werbestatus bis zur nächsten Erneuerung", TRUE_FALSE),
    _own("hs_persona", "string", "Persona", "Persona"),
    _own("industry", "string", "Industry", "Branche"),
    _own("numemployees", "enumeration", "Number of Employees", "Anzahl der Mitarbeiter", _SIZES),
    _own("annualrevenue", "string", "Annual Revenue", "Jahresumsatz"),
    _own("twitterhandle", "string", "Twitter Username", "Twitter-Benutzername"),
)  # fmt: skip
