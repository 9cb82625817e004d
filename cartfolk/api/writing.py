"""Contacts made and changed by programs: checked as a whole before anything is written.

A request or an input of a batch is written entirely or not at all; a value that does not fit refuses its contact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from django.conf import settings

from cartfolk import people, pipeline
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.identity import normalise
from cartfolk.people import NewPerson
from cartfolk.properties import write as values
from cartfolk.properties.catalogue import Property
from cartfolk.properties.defined import load
from cartfolk.properties.parse import BadValue, parse

from .problems import BadValues, Conflict, Invalid, NotFound, Problem

_CODES = {"number": "INVALID_FLOAT", "date": "INVALID_DATE", "datetime": "INVALID_DATE", "email": "INVALID_EMAIL"}


@dataclass(frozen=True, slots=True)
class Change:
    """What one contact shall become; ``contact`` is None for one to be made."""

    contact: int | None
    properties: Mapping[str, Any]


def told(item: Mapping[str, Any]) -> dict[str, Any]:
    """The ``properties`` of a request. Raises Invalid."""
    found = item.get("properties")
    if not isinstance(found, dict):
        raise Invalid("properties must be an object of names and values.")
    return {name: value for name, value in found.items() if name != "hs_object_id"}


def check(known: Mapping[str, Property], properties: Mapping[str, Any]) -> None:
    """Raises BadValues with every value that does not fit."""
    wrong: list[tuple[str, str, str]] = []
    for name, raw in properties.items():
        item = known.get(name)
        if item is None:
            wrong.append((_shown(name), "PROPERTY_DOESNT_EXIST", f'Property "{_shown(name)}" does not exist'))
        elif isinstance(raw, dict) or (isinstance(raw, list) and not item.multi):
            wrong.append((name, "INVALID_VALUE", f"{name} takes one text, number or truth value."))
        elif name == "email":
            if raw and normalise.typed(str(raw)) is None:
                wrong.append((name, "INVALID_EMAIL", f"Email address {_shown(str(raw))} is invalid"))
        elif not item.editable:
            wrong.append((name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.'))
        else:
            try:
                parse(item, raw)
            except BadValue as bad:
                code = _CODES.get(item.type, "INVALID_OPTION" if item.options else "INVALID_VALUE")
                wrong.append((name, code, f"{name} {bad}"))
    if wrong:
        raise BadValues(wrong)


def _shown(text: str) -> str:
    """What was sent, as an answer can tell it."""
    return text[:80].encode("utf-8", "replace").decode().replace("\0", "?")


def person(properties: Mapping[str, Any]) -> NewPerson:
    """Who a contact to be made is. Raises Invalid."""
    named = NewPerson(str(properties.get("email") or ""), str(properties.get("phone") or ""))
    if not (normalise.email(named.email) or normalise.phone(named.phone)):
        raise Invalid("A contact needs an e-mail address (email) or a phone number (phone).")
    return named


def apply(conn: Connection, changes: Sequence[Change], actor: str) -> list[int | Problem]:
    """Makes and changes contacts whose values were checked; for each its number, or why it was not written.

    ``conn`` is autocommit. Making one somebody else has made meanwhile writes to that one.
    """
    answers: list[int | Problem | None] = [change.contact for change in changes]
    made: list[int] = []
    missing = [number for number, change in enumerate(changes) if change.contact is None]
    with psycopg.connect(settings.DATABASE_URL, autocommit=True, options="-c timezone=UTC") as identity:
        for number in missing:
            # One at a time: a person who asked to be erased refuses herself alone.
            try:
                [contact] = people.create(conn, identity, [person(changes[number].properties)])
            except people.NobodyNamed as refused:
                answers[number] = Invalid(str(refused))
            else:
                answers[number] = contact
                made.append(contact)
        for number, change in enumerate(changes):
            email = change.properties.get("email")
            if email and change.contact is not None:
                answers[number] = _rename(conn, identity, change.contact, str(email))
    going = [number for number, answer in enumerate(answers) if isinstance(answer, int)]
    several = {name for name, item in load(conn).properties.items() if item.multi}
    with conn.transaction():
        writes, additions = [], []
        for n in going:
            told = {k: v for k, v in changes[n].properties.items() if k != "email"}
            added = {k: v for k, v in told.items() if k in several and str(v).lstrip().startswith(";")}
            writes.append(values.Write(int(answers[n]), {k: v for k, v in told.items() if k not in added}))  # type: ignore[arg-type]
            additions.append(values.Write(int(answers[n]), added))  # type: ignore[arg-type]
        outcomes = values.write(conn, writes, mode=values.Mode.OVERWRITE, source="api", by=actor, new=made)
        if any(one.values for one in additions):
            # As with HubSpot: ";gold" adds to the values that are there, "gold" takes their place.
            more = values.write(conn, additions, mode=values.Mode.APPEND, source="api", by=actor, new=made)
            outcomes = [replace(a, refused=a.refused + b.refused) for a, b in zip(outcomes, more, strict=True)]
        renamed = [int(answers[n]) for n in going if changes[n].properties.get("email")]  # type: ignore[arg-type]
        if renamed:
            # What is answered is true: names and dates are computed now, not when the worker comes to it.
            pipeline.refresh(conn, sorted(set(renamed)), now(), "api")
    for number, outcome in zip(going, outcomes, strict=True):
        answers[number] = outcome.contact_id
        if outcome.refused:
            wrong = [(bad.name, "INVALID_VALUE", f"{bad.name} {bad.reason}") for bad in outcome.refused]
            answers[number] = BadValues(wrong)
    return [NotFound("The contact is gone.") if answer is None else answer for answer in answers]


def _rename(conn: Connection, identity: Connection, contact: int, email: str) -> int | Problem:
    try:
        if people.find(conn, [NewPerson(email)]) != [contact]:
            people.rename(conn, identity, contact, email)
    except people.EmailTaken as taken:
        return Conflict(f"Contact already exists. Existing ID: {taken.contact_id}")
    except people.NobodyNamed as refused:
        return Invalid(str(refused))
    return contact
