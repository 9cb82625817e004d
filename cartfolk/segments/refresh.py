"""Keeps memberships true: of touched contacts, of those the clock reached, and of merged ones.

One statement evaluates every active segment for a batch of contacts and writes what differs
(compile.compile_touched), and notes when the clock alone will change something. It is put together once and kept until
a definition, a property or a store changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from cartfolk.core.sql import Connection, Statements
from cartfolk.identity.resolve import lock_for_refresh
from cartfolk.segments import account
from cartfolk.segments.compile import Sql, compile_touched
from cartfolk.segments.language import from_json
from cartfolk.segments.problems import Refused
from cartfolk.segments.tree import Context, Node, objects, uses

Q = Statements.beside(__file__, "refresh.sql")
BATCH = 1_000  # contacts a statement
FEW = 10  # contacts for whom making a plan takes longer than a plan that does not know the parameters


@dataclass(frozen=True, slots=True)
class Definitions:
    """What is evaluated: the active segments that can be read, and the statement for all of them; ``refused`` are those
    that cannot."""

    stamp: str
    roots: Mapping[int, Node]
    context: Context
    keep: Sql | None
    refused: frozenset[int] = frozenset()


_kept: dict[str, Definitions] = {}  # by database; one process asks one, tests ask many


def definitions(conn: Connection) -> Definitions:
    """The active segments as they are now. One that can no longer be read (a property it asks for is gone) is left
    out: its members stay as they were, and its page says what to mend. It is built anew once it can be (build.mind)."""
    (stamp,) = conn.execute(Q["stamp"]).fetchone() or ("",)
    found = _kept.get(conn.info.dbname)
    if found is None or found.stamp != stamp:
        if len(_kept) > 8:
            _kept.clear()
        context = account.context(conn)
        roots, refused = {}, set()
        for number, _name, definition in conn.execute(Q["active"]).fetchall():
            try:
                roots[number] = from_json(definition, context)
            except Refused:
                refused.add(number)
        keep = compile_touched(roots, context) if roots else None
        found = _kept[conn.info.dbname] = Definitions(str(stamp), roots, context, keep, frozenset(refused))
    return found


def names(definition: object) -> frozenset[int]:
    """The segments a definition names, read without checking it."""
    named = (item.get("segment") for item in objects(definition))
    return frozenset(number for number in named if isinstance(number, int))


def touched(conn: Connection, contacts: Sequence[int], at: datetime, reason: str, historic: bool = False) -> int:
    """Makes the memberships of ``contacts`` true as of ``at``; returns how many changed. The caller holds the contacts
    (``identity.resolve.lock_for_refresh``), has computed their properties and owns the transaction. ``reason`` is noted
    with every join and leave: import, sync, clock, user, merge, definition ..."""
    now = definitions(conn)
    return evaluate(conn, now.roots, now.keep, contacts, at, reason, historic=historic)


def of_some(
    conn: Connection, segments: Collection[int], contacts: Sequence[int], at: datetime, reason: str, historic: bool
) -> int:
    """The same for some segments and those that depend on them."""
    now = definitions(conn)
    wanted = dependents(now.roots, segments)
    roots = {number: root for number, root in now.roots.items() if number in wanted}
    keep = compile_touched(roots, now.context) if roots else None
    return evaluate(conn, roots, keep, contacts, at, reason, historic=historic, every=False)


def dependents(roots: Mapping[int, Node], segments: Collection[int]) -> set[int]:
    """``segments`` and every segment whose definition names one of them, directly or through others."""
    found = set(segments)
    while True:
        more = {number for number, root in roots.items() if number not in found and uses(root) & found}
        if not more:
            return found
        found |= more


def evaluate(
    conn: Connection,
    roots: Mapping[int, Node],
    keep: Sql | None,
    contacts: Sequence[int],
    at: datetime,
    reason: str,
    *,
    historic: bool = False,
    every: bool = True,
) -> int:
    """``keep`` asks ``roots``, which are ``every`` active segment or some."""
    if keep is None:
        return 0
    ids = sorted(set(contacts))
    # One plan for all serves a few contacts; for many it works out what is asked again for every fact.
    plan = "force_generic_plan" if len(ids) <= FEW else "force_custom_plan"
    conn.execute("select set_config('jit', 'off', true), set_config('plan_cache_mode', %s, true)", [plan])
    changed = 0
    for start in range(0, len(ids), BATCH):
        batch = {"ids": ids[start : start + BATCH]}
        noted = {"evaluated": sorted(roots), "reason": reason, "historic": historic, "every": every}
        row = conn.execute(_in(Q["keep"], keep), keep.at(at) | batch | noted, prepare=every or None).fetchone()
        changed += int(row[0]) if row else 0
    conn.execute("select set_config('plan_cache_mode', 'auto', true)")
    return changed


def _in(statement: LiteralString, fresh: Sql) -> LiteralString:
    return statement.replace("__FRESH__", fresh.text)


def sweep(conn: Connection, at: datetime, limit: int = BATCH) -> int:
    """Evaluates contacts one of whose memberships the clock may have changed by ``at``; returns how many.
    In the caller's transaction."""
    contacts = [row[0] for row in conn.execute(Q["due"], {"at": at, "limit": limit})]
    if contacts:
        existing = lock_for_refresh(conn, contacts)
        # Whoever is evaluated says anew when the clock is next; of those without a rule nothing must stay.
        conn.execute(Q["forget_due"], {"contacts": contacts})
        touched(conn, existing, at, "clock")
    return len(contacts)
