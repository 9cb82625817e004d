"""Values of the database as JSON says them, and JSON whose numbers keep every digit."""

from __future__ import annotations

import json
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


def exactly(text: str | bytes) -> Any:
    """JSON read without rounding: a number with a fraction is a Decimal. Raises ValueError, RecursionError."""
    return json.loads(text, parse_float=Decimal)


def document(value: Any, line: str = "\n") -> str:
    """JSON to read, two spaces a level; a Decimal is the number it is, digit by digit, where ``json`` knows floats
    only. ``line`` is what a line begins with."""
    deeper = f"{line}  "
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict) and value:
        inside = [
            f"{deeper}{json.dumps(str(key), ensure_ascii=False)}: {document(one, deeper)}" for key, one in value.items()
        ]
        return "{" + ",".join(inside) + line + "}"
    if isinstance(value, list) and value:
        return "[" + ",".join(f"{deeper}{document(one, deeper)}" for one in value) + line + "]"
    return json.dumps(value, ensure_ascii=False)
