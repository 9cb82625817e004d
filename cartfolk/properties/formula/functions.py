# ruff: noqa: E501 - a row stays on one line
"""Operators and functions of formulas as rows: what they take, what they give, their SQL, and the help pages show.

A ``{0}`` in the SQL is the first argument, ``{all}`` all of them. No row can raise an error in PostgreSQL: what has no
answer (a division by zero) is empty, as is nearly everything of an empty argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cartfolk.properties.formula.tree import Kind

ANY: tuple[Kind, ...] = ("number", "text", "bool", "date", "datetime", "list")
_TIMES: tuple[Kind, ...] = ("date", "datetime")
_ORDERED: tuple[Kind, ...] = ("number", "date", "datetime")
_PLAIN: tuple[Kind, ...] = ("number", "text", "bool", "date", "datetime")
_NUMBER: tuple[Kind, ...] = ("number",)
_TEXT: tuple[Kind, ...] = ("text",)
_BOOL: tuple[Kind, ...] = ("bool",)


@dataclass(frozen=True, slots=True)
class Function:
    """``takes`` lists the kinds of each argument, the last of which repeats when there may be more (``most``).
    ``gives`` is the kind of the result; None: that of the arguments from ``same`` on, which must agree."""

    usage: str
    takes: tuple[tuple[Kind, ...], ...]
    gives: Kind | None
    sql: str
    least: int
    most: int
    en: str
    de: str
    example: str
    same: int | None = None


def _row(
    usage: str, takes: tuple[tuple[Kind, ...], ...], gives: Kind | None, sql: str, en: str, de: str, example: str,
    *, least: int | None = None, most: int | None = None, same: int | None = None,
) -> Function:  # fmt: skip
    least = len(takes) if least is None else least
    return Function(usage, takes, gives, sql, least, len(takes) if most is None else most, en, de, example, same)


_MANY = 20

FUNCTIONS: Mapping[str, Function] = MappingProxyType({
    "if": _row("if(condition, then, else)", (_BOOL, _PLAIN, _PLAIN), None, "case when {0} then {1} else {2} end",
        "One value or the other. An empty condition counts as no; without the third value the result is then empty.",
        "Der eine oder der andere Wert. Eine leere Bedingung gilt als Nein; ohne dritten Wert ist das Ergebnis dann leer.",
        'if(total_number_of_orders > 5, "regular", "new")', least=2, same=1),
    "coalesce": _row("coalesce(a, b, …)", (_PLAIN, _PLAIN), None, "coalesce({all})",
        "The first value that is known.", "Der erste bekannte Wert.", "coalesce(total_value_of_orders, 0)", most=_MANY, same=0),
    "is_known": _row("is_known(a)", (_PLAIN,), "bool", "({0} is not null)",
        "Whether there is a value.", "Ob es einen Wert gibt.", "is_known(phone)"),
    "min": _row("min(a, b, …)", (_ORDERED, _ORDERED), None, "least({all})",
        "The smallest or earliest of the known values.", "Der kleinste oder früheste der bekannten Werte.", "min(total_value_of_orders, 1000)", most=_MANY, same=0),
    "max": _row("max(a, b, …)", (_ORDERED, _ORDERED), None, "greatest({all})",
        "The largest or latest of the known values.", "Der größte oder späteste der bekannten Werte.", "max(last_order_date, recent_conversion_date)", most=_MANY, same=0),
    "round": _row("round(a, decimals)", (_NUMBER, _NUMBER), "number", "round({0}, {1}::integer)",
        "Rounded half up to 0 to 10 decimals; 0 when not said.", "Kaufmännisch gerundet auf 0 bis 10 Stellen; ohne Angabe 0.", "round(total_value_of_orders / 3, 2)", least=1),
    "floor": _row("floor(a)", (_NUMBER,), "number", "floor({0})", "Rounded down.", "Abgerundet.", "floor(average_order_value)"),
    "ceil": _row("ceil(a)", (_NUMBER,), "number", "ceil({0})", "Rounded up.", "Aufgerundet.", "ceil(average_order_value)"),
    "abs": _row("abs(a)", (_NUMBER,), "number", "abs({0})", "Without its sign.", "Ohne Vorzeichen.", "abs(last_order_value - average_order_value)"),
    "concat": _row("concat(a, b, …)", (ANY, ANY), "text", "nullif(concat({all}), '')",
        "Texts one after the other; empty ones are passed over, other values become text.", "Texte hintereinander; leere werden übergangen, andere Werte werden zu Text.", 'concat(firstname, " ", lastname)', most=_MANY),
    "lower": _row("lower(text)", (_TEXT,), "text", "lower({0})", "In small letters.", "In Kleinbuchstaben.", "lower(company)"),
    "upper": _row("upper(text)", (_TEXT,), "text", "upper({0})", "In capital letters.", "In Großbuchstaben.", "upper(country)"),
    "length": _row("length(text or list)", (("text", "list"),), "number", "length({0})::numeric",
        "How many characters a text or entries a list has.", "Wie viele Zeichen ein Text oder Einträge eine Liste hat.", "length(skus_bought)"),
    "contains": _row("contains(text or list, part)", (("text", "list"), _TEXT), "bool", "(strpos(lower({0}), lower({1})) > 0)",
        "Whether the part occurs in a text, in capital or small letters, or is an entry of a list.", "Ob der Teil in einem Text vorkommt, groß oder klein geschrieben, oder Eintrag einer Liste ist.", 'contains(email, "@example.com")'),
    "days_between": _row("days_between(from, to)", (("date", "datetime"), ("date", "datetime")), "number", "({1} - {0})::numeric",
        "Calendar days from one date to another.", "Kalendertage von einem Datum bis zum anderen.", "days_between(first_order_date, last_order_date)"),
    "add_days": _row("add_days(date, days)", (_TIMES, _NUMBER), "date",
        "(select case when v.day - date '0001-01-01' + v.days between 0 and 3652058 then v.day + v.days::integer end"
        " from (select {0} as day, trunc({1}) as days) v)",  # the years 1 to 9999
        "The day so many days later, or earlier with a minus; date + days is the same.", "Der Tag so viele Tage später, mit Minus früher; Datum + Tage ist dasselbe.", "add_days(last_order_date, 30)"),
    "today": _row("today()", (), "date", "(%(at)s::timestamptz at time zone %(zone)s)::date",
        "The day it is; what depends on it changes at midnight.", "Der heutige Tag; was davon abhängt, ändert sich um Mitternacht.", "today() > last_order_date + 90"),
    "date": _row("date(moment)", (("datetime", "date", "text"),), "date", "({0} at time zone %(zone)s)::date",
        "The day of a moment, or a fixed day.", "Der Tag eines Zeitpunkts oder ein fester Tag.", 'date("2026-05-31")'),
    "year": _row("year(date)", (_TIMES,), "number", "extract(year from {0})::numeric", "The year.", "Das Jahr.", "year(first_order_date)"),
    "month": _row("month(date)", (_TIMES,), "number", "extract(month from {0})::numeric", "The month, 1 to 12.", "Der Monat, 1 bis 12.", "month(first_order_date)"),
    "day": _row("day(date)", (_TIMES,), "number", "extract(day from {0})::numeric", "The day of the month, 1 to 31.", "Der Tag im Monat, 1 bis 31.", "day(first_order_date)"),
})  # fmt: skip
"""What people may write, in the order the help shows it."""

OPERATORS: Mapping[str, tuple[tuple[Kind, ...], Kind, str]] = MappingProxyType({
    "+": (_NUMBER, "number", "({0} + {1})"),
    "-": (_NUMBER, "number", "({0} - {1})"),
    "*": (_NUMBER, "number", "({0} * {1})"),
    # Twenty decimals in front, so that a large quotient keeps its own; ten are kept.
    "/": (_NUMBER, "number", "round(({0} + 0.00000000000000000000) / nullif({1}, 0), 10)"),
    "%": (_NUMBER, "number", "mod({0}, nullif({1}, 0))"),
    "=": (_PLAIN, "bool", "({0} = {1})"),
    "!=": (_PLAIN, "bool", "({0} <> {1})"),
    "<": (_ORDERED, "bool", "({0} < {1})"),
    "<=": (_ORDERED, "bool", "({0} <= {1})"),
    ">": (_ORDERED, "bool", "({0} > {1})"),
    ">=": (_ORDERED, "bool", "({0} >= {1})"),
    "and": (_BOOL, "bool", "({0} and {1})"),
    "or": (_BOOL, "bool", "({0} or {1})"),
})  # fmt: skip
"""Between two values of one kind: kinds, kind of the result, SQL."""

HIDDEN: Mapping[str, str] = MappingProxyType({
    "not": "(not {0})", "minus": "(- {0})", "entries": "cardinality({0})::numeric", "among": "({1} = any({0}))",
    "text of number": "trim_scale({0})::text", "text of date": "to_char({0}, 'YYYY-MM-DD')",
    "text of bool": "case {0} when true then 'yes' when false then 'no' end",
    "text of datetime": "to_char({0} at time zone %(zone)s, 'YYYY-MM-DD HH24:MI')",
    "text of list": "array_to_string({0}, '; ')",
})  # fmt: skip
"""What the parser puts in by itself."""

ALIASES: Mapping[str, str] = MappingProxyType({
    "concatenate": "concat", "is_present": "is_known", "round_nearest": "round", "round_down": "floor",
    "round_up": "ceil", "lowercase": "lower", "uppercase": "upper",
})  # fmt: skip
"""Names other systems have for the same."""
