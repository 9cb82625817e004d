"""A segment under construction: the definition as JSON, not yet checked, and what a form does to it.

Every part has an address: ``r`` is the root, ``r.0`` its first condition, ``r.0.w1`` that condition's second condition
on fields, ``r.0.w1.l0`` the first about the lines of an order. A form's controls are named ``ADDRESS:PART``; nothing
here knows a database or what the account has. What cannot be asked is said by segments.language when it is read.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Protocol

from cartfolk.segments import operators
from cartfolk.segments.fields import EVENTS, LINE_FIELDS, MEASURES, Field
from cartfolk.segments.language import DEEPEST, MOST_CONDITIONS
from cartfolk.segments.operators import OPERATORS, Kind, Operator
from cartfolk.segments.problems import Problem

from . import controls
from .given import whole

Json = dict[str, Any]
ROOT = "r"
PERIODS = ("any", "last", "more_than", "this", "previous", "between")
LINES = "lines"  # what is added to an order or cart to ask for its lines


class Given(Protocol):
    """A sent form: Django's QueryDict."""

    def get(self, name: str, /) -> str | None: ...
    def getlist(self, name: str, /) -> list[str]: ...
    def __contains__(self, name: object, /) -> bool: ...


def empty() -> Json:
    """What a new segment begins with."""
    return {"type": "group", "match": "all", "children": []}


def sound(root: object) -> Json:
    """The draft a page sent back, if it has the shape this module keeps; else an empty one."""
    if isinstance(root, dict) and root.get("type") == "group" and _sound(root, 0):
        return root
    return empty() if not (isinstance(root, dict) and _sound(root, 1)) else {**empty(), "children": [root]}


def _sound(node: object, depth: int) -> bool:
    if not isinstance(node, dict) or depth > DEEPEST + 1:
        return False
    match node.get("type"):
        case "group":
            children = node.get("children")
            return isinstance(children, list) and all(_sound(child, depth + 1) for child in children)
        case "event":
            where = node.get("where", [])
            return node.get("event") in EVENTS and isinstance(where, list) and all(_sound_where(w) for w in where)
        case "property":
            return isinstance(node.get("property"), str)
    return node.get("type") in ("consent", "segment", "store")


def _sound_where(item: object) -> bool:
    if not isinstance(item, dict):
        return False
    lines = item.get(LINES)
    return (
        isinstance(item.get("field"), str)
        if lines is None
        else isinstance(lines, list)
        and all(isinstance(line, dict) and isinstance(line.get("field"), str) for line in lines)
    )


# --- addresses ------------------------------------------------------------------------------------------


def at(root: Json, address: str) -> Json:
    """The part at an address. Raises LookupError."""
    part: Json = root
    for step in address.split(".")[1:]:
        part = _list(part, step)[_place(step)]
    return part


def _place(step: str) -> int:
    digits = step.lstrip("wl")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 5):
        raise LookupError(step)
    return int(digits)


def _list(part: Json, step: str) -> list[Json]:
    """The list of ``part`` that a step of an address counts in."""
    name = {"w": "where", "l": LINES}.get(step[:1], "children")
    found = part.setdefault(name, []) if name == "where" else part.get(name)
    if not isinstance(found, list):
        raise LookupError(step)
    return found


def of(problem: Problem) -> str:
    """The address of the condition a refusal is about."""
    return ".".join((ROOT, *map(str, problem.path)))


def walk(root: Json, address: str = ROOT) -> Iterator[tuple[str, Json]]:
    """Every group and condition with its address, top-down."""
    yield address, root
    for place, child in enumerate(root.get("children", ())):
        yield from walk(child, f"{address}.{place}")


def fields(root: Json) -> Iterator[tuple[str, Json, object]]:
    """Everything that asks about a field of what people did, or of its lines, with its address and the one store that
    is asked about, if any."""
    for address, node in walk(root):
        store = node.get("store")
        if node.get("measure", "count") != "count":
            yield address, node, store
        for place, item in enumerate(node.get("where", ())):
            inner = f"{address}.w{place}"
            if LINES not in item:
                yield inner, item, store
                continue
            for nth, line in enumerate(item[LINES]):
                yield f"{inner}.l{nth}", line, store


# --- what a form says -----------------------------------------------------------------------------------


def read(root: Json, given: Given, kinds: dict[str, tuple[Kind, bool]]) -> Json:
    """The draft as the form's controls say now. ``kinds``: of every property its kind, and whether it has options."""
    root = copy.deepcopy(root)
    for address, node in walk(root):
        match node["type"]:
            case "group":
                if (match := given.get(f"{address}:match")) in ("all", "any", "none"):
                    node["match"] = match
            case "property" if node["property"] in kinds:
                _question(node, address, given, *kinds[node["property"]])
            case "event":
                _event(node, address, given)
            case "consent":
                for name in ("channel", "purpose", "status"):
                    node[name] = given.get(f"{address}:{name}") or node.get(name)
            case "segment" | "store":
                if (number := whole(given.get(f"{address}:{node['type']}"))) is not None:
                    node[node["type"]] = number
                if (member := given.get(f"{address}:member")) is not None:
                    node["member"] = member == "yes"
    return root


def _question(node: Json, address: str, given: Given, asked: Kind, options: bool, *, event: bool = False) -> None:
    """Operator, value and "also without a value" of a condition."""
    operator = OPERATORS.get(given.get(f"{address}:operator") or "")
    if operator is None or operator not in operators.of(asked, event=event):
        return
    shown = OPERATORS.get(given.get(f"{address}:was") or "", operator)
    node["operator"] = operator.name
    before, sent = node.pop("value", None), given.getlist(f"{address}:value")
    control, was = controls.control(asked, operator, options), controls.control(asked, shown, options)
    if control != was and not {control[0], was[0]} <= {"text", "texts"}:
        found = controls.blank(asked, operator, options)
    elif control == was and control[0] in ("texts", "bool") and sent == controls.held(asked, control[0], before):
        found = before  # nobody typed: a value that itself holds a semicolon stays one
    else:
        found = controls.value(asked, operator, options, sent, given.get(f"{address}:unit") or "")
    if found is not None:
        node["value"] = found
    included = node.pop("include_unknown", False) and operator is shown
    if f"{address}:unknown" in given and (included or may_include(operator)):
        node["include_unknown"] = True


def may_include(operator: Operator) -> bool:
    """Whether "also contacts without a value" can be asked with it."""
    return operator.denies is not None and not operator.without_value


def measured(node: Json) -> tuple[Kind, bool]:
    """The kind of what an event condition measures, and whether it has options."""
    field = EVENTS[node["event"]].fields.get(str(node.get("field"))) if node.get("measure") != "count" else None
    return (field.kind, bool(field.options)) if field else (Kind.NUMBER, False)


def _event(node: Json, address: str, given: Given) -> None:
    before = measured(node)
    if (measure := given.get(f"{address}:measure") or "") in MEASURES:
        node["measure"] = measure
        node["field"] = given.get(f"{address}:field") or node.get("field")
        fitting = [f for f in EVENTS[node["event"]].fields.values() if f.kind in MEASURES[measure].kinds]
        if measure == "count":
            node.pop("field")
        elif node["field"] not in [field.name for field in fitting]:
            node["field"] = fitting[0].name
    if measured(node) == before:
        _question(node, address, given, *before, event=True)
    else:
        node |= begun(*measured(node))
    store = given.get(f"{address}:store")
    if store is not None:
        node.pop("store", None)
        if (number := whole(store)) is not None:
            node["store"] = number
    _period(node, address, given)
    for place, item in enumerate(node.get("where", ())):
        inner = f"{address}.w{place}"
        if LINES not in item:
            _field(item, inner, given, EVENTS[node["event"]].fields.get(item["field"]))
            continue
        if (none := given.get(f"{inner}:none")) is not None:
            item["none"] = none == "yes"
        for nth, line in enumerate(item[LINES]):
            _field(line, f"{inner}.l{nth}", given, LINE_FIELDS.get(line["field"]))


def _field(item: Json, address: str, given: Given, field: Field | None) -> None:
    if field is not None:
        _question(item, address, given, field.kind, bool(field.options), event=True)


def _period(node: Json, address: str, given: Given) -> None:
    kind = given.get(f"{address}:period")
    if kind not in PERIODS:
        return
    count, unit = given.get(f"{address}:count") or "", given.get(f"{address}:every") or ""
    number = int(count) if count.isascii() and count.isdigit() and len(count) < 9 else 0
    ends = {name: given.get(f"{address}:{name}") or "" for name in ("from", "to")}
    node.pop("period", None)
    match kind:
        case "last" | "more_than":
            node["period"] = {kind: number or (90 if not count else 0), "unit": unit or "day"}
        case "this":
            node["period"] = {"this": unit if unit and unit != "hour" else "month"}
        case "previous":
            unit = unit if unit and unit != "hour" else "month"
            node["period"] = {"previous": unit} | ({"count": number} if number > 1 else {})
        case "between":
            node["period"] = {name: end for name, end in ends.items() if end} or {"from": ""}


# --- what a button does ---------------------------------------------------------------------------------


def begun(asked: Kind, options: bool) -> Json:
    """The question a new condition begins with."""
    operator = OPERATORS[controls.usual(asked)]
    found = controls.blank(asked, operator, options)
    return {"operator": operator.name} | ({} if found is None else {"value": found})


def new(what: str, kinds: dict[str, tuple[Kind, bool]], others: dict[str, int | None]) -> Json:
    """A new condition: ``property:NAME``, ``event:NAME``, ``consent``, ``segment``, ``store`` or ``group``.
    ``others``: the segment and the store to begin with. Raises LookupError."""
    sort, _, name = what.partition(":")
    match sort:
        case "property":
            return {"type": "property", "property": name, **begun(*kinds[name])}
        case "event":
            counted = {"measure": "count", "operator": "greater_equal", "value": "1"}
            return {"type": "event", "event": EVENTS[name].name, **counted}
        case "consent":
            return {"type": "consent", "channel": "email", "purpose": "marketing", "status": "granted"}
        case "segment" | "store":
            return {"type": sort, sort: others[sort], "member": True}
        case "group":
            return {"type": "group", "match": "any", "children": []}
    raise LookupError(what)


def act(root: Json, what: str, address: str, added: Json | None = None) -> tuple[Json, str]:
    """The draft after a button: ``add`` (``added`` into the group, the event or the lines at ``address``), ``remove``,
    ``copy``, ``up``, ``down``, ``wrap`` (into a group of its own), ``out`` (of its group). Also returns the address
    to go on from. Raises LookupError when there is nothing there."""
    root = copy.deepcopy(root)
    if what == "add":
        if added is None:
            raise LookupError(address)
        return root, _add(root, address, added)
    above, _, step = address.rpartition(".")
    if not above:
        raise LookupError(address)
    holder = _list(at(root, above), step)
    place, sign = _place(step), step.rstrip("0123456789")
    if place >= len(holder):
        raise LookupError(address)
    match what:
        case "remove":
            del holder[place]
            if not holder and sign == "l":  # lines nothing is asked of are no condition
                return act(root, "remove", above)
            return root, f"{above}.{sign}{min(place, len(holder) - 1)}" if holder else above
        case "copy":
            if sum(1 for _ in walk(root)) > MOST_CONDITIONS:
                raise LookupError(address)
            holder.insert(place + 1, copy.deepcopy(holder[place]))
            return root, f"{above}.{sign}{place + 1}"
        case "up" | "down":
            to = place + (1 if what == "down" else -1)
            if not 0 <= to < len(holder):
                return root, address
            holder[place], holder[to] = holder[to], holder[place]
            return root, f"{above}.{sign}{to}"
        case "wrap" if not sign and address.count(".") < DEEPEST:
            holder[place] = {"type": "group", "match": "any", "children": [holder[place]]}
            return root, f"{address}.0"
        case "out" if not sign and above != ROOT:
            return _out(root, above, holder, place)
    raise LookupError(what)


def _add(root: Json, address: str, added: Json) -> str:
    target = at(root, address)
    sign = "l" if LINES in target else "w" if target.get("type") == "event" else ""
    if not sign and (target.get("type") != "group" or sum(1 for _ in walk(root)) > MOST_CONDITIONS):
        raise LookupError(address)
    holder = _list(target, sign or "0")
    holder.append(added)
    return f"{address}.{sign}{len(holder) - 1}"


def _out(root: Json, above: str, holder: list[Json], place: int) -> tuple[Json, str]:
    """The condition behind the group it was in; a group that is left empty goes."""
    outer, _, step = above.rpartition(".")
    outside, at_ = at(root, outer)["children"], _place(step)
    node = holder.pop(place)
    if holder:
        outside.insert(at_ + 1, node)
        return root, f"{outer}.{at_ + 1}"
    outside[at_] = node
    return root, above


def within(node: Json, address: str, what: str) -> Json:
    """A new condition on a field of the event at ``address``, or (``lines``, ``lines:FIELD``) on its lines; for the
    lines themselves the field alone. Raises LookupError."""
    if LINES in node:
        return {"field": LINE_FIELDS[what].name, **begun(LINE_FIELDS[what].kind, bool(LINE_FIELDS[what].options))}
    event = EVENTS[node["event"]]
    name = what.removeprefix(f"{LINES}:")
    if name != what:
        if not event.lines:
            raise LookupError(address)
        return {LINES: [within({LINES: []}, address, name)]}
    field = event.fields[what]
    return {"field": field.name, **begun(field.kind, bool(field.options))}
