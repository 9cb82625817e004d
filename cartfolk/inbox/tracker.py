"""The door of cartfolk.js: unsigned, so it takes little and believes less.

Only cart and checkout moments; only from pages of the shop itself (the Origin a browser sends cannot be set
by a script); small, few, and not from robots. The server's clock counts, not the visitor's.
"""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

from .known import bare_host

LARGEST = 64 * 1024  # bytes
PER_VISITOR, PER_STORE = 120, 6000  # moments a minute
_ROBOT = re.compile(r"bot\b|bot/|crawl|spider|slurp|headless|preview|monitor|lighthouse|python|curl|wget|^$", re.I)


class TooMany(Exception):
    """More moments in a minute than people make."""


def script() -> bytes:
    """The text of cartfolk.js."""
    return Path(__file__).with_name("static_src").joinpath("cartfolk.js").read_bytes()


def is_robot(agent: str) -> bool:
    return bool(_ROBOT.search(agent))


def from_shop(origin: str, host: str) -> bool:
    """Whether the page that sent this is the shop's: its host, or a subdomain of it."""
    sender = bare_host(origin)
    return bool(sender) and (sender == host or sender.endswith(f".{host}"))


class Limiter:
    """Counts per minute, in this process. What it forgets when a minute ends, it forgets for everybody."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0
        self._counts: dict[str, int] = {}

    def take(self, name: str, most: int) -> None:
        """Raises TooMany when ``name`` came more than ``most`` times this minute."""
        minute = int(time.monotonic() // 60)
        with self._lock:
            if minute != self._minute or len(self._counts) > 200_000:
                self._minute, self._counts = minute, {}
            count = self._counts.get(name, 0) + 1
            self._counts[name] = count
        if count > most:
            raise TooMany


LIMITER = Limiter()
