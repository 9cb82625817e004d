"""Facts that change hands: a merge of contacts, a guest's orders that turn out to be another's, an unmerge.

Rows are inserted for the new contact and deleted for the old one, as a distributed database wants it. Of
an object both have, the newer version stays; the moments of a cart are joined. What is derived (states,
conversions) is not moved: the contacts concerned go into the dirty queue and are derived again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg import sql

from cartfolk.core.sql import Connection, Statements

Q = Statements.beside(__file__)

Move = tuple[str, int, int, int]  # "order" or "cart", our number of it, from contact, to contact

_TABLES = {
    "order": (("orders", "order_id"), ("order_line", "order_id"), ("refund", "order_id")),
    "cart": (("cart", "cart_id"), ("cart_line", "cart_id"), ("cart_event", "cart_id")),
}


def move(conn: Connection, gone_to_kept: Mapping[int, int], *, lane: int = 0) -> None:
    """Everything of the contacts that are gone becomes their keeper's; nothing of them is left."""
    pairs = {gone: kept for gone, kept in gone_to_kept.items() if gone != kept}
    if not pairs:
        return
    gone = list(pairs)
    keys = {"gone": gone, "kept": list(pairs.values()), "emails": None}
    objects = conn.execute(Q["objects_of"], {"contacts": gone}).fetchall()
    _objects(conn, [(kind, number, owner, pairs[owner]) for kind, number, owner in objects])
    conn.execute(Q["move_customers"], keys)
    conn.execute(Q["move_consents"], keys)
    conn.execute(Q["forget_derived"], {"gone": gone})
    conn.execute(Q["mark_dirty"], {"contacts": sorted(set(pairs.values()) - set(gone)), "lane": lane})


def move_guest(conn: Connection, emails: Sequence[str], source: int, target: int, *, lane: int = 0) -> None:
    """What ``source`` did as a guest (no account) with one of these normalised e-mails becomes ``target``'s:
    orders and carts with all that belongs to them, and consents given with the address."""
    if source == target or not emails:
        return
    query = {"source": source, "emails": list(emails)}
    found = conn.execute(Q["guest_objects_of"], query).fetchall()
    _objects(conn, [(kind, number, source, target) for kind, number in found])
    conn.execute(Q["move_consents"], {"gone": [source], "kept": [target], "emails": list(emails)})
    conn.execute(Q["mark_dirty"], {"contacts": sorted({source, target}), "lane": lane})


def move_objects(conn: Connection, moves: Sequence[Move], *, lane: int = 0) -> None:
    """Named orders and carts to another contact: ``(kind, object_id, source, target)``.

    Raises ``ValueError`` for another kind; accounts move with :func:`move_accounts`.
    """
    wanted = [one for one in moves if one[2] != one[3]]
    if not wanted:
        return
    if unknown := {kind for kind, *_ in wanted} - set(_TABLES):
        raise ValueError(f"Only orders and carts have numbers to move by, not {', '.join(sorted(unknown))}.")
    _objects(conn, wanted)
    touched = {one[2] for one in wanted} | {one[3] for one in wanted}
    conn.execute(Q["mark_dirty"], {"contacts": sorted(touched), "lane": lane})


def move_accounts(conn: Connection, moves: Sequence[tuple[int, str, int, int]], *, lane: int = 0) -> None:
    """Named accounts to another contact: ``(store_id, external_id, source, target)``."""
    wanted = [one for one in moves if one[2] != one[3]]
    if not wanted:
        return
    conn.execute(
        Q["move_customer_rows"],
        {
            "stores": [one[0] for one in wanted],
            "externals": [one[1] for one in wanted],
            "sources": [one[2] for one in wanted],
            "targets": [one[3] for one in wanted],
        },
    )
    touched = {one[2] for one in wanted} | {one[3] for one in wanted}
    conn.execute(Q["mark_dirty"], {"contacts": sorted(touched), "lane": lane})


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
            conn.execute(Q["carts_from_moments"], {"contacts": keys["targets"], "carts": keys["objects"]})


def _remove_twins(conn: Connection, kind: str, twins: Sequence[tuple[int, int]]) -> None:
    if not twins:
        return
    contacts, numbers = [contact for contact, _ in twins], [number for _, number in twins]
    if kind == "order":
        keys = {"contacts": contacts, "orders": numbers}
        for statement in ("remove_order_lines", "remove_refunds", "remove_orders"):
            conn.execute(Q[statement], keys)
    else:
        keys = {"contacts": contacts, "carts": numbers}
        for statement in ("remove_cart_lines", "remove_carts"):
            conn.execute(Q[statement], keys)


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
