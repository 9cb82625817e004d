"""``cartfolk doctor``: looks at the installation and says what to do about each problem.

Every check answers with one :class:`Finding`. A check never raises for what it looks at, and never changes
anything. Nothing personal, no password and no key appears in a message.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from cartfolk.core.postgres import OLDEST_MAJOR, EmbeddedPostgres, EmbeddedPostgresError, running_url
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.properties import calculated, recompute
from cartfolk.properties.catalogue import COMPUTED, PROPERTIES, SETTABLE
from cartfolk.properties.defined import load

OLDEST_PYTHON = (3, 11)
FREE_BYTES = 2 << 30  # PostgreSQL keeps up to 4 GB of write-ahead log during an import, then gives it back
MAX_SKEW = timedelta(seconds=5)  # webhook and ingest signatures are refused outside a window of minutes
MAX_WAIT = timedelta(seconds=60)  # a live delivery is handled within a second or two
MIN_KEY = 32  # characters of CARTFOLK_SECRET_KEY

Q = Statements.beside(__file__, "doctor.sql")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``message``: what was found and, when not ``ok``, what to do."""

    name: str
    ok: bool
    message: str


def problems() -> list[Finding]:
    """Everything that was looked at, good and bad, in the order in which it is worth repairing.

    Uses the settings of this process; with no DATABASE_URL it starts (and leaves) the embedded PostgreSQL.
    """
    data = Path(settings.DATA_DIR)
    found = [python(), data_folder(data), disk(data), secret_key(data), public_url(settings.PUBLIC_URL)]
    return [*found, *_database(data, str(settings.DATABASE_URL))]


def python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("Python", False, f"Python {version} is too old; install 3.11 or newer.")
    return Finding("Python", True, version)


def data_folder(data: Path) -> Finding:
    """Ours to write in, and nobody else's to read or change what matters in it."""
    name = "Data folder"
    if not data.is_dir():
        return Finding(name, False, f"{data} does not exist; create it, or correct CARTFOLK_DATA.")
    if not os.access(data, os.W_OK | os.X_OK):
        return Finding(name, False, f"{data} cannot be written to; run Cartfolk as its owner, or set CARTFOLK_DATA.")
    if data.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not data.stat().st_mode & stat.S_ISVTX:
        return Finding(name, False, f"Other users can change {data}; run: chmod 700 {data}")
    for entry in ("secret_key", "postgres", "exports", "backups"):
        path = data / entry
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return Finding(name, False, f"Other users can open {path}; run: chmod -R go= {path}")
    return Finding(name, True, str(data))


def disk(data: Path) -> Finding:
    place = next(folder for folder in (data, *data.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / (1 << 30):.1f} GB free at {place}"
    if free < FREE_BYTES:
        return Finding("Disk", False, f"Only {text}; make room, or move the data folder (CARTFOLK_DATA).")
    return Finding("Disk", True, text)


def secret_key(data: Path) -> Finding:
    """The key that encrypts the shops' credentials: long, and the same tomorrow."""
    name = "Secret key"
    if os.environ.get("CARTFOLK_SECRET_KEY") or os.environ.get("CARTFOLK_SECRET_KEY_FILE"):
        if len(str(settings.SECRET_KEY)) < MIN_KEY:
            return Finding(
                name,
                False,
                f"CARTFOLK_SECRET_KEY is shorter than {MIN_KEY} characters. Choose a long random one; "
                "the shops' credentials must be entered again after the change.",
            )
        return Finding(name, True, "from CARTFOLK_SECRET_KEY")
    if not (data / "secret_key").exists():
        return Finding(name, False, f"{data / 'secret_key'} is missing; restore it from the backup.")
    return Finding(name, True, f"in {data / 'secret_key'}; it belongs into the backup")


def public_url(url: str) -> Finding:
    """Shops send webhooks there, and the tracking script and the session cookie travel to it."""
    name = "Public address"
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return Finding(name, False, f"CARTFOLK_PUBLIC_URL is {url!r}; it must look like https://cartfolk.example.com")
    if parts.query or parts.fragment or parts.username:
        return Finding(name, False, f"CARTFOLK_PUBLIC_URL {url!r} must have no ?, no # and no user.")
    if _is_loopback(parts.hostname):
        return Finding(name, True, f"{url} (this computer only: no shop on the internet can reach it)")
    if parts.scheme == "http":
        return Finding(
            name,
            False,
            f"{url} is not encrypted; put a reverse proxy with a certificate in front and set "
            "CARTFOLK_PUBLIC_URL to its https:// address (docs/deploy.md).",
        )
    if parts.port not in {None, 80, 443, 8080}:
        return Finding(name, False, f"{url}: WordPress sends webhooks to ports 80, 443 and 8080 only; use one of them.")
    return Finding(name, True, url)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _database(data: Path, url: str) -> Iterator[Finding]:
    name = "Database"
    embedded = None if url else EmbeddedPostgres(data)
    try:
        address = embedded.start() if embedded else url
        with psycopg.connect(address, autocommit=True, connect_timeout=10) as conn:
            yield version(conn, "embedded" if embedded or running_url(data) == url else "DATABASE_URL")
            yield clock(conn)
            yield from schema(conn)
    except EmbeddedPostgresError as error:
        yield Finding(name, False, str(error))
    except psycopg.OperationalError as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        yield Finding(
            name,
            False,
            f"PostgreSQL cannot be reached: {first}. Check DATABASE_URL, and that the server runs and lets "
            "this user in.",
        )
    finally:
        if embedded:
            embedded.stop()


def version(conn: Connection, source: str) -> Finding:
    number = conn.info.server_version
    text = f"PostgreSQL {number // 10000}.{number % 10000} ({source})"
    if number < OLDEST_MAJOR * 10000:
        return Finding("Database", False, f"{text} is too old; Cartfolk needs {OLDEST_MAJOR} or newer.")
    return Finding("Database", True, text)


def clock(conn: Connection) -> Finding:
    before = now()
    row = conn.execute(Q["server_time"]).fetchone()
    after = now()
    assert row is not None
    skew = abs(row[0] - (before + (after - before) / 2))
    text = f"{skew.total_seconds():.1f} s between this computer and the database"
    if skew > MAX_SKEW + (after - before):
        return Finding("Clock", False, f"{text}; switch on time synchronisation (NTP) on both.")
    return Finding("Clock", True, text)


def schema(conn: Connection) -> Iterator[Finding]:
    """Migrations; once they are there, the columns, the stores and the worker."""
    missing = _unapplied(conn)
    if missing:
        some = ", ".join(missing[:3]) + (" ..." if len(missing) > 3 else "")
        yield Finding(
            "Migrations",
            False,
            f"{len(missing)} not applied ({some}); start `cartfolk serve` or `cartfolk web`.",
        )
        return
    yield Finding("Migrations", True, "all applied")
    yield property_columns(conn)
    yield computed_values(conn)
    yield from formulas(conn)
    yield from stores(conn)
    yield worker(conn)


def _unapplied(conn: Connection) -> list[str]:
    row = conn.execute(Q["has_migrations"]).fetchone()
    applied = set(conn.execute(Q["migrations"])) if row and row[0] else set()
    on_disk = MigrationLoader(None).disk_migrations or {}
    replaced = {key for migration in on_disk.values() for key in migration.replaces}
    return sorted(f"{app}.{name}" for app, name in set(on_disk) - applied - replaced)


def property_columns(conn: Connection) -> Finding:
    """Every property of the catalogue has its column."""
    there = {name for (name,) in conn.execute(Q["property_columns"])}
    missing = sorted({*COMPUTED, *SETTABLE} - there)
    if missing:
        some = ", ".join(missing[:3]) + (" ..." if len(missing) > 3 else "")
        text = f"{len(missing)} columns are missing ({some}); restart `cartfolk serve` or `cartfolk web`."
        return Finding("Properties", False, text)
    return Finding("Properties", True, f"{len(PROPERTIES)} properties")


def computed_values(conn: Connection) -> Finding:
    """Whether contacts still wait to be computed as this version of Cartfolk defines the properties."""
    progress = recompute.progress(conn)
    text = "all up to date"
    if progress:
        text = f"{progress.waiting} of {progress.total} contacts wait to be computed; the worker does it"
    return Finding("Computed values", True, text)


def formulas(conn: Connection) -> Iterator[Finding]:
    """Calculated properties that stand still because something their formula reads is gone."""
    known = load(conn, archived=True).properties
    for name, error in calculated.unreadable(known).items():
        yield Finding(
            f"Formula {name}",
            False,
            f"{error} Its values stay as they were. Correct the formula under Settings → Properties, or archive it.",
        )


def stores(conn: Connection) -> Iterator[Finding]:
    for name, state, reason, hooks in conn.execute(Q["stores"]):
        title = f"Store {name}"
        if state == "stopped":
            yield Finding(title, False, reason or "Stopped. Open its page under Stores and test it.")
        elif state == "paused":
            yield Finding(title, True, "paused by you; nothing is fetched until you resume it")
        elif hooks and hooks.get("ok") is False:
            message = hooks.get("message") or "the shop's webhooks do not arrive"
            yield Finding(title, False, f"{message} Open its page under Stores and repair the webhooks.")
        else:
            yield Finding(title, True, "connected")


def worker(conn: Connection) -> Finding:
    """Somebody handles what arrives: judged by the work itself, not by a process list."""
    row = conn.execute(Q["waiting"]).fetchone()
    assert row is not None
    waiting, oldest = row
    if oldest is not None and oldest > MAX_WAIT:
        return Finding(
            "Worker",
            False,
            f"{waiting} deliveries wait, the oldest for {oldest.total_seconds() / 60:.0f} minutes. Start "
            "`cartfolk worker` (or `cartfolk serve`), and look at its log.",
        )
    return Finding("Worker", True, f"{waiting} deliveries waiting")
