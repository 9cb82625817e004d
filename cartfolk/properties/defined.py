"""Every group and property of this account: the catalogue's and those people made.

Whoever shows, filters, segments, imports or writes properties asks here, not the catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties.catalogue import GROUPS, PROPERTIES, Group, Option, Property

Q = Statements.beside(__file__, "definitions.sql")


@dataclass(frozen=True, slots=True, eq=False)
class Defined:
    """Groups and properties by internal name, in the order pages show them; ``arranged``: people ordered the groups;
    ``archived``: names of those put aside, whether or not they are among them.
    The same object as long as nobody changes anything: what is worked out of it may be kept by it."""

    groups: Mapping[str, Group]
    properties: Mapping[str, Property]
    arranged: bool = False
    archived: frozenset[str] = frozenset()


CATALOGUE = Defined(GROUPS, PROPERTIES)


def load(conn: Connection, *, archived: bool = False) -> Defined:
    """What is defined now: the catalogue's, then those of this account; archived ones only when asked for."""
    (text,) = conn.execute(Q["defined"]).fetchone() or ("{}",)
    return _read(str(text), archived)


@lru_cache(16)
def _read(text: str, archived: bool) -> Defined:
    own = json.loads(text)
    if not any(own.values()):
        return CATALOGUE
    display = {row["name"]: row for row in own["display"]}
    arranged = own["group_order"]
    found = dict(GROUPS) | {g["name"]: Group(g["name"], g["label_en"], g["label_de"]) for g in own["groups"]}
    if arranged:
        found = {name: found[name] for name in arranged if name in found} | found
    ranked: list[tuple[int, Property]] = []
    for place, item in enumerate(PROPERTIES.values()):
        shown = display.get(item.name)
        ranked.append((_rank(shown, place), replace(item, hidden=shown["hidden"]) if shown else item))
    for row in own["definitions"]:
        if archived or not row["archived"]:
            ranked.append((_rank(display.get(row["name"]), 10_000 + row["position"]), property_of(row)))
    ranked.sort(key=lambda pair: pair[0])
    aside = frozenset(row["name"] for row in own["definitions"] if row["archived"])
    return Defined(found, {item.name: item for _, item in ranked}, bool(arranged), aside)


def _rank(shown: Mapping[str, Any] | None, place: int) -> int:
    """Where people put it; what they did not keeps its place."""
    return place if shown is None or shown["position"] is None else int(shown["position"])


def property_of(row: Mapping[str, Any]) -> Property:
    """A row of property_definition as a property."""
    return Property(
        name=row["name"],
        label_en=row["label_en"],
        label_de=row["label_de"],
        group=row["group_name"],
        type=row["type"],
        definition_en=row["description_en"],
        definition_de=row["description_de"],
        multi=row["multi"],
        currency=row["currency"],
        percent=row["percent"],
        whole=row["whole"],
        options=tuple(Option(o["value"], o["en"], o["de"], bool(o.get("hidden"))) for o in row["options"]),
        computed=False,
        hidden=row["hidden"],
        formula=row["formula"],
        archived=row["archived"],
        custom=True,
    )
