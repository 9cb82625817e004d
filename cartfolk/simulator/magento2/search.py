"""searchCriteria: which rows, in which order, which page; and `fields`, which cuts the answer afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .auth import MagentoError

T = TypeVar("T")
Column = Callable[[T], Any]
_FILTER = re.compile(r"searchCriteria\[filter_?[gG]roups\]\[(\d+)\]\[filters\]\[(\d+)\]\[(\w+)\]")
_SORT = re.compile(r"searchCriteria\[sort_?[oO]rders\]\[(\d+)\]\[(\w+)\]")


@dataclass(slots=True)
class Table(Generic[T]):
    """Rows with the columns they can be asked by. ``repeats``: behind the end the last page comes again."""

    rows: Sequence[T]
    columns: Mapping[str, Column[T]]
    render: Callable[[T], dict[str, Any]]
    repeats: bool = True


def answer(table: Table[T], params: Mapping[str, str], most: int | None) -> dict[str, Any]:
    """The page asked for. ``most``: rows a page may have. Raises MagentoError."""
    groups: dict[str, dict[str, dict[str, str]]] = {}
    sorts: dict[str, dict[str, str]] = {}
    for name, value in params.items():
        if found := _FILTER.fullmatch(name):
            groups.setdefault(found[1], {}).setdefault(found[2], {})[found[3]] = value
        elif found := _SORT.fullmatch(name):
            sorts.setdefault(found[1], {})[found[2]] = value
    rows = list(table.rows)
    for group in groups.values():
        rows = [row for row in rows if any(_fits(table, row, each) for each in group.values())]
    for sort in reversed(list(sorts.values())):
        column = _column(table, sort["field"])
        rows.sort(key=column, reverse=sort.get("direction", "DESC").upper() != "ASC")
    told: dict[str, Any] = {"filter_groups": [{"filters": list(group.values())} for group in groups.values()]}
    part: Sequence[T] = rows
    if "searchCriteria[pageSize]" in params:
        size = int(params["searchCriteria[pageSize]"])
        if most is not None and size > most:
            raise MagentoError(400, "Maximum SearchCriteria pageSize is %max", {"max": str(most)})
        page = max(1, int(params.get("searchCriteria[currentPage]", 1)))
        last = max(1, -(-len(rows) // size))
        shown = min(page, last) if table.repeats else page
        part = rows[(shown - 1) * size : shown * size]
        told |= {"page_size": size, "current_page": page}
    return {"items": [table.render(row) for row in part], "search_criteria": told, "total_count": len(rows)}


def _column(table: Table[T], name: str) -> Column[T]:
    if name not in table.columns:
        raise MagentoError(400, "Invalid attribute name: %1", [name])
    return table.columns[name]


def _fits(table: Table[T], row: T, asked: Mapping[str, str]) -> bool:
    own = _column(table, asked["field"])(row)
    condition, value = asked.get("condition_type", "eq"), asked.get("value", "")
    if condition in ("in", "nin"):
        return (str(own) in value.split(",")) == (condition == "in")
    if condition in ("null", "notnull"):
        return (own is None) == (condition == "null")
    if own is None:
        return False
    other: Any = int(value) if isinstance(own, int) else value
    compared = {
        "eq": own == other,
        "neq": own != other,
        "gt": own > other,
        "gteq": own >= other,
        "lt": own < other,
        "lteq": own <= other,
    }
    if condition not in compared:
        raise MagentoError(500, "Internal Error. Details are available in Magento log file.")
    return bool(compared[condition])


def cut(body: Any, fields: str) -> Any:
    """Only the fields named, as in ``items[entity_id,items[sku]],total_count``."""
    return _cut(body, _parse(fields)) if fields else body


def _parse(text: str) -> dict[str, Any]:
    root: dict[str, Any] = {}
    stack, name = [root], ""
    for letter in f"{text},":
        if letter not in ",[]":
            name += letter
            continue
        inner: dict[str, Any] = {}
        if name:
            stack[-1][name] = inner
        if letter == "[":
            stack.append(inner)
        elif letter == "]":
            stack.pop()
        name = ""
    return root


def _cut(body: Any, wanted: dict[str, Any]) -> Any:
    if isinstance(body, list):
        return [_cut(each, wanted) for each in body]
    if not isinstance(body, dict) or not wanted:
        return body
    return {name: _cut(value, wanted[name]) for name, value in body.items() if name in wanted}
