"""A contact's properties as the rows of a page: the value in words, and whose word it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString

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
