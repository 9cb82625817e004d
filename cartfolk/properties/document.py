# ruff: noqa: E501 - texts stay on one line
"""Writes docs/properties.md and docs/de/eigenschaften.md from the catalogue: ``python -m cartfolk.properties.document``."""

from __future__ import annotations

from pathlib import Path

from cartfolk.properties.catalogue import GROUPS, PROPERTIES, Property

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
    ),
}
_TYPES_DE = {
    "string": "Text", "text": "langer Text", "number": "Zahl", "date": "Datum", "datetime": "Zeitpunkt",
    "enumeration": "Auswahl", "bool": "Ja/Nein", "email": "E-Mail", "phone": "Telefon", "url": "Adresse (URL)",
}  # fmt: skip


def page(language: str) -> str:
    """The page in ``language`` (en or de) as Markdown."""
    title, intro, head, computed, settable, many = _HEADS[language]
    lines = [title, "", intro, ""]
    for group in GROUPS.values():
        lines += [f"## {group.label(language)} (`{group.name}`)", "", head, "|---|---|---|---|---|"]
        lines += [
            _row(item, language, computed if item.computed else settable, many)
            for item in PROPERTIES.values()
            if item.group == group.name
        ]
        lines.append("")
    return "\n".join(lines)


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
