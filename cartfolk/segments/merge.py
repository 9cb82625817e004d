"""Memberships when contacts are merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from cartfolk.core.sql import Connection, Statements
from cartfolk.segments import static

Q = Statements.beside(__file__, "refresh.sql")


def move(conn: Connection, merges: Mapping[int, int], at: datetime) -> None:
    """After a merge: the kept contacts (values) stay in the static segments of the gone (keys), which leave all
    theirs; evaluate the kept ones afterwards."""
    if not merges:
        return
    pairs = {"gone": list(merges), "kept": list(merges.values())}
    left = conn.execute(Q["leave"], pairs | {"at": at}).fetchall()
    conn.execute(Q["move_log"], pairs)
    conn.execute(Q["forget_due"], {"contacts": list(merges)})
    named = sorted({segment for _kept_id, segments in left for segment in segments})
    statics = {row[0] for row in conn.execute(Q["statics"], {"segments": named})}
    joined: dict[int, list[int]] = {}
    for kept, segments in left:
        for segment in statics.intersection(segments):
            joined.setdefault(segment, []).append(kept)
    for segment, contacts in sorted(joined.items()):
        static.put(conn, segment, contacts, at, "merge")


def tally(conn: Connection, contacts: Sequence[int]) -> Counter[int]:
    """How many of these contacts are in each segment."""
    return Counter(dict(conn.execute(Q["tally"], {"contacts": list(contacts)}).fetchall()))


def count(conn: Connection, before: Counter[int], contacts: Sequence[int]) -> None:
    """After rows of memberships were put back past the counters: sizes follow what ``before`` and now differ in."""
    after = tally(conn, contacts)
    moves = {segment: after[segment] - before[segment] for segment in sorted(before | after)}
    conn.execute(Q["count"], {"segments": list(moves), "steps": list(moves.values())})


def forget(conn: Connection, contacts: Sequence[int]) -> None:
    """Erasure: the contacts leave every segment, whose size follows; what was logged of them goes with their rows."""
    conn.execute(Q["leave"], {"gone": list(contacts), "kept": list(contacts), "at": None})
