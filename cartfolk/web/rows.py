"""A contact's properties as the rows of a page: the value in words, and whose word it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from django.utils.html import conditional_escape, escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.properties import compute
from cartfolk.properties.catalogue import OWN

from . import properties, values

Q = Statements.beside(__file__)


@dataclass(frozen=True, slots=True)
class Row:
    """One property of one contact. ``by_hand``: people's word counts, ``shops`` is what the shop says instead."""

    property: properties.Shown
    text: SafeString | str
    empty: bool
    by_hand: bool = False
    shops: SafeString | str = ""
    shops_empty: bool = False


@dataclass(slots=True)
class Words:
    """Puts the values of one contact into words. ``found``: what counts; ``contact_id`` 0: nobody's word is asked."""

    conn: Connection
    contact_id: int
    found: Mapping[str, Any]
    home: str
    _mine: Mapping[str, Any] = field(init=False, default_factory=dict)
    _shops: Mapping[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        said = self.conn.execute(Q["contact_custom_values"], {"contact": self.contact_id}).fetchone()
        if said is not None:
            self._mine = {name: said[0][name] for name in OWN if said[0].get(name) is not None}
        if self._mine:
            self._shops = compute.shops_word(self.conn, self.contact_id, now())

    def row(self, item: properties.Shown) -> Row:
        value = self.found.get(item.name)
        by_hand = item.name in self._mine and self._mine[item.name] == value
        shops = self._shops.get(item.name) if by_hand else None
        return Row(
            item, self.say(item, value), values.empty(value), by_hand, self.say(item, shops), values.empty(shops)
        )

    def say(self, item: properties.Shown, value: Any) -> SafeString | str:
        currency = str(self.found.get(item.currency_in) or "") if item.currency_in else self.home
        return values.shown(value, item.type, currency, item.name, item.options)


def html(row: Row, base: str, change: bool, kept: bool, *, beside: bool = False, focus: bool = False) -> SafeString:
    """A row as pages write it; a page has hundreds, for which a template takes ten times as long.

    ``base``: the address of the contact's properties. ``change``: the reader may edit. ``kept``: the value is stored,
    so it has a history and can be edited. ``beside``: it replaces the row on the page. ``focus`` on its first button.
    """
    item = row.property
    name, label, text = escape(item.name), escape(item.label), conditional_escape(row.text)
    address = f"{base}/{name}"
    words = f"{label.lower()} {name} {'' if row.empty else escape(unescape(strip_tags(text)).lower())}"
    place = f' id="property-{name}"' if kept else ""
    swap = ' hx-swap-oob="true"' if beside else ""
    copy = escape(gettext("Copy the internal name"))
    acts = [f'<button class="link" data-copy="{name}" title="{name} – {copy}"><code>{name}</code></button>']
    if kept and change and item.editable:
        acts.append(_act(f"{address}/edit", "closest .property", "outerHTML", gettext("Edit"), label, focus))
    if kept:
        acts.append(_act(address, "#history", "innerHTML", gettext("History"), label))
    return mark_safe(  # noqa: S308 - every value is escaped above
        f'<div class="property{" is-empty" if row.empty else ""}"{place}{swap} data-text="{words}">'
        f'<dt title="{escape(item.definition)}">{label}</dt><dd>{text}{_by_hand(row, address, change)}</dd>'
        f'<dd class="acts">{"".join(acts)}</dd></div>'
    )


def _act(address: str, target: str, swap: str, word: str, label: str, focus: bool = False) -> str:
    word = escape(word)
    # Two panels asked for are shown in the order they were asked for.
    order = f' hx-sync="{target}:queue last"' if target.startswith("#") else ""
    return (
        f'<button class="link" hx-get="{address}" hx-target="{target}" hx-swap="{swap}"{order}'
        f' aria-label="{word}: {label}"{" autofocus" if focus else ""}>{word}</button>'
    )


def _by_hand(row: Row, address: str, change: bool) -> str:
    if not row.by_hand:
        return ""
    said = gettext("Set by hand; the shop says nothing.")
    if not row.shops_empty:
        said = gettext("Set by hand; the shop says: %(shops)s.") % {"shops": conditional_escape(row.shops)}
    again = gettext("Use the shop's value again")
    button = (
        f' <button class="link" hx-post="{address}/edit" hx-vals=\'{{"clear": "1"}}\' hx-target="closest .property" '
        f'hx-swap="outerHTML">{escape(again)}</button>'
    )
    return f'<small class="by-hand">{said}{button if change else ""}</small>'


def named(conn: Connection, contacts: Sequence[int]) -> list[tuple[int, str, str]]:
    """Number, name and e-mail address of contacts, for a page that says whom it is about."""
    return conn.execute(Q["named"], {"contacts": list(contacts)}).fetchall()
