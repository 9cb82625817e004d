"""Every group and property of this account: the catalogue's and those people made.

Whoever shows, filters, segments, imports or writes properties asks here, not the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from psycopg.rows import dict_row

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties.catalogue import GROUPS, PROPERTIES, Group, Option, Property

Q = Statements.beside(__file__, "definitions.sql")


@dataclass(frozen=True, slots=True)
class Defined:
    """Groups and properties by internal name, in the order pages show them; ``arranged``: people ordered the groups."""

    groups: Mapping[str, Group]
    properties: Mapping[str, Property]
    arranged: bool = False


def load(conn: Connection, *, archived: bool = False) -> Defined:
    """What is defined now: the catalogue's, then those of this account; archived ones only when asked for."""
    with conn.cursor(row_factory=dict_row) as cursor:
        groups = cursor.execute(Q["groups"]).fetchall()
        definitions = cursor.execute(Q["definitions"]).fetchall()
        display = {row["name"]: row for row in cursor.execute(Q["display"]).fetchall()}
        arranged = [row["name"] for row in cursor.execute(Q["group_order"]).fetchall()]
    if not (groups or definitions or display or arranged):
        return Defined(GROUPS, PROPERTIES)
    found = dict(GROUPS) | {g["name"]: Group(g["name"], g["label_en"], g["label_de"]) for g in groups}
    if arranged:
        found = {name: found[name] for name in arranged if name in found} | found
    ranked: list[tuple[int, Property]] = []
    for place, item in enumerate(PROPERTIES.values()):
        shown = display.get(item.name)
        ranked.append((_rank(shown, place), replace(item, hidden=shown["hidden"]) if shown else item))
    for row in definitions:
        if archived or not row["archived"]:
            ranked.append((_rank(display.get(row["name"]), 10_000 + row["position"]), property_of(row)))
    ranked.sort(key=lambda pair: pair[0])
    return Defined(found, {item.name: item for _, item in ranked}, bool(arranged))


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
