"""Hints of our plugin (integrations/vendure): Vendure itself sends no webhooks.

A hint is ``{"stream": "orders", "ids": ["12"]}``, signed by Standard Webhooks with the store's ingest secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import hints
from ..base import Hint
from .queries import LISTINGS


def hint(headers: Mapping[str, str], body: bytes, secret: str) -> Hint:
    """See `Connector.webhook`. Raises SignatureInvalid."""
    return hints.hint(headers, body, secret, LISTINGS, _id)


def _id(value: Any) -> str | None:
    """Text or a whole number: a shop's id strategy decides."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
