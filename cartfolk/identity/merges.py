"""What is known of merges: who stands for whom now, which were taken back, which pairs are two people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now

Q = Statements.beside(__file__, "merges.sql")


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge. ``by`` is sync (a rule found it) or a person."""

    merge_id: int
    kept: int
    gone: int
    at: datetime
    reason: str
    by: str
    undone_at: datetime | None = None
    undone_by: str = ""
    names: tuple[tuple[str, str, str], ...] = ()  # kind, value, original of what named the one that is gone
    undoable: bool = False


@dataclass(frozen=True, slots=True)
class Apart:
    """Two contacts that a person called two people, and whether by dismissing a suggestion or undoing a merge."""

    one: int
    other: int
    at: datetime
    by: str
    reason: str


def kept(conn: Connection, contact_id: int) -> int | None:
    """The contact that stands for this number now: itself, or whoever it was merged into; None = nobody."""
    if _exists(conn, contact_id):
        return contact_id
    row = conn.execute(Q["kept"], {"contact": contact_id}).fetchone()
    return int(row[0]) if row else None


def standing(conn: Connection, contacts: Collection[int]) -> dict[int, int]:
    """The same for many: number → contact. Numbers nobody stands for are absent."""
    return dict(conn.execute(Q["standing"], {"contacts": sorted(contacts)}).fetchall())


def _exists(conn: Connection, contact_id: int) -> bool:
    row = conn.execute(Q["exists"], {"contact": contact_id}).fetchone()
    return bool(row and row[0])


def history(conn: Connection, contact_id: int) -> list[Merge]:
    """The merges that made this contact what it is, newest first, with those taken back."""
    return [
        Merge(number, keeper, gone, at, reason, by, undone, undoer, _names(evidence), saved and undone is None)
        for number, keeper, gone, at, reason, by, evidence, undone, undoer, saved in conn.execute(
            Q["merges_of"], {"contact": contact_id}
        )
    ]


def _names(evidence: dict[str, list[list[str]]]) -> tuple[tuple[str, str, str], ...]:
    return tuple((kind, value, original) for kind, value, original in evidence.get("names", ()))


def record(conn: Connection, merge_id: int) -> Merge | None:
    """One merge by its number, held until the transaction ends."""
    row = conn.execute(Q["merge_record"], {"merge": merge_id}).fetchone()
    return Merge(*row) if row else None


def built_on(conn: Connection, merge: Merge) -> list[Merge]:
    """Later merges that stand and that the two took part in, directly or through others; oldest first."""
    people = {merge.kept, merge.gone}
    found: list[Merge] = []
    rows: list[tuple[Any, ...]] = conn.execute(Q["later_merges"], {"merge": merge.merge_id}).fetchall()
    for later in (Merge(*row) for row in rows):
        if later.kept in people or later.gone in people:
            people |= {later.kept, later.gone}
            found.append(later)
    return found


def mark_undone(conn: Connection, merge: Merge, by: str) -> None:
    """The record stays; the rows kept for the undo are not needed any more."""
    conn.execute(Q["mark_undone"], {"merge": merge.merge_id, "at": now(), "by": by})
    conn.execute(Q["drop_snapshot"], {"merge": merge.merge_id})


def drop(conn: Connection, merge: Merge) -> None:
    conn.execute(Q["drop_merge"], {"merge": merge.merge_id})


def set_apart(conn: Connection, one: int, other: int, by: str, reason: str) -> None:
    """These two are two people: not suggested again, not merged by a rule. ``reason``: dismissed or unmerged."""
    conn.execute(Q["set_apart"], {"one": one, "other": other, "by": by, "reason": reason, "at": now()})


def join_again(conn: Connection, contacts: Collection[int]) -> None:
    """Takes back that any of these are different people."""
    conn.execute(Q["join_again"], {"contacts": sorted(contacts)})


def aparts(conn: Connection, limit: int = 200) -> list[Apart]:
    """Pairs a person called two people, newest first."""
    return [Apart(*row) for row in conn.execute(Q["apart_list"], {"limit": limit})]


def forget(conn: Connection, contacts: Sequence[int]) -> None:
    """Erasure: every record and snapshot of merges these contacts took part in, every pair with them."""
    conn.execute(Q["forget_merges"], {"contacts": list(contacts)})
    conn.execute(Q["forget_pairs"], {"contacts": list(contacts)})
