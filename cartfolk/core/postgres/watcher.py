"""The watcher: a process of its own that owns the server as long as it has users."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from .errors import EmbeddedPostgresError
from .folder import lock, publish
from .server import Server

if sys.platform != "win32":
    import fcntl

GRACE = 2.0  # seconds the server outlives its last user, so that a row of commands shares one start
TICK = 0.2  # seconds between two looks of the watcher


def watch(home: Path, settings: Mapping[str, str]) -> None:
    """Own the server until its last user is gone, a user asks for the stop, or SIGTERM comes.

    Raises an EmbeddedPostgresError when the server cannot be made to run.
    """
    with (home / "watcher.lock").open("ab") as own, (home / "lease.lock").open("rb") as lease:
        while not lock(own, exclusive=True):
            if not lock(own, exclusive=False):
                return  # another watcher was faster
            fcntl.flock(own, fcntl.LOCK_UN)  # only users, who look at this lock for an instant
            time.sleep(0.005)
        if lock(lease, exclusive=True) or not lock(lease, exclusive=False):
            return  # we come too late: nobody is there any more, or the last user waits for the end
        fcntl.flock(lease, fcntl.LOCK_UN)
        (home / "server.json").unlink(missing_ok=True)
        (home / "stop").unlink(missing_ok=True)
        terminated, wake = _signals()
        server = Server(home, settings)
        idle_since: float | None = None
        try:
            while not terminated and home.exists() and not (home / "stop").exists():
                if not server.alive():
                    (home / "server.json").unlink(missing_ok=True)
                    server.start(cancelled=lambda: bool(terminated))
                    if not terminated:
                        publish(home, server.url, server.socket)
                select.select([wake], [], [], TICK)
                with contextlib.suppress(BlockingIOError):
                    os.read(wake, 512)
                server.cap_log()
                if not lock(lease, exclusive=True):
                    idle_since = None
                    continue
                idle_since = idle_since or time.monotonic()
                if time.monotonic() - idle_since >= GRACE:
                    break  # the lock is kept: newcomers wait for the end of this watcher and start theirs
                fcntl.flock(lease, fcntl.LOCK_UN)
        finally:
            (home / "server.json").unlink(missing_ok=True)
            server.stop(_stop_timeout(home))


def _stop_timeout(home: Path) -> float:
    try:
        return float((home / "stop").read_text())
    except (OSError, ValueError):
        return 60.0


def _signals() -> tuple[list[int], int]:
    """SIGTERM and SIGINT collect in a list; any signal, also the end of a child, wakes the returned pipe."""
    terminated: list[int] = []
    wake, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda number, frame: terminated.append(number))
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    return terminated, wake


def main(home: str, settings: str) -> int:
    """Be the watcher of `home`; an error goes to standard output as JSON, for the starter."""
    try:
        watch(Path(home), json.loads(settings))
    except (EmbeddedPostgresError, OSError) as error:
        kind = type(error).__name__ if isinstance(error, EmbeddedPostgresError) else "PostgresStartFailed"
        with contextlib.suppress(BrokenPipeError):
            os.write(1, json.dumps({"error": kind, "message": str(error)}).encode())
        return 1
    return 0
