"""Hints of our subscriber (integrations/medusa): Medusa itself sends no webhooks.

A hint is ``{"stream": "orders", "ids": ["order_01…"]}``, signed by Standard Webhooks with the store's ingest secret.
Carts, which the Admin API cannot list, come as envelopes through the ingest door instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import hints
from ..base import Hint
from .info import FIELDS


def hint(headers: Mapping[str, str], body: bytes, secret: str) -> Hint:
    """See `Connector.webhook`. Raises SignatureInvalid."""
    return hints.hint(headers, body, secret, FIELDS)
