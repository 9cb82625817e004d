"""The catalogue of properties as pages use it: in the reader's language, grouped, with the column's own type.

The catalogue belongs to the properties room; what the database has a column for decides what can be shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2s

from django.utils.translation import get_language, gettext

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties import calculated, catalogue
from cartfolk.properties.defined import CATALOGUE, Defined

Q = Statements.beside(__file__)
SHOP = "shop"  # the one group that holds all of the shop's own properties
_FIRST = ("contactinformation", "emailinformation", "socialmediainformation")  # before the shop's group


@dataclass(frozen=True, slots=True)
class Shown:
    """One property in the reader's language."""

    name: str
    label: str
    group: str
    group_label: str
    block: str  # heading inside the group: last purchase, lifetime, abandoned cart ... or ""
    type: str  # text number year money percent date datetime bool ...
    definition: str
    computed: bool
    options: Mapping[str, str] = field(default_factory=dict)  # value -> label
    currency_in: str = ""  # the property that holds the amount's currency; "" = home currency
    custom: bool = False  # made in this account
    archived: bool = False
    editable: bool = False
    own: bool = False  # people may overrule the shop
    hidden: bool = False
    formula: str = ""


Columns = tuple[dict[str, str], dict[str, str]]
_kept: dict[str, tuple[Defined, Columns]] = {}  # by database


def columns(conn: Connection, defined: Defined | None = None) -> Columns:
    """Property name -> PostgreSQL type, for every column of contact_property, and for what people set: those that
    contact_custom alone has. With what is ``defined`` asked for once as long as that stays: an update, which alone
    brings others, starts every process anew."""
    if defined is None:
        return _columns(conn)
    last = _kept.get(conn.info.dbname)
    if last is None or last[0] is not defined:
        if len(_kept) > 8:
            _kept.clear()
        last = _kept[conn.info.dbname] = defined, _columns(conn)
    return last[1]


def _columns(conn: Connection) -> Columns:
    rows = conn.execute(Q["property_columns"]).fetchall()
    there = {name: kind for custom, name, kind in rows if not custom}
    return there, {name: kind for custom, name, kind in rows if custom and name not in there}


def everything(platforms: Iterable[str] = (), defined: Defined | None = None, *, hidden: bool = False) -> list[Shown]:
    """The whole catalogue in its order, or what is ``defined``; hidden ones too when asked for.

    ``platforms``: labels of connected shops, which name the group of the shop.

    The shop's own properties come as one group that carries the platform's name, cut into blocks; the other
    groups follow as they are. Contact information, e-mail and social media stand before the shop, the rest after,
    unless people ordered the groups.
    """
    shop = " · ".join(dict.fromkeys(platforms)) or gettext("Shop")
    german = (get_language() or "en").startswith("de")
    return list(_everything(shop, german, defined or CATALOGUE, hidden))


@lru_cache(16)
def _everything(shop: str, german: bool, defined: Defined, hidden: bool) -> tuple[Shown, ...]:
    blocks = {name: place for place, name in enumerate(catalogue.BLOCKS)}
    groups = {name: place for place, name in enumerate(defined.groups)}
    shops = min((place for name, place in groups.items() if defined.groups[name].shop_group), default=0)
    found: list[tuple[tuple[int, int, int], Shown]] = []
    for place, item in enumerate(defined.properties.values()):
        if item.hidden and not hidden:
            continue
        group = defined.groups[item.group]
        own = group.shop_group
        block = catalogue.BLOCKS.get(item.block or "") if own else None
        if defined.arranged:
            rank = shops if own else groups[item.group]
        elif item.group in _FIRST:
            rank = _FIRST.index(item.group)
        else:
            rank = len(_FIRST) + (0 if own else 1 + groups[item.group])
        shown = Shown(
            name=item.name,
            label=item.label_de if german else item.label_en,
            group=SHOP if own else item.group,
            group_label=shop if own else (group.label_de if german else group.label_en),
            block=(block.label_de if german else block.label_en) if block else "",
            type=kind(item, defined.properties),
            definition=item.definition_de if german else item.definition_en,
            computed=item.computed,
            options={option.value: option.label_de if german else option.label_en for option in item.options},
            currency_in=item.currency_in or "",
            custom=item.custom,
            archived=item.archived,
            editable=item.editable and not item.archived,
            own=item.own,
            hidden=item.hidden,
            formula=item.formula or "",
        )
        found.append(((rank, blocks.get(block.name, 99) if block else 99, place), shown))
    return tuple(shown for _, shown in sorted(found, key=lambda pair: pair[0]))


def kind(item: catalogue.Property, known: Mapping[str, catalogue.Property]) -> str:
    """The type as pages write its values."""
    if item.formula and calculated.gives_a_year(item, known):
        return "year"
    return "money" if item.currency else "percent" if item.percent else "list" if item.multi else str(item.type)


def slug(label: str) -> str:
    """An internal name from a label: Schuhgröße -> schuhgroesse, 2024 -> p_2024; of one in other letters a number."""
    text = label.strip().lower()
    for letter, pair in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.replace(letter, pair)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", text).strip("_")
    if label.strip() and not name:
        name = blake2s(label.strip().encode(), digest_size=4).hexdigest()
    return (name if not name or name[0].isalpha() else f"p_{name}")[:60]
