"""What goes wrong between shop and connector, switched on and off while the shop runs.

A fault is one JSON object: `kind`, and when it strikes: only requests whose route contains `path`, every
`every`-th of them (default each), with `probability` (default 1), at most `count` times (default for ever).

| kind | effect | own fields |
|---|---|---|
| rate_limit | 429 with Retry-After | retry_after (seconds, 1) |
| server_error | 500, 502, 503 ... with a WordPress error | status (500) |
| timeout | no answer for a long time, then 504 | seconds (120) |
| latency | the answer comes late | seconds (0.2) |
| firewall | an HTML page | status (200) |
| notice | a PHP notice before the JSON | |
| truncated | half of the JSON, complete according to Content-Length | |
| shift | rows change between pages: after the answer some orders are edited silently | rows (5) |
| poison | a plugin crashes whenever this record is shown in full: 500 for its whole page | id |
| | with `deep` even where only its id is asked for | deep (false) |
| old_version | what newer versions of the platform added does not exist | |
| strip_authorization | a proxy takes the Authorization header away | |
| hidden_https | a proxy ends TLS and does not tell: the shop believes it is on plain http | |
| analytics_off | wc-analytics does not exist | |
| webhook_drop | a delivery is lost | |
| webhook_duplicate | a delivery is sent twice | |
| webhook_reorder | a delivery is held back until others have passed it | |
| webhook_latency | deliveries start late | seconds (1) |
| webhook_unsafe | private delivery addresses are refused, as WordPress does by default | |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

REQUEST_KINDS = (
    "rate_limit",
    "server_error",
    "timeout",
    "latency",
    "firewall",
    "notice",
    "truncated",
    "shift",
    "poison",
    "old_version",
    "strip_authorization",
    "hidden_https",
    "analytics_off",
)
WEBHOOK_KINDS = ("webhook_drop", "webhook_duplicate", "webhook_reorder", "webhook_latency", "webhook_unsafe")


class FaultError(ValueError):
    """The description of a fault is malformed; the message names the field and what is allowed."""


@dataclass(slots=True)
class Fault:
    kind: str
    path: str = ""
    every: int = 1
    probability: float = 1.0
    count: int | None = None
    seconds: float | None = None
    retry_after: int = 1
    status: int | None = None
    id: int = 0
    deep: bool = False
    rows: int = 5
    seen: int = 0
    struck: int = 0


class Faults:
    """The faults in force. Chance is seeded: the same requests meet the same faults."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(f"faults/{seed}")
        self._active: list[Fault] = []

    def add(self, description: Mapping[str, Any]) -> Fault:
        """Switch a fault on. Raises FaultError."""
        known = set(Fault.__dataclass_fields__) - {"seen", "struck"}
        unknown = sorted(set(description) - known)
        if unknown:
            raise FaultError(f"fault: unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}")
        kind = description.get("kind")
        if kind not in REQUEST_KINDS + WEBHOOK_KINDS:
            raise FaultError(f"fault: kind {kind!r} is not one of {', '.join(REQUEST_KINDS + WEBHOOK_KINDS)}")
        fault = Fault(**description)
        if fault.every < 1:
            raise FaultError(f"fault {kind}: every must be 1 or more, not {fault.every}")
        self._active.append(fault)
        return fault

    def clear(self) -> None:
        self._active.clear()

    def told(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._active]

    def strike(self, kind: str, path: str = "") -> Fault | None:
        """The fault of this kind that strikes this request or delivery now, if any."""
        for fault in self._active:
            if fault.kind != kind or fault.path not in path:
                continue
            fault.seen += 1
            if fault.seen % fault.every or (fault.count is not None and fault.struck >= fault.count):
                continue
            if fault.probability < 1 and self._rng.random() >= fault.probability:
                continue
            fault.struck += 1
            return fault
        return None

    def poisoned(self, ids: set[int], whole: set[int], route: str) -> bool:
        """Whether one of these records crashes what shows it; ``whole`` are those that are shown in full."""
        return any(
            fault.kind == "poison" and fault.path in route and fault.id in (ids if fault.deep else whole)
            for fault in self._active
        )

    def pick(self, population: int) -> int:
        """A seeded choice of one in `population`."""
        return self._rng.randrange(population)
