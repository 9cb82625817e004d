"""The segment language as values: what language.py reads from JSON and compile.py turns into SQL.

Everything is frozen and hashable, so that equal conditions of many segments can be found and asked once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from cartfolk.properties.catalogue.model import Property as Defined
from cartfolk.segments.operators import Unit


@dataclass(frozen=True, slots=True)
class Amount:
    """A span of time, counted from now."""

    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Calendar:
    """Whole units of the calendar in the account's time zone."""

    unit: Unit
    count: int = 1


@dataclass(frozen=True, slots=True)
class Other:
    """Another property of the same contact."""

    name: str


Scalar = str | Decimal | bool | date | datetime
Value = Scalar | tuple[Scalar | None, ...] | Amount | Calendar | Other | None


@dataclass(frozen=True, slots=True)
class Question:
    """A question about one value. ``include_unknown``: also true where there is no value. A pair may be open on one
    side when it is a period."""

    operator: str
    value: Value = None
    include_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """All, any or none of its children."""

    match: Literal["all", "any", "none"]
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    question: Question


@dataclass(frozen=True, slots=True)
class Field:
    """A question about a field of an event, or of a line."""

    name: str
    question: Question


@dataclass(frozen=True, slots=True)
class Lines:
    """At least one line of the order or cart (with ``none``: no line) answers all of ``where``."""

    where: tuple[Field, ...]
    none: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Of the ``event`` facts within ``period`` that answer all of ``where``, in one store or all, is the measure of
    ``field`` (none for a count) as ``question`` asks?"""

    event: str
    measure: str
    field: str | None
    question: Question
    period: Question | None = None
    where: tuple[Field | Lines, ...] = ()
    store: int | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    channel: str
    purpose: str
    status: str


@dataclass(frozen=True, slots=True)
class Member:
    """Member, or not, of another segment, static or active."""

    segment: int
    member: bool = True


@dataclass(frozen=True, slots=True)
class Store:
    """Known, or not, in a store: has an account, an order or a cart there."""

    store: int
    member: bool = True


Node = Group | Property | Event | Consent | Member | Store


@dataclass(frozen=True, slots=True)
class Shop:
    """A store, as far as a condition must know it: which of our order statuses count there, and its home currency
    (ISO 4217; empty when it is not known)."""

    name: str
    counted: tuple[str, ...] = ("completed", "refunded")
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """Another segment, as far as a condition must know it: ``uses`` are the segments its definition names."""

    name: str
    uses: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What the account has, for reading and compiling definitions; the same object is the same account, so that what is
    worked out of it may be kept by it. ``zone`` is the account's; ``itself`` the segment
    whose definition is read, if it exists already; ``cuts`` the four values between the fifths of a property,
    ascending (none where nobody has a value); ``called`` the shops' own names of values, for sentences alone (see
    called.py): field → value → store → name; ``archived`` the properties put aside."""

    properties: Mapping[str, Defined]
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    stores: Mapping[int, Shop] = field(default_factory=dict)
    segments: Mapping[int, Known] = field(default_factory=dict)
    itself: int | None = None
    cuts: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    called: Mapping[str, Mapping[str, Mapping[int, str]]] = field(default_factory=dict)
    archived: frozenset[str] = frozenset()

    @property
    def currency(self) -> str:
        """The account's home currency: that of the first store; nothing when it is not known."""
        code = self.stores[min(self.stores)].currency if self.stores else ""
        return code if code.isalnum() else ""


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, top-down."""
    yield node
    if isinstance(node, Group):
        for child in node.children:
            yield from walk(child)


def objects(definition: object) -> Iterator[dict[str, Any]]:
    """Every object in a definition as JSON, top-down, whether or not it can be asked."""
    waiting = [definition]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
        below = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        waiting += reversed(list(below))


def uses(node: Node) -> frozenset[int]:
    """The segments a definition names."""
    return frozenset(item.segment for item in walk(node) if isinstance(item, Member))


def order(definitions: Mapping[int, Node]) -> list[int]:
    """Segments so that each comes after those it names. Circles were refused when they were read; should one be
    there all the same its members come in the order of their numbers."""
    done: dict[int, None] = {}

    def visit(number: int, above: frozenset[int]) -> None:
        if number in done or number in above or number not in definitions:
            return
        for below in sorted(uses(definitions[number])):
            visit(below, above | {number})
        done[number] = None

    for number in sorted(definitions):
        visit(number, frozenset())
    return list(done)
