"""A user of the embedded server: joins it, or has it started, and keeps it alive by a lease."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

from .errors import (
    DataFolderNotWritable,
    EmbeddedPostgresError,
    PostgresMissing,
    PostgresStartFailed,
    PostgresVersionMismatch,
)
from .folder import address, is_held, lock, tail

if sys.platform != "win32":
    import fcntl

READY_TIMEOUT = 600.0  # seconds; crash recovery of 4 GB of WAL on a slow disk is minutes
# Our package comes last on the path: nothing beside it may shadow the standard library.
_WATCHER = f"""import sys
sys.path.append({str(Path(__file__).parents[3])!r})
from cartfolk.core.postgres.watcher import main
sys.exit(main(*sys.argv[1:]))"""


class EmbeddedPostgres:
    """One user of the server in `data_dir`; several processes may use one data folder at the same time.

    `settings`: PostgreSQL settings over our own; those of the process that starts the server count.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._home = Path(os.path.abspath(data_dir)) / "postgres"
        self._settings = dict(settings or {})
        self._lease: IO[bytes] | None = None

    def start(self) -> str:
        """Join the server, or start it; returns its URL for libpq. Call it again to heal a killed watcher.

        Raises an EmbeddedPostgresError.
        """
        if sys.platform == "win32":
            raise PostgresMissing("The embedded PostgreSQL needs Linux or macOS. Set DATABASE_URL.")
        if self._lease is not None:
            return self._join()
        try:
            # One by one: mkdir gives its mode to the last folder only, and the data folder holds secrets too.
            self._home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._home.mkdir(mode=0o700, exist_ok=True)
            with (self._home / "watcher.lock").open("ab"), (self._home / "postgres.log").open("ab"):
                self._lease = (self._home / "lease.lock").open("ab")
        except OSError as error:
            raise DataFolderNotWritable(
                f"Cannot use the data folder {self._home.parent}: {error.strerror}. Run Cartfolk as the "
                "owner of that folder, or choose another one with CARTFOLK_DATA, or set DATABASE_URL."
            ) from error
        try:
            fcntl.flock(self._lease, fcntl.LOCK_SH)  # waits while the server of earlier users is being stopped
            return self._join()
        except BaseException:
            self._leave()
            raise

    def stop(self, timeout: float = 20) -> None:
        """Leave. Whoever is the last also waits until the server is down: a clean shutdown within `timeout`
        seconds, otherwise an immediate one, which loses nothing but makes the next start recover."""
        if self._lease is None:
            return
        for _ in range(3):  # the watcher tries the lock for an instant, too
            if lock(self._lease, exclusive=True):
                (self._home / "stop").write_text(str(timeout))
                deadline = time.monotonic() + timeout + 10
                while is_held(self._home / "watcher.lock") and time.monotonic() < deadline:
                    time.sleep(0.01)
                break
            time.sleep(0.01)
        self._leave()

    @property
    def url(self) -> str:
        """The server's URL, starting or joining it when need be."""
        return (address(self._home) if self._lease else None) or self.start()

    def running(self) -> bool:
        """Whether the server accepts connections now, whoever started it."""
        return address(self._home) is not None

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _leave(self) -> None:
        if self._lease is not None:
            self._lease.close()
            self._lease = None

    def _join(self) -> str:
        """1. A server that accepts connections is joined. 2. Where no watcher lives, ours is started; of
        several started at once, one gets the lock and the others end. 3. Wait for 1, or for our watcher's
        error. Someone else's error is not known here, so their failed watcher is followed by ours."""
        watcher: subprocess.Popen[str] | None = None
        deadline = time.monotonic() + READY_TIMEOUT
        while time.monotonic() < deadline:
            if url := address(self._home):
                return url
            if watcher is not None and watcher.poll():
                raise _reported(watcher, self._home)
            if (watcher is None or watcher.poll() == 0) and not is_held(self._home / "watcher.lock"):
                watcher = self._start_watcher()
            time.sleep(0.01)
        raise PostgresStartFailed(
            f"PostgreSQL does not accept connections after {READY_TIMEOUT:.0f} seconds:\n{tail(self._home)}"
        )

    def _start_watcher(self) -> subprocess.Popen[str]:
        # A session of its own: Ctrl-C in the terminal must reach the users first.
        command = [sys.executable, "-P", "-c", _WATCHER, str(self._home), json.dumps(self._settings)]
        with (self._home / "postgres.log").open("ab") as log:
            watcher = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        _watchers.append(watcher)
        return watcher


# Kept, as dropping a running one would warn; each may outlive its starter.
_watchers: list[subprocess.Popen[str]] = []


def running_url(data_dir: Path) -> str | None:
    """The URL of the server that runs in `data_dir`, else None. It takes no lease: to work with the server,
    `EmbeddedPostgres(data_dir).start()` joins it and keeps it alive."""
    return address(Path(os.path.abspath(data_dir)) / "postgres")


def _reported(watcher: subprocess.Popen[str], home: Path) -> EmbeddedPostgresError:
    kinds = (PostgresMissing, PostgresVersionMismatch, PostgresStartFailed, DataFolderNotWritable)
    try:
        report = json.loads(watcher.stdout.read() if watcher.stdout else "")
        return {kind.__name__: kind for kind in kinds}[report["error"]](report["message"])
    except (ValueError, KeyError):
        return PostgresStartFailed(f"The watcher of PostgreSQL ended with code {watcher.returncode}:\n{tail(home)}")
