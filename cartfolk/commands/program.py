"""The program around a command: its database, its tables, its children."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from cartfolk.core.postgres import EmbeddedPostgres, EmbeddedPostgresError
from cartfolk.core.sql import Connection

from .exits import CommandFailed, Exit


def data_dir() -> Path:
    return Path(os.environ.get("CARTFOLK_DATA", "data")).resolve()


@contextmanager
def database(data: Path | None = None) -> Iterator[str]:
    """The address of the database: DATABASE_URL, or the embedded server (joined or started) for as long
    as the block lasts. Django is set up to use it. Raises CommandFailed."""
    if data is not None:
        os.environ["CARTFOLK_DATA"] = str(data.resolve())
    given = os.environ.get("DATABASE_URL") or _file("DATABASE_URL_FILE")
    if given:
        os.environ["DATABASE_URL"] = given
        _set_up_django()
        yield given
        return
    server = EmbeddedPostgres(data_dir())
    try:
        url = server.start()
    except EmbeddedPostgresError as error:
        raise CommandFailed(str(error), Exit.INSTALLATION) from error
    os.environ["DATABASE_URL"] = url
    try:
        _set_up_django()
        yield url
    finally:
        _close_django()
        server.stop()
        os.environ.pop("DATABASE_URL", None)


def _file(name: str) -> str:
    path = os.environ.get(name)
    return Path(path).read_text(encoding="utf-8").strip() if path else ""


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cartfolk.settings")
    import django
    from django.conf import settings

    django.setup()
    settings.DATABASE_URL = os.environ["DATABASE_URL"]


def _close_django() -> None:
    from django.db import connections

    connections.close_all()


def migrate() -> None:
    """Brings the tables up to date; only one process at a time does it. Raises CommandFailed."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.utils import OperationalError

    try:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(4027, 2)")
            try:
                call_command("migrate", verbosity=0, interactive=False)
            finally:
                cursor.execute("select pg_advisory_unlock(4027, 2)")
    except OperationalError as error:
        raise CommandFailed(
            f"The database cannot be reached: {str(error).splitlines()[0]} Check DATABASE_URL, or leave it out.",
            Exit.INSTALLATION,
        ) from error


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """An autocommit connection. Raises CommandFailed."""
    try:
        conn = psycopg.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        raise CommandFailed(
            f"The database cannot be reached: {str(error).splitlines()[0]} Check DATABASE_URL, or leave it out.",
            Exit.INSTALLATION,
        ) from error
    with conn:
        yield conn


def _die_with_parent() -> None:
    """A child of a killed program ends too (Linux); elsewhere it notices on its own."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Children:
    """The program's own processes: started together, restarted when one dies, stopped together."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self._commands = dict(commands)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, float] = {}

    def start(self) -> None:
        for name in self._commands:
            self._start(name)

    def _start(self, name: str) -> None:
        self._running[name] = subprocess.Popen(
            list(self._commands[name]),
            stdin=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,
            start_new_session=True,  # Ctrl-C reaches us only; we stop them in order
        )
        self._started[name] = time.monotonic()

    def watch(self) -> None:
        """Restarts what died; call it now and then."""
        for name, child in self._running.items():
            if child.poll() is not None and time.monotonic() - self._started[name] > 1:
                print(f"cartfolk: {name} ended with code {child.returncode}; starting it again", file=sys.stderr)
                self._start(name)

    def stop(self, timeout: float = 15) -> None:
        for child in self._running.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + timeout
        for child in self._running.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def web_command(host: str, port: int, processes: int) -> list[str]:
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", str(processes), "--blocking-threads", "4", "--no-ws", "--log-level", "warning",
        "--respawn-failed-workers", "--backlog", "2048", "cartfolk.wsgi:application",
    ]  # fmt: skip


def worker_command() -> list[str]:
    return [sys.executable, "-m", "cartfolk", "worker"]
