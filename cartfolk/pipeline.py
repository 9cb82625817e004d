"""The whole flow on one screen: raw deliveries become contacts.

    drain          claim raw deliveries → read them (connector) → who is it (identity)
                   → write the facts (commerce) → remember whose derived rows are stale
    refresh_dirty  take stale contacts → cart states and conversions (commerce) → properties
                   → memberships (segments)
    sweep          the same refresh for contacts whose time has come

Three transactions a batch (docs/developers/architecture.md): T1 decides who is who, T2 writes the
facts and marks the deliveries handled, T3 refreshes. Killed between any two of them, the rest is done
by whoever comes next, and doing it twice changes nothing.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from cartfolk.commerce import derive, facts
from cartfolk.commerce import tables as commerce_tables
from cartfolk.connectors.base import Connector
from cartfolk.connectors.base import kind as stream_kind
from cartfolk.connectors.canonical import (
    BadRecord,
    Cart,
    Consent,
    Customer,
    Deleted,
    Mapped,
    Order,
    Record,
)
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.identity import normalise, suppression
from cartfolk.identity.decide import GUEST, OWN, SEEN, Sighting, Transfer
from cartfolk.identity.resolve import (
    Move,
    Object,
    Place,
    find_objects,
    lock_for_refresh,
    settle,
)
from cartfolk.inbox import deliveries, progress, quarantine, reading
from cartfolk.inbox import tables as inbox_tables
from cartfolk.inbox.deliveries import Delivery
from cartfolk.inbox.files import ledger
from cartfolk.properties import compute, notes
from cartfolk.properties import tables as property_tables
from cartfolk.segments import merge as memberships
from cartfolk.segments import refresh as segments
from cartfolk.segments import tables as segment_tables
from cartfolk.stores.lookup import by_id
from cartfolk.stores.shop import reader
from cartfolk.traces import Traces, named_by, names

LIVE, BULK = 0, 1
_CATALOGUE = {"product", "category", "coupon"}


@dataclass(frozen=True, slots=True)
class Received:
    """A canonical record with where and when it came from."""

    record: Record
    store_id: int
    received_at: datetime
    delivery: Delivery | None = None


class Facts:
    """Carries facts along when identity merges contacts or hands an e-mail over."""

    tables: Sequence[str] = tuple(
        table
        for room in (inbox_tables, commerce_tables, property_tables, segment_tables)
        for table in room.PERSON_TABLES
        if table not in commerce_tables.QUEUES
    )
    derived: Sequence[str] = (
        *commerce_tables.DERIVED_TABLES,
        *property_tables.DERIVED_TABLES,
        *segment_tables.DERIVED_TABLES,
    )

    def people(self, conn: Connection, merges: Mapping[int, int], transfers: Sequence[Transfer]) -> None:
        if merges:
            facts.move(conn, merges)
            compute.move(conn, merges)
            notes.move(conn, merges)
            memberships.move(conn, merges, now())
            ledger.move(conn, merges)
        for transfer in transfers:
            facts.move_guest(conn, [transfer.email], transfer.source, transfer.target)
        touched = {*merges.values(), *(t.source for t in transfers), *(t.target for t in transfers)}
        derive.dirty(conn, sorted(touched), LIVE)

    def objects(self, conn: Connection, moves: Sequence[Move]) -> None:
        facts.move_objects(conn, [(m.kind, m.object_id, m.source, m.target) for m in moves])
        derive.dirty(conn, sorted({m.source for m in moves} | {m.target for m in moves}), LIVE)

    def renamed(self, conn: Connection, contacts: Sequence[int]) -> None:
        derive.dirty(conn, contacts, LIVE)


def drain(conn: Connection, identity_conn: Connection, lane: int, limit: int = 100) -> int:
    """Handles up to ``limit`` waiting deliveries of a lane; returns how many.

    Both connections are autocommit and of their own: the first claims and writes, the second decides
    who is who. A record that the database refuses goes to quarantine; the others go on.
    """
    with conn.transaction():
        claimed = deliveries.claim(conn, lane, limit)
        if not claimed:
            return 0
        readers = functools.cache(lambda store_id: reader(by_id(conn, store_id)))
        received: list[Received] = []
        bad: list[quarantine.Bad] = []
        rows: Counter[tuple[int, str]] = Counter()
        for delivery in claimed:
            mapped = _read(delivery, readers(delivery.store_id))
            received += [
                Received(record, delivery.store_id, delivery.received_at, delivery) for record in mapped.records
            ]
            bad += [_bad(delivery, record) for record in mapped.bad]
            if delivery.run_id is not None:
                kind = stream_kind(delivery.stream)
                rows[(delivery.run_id, delivery.stream)] += len(mapped.bad) + sum(
                    _kind(record) == kind for record in mapped.records
                )
        erased: list[Received] = []
        apply(conn, identity_conn, received, lane, bad, erased)
        bad = _without(conn, claimed, erased, bad, readers)
        _quarantine(conn, [item for item in received if item not in erased], bad)
        deliveries.handled(conn, [delivery.delivery_id for delivery in claimed], now())
        progress.applied(conn, [(run, stream, count) for (run, stream), count in rows.items()])
    return len(claimed)


def _read(delivery: Delivery, connector: Connector) -> Mapped:
    """Raw delivery → canonical records. An error of our own in a mapping must not stop the queue either."""
    try:
        return reading.read(delivery, connector)
    except Exception as error:
        raw = delivery.body.decode("utf-8", "replace")
        reason = f"It could not be read ({type(error).__name__}: {error}). Retry it after an update."
        return Mapped(bad=(BadRecord(stream_kind(delivery.stream), None, "body", reason, raw),))


def apply(
    conn: Connection,
    identity_conn: Connection,
    received: Sequence[Received],
    lane: int,
    bad: list[quarantine.Bad] | None = None,
    erased: list[Received] | None = None,
) -> None:
    """Canonical records → facts, inside the caller's transaction on ``conn``, which holds no contact yet: who decides
    who is who, on ``identity_conn``, may wait for a merge, and that for whoever holds its contacts.

    Records of erased people are left out and appended to ``erased``. When the database refuses the batch, it is
    halved until the refused record stands alone; that one is appended to ``bad`` (or raised when ``bad`` is None).
    """
    received, out = _welcome(conn, received)
    if erased is not None:
        erased += out
    _apply_all(conn, identity_conn, received, lane, bad)


def _welcome(conn: Connection, received: Sequence[Received]) -> tuple[list[Received], list[Received]]:
    """Who may come in, and the records of erased people. An erasure that begins now waits for this transaction."""
    conn.execute(suppression.Q["enter"])
    if not suppression.anybody(conn):
        return list(received), []
    told = [names(item.record, item.store_id) for item in received]
    known = suppression.known(conn, {name for each in told for name in each})
    if not known:
        return list(received), []
    out = [item for item, each in zip(received, told, strict=True) if not known.isdisjoint(each)]
    stay = [item for item, each in zip(received, told, strict=True) if known.isdisjoint(each)]
    suppression.count_out(conn, len(out))
    return stay, out


def _without(
    conn: Connection,
    claimed: Sequence[Delivery],
    erased: Sequence[Received],
    bad: Sequence[quarantine.Bad],
    readers: Callable[[int], Connector],
) -> list[quarantine.Bad]:
    """What came of erased people leaves the deliveries it came in and the webhooks that told of it; returns the bad
    records that are not theirs."""
    told = [named_by(item.record, item.store_id) for item in bad]
    known = suppression.known(conn, {name for each in told for name in each})
    kept = [item for item, each in zip(bad, told, strict=True) if known.isdisjoint(each)]
    own = {name for item in erased for name in names(item.record, item.store_id)}
    own = known | suppression.known(conn, own) | {name for name in own if name.kind in ("order", "cart")}
    if own:
        stores = {item.store_id for item in erased} | {item.store_id for item in bad if item not in kept}
        traces = Traces(frozenset(own))
        mine = {one.delivery_id: traces.split(one, readers(one.store_id)) for one in claimed if one.store_id in stores}
        deliveries.rewrite(conn, {number: found[0] for number, found in mine.items() if found})
        for store_id in stores:
            deliveries.drop_hints(conn, store_id, sorted({name.value for name in own if name.store_id == store_id}))
    return kept


def _apply_all(
    conn: Connection,
    identity_conn: Connection,
    received: Sequence[Received],
    lane: int,
    bad: list[quarantine.Bad] | None,
) -> None:
    left = list(received)
    for attempt in range(5):
        if not left:
            return
        try:
            _try(conn, identity_conn, left, lane)
            return
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if bad is None or attempt == 4:
                raise
            refused = _refusals(conn, identity_conn, left, lane, error)
            bad += [_refused(item, why) for item, why in refused]
            out = {id(item) for item, _why in refused}
            left = [item for item in left if id(item) not in out]


def _try(
    conn: Connection, identity_conn: Connection, received: Sequence[Received], lane: int, *, keep: bool = True
) -> None:
    for attempt in range(5):
        try:
            with conn.transaction(force_rollback=not keep):
                _apply(conn, identity_conn, received, lane)
            return
        except facts.ContactMoved:
            if attempt == 4:
                raise


def _refusals(
    conn: Connection, identity_conn: Connection, received: Sequence[Received], lane: int, error: psycopg.Error
) -> list[tuple[Received, psycopg.Error]]:
    """Which of these records the database refuses, and why. What it takes is taken back, with the locks: the next half
    asks who is who again, and nobody who asks that may hold a contact (a merge would wait for it, and it for the merge,
    over two connections, where PostgreSQL cannot see it)."""
    if len(received) == 1:
        return [(received[0], error)]
    middle = len(received) // 2
    found: list[tuple[Received, psycopg.Error]] = []
    for half in (received[:middle], received[middle:]):
        try:
            _try(conn, identity_conn, half, lane, keep=False)
        except (psycopg.DataError, psycopg.IntegrityError) as refused:
            found += _refusals(conn, identity_conn, half, lane, refused)
    return found


def _refused(item: Received, error: psycopg.Error) -> quarantine.Bad:
    """A record the database does not take, with its own raw JSON so that it can be retried."""
    external = _external(item.record)
    raw = repr(item.record)
    if item.delivery:
        raw = item.delivery.body.decode("utf-8", "replace")
        objects = json.loads(raw)
        if isinstance(objects, list):
            raw = next((json.dumps(o) for o in objects if isinstance(o, dict) and str(o.get("id")) == external), raw)
    words = str(error).splitlines()[0]
    reason = f"The database refuses it: {words}. Correct it in the shop, then retry."
    record = BadRecord(_kind(item.record), external, "value", reason, raw)
    if item.delivery:
        return _bad(item.delivery, record)
    return quarantine.Bad(item.store_id, _kind(item.record), record, item.received_at)


def _bad(delivery: Delivery, record: BadRecord) -> quarantine.Bad:
    return quarantine.Bad(
        delivery.store_id,
        delivery.stream,
        record,
        delivery.received_at,
        delivery.delivery_id,
        delivery.run_id,
    )


def _apply(conn: Connection, identity_conn: Connection, received: Sequence[Received], lane: int) -> None:
    deletions = [(r.store_id, r.record) for r in received if isinstance(r.record, Deleted)]
    facts.bury(identity_conn, deletions)  # committed before anybody looks where the objects are
    catalogue = [r for r in received if _kind(r.record) in _CATALOGUE]
    for (store_id, at), records in _grouped(catalogue).items():
        facts.write_catalogue(conn, store_id, records, at, lane)

    people = [r for r in received if isinstance(r.record, Customer | Order | Cart | Consent)]
    sightings = [_sighting(r) for r in people]
    settled = settle(identity_conn, sightings, lambda contacts: _objects(people, sightings, contacts), Facts())
    # a moment without a name of a cart that has found its person before
    unnamed = [r for r, s in zip(people, sightings, strict=True) if not s.named]
    found, seen = find_objects(identity_conn, [_key(r) for r in unnamed])
    places = found | settled.places
    seen |= settled.seen
    nameless: dict[tuple[int, datetime], list[Cart]] = {}
    for item in unnamed:
        if _key(item) not in places and isinstance(item.record, Cart):
            nameless.setdefault((item.store_id, item.received_at), []).append(item.record)
    if nameless:
        for (store_id, at), carts in nameless.items():
            facts.keep_anonymous(identity_conn, store_id, carts, at)
        # committed: whoever claims the cart from now on finds them; whoever did so meanwhile is found here
        found, moved = find_objects(identity_conn, [_key(r) for r in unnamed if _key(r) not in places])
        places, seen = found | places, moved | seen

    placed: list[facts.Placed] = []
    for item, contact in zip(people, settled.contacts, strict=True):
        place = places.get(_key(item))
        if place is not None:
            placed.append(facts.Placed(item.record, place.contact_id, place.object_id, item.store_id, item.received_at))
        elif contact is not None:
            placed.append(facts.Placed(item.record, contact, 0, item.store_id, item.received_at))
        # orders and customers always have a name (see _sighting); a consent of nobody says nothing
    placed += _adopted(conn, places)

    gone = [r for r in received if isinstance(r.record, Deleted) and r.record.kind not in _CATALOGUE]
    where, moved = find_objects(identity_conn, [_key(r) for r in gone])
    seen = moved | seen
    deleted = [facts.Placed(r.record, *where[_key(r)], r.store_id, r.received_at) for r in gone if _key(r) in where]
    # a person named by a record that belongs to somebody else by now has no facts, but is there
    empty = {contact for contact in settled.contacts if contact is not None} - {p.contact_id for p in placed}
    derive.dirty(conn, sorted(empty), lane)
    facts.write(conn, placed, lane=lane, seen=seen)
    facts.delete(conn, deleted, lane=lane, seen=seen)


def refresh_dirty(conn: Connection, lane: int, limit: int = 1000) -> int:
    """Makes the derived rows of up to ``limit`` stale contacts again; returns how many."""
    with conn.transaction():
        contacts = derive.take_dirty(conn, lane, limit)
        if contacts:
            refresh(conn, contacts, now(), "sync" if lane == LIVE else "import")
    return len(contacts)


def sweep(conn: Connection, at: datetime, limit: int = 1000) -> int:
    """Refreshes contacts for whom the clock alone changed something; returns how many."""
    with conn.transaction():
        contacts = derive.due(conn, at, limit)
        if contacts:
            refresh(conn, contacts, at, "clock")
    with conn.transaction():
        return len(contacts) + segments.sweep(conn, at, limit)


def refresh(conn: Connection, contacts: Sequence[int], at: datetime, source: str) -> None:
    """Cart states, conversions, properties and memberships as of ``at``: a function of facts and clock."""
    existing = lock_for_refresh(conn, contacts)
    derive.refresh(conn, existing, at)
    compute.compute(conn, existing, at, source)
    segments.touched(conn, existing, at, source, historic=source == "import")


def _sighting(item: Received) -> Sighting:
    record = item.record
    assert isinstance(record, Customer | Order | Cart | Consent)
    email, phone = normalise.email(record.email), normalise.phone(record.phone)
    if isinstance(record, Customer):
        account = record.external_id if record.registered else None
        strength, version = OWN if account else GUEST, record.updated_at
        if not account and not email and not phone:
            account = record.external_id  # a nameless guest row is a person of its own
    else:
        account = record.customer_id
        strength = SEEN if account else GUEST
        if isinstance(record, Order):
            version = record.placed_at
            if not account and not email and not phone:
                account = f"order:{record.external_id}"
        else:
            version = record.at if isinstance(record, Consent) else record.updated_at
    original = (record.email or "").strip()
    return Sighting(item.store_id, version, strength, account, email, original, phone)


def _objects(people: Sequence[Received], sightings: Sequence[Sighting], contacts: Sequence[int | None]) -> list[Object]:
    """What the records claim for their person: an order and the cart it came from, or a cart."""
    found: list[Object] = []
    for item, sighting, contact in zip(people, sightings, contacts, strict=True):
        record, store, told_at = item.record, item.store_id, item.received_at
        if contact is None:
            continue
        guest = None if sighting.account else sighting.email
        if isinstance(record, Order):
            found.append(Object(store, "order", record.external_id, contact, record.updated_at, told_at, guest))
            if record.cart_id:
                claimed = (contact, record.placed_at, record.updated_at, guest)
                found.append(Object(store, "cart", record.cart_id, *claimed))
        elif isinstance(record, Cart):
            found.append(Object(store, "cart", record.external_id, contact, record.updated_at, told_at, guest))
    return found


def _adopted(conn: Connection, places: Mapping[tuple[int, str, str], Place]) -> list[facts.Placed]:
    """The history of carts that were nobody's until now."""
    tokens: dict[int, list[str]] = {}
    for store_id, kind, token in places:
        if kind == "cart":
            tokens.setdefault(store_id, []).append(token)
    return [
        facts.Placed(cart, *places[(store_id, "cart", cart.external_id)], store_id, received_at)
        for store_id, names in tokens.items()
        for cart, received_at in facts.adopt(conn, store_id, sorted(names))
    ]


def _grouped(items: Iterable[Received]) -> dict[tuple[int, datetime], list[Record]]:
    groups: dict[tuple[int, datetime], list[Record]] = {}
    for item in items:
        groups.setdefault((item.store_id, item.received_at), []).append(item.record)
    return groups


def _kind(record: Record) -> str:
    return record.kind if isinstance(record, Deleted) else type(record).__name__.lower()


def _external(record: Record) -> str | None:
    return None if isinstance(record, Consent) else record.external_id


def _key(item: Received) -> tuple[int, str, str]:
    return item.store_id, _kind(item.record), _external(item.record) or ""


def _quarantine(conn: Connection, received: Sequence[Received], bad: Sequence[quarantine.Bad]) -> None:
    """Puts bad records aside; a good version of a record that waited there lets it go."""
    refused = {(b.store_id, b.record.kind, b.record.external_id) for b in bad}
    good = {_key(item) for item in received} - refused
    quarantine.put(conn, bad)
    quarantine.resolve(conn, sorted(key for key in good if key[2]), now())
