"""The PostgreSQL processes of a cluster: found, waited for, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def _postmaster_lines(cluster: Path) -> Sequence[str]:
    """postmaster.pid: line 1 the process id, line 8 the state."""
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return ()


def is_ready(cluster: Path, pid: int) -> bool:
    lines = _postmaster_lines(cluster)
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def _belongs(pid: int, cluster: Path) -> bool:
    """Whether `pid` is a PostgreSQL process of this cluster."""
    process = Path("/proc", str(pid))
    try:
        if not Path("/proc/self").exists():
            ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
            command = subprocess.run(ps, capture_output=True, text=True).stdout
            return "postgres" in command and str(cluster) in command
        if (process / "comm").read_text().strip() != "postgres":
            return False
        try:
            return os.path.samefile(process / "cwd", cluster)
        except PermissionError:  # another account's, and we may not trace: know the postmaster at least
            return os.fsencode(cluster) in (process / "cmdline").read_bytes()
    except OSError:
        return False


def inhabitants(cluster: Path) -> list[int]:
    """The ids of all PostgreSQL processes of this cluster; without /proc only of its postmaster."""
    lines = _postmaster_lines(cluster)
    pids = {int(lines[0])} if lines and lines[0].isdigit() else set()
    with contextlib.suppress(OSError):
        pids |= {int(name) for name in os.listdir("/proc") if name.isdigit()}
    return [pid for pid in pids if _belongs(pid, cluster)]


def evict(cluster: Path) -> None:
    """End what a killed watcher or postmaster left on the cluster: it would keep a new server from starting.

    A process id in postmaster.pid that by now is another program's (usual in containers, where ids are few)
    would do the same, so that file goes. Otherwise it stays: PostgreSQL knows its own dead by it.
    """

    for kind, patience in ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        left = inhabitants(cluster)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, kind)
        deadline = time.monotonic() + patience
        while left and time.monotonic() < deadline:
            time.sleep(0.02)
            left = [pid for pid in left if _belongs(pid, cluster)]
    lines = _postmaster_lines(cluster)
    if lines and lines[0].isdigit() and _exists(int(lines[0])) and not _belongs(int(lines[0]), cluster):
        (cluster / "postmaster.pid").unlink(missing_ok=True)
