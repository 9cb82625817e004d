"""Reads a contact's properties and their history."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties.defined import load

Q = Statements.beside(__file__)

LIST_COLUMNS: tuple[str, ...] = (
    "createdate",
    "name",
    "email",
    "phone",
    "recent_conversion_event_name",
    "recent_conversion_date",
    "last_order_date",
    "total_value_of_orders",
    "total_number_of_orders",
    "store_ids",
)
"""What contact_list holds beside contact_id and ``search`` (words: see search_query)."""

_PHONE = re.compile(r"[\s+0-9()/.\-]+")
_MARKS = re.compile(r"[\s@._\-+,;/#()]+")


@dataclass(frozen=True, slots=True)
class Change:
    """One change-set: what was written at ``at``, by what. A ``None`` value means emptied; times in
    ``changes`` are ISO 8601 UTC text."""

    change_id: int
    at: datetime
    source: str
    source_id: str
    changes: dict[str, Any]
    by: str = ""


def values(conn: Connection, contact_id: int) -> dict[str, dict[str, Any]]:
    """Every property of this account by group, ``None`` when empty. An unknown contact has only empty ones."""
    with conn.cursor(row_factory=dict_row) as cursor:
        stored: dict[str, Any] = cursor.execute(Q["stored"], {"contact": contact_id}).fetchone() or {}
    stored["lastmodifieddate"] = stored.get("computed_at")
    defined = load(conn)
    found: dict[str, dict[str, Any]] = {group: {} for group in defined.groups}
    for item in defined.properties.values():
        found[item.group][item.name] = stored.get(item.name)
    return found


def history(conn: Connection, contact_id: int, name: str | None = None, limit: int = 200) -> list[Change]:
    """Changes of the contact, newest first; with ``name`` only those that touched that property."""
    rows = conn.execute(Q["history"], {"contact": contact_id, "name": name, "limit": limit}).fetchall()
    return [Change(*row) for row in rows]


def search_query(text: str) -> str:
    """A tsquery for ``contact_list.search`` that finds what begins with each typed word; empty for no words.

    Use as ``search @@ %(query)s::tsquery``. An address or a name with marks is cut as the index cuts it.
    """
    words = [word for word in _MARKS.split(text.lower()) if word]
    query = " & ".join("'" + word[:200].replace("\\", "\\\\").replace("'", "''") + "':*" for word in words)
    numbers = " | ".join(f"'{number}':*" for number in _phones(text))
    return f"{query} | {numbers}" if numbers else query


def _phones(text: str) -> list[str]:
    """The digits a phone number is found by (see phone_words), when the text can be one and is cut into words."""
    if not _PHONE.fullmatch(text) or sum(map(str.isdigit, text)) < 5:
        return []
    digits = re.sub(r"\D", "", text)
    if text.lstrip().startswith(("+", "00")):
        digits = digits.lstrip("0")
        return [digits[cut:] for cut in range(4) if len(digits) - cut >= 5]
    return list(dict.fromkeys((digits, digits.lstrip("0"))))
