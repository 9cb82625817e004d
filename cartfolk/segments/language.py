"""Reads definitions from JSON and writes them back.

    {"version": 1, "root": NODE}

``from_json`` is strict: whatever it does not know, or could never be true, is refused with a sentence that names the
condition. docs/developers/segment-language.md describes the JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from cartfolk.segments import values
from cartfolk.segments.countries import spelled
from cartfolk.segments.fields import CONSENT_STATES, EVENTS, LINE_FIELDS, MEASURES, Measure
from cartfolk.segments.fields import Field as FieldKind
from cartfolk.segments.operators import Kind, kind
from cartfolk.segments.problems import Path, Problem, Refused, gettext_noop
from cartfolk.segments.tree import (
    Consent,
    Context,
    Event,
    Field,
    Group,
    Lines,
    Member,
    Node,
    Property,
    Store,
)

VERSION = 1
DEEPEST = 10
MOST_CONDITIONS = 250

_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""How a definition of an older version becomes one of the next: version → function."""


def from_json(data: object, context: Context) -> Node:
    """The tree of a definition, checked against what the account has. Raises Refused with every bad condition."""
    if not isinstance(data, dict) or "root" not in data:
        raise Refused((Problem((), gettext_noop("a definition has a version and a root.")),))
    version = data.get("version")
    while isinstance(version, int) and version in _UPGRADES:
        data = _UPGRADES[version](data)
        version = data.get("version")
    if version != VERSION or isinstance(version, bool):
        text = gettext_noop("version %(version)s of the language is not known here. Update Cartfolk.")
        raise Refused((Problem((), text, {"version": str(version)}),))
    reader = _Reader(context)
    node = reader.node(data["root"], ())
    if reader.conditions > MOST_CONDITIONS:
        text = gettext_noop("%(count)s conditions are more than %(most)s. Split it into segments of its own.")
        reader.problems.append(Problem((), text, {"count": reader.conditions, "most": MOST_CONDITIONS}))
    if reader.problems or node is None:
        raise Refused(tuple(reader.problems))
    return node


class _Bad(Exception):
    """This condition cannot be read; the reader goes on with the next."""

    def __init__(self, text: str, part: str = "", **told: str | int) -> None:
        self.text, self.part, self.told = text, part, told


class _Reader:
    """Reads one definition, collecting what is wrong with it."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.problems: list[Problem] = []
        self.conditions = 0

    def node(self, data: object, path: Path) -> Node | None:
        try:
            if not isinstance(data, dict):
                raise _Bad(gettext_noop("a condition is an object with a type."))
            if data.get("type") == "group":
                return self.group(data, path)
            self.conditions += 1
            return self.condition(data)
        except (_Bad, values.BadQuestion) as bad:
            self.problems.append(Problem(path, bad.text, bad.told, bad.part))
            return None

    def group(self, data: dict[str, Any], path: Path) -> Group:
        _only(data, "type", "match", "children")
        match, children = data.get("match"), data.get("children")
        if match not in ("all", "any", "none"):
            raise _Bad(gettext_noop("a group matches all, any or none of its conditions."), "match")
        if not isinstance(children, list):
            raise _Bad(gettext_noop("a group has a list of conditions."), "children")
        if len(path) >= DEEPEST:
            raise _Bad(gettext_noop("groups may be nested %(most)s deep."), most=DEEPEST)
        if not children and (path or match == "any"):
            raise _Bad(gettext_noop("there is no condition. Add one, or remove the group."), "children")
        read = [self.node(child, (*path, position)) for position, child in enumerate(children)]
        return Group(cast(Literal["all", "any", "none"], match), tuple(child for child in read if child is not None))

    def condition(self, data: dict[str, Any]) -> Node:
        match data.get("type"):
            case "property":
                return self.property(data)
            case "event":
                return self.event(data)
            case "consent":
                return _consent(data)
            case "segment":
                return self.member(data)
            case "store":
                return self.store(data)
        raise _Bad(gettext_noop("the type “%(type)s” is not known."), "type", type=str(data.get("type")))

    def property(self, data: dict[str, Any]) -> Property:
        _only(data, "type", "property", "operator", "value", "include_unknown", "store")
        name = data.get("property")
        item = self.context.properties.get(name) if isinstance(name, str) else None
        if item is None:
            text = gettext_noop("there is no property “%(name)s”. Choose another or create it.")
            if name in self.context.archived:
                text = gettext_noop("“%(name)s” is archived. Restore it under Settings, Properties, or choose another.")
            raise _Bad(text, "property", name=str(name))
        if not item.stored:
            text = gettext_noop("“%(name)s” is derived when it is read and cannot be asked.")
            raise _Bad(text, "property", name=item.name)
        if data.get("store") is not None:
            text = gettext_noop("properties are told for all stores together. Ask for orders or carts of one store.")
            raise _Bad(text, "store")
        if data.get("operator") == "in_fifth" and item.name not in self.context.cuts:
            text = gettext_noop(
                "the fifths of “%(name)s” are not worked out yet; that is done when a segment asks for them."
            )
            raise _Bad(text, "operator", name=item.name)
        options = tuple(option.value for option in item.options)
        question = values.question(data, kind(item), options, event=False, properties=self.context.properties)
        return Property(item.name, spelled(item.name, question))

    def event(self, data: dict[str, Any]) -> Event:
        _only(
            data,
            "type",
            "event",
            "measure",
            "field",
            "operator",
            "value",
            "include_unknown",
            "currency",
            "period",
            "where",
            "store",
        )
        event = EVENTS.get(str(data.get("event")))
        if event is None:
            raise _Bad(gettext_noop("the event “%(event)s” is not known."), "event", event=str(data.get("event")))
        measure = MEASURES.get(str(data.get("measure")))
        if measure is None:
            text = gettext_noop("the measure “%(measure)s” is not known.")
            raise _Bad(text, "measure", measure=str(data.get("measure")))
        field = _measured(measure, data.get("field"), event.fields)
        self.amount(data, field)
        asked, options = (field.kind, field.options) if field else (Kind.NUMBER, ())
        question = values.question(data, asked, options, event=True)
        if measure.empty_is_zero and (question.operator in ("known", "unknown") or question.include_unknown):
            text = gettext_noop("a count or a sum always has a value: compare it with a number.")
            raise _Bad(text, "operator")
        return Event(
            event.name,
            measure.name,
            field.name if field else None,
            spelled(field.name, question) if field else question,
            None if data.get("period") is None else values.period(data["period"]),
            tuple(self.where(data.get("where", []), event.fields, lines=event.lines)),
            None if data.get("store") is None else self.which_store(data["store"]),
        )

    def amount(self, data: Mapping[str, Any], field: FieldKind | None, part: str = "") -> None:
        """Amounts are compared in the account's home currency, and only when there is one. ``currency`` may be said."""
        home, said = self.context.currency, data.get("currency")
        where = f"{part}.currency" if part else "currency"
        if field is None or not field.money:
            if said is not None:
                raise _Bad(gettext_noop("only an amount of money has a currency."), where)
            return
        if not home:
            text = gettext_noop("“%(field)s” is an amount, and the account has no currency yet. Connect a shop first.")
            raise _Bad(text, where, field=field.name)
        if said is not None and said != home:
            text = gettext_noop("“%(field)s” is compared in %(home)s, the account's currency, not in %(said)s.")
            raise _Bad(text, where, field=field.name, home=home, said=str(said))

    def where(
        self, data: object, fields: Mapping[str, FieldKind], *, lines: bool, within: str = "where"
    ) -> list[Field | Lines]:
        """The conditions on fields; all of them must hold of one and the same fact."""
        if not isinstance(data, list):
            raise _Bad(gettext_noop("“where” is a list of conditions on fields."), within)
        found: list[Field | Lines] = []
        for position, item in enumerate(data):
            part = f"{within}.{position}"
            if not isinstance(item, dict):
                raise _Bad(gettext_noop("a condition within has a field and an operator."), part)
            if lines and "lines" in item:
                found.append(self.lines(item, part))
                continue
            _only(item, "field", "operator", "value", "include_unknown", "currency", part=part)
            field = _field(item.get("field"), fields, f"{part}.field")
            self.amount(item, field, part)
            try:
                question = values.question(item, field.kind, field.options, event=True)
                found.append(Field(field.name, spelled(field.name, question)))
            except values.BadQuestion as bad:
                raise _Bad(bad.text, f"{part}.{bad.part}", **bad.told) from None
        return found

    def lines(self, item: dict[str, Any], part: str) -> Lines:
        _only(item, "lines", "none", part=part)
        none = item.get("none", False)
        if not isinstance(item["lines"], list) or not item["lines"] or not isinstance(none, bool):
            raise _Bad(gettext_noop("“lines” is a list of at least one condition on lines."), part)
        read = self.where(item["lines"], LINE_FIELDS, lines=False, within=f"{part}.lines")
        return Lines(tuple(field for field in read if isinstance(field, Field)), none)

    def which_store(self, number: object) -> int:
        if number is None:
            raise _Bad(gettext_noop("choose a store."), "store")
        if isinstance(number, bool) or not isinstance(number, int) or number not in self.context.stores:
            raise _Bad(gettext_noop("there is no store %(store)s."), "store", store=str(number))
        return number

    def member(self, data: dict[str, Any]) -> Member:
        _only(data, "type", "segment", "member")
        number = data.get("segment")
        if isinstance(number, bool) or not isinstance(number, int) or number not in self.context.segments:
            raise _Bad(gettext_noop("there is no segment %(segment)s."), "segment", segment=str(number))
        circle = self._circle(number)
        if circle:
            text = gettext_noop("the segments would name each other in a circle: %(circle)s. Ask for something else.")
            raise _Bad(text, "segment", circle=circle)
        return Member(number, _whether(data))

    def _circle(self, number: int) -> str:
        """The names of a circle that naming ``number`` here would close, or nothing."""
        known, itself = self.context.segments, self.context.itself
        if itself is None:
            return ""
        seen: set[int] = set()
        waiting: list[tuple[int, ...]] = [(number,)]
        while waiting:
            trail = waiting.pop()
            if trail[-1] == itself:
                return " → ".join(known[step].name if step in known else str(step) for step in (itself, *trail))
            if trail[-1] not in seen and trail[-1] in known:
                seen.add(trail[-1])
                waiting += [(*trail, below) for below in sorted(known[trail[-1]].uses)]
        return ""

    def store(self, data: dict[str, Any]) -> Store:
        _only(data, "type", "store", "member")
        return Store(self.which_store(data.get("store")), _whether(data))


def _only(data: Mapping[str, object], *names: str, part: str = "") -> None:
    """A key nobody knows is an error, not a wish to be overlooked."""
    for name in data:
        if name not in names:
            raise _Bad(gettext_noop("“%(name)s” is not part of this condition."), part, name=str(name))


def _whether(data: Mapping[str, object]) -> bool:
    member = data.get("member", True)
    if not isinstance(member, bool):
        raise _Bad(gettext_noop("“member” is true or false."), "member")
    return member


def _consent(data: dict[str, Any]) -> Consent:
    _only(data, "type", "channel", "purpose", "status")
    channel, purpose = data.get("channel", "email"), data.get("purpose", "marketing")
    for part, word in (("channel", channel), ("purpose", purpose)):
        if not isinstance(word, str) or not word.isidentifier() or len(word) > 40:
            raise _Bad(gettext_noop("channel and purpose are words such as email and marketing."), part)
    if data.get("status") not in CONSENT_STATES:
        raise _Bad(gettext_noop("consent is granted, withdrawn, pending or unknown."), "status")
    return Consent(channel, purpose, data["status"])


def _measured(measure: Measure, name: object, fields: Mapping[str, FieldKind]) -> FieldKind | None:
    """The field a measure is made of; none for a count."""
    if measure.name == "count":
        if name is not None:
            raise _Bad(gettext_noop("a count is of the events themselves: leave the field out."), "field")
        return None
    field = _field(name, fields, "field")
    if field.kind not in measure.kinds:
        text = gettext_noop("the %(measure)s of the field “%(field)s” cannot be made.")
        raise _Bad(text, "measure", measure=measure.name, field=field.name)
    return field


def _field(name: object, fields: Mapping[str, FieldKind], part: str) -> FieldKind:
    field = fields.get(name) if isinstance(name, str) else None
    if field is None:
        raise _Bad(gettext_noop("the field “%(field)s” is not one of this event."), part, field=str(name))
    return field


def to_json(root: Node) -> dict[str, Any]:
    """The definition as JSON at rest; ``from_json`` reads the same tree from it."""
    return {"version": VERSION, "root": node_json(root)}


def node_json(node: Node) -> dict[str, Any]:
    """One node, without the envelope."""
    match node:
        case Group(match, children):
            return {"type": "group", "match": match, "children": [node_json(child) for child in children]}
        case Property(name, question):
            return {"type": "property", "property": name, **values.question_json(question)}
        case Event():
            return _event_json(node)
        case Consent(channel, purpose, status):
            return {"type": "consent", "channel": channel, "purpose": purpose, "status": status}
        case Member(segment, member):
            return {"type": "segment", "segment": segment, "member": member}
        case Store(store, member):
            return {"type": "store", "store": store, "member": member}


def _event_json(node: Event) -> dict[str, Any]:
    data: dict[str, Any] = {"type": "event", "event": node.event, "measure": node.measure}
    if node.field is not None:
        data["field"] = node.field
    data |= values.question_json(node.question)
    if node.period is not None:
        data["period"] = values.period_json(node.period)
    if node.where:
        data["where"] = [_where_json(item) for item in node.where]
    if node.store is not None:
        data["store"] = node.store
    return data


def _where_json(item: Field | Lines) -> dict[str, Any]:
    if isinstance(item, Field):
        return {"field": item.name, **values.question_json(item.question)}
    data: dict[str, Any] = {"lines": [_where_json(field) for field in item.where]}
    return data | {"none": True} if item.none else data
