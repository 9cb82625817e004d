"""What a property is: its name, its place, its type and its published definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Type = Literal["string", "text", "number", "date", "datetime", "enumeration", "bool", "email", "phone", "url"]
Language = Literal["en", "de"]

_COLUMNS: dict[Type, str] = {
    "string": "text",
    "text": "text",
    "number": "numeric",
    "date": "date",
    "datetime": "timestamp with time zone",
    "enumeration": "text",
    "bool": "boolean",
    "email": "text",
    "phone": "text",
    "url": "text",
}


@dataclass(frozen=True, slots=True)
class Group:
    """A group of properties. ``shop_group``: pages show it under the platform's name, e.g. "WooCommerce"."""

    name: str
    label_en: str
    label_de: str
    shop_group: bool = False

    def label(self, language: str) -> str:
        return self.label_de if language.startswith("de") else self.label_en


@dataclass(frozen=True, slots=True)
class Option:
    """One permitted value of an enumeration."""

    value: str
    label_en: str
    label_de: str

    def label(self, language: str) -> str:
        return self.label_de if language.startswith("de") else self.label_en


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of a contact.

    ``currency`` marks an amount of money: in the account's home currency, or in the currency that the
    property named by ``currency_in`` holds. ``whole`` numbers have no decimals. ``multi`` values are lists.
    ``computed`` values are derived from facts and never edited; a computed one that is not ``stored`` is
    derived when it is read. ``block`` places a shop's property on the contact page (see ``BLOCKS``).
    """

    name: str
    label_en: str
    label_de: str
    group: str
    type: Type
    definition_en: str
    definition_de: str
    multi: bool = False
    currency: bool = False
    currency_in: str | None = None
    whole: bool = False
    options: tuple[Option, ...] = ()
    computed: bool = True
    stored: bool = True
    hidden: bool = False
    block: str | None = None

    def label(self, language: str) -> str:
        return self.label_de if language.startswith("de") else self.label_en

    def definition(self, language: str) -> str:
        return self.definition_de if language.startswith("de") else self.definition_en

    @property
    def column(self) -> str:
        """The PostgreSQL type of its column, as ``format_type`` spells it."""
        if self.multi:
            return "text[]"
        return "bigint" if self.whole else _COLUMNS[self.type]


YES_NO = (Option("yes", "Yes", "Ja"), Option("no", "No", "Nein"))
TRUE_FALSE = (Option("true", "Yes", "Ja"), Option("false", "No", "Nein"))
