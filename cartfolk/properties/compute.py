"""Computes the properties of touched contacts: one statement, the same for one webhook and for an import.

The caller holds the contacts (``for no key update``), has let ``commerce.derive`` refresh carts and
conversions, and owns the transaction. The statement is put together once from the catalogue: queries.sql
says how each value comes about, this module which columns are compared and written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, LiteralString

from psycopg.rows import dict_row

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.properties import calculated, sorting
from cartfolk.properties.catalogue import COMPUTED, GROUPS, OWN, PROPERTIES, SETTABLE

Q = Statements.beside(__file__)

_MOST_ARGUMENTS = 90  # PostgreSQL takes 100 arguments a call
_SMALL = 50  # contacts; above it memory for sorting is worth asking for


def compute(
    conn: Connection, contacts: Sequence[int], at: datetime, source: str, source_id: str = "", by: str = ""
) -> int:
    """Brings all computed values of ``contacts`` up to ``at`` (aware); returns how many contacts changed.

    ``source`` and ``source_id`` are noted in the history of what changed: import, sync, clock, merge ... and
    for example a run's number. Contacts that are gone are left out.
    """
    if not contacts:
        return 0
    ids = sorted(set(contacts))
    tuned = conn.execute(Q["tune"], {"work_mem": "16MB" if len(ids) <= _SMALL else "128MB"}).fetchone()
    parameters = _asked(conn, ids, at) | {"source": source, "source_id": source_id, "by": by}
    row = conn.execute(statement(), parameters, prepare=True).fetchone()
    # Whoever is new, merged or parted has words of people's without a write; what formulas give follows them.
    sorting.follow(conn, ids)
    if tuned and tuned[0]:
        calculated.calculate(conn, ids, at, by, tuned[0])
    return int(row[0]) if row else 0


def of_store(conn: Connection, contact_id: int, store_id: int, at: datetime) -> dict[str, Any]:
    """The properties of the shop's groups as if this store were the only one, in its own home currency; nothing is
    written. They are not stored: a contact may have any number of stores, and pages ask for one contact."""
    parameters = {
        "contacts": [contact_id],
        "at": at,
        "store": store_id,
        "own": False,
        "known_contacts": [],
        "known_kinds": [],
        "known_values": [],
        "known_originals": [],
    }
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(Q["values"], parameters).fetchone() or {}
    return {name: row[name] for name in COMPUTED if GROUPS[PROPERTIES[name].group].shop_group}


def shops_word(conn: Connection, contact_id: int, at: datetime) -> dict[str, Any]:
    """What the properties people may overrule would be without their word; nothing is written."""
    parameters = _asked(conn, [contact_id], at) | {"own": False}
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(Q["values"], parameters).fetchone() or {}
    return {name: row.get(name) for name in OWN}


def _asked(conn: Connection, ids: Sequence[int], at: datetime) -> dict[str, Any]:
    """The parameters of the ``values`` statement over all stores."""
    known = conn.execute(Q["identities"], {"contacts": ids}).fetchall()
    return {
        "contacts": ids,
        "at": at,
        "store": None,
        "own": True,
        "known_contacts": [row[0] for row in known],
        "known_kinds": [row[1] for row in known],
        "known_values": [row[2] for row in known],
        "known_originals": [row[3] for row in known],
    }


@cache
def statement() -> LiteralString:
    """The ``write`` statement with the catalogue's columns in its places."""
    columns = ", ".join(f'"{name}"' for name in COMPUTED)
    text = (
        Q["write"]
        .replace("__CHANGES__", _changes())
        .replace("__COLUMNS__", columns)
        .replace("__SET__", ", ".join(f'"{name}" = excluded."{name}"' for name in COMPUTED))
        .replace("__VALUES__", Q["values"])
    )
    return text  # catalogue names are part of the program


def _changes() -> str:
    """SQL for the members of a JSON object: every column whose value is new. One pass, nothing is built for
    the columns that stayed."""
    parts = [
        f'case when v."{name}" is distinct from old."{name}" then \'"{name}":\' || {_json(name)} end'
        for name in COMPUTED
    ]
    groups = [parts[i : i + _MOST_ARGUMENTS] for i in range(0, len(parts), _MOST_ARGUMENTS)]
    return "concat_ws(',', " + ", ".join(f"nullif(concat_ws(',', {', '.join(g)}), '')" for g in groups) + ")"


def _json(name: str) -> str:
    """SQL for the JSON text of the new value; moments in UTC whatever the session's time zone."""
    if PROPERTIES[name].type == "datetime":
        value = f"rtrim(to_json(v.\"{name}\" at time zone 'UTC')::text, '\"') || 'Z\"'"
    else:
        value = f'to_json(v."{name}")::text'
    return f"coalesce({value}, 'null')"


def move(conn: Connection, moves: Mapping[int, int]) -> None:
    """After a merge: history goes from the gone contacts (keys) to the kept ones, what people set fills the
    kept one's empty values, and everything computed of the gone is removed. Compute the kept ones afterwards."""
    if not moves:
        return
    parameters = {"gone": list(moves), "kept": list(moves.values())}
    conn.execute(Q["move_history"], parameters)
    conn.execute(_move_custom(_custom_columns(conn)), parameters)
    conn.execute(Q["note_kept"], parameters | {"at": now(), "own": list(OWN)})
    conn.execute(Q["remember_merge"], parameters)
    for name in ("forget_history", "forget_values", "forget_custom", "forget_list", "forget_sort", "forget_due"):
        conn.execute(Q[name], parameters)


def forget_mentions(conn: Connection, emails: Sequence[str]) -> list[int]:
    """Erasure: takes these addresses (normalised) out of the history of others; whose they are."""
    return [row[0] for row in conn.execute(Q["forget_mentions"], {"emails": list(emails)})]


def _custom_columns(conn: Connection) -> tuple[str, ...]:
    """The catalogue's settable columns and those people added."""
    rows = conn.execute(
        "select attname::text from pg_attribute where attrelid = 'contact_custom'::regclass and attnum > 0"
        " and not attisdropped and attname <> 'contact_id' order by attnum"
    ).fetchall()
    return tuple(row[0] for row in rows) or SETTABLE


def _move_custom(columns: Sequence[str]) -> LiteralString:
    """Several gone contacts of one kept: the one with the lowest number is asked first."""
    names = [f'"{name.replace(chr(34), chr(34) * 2)}"'.replace("%", "%%") for name in columns]
    first = ", ".join(
        f"(select g.{n} from moved m join contact_custom g on g.contact_id = m.gone"
        f" where m.kept = k.kept and g.{n} is not null order by m.gone limit 1)"
        for n in names
    )
    filled = ", ".join(f"{n} = coalesce(contact_custom.{n}, excluded.{n})" for n in names)
    text = (
        "with moved as (select * from unnest(%(gone)s::bigint[], %(kept)s::bigint[]) as m (gone, kept))"
        f" insert into contact_custom (contact_id, {', '.join(names)}) select k.kept, {first}"
        " from (select distinct m.kept from moved m join contact_custom g on g.contact_id = m.gone) k"
        f" on conflict (contact_id) do update set {filled}"
    )
    return text
