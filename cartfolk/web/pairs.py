"""Pairs of contacts that may be one person, as pages show them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _n

from cartfolk import duplicates
from cartfolk.core.sql import Connection

from .given import whole

REASONS = {
    "email": _n("The same e-mail address"),
    "email_domain": _n("E-mail: the provider looks misspelt"),
    "email_letter": _n("The same name, e-mail differs by one letter"),
    "name_address": _n("The same name and postal address"),
    "phone": _n("The same phone number"),
    "swapped_name": _n("First and last name swapped, same city"),
}


def described(conn: Connection, found: list[duplicates.Suggestion]) -> list[dict[str, Any]]:
    """Suggestions as pages show them: both people and the reasons in words."""
    people = duplicates.people(conn, sorted({c for pair in found for c in (pair.one, pair.other)}))
    return [
        {
            "one": shown(people[pair.one]),
            "other": shown(people[pair.other]),
            "score": pair.score,
            "reasons": [_(REASONS[reason]) for reason in pair.reasons if reason in REASONS],
        }
        for pair in found
        if pair.one in people and pair.other in people
    ]


def shown(person: dict[str, Any]) -> dict[str, Any]:
    """A contact as these pages show it, with a title that is never empty."""
    title = person["name"] or person["email"] or _("Contact %(number)s") % {"number": person["contact_id"]}
    return {**person, "title": title}


def numbers(text: str) -> list[int]:
    """Contact numbers out of ``1,2,3``, each once; whatever else is in the text is left out."""
    return list(dict.fromkeys(number for part in text.split(",") if (number := whole(part)) is not None))
