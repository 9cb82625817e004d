"""Where on the time line a question's answer lies, at a given now: half-open bounds, in instants or in days.

Everything that follows the calendar is worked out here, in the account's time zone, once a statement: PostgreSQL
compares plain values. Every window is such that a fixed value's answer changes at instants and holds from them on.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cartfolk.segments.operators import Unit
from cartfolk.segments.tree import Amount, Calendar, Question

_TICK = timedelta(microseconds=1)  # PostgreSQL's resolution: v > x is v >= x + tick
_SPANS = {Unit.HOUR: timedelta(hours=1), Unit.DAY: timedelta(days=1), Unit.WEEK: timedelta(weeks=1)}

Instants = tuple[datetime | None, datetime | None]
Days = tuple[date | None, date | None]


def today(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant a day begins; where the clock skips midnight, the instant it is put forward."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def shift(day: date, unit: Unit, count: int) -> date:
    """The day so many units later (or earlier); the last one of a shorter month."""
    if unit in (Unit.DAY, Unit.WEEK):
        return day + timedelta(days=count * (7 if unit is Unit.WEEK else 1))
    months = day.year * 12 + day.month - 1 + count * {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}[unit]
    year, month = divmod(months, 12)
    first_of_next = date(year + month // 11, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (first_of_next - timedelta(days=1)).day))


def begin(day: date, unit: Unit) -> date:
    """The first day of the unit a day lies in."""
    match unit:
        case Unit.WEEK:
            return day - timedelta(days=day.weekday())
        case Unit.MONTH:
            return day.replace(day=1)
        case Unit.QUARTER:
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case Unit.YEAR:
            return date(day.year, 1, 1)
        case _:
            return day


def instants(question: Question, at: datetime, zone: ZoneInfo) -> Instants:
    """The window of a question about moments."""
    match question.operator.removeprefix("not_").removeprefix("updated_"), question.value:
        case ("in_last" | "more_than_ago" | "in_next" | "more_than_ahead") as operator, Amount() as value:
            return _rolling(operator, value, at, zone)
        case "in_this_so_far", Calendar(unit):
            return midnight(begin(today(at, zone), unit), zone), at + _TICK
        case ("in_this" | "in_previous" | "in_following") as operator, Calendar() as value:
            first, end = _calendar(operator, value, today(at, zone))
            return midnight(first, zone), midnight(end, zone)
        case ("since_previous" | "before_previous") as operator, Calendar() as value:
            first, _ = _calendar("in_previous", value, today(at, zone))
            edge = midnight(first, zone)
            return (edge, at + _TICK) if operator == "since_previous" else (None, edge)
        case "before", datetime() | date() as value:
            return None, _from(value, zone)
        case "after", datetime() | date() as value:
            return _until(value, zone), None
        case "is", datetime() | date() as value:
            return _from(value, zone), _until(value, zone)
        case "between", (lower, upper):
            return (
                _from(lower, zone) if isinstance(lower, date) else None,
                _until(upper, zone) if isinstance(upper, date) else None,
            )
    raise ValueError(f"{question} asks for no window")


def _from(value: date, zone: ZoneInfo) -> datetime:
    return value if isinstance(value, datetime) else midnight(value, zone)


def _until(value: date, zone: ZoneInfo) -> datetime:
    return value + _TICK if isinstance(value, datetime) else midnight(value + timedelta(days=1), zone)


def _rolling(operator: str, value: Amount, at: datetime, zone: ZoneInfo) -> Instants:
    if value.unit in _SPANS:
        back, ahead = at - value.amount * _SPANS[value.unit], at + value.amount * _SPANS[value.unit]
        past, future = back + _TICK, ahead + _TICK
    else:
        past = midnight(shift(today(at, zone), value.unit, -value.amount), zone)
        future = midnight(shift(today(at, zone), value.unit, value.amount) + timedelta(days=1), zone)
    match operator:
        case "in_last":
            return past, at + _TICK
        case "more_than_ago":
            return None, past
        case "in_next":
            return at + _TICK, future
        case _:
            return future, None


def _calendar(operator: str, value: Calendar, day: date) -> tuple[date, date]:
    first = begin(day, value.unit)
    match operator:
        case "in_this":
            return first, shift(first, value.unit, 1)
        case "in_previous":
            return shift(first, value.unit, -value.count), first
        case _:
            return shift(first, value.unit, 1), shift(first, value.unit, 1 + value.count)


def days(question: Question, at: datetime, zone: ZoneInfo) -> Days:
    """The window of a question about days, and of the returns an anniversary asks for."""
    day = today(at, zone)
    next_day = timedelta(days=1)
    match question.operator.removeprefix("not_").removeprefix("anniversary_"), question.value:
        case ("in_last" | "more_than_ago" | "in_next" | "more_than_ahead") as operator, Amount(amount, unit):
            exact = unit in _SPANS
            back, ahead = shift(day, unit, -amount), shift(day, unit, amount)
            past, future = (back + next_day, ahead) if exact else (back, ahead + next_day)
            windows = {
                "in_last": (past, day + next_day),
                "more_than_ago": (None, past),
                "in_next": (day, future),
                "more_than_ahead": (future, None),
            }
            return windows[operator]
        case "in_this_so_far", Calendar(unit):
            return begin(day, unit), day + next_day
        case ("in_this" | "in_previous" | "in_following") as operator, Calendar() as value:
            return _calendar(operator, value, day)
        case ("since_previous" | "before_previous") as operator, Calendar() as value:
            first, _ = _calendar("in_previous", value, day)
            return (first, day + next_day) if operator == "since_previous" else (None, first)
        case "before", date() as value:
            return None, value
        case "after", date() as value:
            return value + next_day, None
        case "is", date() as value:
            return value, value + next_day
        case "between", (date() as lower, date() as upper):
            return lower, upper + next_day
    raise ValueError(f"{question} asks for no window")
