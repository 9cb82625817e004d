"""A country asked by its name is asked by its code, too: that is what shops and the contacts' own values hold."""

from __future__ import annotations

from dataclasses import replace

from cartfolk.connectors import countries
from cartfolk.segments.tree import Question

_NAMES = {"country", "billing_country", "shipping_country"}  # properties and fields of orders
_ANY = {"is": "is_any_of", "is_not": "is_none_of"}
_SAME = {"is_any_of", "is_none_of", "ever_was", "never_was", *_ANY}


def spelled(name: str, question: Question) -> Question:
    """The question about a property or field, with the codes of the countries it names beside their names."""
    if name not in _NAMES or question.operator not in _SAME:
        return question
    texts = question.value if isinstance(question.value, tuple) else (question.value,)
    codes = [code for text in texts if isinstance(text, str) and (code := countries.code(text))]
    lower = {text.lower() for text in texts if isinstance(text, str)}
    further = [code for code in dict.fromkeys(codes) if code.lower() not in lower]
    if not further:
        return question
    return replace(question, operator=_ANY.get(question.operator, question.operator), value=(*texts, *further))
