"""The two ways in which BigCommerce writes times."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ..reading import FieldError, moment


def instant(value: Any, field: str) -> datetime | None:
    """v2 writes times as mails do (RFC 2822), v3 as ISO 8601. None for nothing. Raises FieldError."""
    if isinstance(value, str) and "," in value[:5]:
        try:
            found = parsedate_to_datetime(value)
        except ValueError:
            raise FieldError(field, f"{field} is not a time but {value[:40]!r}.") from None
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return moment(value, field)
