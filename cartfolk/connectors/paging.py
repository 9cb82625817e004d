"""Cursors: where a walk through a shop's lists stands, as one small text that survives a restart.

`TimeCursor` walks by time, page one only: the next page starts at the last second seen. A second that
fills a whole page is a *cluster* and is walked by offset inside that second alone; if its number of
rows changes meanwhile, it is begun anew. `IdCursor` walks a list sorted by an ever growing id where only
offsets can be asked for: pages overlap by one row, and a gap between them means rows were deleted and the
walk steps back. Neither skips a row because of what others do to the shop meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

SECOND = timedelta(seconds=1)


class Cursor:
    """A frozen dataclass of plain values that writes itself as JSON without its defaults."""

    def text(self) -> str:
        blank = {name: field.default for name, field in type(self).__dataclass_fields__.items()}  # type: ignore[attr-defined]
        kept = {name: value for name, value in asdict(self).items() if value != blank[name]}  # type: ignore[call-overload]
        return json.dumps(kept, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError if the text is not one of ours."""
        fields: Any = json.loads(text)
        known = cls.__dataclass_fields__  # type: ignore[attr-defined]
        if not isinstance(fields, dict) or not set(fields) <= set(known):
            raise ValueError("this is not a cursor of this stream")
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})


@dataclass(frozen=True, slots=True)
class TimeCursor(Cursor):
    """``at``: UTC second the next page starts with (inclusive). ``seen``: ids of that second already given.
    ``cluster``: only that second, from ``offset``; ``total``: rows it had. ``more``: a poll goes on here.
    Outside a cluster ``offset`` counts rows from ``at`` on that no page can give."""

    at: str = ""
    seen: tuple[str, ...] = ()
    cluster: bool = False
    offset: int = 0
    total: int = -1
    more: bool = False

    @classmethod
    def starting(cls, at: datetime) -> TimeCursor:
        return cls(at=second(at))

    @property
    def time(self) -> datetime:
        return datetime.fromisoformat(self.at).replace(tzinfo=UTC)

    def earlier(self, by: timedelta) -> TimeCursor:
        """The start of a poll: again what happened shortly before, it may have been written late."""
        return TimeCursor(at=second(self.time - by))

    def after_page(self, rows: Sequence[tuple[str, str]], full: bool) -> TimeCursor | None:
        """Where to go on after a page of ``(id, second)``, sorted by time; None = that was all."""
        if not full or not rows:
            return None
        first, last = rows[0][1], rows[-1][1]
        if first == last:
            return TimeCursor(at=last, seen=self.seen if last == self.at else (), cluster=True)
        return TimeCursor(at=last, seen=tuple(key for key, at in rows if at == last))

    def after_cluster_page(self, rows: int, total: int) -> TimeCursor:
        """Where to go on after a page of a cluster that has ``total`` rows now."""
        if self.offset and self.total >= 0 and total != self.total:
            return replace(self, offset=0, total=-1)  # it changed under our hands: once more from its start
        if rows == 0 or self.offset + rows >= total:
            return TimeCursor(at=second(self.time + SECOND))
        return replace(self, offset=self.offset + rows, total=total)

    def stepped_over(self) -> TimeCursor:
        """Behind the one row that stands here and cannot be given."""
        return replace(self, offset=self.offset + 1)


@dataclass(frozen=True, slots=True)
class IdCursor(Cursor):
    """``last``: greatest id already given. ``offset``: where in the list the next id should be."""

    last: int = 0
    offset: int = 0

    @property
    def ask(self) -> int:
        """The offset to ask for: one row is read again to see that nothing moved."""
        return max(0, self.offset - 1)

    def gap(self, first: int | None) -> bool:
        """Did the list move left under us? ``first`` is the first id of the page, None if it is empty."""
        return self.ask > 0 and (first is None or first > self.last)

    def stepped_back(self, by: int) -> IdCursor:
        return replace(self, offset=max(0, self.offset - by))

    def stepped_over(self) -> IdCursor:
        """Behind the one row that stands here and cannot be given."""
        return replace(self, offset=self.offset + 1)


def second(moment: datetime) -> str:
    """UTC without a zone, to the second: the form in which shops compare."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()
