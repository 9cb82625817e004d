"""Values of the database as JSON says them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cartfolk.core.time import iso


def plain(value: Any) -> Any:
    """A value as JSON says it: money as decimal strings, times as ISO 8601 UTC."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    return value
