"""As whom the server runs, when root starts it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import PostgresStartFailed

if sys.platform != "win32":
    import pwd


@dataclass(frozen=True)
class Stance:
    """As whom the server runs. An ordinary user needs nothing. Root has these ways, the first that works:

    1. `namespace`: a user namespace in which root is called 1000. The server sees an ordinary user, all files
       stay root's, all folders stay as closed as they are.
    2. `uid`: an unprivileged account that exists already; the cluster is given to it (containers usually
       forbid namespaces). Also how root opens a cluster that belongs to somebody.
    3. the same with one `capability`, where the account may not enter a parent of the data folder or of the
       binaries: to search folders (CAP_DAC_READ_SEARCH), or where that is withheld, CAP_DAC_OVERRIDE.
    """

    namespace: bool = False
    uid: int | None = None
    gid: int = 0
    capability: int | None = None

    def enter(self) -> None:
        """Runs in the child between fork and exec (the watcher has one thread). Raises OSError."""
        if self.namespace:
            gid = os.getegid()
            _linux("unshare", 0x10000000)  # CLONE_NEWUSER
            maps = {"setgroups": "deny", "uid_map": "1000 0 1", "gid_map": f"1000 {gid} 1"}
            for name, content in maps.items():
                Path("/proc/self", name).write_text(content)
        if self.uid is not None:
            if self.capability is not None:
                _linux("prctl", 8, 1)  # PR_SET_KEEPCAPS
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
        if self.capability is not None:
            bit = 1 << self.capability
            header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
            _linux("capset", header, (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0))
            _linux("prctl", 47, 2, self.capability, 0, 0)  # PR_CAP_AMBIENT_RAISE: survives exec
        if sys.platform == "linux":
            _linux("prctl", 1, signal.SIGINT)  # PR_SET_PDEATHSIG; last, as changing ids clears it


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform != "win32" else None


def _linux(call: str, *arguments: object) -> None:
    if sys.platform != "linux":
        raise OSError(f"{call} is for Linux")
    values = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    if getattr(_libc, call)(*values):
        raise OSError(ctypes.get_errno(), call)


def choose_stance(home: Path, postgres: Path) -> Stance:
    """The stance for a server `postgres` on `home`; its owner decides: a cluster somebody made stays theirs.

    Raises PostgresStartFailed when root has no way.
    """
    if os.geteuid() != 0:
        return Stance()
    owner = (home / "cluster" if (home / "cluster").exists() else home).stat()
    account = owner.st_uid, owner.st_gid
    stances = []
    if owner.st_uid == 0:
        stances.append(Stance(namespace=True))
        accounts = {entry.pw_name: (entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()}
        account = accounts.get("postgres") or accounts.get("nobody") or (65534, 65534)
    stances += [Stance(uid=account[0], gid=account[1], capability=capability) for capability in (None, 2, 1)]
    for stance in stances:

        def probe(stance: Stance = stance) -> None:
            stance.enter()
            home.stat()

        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run([postgres, "--version"], preexec_fn=probe, check=True, capture_output=True)
            return stance
    raise PostgresStartFailed(
        f"PostgreSQL does not run as root, and the unprivileged account {account[0]} may not enter "
        f"{home.parent} or {postgres.parent}. Run Cartfolk as an ordinary user, or choose a data folder that "
        "account may enter with CARTFOLK_DATA (such as /var/lib/cartfolk), or set DATABASE_URL."
    )
