"""What a simulated shop can be told when it starts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Options:
    """`now` is UTC seconds (None = the real time); `live` is shopper actions per second, 0 for none."""

    platform: str = "woocommerce"
    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 7
    customers: int = 5000
    now: int | None = None
    orders: Path | None = None
    subscriptions: bool = False  # some customers subscribe
    live: float = 0.0
    pretend_https: bool = False
    certificate: Path | None = None  # PEM with key and certificate: the shop is served by real TLS
    plain_permalinks: bool = False
    frozen_clock: bool = False
    runners: int = 2
    key: str = ""
    secret: str = ""
    faults: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Made from the seed, so that a restarted shop knows its key.
        self.key = self.key or f"ck_{self._token('key')}"
        self.secret = self.secret or f"cs_{self._token('secret')}"

    def _token(self, purpose: str) -> str:
        return hashlib.sha256(f"cartfolk-simulator/{self.seed}/{purpose}".encode()).hexdigest()[:40]
