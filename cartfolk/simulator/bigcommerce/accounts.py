"""API accounts and the quota they share."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, field

from ..world import ShopError
from .words import SCOPES

QUOTA = 300  # requests a window; BigCommerce has 150 in 30 s
WINDOW = 0.5  # seconds: the simulated store is in a hurry


@dataclass(slots=True)
class Account:
    """A token and what it may look at."""

    token: str
    client_secret: str
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))

    @property
    def client_id(self) -> str:
        return hashlib.sha256(self.token.encode()).hexdigest()[:31]


class Accounts:
    def __init__(self) -> None:
        self.by_token: dict[str, Account] = {}

    def add(self, account: Account) -> Account:
        self.by_token[account.token] = account
        return account

    def make(self, permissions: str) -> Account:
        """``all``, ``nothing``, or ``without_<scope>``. Raises ShopError."""
        without = permissions.removeprefix("without_")
        if permissions == "all":
            scopes = set(SCOPES)
        elif permissions == "nothing":
            scopes = set()
        elif permissions.startswith("without_") and without in SCOPES:
            scopes = set(SCOPES) - {without}
        else:
            raise ShopError(f"key: {permissions!r} must be all, nothing or without_ and one of {', '.join(SCOPES)}")
        return self.add(Account(secrets.token_hex(16), secrets.token_hex(32), scopes))


class Quota:
    """Requests left to all accounts together until the window ends."""

    def __init__(self) -> None:
        self._ends = 0.0
        self._used = 0

    def take(self) -> tuple[bool, dict[str, str]]:
        """Whether one more request is allowed, and the headers every answer has."""
        now = time.monotonic()
        if now >= self._ends:
            self._ends, self._used = now + WINDOW, 0
        allowed = self._used < QUOTA
        self._used = min(QUOTA, self._used + 1)
        return allowed, {
            "X-Rate-Limit-Requests-Left": str(QUOTA - self._used),
            "X-Rate-Limit-Requests-Quota": str(QUOTA),
            "X-Rate-Limit-Time-Reset-Ms": str(max(1, int((self._ends - now) * 1000))),
            "X-Rate-Limit-Time-Window-Ms": str(int(WINDOW * 1000)),
        }

    def taken_by_others(self, seconds: float) -> None:
        """Another app leaves one request until then."""
        self._ends, self._used = time.monotonic() + seconds, QUOTA - 1
