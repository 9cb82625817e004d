"""What an address or a form gives, read strictly."""

from __future__ import annotations

from datetime import datetime
from typing import overload


@overload
def whole(text: str | None) -> int | None: ...
@overload
def whole(text: str | None, otherwise: int) -> int: ...
def whole(text: str | None, otherwise: int | None = None) -> int | None:
    """The whole number in ``text``: plain digits that PostgreSQL's bigint can hold; else ``otherwise``."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else otherwise


def moment(text: str) -> datetime | None:
    """The moment a page wrote down in ISO 8601, with its offset; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
