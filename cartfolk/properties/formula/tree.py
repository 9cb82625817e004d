"""What a formula is made of. Every node knows the kind of its value; any value may be empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from cartfolk.properties.catalogue import Property

Kind = Literal["number", "text", "bool", "date", "datetime", "list"]


@dataclass(frozen=True, slots=True)
class Constant:
    value: Decimal | str | bool | date
    kind: Kind


@dataclass(frozen=True, slots=True)
class Reference:
    """The value of another property."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function, by the key of its row in functions.py."""

    key: str
    arguments: tuple[Node, ...]
    kind: Kind


Node = Constant | Reference | Call


def kind_of(item: Property) -> Kind:
    """The kind of a property's values in formulas."""
    if item.multi:
        return "list"
    match item.type:
        case "number" | "bool" | "date" | "datetime":
            return item.type
    return "text"


def inputs(node: Node) -> Iterator[str]:
    """The properties a formula reads, each as often as it does."""
    if isinstance(node, Reference):
        yield node.name
    elif isinstance(node, Call):
        for part in node.arguments:
            yield from inputs(part)


def follows_the_clock(node: Node) -> bool:
    """Whether the value changes at midnight though nothing it reads does."""
    return isinstance(node, Call) and (node.key == "today" or any(map(follows_the_clock, node.arguments)))
