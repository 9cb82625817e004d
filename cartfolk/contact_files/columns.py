"""Which column of a file is which property: by its name in either language, HubSpot's names, and the values."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cartfolk.identity import normalise
from cartfolk.inbox.files.columns import MappingWrong, plain
from cartfolk.properties.catalogue import Property
from cartfolk.properties.defined import Defined
from cartfolk.properties.parse import BadValue, parse
from cartfolk.properties.write import Mode

from . import upload

CONSENT = ("consent.status", "consent.source", "consent.at", "consent.wording")
KEYS: Mapping[str, Any] = {
    "email": gettext_lazy("E-mail address"),
    "contact_id": gettext_lazy("Record ID"),
    "customer_id": gettext_lazy("Customer number in the shop"),
    "consent.status": gettext_lazy("Consent: granted or withdrawn"),
    "consent.source": gettext_lazy("Consent: where it was given"),
    "consent.at": gettext_lazy("Consent: when"),
    "consent.wording": gettext_lazy("Consent: the words agreed to"),
}
"""What a column may be beside a property."""
MARKS: Mapping[str, str] = {";": ";", ",": ",", "|": "|", "line": "\n"}
"""What may stand between several options in one cell, as it is chosen -> as it is written."""
MATCHES = {"email": "email", "customer_id": "customer_id", "phone": "phone", "contact_id": "contact_id"}
"""How a row finds its contact -> the field that names it."""

_ALIASES = {
    "email": "mail emailaddress emailadresse customeremail eMail",
    "contact_id": "recordid contactid hsobjectid kontaktid datensatzid",
    "customer_id": "customerid customernumber customerno kundennr kundennummer kundenid",
    "firstname": "givenname vorname forename",
    "lastname": "surname familyname nachname familienname",
    "phone": "telephone phonenumber telefon telefonnummer tel",
    "mobilephone": "mobile handy handynummer mobil mobiltelefon cell cellphone",
    "company": "companyname firma unternehmen firmenname organisation",
    "address": "street streetaddress address1 strasse adresse anschrift",
    "city": "town ort stadt wohnort",
    "state": "region province bundesland stateregion",
    "zip": "zipcode postcode postalcode plz postleitzahl",
    "country": "land countryregion countrycode",
    "website": "websiteurl url homepage webseite internetseite",
    "jobtitle": "position stelle berufsbezeichnung",
    "consent.status": "consent einwilligung optin newsletter",
    "consent.source": "consentsource einwilligungsquelle",
    "consent.at": "consentdate consentat consenttime einwilligungsdatum einwilligungam",
    "consent.wording": "consentwording consenttext einwilligungstext",
}
_BY_ALIAS = {alias.lower(): name for name, aliases in _ALIASES.items() for alias in aliases.split()}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What people chose. ``columns``: column -> field (absent = left out). ``store_id``: whose customer numbers."""

    columns: Mapping[str, str]
    match: str = "email"
    mode: Mode = Mode.OVERWRITE
    store_id: int | None = None
    dates: str = ""  # what 03/04/2026 means: dmy | mdy
    decimal: str = "."
    zone: str = "UTC"
    language: str = "en"
    clear: bool = False  # empty cells empty the property (overwrite only)
    marks: Mapping[str, str] = field(default_factory=dict)  # column of several options -> one of MARKS; else ;

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Chosen:
        known = {name: settings[name] for name in cls.__slots__ if name in settings}
        if "mode" in known:
            known["mode"] = Mode(known["mode"])
        return cls(**{"columns": {}, **known})

    def written(self) -> dict[str, Any]:
        return {name: str(v) if isinstance(v := getattr(self, name), Mode) else v for name in self.__slots__}

    def column(self, name: str) -> str:
        """The column of a field, or its name when there is none."""
        return next((column for column, field in self.columns.items() if field == name), name)


def samples(entry: dict[str, Any], rows: int = 200, values: int = 3) -> dict[str, list[str]]:
    """The first different values of each column of a kept file."""
    found: dict[str, list[str]] = {}
    for row in itertools.islice(upload.table(entry).rows(), rows):
        for column, value in row.values.items():
            text = str(value if value is not None else "").strip()[:80]
            held = found.setdefault(column, [])
            if text and len(held) < values and text not in held:
                held.append(text)
    return found


def offered(defined: Defined, language: str) -> dict[str, list[tuple[str, str]]]:
    """What a column may be: group's label -> [(field, label)]."""
    found: dict[str, list[tuple[str, str]]] = {_("Who it is"): [(name, str(label)) for name, label in KEYS.items()]}
    for item in defined.properties.values():
        if item.editable and not item.archived and item.name not in KEYS:
            group = defined.groups[item.group].label(language)
            found.setdefault(group, []).append((item.name, item.label(language)))
    return found


def guess(columns: Sequence[str], samples: Mapping[str, Sequence[str]], defined: Defined) -> dict[str, str]:
    """Column -> field, as far as its name or (for the e-mail address) its values tell; no field twice."""
    names: dict[str, str] = {}
    for item in defined.properties.values():
        if item.editable and not item.archived:
            for told in (item.label_de, item.label_en, item.name):
                names[plain(told)] = item.name
    names |= _BY_ALIAS | {plain(name): name for name in KEYS}
    found: dict[str, str] = {}
    for column in columns:
        field = names.get(plain(column), "")
        if column and field and field not in found.values():
            found[column] = field
    if "email" not in found.values():
        for column in columns:
            values = [value for value in samples.get(column, ()) if value.strip()]
            if column not in found and values and sum(map(bool, map(normalise.email, values))) >= 0.8 * len(values):
                return {column: "email", **found}
    return found


def marks(
    entry: dict[str, Any], fields: Mapping[str, str], defined: Defined, said: str = "", rows: int = 2000
) -> dict[str, str]:
    """Column -> what stands between its options, for the columns that hold several: as ``said``, else the first mark
    that makes known options of all the parts of the most cells."""
    many = {column: defined.properties[name] for column, name in fields.items() if _several(defined, name)}
    if said or not many:
        return dict.fromkeys(many, said)
    cells: dict[str, set[str]] = {column: set() for column in many}
    for row in itertools.islice(upload.table(entry).rows(), rows):
        for column in many:
            if isinstance(text := row.values.get(column), str) and text.strip():
                cells[column].add(text)
    return {
        column: max(MARKS, key=lambda mark: sum(_known(item, text, mark) for text in cells[column]))
        for column, item in many.items()
    }


def cut(text: str, mark: str) -> list[str]:
    """The options of a cell."""
    return [part.strip() for part in text.split(MARKS[mark])]


def _several(defined: Defined, name: str) -> bool:
    return name not in KEYS and name in defined.properties and defined.properties[name].multi


def _known(item: Property, text: str, mark: str) -> bool:
    try:
        parse(item, cut(text, mark))
    except BadValue:
        return False
    return True


def check(chosen: Chosen, columns: Sequence[str], defined: Defined) -> None:
    """Raises MappingWrong, whose sentence names the column or field and the way out."""
    known = {name for name, item in defined.properties.items() if item.editable and not item.archived} | set(KEYS)
    taken: dict[str, str] = {}
    for column, name in chosen.columns.items():
        if column not in columns:
            raise MappingWrong(_("The file has no column %(column)s.") % {"column": column})
        if name not in known:
            said = _("Column %(column)s: %(field)s cannot be imported. Choose another property.")
            if name in defined.archived:
                said = _("Column %(column)s: %(field)s is archived. Restore it, or choose another property.")
            raise MappingWrong(said % {"column": column, "field": name})
        if name in taken:
            raise MappingWrong(
                _("Columns %(one)s and %(other)s are both %(field)s. Leave one of them out.")
                % {"one": taken[name], "other": column, "field": name}
            )
        taken[name] = column
    needed = MATCHES.get(chosen.match, "")
    if needed not in taken:
        raise MappingWrong(
            _("No column is %(field)s, by which contacts are found. Choose it for one column, or match differently.")
            % {"field": str(KEYS.get(needed, "")) or _("the phone number")}
        )
    if chosen.match == "customer_id" and chosen.store_id is None:
        raise MappingWrong(_("Customer numbers belong to a shop. Choose the store they come from."))
    if any(name in taken for name in CONSENT):
        missing = [str(KEYS[name]) for name in (*CONSENT, "email") if name not in taken]
        if missing:
            raise MappingWrong(
                _("Consent is taken in only with its evidence. Choose a column for %(fields)s too, or leave it out.")
                % {"fields": ", ".join(missing)}
            )
