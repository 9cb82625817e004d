"""The people of a generated shop: who they are, how they write their e-mail, when they open an account."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random

from .checkout import ask_consent
from .names import DOMAINS, PLACES, STREETS
from .records import Address, Customer
from .world import World

DAY = 86400
ROLES = ("customer", "subscriber", "shop_manager", "editor", "author", "contributor", "administrator")
_ROLE_WEIGHTS = (955, 25, 4, 5, 5, 4, 2)
_PLACE_WEIGHTS = tuple(place[1] for place in PLACES)


@dataclass(slots=True)
class Person:
    """A human being; the shop only ever sees the addresses."""

    address: Address
    currency: str
    first_seen: int
    account: Customer | None = None
    old_email: str | None = None  # an account that changed its address used this one before `email_changed`
    email_changed: int = 0


def draw_person(rng: Random, number: int, seen: int) -> Person:
    """Somebody first seen at `seen` (UTC seconds). `number` makes e-mail and phone unique; names repeat."""
    country, _weight, currency, firsts, lasts, cities = rng.choices(PLACES, _PLACE_WEIGHTS)[0]
    first, last = rng.choice(firsts), rng.choice(lasts)
    city, postcode = rng.choice(cities)
    address = Address(
        first_name=first,
        last_name=last,
        company="Müller &amp; Söhne GmbH" if rng.random() < 0.02 else "",
        address_1=f"{rng.choice(STREETS)} {rng.randint(1, 180)}",
        city=city,
        state="CA" if country == "US" else "",
        postcode=postcode,
        country=country,
        email=_email(rng, first, last, number),
        # A phone number belongs to one person: it may be used to recognise them.
        phone=f"+49 30 {9000000 + number}" if rng.random() < 0.6 else "",
    )
    return Person(address, currency, seen)


def open_account(world: World, rng: Random, person: Person, at: int, customer_id: int) -> Customer:
    """The person's account as registered at `at`; it is not yet in the world."""
    address = person.address
    role = rng.choices(ROLES, _ROLE_WEIGHTS)[0]
    account = Customer(
        id=customer_id,
        email=address.email,
        first_name=address.first_name,
        last_name=address.last_name,
        username=f"user{customer_id}",
        role=role,
        created=at,
        modified=at + rng.randrange(0, 3 * DAY),
        address=address,
        consent=ask_consent(rng, at),
    )
    person.account = account
    return account


def retype(rng: Random, email: str) -> str:
    """The same address as somebody else would type it: other case, stray spaces, decomposed umlauts."""
    roll = rng.random()
    if roll < 0.6:
        return email
    if roll < 0.8:
        return email.upper() if roll < 0.65 else email[:1].upper() + email[1:]
    if roll < 0.93:
        return f" {email} " if roll < 0.87 else f"{email} "
    return unicodedata.normalize("NFD", email)


def with_email(address: Address, email: str) -> Address:
    """The address with another e-mail; the same object if it is the same text."""
    if address.email == email:
        return address
    return Address(
        address.first_name,
        address.last_name,
        address.company,
        address.address_1,
        address.address_2,
        address.city,
        address.state,
        address.postcode,
        address.country,
        email,
        address.phone,
    )


def _email(rng: Random, first: str, last: str, number: int) -> str:
    domain = rng.choice(DOMAINS)
    letters = f"{first}.{last}".lower()
    plain = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    plain = "".join(letter for letter in plain if letter.isalnum() or letter == ".").strip(".")
    roll = rng.random()
    if roll < 0.02:
        # An internationalised local part (RFC 6531).
        local = "".join(letter for letter in letters if letter.isalnum() or letter == ".")
        return f"{local.strip('.')}{number}@{domain}"
    if roll < 0.06:
        return f"{plain or 'shopper'}+shop{number}@{domain}"
    return f"{plain or 'shopper'}{number}@{domain}"
