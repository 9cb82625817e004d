"""Finds, makes and merges the contacts that sightings name.

``settle`` is a transaction of its own (T1 in docs/developers/architecture.md): it holds one advisory lock for
the milliseconds of a decision, so two workers never make the same person twice. Most sightings
name people already known; those take no lock at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now

from . import merges as records
from . import snapshot as rows_of
from .decide import Account, Claim, Decision, Known, Owner, Sighting, Transfer, decide, final_targets
from .tables import NAMES

Q = Statements.beside(__file__)
kept = records.kept


@dataclass(frozen=True, slots=True)
class Object:
    """An order or a cart, and the contact its record names. Of several claims the greatest ``rank`` holds."""

    store_id: int
    kind: str  # order | cart
    external_id: str
    contact_id: int
    version: datetime
    told_at: datetime  # breaks ties between equal versions
    guest: str | None = None  # the normalised e-mail that names the person; None = an account or a phone does

    @property
    def key(self) -> tuple[int, str, str]:
        return self.store_id, self.kind, self.external_id

    @property
    def rank(self) -> tuple[datetime, datetime, str]:
        return self.version, self.told_at, self.guest or ""


class Place(NamedTuple):
    contact_id: int
    object_id: int


class Move(NamedTuple):
    """An order or cart that turned out to be somebody else's."""

    kind: str
    object_id: int
    source: int
    target: int


class _Moved(Exception):
    """Somebody does not stand for a number any more."""


class Mover(Protocol):
    """Carries facts along, inside the deciding transaction, so that they move together with the names."""

    tables: Sequence[str]  # every table with a contact's rows beside identity's own, queues left out
    derived: Sequence[str]  # those of them that a refresh makes from the others

    def people(self, conn: Connection, merges: Mapping[int, int], transfers: Sequence[Transfer]) -> None: ...

    def objects(self, conn: Connection, moves: Sequence[Move]) -> None: ...

    def renamed(self, conn: Connection, contacts: Sequence[int]) -> None:
        """What names these contacts changed, perhaps without a fact of theirs."""


@dataclass(frozen=True, slots=True)
class Settled:
    contacts: list[int | None]  # one per sighting; None = it names nobody
    places: dict[tuple[int, str, str], Place]
    seen: dict[int, datetime | None]  # contact -> its ``moved_at`` when this was true; hand it to ``facts.write``


def settle(
    conn: Connection,
    sightings: Sequence[Sighting],
    objects: Callable[[Sequence[int | None]], Sequence[Object]],
    mover: Mover,
) -> Settled:
    """The contact of each sighting, made or merged as the rules say, and the place of each order and cart.

    ``objects`` is told the contacts and answers with the orders and carts to place. Runs its own transaction
    on ``conn`` (autocommit). Whoever is known already is found without any lock.
    """
    with snapshot(conn):
        decision = decide(sightings, look_up(conn, sightings))
        plan = _plan(conn, objects(decision.contacts), "objects") if decision.changes_nothing else None
        known = bool(plan and not plan.missing and not plan.moves)
        seen = _moved_at(conn, decision.contacts, plan) if plan and known else {}
    if plan and known:
        _place(conn, plan, "note_claims")
        return Settled(decision.contacts, plan.places, seen)
    with conn.transaction():
        conn.execute(Q["lock_identities"])
        decision = decide(sightings, look_up(conn, sightings))
        if decision.merges or decision.transfers:
            _hold_all(conn, decision, _plan(conn, objects(decision.contacts), "objects"))
        contacts = _write(conn, decision, mover)
        plan = _plan(conn, objects(contacts), "hold_objects")
        if plan.missing:
            rows = conn.execute(Q["new_object_ids"], {"count": len(plan.missing)}).fetchall()
            for item, (number,) in zip(plan.missing, rows, strict=True):
                plan.places[item.key] = Place(item.contact_id, number)
        _place(conn, plan, "place_objects")
        if plan.moves:
            touched = sorted({m.source for m in plan.moves} | {m.target for m in plan.moves})
            conn.execute(Q["lock_for_merge"], {"contacts": touched})
            mover.objects(conn, plan.moves)
            conn.execute(Q["mark_moved"], {"contacts": touched})
        seen = _moved_at(conn, contacts, plan)
    return Settled(contacts, plan.places, seen)


def _hold_all(conn: Connection, decision: Decision, plan: _Plan) -> None:
    """Everybody who is merged or gives something, in one step: held in two, a contact with a smaller number might be
    held by somebody who waits for one of the first."""
    held = {*decision.merges, *decision.merges.values()}
    held |= {contact for handed in decision.transfers for contact in (handed.source, handed.target)}
    held |= {contact for move in plan.moves for contact in (move.source, move.target)}
    conn.execute(Q["lock_for_merge"], {"contacts": sorted(contact for contact in held if contact > 0)})


@contextmanager
def snapshot(conn: Connection) -> Iterator[None]:
    """Look-ups that belong together see one state: names, places and when their contacts last moved."""
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        yield


def _moved_at(
    conn: Connection, contacts: Sequence[int | None], plan: _Plan | None = None
) -> dict[int, datetime | None]:
    wanted = {contact for contact in contacts if contact is not None}
    if plan:
        wanted |= {place.contact_id for place in plan.places.values()}
    return dict(conn.execute(Q["moved_at"], {"contacts": sorted(wanted)}).fetchall()) if wanted else {}


def look_up(conn: Connection, sightings: Sequence[Sighting]) -> Known:
    """What is known about the names in the sightings: three look-ups by key."""
    known = Known()
    accounts = sorted({(s.store_id, s.account) for s in sightings if s.account is not None})
    if accounts:
        rows = conn.execute(Q["accounts"], {"stores": [a[0] for a in accounts], "accounts": [a[1] for a in accounts]})
        known.accounts = {(store, external): contact for store, external, contact in rows}
    for kind, values, into in (
        ("email", {s.email for s in sightings if s.email}, known.emails),
        ("phone", {s.phone for s in sightings if s.phone and not s.email and not s.account}, known.phones),
    ):
        if values:
            rows = conn.execute(Q["identities"], {"kind": kind, "values": sorted(values)})
            into.update({value: Owner(*rest) for _, value, *rest in rows})
    contacts = {owner.contact_id for owner in known.emails.values()} | set(known.accounts.values())
    if contacts:
        rows = conn.execute(Q["accounts_of_contacts"], {"contacts": sorted(contacts)})
        for contact, store, external in rows:
            known.contact_accounts.setdefault(contact, set()).add((store, external))
        for contact, other in conn.execute(records.Q["aparts"], {"contacts": sorted(contacts)}):
            known.apart.setdefault(contact, set()).add(other)
    return known


def _write(conn: Connection, decision: Decision, mover: Mover) -> list[int | None]:
    real: dict[int, int] = {}
    if decision.new_contacts:
        rows = conn.execute(Q["new_contact_ids"], {"count": len(decision.new_contacts)}).fetchall()
        real = {temporary: row[0] for temporary, row in zip(decision.new_contacts, rows, strict=True)}
        conn.execute(Q["add_contacts"], {"contacts": sorted(real.values())})
    # Merges come before the claims that found them: their snapshots show the names as they were.
    if decision.merges or decision.transfers:
        transfers = [Transfer(t.email, t.source, real.get(t.target, t.target)) for t in decision.transfers]
        merge(conn, decision.merges, "The same e-mail address", "sync", transfers, mover)
    if decision.new_accounts:
        _add_accounts(conn, {a: real.get(c, c) for a, c in decision.new_accounts.items()})
    if decision.claims:
        _claim(conn, sorted(decision.claims), real)
    if decision.renamed:
        mover.renamed(conn, decision.renamed)
    return [None if contact is None else real.get(contact, contact) for contact in decision.contacts]


def _claim(conn: Connection, claims: Sequence[Claim], real: Mapping[int, int]) -> None:
    conn.execute(
        Q["claim"],
        {
            "kinds": [claim.kind for claim in claims],
            "values": [claim.value for claim in claims],
            "contacts": [real.get(claim.owner.contact_id, claim.owner.contact_id) for claim in claims],
            "originals": [claim.owner.original or claim.value for claim in claims],
            "strengths": [claim.owner.strength for claim in claims],
            "versions": [claim.owner.version for claim in claims],
            "stores": [claim.owner.store_id for claim in claims],
            "accounts": [claim.owner.account for claim in claims],
        },
    )


def claim(conn: Connection, one: Claim) -> int | None:
    """Writes a claim that a person decided, whoever claimed the name for this contact before; returns whose the name
    is then: the contact's, of a merged one the kept contact's, or another's who has it. Then, and when the contact is
    gone (None), nothing is written. Runs its own transaction on ``conn`` (autocommit)."""
    with conn.transaction():
        conn.execute(Q["lock_identities"])
        contact = kept(conn, one.owner.contact_id)
        found = conn.execute(Q["identities"], {"kind": one.kind, "values": [one.value]}).fetchone()
        if contact is None or (found and found[2] != contact):
            return int(found[2]) if found else None
        _claim(conn, [one._replace(owner=one.owner._replace(contact_id=contact))], {})
    return contact


def drop_email(conn: Connection, contact_id: int, value: str) -> None:
    """The contact is not found by this address any more. Runs its own transaction on ``conn`` (autocommit)."""
    with conn.transaction():
        conn.execute(Q["lock_identities"])
        conn.execute(Q["drop_email"], {"contact": contact_id, "value": value})


def pretend(conn: Connection, count: int) -> list[int]:
    """Nameless contacts for trying something out, inside a transaction the caller rolls back."""
    contacts = [row[0] for row in conn.execute(Q["new_contact_ids"], {"count": count})]
    conn.execute(Q["add_contacts"], {"contacts": contacts})
    return contacts


def _add_accounts(conn: Connection, accounts: Mapping[Account, int]) -> None:
    keys = sorted(accounts)
    conn.execute(
        Q["add_accounts"],
        {
            "contacts": [accounts[key] for key in keys],
            "stores": [key[0] for key in keys],
            "accounts": [key[1] for key in keys],
        },
    )


def merge(
    conn: Connection,
    merges: Mapping[int, int],
    reason: str,
    by: str,
    transfers: Sequence[Transfer],
    mover: Mover,
    at: datetime | None = None,
) -> None:
    """Makes one contact of each pair (gone -> kept) and hands transferred guests' facts over.

    Inside the caller's transaction. Chains are followed to their end. Records who, when (``at``, default now) and
    why, with the names that moved and the rows of both before. Raises ``ValueError`` for contacts merged in a circle.
    """
    merges = final_targets(merges)
    contacts = sorted({*merges, *merges.values(), *(t.source for t in transfers), *(t.target for t in transfers)})
    conn.execute(Q["lock_for_merge"], {"contacts": contacts})
    for pairs in _waves(merges):
        _merge_pairs(conn, pairs, reason, by, mover, at or now())
    mover.people(conn, {}, transfers)
    if transfers:
        handed = conn.execute(
            Q["hand_over"],
            {
                "emails": [t.email for t in transfers],
                "sources": [t.source for t in transfers],
                "targets": [t.target for t in transfers],
            },
        )
        mover.objects(conn, [Move(*row) for row in handed])
    conn.execute(Q["mark_moved"], {"contacts": contacts})


def _waves(merges: Mapping[int, int]) -> Iterator[dict[int, int]]:
    """The merges so that no contact is kept twice in one wave: each is to be undone by itself."""
    waiting = dict(sorted(merges.items()))
    while waiting:
        first = {keeper: gone for gone, keeper in reversed(waiting.items())}
        wave = {gone: keeper for keeper, gone in first.items()}
        yield wave
        waiting = {gone: keeper for gone, keeper in waiting.items() if gone not in wave}


def _merge_pairs(conn: Connection, pairs: Mapping[int, int], reason: str, by: str, mover: Mover, at: datetime) -> None:
    """Merges (gone -> kept) with what an undo needs: a few statements more, however many they are."""
    arrays = {"gone": list(pairs), "kept": list(pairs.values())}
    shapes = rows_of.shapes(conn, [*NAMES, *mover.tables])
    before = rows_of.read(conn, shapes, [*pairs, *pairs.values()])
    conn.execute(Q["merge_identities"], arrays)
    mover.people(conn, pairs, [])
    facts = {table: shapes[table] for table in mover.tables if table not in mover.derived}
    after = rows_of.read(conn, facts, list(pairs.values()))
    names = [json.dumps({"names": rows_of.names(before, gone)}) for gone in pairs]
    recorded = conn.execute(
        Q["record_merges"], {**arrays, "at": at, "reason": reason, "by": by, "evidence": names}
    ).fetchall()
    for gone, merge_id in recorded:
        made = rows_of.made_by_merge(before, after, gone, pairs[gone])
        rows_of.save(conn, merge_id, before, made, gone, pairs[gone])
    conn.execute(records.Q["hand_aparts"], arrays)
    conn.execute(records.Q["forget_pairs"], {"contacts": list(pairs)})


@dataclass(slots=True)
class _Plan:
    places: dict[tuple[int, str, str], Place]
    missing: list[Object]
    changed: list[Object]
    moves: list[Move]


def _plan(conn: Connection, objects: Sequence[Object], statement: str) -> _Plan:
    """Where each order and cart is kept and which must move: an object goes where its greatest claim says."""
    newest: dict[tuple[int, str, str], Object] = {}
    for item in objects:
        held = newest.get(item.key)
        if held is None or item.rank >= held.rank:
            newest[item.key] = item
    keys = sorted(newest)
    plan = _Plan({}, [], [], [])
    if not keys:
        return plan
    known = {(row[0], row[1], row[2]): row[3:] for row in conn.execute(Q[statement], _wanted(keys))}
    for key in keys:
        item = newest[key]
        if key not in known:
            plan.missing.append(item)
            plan.changed.append(item)
            continue
        contact, number, *rest = known[key]
        rank = tuple(rest)
        if item.rank >= rank and contact != item.contact_id:
            plan.places[key] = Place(item.contact_id, number)
            plan.moves.append(Move(item.kind, number, contact, item.contact_id))
            plan.changed.append(item)
        else:
            plan.places[key] = Place(contact, number)
            if item.rank > rank:
                plan.changed.append(item)
    return plan


def _place(conn: Connection, plan: _Plan, statement: str) -> None:
    if plan.changed:
        conn.execute(
            Q[statement],
            {
                "stores": [item.store_id for item in plan.changed],
                "kinds": [item.kind for item in plan.changed],
                "externals": [item.external_id for item in plan.changed],
                "contacts": [plan.places[item.key].contact_id for item in plan.changed],
                "objects": [plan.places[item.key].object_id for item in plan.changed],
                "versions": [item.version for item in plan.changed],
                "tolds": [item.told_at for item in plan.changed],
                "guests": [item.guest for item in plan.changed],
            },
        )


def _wanted(keys: Sequence[tuple[int, str, str]]) -> dict[str, list[int] | list[str]]:
    return {"stores": [k[0] for k in keys], "kinds": [k[1] for k in keys], "externals": [k[2] for k in keys]}


def find_objects(
    conn: Connection, keys: Sequence[tuple[int, str, str]]
) -> tuple[dict[tuple[int, str, str], Place], dict[int, datetime | None]]:
    """Where these customers, orders and carts are kept, as far as they are known, and when the contacts there
    last moved (as ``Settled.seen``). Runs its own transaction on ``conn`` (autocommit)."""
    if not keys:
        return {}, {}
    with snapshot(conn):
        rows = conn.execute(Q["places"], _wanted(keys))
        places = {(row[0], row[1], row[2]): Place(row[3], row[4]) for row in rows}
        return places, _moved_at(conn, [place.contact_id for place in places.values()])


def lock_for_refresh(conn: Connection, contacts: Iterable[int]) -> list[int]:
    """Holds these contacts against another refresh; returns those that still exist."""
    rows = conn.execute(Q["lock_for_refresh"], {"contacts": sorted(set(contacts))})
    return [row[0] for row in rows]


def hold(conn: Connection, contacts: Collection[int]) -> dict[int, int]:
    """Holds whoever stands for these numbers now until the caller's transaction ends: nobody merges, erases or
    refreshes them meanwhile. Number -> contact; numbers nobody stands for are absent.

    Whatever a person, a program or a file writes for a contact is written under this: a row put beside a contact that
    is gone belongs to nobody, and no erasure finds it.
    """
    while True:
        found = records.standing(conn, contacts)
        with suppress(_Moved):
            with conn.transaction():  # given back as a whole: whoever waits for a contact holds smaller ones only
                if set(lock_for_refresh(conn, found.values())) != set(found.values()):
                    raise _Moved  # merged or erased while this waited
            return found
