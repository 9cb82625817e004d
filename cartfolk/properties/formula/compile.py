"""A formula's tree as one SQL expression. Pure: what it refers to and its constants are told by the caller.

Nothing of the formula's text gets into the SQL: constants are parameters, properties are columns the caller names,
the rest is rows of functions.py. ``%(zone)s`` is the account's time zone, ``%(at)s`` now.
"""

from __future__ import annotations

from collections.abc import Callable

from cartfolk.properties.catalogue import Property
from cartfolk.properties.formula.functions import FUNCTIONS, HIDDEN, OPERATORS
from cartfolk.properties.formula.tree import Call, Constant, Kind, Node, Reference

LONGEST = 5_000  # characters of a text result
DECIMALS = 10
_CASTS: dict[Kind, str] = {"number": "numeric", "text": "text", "bool": "boolean", "date": "date"}


def expression(node: Node, column: Callable[[str], str], bind: Callable[[object], str]) -> str:
    """SQL for the node. ``column`` tells the SQL of a property's value, ``bind`` keeps a constant and tells its
    placeholder."""
    match node:
        case Constant(value, kind):
            return f"{bind(value)}::{_CASTS[kind]}"
        case Reference(name, kind):
            return f"{column(name)}::numeric" if kind == "number" else column(name)
        case Call(key, arguments, _kind):
            parts = [expression(part, column, bind) for part in arguments]
            return _filled(_template(key, len(parts)), parts)


def result(item: Property, node: Node, column: Callable[[str], str], bind: Callable[[object], str]) -> str:
    """SQL for the value as the property's column holds it. A number of 10^18 or more is empty."""
    value = expression(node, column, bind)
    if node.kind == "number":
        kept = "round(v.x)::bigint" if item.whole else f"trim_scale(round(v.x, {DECIMALS}))"
        return f"(select case when abs(v.x) < 999999999999999999 then {kept} end from (select {value} as x) v)"
    if node.kind == "text":
        return f"nullif(btrim(left({value}, {LONGEST}), E' \\t\\n\\r'), '')"
    return value


def _template(key: str, count: int) -> str:
    if key in OPERATORS:
        return OPERATORS[key][2]
    if key in HIDDEN:
        return HIDDEN[key]
    text = FUNCTIONS[key].sql
    return "case when {0} then {1} end" if key == "if" and count == 2 else text


def _filled(template: str, parts: list[str]) -> str:
    """The arguments in their places, each once; a brace in an argument stays what it is."""
    return template.format(*parts, all=", ".join(parts))
