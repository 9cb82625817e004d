"""The timeline of a contact: everything that happened, by kind, a page at a time.

A place in it is a moment and how many events of that moment were shown already, so that several events of
one instant are neither lost nor told twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _n
from psycopg.rows import dict_row

from cartfolk.core.sql import Connection, Statements
from cartfolk.properties.defined import load

from . import properties, values, written

Q = Statements.beside(__file__, "timeline.sql")
EVENTS = 40  # a page
END = datetime(9999, 1, 1, tzinfo=UTC)

KINDS: Mapping[str, str] = {
    "order": _n("Orders"),
    "status": _n("Order status"),
    "refund": _n("Refunds"),
    "subscription": _n("Subscriptions"),
    "cart": _n("Carts"),
    "conversion": _n("Conversions"),
    "consent": _n("Consents"),
    "edit": _n("Edits"),
    "note": _n("Notes"),
    "merge": _n("Merges"),
    "segment": _n("Segments"),
}
"""Kinds of event by internal name, as the filter offers them."""


@dataclass(frozen=True, slots=True)
class Page:
    """Events newest first; ``before`` and ``skip`` ask for what follows, ``before`` is None at the end."""

    events: list[dict[str, Any]]
    before: datetime | None = None
    skip: int = 0


def chosen(asked: Sequence[str]) -> list[str]:
    """The kinds a reader asked for; all of them when none is named."""
    return [kind for kind in KINDS if kind in asked] or list(KINDS)


def page(
    conn: Connection, contact_id: int, kinds: Sequence[str], before: datetime = END, skip: int = 0, home: str = ""
) -> Page:
    """One page of events at or before ``before``, without the first ``skip`` of them; ``home``: the currency of amounts
    that people set."""
    parameters = {
        "contact": contact_id,
        "kinds": list(kinds),
        "before": before,
        # One more than a page tells whether there is more; the skipped are events of the place's own instant.
        "limit": EVENTS + skip + 1,
        "skip": skip,
    }
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(Q["page"], parameters).fetchall()
    more, rows = len(rows) > EVENTS, rows[:EVENTS]
    _say(conn, rows, home)
    if not more:
        return Page(rows)
    last = rows[-1]["at"]
    same = sum(1 for row in rows if row["at"] == last) + (skip if rows[0]["at"] == last == before else 0)
    return Page(rows, last, same)


def _say(conn: Connection, rows: Sequence[dict[str, Any]], home: str) -> None:
    """Puts words to who wrote and what was changed."""
    named = people(conn, {str(row["state"]) for row in rows if row["kind"] in {"edit", "note", "merge"}})
    edits = [row for row in rows if row["kind"] == "edit"]
    ways = {row["ref"]: _way(row["title"]) for row in edits}
    how = written.told(conn, ways.values())
    # What happened is told of what is hidden or archived now, too; of what was deleted by its name.
    every = properties.everything((), load(conn, archived=True), hidden=True) if edits else []
    shown = {item.name: item for item in every}
    for row in rows:
        if row["kind"] in {"edit", "note", "merge"}:
            row["who"] = named.get(row["state"], "")
    for row in edits:
        row["way"] = how[ways[row["ref"]]]
        row["changes"] = [
            (shown[name].label, values.shown(value, shown[name].type, home, name, shown[name].options))
            if name in shown
            else (name, values.shown(value, "string"))
            for name, value in (row["extra"] or {}).items()
        ]


def _way(title: str) -> written.Way:
    source, _space, source_id = title.partition(" ")
    return source, source_id


def people(conn: Connection, actors: set[str]) -> dict[str, str]:
    """What to call those who acted (``user:3``, ``token:7``): a name, an address, or ''."""
    ids = [int(number) for actor in actors if (number := actor.removeprefix("user:")).isdecimal() and actor != number]
    found: dict[str, str] = dict(conn.execute(Q["people"], {"ids": ids}).fetchall()) if ids else {}
    return {actor: found.get(actor) or (gettext("API") if actor.startswith("token:") else "") for actor in actors}
