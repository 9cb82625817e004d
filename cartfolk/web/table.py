"""The columns of All contacts: which there are, which the reader chose, and the cells of one page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties.defined import Defined

from . import formats, properties, saved, values
from .asked import Asked
from .sort import LIST_SORTS

Q = Statements.beside(__file__)
CHOSEN = "contact_columns"  # session key
DEFAULT = (
    "email",
    "recent_conversion_event_name",
    "recent_conversion_date",
    "last_order_date",
    "total_value_of_orders",
    "total_number_of_orders",
    "stores",
    "createdate",
)
MOST = 16  # columns a reader may choose; a table wider than this cannot be read


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    label: str
    type: str
    sort: str  # what a click on the head asks for next; '' = cannot be sorted
    direction: str  # "ascending", "descending" or ''

    @property
    def right(self) -> bool:
        return self.type in {"number", "year", "money", "percent"}


def offered(there: Mapping[str, str], defined: Defined) -> dict[str, tuple[str, str]]:
    """Every column that can be chosen: name -> (label, type), the list's own first. ``there``: table columns."""
    own = {
        "email": (gettext("E-mail"), "text"),
        "phone": (gettext("Phone"), "text"),
        "recent_conversion_event_name": (gettext("Recent conversion"), "conversion"),
        "recent_conversion_date": (gettext("Conversion date"), "datetime"),
        "last_order_date": (gettext("Last order"), "datetime"),
        "total_value_of_orders": (gettext("Lifetime value"), "money"),
        "total_number_of_orders": (gettext("Orders"), "number"),
        "stores": (gettext("Store"), "stores"),
        "createdate": (gettext("Created"), "datetime"),
    }
    for shown in properties.everything(defined=defined):
        if shown.name in there and shown.name not in own:
            own[shown.name] = (shown.label, values.kind(shown.type))
    return own


def chosen(request: HttpRequest, offered: Mapping[str, tuple[str, str]], asked: Asked) -> list[str]:
    """The columns of the view, or those the reader chose for all contacts, or the standard ones."""
    picked = asked.shown.columns
    if not picked and asked.view.key == saved.EVERYBODY:
        picked = tuple(request.session.get(CHOSEN, ()))
    return [name for name in picked if name in offered][:MOST] or [name for name in DEFAULT if name in offered]


def choice(picked: Sequence[str], offered: Mapping[str, tuple[str, str]]) -> list[tuple[str, str, bool]]:
    """What the chooser lists: the chosen columns in their order, then the others; name, label, whether chosen."""
    others = [name for name in offered if name not in picked]
    return [(name, offered[name][0], True) for name in picked] + [(name, offered[name][0], False) for name in others]


def heads(names: Sequence[str], offered: Mapping[str, tuple[str, str]], sort: str) -> list[Column]:
    """The heads of the table; each knows which sort a click asks for: first its natural one, then the other."""
    current = sort.lstrip("-")
    found = []
    for name in ("name", *names):
        label, kind = (gettext("Name"), "text") if name == "name" else offered[name]
        downwards_first = kind in {"number", "year", "money", "percent", "datetime", "date"}
        if name == current:
            following = name if sort.startswith("-") else f"-{name}"
            direction = "descending" if sort.startswith("-") else "ascending"
        else:
            following, direction = (f"-{name}" if downwards_first else name), ""
        found.append(Column(name, label, kind, "" if name == "stores" else following, direction))
    return found


def body(
    conn: Connection,
    rows: Sequence[dict[str, Any]],
    columns: Sequence[Column],
    stores: Mapping[int, str],
    currency: str,
    known: Defined,
    *,
    pick: bool,
) -> SafeString:
    """The rows as the page writes them, '' when there are none; with ``pick`` each can be chosen. A template's loop
    over every cell would take longer than finding the contacts."""
    far = [c.name for c in columns if c.name not in LIST_SORTS and c.name not in {"stores", "phone"}]
    more: dict[int, dict[str, Any]] = {}
    if far and rows:
        more = dict(conn.execute(Q["list_cells"], {"contacts": [row["contact_id"] for row in rows]}).fetchall())
    choose, address = gettext("Choose %(name)s"), reverse("web:contact", args=[0]).removesuffix("0")
    options, own = _options(known), {p.name: p.currency_in for p in known.properties.values() if p.currency_in}
    written = [
        (c, values.writer(c.type, currency, c.name, options.get(c.name)), '<td class="right">' if c.right else "<td>")
        for c in columns
        if c.name != "name"
    ]
    found = []
    for row in rows:
        id_ = row["contact_id"]
        all_values = more.get(id_, {}) | row
        all_values["stores"] = ", ".join(stores[store] for store in row["store_ids"] if store in stores)
        called = row["name"] or row["email"] or row.get("phone") or str(id_)
        found.append(f'<tr data-id="{id_}"><th scope="row"><span class="pick">')
        if pick:
            label = html.escape(choose % {"name": called})
            found.append(f'<input type="checkbox" name="ids" value="{id_}" form="selection" aria-label="{label}">')
        found.append(f'<a href="{address}{id_}">{html.escape(called)}</a></span></th>')
        for column, write, start in written:
            value = all_values.get(column.name)
            if column.name in own:
                told = values.shown(value, column.type, str(all_values.get(own[column.name]) or ""), column.name)
            else:
                told = write(value)
            found.append(f"{start}{_escaped(told)}</td>")
        found.append("</tr>")
    return mark_safe("".join(found))  # noqa: S308 - every text is escaped here


def _options(known: Defined) -> Mapping[str, Mapping[str, str]]:
    return _labelled(known, formats.language())


@lru_cache(16)
def _labelled(known: Defined, language: str) -> Mapping[str, Mapping[str, str]]:
    """The reader's labels of every property's options, by value."""
    return {
        p.name: {o.value: o.label_de if language == "de" else o.label_en for o in p.options}
        for p in known.properties.values()
        if p.options
    }


def _escaped(text: SafeString | str) -> str:
    return text if isinstance(text, SafeString) else html.escape(text)
