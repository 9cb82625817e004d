"""Properties calculated by a formula from others: one statement over the touched contacts, whoever touched them.

    revise      after a definition changed: which formulas count now, as a fingerprint in the table calculation
    calculate   the values of touched contacts, in the transaction that touched them
    rebuild     everybody, in short transactions, after a formula or the time zone changed

A formula with today() makes every contact due at the next midnight of the account (contact_due), like whatever else
changes by the clock alone.

A contact is calculated by whoever holds its lock with the formulas committed then: whoever comes later than the walk
of ``rebuild`` knows the new ones, whoever came before is overtaken by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from cartfolk.commerce import derive
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.identity.resolve import lock_for_refresh
from cartfolk.properties import sorting
from cartfolk.properties.catalogue import Property
from cartfolk.properties.defined import load
from cartfolk.properties.formula import FormulaError, Kind, Node, follows_the_clock, inputs, parse
from cartfolk.properties.formula.compile import result
from cartfolk.properties.formula.tree import Call, Constant
from cartfolk.properties.types import TYPE_NAMES

Q = Statements.beside(__file__, "calculated.sql")
MOST = 100  # calculated properties
DEEPEST = 10  # formulas that need formulas
_CHUNK = 1_000  # contacts a transaction
_BULK = 1
_TYPES: dict[Kind, tuple[str, ...]] = {
    "number": ("number",), "text": ("string", "text"), "bool": ("bool",), "date": ("date",), "datetime": ("datetime",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """The statement that calculates all formulas of an account, and its constants."""

    revision: str
    statement: LiteralString
    constants: Mapping[str, object]
    clock: bool  # some value changes at midnight by itself


@dataclass(frozen=True, slots=True)
class Progress:
    """How far everybody is calculated; ``waiting`` for a worker or under way."""

    done: int
    total: int
    waiting: bool


def active(known: Mapping[str, Property]) -> dict[str, Property]:
    """The calculated properties in use."""
    return {name: item for name, item in known.items() if item.formula and not item.archived}


def read(item: Property, known: Mapping[str, Property]) -> Node:
    """The tree of the formula of ``item``, a property new or changed. Raises FormulaError: it cannot be read, gives
    another type than the property's, or leads back to itself."""
    usable = {name: other for name, other in known.items() if not other.archived}
    node = parse(item.formula or "", known, options=True)
    if item.type not in _TYPES[node.kind] or item.multi:
        raise FormulaError(
            _("The formula gives a value of another type; choose the type %(type)s.")
            % {"type": TYPE_NAMES[_TYPES[node.kind][0]]}
        )
    formulas = active(known) | {item.name: item}
    path = _circle(item.name, formulas, usable | {item.name: item}, [])
    if path:
        raise FormulaError(_("The formula leads back to itself: %(path)s.") % {"path": " → ".join(path)})
    if _depth(formulas, usable | {item.name: item}) > DEEPEST:
        raise FormulaError(_("More than %(most)s formulas would need each other.") % {"most": DEEPEST})
    if len(formulas) > MOST:
        raise FormulaError(_("There are %(most)s calculated properties already.") % {"most": MOST})
    return node


def needed(item: Property, known: Mapping[str, Property]) -> frozenset[str]:
    """The properties a stored formula reads."""
    return frozenset(inputs(parse(item.formula or "", known)))


def gives_a_year(item: Property, known: Mapping[str, Property]) -> bool:
    """Whether the number of a formula is a year as it stands, which people write 2026 and not 2,026."""
    try:
        node = parse(item.formula or "", known)
    except FormulaError:
        return False
    return item.type == "number" and _is_a_year(node)


def _is_a_year(node: Node) -> bool:
    """One by year(), or a choice among such: a constant may stand beside them."""
    if not isinstance(node, Call):
        return False
    if node.key in ("if", "coalesce", "min", "max"):
        chosen = node.arguments[1:] if node.key == "if" else node.arguments
        return any(map(_is_a_year, chosen)) and all(isinstance(one, Constant) or _is_a_year(one) for one in chosen)
    return node.key == "year"


def users(name: str, known: Mapping[str, Property]) -> list[Property]:
    """The calculated properties in use whose formula reads ``name``."""
    return [item for item in active(known).values() if name in needed(item, known)]


def _circle(name: str, formulas: Mapping[str, Property], known: Mapping[str, Property], path: list[str]) -> list[str]:
    """The path from the first name of ``path`` back to it, or []."""
    for other in sorted(needed(formulas[name], known) & formulas.keys()):
        if other == (path or [name])[0]:
            return [*path, name, other]
        if other not in path and (found := _circle(other, formulas, known, [*path, name])):
            return found
    return []


def unreadable(known: Mapping[str, Property]) -> dict[str, FormulaError]:
    """Calculated properties in use whose formula cannot be read any more, and why. They are passed over."""
    found: dict[str, FormulaError] = {}
    for name, item in active(known).items():
        try:
            needed(item, known)
        except FormulaError as error:
            found[name] = error
    return found


def levels(known: Mapping[str, Property]) -> list[list[Property]]:
    """The calculated properties in use: first those that need no other, then those that need only these, and so on."""
    broken = unreadable(known)  # an update took away what it read: its values stay, its page and the doctor say why
    needs = {name: needed(item, known) for name, item in active(known).items() if name not in broken}
    left = {name: known[name] for name in needs}
    found: list[list[Property]] = []
    while left:
        ready = [item for name, item in sorted(left.items()) if not needs[name] & left.keys()]
        assert ready, "a circle of formulas got past the check"
        found.append(ready)
        left = {name: item for name, item in left.items() if item not in ready}
    return found


def _depth(formulas: Mapping[str, Property], known: Mapping[str, Property]) -> int:
    return len(levels(dict(known) | dict(formulas)))


def plan(known: Mapping[str, Property]) -> Plan | None:
    """What calculates the formulas among ``known`` (with archived ones); None without any. Pure."""
    steps = levels(known)
    if not steps:
        return None
    constants: dict[str, object] = {}

    def bind(value: object) -> str:
        constants[f"k{len(constants)}"] = value
        return f"%(k{len(constants) - 1})s"

    items = [item for step in steps for item in step]
    names = {item.name for item in items}
    read_: list[str] = sorted(set().union(*(needed(item, known) for item in items)) - names)
    columns = [f'{_alias(known[name])}."{name}" as "in:{name}"' for name in read_]
    columns += [f'c."{item.name}" as "old:{item.name}"' for item in items]
    texts: list[str] = []
    for number, step in enumerate(steps, 1):
        parts = [f'{result(i, parse(i.formula or "", known), _column(names), bind)} as "new:{i.name}"' for i in step]
        texts.append(
            f"level_{number} as materialized (select before.*, {', '.join(parts)} from level_{number - 1} before),"
        )
    text = (
        Q["calculate"]
        .replace("__INPUTS__", "".join(f", {column}" for column in columns))
        .replace("__LEVELS__", "\n".join(texts))
        .replace("__LAST__", f"level_{len(steps)}")
        .replace("__CHANGES__", _changes(items))
        .replace("__COLUMNS__", ", ".join(f'"{i.name}"' for i in items))
        .replace("__VALUES__", ", ".join(f'"new:{i.name}"' for i in items))
        .replace("__SET__", ", ".join(f'"{i.name}" = excluded."{i.name}"' for i in items))
    )
    told = text + "\0".join(f"{name}={type(value).__name__}:{value}" for name, value in constants.items())
    # The pieces are rows of functions.py and names of properties, which are checked letter by letter.
    clock = any(follows_the_clock(parse(item.formula or "", known)) for item in items)
    return Plan(hashlib.sha256(told.encode()).hexdigest(), text, constants, clock)


def _alias(item: Property) -> str:
    return "p" if item.table == "contact_property" else "c"


def _column(calculated: set[str]) -> Callable[[str], str]:
    return lambda name: f'"new:{name}"' if name in calculated else f'"in:{name}"'


def _changes(items: Iterable[Property]) -> str:
    """SQL for the members of a JSON object: every column whose value is new; moments in UTC."""
    parts: list[str] = []
    for item in items:
        new, old = f'v."new:{item.name}"', f'v."old:{item.name}"'
        value = f"to_json({new})::text"
        if item.type == "datetime":
            value = f"rtrim(to_json({new} at time zone 'UTC')::text, '\"') || 'Z\"'"
        parts.append(f"case when {new} is distinct from {old} then '\"{item.name}\":' || coalesce({value}, 'null') end")
    groups = [parts[start : start + 50] for start in range(0, len(parts), 50)]
    return "concat_ws(',', " + ", ".join(f"nullif(concat_ws(',', {', '.join(g)}), '')" for g in groups) + ")"


@lru_cache(maxsize=16)
def _kept(revision: str) -> list[Plan]:
    """A place for the plan of a revision: reading every definition again for each webhook would cost more than it."""
    return []


def _plan(conn: Connection, revision: str) -> Plan | None:
    place = _kept(revision)
    if not place:
        found = plan(load(conn, archived=True).properties)
        if found is None or found.revision != revision:
            return found  # an update of Cartfolk says it otherwise; watch() notes it
        place.append(found)
    return place[0]


def calculate(
    conn: Connection, contacts: Sequence[int], at: datetime, by: str = "", revision: str | None = None
) -> list[int]:
    """Brings the calculated values of ``contacts``, which the caller holds, up to their inputs; returns those that
    changed. ``revision``: the formulas that count, if they were just asked for."""
    if not contacts:
        return []
    if revision is None:
        revision = _state(conn)["revision"]
    if not revision:
        return []
    wanted = _plan(conn, revision)
    if wanted is None:
        return []
    asked = {"contacts": sorted(set(contacts)), "at": at, "by": by, "zone": zone(conn)}
    changed = [row[0] for row in conn.execute(wanted.statement, asked | dict(wanted.constants), prepare=True)]
    sorting.follow(conn, changed)
    if wanted.clock:
        conn.execute(Q["due_at_midnight"], asked)
    return changed


def sample(conn: Connection, item: Property, known: Mapping[str, Property], contact_id: int) -> Any:
    """What the formula of ``item`` gives for a contact now; nothing is written. Raises FormulaError."""
    node = read(item, known)
    constants: dict[str, object] = {}

    def bind(value: object) -> str:
        constants[f"k{len(constants)}"] = value
        return f"%(k{len(constants) - 1})s"

    value = result(item, node, lambda name: f'"{name}"', bind)
    columns = [f'{_alias(known[name])}."{name}"' for name in sorted(set(inputs(node)))] or ["null"]
    text = Q["sample"].replace("__VALUE__", value).replace("__INPUTS__", ", ".join(columns))
    asked = {"contact": contact_id, "zone": zone(conn), "at": now()}
    row = conn.execute(text, asked | constants).fetchone()
    return row[0] if row else None


def zone(conn: Connection) -> str:
    """The account's time zone: the first store's, UTC without one or with one nobody knows."""
    row = conn.execute(Q["zone"]).fetchone()
    try:
        return ZoneInfo(row[0]).key if row else "UTC"
    except (KeyError, ValueError, OSError):
        return "UTC"


def revise(conn: Connection) -> bool:
    """Notes which formulas count from now on, in the transaction that changed a definition; whether everybody has to
    be calculated anew (:func:`rebuild`)."""
    conn.execute(Q["alter"])  # two who change formulas at once: the second reads what the first wrote
    found = plan(load(conn, archived=True).properties)
    revision = found.revision if found else None
    conn.execute(Q["revise"], {"revision": revision, "zone": zone(conn)})
    return revision is not None and _state(conn)["built"] != revision


def watch(conn: Connection) -> bool:
    """Whether everybody has to be calculated anew: a killed walk, another time zone, an update that reads formulas
    otherwise. ``conn`` is autocommit."""
    state = _state(conn)
    if not state["revision"]:
        return False
    with conn.transaction():
        if zone(conn) != state["zone"]:
            conn.execute(Q["outdated"])
        return revise(conn)


def progress(conn: Connection) -> Progress:
    """How far everybody is calculated with the formulas that count."""
    state = _state(conn)
    waiting = bool(state["revision"]) and state["built"] != state["revision"]
    return Progress(state["done"], state["total"], waiting)


def rebuild(conn: Connection, chunk: int = _CHUNK) -> bool:
    """Calculates everybody with the formulas that count; a killed walk is continued by the next call, another change
    of a formula begins it anew. ``conn`` is autocommit. False when another process is at it."""
    (alone,) = conn.execute(Q["alone"]).fetchone() or (False,)
    if not alone:
        return False
    try:
        while row := conn.execute(Q["begin"]).fetchone():
            while _step(conn, row[0], chunk):
                pass
        return True
    finally:
        conn.execute(Q["release"])


def _step(conn: Connection, revision: str, chunk: int) -> bool:
    """Some contacts; False at the end or when other formulas count by now."""
    with conn.transaction():
        state = _state(conn)
        if state["revision"] != revision:
            return False
        found = [row[0] for row in conn.execute(Q["next"], {"after": state["after"], "limit": chunk})]
        if not found:
            conn.execute(Q["finish"], {"revision": revision, "at": now()})
            return False
        changed = calculate(conn, lock_for_refresh(conn, found), now(), revision=revision)
        derive.dirty(conn, changed, _BULK)
        passed = {"after": found[-1], "count": len(found), "revision": revision}
        return conn.execute(Q["passed"], passed).rowcount == 1


def _state(conn: Connection) -> dict[str, Any]:
    row = conn.execute(Q["state"]).fetchone()
    names = ("revision", "zone", "built", "building", "after", "done", "total", "finished_at")
    return dict(zip(names, row or (None,) * len(names), strict=True))
