"""Secrets: encryption at rest, random keys and the Standard Webhooks signature.

The caller passes the program's secret key (core knows no settings). Every purpose gets its own key by
HKDF, so that what one part encrypts no other part can read by accident.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TOLERANCE = 300  # seconds a signature's time may lie in the past or the future (Standard Webhooks: 5 minutes)


class SecretUnreadable(Exception):
    """What is stored was encrypted with another CARTFOLK_SECRET_KEY."""

    def __init__(self) -> None:
        super().__init__(
            "The stored secret cannot be read with this CARTFOLK_SECRET_KEY. Start Cartfolk with the key it had "
            "before, or connect the store again."
        )


class SignatureRefused(Exception):
    """A message is not signed by the holder of the secret, or its time is outside the replay window."""


@lru_cache(maxsize=16)
def derived(key: str, purpose: str) -> bytes:
    """The 32 bytes that one purpose has for its own."""
    return HKDF(SHA256(), 32, salt=b"cartfolk", info=purpose.encode()).derive(key.encode())


@lru_cache(maxsize=16)
def _cipher(key: str, purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived(key, purpose)))


def encrypt(value: Any, key: str, purpose: str = "store") -> bytes:
    """``value`` (anything JSON can hold) encrypted and authenticated; reads back by :func:`decrypt`."""
    return _cipher(key, purpose).encrypt(json.dumps(value).encode())


def decrypt(token: bytes | memoryview, key: str, purpose: str = "store") -> Any:
    """The value that :func:`encrypt` was given. Raises SecretUnreadable for another key or a damaged token."""
    try:
        return json.loads(_cipher(key, purpose).decrypt(bytes(token)))
    except InvalidToken:
        raise SecretUnreadable from None


def random_key(size: int = 16) -> str:
    """A name nobody can guess, safe in an address; ``size`` random bytes (16 = 128 bit)."""
    return secrets.token_urlsafe(size)


def new_webhook_secret() -> str:
    """A secret in the form of Standard Webhooks: ``whsec_`` and the base64 of 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The Standard Webhooks signature ``v1,<base64 of HMAC-SHA256>`` over ``id.timestamp.body``.

    ``timestamp`` is in Unix seconds. Raises ValueError when the secret is not ``whsec_`` and base64.
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("A webhook secret is whsec_ followed by base64; copy it again from the store.") from None
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def verify(secret: str, headers: Mapping[str, str], body: bytes, at: float) -> str:
    """Checks a Standard Webhooks request (header names in lower case) and returns its ``webhook-id``.

    ``at`` is the present time in Unix seconds. The signature header may carry several signatures,
    separated by spaces (a sender changing its secret); one that fits is enough. Comparison is in
    constant time. Raises SignatureRefused, which says what is wrong.
    """
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (message_id and timestamp and given):
        raise SignatureRefused("Send the headers webhook-id, webhook-timestamp and webhook-signature.")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        raise SignatureRefused("webhook-timestamp is not a number of Unix seconds.")
    if abs(at - int(timestamp)) > TOLERANCE:
        raise SignatureRefused("webhook-timestamp is more than 5 minutes away from now; check the sender's clock.")
    wanted = sign(secret, message_id, int(timestamp), body).encode()
    fits = False
    for candidate in given.split()[:20]:
        fits |= hmac.compare_digest(candidate.encode(), wanted)
    if not fits:
        raise SignatureRefused("The signature does not fit the body; check the store's ingest secret.")
    return message_id
