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


READ_ONLY = frozenset({"hs_merged_object_ids"})  # kept in contact_custom, written by merges alone


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
    hidden: bool = False

    def label(self, language: str) -> str:
        return self.label_de if language.startswith("de") else self.label_en


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of a contact.

    ``currency`` marks an amount of money: in the account's home currency, or in the currency that the
    property named by ``currency_in`` holds. ``whole`` numbers have no decimals. ``multi`` values are lists.
    ``computed`` values are derived from facts and never edited; a computed one that is not ``stored`` is
    derived when it is read. ``block`` places a shop's property on the contact page (see ``BLOCKS``). ``own``: the word
    of a person goes before the shop's (docs/decisions/0009). ``formula`` computes a custom property from others.
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
    own: bool = False
    formula: str | None = None
    percent: bool = False
    archived: bool = False
    custom: bool = False

    @property
    def table(self) -> str:
        """The table whose column holds the value that counts."""
        return "contact_property" if self.computed and self.stored else "contact_custom"

    @property
    def editable(self) -> bool:
        """Whether people and the API may set it."""
        return self.own or not (self.computed or self.formula or self.name in READ_ONLY)

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
