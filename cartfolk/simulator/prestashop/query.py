"""The webservice's own language: filters, sorting, limits and which fields are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Row = dict[str, Any]
_PARTS = re.compile(r"^(.*)\[(.*)\](.*)$", re.DOTALL)
_INTERVAL = re.compile(r"^([\d.:\-\s]+),([\d.:\-\s]+)$")
_FILTER = re.compile(r"^filter\[(\w+)\]$")
_PRICE = re.compile(r"^price\[(\w+)\]\[(\w+)\]$")
_TIMES = frozenset({"date_add", "date_upd"})


class Refused(Exception):
    """The webservice's answer with one error: HTTP status, number, words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def select(rows: Mapping[int, Row], params: Mapping[str, str], computed: Callable[[Row], Row]) -> list[Row]:
    """The rows asked for, with the fields asked for: without `display` the ids alone. ``computed`` adds fields."""
    known = set(next(iter(rows.values()), {})) - {"associations"}
    dated = bool(params.get("date"))
    found = list(rows.values())
    for name, value in params.items():
        match = _FILTER.match(name)
        if match is None:
            continue
        field = match.group(1)
        if rows and (field not in known or (field in _TIMES and not dated)):
            raise Refused(400, 32, f'This filter does not exist. Did you mean: "id"? The full list is: {sorted(known)}')
        if value == "":
            raise Refused(400, 33, f'The filter "{field}" is malformed.')
        fits = _test(value)
        found = [row for row in found if fits(row.get(field))]
    for field, backwards in reversed(_sorting(params.get("sort", "[id_ASC]"), known, dated, bool(rows))):
        found.sort(key=lambda row, field=field: _comparable(row.get(field)), reverse=backwards)  # type: ignore[misc]
    found = _limited(found, params.get("limit", ""))
    display = params.get("display", "")
    return [_shown(row | computed(row) if display else row, display) for row in found]


def prices(params: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Computed prices asked for by `price[name][option]=value`."""
    asked: dict[str, dict[str, str]] = {}
    for name, value in params.items():
        if match := _PRICE.match(name):
            asked.setdefault(match.group(1), {})[match.group(2)] = value
    return asked


def _comparable(value: Any) -> tuple[float, str]:
    text = str(value)
    try:
        return float(text), ""
    except ValueError:
        return 0.0, text


def _test(wanted: str) -> Callable[[Any], bool]:
    """Whether a value passes one filter."""
    match = _PARTS.match(wanted)
    if match is None:
        only = _comparable(wanted)
        return lambda value: _comparable(value) == only
    before, inside, after = match.groups()
    if "%" in (before, after):
        return lambda value: inside.lower() in str(value).lower()
    if before == ">":
        low = _comparable(inside)
        return lambda value: _comparable(value) > low
    if before == "<":
        high = _comparable(inside)
        return lambda value: _comparable(value) < high
    several = {_comparable(each) for each in inside.split("|")}
    if before == "!":
        return lambda value: _comparable(value) not in several
    if interval := _INTERVAL.match(inside):
        # The original sorts the two bounds first: an interval from behind its end is turned round.
        low, high = sorted(_comparable(each) for each in interval.groups())
        return lambda value: low <= _comparable(value) <= high
    return lambda value: _comparable(value) in several


def _sorting(text: str, known: set[str], dated: bool, checked: bool) -> list[tuple[str, bool]]:
    match = _PARTS.match(text)
    found = []
    for each in (match.group(2) if match else text).split(","):
        field, _line, direction = each.rpartition("_")
        if direction.upper() not in ("ASC", "DESC"):
            raise Refused(400, 37, 'The "sort" value has to be formed as this example: "field_ASC"')
        if checked and (field not in known or (field in _TIMES and not dated)):
            raise Refused(400, 38, "Unable to filter by this field.")
        found.append((field, direction.upper() == "DESC"))
    return found


def _limited(rows: list[Row], text: str) -> list[Row]:
    if not text:
        return rows
    numbers = [int(each) for each in text.split(",")]
    if len(numbers) > 2:
        raise Refused(400, 39, 'The "limit" value has to be formed as this example: "5,25" or "10"')
    offset, count = numbers if len(numbers) == 2 else (0, numbers[0])
    return rows[offset : offset + count]


def _shown(row: Row, display: str) -> Row:
    if display == "full":
        return row
    if not display:
        return {"id": row["id"]}
    match = _PARTS.match(display)
    if match is None:
        raise Refused(400, 36, "The 'display' syntax is wrong.")
    fields = match.group(2).split(",")
    if unknown := [field for field in fields if field not in row]:
        raise Refused(400, 35, f'Unable to display this field "{unknown[0]}".')
    return {field: row[field] for field in fields}
