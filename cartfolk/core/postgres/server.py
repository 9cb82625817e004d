"""The cluster and its postmaster, in the watcher's hands."""

from __future__ import annotations

import contextlib
import hashlib
import locale
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from .binaries import find_binaries
from .errors import PostgresStartFailed
from .folder import tail
from .processes import evict, is_ready
from .stance import choose_stance

NAME = "cartfolk"  # of the role and of the database
RESTART_PAUSE = 0.5  # seconds at least between two starts of a server that keeps dying
LOG_BYTES = 8 << 20
SOCKET = ".s.PGSQL.5432"


class Server:
    """The cluster in `home` and its postmaster."""

    def __init__(self, home: Path, settings: Mapping[str, str]) -> None:
        self._home, self._cluster = home, home / "cluster"
        self._binaries = find_binaries(_major(self._cluster))
        self._stance = choose_stance(home, self._binaries.directory / "postgres")
        self._give(home)
        self._log = (home / "postgres.log").open("ab")
        self.socket = self._socket_dir() / SOCKET
        self._make_cluster()
        quoted = str(self.socket.parent).replace('"', '""')
        self._options = {**self._tuned(), "unix_socket_directories": f'"{quoted}"', **settings}
        self._postmaster: subprocess.Popen[bytes] | None = None
        self._started = float("-inf")

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}@/{NAME}?host={quote(str(self.socket.parent), safe='')}&port=5432"

    def alive(self) -> bool:
        return self._postmaster is not None and self._postmaster.poll() is None

    def start(self, cancelled: Callable[[], bool]) -> None:
        """Start the postmaster and wait until it accepts connections, or `cancelled` says not to.
        Raises PostgresStartFailed after three attempts."""
        options = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        for _ in range(3):
            # A server that dies as soon as it is up must not be started a hundred times a second.
            time.sleep(max(0.0, self._started + RESTART_PAUSE - time.monotonic()))
            self._started = time.monotonic()
            evict(self._cluster)
            for stale in (self.socket, self.socket.with_name(SOCKET + ".lock")):
                stale.unlink(missing_ok=True)
            start = self._log.seek(0, os.SEEK_END)
            self._postmaster = self._spawn("postgres", "-D", self._cluster, *options)
            while self.alive() and not cancelled():
                if is_ready(self._cluster, self._postmaster.pid):
                    return
                time.sleep(0.01)
            if self.alive():
                return
        raise PostgresStartFailed(f"PostgreSQL does not start:\n{tail(self._home, start)}")

    def stop(self, timeout: float) -> None:
        """Fast shutdown, after `timeout` seconds an immediate one."""
        for kind, patience in ((signal.SIGINT, timeout), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            if self._postmaster is None or self._postmaster.poll() is not None:
                break
            self._postmaster.send_signal(kind)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._postmaster.wait(patience)
        if self.socket.parent != self._home / "run":
            shutil.rmtree(self.socket.parent, ignore_errors=True)

    def cap_log(self) -> None:
        """Keep one older log. Everybody appends to the same file, so it is copied and cut, not renamed."""
        log = self._home / "postgres.log"
        if log.stat().st_size > LOG_BYTES:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)

    def _spawn(self, program: str, *arguments: str | Path, text: str | None = None) -> subprocess.Popen[bytes]:
        """Start a program of the binaries in our stance, its output in the log, `text` on its input."""
        environment = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
        child = subprocess.Popen(
            [self._binaries.directory / program, *arguments], preexec_fn=self._stance.enter, umask=0o077,
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE, stdout=self._log, stderr=self._log,
            env={**environment, "LC_ALL": "C"}, cwd="/",
        )  # fmt: skip
        if text is not None and child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(text.encode())
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
        return child

    def _make_cluster(self) -> None:
        """initdb, role and database in a folder beside, renamed when all is there: killed at any moment, the
        next start begins anew."""
        for unfinished in self._home.glob("cluster.new-*"):
            evict(unfinished)
            shutil.rmtree(unfinished, ignore_errors=True)
        if self._cluster.exists():
            return
        new = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=self._home))
        self._give(new)
        start = self._log.seek(0, os.SEEK_END)
        # Sorted by code point (fast, and the same on every machine), but lower() and upper() know Unicode.
        locales = ["--locale=C", f"--lc-ctype={_unicode_ctype()}"]
        if self._binaries.major >= 17:
            locales = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = [
            "--username=postgres",
            "--auth-local=trust",
            "--auth-host=reject",
        ]  # the socket is in a 0700
        statements = f"CREATE ROLE {NAME} LOGIN CREATEDB;\nCREATE DATABASE {NAME} OWNER {NAME};\n"
        single = ["--single", "-D", str(new), "-c", "exit_on_error=on", "postgres"]
        made = self._spawn("initdb", "-D", new, "--encoding=UTF8", *locales, *access).wait() == 0
        if not made or self._spawn("postgres", *single, text=statements).wait() != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise PostgresStartFailed(
                f"PostgreSQL cannot make its database in {self._home}:\n{tail(self._home, start)}"
            )
        new.rename(self._cluster)

    def _give(self, path: Path) -> None:
        """Hand everything in `path` to the account that runs the server, if it is another one."""
        if self._stance.uid is None:
            return
        for folder, _, files in os.walk(path):
            for item in (folder, *(os.path.join(folder, name) for name in files)):
                if os.lstat(item).st_uid != self._stance.uid:
                    os.chown(item, self._stance.uid, self._stance.gid, follow_symlinks=False)

    def _socket_dir(self) -> Path:
        """run/ if a socket can be made there: its path may be too long (107 bytes, 103 on macOS), its file
        system may have no sockets, and libpq splits addresses at commas. Else the same private folder in the
        temporary one at every start."""
        name = f"{NAME}-{os.geteuid()}-{hashlib.sha256(os.fsencode(self._home)).hexdigest()[:16]}"
        folders = [Path(parent, name) for parent in (tempfile.gettempdir(), "/tmp")]  # noqa: S108 - checked below
        for folder in ([] if "," in str(self._home) else [self._home / "run"]) + folders:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                folder.mkdir(mode=0o700, exist_ok=True)
                self._give(folder)
                stat = folder.lstat()
                owners = {os.geteuid()} if self._stance.uid is None else {self._stance.uid}
                if folder.is_symlink() or stat.st_uid not in owners or stat.st_mode & 0o077:
                    continue  # somebody else's folder under our name
                (folder / SOCKET).unlink(missing_ok=True)
                probe.bind(str(folder / SOCKET))
                return folder
        raise PostgresStartFailed(
            f"No folder for PostgreSQL's socket: tried {', '.join(map(str, folders))}. Choose a data folder "
            "with a shorter path (CARTFOLK_DATA), or set DATABASE_URL."
        )

    def _tuned(self) -> dict[str, str]:
        memory = _memory_bytes() >> 20
        options = {
            "listen_addresses": "",
            "max_connections": "100",
            "shared_buffers": f"{max(64, min(memory // 4, 1024))}MB",
            "effective_cache_size": f"{max(128, memory // 2)}MB",
            "work_mem": "32MB",
            "maintenance_work_mem": "256MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "wal_compression": "lz4",
            "random_page_cost": "1.1",
            "jit": "off",  # the statements are many and short
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
            # Nothing personal in logs: no statements, no details such as "Key (email)=(...) already exists".
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        if sys.platform == "linux":
            options["effective_io_concurrency"] = "200"
            with contextlib.suppress(OSError):
                shm = os.statvfs("/dev/shm")  # noqa: S108 - only its size
                if shm.f_bavail * shm.f_frsize < 1 << 30:  # containers give 64 MB, parallel plans want more
                    options["dynamic_shared_memory_type"] = "sysv"
        postgres = str(self._binaries.directory / "postgres")
        probe = [postgres, "-D", str(self._cluster), "-c", "wal_compression=lz4", "-C", "wal_compression"]
        if subprocess.run(probe, preexec_fn=self._stance.enter, capture_output=True).returncode:
            options["wal_compression"] = "on"  # built without lz4
        return options


def _major(cluster: Path) -> int | None:
    if not cluster.exists():
        return None
    try:
        return int((cluster / "PG_VERSION").read_text())
    except (OSError, ValueError) as error:
        raise PostgresStartFailed(
            f"{cluster} is no PostgreSQL cluster (PG_VERSION is missing or unreadable). Restore a backup, or "
            "move that folder away to begin with an empty database."
        ) from error


def _unicode_ctype() -> str:
    """A locale of this system that knows Unicode's upper and lower case, for PostgreSQL before 17."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8"):
            with contextlib.suppress(locale.Error):
                return locale.setlocale(locale.LC_CTYPE, name)
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def _memory_bytes() -> int:
    """Of the machine, or of the container when that is less."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # ValueError: "max"
            memory = min(memory, int(Path(limit).read_text()))
    return memory
