"""Charts as SVG, drawn here: no script draws, and the page's styles colour them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 600, 100


@dataclass(frozen=True, slots=True)
class Steps:
    """A value that holds until the next day it changed. ``path`` lies in a box of WIDTH by HEIGHT."""

    path: str
    first: date
    last: date
    lowest: int
    highest: int


def steps(sizes: Sequence[tuple[date, int]], today: date) -> Steps | None:
    """The chart of sizes by day, oldest first, drawn to ``today``; none when there is less than a step to see."""
    if not sizes or (len(sizes) == 1 and sizes[0][0] >= today):
        return None
    first, last = sizes[0][0], max(today, sizes[-1][0])
    values = [size for _, size in sizes]
    lowest, highest = min(values), max(values)
    days, span = max(1, (last - first).days), (highest - lowest) or 1

    def height(size: int) -> float:
        return HEIGHT - 4 - (HEIGHT - 8) * (size - lowest) / span

    drawn = [f"M0 {height(values[0]):.1f}"]
    for day, size in sizes[1:]:
        drawn.append(f"H{WIDTH * (day - first).days / days:.1f}V{height(size):.1f}")
    return Steps("".join([*drawn, f"H{WIDTH}"]), first, last, lowest, highest)
