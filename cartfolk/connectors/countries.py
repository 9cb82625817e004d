"""Countries as people write them → their two-letter code of ISO 3166."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import cast

from babel import Locale
from babel.core import get_global

_NO_COUNTRY = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}  # have names in CLDR and are none
_ALSO = {
    "GB": "Great Britain; England; Scotland; Wales; Großbritannien; Schottland",
    "US": "United States of America; Vereinigte Staaten von Amerika; Amerika; U.S.",
    "NL": "Holland; The Netherlands",
    "CZ": "Czech Republic; Tschechische Republik",
    "SK": "Slovak Republic; Slowakische Republik",
    "DE": "Bundesrepublik Deutschland; Federal Republic of Germany",
    "TR": "Turkey",
    "MK": "Macedonia; Mazedonien",
    "CN": "People's Republic of China; Volksrepublik China",
    "HK": "Hong Kong; Hongkong",
    "BY": "Weissrussland",
    "MD": "Moldova; Republik Moldau",
}
"""Names in use beside those of CLDR."""


def code(text: str) -> str | None:
    """The code of a name in English or German, of an alpha-3 code or of the code itself, in whatever case; ``None``
    for anything else."""
    text = text.strip()
    return _codes().get(text.upper()) or _names().get(_plain(text))


def _plain(name: str) -> str:
    """A name for comparing: "Österreich" and "OESTERREICH" are one, "&" is "and" is "und"."""
    text = name.casefold()
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue")):
        text = text.replace(umlaut, letters)
    text = re.sub(r"\b(and|und)\b", "", text)
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isalnum())


@cache
def _codes() -> dict[str, str]:
    """Two-letter codes, and what stands for exactly one of them: alpha-3 codes, UK."""
    known = {name for name in map(str, Locale("en").territories) if len(name) == 2} - _NO_COUNTRY
    aliases = cast(dict[str, list[str]], get_global("territory_aliases"))
    return {one: one for one in known} | {
        other: ours[0]
        for other, ours in aliases.items()
        if other.isalpha() and len(ours) == 1 and ours[0] in known and (len(other) == 3 or other == "UK")
    }


@cache
def _names() -> dict[str, str]:
    found = {_plain(name): one for one, names in _ALSO.items() for name in names.split(";")}
    for language in ("de", "en"):
        territories = Locale(language).territories
        found |= {_plain(name): one for one, name in territories.items() if len(one) == 2 and one not in _NO_COUNTRY}
    return found
