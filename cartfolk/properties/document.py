# ruff: noqa: E501 - texts stay on one line
"""Writes docs/properties.md and docs/de/eigenschaften.md from the catalogue: ``python -m cartfolk.properties.document``."""

from __future__ import annotations

from pathlib import Path

from cartfolk.properties.catalogue import GROUPS, LEFT_OUT, PROPERTIES, Property
from cartfolk.properties.formula import FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"en": ROOT / "docs" / "properties.md", "de": ROOT / "docs" / "de" / "eigenschaften.md"}

_HEADS = {
    "en": (
        "# Properties",
        "What Cartfolk says about a contact, and how each value comes about. *Computed* values follow from the "
        "shop's facts and are never edited; the others are set by people or through the API. Amounts are in the "
        "home currency of the first connected store unless their definition says otherwise. Times are kept "
        "exactly, in UTC.",
        "| Label | Name | Type | Source | Definition |",
        "computed",
        "set by people or API",
        "list of ",
        "## Not kept",
        "Names of other contact databases that Cartfolk does not keep, because",
    ),
    "de": (
        "# Eigenschaften",
        "Was Cartfolk über einen Kontakt sagt und wie jeder Wert entsteht. *Berechnete* Werte folgen aus dem, was "
        "im Shop geschah, und werden nie von Hand geändert; die anderen setzen Menschen oder die Schnittstelle. "
        "Beträge stehen in der Hauswährung des zuerst verbundenen Shops, wenn die Definition nichts anderes sagt. "
        "Zeiten werden genau gespeichert, in UTC.",
        "| Bezeichnung | Name | Typ | Herkunft | Definition |",
        "berechnet",
        "von Hand oder Schnittstelle",
        "Liste: ",
        "## Nicht geführt",
        "Namen anderer Kontaktdatenbanken, die Cartfolk nicht führt, denn",
    ),
}
_TYPES_DE = {
    "string": "Text", "text": "langer Text", "number": "Zahl", "date": "Datum", "datetime": "Zeitpunkt",
    "enumeration": "Auswahl", "bool": "Ja/Nein", "email": "E-Mail", "phone": "Telefon", "url": "Adresse (URL)",
}  # fmt: skip


_CALCULATED = {
    "en": """## Calculated properties

A formula makes a property of your own out of others, for every contact, and keeps it true: whatever changes one of the values it reads (shop, person, file, API, merge) changes the result in the same moment. Make one under *Settings → Properties → Create calculated property*, where the result for a contact is shown while you type, with `cartfolk properties create NAME --formula …`, or through the API.

| You want to know | Formula | Type |
|---|---|---|
| Units per order | `round(total_number_of_products_bought / total_number_of_orders, 1)` | Number |
| How far the last order lies above the usual one | `last_order_value - average_order_value` | Amount of money |
| Days from the first order to the last | `days_between(first_order_date, last_order_date)` | Whole number |
| A greeting | `concat("Dear ", coalesce(firstname, "customer"))` | Text |
| Bought something in spring | `month(last_order_date) >= 3 and month(last_order_date) <= 5` | Yes or no |
| A score | `if(total_number_of_orders > 5, 2, 0) + if(is_known(phone), 1, 0)` | Whole number |

- Properties go by their internal name. Text stands in quotation marks. `[name]` and `[properties.name]` are the same as `name`, `if … then … elseif … else … endif` the same as `if(…)`.
- `+ - * / %` calculate with numbers, `= != < <= > >=` compare values of one kind, `and or not` join conditions. `not` binds more tightly than `and`, `and` more tightly than `or`.
- What is calculated or compared with an empty value is empty, so is a division by zero. An empty condition counts as no in `if`. `coalesce(a, 0)` puts a value in the place of an empty one.
- A division keeps 10 decimals, rounded half up, and so does every result; a whole number is rounded. From 10^18 on a number is empty. A text is cut at 5,000 characters.
- Days, months and years are those of the first store's time zone.
- `date + days` and `date - days` give another day, beyond the years 1 to 9999 nothing.
- What depends on `today()` is calculated again when the day begins in the first store's time zone, for every contact. Prefer an answer that changes rarely (`today() > last_order_date + 90`) to a count of days, which writes a line of history for everybody every night; segments have relative dates.
- A formula may read other calculated properties, ten deep, and never itself. A property that a formula reads cannot be archived.
- A changed formula is calculated for everybody in the background; the page shows how far it is. History tells such changes as *Calculated*.

| Function | What it gives | Example |
|---|---|---|
""",
    "de": """## Berechnete Eigenschaften

Eine Formel macht aus anderen Eigenschaften eine eigene, für jeden Kontakt, und hält sie wahr: Was einen der gelesenen Werte ändert (Shop, Mensch, Datei, Schnittstelle, Zusammenführung), ändert im selben Augenblick das Ergebnis. Sie legen sie unter *Einstellungen → Eigenschaften → Berechnete Eigenschaft anlegen* an, wo das Ergebnis für einen Kontakt schon beim Schreiben erscheint, mit `cartfolk properties create NAME --formula …` oder über die Schnittstelle.

| Sie möchten wissen | Formel | Typ |
|---|---|---|
| Stück je Bestellung | `round(total_number_of_products_bought / total_number_of_orders, 1)` | Zahl |
| Wie weit die letzte Bestellung über der üblichen liegt | `last_order_value - average_order_value` | Geldbetrag |
| Tage von der ersten Bestellung bis zur letzten | `days_between(first_order_date, last_order_date)` | Ganze Zahl |
| Eine Anrede | `concat("Guten Tag ", coalesce(firstname, "und willkommen"))` | Text |
| Zuletzt im Frühling gekauft | `month(last_order_date) >= 3 and month(last_order_date) <= 5` | Ja oder Nein |
| Eine Punktzahl | `if(total_number_of_orders > 5, 2, 0) + if(is_known(phone), 1, 0)` | Ganze Zahl |

- Eigenschaften stehen mit ihrem internen Namen in der Formel, Text in Anführungszeichen. `[name]` und `[properties.name]` bedeuten dasselbe wie `name`, `if … then … elseif … else … endif` dasselbe wie `if(…)`.
- `+ - * / %` rechnen mit Zahlen, `= != < <= > >=` vergleichen Werte einer Art, `and or not` verbinden Bedingungen. `not` bindet stärker als `and`, `and` stärker als `or`.
- Was mit einem leeren Wert berechnet oder verglichen wird, ist leer, ebenso eine Division durch null. Eine leere Bedingung gilt in `if` als Nein. `coalesce(a, 0)` setzt einen Wert an die Stelle eines leeren.
- Eine Division behält 10 Nachkommastellen, kaufmännisch gerundet, ebenso jedes Ergebnis; eine ganze Zahl wird gerundet. Ab 10^18 ist eine Zahl leer. Text wird nach 5.000 Zeichen abgeschnitten.
- Tage, Monate und Jahre gelten in der Zeitzone des ersten Shops.
- `Datum + Tage` und `Datum - Tage` ergeben einen anderen Tag, außerhalb der Jahre 1 bis 9999 nichts.
- Was von `today()` abhängt, wird zu Beginn des Tages in der Zeitzone des ersten Shops neu berechnet, für jeden Kontakt. Eine Antwort, die sich selten ändert (`today() > last_order_date + 90`), ist besser als eine Anzahl von Tagen, die jede Nacht für alle eine Zeile in den Verlauf schreibt; Segmente kennen relative Daten.
- Eine Formel darf andere berechnete Eigenschaften lesen, zehn hintereinander, und nie sich selbst. Eine Eigenschaft, die eine Formel liest, lässt sich nicht archivieren.
- Eine geänderte Formel wird im Hintergrund für alle berechnet; die Seite zeigt, wie weit sie ist. Der Verlauf nennt solche Änderungen *Berechnet*.

| Funktion | Was sie ergibt | Beispiel |
|---|---|---|
""",
}


def page(language: str) -> str:
    """The page in ``language`` (en or de) as Markdown."""
    title, intro, head, computed, settable, many, left_out, because = _HEADS[language]
    lines = [title, "", intro, ""]
    for group in GROUPS.values():
        lines += [f"## {group.label(language)} (`{group.name}`)", "", head, "|---|---|---|---|---|"]
        lines += [
            _row(item, language, computed if item.computed else settable, many)
            for item in PROPERTIES.values()
            if item.group == group.name
        ]
        lines.append("")
    lines += [left_out, "", because + ":", ""]
    lines += [f"- `{name}`: {reasons[language == 'de']}." for name, reasons in LEFT_OUT.items()]
    lines.append("")
    return "\n".join(lines) + "\n" + _calculated(language)


def _calculated(language: str) -> str:
    rows = [
        f"| `{row.usage}` | {row.de if language == 'de' else row.en} | `{row.example}` |" for row in FUNCTIONS.values()
    ]
    return _CALCULATED[language] + "\n".join(rows) + "\n"


def _row(item: Property, language: str, source: str, many: str) -> str:
    kind = _TYPES_DE[item.type] if language == "de" else item.type
    kind = (many if item.multi else "") + kind
    definition = item.definition(language).replace("|", "\\|")
    if item.options:
        definition += " " + ", ".join(f"`{o.value}` {o.label(language)}" for o in item.options) + "."
    return f"| {item.label(language)} | `{item.name}` | {kind} | {source} | {definition} |"


def main() -> None:
    for language, path in PAGES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(language), encoding="utf-8")


if __name__ == "__main__":
    main()
