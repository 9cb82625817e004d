"""The control that an operator needs in a form: which it is, what it shows, and what it holds when it is sent.

The filter bar of All contacts and the builder of segments ask the same questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cartfolk.segments import labels, operators
from cartfolk.segments.operators import Kind, Operator, Shape

from .given import as_typed, number

FIFTH = "in_fifth"
FIFTHS = [str(fifth) for fifth in range(5, 0, -1)]  # the highest first


def usual(asked: Kind) -> str:
    """The operator a form begins with."""
    return {
        Kind.TEXT: "contains", Kind.CHOICE: "is_any_of", Kind.LIST: "contains", Kind.NUMBER: "greater_equal",
        Kind.MOMENT: "in_last", Kind.DAY: "in_last", Kind.BOOL: "is",
    }[asked]  # fmt: skip


def control(asked: Kind, operator: Operator, options: bool) -> tuple[str, bool]:
    """One of none, text, texts, options, option, number, date, bool, amount, calendar, property; and whether there are
    two of it. ``options``: the value is one of a list."""
    match operator.shape:
        case Shape.NONE:
            return "none", False
        case Shape.AMOUNT:
            return "amount", False
        case Shape.CALENDAR:
            return "calendar", False
        case Shape.PROPERTY:
            return "property", False
    if operator.name == FIFTH:
        return "options", False
    by_kind = {Kind.NUMBER: "number", Kind.MOMENT: "date", Kind.DAY: "date", Kind.BOOL: "bool"}
    found = "date" if operator.name.startswith("updated") else by_kind.get(asked, "text")
    if found == "text" and options:
        found = "options" if operator.shape is Shape.SOME else "option"
    elif operator.shape is Shape.SOME or asked is Kind.LIST:
        found = "texts" if found in ("text", "number") else found
    return found, operator.shape is Shape.PAIR


def units(operator: Operator, asked: Kind) -> list[tuple[str, str]]:
    """The units of time an amount or a calendar is chosen from: value and word."""
    words = labels.THIS if operator.name.startswith(("in_this", "anniversary_in_this")) else labels.UNITS
    return [(unit.value, str(words[unit])) for unit in operators.units(operator, asked)]


def texts(value: Any) -> list[str]:
    """What a condition compares with, as the texts of its controls."""
    if isinstance(value, dict):
        return [str(value.get("amount", value.get("count", "")))]
    parts = value if isinstance(value, list) else [value]
    return [str(part).lower() if isinstance(part, bool) else str(part) for part in parts if part is not None]


def held(asked: Kind, shown: str, value: Any) -> list[str]:
    """What the inputs of a control hold for a value, numbers as the reader writes them."""
    values = texts(value)
    if asked is Kind.NUMBER and shown in ("number", "texts"):
        values = [as_typed(item) for item in values]
    return ["; ".join(values)] if shown == "texts" else values[:1] if shown == "bool" else values


def unit(value: Any) -> str:
    return str(value.get("unit", "")) if isinstance(value, dict) else ""


def value(asked: Kind, operator: Operator, options: bool, given: Sequence[str], unit: str) -> Any:
    """What the control holds, as the language wants it; what cannot be is refused by the language."""
    values = [item.strip() for item in given]
    first = values[0] if values else ""
    shown, pair = control(asked, operator, options)
    match shown:
        case "none":
            return None
        case "amount" | "calendar":
            count = int(first) if first.isascii() and first.isdigit() and len(first) < 9 else None
            if shown == "amount":
                return {"amount": count if first else 0, "unit": unit}
            return {"unit": unit} | ({"count": count} if count and count > 1 else {})
        case "bool":
            return {"true": True, "false": False}.get(first)
        case "options":
            chosen = [item for item in values if item]
            return [int(item) for item in chosen if item in FIFTHS] if operator.name == FIFTH else chosen
        case "texts":
            parts = [part.strip() for part in first.split(";") if part.strip()]
            return [number(part) for part in parts] if asked is Kind.NUMBER else parts
        case "number":
            values = [number(item) for item in values]
    return values[:2] if pair else (values or [""])[0]


def blank(asked: Kind, operator: Operator, options: bool) -> Any:
    """What a new control holds before anybody chose."""
    shown, pair = control(asked, operator, options)
    match shown:
        case "amount":
            return {"amount": 30, "unit": "day"}
        case "calendar":
            return {"unit": "month" if operator.name != "anniversary_in_this" else "week"}
        case "bool":
            return True
        case "options" | "texts":
            return []
        case "none":
            return None
    return ["", ""] if pair else ""
