"""Lists with their filters, as on SQLite: times are text there, and compared as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

Row = dict[str, Any]
LIMIT = 1000
_TIMES = ("createdAt", "updatedAt", "orderPlacedAt")


def stamp(seconds: int, milliseconds: bool = False) -> str:
    """A time as it stands in a column: those the database sets have whole seconds, those Node sets have more, here just
    before that second, as nothing happens in the future."""
    text = datetime.fromtimestamp(seconds - milliseconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.473" if milliseconds else text


def shown(column: str | None) -> str | None:
    """A column's time as the API shows it."""
    if column is None:
        return None
    return f"{column.replace(' ', 'T')}{'' if '.' in column else '.000'}Z"


def _given(text: Any) -> str:
    """A time of a filter as it is put into the statement: always with milliseconds."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise input_error(f"{text} is no time") from None
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def input_error(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "USER_INPUT_ERROR"})


def _fits(row: Row, conditions: Mapping[str, Any]) -> bool:
    return all(
        all(_fits(row, each) for each in asked)
        if name == "_and"
        else any(_fits(row, each) for each in asked)
        if name == "_or"
        else all(_holds(row.get(name), name in _TIMES, operator, value) for operator, value in asked.items())
        for name, asked in conditions.items()
    )


def _holds(value: Any, time: bool, operator: str, asked: Any) -> bool:
    if operator == "isNull":
        return (value is None) is asked
    if value is None:
        return False
    if operator in ("in", "notIn"):
        return (str(value) in asked) is (operator == "in")
    if time and operator == "between":
        return bool(_given(asked["start"]) <= value <= _given(asked["end"]))
    if time:
        asked = _given(asked)
    if operator == "after":
        return bool(value > asked)
    if operator == "before":
        return bool(value < asked)
    same = value == asked if isinstance(value, bool) else str(value) == str(asked)
    return same is (operator == "eq")


def listed(rows: Sequence[Row], options: Mapping[str, Any] | None, document: Callable[[Row], Any]) -> dict[str, Any]:
    """A page of a list; ``document`` is made of its rows alone."""
    options = options or {}
    take, skip = options.get("take"), options.get("skip") or 0
    if take is not None and take > LIMIT:
        raise input_error(f"Cannot take more than {LIMIT} results from a list query")
    found = [row for row in rows if _fits(row, options.get("filter") or {})]
    for name, direction in reversed(list((options.get("sort") or {}).items())):
        found.sort(key=lambda row: (row.get(name) is not None, row.get(name)), reverse=direction == "DESC")
    page = found[skip : skip + (LIMIT if take is None else take)]
    return {"items": [document(row) for row in page], "totalItems": len(found)}
