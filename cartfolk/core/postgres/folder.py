"""DATA/postgres: what users and watcher tell each other by files and locks."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl


def address(home: Path) -> str | None:
    """What server.json says, believed only while a watcher lives and the socket answers."""
    try:
        server = json.loads((home / "server.json").read_text())
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(server["socket"])
        return str(server["url"]) if is_held(home / "watcher.lock") else None
    except (OSError, ValueError):
        return None


def publish(home: Path, url: str, at: Path) -> None:
    """Writes server.json in one step: the server accepts connections at ``url``, its socket is ``at``."""
    new = home / "server.json.new"
    new.write_text(json.dumps({"url": url, "socket": str(at)}))
    new.replace(home / "server.json")


def lock(file: IO[bytes], *, exclusive: bool) -> bool:
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return not lock(file, exclusive=False)
    except FileNotFoundError:
        return False


def tail(home: Path, start: int = 0, lines: int = 15) -> str:
    with (home / "postgres.log").open("rb") as log:
        log.seek(max(start, log.seek(0, os.SEEK_END) - 20_000))
        return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
