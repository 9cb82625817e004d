"""What the shop was asked and what it sent: for tests of politeness and completeness."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

_ID = re.compile(r"/\d+")


class Stats:
    """Counters since the start."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.webhooks: Counter[str] = Counter()
        self.ingest: Counter[str] = Counter()
        self.life: Counter[str] = Counter()
        self.running = 0
        self.max_concurrency = 0

    def began(self, method: str, route: str) -> None:
        """A request arrived; ids in the route are counted together."""
        self.requests[f"{method} {_ID.sub('/{id}', route)}"] += 1
        self.running += 1
        self.max_concurrency = max(self.max_concurrency, self.running)

    def ended(self, status: int) -> None:
        self.running -= 1
        self.statuses[str(status)] += 1

    def told(self) -> dict[str, Any]:
        return {
            "requests": dict(self.requests),
            "requests_total": sum(self.requests.values()),
            "statuses": dict(self.statuses),
            "max_concurrency": self.max_concurrency,
            "webhooks": dict(self.webhooks),
            "ingest": dict(self.ingest),
            "life": dict(self.life),
        }
