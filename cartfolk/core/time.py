"""Time: every instant is an aware UTC datetime; the shop's own clock is translated at the border."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, UTC."""
    return datetime.now(UTC)


def utc(naive_or_aware: datetime) -> datetime:
    """The same instant in UTC; a naive time is taken to be UTC already."""
    if naive_or_aware.tzinfo is None:
        return naive_or_aware.replace(tzinfo=UTC)
    return naive_or_aware.astimezone(UTC)


def iso(instant: datetime | None) -> str | None:
    """ISO 8601 with ``Z``, as the command line and the doors speak it."""
    if instant is None:
        return None
    return utc(instant).isoformat().replace("+00:00", "Z")
