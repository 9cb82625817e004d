"""What an address or a form gives, read strictly."""

from __future__ import annotations

from typing import overload


@overload
def whole(text: str | None) -> int | None: ...
@overload
def whole(text: str | None, otherwise: int) -> int: ...
def whole(text: str | None, otherwise: int | None = None) -> int | None:
    """The whole number in ``text``: plain digits that PostgreSQL's bigint can hold; else ``otherwise``."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else otherwise
