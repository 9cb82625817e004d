"""Reads and writes what a question compares with: texts, numbers, moments, spans of time, by kind and operator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from cartfolk.properties.catalogue.model import Property
from cartfolk.segments.operators import (
    ALIASES,
    COUNTED,
    OPERATORS,
    Kind,
    Operator,
    Shape,
    Unit,
    comparable,
    kind,
    units,
)
from cartfolk.segments.problems import gettext_noop
from cartfolk.segments.tree import Amount, Calendar, Other, Question, Scalar, Value

LONGEST_TEXT = 1000
MOST_VALUES = 1000
LARGEST_AMOUNT = 10_000


class BadQuestion(ValueError):
    """An operator or a value that cannot be asked; ``text`` with ``told`` says why, ``part`` which of the two."""

    def __init__(self, text: str, part: str = "value", **told: str | int) -> None:
        super().__init__(text % told)
        self.text, self.part, self.told = text, part, told


def question(
    data: Mapping[str, Any],
    asked: Kind,
    options: tuple[str, ...] = (),
    *,
    event: bool = False,
    properties: Mapping[str, Property] | None = None,
) -> Question:
    """The question in ``operator``, ``value`` and ``include_unknown`` of a condition about a value of a kind.
    Raises BadQuestion."""
    name = data.get("operator")
    operator = OPERATORS.get(ALIASES.get(name, name)) if isinstance(name, str) else None
    if operator is None:
        raise BadQuestion(gettext_noop("the operator %(operator)s is not known."), "operator", operator=str(name))
    if asked not in operator.kinds or (event and not operator.fact):
        text = gettext_noop("%(operator)s cannot be asked here.")
        raise BadQuestion(text, "operator", operator=operator.name)
    include = data.get("include_unknown", False)
    if not isinstance(include, bool):
        raise BadQuestion(gettext_noop("“include_unknown” is true or false."), "include_unknown")
    if include and (operator.without_value or operator.name == "known"):
        raise BadQuestion(
            gettext_noop("%(operator)s says itself what holds without a value: leave “include_unknown” out."),
            "include_unknown",
            operator=operator.name,
        )
    return Question(operator.name, _value(data.get("value"), operator, asked, options, properties or {}), include)


def _value(
    raw: object, operator: Operator, asked: Kind, options: tuple[str, ...], properties: Mapping[str, Property]
) -> Value:
    match operator.shape:
        case Shape.NONE:
            if raw is not None:
                raise BadQuestion(gettext_noop("%(operator)s takes no value."), operator=operator.name)
            return None
        case Shape.ONE:
            return _one(raw, Kind.MOMENT if "updated" in operator.name else asked, options)
        case Shape.SOME if operator.name == "in_fifth":
            return _fifths(raw)
        case Shape.SOME:
            return _some(raw, asked, () if "contain" in operator.name and asked is Kind.TEXT else options, operator)
        case Shape.PAIR:
            return _pair(raw, asked)
        case Shape.AMOUNT:
            return _amount(raw, units(operator, asked))
        case Shape.CALENDAR:
            return _calendar(raw, units(operator, asked), operator)
        case Shape.PROPERTY:
            return _other(raw, operator, asked, properties)


def _one(raw: object, asked: Kind, options: tuple[str, ...]) -> Scalar:
    match asked:
        case Kind.TEXT | Kind.LIST | Kind.CHOICE:
            return _text(raw, options)
        case Kind.NUMBER:
            return number(raw)
        case Kind.BOOL:
            if not isinstance(raw, bool):
                raise BadQuestion(gettext_noop("compare with true or false."))
            return raw
        case Kind.DAY:
            return _day(raw)
        case Kind.MOMENT:
            return _moment(raw)


def _text(raw: object, options: tuple[str, ...]) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise BadQuestion(gettext_noop("there is nothing to compare with. Enter a value."))
    if len(raw) > LONGEST_TEXT or "\0" in raw:
        raise BadQuestion(gettext_noop("a text to compare with has at most %(most)s characters."), most=LONGEST_TEXT)
    if options and raw not in options:
        text = gettext_noop("“%(value)s” is not one of the options: %(options)s.")
        raise BadQuestion(text, value=raw, options=", ".join(options))
    return raw


def _some(raw: object, asked: Kind, options: tuple[str, ...], operator: Operator) -> tuple[Scalar, ...]:
    items = raw if isinstance(raw, list) else [raw]
    if not items:
        raise BadQuestion(gettext_noop("the list of values is empty. Choose at least one."))
    if len(items) > MOST_VALUES:
        raise BadQuestion(gettext_noop("a list has at most %(most)s values."), most=MOST_VALUES)
    if asked is Kind.LIST and operator.name in (
        "contains",
        "not_contains",
        "starts_with",
        "not_starts_with",
        "ends_with",
        "not_ends_with",
        "ever_contained",
        "never_contained",
    ):
        options = ()
    return tuple(dict.fromkeys(_one(item, asked, options) for item in items))


def _fifths(raw: object) -> tuple[Scalar, ...]:
    items = raw if isinstance(raw, list) else [raw]
    found = {str(item) for item in items}
    if not found or not found <= set("12345"):
        raise BadQuestion(gettext_noop("a fifth is a whole number from 1 (the lowest) to 5 (the highest)."))
    return tuple(Decimal(item) for item in sorted(found))


def _pair(raw: object, asked: Kind) -> tuple[Scalar, Scalar]:
    if not isinstance(raw, list) or len(raw) != 2:
        raise BadQuestion(gettext_noop("between needs two values, the lower and the upper."))
    lower, upper = (_one(item, asked, ()) for item in raw)
    _ordered(lower, upper)
    return lower, upper


def _ordered(lower: Scalar, upper: Scalar) -> None:
    """Refuses a pair that nothing lies between. A day and a moment beside each other are left to the zone."""
    if isinstance(lower, datetime) == isinstance(upper, datetime) and lower > upper:  # type: ignore[operator]
        text = gettext_noop("nothing is between %(lower)s and %(upper)s: the first must be the smaller.")
        raise BadQuestion(text, lower=scalar_json(lower), upper=scalar_json(upper))


def number(raw: object) -> Decimal:
    """A number from JSON, or from its text. Raises BadQuestion."""
    try:
        if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
            raise InvalidOperation
        found = Decimal(str(raw))
    except InvalidOperation:
        raise BadQuestion(gettext_noop("“%(value)s” is not a number."), value=_told(raw)) from None
    if not found.is_finite() or abs(found) >= Decimal("1e18") or found != round(found, 9):
        raise BadQuestion(gettext_noop("“%(value)s” is not a number that can be compared."), value=_told(raw))
    return found


def _told(raw: object) -> str:
    return "" if raw is None else str(raw)[:80]


def _day(raw: object) -> date:
    try:
        if not isinstance(raw, str) or len(raw) != 10:
            raise ValueError
        return _sane(date.fromisoformat(raw))
    except ValueError:
        raise BadQuestion(gettext_noop("“%(value)s” is not a date such as 2026-12-31."), value=_told(raw)) from None


def _moment(raw: object) -> date | datetime:
    """A date, or an ISO 8601 time with its offset."""
    try:
        if isinstance(raw, str) and len(raw) > 10:
            found = datetime.fromisoformat(raw)
            if found.tzinfo is None:
                raise ValueError
            _sane(found)
            return found.astimezone(UTC)
        return _day(raw)
    except (ValueError, OverflowError):
        text = gettext_noop("“%(value)s” is neither a date such as 2026-12-31 nor a time such as 2026-12-31T18:00:00Z.")
        raise BadQuestion(text, value=_told(raw)) from None


def _sane(found: date) -> date:
    if not 1900 <= found.year <= 2200:
        raise ValueError
    return found


def _count(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= LARGEST_AMOUNT:
        raise BadQuestion(
            gettext_noop("the number of days, weeks … is a whole number from 1 to %(most)s."), most=LARGEST_AMOUNT
        )
    return raw


def _unit(raw: object, allowed: tuple[Unit, ...]) -> Unit:
    if not isinstance(raw, str) or raw not in [unit.value for unit in allowed]:
        text = gettext_noop("the unit “%(unit)s” cannot be used here; take one of %(units)s.")
        raise BadQuestion(text, unit=_told(raw), units=", ".join(allowed))
    return Unit(raw)


def _object(raw: object, *names: str) -> dict[str, Any]:
    if not isinstance(raw, dict) or not set(raw) <= set(names):
        raise BadQuestion(gettext_noop("enter a number and a unit of time."))
    return raw


def _amount(raw: object, allowed: tuple[Unit, ...]) -> Amount:
    data = _object(raw, "amount", "unit")
    found = Amount(_count(data.get("amount")), _unit(data.get("unit"), allowed))
    days = {Unit.HOUR: 1 / 24, Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 31, Unit.QUARTER: 92, Unit.YEAR: 366}
    longest = 365 if Unit.MONTH not in allowed else 366 * 200
    if found.amount * days[found.unit] > longest:
        raise BadQuestion(gettext_noop("that is too long a time: at most %(most)s days."), most=longest)
    return found


def _calendar(raw: object, allowed: tuple[Unit, ...], operator: Operator) -> Calendar:
    data = _object(raw, "unit", "count")
    found = Calendar(_unit(data.get("unit"), allowed), _count(data.get("count", 1)))
    if found.count > 1 and operator.name not in COUNTED:
        raise BadQuestion(gettext_noop("there is only one such %(unit)s: leave “count” out."), unit=found.unit.value)
    if found.count > 2400:
        raise BadQuestion(gettext_noop("that is too long a time: at most %(most)s units."), most=2400)
    return found


def _other(raw: object, operator: Operator, asked: Kind, properties: Mapping[str, Property]) -> Other:
    item = properties.get(raw) if isinstance(raw, str) else None
    if item is None or not item.stored:
        raise BadQuestion(gettext_noop("there is no property “%(name)s” to compare with."), name=_told(raw))
    if kind(item) not in comparable(operator, asked):
        text = gettext_noop("“%(name)s” has another type and cannot be compared with.")
        raise BadQuestion(text, name=item.name)
    return Other(item.name)


_PERIOD_UNITS = (Unit.HOUR, Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR)
_CALENDAR_UNITS = (Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.QUARTER, Unit.YEAR)


def period(data: object) -> Question:
    """A PERIOD of an event condition as the question about its time. Raises BadQuestion."""
    match data:
        case {"last": count, "unit": unit, **rest} if not rest:
            return Question("in_last", _amount({"amount": count, "unit": unit}, _PERIOD_UNITS))
        case {"more_than": count, "unit": unit, **rest} if not rest:
            return Question("more_than_ago", _amount({"amount": count, "unit": unit}, _PERIOD_UNITS))
        case {"this": unit, **rest} if not rest:
            return Question("in_this", _calendar({"unit": unit}, _CALENDAR_UNITS, OPERATORS["in_this"]))
        case {"previous": unit, **rest} if set(rest) <= {"count"}:
            value = _calendar({"unit": unit, **rest}, _CALENDAR_UNITS, OPERATORS["in_previous"])
            return Question("in_previous", value)
        case {**rest} if rest and set(rest) <= {"from", "to"} and any(rest.values()):
            lower = None if rest.get("from") is None else _moment(rest["from"])
            upper = None if rest.get("to") is None else _moment(rest["to"])
            if lower is not None and upper is not None:
                _ordered(lower, upper)
            return Question("between", (lower, upper))
    text = gettext_noop(
        "a period is the last days, weeks …, this or a previous month, quarter …, or from a date to a date."
    )
    raise BadQuestion(text, "period")


def period_json(asked: Question) -> dict[str, Any]:
    """A period as JSON."""
    match asked:
        case Question("in_last", Amount(count, unit)):
            return {"last": count, "unit": unit.value}
        case Question("more_than_ago", Amount(count, unit)):
            return {"more_than": count, "unit": unit.value}
        case Question("in_this", Calendar(unit)):
            return {"this": unit.value}
        case Question("in_previous", Calendar(unit, count)):
            return {"previous": unit.value} | ({"count": count} if count > 1 else {})
        case Question("between", (lower, upper)):
            return {name: scalar_json(end) for name, end in (("from", lower), ("to", upper)) if end is not None}
    raise ValueError(f"{asked} is no period")


def question_json(asked: Question) -> dict[str, Any]:
    """A question as the members operator, value and include_unknown of its condition."""
    data: dict[str, Any] = {"operator": asked.operator}
    if asked.value is not None:
        data["value"] = _value_json(asked.value)
    if asked.include_unknown:
        data["include_unknown"] = True
    return data


def _value_json(value: Value) -> Any:
    match value:
        case tuple():
            return [scalar_json(item) for item in value if item is not None]
        case Amount(count, unit):
            return {"amount": count, "unit": unit.value}
        case Calendar(unit, count):
            return {"unit": unit.value} | ({"count": count} if count > 1 else {})
        case Other(name):
            return name
        case None:
            return None
        case _:
            return value if isinstance(value, bool) else scalar_json(value)


def scalar_json(value: Scalar) -> Any:
    """One value as JSON: numbers as numbers, moments in ISO 8601, UTC."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat()
