"""What the shops call the products, variants and categories that a definition names by number.

People choose them by name, and read them by name again; in a definition stands what the shop will not rename.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from cartfolk.core.sql import Connection, Statements
from cartfolk.segments.tree import Context, objects

Q = Statements.beside(__file__, "called.sql")
FIELDS = frozenset(Q)
"""The fields of events whose values have a name beside them."""
WHOLE = frozenset(
    {"is", "is_not", "is_any_of", "is_none_of", "contains_all", "not_contains_all", "is_exactly", "is_not_exactly"}
)
"""The operators that compare with such a value, not with a part of its text."""


def asked(definition: object) -> dict[str, set[str]]:
    """The values a definition compares those fields with, by field; read without checking it."""
    found: dict[str, set[str]] = {}
    for item in objects(definition):
        name, value = str(item.get("field")), item.get("value")
        if name in FIELDS and str(item.get("operator")) in WHOLE:
            several = value if isinstance(value, list) else [value]
            found.setdefault(name, set()).update(v for v in several if isinstance(v, str) and v.isprintable())
    return found


def context(conn: Connection, definition: object, where: Context) -> Context:
    """``where`` with the names of what the definition asks for: sentences tell them then."""
    found: dict[str, dict[str, dict[int, str]]] = {}
    for field, values in asked(definition).items():
        named = found[field] = {}
        for value, store, name in conn.execute(Q[field], {"values": sorted(values)}) if values else ():
            named.setdefault(value, {})[store] = name
    return replace(where, called=found)


def names(field: str, operator: str, store: int | None, where: Context) -> Mapping[str, str]:
    """Value → name, for a question about a field of an event in ``store``, or in all. A number that several shops gave
    to different things has all their names; two values of one name keep their number beside it."""
    if operator not in WHOLE:
        return {}
    found = {}
    for value, by_store in where.called.get(field, {}).items():
        told = by_store.values() if store is None else [by_store[store]] if store in by_store else []
        if told:
            found[value] = " / ".join(dict.fromkeys(told))
    often = Counter(found.values())
    return {value: name if often[name] == 1 else f"{name} ({value})" for value, name in found.items()}
