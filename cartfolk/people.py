"""Contacts no shop told of: made by hand, by the API or from a file.

They are found and made by the very rules of a shop's guests (identity.decide), with store 0 and no source time:
whatever a shop says of the same address or number later finds this contact, in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cartfolk.commerce import derive
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.identity import merges, normalise, suppression
from cartfolk.identity.decide import GUEST, OWN, SEEN, Claim, Owner, Sighting
from cartfolk.identity.resolve import claim as write_claim
from cartfolk.identity.resolve import drop_email, look_up, settle
from cartfolk.identity.suppression import Name
from cartfolk.pipeline import LIVE, Facts

Q = Statements.beside(__file__, "people.sql")
HERE = 0  # the store of those no shop told of
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)  # older than any shop's word; the same whoever comes first


class NobodyNamed(ValueError):
    """Neither an e-mail address nor a phone number names the person: give one of them."""


class Erased(NobodyNamed):
    """The person asked to be erased: let the address in again under Settings, Privacy first."""


class Gone(NobodyNamed):
    """The contact was erased meanwhile: there is nobody to give an address to."""


class EmailNamed(ValueError):
    """A shop names the contact by this address: change it there."""


class EmailTaken(ValueError):
    """The address belongs to another contact, ``contact_id``: merge the two instead."""

    def __init__(self, email: str, contact_id: int) -> None:
        super().__init__(f"{email} belongs to contact {contact_id}; merge the two contacts instead.")
        self.contact_id = contact_id


@dataclass(frozen=True, slots=True)
class NewPerson:
    """How a person is named, as it was typed."""

    email: str = ""
    phone: str = ""


def find(conn: Connection, people: Sequence[NewPerson]) -> list[int | None]:
    """The contact each person would be, None where ``create`` would make one. Raises NobodyNamed."""
    sightings = [_sighting(person) for person in people]
    known = look_up(conn, sightings)
    owners = [known.emails.get(s.email) if s.email else known.phones.get(s.phone or "") for s in sightings]
    return [owner.contact_id if owner else None for owner in owners]


def create(conn: Connection, identity_conn: Connection, people: Sequence[NewPerson], lane: int = LIVE) -> list[int]:
    """The contact of each person, found by e-mail address (else phone number) or made.

    ``identity_conn`` is autocommit and of its own: what is decided is committed before this returns. Contacts made
    here wait in the queue of ``lane`` for their properties, on ``conn``. Raises NobodyNamed, before anything is made.
    """
    sightings = [_sighting(person) for person in people]
    if not sightings:
        return []
    with suppression.inside(identity_conn):
        _refuse_erased(identity_conn, sightings)
        settled = settle(identity_conn, sightings, lambda _: [], Facts())
    contacts = [contact for contact in settled.contacts if contact is not None]
    derive.dirty(conn, contacts, lane)
    return contacts


def rename(conn: Connection, identity_conn: Connection, contact_id: int, email: str) -> None:
    """Makes ``email`` the contact's first address; those it had stay as further ones.

    Transactions as in ``create``. Raises EmailTaken when the address is somebody else's, NobodyNamed when it is none,
    Gone.
    """
    _claim_email(conn, identity_conn, contact_id, email, OWN)


def add_email(conn: Connection, identity_conn: Connection, contact_id: int, email: str) -> None:
    """One more address of the contact, found by from now on. One it has already stays as it is.

    Transactions and errors as in ``rename``.
    """
    if normalise.email(email) not in {one.value for one in emails(conn, contact_id)}:
        _claim_email(conn, identity_conn, contact_id, email, SEEN)


def remove_email(conn: Connection, identity_conn: Connection, contact_id: int, value: str) -> None:
    """Takes an address from the contact. Raises EmailNamed when a shop names the contact by it: it
    would come back with the next record."""
    found = {one.value: one for one in emails(conn, contact_id)}
    value = normalise.email(value) or value
    if value not in found:
        return
    if found[value].shops:
        raise EmailNamed(f"{value} is in the shop's records of this contact; change it in the shop.")
    drop_email(identity_conn, contact_id, value)
    derive.dirty(conn, [contact_id], LIVE)


@dataclass(frozen=True, slots=True)
class Email:
    """An address of a contact: compared and as written, and whether a shop's record names the contact by it."""

    value: str
    original: str
    shops: bool
    chosen: bool  # made the first by hand


def emails(conn: Connection, contact_id: int) -> list[Email]:
    """The addresses of a contact, the one made the first by hand before the others."""
    return [Email(*row) for row in conn.execute(Q["emails"], {"contact": contact_id})]


def _claim_email(conn: Connection, identity_conn: Connection, contact_id: int, email: str, strength: int) -> None:
    value = normalise.typed(email)
    if value is None:
        raise NobodyNamed(f"{email[:80]!r} is no e-mail address; it looks like name@example.org.")
    with suppression.inside(identity_conn):
        _refuse_erased(identity_conn, [Sighting(HERE, _ALWAYS, strength, None, value, email, None)])
        owner = Owner(contact_id, strength, now(), HERE, "", email.strip())
        whose = write_claim(identity_conn, Claim("email", value, owner))
    if whose is None:
        raise Gone(f"Contact {contact_id} is gone.")
    if whose != contact_id and whose != merges.kept(conn, contact_id):
        raise EmailTaken(value, whose)
    derive.dirty(conn, [whose], LIVE)


def _sighting(person: NewPerson) -> Sighting:
    email, phone = normalise.email(person.email), normalise.phone(person.phone)
    if not email and not phone:
        said = person.email or person.phone
        raise NobodyNamed(
            f"{said[:80]!r} is neither an e-mail address nor a phone number."
            if said
            else "A contact needs an e-mail address or a phone number."
        )
    return Sighting(HERE, _ALWAYS, GUEST, None, email, person.email.strip(), phone)


def erased(conn: Connection, people: Sequence[NewPerson]) -> list[bool]:
    """Who of them asked to be erased: ``create`` refuses them. Raises NobodyNamed."""
    names = [_name(_sighting(person)) for person in people]
    known = suppression.known(conn, names)
    return [name in known for name in names]


def _name(seen: Sighting) -> Name:
    return Name("email", 0, seen.email) if seen.email else Name("phone", 0, seen.phone or "")


def _refuse_erased(conn: Connection, sightings: Sequence[Sighting]) -> None:
    if known := suppression.known(conn, [_name(seen) for seen in sightings]):
        said = ", ".join(sorted(name.value for name in known)[:3])
        raise Erased(f"{said} was erased on request. If the person came back, let them in again: Settings, Privacy.")
