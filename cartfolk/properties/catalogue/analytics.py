"""Where the contact came from, as orders and carts recorded it."""

from __future__ import annotations

from cartfolk.properties.catalogue.model import Option, Property, Type

_SOURCES = (
    Option("ORGANIC_SEARCH", "Organic Search", "Organische Suche"),
    Option("PAID_SEARCH", "Paid Search", "Bezahlte Suche"),
    Option("EMAIL_MARKETING", "Email Marketing", "E-Mail-Marketing"),
    Option("SOCIAL_MEDIA", "Organic Social", "Soziale Medien"),
    Option("REFERRALS", "Referrals", "Verweise"),
    Option("OTHER_CAMPAIGNS", "Other Campaigns", "Andere Kampagnen"),
    Option("DIRECT_TRAFFIC", "Direct Traffic", "Direkte Zugriffe"),
    Option("OFFLINE", "Offline Sources", "Offline-Quellen"),
    Option("PAID_SOCIAL", "Paid Social", "Bezahlte soziale Medien"),
)
_FIRST_EN = "the earliest order or cart that says where it came from"
_FIRST_DE = "der frühesten Bestellung oder des frühesten Warenkorbs mit Herkunftsangabe"
_LAST_EN = "the latest order or cart that says where it came from"
_LAST_DE = "der jüngsten Bestellung oder des jüngsten Warenkorbs mit Herkunftsangabe"


def _seen(
    name: str, kind: Type, label_en: str, label_de: str, definition_en: str, definition_de: str,
    *, whole: bool = False, currency: bool = False, computed: bool = True, options: tuple[Option, ...] = (),
) -> Property:  # fmt: skip
    return Property(
        name=name, group="analyticsinformation", type=kind, whole=whole, currency=currency, options=options,
        label_en=label_en, label_de=label_de, definition_en=definition_en, definition_de=definition_de,
        computed=computed,
    )  # fmt: skip


PROPERTIES = (
    _seen("hs_analytics_source", "enumeration", "Original Source", "Ursprüngliche Quelle",
          f"Kind of traffic of {_FIRST_EN}.", f"Art des Zugriffs {_FIRST_DE}.", options=_SOURCES),
    _seen("hs_analytics_source_data_1", "string", "Original Source Drill-Down 1", "Ursprüngliche Quelle: Detail 1",
          f"Source (site, engine or sender) of {_FIRST_EN}.",
          f"Quelle (Website, Suchmaschine oder Absender) {_FIRST_DE}."),
    _seen("hs_analytics_source_data_2", "string", "Original Source Drill-Down 2", "Ursprüngliche Quelle: Detail 2",
          f"Campaign, else medium, of {_FIRST_EN}.", f"Kampagne, sonst Medium, {_FIRST_DE}."),
    _seen("hs_latest_source", "enumeration", "Latest Source", "Letzte Quelle",
          f"Kind of traffic of {_LAST_EN}.", f"Art des Zugriffs {_LAST_DE}.", options=_SOURCES),
    _seen("hs_latest_source_data_1", "string", "Latest Source Drill-Down 1", "Letzte Quelle: Detail 1",
          f"Source (site, engine or sender) of {_LAST_EN}.",
          f"Quelle (Website, Suchmaschine oder Absender) {_LAST_DE}."),
    _seen("hs_latest_source_data_2", "string", "Latest Source Drill-Down 2", "Letzte Quelle: Detail 2",
          f"Campaign, else medium, of {_LAST_EN}.", f"Kampagne, sonst Medium, {_LAST_DE}."),
    _seen("hs_latest_source_timestamp", "datetime", "Latest Source Date", "Datum der letzten Quelle",
          f"Moment of {_LAST_EN}.", f"Zeitpunkt {_LAST_DE}."),
    _seen("hs_analytics_first_timestamp", "datetime", "Time First Seen", "Zuerst gesehen",
          "Moment of the earliest order or cart.", "Zeitpunkt der ersten Bestellung oder des ersten Warenkorbs."),
    _seen("hs_analytics_last_timestamp", "datetime", "Time Last Seen", "Zuletzt gesehen",
          "Moment of the latest order or the last change of a cart.",
          "Zeitpunkt der letzten Bestellung oder der letzten Änderung eines Warenkorbs."),
    _seen("hs_analytics_first_visit_timestamp", "datetime", "Time of First Session", "Erste Sitzung",
          f"Moment of {_FIRST_EN}.", f"Zeitpunkt {_FIRST_DE}."),
    _seen("hs_analytics_last_visit_timestamp", "datetime", "Time of Last Session", "Letzte Sitzung",
          f"Moment of {_LAST_EN}.", f"Zeitpunkt {_LAST_DE}."),
    _seen("hs_analytics_first_url", "url", "First Page Seen", "Erste gesehene Seite",
          f"Entry page of {_FIRST_EN}; only http and https.", f"Einstiegsseite {_FIRST_DE}; nur http und https."),
    _seen("hs_analytics_last_url", "url", "Last Page Seen", "Letzte gesehene Seite",
          f"Entry page of {_LAST_EN}; only http and https.", f"Einstiegsseite {_LAST_DE}; nur http und https."),
    _seen("hs_analytics_first_referrer", "url", "First Referring Site", "Erste verweisende Seite",
          f"Referring page of {_FIRST_EN}; only http and https.",
          f"Verweisende Seite {_FIRST_DE}; nur http und https."),
    _seen("hs_analytics_last_referrer", "url", "Last Referring Site", "Letzte verweisende Seite",
          f"Referring page of {_LAST_EN}; only http and https.",
          f"Verweisende Seite {_LAST_DE}; nur http und https."),
    _seen("hs_analytics_num_page_views", "number", "Number of Pageviews", "Anzahl der Seitenaufrufe",
          "Pages seen in the sessions that led to an order, added up; without one, the most of a cart.",
          "Seiten der Sitzungen, die zu einer Bestellung führten, zusammengezählt; sonst die meisten eines "
          "Warenkorbs.", whole=True),
    _seen("hs_analytics_num_visits", "number", "Number of Sessions", "Anzahl der Sitzungen",
          "The highest session number an order or cart recorded.",
          "Die höchste Sitzungsnummer, die eine Bestellung oder ein Warenkorb festhielt.", whole=True),
    _seen("hs_analytics_average_page_views", "number", "Average Pageviews", "Seitenaufrufe je Sitzung",
          "Number of pageviews divided by number of sessions, two decimals.",
          "Anzahl der Seitenaufrufe geteilt durch Anzahl der Sitzungen, zwei Nachkommastellen."),
    _seen("hs_analytics_num_event_completions", "number", "Number of Event Completions",
          "Anzahl abgeschlossener Ereignisse",
          "Set through the API; Cartfolk does not fill it by itself.",
          "Wird über die Schnittstelle gesetzt; Cartfolk füllt es nicht von selbst.", whole=True, computed=False),
    _seen("hs_analytics_revenue", "number", "Event Revenue", "Umsatz aus Ereignissen",
          "The same as the total value of orders.", "Dasselbe wie der Gesamtwert der Bestellungen.", currency=True),
    _seen("hs_analytics_first_touch_converting_campaign", "string", "First Touch Converting Campaign",
          "Kampagne der ersten Berührung",
          f"Campaign of {_FIRST_EN}.", f"Kampagne {_FIRST_DE}."),
    _seen("hs_analytics_last_touch_converting_campaign", "string", "Last Touch Converting Campaign",
          "Kampagne der letzten Berührung",
          f"Campaign of {_LAST_EN}.", f"Kampagne {_LAST_DE}."),
)  # fmt: skip
