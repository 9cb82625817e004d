"""Ids in the order of a time, for lists that are asked for page by page."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from typing import overload

# No zone is further from UTC than 14 hours, and no clock change is longer than 3.
_EDGE = 3 * 3600


class Ids(Sequence[int]):
    """The ids of such pairs without a copy: a page of a list of a million costs a page."""

    def __init__(self, pairs: list[tuple[int, int]], backwards: bool = False) -> None:
        self._pairs = pairs
        self._backwards = backwards

    def backwards(self) -> Ids:
        return Ids(self._pairs, not self._backwards)

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[int]:
        pairs = reversed(self._pairs) if self._backwards else iter(self._pairs)
        return (record_id for _moment, record_id in pairs)

    @overload
    def __getitem__(self, place: int) -> int: ...

    @overload
    def __getitem__(self, place: slice) -> list[int]: ...

    def __getitem__(self, place: int | slice) -> int | list[int]:
        size = len(self._pairs)
        if isinstance(place, int):
            return self._pairs[-1 - place if self._backwards else place][1]
        places = range(size)[place]
        if self._backwards:
            return [self._pairs[size - 1 - each][1] for each in places]
        return [self._pairs[each][1] for each in places]


class TimeIndex:
    """Pairs (UTC seconds, id), sorted; ties in order of id."""

    def __init__(self) -> None:
        self._pairs: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._pairs)

    def fill(self, pairs: list[tuple[int, int]]) -> None:
        """Replace everything: for the first load."""
        self._pairs = sorted(pairs)

    def add(self, moment: int, record_id: int) -> None:
        insort(self._pairs, (moment, record_id))

    def remove(self, moment: int, record_id: int) -> None:
        """Raise KeyError if the pair is not there: then index and world disagree, which is a bug."""
        place = bisect_left(self._pairs, (moment, record_id))
        if place >= len(self._pairs) or self._pairs[place] != (moment, record_id):
            raise KeyError((moment, record_id))
        del self._pairs[place]

    def between(self, after: int | None, before: int | None) -> list[tuple[int, int]]:
        """Pairs with after < time < before, both bounds strict."""
        low = 0 if after is None else bisect_right(self._pairs, (after, 2**62))
        high = len(self._pairs) if before is None else bisect_left(self._pairs, (before, -1))
        return self._pairs[low:high]

    def between_local(
        self, after: tuple[str, int] | None, before: tuple[str, int] | None, local: Callable[[int], str]
    ) -> list[tuple[int, int]]:
        """The same with bounds in wall-clock text, each given with its approximate UTC second.

        Wall clocks repeat an hour in autumn, so near a bound each row is compared by its text.
        """
        lower = None if after is None else after[1] - _EDGE
        upper = None if before is None else before[1] + _EDGE
        rows = self.between(lower, upper)
        if after is not None:
            text, about = after
            safe = bisect_right(rows, (about + _EDGE, 2**62))
            rows = [row for row in rows[:safe] if local(row[0]) > text] + rows[safe:]
        if before is not None:
            text, about = before
            safe = bisect_left(rows, (about - _EDGE, -1))
            rows = rows[:safe] + [row for row in rows[safe:] if local(row[0]) < text]
        return rows
