"""About how many contacts a definition has, by some of them: a question about the orders of a million contacts takes
seconds, and whoever is typing wants to know now.

Contacts are drawn by their number, each as likely as any other; the statement that keeps touched contacts true says
which of them are in. Of a share p of n drawn the standard error is sqrt(p (1 - p) / n): of 4,000 at most 0.8 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from cartfolk.core.sql import Connection, Statements
from cartfolk.segments.compile import compile_touched
from cartfolk.segments.tree import Context, Node

Q = Statements.beside(__file__, "estimate.sql")
DRAWN = 4_000
CERTAIN = 10  # of fewer contacts found one cannot tell how many there are, only that they are few
RARE = 3  # not one in n drawn: with 95 % certainty fewer than 3 in n (the rule of three)


@dataclass(frozen=True, slots=True)
class Estimate:
    """``count`` contacts, or with ``fewer`` not as many; by ``drawn`` contacts. ``sample``: some that are in."""

    count: int
    fewer: bool
    drawn: int
    sample: list[int]


def estimate(conn: Connection, root: Node, where: Context, at: datetime, some: int) -> Estimate:
    """How many contacts a definition has at ``at``, with at most ``some`` of them. A condition on members of another
    segment takes them as they are now."""
    ids, total = conn.execute(Q["draw"], {"wanted": DRAWN}).fetchone() or ([], 0)
    compiled = compile_touched({0: root}, where)
    found = [
        row[0] for row in conn.execute(Q["among"].replace("__FRESH__", compiled.text), compiled.at(at) | {"ids": ids})
    ]
    drawn = len(ids)
    total = max(total, drawn)  # a table that was never analysed is said to be empty
    if len(found) < CERTAIN:
        most = (len(found) + RARE * (1 + math.sqrt(len(found)))) / max(1, drawn)
        return Estimate(_rounded(most * total), True, drawn, found[:some])
    return Estimate(_rounded(len(found) / drawn * total), False, drawn, found[:some])


def _rounded(number: float) -> int:
    """To two digits: the others are not known."""
    if number < 10:
        return max(1, round(number))
    digits = 1 - math.floor(math.log10(number))
    return int(round(number, digits))
