"""A question about one value as a SQL condition.

What comes out is true, or false or null; ``sure`` makes it never null, where it stands below a negation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from cartfolk.segments import windows
from cartfolk.segments.operators import OPERATORS, Kind, Shape, kind
from cartfolk.segments.tree import Context, Other, Question, Scalar


@dataclass(slots=True)
class Parameters:
    """The parameters of a statement, each given once. Those of time are worked out when it is run."""

    prefix: str = "q"
    fixed: dict[str, Any] = field(default_factory=dict)
    times: dict[str, tuple[Question, Kind]] = field(default_factory=dict)
    _names: dict[Any, str] = field(default_factory=dict)

    def text(self, value: str) -> str:
        return self._add(value, "text")

    def texts(self, values: tuple[str, ...]) -> str:
        return self._add(values, "text[]")

    def number(self, value: Decimal) -> str:
        return self._add(value, "bigint" if value == value.to_integral_value() else "numeric")

    def integer(self, value: int) -> str:
        return self._add(value, "bigint")

    def json(self, value: str) -> str:
        return self._add(value, "jsonb")

    def _add(self, value: Any, cast_to: str) -> str:
        name = self._names.setdefault((value, cast_to), f"{self.prefix}{len(self._names)}")
        plain = int(value) if cast_to == "bigint" else value
        self.fixed[name] = list(value) if isinstance(value, tuple) else plain
        return f"%({name})s::{cast_to}"

    def scalar(self, value: Decimal | datetime) -> str:
        return self.number(value) if isinstance(value, Decimal) else self._add(value, "timestamptz")

    def window(self, question: Question, asked: Kind) -> tuple[str, str]:
        """The two ends of a question's window; one that is open is not in ``at``'s answer and must not be used."""
        name = self._names.setdefault((question, asked), f"{self.prefix}{len(self._names)}")
        self.times[name] = question, asked
        type_ = "date" if asked is Kind.DAY else "timestamptz"
        return f"%({name}_from)s::{type_}", f"%({name}_to)s::{type_}"


def bounds(times: Mapping[str, tuple[Question, Kind]], at: datetime, context: Context) -> dict[str, date | None]:
    """The parameters of time, at ``at``."""
    found: dict[str, date | None] = {}
    for name, (question, asked) in times.items():
        work_out: Callable[..., tuple[date | None, date | None]] = (
            windows.days if asked is Kind.DAY else windows.instants
        )
        found[f"{name}_from"], found[f"{name}_to"] = work_out(question, at, context.zone)
    return found


def fifth(question: Question, asked: Kind, expression: str, cuts: tuple[Scalar, ...], parameters: Parameters) -> str:
    """The value lies in one of these fifths: above the cut below it, up to and including its own. Nothing, and of
    numbers what is not above zero, lies in none."""
    if len(cuts) != 4:
        return "false"
    wanted = [int(cast(Decimal, value)) for value in cast(tuple[Scalar, ...], question.value)]
    told = [parameters.scalar(cast("Decimal | datetime", cut)) for cut in cuts]
    found = []
    for number in wanted:
        ends = [f"{expression} > {told[number - 2]}"] if number > 1 and number - 1 not in wanted else []
        if number == 1 and asked is Kind.NUMBER:
            ends = [f"{expression} > 0"]
        last = next(end for end in range(number, 6) if end + 1 not in wanted)
        if last < 5:
            ends.append(f"{expression} <= {told[last - 1]}")
        if number - 1 not in wanted:
            found.append(" and ".join(ends) or f"{expression} is not null")
    answer = f"({' or '.join(f'({part})' for part in found)})"
    return f"(({has(expression, asked)}) is not true or {answer})" if question.include_unknown else answer


def has(expression: str, asked: Kind) -> str:
    """There is a value."""
    return f"cardinality({expression}) > 0" if asked is Kind.LIST else f"{expression} is not null"


def ask(
    question: Question,
    asked: Kind,
    expression: str,
    parameters: Parameters,
    context: Context,
    other: Callable[[str], str] | None = None,
) -> str:
    """The condition. ``other`` gives the SQL of another property's value."""
    operator = OPERATORS[question.operator]
    if operator.name == "known":
        return has(expression, asked)
    missing = f"({has(expression, asked)}) is not true"
    if operator.name == "unknown":
        return missing
    if operator.shape is Shape.PROPERTY and other is not None:
        condition = _beside(operator.name, asked, expression, cast(Other, question.value), context, other)
    elif operator.denies is not None:
        positive = _positive(
            operator.denies, Question(operator.denies, question.value), asked, expression, parameters, context
        )
        condition = f"({has(expression, asked)} and not ({positive}))"
    else:
        condition = _positive(operator.name, question, asked, expression, parameters, context)
    return f"({missing} or {condition})" if question.include_unknown else condition


def sure(condition: str) -> str:
    """The condition, false where it was null."""
    return f"coalesce({condition}, false)"


def _positive(
    name: str, question: Question, asked: Kind, expression: str, parameters: Parameters, context: Context
) -> str:
    if asked in (Kind.MOMENT, Kind.DAY):
        return _time(name, question, asked, expression, parameters, context)
    if asked is Kind.NUMBER:
        return _number(name, question, expression, parameters)
    if asked is Kind.BOOL:
        return f"({expression})" if question.value else f"(not {expression})"
    texts = cast(tuple[str, ...], question.value if isinstance(question.value, tuple) else (question.value,))
    if asked is Kind.LIST:
        return _list(name, texts, expression, parameters)
    if asked is Kind.CHOICE:
        if len(texts) == 1:
            return f"{expression} = {parameters.text(texts[0])}"
        return f"{expression} = any({parameters.texts(texts)})"
    return words(name, texts, expression, parameters)


def words(name: str, texts: tuple[str, ...], expression: str, parameters: Parameters) -> str:
    """A question about a text; upper and lower case are the same."""
    value = f"lower({expression})"
    if name in ("is", "is_any_of"):
        if len(texts) == 1:
            return f"{value} = lower({parameters.text(texts[0])})"
        return f"{value} = any(array(select lower(t) from unnest({parameters.texts(texts)}) t))"
    forms = {
        "contains": "strpos({value}, lower({text})) > 0",
        "starts_with": "starts_with({value}, lower({text}))",
        "ends_with": "right({value}, length({text})) = lower({text})",
    }
    found = [forms[name].format(value=value, text=parameters.text(text)) for text in texts]
    return found[0] if len(found) == 1 else f"({' or '.join(found)})"


def _list(name: str, texts: tuple[str, ...], expression: str, parameters: Parameters) -> str:
    match name:
        case "is_any_of":
            return f"{expression} && {parameters.texts(texts)}"
        case "contains_all":
            return f"{expression} @> {parameters.texts(texts)}"
        case "is_exactly":
            given = parameters.texts(texts)
            return f"({expression} @> {given} and {expression} <@ {given})"
    return f"exists (select from unnest({expression}) t where {words(name, texts, 't', parameters)})"


def _number(name: str, question: Question, expression: str, parameters: Parameters) -> str:
    match question.value:
        case (Decimal() as lower, Decimal() as upper) if name == "between":
            return f"({expression} between {parameters.number(lower)} and {parameters.number(upper)})"
        case tuple() as values:
            listed = ", ".join(parameters.number(cast(Decimal, value)) for value in values)
            return f"{expression} in ({listed})"
        case Decimal() as value:
            sign = {"is": "=", "greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<="}[name]
            return f"{expression} {sign} {parameters.number(value)}"
    raise ValueError(f"{question} compares no number")


def _time(name: str, question: Question, asked: Kind, expression: str, parameters: Parameters, context: Context) -> str:
    plain = Question(name, question.value)
    if name.startswith("anniversary"):
        return _anniversary(plain, local_day(expression, asked, context), parameters)
    lower, upper = parameters.window(plain, asked)
    from_ = f"{expression} >= {lower}"
    to = f"{expression} < {upper}"
    match open_ends(plain):
        case True, True:
            return f"{expression} is not null"
        case True, False:
            return to
        case False, True:
            return from_
    return f"({from_} and {to})"


def open_ends(question: Question) -> tuple[bool, bool]:
    """Which ends of a question's window are open, whatever the time."""
    name = question.operator.removeprefix("updated_")
    if name == "between" and isinstance(question.value, tuple):
        return question.value[0] is None, question.value[1] is None
    return name in ("before", "more_than_ago", "before_previous"), name in ("after", "more_than_ahead")


def zone(context: Context) -> str:
    """The account's time zone as a literal: names of zones hold letters, digits and / _ + - only."""
    return f"'{context.zone.key}'"


def local_day(expression: str, asked: Kind, context: Context) -> str:
    """The day a value lies on in the account's time zone."""
    return expression if asked is Kind.DAY else f"({expression} at time zone {zone(context)})::date"


def _anniversary(question: Question, day: str, parameters: Parameters) -> str:
    """A yearly return lies in the window, which is shorter than a year: it can only be that of the year the window
    begins or ends in. Adding years to 29 February gives 28 February."""
    lower, upper = parameters.window(question, Kind.DAY)
    found = []
    for end in (lower, f"({upper} - 1)"):
        years = f"(extract(year from {end}) - extract(year from {day}))::int"
        back = f"({day} + make_interval(years => {years}))::date"
        found.append(f"({years} > 0 and {back} >= {lower} and {back} < {upper})")
    return f"({' or '.join(found)})"


def midnight(day: str, context: Context) -> str:
    """The instant a day begins. Asked by way of the hour before: of an hour that comes twice PostgreSQL takes the
    second, of one that is skipped the first."""
    return f"((({day})::timestamp - interval '1 hour') at time zone {zone(context)} + interval '1 hour')"


def instant(expression: str, asked: Kind, context: Context) -> str:
    """A moment, or the midnight a day begins at."""
    return midnight(expression, context) if asked is Kind.DAY else expression


def _beside(
    name: str, asked: Kind, expression: str, value: Other, context: Context, other: Callable[[str], str]
) -> str:
    beside_kind = kind(context.properties[value.name])
    beside = other(value.name)
    if asked in (Kind.MOMENT, Kind.DAY) and asked is not beside_kind:
        expression, beside = instant(expression, asked, context), instant(beside, beside_kind, context)
    elif asked in (Kind.TEXT, Kind.CHOICE):
        expression, beside = f"lower({expression})", f"lower({beside})"
    sign = {"equals": "=", "not_equals": "<>", "greater": ">", "less": "<", "before": "<", "after": ">"}
    return f"{expression} {sign[name.removeprefix('updated_').removesuffix('_property')]} {beside}"


def of_nothing(question: Question) -> bool:
    """What a question about a count or a sum answers where there is nothing to count."""
    operator = OPERATORS[question.operator]
    name = operator.denies or operator.name
    nothing = Decimal(0)
    match question.value:
        case tuple() as values:
            pair = cast(tuple[Decimal, ...], values)
            found = pair[0] <= nothing <= pair[1] if name == "between" else nothing in pair
        case Decimal() as value:
            found = {
                "is": nothing == value,
                "greater": nothing > value,
                "greater_equal": nothing >= value,
                "less": nothing < value,
                "less_equal": nothing <= value,
            }[name]
        case _:
            raise ValueError(f"{question} compares no number")
    return not found if operator.denies else found
