"""Everybody is computed anew after an update of Cartfolk that computes otherwise: a new property, another definition.

Which definitions count is a fingerprint of the statement that computes. Where it differs from the one noted in the
table computation, every contact is put into the bulk queue, in one transaction with the new note: whatever is killed,
either nobody is marked and the next start does it, or everybody is and the workers go on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cartfolk.commerce import derive
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.properties.compute import statement

Q = Statements.beside(__file__, "recompute.sql")
_BULK = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """How many contacts still wait, of how many there were ``since`` the definitions changed. Read off the queue's
    front: what several workers have taken at the same moment is not told apart."""

    waiting: int
    total: int
    since: datetime

    @property
    def done(self) -> int:
        return self.total - self.waiting


def fingerprint() -> str:
    """What tells the definitions of this version from those of another."""
    return hashlib.sha256(statement().encode()).hexdigest()


def watch(conn: Connection) -> bool:
    """Marks everybody if this version computes otherwise than the one before; whether it did. Two processes that
    start at once mark once."""
    with conn.transaction():
        row = conn.execute(Q["note"], {"fingerprint": fingerprint(), "at": now()}).fetchone()
        if row is None:
            return False
        derive.dirty_everybody(conn, _BULK)
        conn.execute(Q["marked"], {"lane": _BULK})
        return True


def progress(conn: Connection) -> Progress | None:
    """How far it is; None when everybody is computed as this version defines."""
    row = conn.execute(Q["progress"], {"lane": _BULK}).fetchone()
    return Progress(*row) if row else None
