"""The builder's page: every part of a draft (builder.py) with its controls, as the templates write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext

from cartfolk.segments import called, labels, operators
from cartfolk.segments.fields import CONSENT_STATES, EVENTS, LINE_FIELDS, MEASURES, Field
from cartfolk.segments.language import DEEPEST
from cartfolk.segments.operators import Kind, Unit
from cartfolk.segments.tree import Context

from . import builder, controls, formats

Choice = tuple[str, str, bool]  # value, word, whether it is the chosen one
_PERIOD_UNITS = (Unit.HOUR, Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR)
_CALENDAR_UNITS = (Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.QUARTER, Unit.YEAR)


@dataclass(frozen=True, slots=True)
class Question:
    """The operator of a condition and the control it needs. ``suggest``: where values that occur are looked up;
    ``called``: what the shops call what is asked for, None where there is nothing but the value."""

    address: str
    operators: list[Choice]
    operator: str
    control: str
    pair: bool
    values: list[str]
    unit: str
    units: list[tuple[str, str]]
    options: list[Choice]
    suggest: str
    unknown: bool
    may_unknown: bool
    called: str | None = None

    @property
    def id(self) -> str:
        return dashed(self.address)

    @property
    def counted(self) -> bool:
        """Whether the units of the calendar may be several."""
        return self.operator in operators.COUNTED


@dataclass(frozen=True, slots=True)
class Period:
    kind: str
    kinds: list[Choice]
    count: str
    unit: str
    units: list[tuple[str, str]]
    begin: str
    end: str


@dataclass(frozen=True, slots=True)
class Part:
    """One group, condition, or condition on fields. ``place``: its number among its neighbours, from 1."""

    address: str
    sort: str  # group property event consent segment store field lines
    label: str
    place: int = 0
    last: bool = True
    definition: str = ""
    match: list[Choice] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    question: Question | None = None
    measures: list[Choice] = field(default_factory=list)
    fields: list[Choice] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    more: list[tuple[str, list[Choice]]] = field(default_factory=list)  # further selects: name, choices
    period: Period | None = None
    stores: list[Choice] = field(default_factory=list)
    offers: list[tuple[str, str]] = field(default_factory=list)
    member: list[Choice] = field(default_factory=list)
    nested: bool = False
    may_nest: bool = True

    @property
    def id(self) -> str:
        return dashed(self.address)


def dashed(address: str) -> str:
    """An address as part of an id that style sheets and htmx can name."""
    return address.replace(".", "-")


def kinds(known: Context) -> dict[str, tuple[Kind, bool]]:
    """Of every property its kind, and whether its values are options."""
    return {name: (operators.kind(item), bool(item.options)) for name, item in known.properties.items()}


def offers(known: Context) -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be added to a group: headings with value and word."""
    language = formats.language()
    found = [
        (gettext("What people did"), [(f"event:{name}", str(labels.EVENTS[name])) for name in EVENTS]),
        (gettext("Who they are to us"), [("consent", gettext("Consent"))]),
    ]
    if known.segments:
        found[1][1].append(("segment", gettext("Member of a segment")))
    if len(known.stores) > 1:
        found[1][1].append(("store", gettext("Known in a store")))
    groups: dict[str, list[tuple[str, str]]] = {}
    for item in known.properties.values():
        if item.stored and not item.hidden:
            groups.setdefault(item.group, []).append((f"property:{item.name}", item.label(language)))
    return found + [(gettext("Properties"), sorted(rows, key=lambda row: row[1].lower())) for rows in groups.values()]


def part(
    node: Mapping[str, Any], known: Context, address: str = builder.ROOT, place: int = 0, last: bool = True
) -> Part:
    """A node of the draft, with everything below it."""
    shared: dict[str, Any] = {
        "address": address, "place": 0 if address == builder.ROOT else place + 1, "last": last,
        "nested": address.count(".") > 1,
        "may_nest": address.count(".") < DEEPEST,
    }  # fmt: skip
    match node["type"]:
        case "group":
            children = node["children"]
            parts = [
                part(child, known, f"{address}.{nth}", nth, nth == len(children) - 1)
                for nth, child in enumerate(children)
            ]
            match = [(name, str(word), name == node["match"]) for name, word in labels.MATCHES.items()]
            return Part(sort="group", label=gettext("Group"), match=match, parts=parts, **shared)
        case "property":
            return _property(node, known, shared)
        case "event":
            return _event(node, known, shared)
        case "consent":
            return _consent(node, shared)
    return _membership(node, known, shared)


def _property(node: Mapping[str, Any], known: Context, shared: dict[str, Any]) -> Part:
    item = known.properties.get(node["property"])
    if item is None:
        return Part(sort="property", label=node["property"], **shared)
    asked, language = operators.kind(item), formats.language()
    options = [(option.value, option.label(language)) for option in item.options]
    there = operators.of(asked)
    operator = next((row for row in there if row.name == node.get("operator")), there[0])
    fit = operators.comparable(operator, asked)
    others = [
        (other.name, other.label(language))
        for other in known.properties.values()
        if other.name == node.get("value")
        or (other.stored and other.name != item.name and operators.kind(other) in fit)
    ]
    found = _question(node, shared["address"], asked, options, others, f"property:{item.name}")
    label, definition = item.label(language), item.definition(language)
    return Part(sort="property", label=label, definition=definition, question=found, **shared)


def _question(
    node: Mapping[str, Any],
    address: str,
    asked: Kind,
    options: list[tuple[str, str]],
    others: list[tuple[str, str]],
    suggest: str,
    *,
    event: bool = False,
) -> Question:
    there = operators.of(asked, event=event)
    operator = next((row for row in there if row.name == node.get("operator")), there[0])
    control, pair = controls.control(asked, operator, bool(options))
    values = controls.texts(node.get("value"))
    inputs = controls.held(asked, control, node.get("value"))
    if operator.name == controls.FIFTH:
        options = [(fifth, fifth) for fifth in controls.FIFTHS]
    elif control in ("options", "option"):  # what is asked for stays, also a part of a word or an option that is gone
        options = options + [(value, value) for value in values if value and value not in dict(options)]
    return Question(
        address=address,
        operators=[(row.name, str(labels.OPERATORS[row.name]), row is operator) for row in there],
        operator=operator.name,
        control=control,
        pair=pair,
        values=inputs + [""] * (2 - len(inputs)),
        unit=controls.unit(node.get("value")),
        units=controls.units(operator, asked),
        options=[(value, word, value in values) for value, word in (others if control == "property" else options)],
        suggest=suggest if control in ("text", "texts") else "",
        unknown=bool(node.get("include_unknown")),
        may_unknown=builder.may_include(operator) or bool(node.get("include_unknown")),
    )


def names(root: builder.Json, known: Context) -> Iterator[tuple[str, str]]:
    """What the shops call what a draft asks for by number: id of the question, names."""
    for address, item, store in builder.fields(root):
        found = _called(item, store, known)
        if found is not None:
            yield dashed(address), found


def _called(item: Mapping[str, Any], store: object, known: Context) -> str | None:
    if item["field"] not in called.FIELDS:
        return None
    one = store if isinstance(store, int) else None
    found = called.names(item["field"], str(item.get("operator")), one, known)
    return "; ".join(found[value] for value in controls.texts(item.get("value")) if value in found)


def _states(item: Field) -> list[tuple[str, str]]:
    return [(option, gettext(labels.STATES.get(option, option))) for option in item.options]


def _event(node: Mapping[str, Any], known: Context, shared: dict[str, Any]) -> Part:
    event, address = EVENTS[node["event"]], shared["address"]
    measure = MEASURES.get(str(node.get("measure")), MEASURES["count"])
    fields = [item for item in event.fields.values() if item.kind in measure.kinds]
    measured = event.fields.get(str(node.get("field"))) if measure.name != "count" else None
    asked, options = (measured.kind, _states(measured)) if measured else (Kind.NUMBER, [])
    found = _question(node, address, asked, options, [], f"field:{measured.name}" if measured else "", event=True)
    if measured:
        found = replace(found, called=_called(node, node.get("store"), known))
    if measure.empty_is_zero:  # always has a value
        known_ones = [row for row in found.operators if row[0] not in ("known", "unknown")]
        found = replace(found, operators=known_ones, may_unknown=found.unknown)
    stores: dict[object, str] = {number: shop.name for number, shop in known.stores.items()}
    stores |= _gone(node.get("store"), stores)
    where = list(node.get("where", ()))
    offered = [(name, str(labels.FIELDS[name])) for name in event.fields]
    if event.lines:
        text = gettext("An item: %(field)s")
        offered += [(f"{builder.LINES}:{name}", text % {"field": labels.FIELDS[name]}) for name in LINE_FIELDS]
    return Part(
        sort="event",
        label=str(labels.EVENTS[event.name]),
        question=found,
        measures=[(name, str(labels.MEASURES[name]), name == measure.name) for name in MEASURES],
        fields=[(item.name, str(labels.FIELDS[item.name]), item is measured) for item in fields],
        period=_period(node.get("period")),
        stores=[("", gettext("in all stores"), node.get("store") is None)]
        + [(str(number), name, node.get("store") == number) for number, name in stores.items()]
        if len(stores) > 1 or node.get("store") is not None
        else [],
        parts=[
            _where(item, f"{address}.w{nth}", event.fields, node.get("store"), known) for nth, item in enumerate(where)
        ],
        offers=offered,
        **shared,
    )


def _where(item: Mapping[str, Any], address: str, fields: Mapping[str, Field], store: object, known: Context) -> Part:
    if builder.LINES in item:
        none = bool(item.get("none"))
        return Part(
            address=address,
            sort="lines",
            label=gettext("Items"),
            choices=[("no", gettext("has an item with"), not none), ("yes", gettext("has no item with"), none)],
            parts=[
                _where(line, f"{address}.l{nth}", LINE_FIELDS, store, known)
                for nth, line in enumerate(item[builder.LINES])
            ],
            offers=[(name, str(labels.FIELDS[name])) for name in LINE_FIELDS],
        )
    asked = fields.get(item["field"])
    if asked is None:
        return Part(address=address, sort="field", label=item["field"])
    found = _question(item, address, asked.kind, _states(asked), [], f"field:{asked.name}", event=True)
    found = replace(found, called=_called(item, store, known))
    return Part(address=address, sort="field", label=str(labels.FIELDS[asked.name]), question=found)


def _period(data: object) -> Period:
    told = data if isinstance(data, dict) else {}
    kind = next(
        (name for name in ("last", "more_than", "this", "previous") if name in told), "between" if told else "any"
    )
    words = {
        "any": gettext("at any time"), "last": gettext("in the last"), "more_than": gettext("longer ago than"),
        "this": gettext("in this period:"), "previous": gettext("in the previous"), "between": gettext("between"),
    }  # fmt: skip
    count = told.get("count", 1) if kind == "previous" else told.get(kind, "")
    unit = told.get(kind, "") if kind in ("this", "previous") else told.get("unit", "")
    units = _PERIOD_UNITS if kind in ("last", "more_than") else _CALENDAR_UNITS
    names = labels.THIS if kind == "this" else labels.UNITS
    return Period(
        kind=kind,
        kinds=[(name, word, name == kind) for name, word in words.items()],
        count=str(count),
        unit=str(unit),
        units=[(one.value, str(names[one])) for one in units],
        begin=str(told.get("from") or ""),
        end=str(told.get("to") or ""),
    )


def _consent(node: Mapping[str, Any], shared: dict[str, Any]) -> Part:
    channels = dict.fromkeys([*labels.CHANNELS, str(node.get("channel"))])
    words = {
        "granted": gettext("is granted"), "withdrawn": gettext("is withdrawn"), "pending": gettext("is pending"),
        "unknown": gettext("is unknown"),
    }  # fmt: skip
    return Part(
        sort="consent",
        label=gettext("Consent"),
        more=[
            ("channel", [(c, gettext(labels.CHANNELS.get(c, c)), c == node.get("channel")) for c in channels]),
            ("status", [(name, words[name], name == node.get("status")) for name in CONSENT_STATES]),
        ],
        **shared,
    )


def _gone(number: object, there: Mapping[Any, str]) -> dict[object, str]:
    """The store or segment a condition asks for that is there no more: choosing another is the reader's to do."""
    return (
        {} if number is None or number in there else {number: gettext("%(number)s, which is gone") % {"number": number}}
    )


def _membership(node: Mapping[str, Any], known: Context, shared: dict[str, Any]) -> Part:
    sort, member = node["type"], node.get("member", True)
    names: dict[object, str]
    if sort == "segment":
        names = {number: item.name for number, item in known.segments.items() if number != known.itself}
        words, label = (gettext("is in"), gettext("is not in")), gettext("Segment")
    else:
        names = {number: shop.name for number, shop in known.stores.items()}
        words, label = (gettext("is known in"), gettext("is not known in")), gettext("Store")
    names = {**_gone(node.get(sort), names), **names}
    return Part(
        sort=sort,
        label=label,
        member=[("yes", words[0], bool(member)), ("no", words[1], not member)],
        choices=[(str(number), name, number == node.get(sort)) for number, name in names.items()],
        **shared,
    )
