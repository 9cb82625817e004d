"""Hints of our subscriber (integrations/medusa): Medusa itself sends no webhooks.

A hint is ``{"stream": "orders", "ids": ["order_01…"]}``, signed by Standard Webhooks with the store's ingest secret.
Carts, which the Admin API cannot list, come as envelopes through the ingest door instead.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from cartfolk.core import secrets

from ..base import Hint
from ..errors import SignatureInvalid
from .info import FIELDS

MOST_IDS = 1000


def hint(headers: Mapping[str, str], body: bytes, secret: str) -> Hint:
    """See `Connector.webhook`. Raises SignatureInvalid."""
    if not secret:
        raise SignatureInvalid("This store has no secret yet.")
    try:
        secrets.verify(secret, headers, body, time.time())
    except (secrets.SignatureRefused, ValueError) as error:
        raise SignatureInvalid(str(error)) from None
    try:
        told: Any = json.loads(body)
    except ValueError:
        return Hint("", (), ignore="not JSON")
    stream, ids = (told.get("stream"), told.get("ids")) if isinstance(told, dict) else (None, None)
    if not isinstance(stream, str) or stream not in FIELDS or not isinstance(ids, list):
        return Hint("", (), ignore="not a hint")
    known = tuple(dict.fromkeys(each for each in ids if isinstance(each, str) and each))
    if not known or len(known) > MOST_IDS:
        return Hint(stream, (), ignore="no ids, or too many")
    return Hint(stream, known)
