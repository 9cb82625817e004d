"""Facts into the database, in sets: what a shop reported, once, whatever the order of arrival.

A record is applied if ``(version, received_at)`` is not older than what is stored; one that changes
nothing writes nothing. Lines and refunds belong to their order's version and are replaced with it.
Some things outlive a version that is silent about them, whichever came first:

* an order's known ``rate`` (of the highest version that told one);
* a refund's ``created_at`` (the earliest told);
* what a cart's moments told of the shopper (each field: the latest moment that told it), because every
  moment of a cart is kept and the cart row is a function of its moments.

Every function takes an open transaction and commits nothing. The whole room is spoken to through this
module: anonymous carts, the catalogue and moves between contacts are re-exported here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.pq import TransactionStatus

from cartfolk.connectors.canonical import Cart, Consent, Customer, Deleted, Order, OrderStatus, Record
from cartfolk.core.sql import Connection, Statements, copy_rows

from . import derive, rates, stage
from .anonymous import adopt, keep_anonymous
from .catalogue import write_catalogue
from .moves import move, move_guest, move_objects

__all__ = [
    "ContactMoved", "Placed", "adopt", "bury", "delete", "keep_anonymous", "move", "move_guest", "move_objects",
    "write", "write_catalogue",
]  # fmt: skip

Q = Statements.beside(__file__, "facts.sql")

Seen = Mapping[int, datetime | None]  # contact -> when it had last given or got rows


class ContactMoved(Exception):
    """A contact was merged, or gave rows away, between resolving and writing: resolve the records again and retry."""

    def __init__(self, contacts: Sequence[int]) -> None:
        super().__init__(f"Contacts {sorted(contacts)} moved meanwhile; resolve their records again.")
        self.contacts = tuple(contacts)


class TransactionMissing(RuntimeError):
    """Facts are written in one transaction: open it with ``conn.transaction()`` first."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A record and where it belongs. ``object_id`` is our number of the order or cart, 0 for others."""

    record: Record
    contact_id: int
    object_id: int
    store_id: int
    received_at: datetime


def write(conn: Connection, placed: Sequence[Placed], *, lane: int, seen: Seen | None = None) -> set[int]:
    """Applies customers, orders, carts and consents; returns the contacts whose facts changed, which
    are also put into the dirty queue of ``lane`` (0 live, 1 bulk).

    ``seen`` says when each contact had last given or got rows as the records were resolved. Raises
    :class:`ContactMoved` if a contact no longer exists or has moved since (nothing was written), ``TypeError`` for a
    record of another kind, :class:`TransactionMissing` outside a transaction.
    """
    if not placed:
        return set()
    if any(isinstance(one.record, Order) for one in placed):
        rates.enter(conn)
    _hold(conn, "hold_contacts", {one.contact_id for one in placed}, seen)
    customers: list[Placed] = []
    orders: list[Placed] = []
    carts: list[Placed] = []
    consents: list[Placed] = []
    for one in placed:
        record = one.record
        if isinstance(record, Order):
            orders.append(one)
        elif isinstance(record, Cart):
            carts.append(one)
        elif isinstance(record, Customer):
            customers.append(one)
        elif isinstance(record, Consent):
            consents.append(one)
        else:
            raise TypeError(f"{type(record).__name__} is not written with write(); see write_catalogue, delete.")
    changed: set[int] = set()
    if customers:
        changed |= _customers(conn, customers)
    if orders:
        changed |= _orders(conn, orders)
    if carts:
        changed |= _carts(conn, carts)
    if consents:
        changed |= _consents(conn, consents)
    derive.dirty(conn, sorted(changed), lane)
    return changed


def bury(conn: Connection, gone: Sequence[tuple[int, Deleted]]) -> None:
    """Remembers (store, deletion) for objects of any kind, known or not: a version of theirs that is not newer
    stays deleted, however late it comes.

    To be committed before looking where the objects are: whoever writes one of them at the same moment
    either sees the tombstone, or is seen.
    """
    if gone:
        conn.execute(
            Q["bury"],
            {
                "stores": [store for store, _ in gone],
                "kinds": [record.kind for _, record in gone],
                "externals": [stage.clean(record.external_id) for _, record in gone],
                "times": [record.at for _, record in gone],
            },
        )


def delete(conn: Connection, placed: Sequence[Placed], *, lane: int, seen: Seen | None = None) -> set[int]:
    """Marks customers and orders the shop no longer has, unless a newer version of them is known; returns
    the contacts concerned. ``record`` of each is a ``Deleted``; products go through ``write_catalogue``.
    A version newer than the deletion brings the object back. Call :func:`bury` first; ``seen`` and
    :class:`ContactMoved` as in :func:`write`.
    """
    if not placed:
        return set()
    _hold(conn, "hold_deleting", {one.contact_id for one in placed}, seen)
    changed: set[int] = set()
    for kind, statement in (("customer", "delete_customers"), ("order", "delete_orders")):
        rows = [(one, r) for one in placed if isinstance(r := one.record, Deleted) and r.kind == kind]
        if rows:
            found = conn.execute(
                Q[statement],
                {
                    "contacts": [one.contact_id for one, _ in rows],
                    "stores": [one.store_id for one, _ in rows],
                    "objects": [one.object_id for one, _ in rows],
                    "externals": [r.external_id for _, r in rows],
                    "times": [r.at for _, r in rows],
                },
            )
            changed |= {row[0] for row in found}
    derive.dirty(conn, sorted(changed), lane)
    return changed


def _hold(conn: Connection, statement: str, contacts: set[int], seen: Seen | None) -> None:
    if conn.info.transaction_status == TransactionStatus.IDLE:
        raise TransactionMissing("Facts are written in one transaction: open it with conn.transaction().")
    held: dict[int, datetime | None] = dict(conn.execute(Q[statement], {"contacts": list(contacts)}).fetchall())
    if moved := [one for one in contacts if one not in held or (seen and held[one] != seen.get(one, held[one]))]:
        raise ContactMoved(moved)


def _version(one: Placed) -> tuple[datetime, datetime]:
    record: Any = one.record
    return (record.updated_at, one.received_at)


def _winners(placed: Sequence[Placed]) -> dict[Any, Placed]:
    """Of each object the newest report; of equal ones the last."""
    best: dict[Any, Placed] = {}
    for one in placed:
        record: Any = one.record
        key = (one.contact_id, one.object_id) if one.object_id else (one.contact_id, one.store_id, record.external_id)
        known = best.get(key)
        if known is None or _version(one) >= _version(known):
            best[key] = one
    return best


def _staged(conn: Connection, table: str, columns: Sequence[str], rows: list[stage.Row]) -> None:
    """Fills the session's stage table; empties it first if this transaction used it already."""
    conn.execute(Q[f"stage_{table}"])
    conn.execute(Q[f"clear_{table}"])
    copy_rows(conn, f"stage_{table}", columns, rows)


def _customers(conn: Connection, placed: Sequence[Placed]) -> set[int]:
    rows = [
        stage.customer_row(r, one.contact_id, one.store_id, one.received_at)
        for one in _winners(placed).values()
        if isinstance(r := one.record, Customer)
    ]
    _staged(conn, "customer", stage.CUSTOMER, rows)
    written = conn.execute(Q["upsert_customers"]).fetchall()
    if len(written) < len(rows):
        conn.execute(Q["confirm_customers"])
    return {row[0] for row in (*written, *conn.execute(Q["bury_customer"]))}


def _statuses(conn: Connection, stores: set[int]) -> dict[int, dict[str, str]]:
    found = conn.execute(Q["owners_statuses"], {"stores": list(stores)})
    return {store: statuses for store, statuses in found if statuses}


def _orders(conn: Connection, placed: Sequence[Placed]) -> set[int]:
    winners = _winners(placed)
    maps = _statuses(conn, {one.store_id for one in placed})
    rows: list[stage.Row] = []
    for one in winners.values():
        order = one.record
        assert isinstance(order, Order)
        status = _status(order, one.store_id, maps)
        rows.append(stage.order_row(order, one.contact_id, one.object_id, one.store_id, one.received_at, status))
    _staged(conn, "orders", stage.ORDERS, rows)
    told = {row[0] for row in conn.execute(Q["keep_versions"])}
    if len(winners) < len(placed):
        told |= _add_versions(conn, [one for one in placed if winners[one.contact_id, one.object_id] is not one], maps)
    written = {(contact, order): known for contact, order, known in conn.execute(Q["upsert_orders"])}
    known = [key for key, was_known in written.items() if was_known]
    dates: dict[tuple[int, int, str], datetime] = {}
    if known:
        keys = {"contacts": [key[0] for key in known], "orders": [key[1] for key in known]}
        dates = {(c, o, external): at for c, o, external, at in conn.execute(Q["refund_dates"], keys)}
        conn.execute(Q["remove_order_lines"], keys)
        conn.execute(Q["remove_refunds"], keys)
    lines: list[stage.Row] = []
    refunds: list[stage.Row] = []
    for key in sorted(written):  # a row of ours, locked by us: its lines are nobody else's business
        one = winners[key]
        order = one.record
        assert isinstance(order, Order)
        contact, order_id = key
        store = one.store_id
        for position, line in enumerate(order.lines, 1):
            lines.append(stage.order_line_row(line, contact, order_id, position, store))
        for refund in stage.refunds_of(order):
            at = _earliest(refund.created_at, dates.get((contact, order_id, refund.external_id)))
            refunds.append((contact, order_id, stage.clean(refund.external_id), refund.amount, at,
                            stage.clean(refund.reason)))  # fmt: skip
    if lines:
        copy_rows(conn, "order_line", stage.ORDER_LINE, lines)
    if refunds:
        copy_rows(conn, "refund", stage.REFUND, refunds)
    changed = (
        told | {key[0] for key in written} | {row[0] for row in conn.execute(Q["bury_orders"])} | rates.of_staged(conn)
    )
    if len(written) < len(winners):
        conn.execute(Q["confirm_orders"])
    if len(written) < len(placed):
        changed |= _late_words(conn, [one for one in placed if not _applied(one, winners, written)])
    return changed


def _status(order: Order, store_id: int, maps: Mapping[int, Mapping[str, str]]) -> str:
    """Our word for the order's status, the owner's own map first; a subscription is no order to count."""
    if order.subscription is not None:
        return str(OrderStatus.IGNORED)
    return str(maps.get(store_id, {}).get(order.status_raw, order.status))


def _add_versions(conn: Connection, passed: Sequence[Placed], maps: Mapping[int, Mapping[str, str]]) -> set[int]:
    """Keeps what versions of orders told that came together with a newer one; whose told something new."""
    told = [(one, order) for one in passed if isinstance(order := one.record, Order)]
    found = conn.execute(
        Q["add_versions"],
        {
            "contacts": [one.contact_id for one, _ in told],
            "orders": [one.object_id for one, _ in told],
            "times": [order.updated_at for _, order in told],
            "statuses": [_status(order, one.store_id, maps) for one, order in told],
            "raws": [stage.clean(order.status_raw) for _, order in told],
        },
    )
    return {row[0] for row in found}


def _applied(one: Placed, winners: dict[Any, Placed], written: dict[Any, bool]) -> bool:
    key = (one.contact_id, one.object_id)
    return key in written and winners[key] is one


def _late_words(conn: Connection, stale: Sequence[Placed]) -> set[int]:
    """What versions that were not applied still tell: a rate, the date of a refund."""
    changed: set[int] = set()
    rates: dict[tuple[int, int], tuple[datetime, Any]] = {}
    refunds: dict[tuple[int, int, str], datetime] = {}
    for one in sorted(stale, key=_version):
        order = one.record
        assert isinstance(order, Order)
        key = (one.contact_id, one.object_id)
        if order.rate is not None and (key not in rates or order.updated_at >= rates[key][0]):
            rates[key] = (order.updated_at, order.rate)
        for refund in order.refunds:
            if refund.created_at:
                name = (*key, refund.external_id)
                refunds[name] = min(refund.created_at, refunds.get(name, refund.created_at))
    if rates:
        found = conn.execute(
            Q["late_rates"],
            {
                "contacts": [key[0] for key in rates],
                "orders": [key[1] for key in rates],
                "versions": [version for version, _ in rates.values()],
                "rates": [rate for _, rate in rates.values()],
            },
        )
        changed |= {row[0] for row in found}
    if refunds:
        found = conn.execute(
            Q["late_refund_dates"],
            {
                "contacts": [key[0] for key in refunds],
                "orders": [key[1] for key in refunds],
                "externals": [stage.clean(key[2]) for key in refunds],
                "times": list(refunds.values()),
            },
        )
        changed |= {row[0] for row in found}
    return changed


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other


def _carts(conn: Connection, placed: Sequence[Placed]) -> set[int]:
    winners = _winners(placed)
    rows: list[stage.Row] = []
    for one in winners.values():
        assert isinstance(one.record, Cart)
        rows.append(stage.cart_row(one.record, one.contact_id, one.object_id, one.store_id, one.received_at))
    moments: dict[tuple[Any, ...], stage.Row] = {}
    for one in placed:
        assert isinstance(one.record, Cart)
        row = stage.cart_event_row(one.record, one.contact_id, one.object_id, one.received_at)
        known = moments.get(row[:4])
        if known is None or row[4] >= known[4]:
            moments[row[:4]] = row
    _staged(conn, "cart", stage.CART, rows)
    written = sorted((contact, cart) for contact, cart in conn.execute(Q["upsert_carts"]))
    _staged(conn, "cart_event", stage.CART_EVENT, list(moments.values()))
    events = conn.execute(Q["upsert_cart_events"]).fetchall()
    changed = {row[0] for row in events} | {key[0] for key in written}
    if len(written) < len(winners):
        conn.execute(Q["confirm_carts"])
    if len(events) < len(moments):
        changed |= {row[0] for row in conn.execute(Q["confirm_cart_events"])}
    keys = {"contacts": [key[0] for key in winners], "carts": [key[1] for key in winners]}
    conn.execute(Q["carts_from_moments"], keys)
    if written:
        conn.execute(
            Q["remove_cart_lines"],
            {"contacts": [key[0] for key in written], "carts": [key[1] for key in written]},
        )
    lines: list[stage.Row] = []
    for contact, cart_id in written:
        cart = winners[contact, cart_id].record
        assert isinstance(cart, Cart)
        for position, line in enumerate(cart.lines, 1):
            lines.append(stage.cart_line_row(line, contact, cart_id, position))
    if lines:
        copy_rows(conn, "cart_line", stage.CART_LINE, lines)
    return changed


def _consents(conn: Connection, placed: Sequence[Placed]) -> set[int]:
    acts: dict[tuple[Any, ...], stage.Row] = {}
    for one in placed:
        assert isinstance(one.record, Consent)
        row = stage.consent_row(one.record, one.contact_id, one.store_id, one.received_at)
        act = (*row[:7], row[-1])
        if act not in acts or one.received_at < acts[act][-2]:  # the first report keeps the ledger
            acts[act] = row
    _staged(conn, "consent_event", stage.CONSENT_EVENT, list(acts.values()))
    return {row[0] for row in conn.execute(Q["insert_consents"])}
