"""Questions about what a property once was and when it last changed, from the change-sets of property_history."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import cast

from cartfolk.segments.asking import Parameters, ask, words
from cartfolk.segments.operators import Kind
from cartfolk.segments.sources import Facts, Found
from cartfolk.segments.tree import Context, Question

_CHANGES = Facts(
    name="history",
    tables="property_history h",
    contact="h.contact_id",
    keep="",
    store="",
    sequence=("h.at", "h.change_id"),
    columns={},
)
_NOW = {"ever_contained_all": "contains_all", "ever_was_exactly": "is_exactly", "ever_contained": "contains"}


def changed(name: str, parameters: Parameters) -> Found:
    """The changes of a property; their measure is the moment of the last."""
    return Found(_CHANGES, (), f"jsonb_exists(h.changes, {parameters.text(name)})", "max(h.at){filter}")


def was(name: str, question: Question, asked: Kind, parameters: Parameters) -> Found:
    """The changes to a value that answers; their measure is how many."""
    key = parameters.text(name)
    text, value = f"(h.changes->>{key})", f"(h.changes->{key})"
    texts = cast(tuple[str, ...], question.value)
    if asked is Kind.LIST:
        held = _list(question.operator, texts, value, parameters)
        condition = f"case when jsonb_typeof{value} = 'array' then {held} end"
    elif asked is Kind.NUMBER:
        numbers = cast(tuple[Decimal, ...], question.value)
        listed = ", ".join(parameters.number(number) for number in numbers)
        condition = f"{text}::numeric in ({listed})"
    elif asked is Kind.BOOL:
        allowed = ["true" if item else "false" for item in cast(tuple[bool, ...], question.value)]
        condition = f"{text} = any({parameters.texts(tuple(allowed))})"
    elif asked is Kind.CHOICE:
        condition = f"{text} = any({parameters.texts(texts)})"
    else:
        condition = words(_past_word(question.operator), texts, text, parameters)
    return Found(_CHANGES, (), f"jsonb_exists(h.changes, {key}) and {condition}", "count(*){filter}")


def _past_word(operator: str) -> str:
    return _NOW.get(operator, "is_any_of")


def _list(operator: str, texts: tuple[str, ...], value: str, parameters: Parameters) -> str:
    given = parameters.json(json.dumps(list(texts)))
    match operator:
        case "ever_was":
            return f"jsonb_exists_any({value}, {parameters.texts(texts)})"
        case "ever_contained_all":
            return f"{value} @> {given}"
        case "ever_was_exactly":
            return f"({value} @> {given} and {value} <@ {given})"
    return (
        f"exists (select from jsonb_array_elements_text({value}) t where {words('contains', texts, 't', parameters)})"
    )


def now(question: Question, asked: Kind, expression: str, parameters: Parameters, context: Context) -> str:
    """The same question about the present value."""
    if asked is Kind.BOOL:
        return " or ".join(
            ask(Question("is", value), asked, expression, parameters, context)
            for value in cast(tuple[bool, ...], question.value)
        )
    plain = Question(_past_word(question.operator), question.value)
    return ask(plain, asked, expression, parameters, context)
