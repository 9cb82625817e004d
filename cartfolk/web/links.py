"""One-time links and tokens: random text that is shown once, and the hash that is kept of it."""

from __future__ import annotations

import hashlib


def kept(token: str) -> str:
    """SHA-256 of a token of at least 80 random bits, in hex: enough where nothing can be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()
