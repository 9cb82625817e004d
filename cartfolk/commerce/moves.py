"""Facts that change hands: a merge of contacts, a guest's orders that turn out to be another's, an unmerge.

Rows are inserted for the new contact and deleted for the old one, as a distributed database wants it. Of
an object both have, the newer version stays; the moments of a cart and the versions of an order are joined.
What is derived (states, conversions) is not moved: the contacts concerned go into the dirty queue and are
derived again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg import sql

from cartfolk.core.sql import Connection, Statements
from cartfolk.identity.decide import final_targets

from . import derive

Q = Statements.beside(__file__, "moves.sql")
FACTS = Statements.beside(__file__, "facts.sql")

# "order" or "cart" and our number of it, or "customer" and (store, the shop's id); from contact, to contact
Move = tuple[str, int | tuple[int, str], int, int]

_TABLES = {
    "order": (("orders", "order_id"), ("order_line", "order_id"), ("refund", "order_id"), ("order_event", "order_id")),
    "cart": (("cart", "cart_id"), ("cart_line", "cart_id"), ("cart_event", "cart_id")),
}


def move(conn: Connection, gone_to_kept: Mapping[int, int], *, lane: int = 0) -> None:
    """Everything of the contacts that are gone becomes their keeper's, chains followed to their end; nothing of
    them is left. Raises ``ValueError`` for contacts merged in a circle."""
    pairs = final_targets(gone_to_kept)
    if not pairs:
        return
    gone = list(pairs)
    keys = {"gone": gone, "kept": list(pairs.values()), "emails": None}
    objects = conn.execute(Q["objects_of"], {"contacts": gone}).fetchall()
    _objects(conn, [(kind, number, owner, pairs[owner]) for kind, number, owner in objects])
    conn.execute(Q["move_customers"], keys)
    conn.execute(Q["move_consents"], keys)
    conn.execute(Q["forget_derived"], {"gone": gone})
    derive.dirty(conn, sorted(set(pairs.values()) - set(gone)), lane)


def move_guest(conn: Connection, emails: Sequence[str], source: int, target: int, *, lane: int = 0) -> None:
    """Consents ``source`` gave as a guest (no account) under one of these normalised e-mails become ``target``'s.
    Its orders and carts are placed by identity and come with :func:`move_objects`."""
    if source == target or not emails:
        return
    conn.execute(Q["move_consents"], {"gone": [source], "kept": [target], "emails": list(emails)})
    derive.dirty(conn, [source, target], lane)


def move_objects(conn: Connection, moves: Sequence[Move], *, lane: int = 0) -> None:
    """Named orders, carts and customers to another contact: ``(kind, number, source, target)``. Of a customer
    the number is ``(store_id, external_id)``. Raises ``ValueError`` for another kind or number."""
    wanted = [one for one in moves if one[2] != one[3]]
    if not wanted:
        return
    if unknown := {kind for kind, *_ in wanted} - {"customer", *_TABLES}:
        raise ValueError(f"Only customers, orders and carts move, not {', '.join(sorted(unknown))}.")
    for kind, number, *_ in wanted:
        if isinstance(number, tuple) is not (kind == "customer"):
            raise ValueError(f"{kind} {number!r}: a customer moves by (store, id), orders and carts by our number.")
    _objects(conn, wanted)
    _customers(conn, wanted)
    touched = {one[2] for one in wanted} | {one[3] for one in wanted}
    derive.dirty(conn, sorted(touched), lane)


def _customers(conn: Connection, moves: Sequence[Move]) -> None:
    rows = [(number, source, target) for _, number, source, target in moves if isinstance(number, tuple)]
    if rows:
        conn.execute(
            Q["move_customer_rows"],
            {
                "stores": [number[0] for number, _, _ in rows],
                "externals": [number[1] for number, _, _ in rows],
                "sources": [source for _, source, _ in rows],
                "targets": [target for _, _, target in rows],
            },
        )


def _objects(conn: Connection, moves: Sequence[Move]) -> None:
    for kind, tables in _TABLES.items():
        rows = sorted({one[1:] for one in moves if one[0] == kind})
        if not rows:
            continue
        keys = {
            "objects": [number for number, _, _ in rows],
            "sources": [source for _, source, _ in rows],
            "targets": [target for _, _, target in rows],
        }
        twins = conn.execute(Q[f"{kind}_twins"], keys).fetchall()
        _remove_twins(conn, kind, [(contact, number) for number, contact in twins])
        columns: dict[str, list[str]] = dict(
            conn.execute(Q["columns_of"], {"tables": [name for name, _ in tables]}).fetchall()
        )
        for table, key in tables:
            conn.execute(_move_rows(table, key, columns[table]), keys)
        if kind == "cart":
            conn.execute(FACTS["carts_from_moments"], {"contacts": keys["targets"], "carts": keys["objects"]})


def _remove_twins(conn: Connection, kind: str, twins: Sequence[tuple[int, int]]) -> None:
    if not twins:
        return
    contacts, numbers = [contact for contact, _ in twins], [number for _, number in twins]
    if kind == "order":
        keys = {"contacts": contacts, "orders": numbers}
        for statement in (
            Q["keep_twin_versions"],
            FACTS["remove_order_lines"],
            FACTS["remove_refunds"],
            Q["remove_orders"],
        ):
            conn.execute(statement, keys)
    else:
        keys = {"contacts": contacts, "carts": numbers}
        for statement in (FACTS["remove_cart_lines"], Q["remove_carts"]):
            conn.execute(statement, keys)


def _move_rows(table: str, key: str, columns: Sequence[str]) -> sql.Composed:
    """Rows of one table from contact to contact, as they are; names are our own catalogue's."""
    rest = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL(
        "with moved as (delete from {table} t"
        " using unnest(%(sources)s::bigint[], %(objects)s::bigint[], %(targets)s::bigint[])"
        " as k (source, object, target)"
        " where t.contact_id = k.source and t.{key} = k.object returning t.*, k.target as moving_to)"
        " insert into {table} (contact_id, {rest}) select moving_to, {rest} from moved on conflict do nothing"
    ).format(table=sql.Identifier(table), key=sql.Identifier(key), rest=rest)
