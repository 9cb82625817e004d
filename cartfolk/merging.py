"""Merging contacts by hand, and taking any merge back exactly (docs/decisions/0010).

A merge moves every row to the contact that is kept and remembers both as they were. Taking it back splits the
rows again (``unmerge``): with nothing in between both are as before, in every table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cartfolk.audit import log
from cartfolk.commerce import derive
from cartfolk.core.sql import Connection, Statements, again
from cartfolk.core.time import now
from cartfolk.identity import merges, resolve, snapshot
from cartfolk.identity.merges import Merge
from cartfolk.identity.tables import NAMES
from cartfolk.pipeline import LIVE, Facts, refresh
from cartfolk.properties import read
from cartfolk.segments import merge as memberships
from cartfolk.unmerge import split

Q = Statements.beside(__file__, "merging.sql")
SYNC = "sync"  # who merges by a rule


class CannotMerge(ValueError):
    """These contacts cannot become one: the message says what to choose instead."""


class CannotUndo(ValueError):
    """This merge cannot be taken back: the message says why."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What hangs on a contact."""

    orders: int = 0
    carts: int = 0
    emails: tuple[str, ...] = ()
    consent: tuple[tuple[str, str, str], ...] = ()  # channel, purpose, status


@dataclass(frozen=True, slots=True)
class Line:
    """A property with the value of each contact and the one that will stand."""

    name: str
    group: str
    values: tuple[Any, ...]
    after: Any

    @property
    def differs(self) -> bool:
        return len({str(value) for value in (*self.values, self.after) if value not in (None, "", [])}) > 1


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do. ``contacts`` begins with the one that is kept."""

    contacts: tuple[int, ...]
    counts: tuple[Counts, ...]
    after: Counts
    lines: tuple[Line, ...]


def preview(conn: Connection, kept: int, others: Sequence[int]) -> Preview:
    """What :func:`merge` would leave; nothing is changed: the merge is really made, looked at and rolled back.

    ``conn`` is autocommit. Raises :class:`CannotMerge` as merge does.
    """
    contacts = _checked(conn, kept, others)
    values = [_values(conn, contact) for contact in contacts]
    counts = [count(conn, contact) for contact in contacts]
    with conn.transaction(force_rollback=True):
        _merge(conn, kept, others, "", "")
        after, left = _values(conn, kept), count(conn, kept)
    lines = [
        Line(name, group, tuple(one.get((group, name)) for one in values), after.get((group, name)))
        for group, name in after
    ]
    told = [line for line in lines if any(value not in (None, "", []) for value in (*line.values, line.after))]
    return Preview(tuple(contacts), tuple(counts), left, tuple(told))


def merge(conn: Connection, kept: int, others: Sequence[int], reason: str, by: str) -> None:
    """Makes one contact, ``kept``, of all these; each of ``others`` is a merge that can be taken back by itself.

    ``by`` is the person (user:3) and ``reason`` their words. Runs its own transaction; what is computed is true at
    its end. Raises :class:`CannotMerge` for fewer than two contacts or ones that are not there.
    """

    def merged() -> None:
        with conn.transaction():
            for gone in _merge(conn, kept, others, reason, by):
                log.note(conn, by, "contact.merged", f"contact:{kept}", gone=gone)

    again(merged)


def _merge(conn: Connection, kept: int, others: Sequence[int], reason: str, by: str) -> list[int]:
    """Returns those that are gone."""
    conn.execute(resolve.Q["lock_identities"])
    # Looked at under the lock: somebody may have merged the same two the other way round a moment ago.
    gone = _checked(conn, kept, others)[1:]
    merges.join_again(conn, [kept, *gone])
    resolve.merge(conn, dict.fromkeys(gone, kept), reason, by, [], Facts())
    refresh(conn, [kept], now(), "merge")
    return gone


def _checked(conn: Connection, kept: int, others: Sequence[int]) -> list[int]:
    contacts = list(dict.fromkeys([kept, *others]))
    if len(contacts) < 2:
        raise CannotMerge("Choose at least two contacts to merge.")
    for contact in contacts:
        if merges.kept(conn, contact) != contact:
            raise CannotMerge(f"Contact {contact} is not there any more. Look it up again and choose who it is now.")
    return contacts


def undo(conn: Connection, merge_id: int, by: str) -> tuple[int, int]:
    """Takes a merge back; returns the two contacts (kept, gone), both there again.

    Merges that were built on it are taken back first and made again afterwards. The two are remembered as two
    people. Runs its own transaction. Raises :class:`CannotUndo`.
    """
    return again(lambda: _undo(conn, merge_id, by))


def _undo(conn: Connection, merge_id: int, by: str) -> tuple[int, int]:
    with conn.transaction():
        conn.execute(resolve.Q["lock_identities"])
        wanted = merges.record(conn, merge_id)
        if wanted is None:
            raise CannotUndo("There is no such merge.")
        if wanted.undone_at is not None:
            raise CannotUndo("This merge was taken back before.")
        later = merges.built_on(conn, wanted)
        people = {wanted.kept, wanted.gone, *(person for one in later for person in (one.kept, one.gone))}
        conn.execute(resolve.Q["lock_for_merge"], {"contacts": sorted(people)})  # in one step, see resolve.settle
        for one in reversed(later):
            _take_back(conn, one)
        _take_back(conn, wanted, by_rule=wanted.by == SYNC)
        merges.mark_undone(conn, wanted, by)
        merges.set_apart(conn, wanted.kept, wanted.gone, by, "unmerged")
        for one in later:
            merges.drop(conn, one)
            resolve.merge(conn, {one.gone: one.kept}, one.reason, one.by, [], Facts(), one.at)
        refresh(conn, sorted(people), now(), "unmerge")
        log.note(conn, by, "contact.unmerged", f"contact:{wanted.kept}", gone=wanted.gone)
    return wanted.kept, wanted.gone


def _take_back(conn: Connection, merge: Merge, by_rule: bool = False) -> None:
    """Splits the rows of the kept contact between the two, in every table; ``by_rule``: the claim on an address that
    made a rule merge them is taken back too."""
    tables = [*NAMES, *Facts.tables]
    shapes = snapshot.shapes(conn, tables)
    saved = snapshot.load(conn, merge.merge_id, shapes, [merge.kept, merge.gone])
    if saved is None:
        raise CannotUndo("Nothing is kept of how the two were before: the merge is too old, or somebody was erased.")
    current = snapshot.read(conn, shapes, [merge.kept])
    members = memberships.tally(conn, [merge.kept])
    rows = split(merge.kept, merge.gone, by_rule, saved, current, frozenset(Facts.derived))
    for table in tables:
        if table == "contact":
            snapshot.insert(conn, table, shapes[table], merge.gone, list(rows[table, merge.gone].values()))
            continue
        before, then = current[table, merge.kept], rows[table, merge.kept]
        changed = [row for key, row in before.items() if then.get(key) != row]
        snapshot.remove(conn, table, shapes[table], merge.kept, changed)
        fresh = [row for key, row in then.items() if before.get(key) != row]
        snapshot.insert(conn, table, shapes[table], merge.kept, fresh)
        snapshot.insert(conn, table, shapes[table], merge.gone, list(rows[table, merge.gone].values()))
    memberships.count(conn, members, [merge.kept, merge.gone])
    conn.execute(resolve.Q["mark_moved"], {"contacts": [merge.kept, merge.gone]})
    derive.dirty(conn, [merge.kept, merge.gone], LIVE)


def count(conn: Connection, contact: int) -> Counts:
    """What hangs on a contact."""
    row = conn.execute(Q["counts"], {"contact": contact}).fetchone()
    return Counts(row[0], row[1], tuple(row[2]), tuple(tuple(one) for one in row[3])) if row else Counts()


def _values(conn: Connection, contact: int) -> dict[tuple[str, str], Any]:
    return {
        (group, name): value
        for group, members in read.values(conn, contact).items()
        for name, value in members.items()
        if name not in ("hs_object_id", "lastmodifieddate")
    }
