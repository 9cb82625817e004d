"""When the clock alone changes a contact's answers: the next moment for each touched contact, as SQL.

Every relative question has, for a fixed value, a handful of instants at which its answer may change; the least of them
that is still to come is when the contact is due. It is never later than the first change, and at worst a few visits
too early. Values change by facts, and whoever writes facts touches the contact anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from cartfolk.segments import history
from cartfolk.segments.asking import Parameters, local_day, midnight
from cartfolk.segments.conditions import itself
from cartfolk.segments.fields import EVENTS
from cartfolk.segments.forms import Lateral
from cartfolk.segments.operators import OPERATORS, Kind, Unit, kind
from cartfolk.segments.sources import found
from cartfolk.segments.tree import Amount, Calendar, Context, Event, Field, Node, Property, Question, walk

_HOURS = {Unit.HOUR: 1, Unit.DAY: 24, Unit.WEEK: 168}
_MONTHS = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}
_TODAY = Question("in_this", Calendar(Unit.DAY))


def next_moment(roots: Iterable[Node], form: Lateral, parameters: Parameters, context: Context) -> str:
    """The first instant after now at which the clock alone can change a membership in any of ``roots``; null when it
    never does."""
    moments = _moments(roots, form, parameters, context)
    return f"least({', '.join(moments)})" if moments else "null::timestamptz"


def clocked(root: Node, context: Context) -> bool:
    """The clock alone can change a membership."""
    return bool(_moments([root], Lateral("t"), Parameters(), context))


def _moments(roots: Iterable[Node], form: Lateral, parameters: Parameters, context: Context) -> dict[str, None]:
    """What is to come of every relative question, each once."""
    moments: dict[str, None] = {}
    for root in roots:
        for node in walk(root):
            if isinstance(node, Property):
                moments |= dict.fromkeys(_of_property(node, form, parameters, context))
            elif isinstance(node, Event):
                moments |= dict.fromkeys(_of_event(node, form, parameters, context))
    return moments


def relative(question: Question) -> bool:
    """The answer changes by the clock alone."""
    return OPERATORS[question.operator].relative


def _of_property(node: Property, form: Lateral, parameters: Parameters, context: Context) -> list[str]:
    if not relative(node.question):
        return []
    item = context.properties[node.name]
    if "updated" in node.question.operator:
        value = form.measured(history.changed(node.name, parameters), itself, nothing=False)
        plain = replace(node.question, operator="in_last")
        return [_next(plain, Kind.MOMENT, value, parameters, context)]
    column = node.name.replace('"', '""').replace("%", "%%")
    return [_next(node.question, kind(item), f'{form.table(item.table)}."{column}"', parameters, context)]


def _of_event(node: Event, form: Lateral, parameters: Parameters, context: Context) -> list[str]:
    """The moments of the facts themselves, and of the measure if it is a moment."""
    moments = []
    fields = EVENTS[node.event].fields
    asked = [Field(EVENTS[node.event].time, node.period)] if node.period and relative(node.period) else []
    asked += [item for item in node.where if isinstance(item, Field) and relative(item.question)]
    if asked:
        lasting = replace(
            node,
            measure="count",
            field=None,
            period=node.period if node.period and not relative(node.period) else None,
            where=tuple(item for item in node.where if not (isinstance(item, Field) and relative(item.question))),
        )
        rows = found(lasting, parameters, context)
        for item in asked:
            column = rows.facts.columns[item.name]
            first = f"min({_next(item.question, fields[item.name].kind, column, parameters, context)}){{filter}}"
            moments.append(form.measured(replace(rows, measure=first), itself, nothing=False))
    if node.field and relative(node.question):
        rows = found(node, parameters, context)
        value = form.measured(rows, itself, nothing=False)
        moments.append(_next(node.question, fields[node.field].kind, value, parameters, context))
    return moments


def _next(question: Question, asked: Kind, value: str, parameters: Parameters, context: Context) -> str:
    """The first moment after now at which a question about a value may change its answer."""
    name = question.operator.removeprefix("not_")
    day = local_day(value, asked, context)

    def begins(of: str) -> str:
        return midnight(of, context)

    if name.startswith("anniversary"):
        found_moments = _returns(name, question, day, begins, parameters)
    elif isinstance(question.value, Amount):
        found_moments = _rolling(name, question.value, asked, value, day, begins)
    elif isinstance(question.value, Calendar):
        found_moments = _units(name, question.value, asked, value, day, begins)
    else:
        raise ValueError(f"{question} does not change by the clock")
    ahead = ", ".join(f"case when {moment} > %(at)s then {moment} end" for moment in found_moments)
    return f"least({ahead})"


Begins = Callable[[str], str]


def _rolling(name: str, span: Amount, asked: Kind, value: str, day: str, begins: Begins) -> list[str]:
    past = name in ("in_last", "more_than_ago")
    count = span.amount if past else -span.amount
    if span.unit in _MONTHS:
        # the first day that is so many months after (before) the day; of a shorter month the first of the next one
        start = f"({day} + 1)" if past else day
        months = count * _MONTHS[span.unit]
        there = f"({start} + make_interval(months => {months}))::date"
        clamped = f"(extract(day from {there}) <> extract(day from {start}))::int"
        edge = begins(f"{there} + {clamped}")
    elif asked is Kind.DAY:
        days = count * _HOURS[span.unit] // 24
        edge = begins(f"{day} + {days if past else days + 1}")
    else:
        edge = f"({value} + interval '{count * _HOURS[span.unit]} hours')"
    if name == "in_last":
        return [begins(day) if asked is Kind.DAY else value, edge]
    if name == "in_next":
        return [begins(f"{day} + 1") if asked is Kind.DAY else value, edge]
    return [edge]


def _begin(day: str, unit: Unit, count: int = 0) -> str:
    """The first day of the unit a day lies in, or of that so many units later."""
    if unit is Unit.DAY:
        return f"({day} + {count})"
    first = f"date_trunc('{unit.value}', {day}::timestamp)::date"
    if unit is Unit.WEEK:
        return f"({first} + {7 * count})"
    return f"({first} + make_interval(months => {count * _MONTHS[unit]}))::date"


def _units(name: str, value: Calendar, asked: Kind, moment: str, day: str, begins: Begins) -> list[str]:
    edges = {
        "in_this": (0, 1),
        "in_this_so_far": (1,),
        "in_previous": (1, 1 + value.count),
        "in_following": (-value.count, 0),
        "since_previous": (1 + value.count,),
        "before_previous": (1 + value.count,),
    }[name]
    found_moments = [begins(_begin(day, value.unit, count)) for count in edges]
    if name in ("in_this_so_far", "since_previous"):
        found_moments.append(begins(day) if asked is Kind.DAY else moment)
    return found_moments


def _returns(name: str, question: Question, day: str, begins: Begins, parameters: Parameters) -> list[str]:
    """The edges of the windows of the returns in last year, this year and the two after it."""
    today, _ = parameters.window(_TODAY, Kind.DAY)
    found_moments: list[str] = []
    for year in (-1, 0, 1, 2):
        years = f"(extract(year from {today}) - extract(year from {day}))::int + {year}"
        back = f"({day} + make_interval(years => {years}))::date"
        match question.value:
            case Calendar(unit):
                edges = [_begin(back, unit), _begin(back, unit, 1)]
            case Amount(amount, unit):
                days = amount * _HOURS[unit] // 24
                edges = [back, f"{back} + {days}"] if name.endswith("last") else [f"{back} + {1 - days}", f"{back} + 1"]
            case _:
                raise ValueError(f"{question} asks for no return")
        found_moments += [begins(edge) for edge in edges]
    return found_moments
