"""Hints of our own plugins, for platforms that send no webhooks or none with what we need.

A hint is ``{"stream": "orders", "ids": ["12"], "site": "https://shop.example"}``, signed by Standard Webhooks with the
store's ingest secret. ``site``, the address the shop is configured to have, may be missing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Container, Mapping
from typing import Any

from cartfolk.core import secrets

from .base import Hint
from .errors import SignatureInvalid

MOST_IDS = 1000


def text_id(value: Any) -> str | None:
    """An id as most platforms have them: text."""
    return value if isinstance(value, str) and value else None


def hint(
    headers: Mapping[str, str],
    body: bytes,
    secret: str,
    streams: Container[str],
    key: Callable[[Any], str | None] = text_id,
) -> Hint:
    """See `Connector.webhook`. A hint about another stream than ``streams`` is ignored, and so is an id that ``key``
    does not read. Raises SignatureInvalid."""
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
    if not isinstance(stream, str) or stream not in streams or not isinstance(ids, list):
        return Hint("", (), ignore="not a hint")
    site = told.get("site")
    known = dict.fromkeys(found for each in ids if (found := key(each)) is not None)
    if not known or len(known) > MOST_IDS:
        return Hint(stream, (), ignore="no ids, or too many")
    return Hint(stream, tuple(known), site=site if isinstance(site, str) else "")
