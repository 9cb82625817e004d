"""Who is who: a pure function from sightings and what is known to what must be written.

The rules (DESIGN.md §3, docs/decisions/0002):

1. A shop account is one contact, whatever its e-mail does: the account's id outranks any e-mail.
2. An e-mail belongs to its strongest claim: the account's own record (2) before an order or cart of an
   account (1) before a guest (0); among equals the newer source time wins, then the greater store, account and
   spelling. A maximum does not care in which order it is taken, so neither does the result. Guests' claims
   differ by their spelling alone: a guest who comes back changes nothing.
3. A guest contact whose e-mail an account claims becomes that account's contact. Two accounts of one shop are
   never merged by an e-mail: the stronger claim takes the address, and with it what guests did under it.
4. Accounts of *different* shops whose own e-mail is the same are one person, unless the address is an office's
   (info@, shop@ ...): many people may share that one, so a person decides.
5. A phone number names somebody only when nothing better does.
6. Two contacts a person called two people are never merged by a rule, and neither takes an address from the other.
   What an account does still goes to whoever has that account (rule 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from . import normalise

GUEST, SEEN, OWN = 0, 1, 2  # strength of a claim

Account = tuple[int, str]  # store, the shop's customer id


@dataclass(frozen=True, slots=True)
class Sighting:
    """One record's word on who it belongs to. ``email`` and ``phone`` are normalised."""

    store_id: int
    version: datetime
    strength: int = GUEST
    account: str | None = None
    email: str | None = None
    original: str = ""
    phone: str | None = None

    @property
    def named(self) -> bool:
        return bool(self.account or self.email or self.phone)


class Owner(NamedTuple):
    contact_id: int
    strength: int
    version: datetime
    store_id: int
    account: str = ""
    original: str = ""  # as that claim spells it

    @property
    def rank(self) -> tuple[int, datetime, int, str, str]:
        return self.strength, self.version, self.store_id, self.account, self.original


@dataclass(slots=True)
class Known:
    """What the database holds about the names in the sightings."""

    accounts: dict[Account, int] = field(default_factory=dict)
    emails: dict[str, Owner] = field(default_factory=dict)
    phones: dict[str, Owner] = field(default_factory=dict)
    contact_accounts: dict[int, set[Account]] = field(default_factory=dict)
    apart: dict[int, set[int]] = field(default_factory=dict)  # contact -> those known to be somebody else


class Claim(NamedTuple):
    kind: str
    value: str
    owner: Owner


class Transfer(NamedTuple):
    """What guests did under ``email`` goes from one contact to another."""

    email: str
    source: int
    target: int


@dataclass(slots=True)
class Decision:
    """Contact ids below zero are contacts yet to be made."""

    contacts: list[int | None]  # one per sighting; None = it names nobody
    new_accounts: dict[Account, int]
    claims: list[Claim]
    merges: dict[int, int]  # gone -> kept
    transfers: list[Transfer]
    new_contacts: list[int]
    renamed: list[int]  # existing contacts with a new address or number, or a new claim on one

    @property
    def changes_nothing(self) -> bool:
        return not (self.new_accounts or self.claims or self.merges or self.transfers or self.new_contacts)


class _Union:
    """Contacts found to be the same person; the oldest existing one stands for all."""

    def __init__(
        self, contact_accounts: Mapping[int, Iterable[Account]], apart: Mapping[int, Iterable[int]] | None = None
    ) -> None:
        self._apart = {contact: set(others) for contact, others in (apart or {}).items()}
        self._members: dict[int, set[int]] = {}
        self._parent: dict[int, int] = {}
        self._accounts: dict[int, set[Account]] = {key: set(value) for key, value in contact_accounts.items()}
        self._next = 0

    def new(self) -> int:
        self._next -= 1
        return self._next

    def find(self, contact: int) -> int:
        while (parent := self._parent.get(contact, contact)) != contact:
            contact = parent
        return contact

    def accounts(self, contact: int) -> set[Account]:
        return self._accounts.setdefault(self.find(contact), set())

    def add(self, contact: int, account: Account) -> None:
        self.accounts(contact).add(account)

    def members(self, contact: int) -> set[int]:
        root = self.find(contact)
        return self._members.setdefault(root, {root})

    def apart(self, one: int, other: int) -> bool:
        """Did a person say that somebody among the one is not somebody among the other?"""
        return bool(self._apart) and any(self._apart.get(m, set()) & self.members(other) for m in self.members(one))

    def merge(self, one: int, other: int) -> int:
        """One contact of two that are not apart; returns the one that stays."""
        one, other = self.find(one), self.find(other)
        if one == other:
            return one
        # existing contacts (> 0) before new ones, older before younger
        kept, gone = sorted((one, other), key=lambda contact: (contact < 0, abs(contact)))
        self.members(kept).update(self.members(gone))
        self._parent[gone] = kept
        self.accounts(kept).update(self._accounts.pop(gone, set()))
        return kept

    def merged(self) -> dict[int, int]:
        return {gone: self.find(gone) for gone in self._parent if gone > 0}


def final_targets(merges: Mapping[int, int]) -> dict[int, int]:
    """Merges (gone -> kept) with chains followed to their end: {1: 2, 2: 3} becomes {1: 3, 2: 3}.

    Raises ``ValueError`` when contacts are merged into each other in a circle.
    """
    pairs = {gone: kept for gone, kept in merges.items() if gone != kept}
    final: dict[int, int] = {}
    for gone in pairs:
        kept = gone
        for _ in pairs:
            kept = pairs.get(kept, kept)
        if kept in pairs:
            raise ValueError(f"Contact {gone} would be merged into itself; leave one of the circle out.")
        final[gone] = kept
    return final


def decide(sightings: Sequence[Sighting], known: Known) -> Decision:
    """Applies the rules above to ``sightings``; touches nothing."""
    union = _Union(known.contact_accounts, known.apart)
    accounts: dict[Account, int] = {}
    new_accounts: dict[Account, int] = {}
    best: dict[tuple[str, Account], Sighting] = {}  # the strongest claim of each account on each e-mail

    for seen in sightings:
        if seen.account is None:
            continue
        account = (seen.store_id, seen.account)
        if account not in accounts:
            existing = known.accounts.get(account)
            accounts[account] = existing if existing is not None else union.new()
            if existing is None:
                new_accounts[account] = accounts[account]
            union.add(accounts[account], account)
        if seen.email:
            key = (seen.email, account)
            held = best.get(key)
            if held is None or _rank(seen) > _rank(held):
                best[key] = seen

    claims_on: dict[str, list[tuple[Sighting, Account]]] = {}
    for (email, account), seen in best.items():
        claims_on.setdefault(email, []).append((seen, account))

    owners: dict[str, Owner] = {}
    transfers: list[Transfer] = []
    for email in sorted(claims_on):
        owner = known.emails.get(email)
        claimed = [Owner(accounts[a], seen.strength, seen.version, *a, seen.original) for seen, a in claims_on[email]]
        for claim in sorted(claimed, key=lambda claim: claim.rank, reverse=True):
            owner = _contest(owner, claim, union, transfers, email)
        assert owner is not None
        owners[email] = owner

    contacts: list[int | None] = []
    phones: dict[str, Owner] = {}
    for seen in sightings:
        if seen.account is not None:
            contacts.append(accounts[(seen.store_id, seen.account)])
        elif seen.email:
            owner = owners.get(seen.email) or known.emails.get(seen.email)
            if owner is None:
                owner = Owner(union.new(), GUEST, seen.version, seen.store_id, "", seen.original)
            elif owner.strength == GUEST and seen.original > owner.original:
                owner = owner._replace(original=seen.original)
            owners[seen.email] = owner
            contacts.append(owner.contact_id)
        elif seen.phone:
            owner = phones.get(seen.phone) or known.phones.get(seen.phone)
            if owner is None:
                owner = Owner(union.new(), GUEST, seen.version, seen.store_id, "", seen.phone)
            phones[seen.phone] = owner
            contacts.append(owner.contact_id)
        else:
            contacts.append(None)

    def settle(owner: Owner) -> Owner:
        return owner._replace(contact_id=union.find(owner.contact_id))

    claims = [
        Claim("email", value, settle(owner))
        for value, owner in owners.items()
        if known.emails.get(value) != settle(owner)
    ]
    claims += [
        Claim("phone", value, settle(owner))
        for value, owner in phones.items()
        if known.phones.get(value) != settle(owner)
    ]
    settled = [None if contact is None else union.find(contact) for contact in contacts]
    new_accounts = {account: union.find(contact) for account, contact in new_accounts.items()}
    moved = [
        Transfer(t.email, union.find(t.source), union.find(t.target))
        for t in transfers
        if union.find(t.source) != union.find(t.target) and union.find(t.source) > 0
    ]
    used = {contact for contact in settled if contact is not None and contact < 0}
    used |= {contact for contact in new_accounts.values() if contact < 0}
    renamed = {claim.owner.contact_id for claim in claims}
    return Decision(
        settled,
        new_accounts,
        claims,
        union.merged(),
        moved,
        sorted(used, reverse=True),
        sorted(contact for contact in renamed if contact > 0),
    )


def _rank(seen: Sighting) -> tuple[int, datetime, str]:
    return seen.strength, seen.version, seen.original


def _contest(owner: Owner | None, claimed: Owner, union: _Union, transfers: list[Transfer], email: str) -> Owner:
    """Who owns the e-mail after one more claim by an account (rules 2 to 4)."""
    if owner is None:
        return claimed
    holder, claimant = union.find(owner.contact_id), union.find(claimed.contact_id)
    stronger = claimed if claimed.rank > owner.rank else owner
    if holder == claimant:
        return stronger
    if union.apart(holder, claimant):
        return owner
    held = union.accounts(holder)
    if not held:  # a guest: the account's person did that
        union.merge(holder, claimant)
        return claimed
    same_shop = {store for store, _ in held} & {store for store, _ in union.accounts(claimant)}
    if not same_shop and owner.strength == OWN and claimed.strength == OWN and not normalise.shared(email):
        union.merge(holder, claimant)
        return stronger
    if stronger is claimed:
        transfers.append(Transfer(email, holder, claimant))
        return claimed
    return owner
