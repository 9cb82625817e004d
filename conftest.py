"""One PostgreSQL for the whole test run; each test that asks for ``database`` gets its own clone of a template.

With ``DATABASE_URL`` that server is used (it must allow creating databases), else an embedded one is
started in a temporary folder: the very server the product ships.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

os.environ.setdefault("CARTFOLK_DATA", tempfile.mkdtemp(prefix="cartfolk-test-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cartfolk.settings")
_GIVEN_URL = os.environ.pop("DATABASE_URL", "")

import django  # noqa: E402

django.setup()

from cartfolk.core.postgres import EmbeddedPostgres  # noqa: E402
from cartfolk.core.sql import Connection  # noqa: E402


def named(url: str, name: str) -> str:
    """The same server, another database, as a postgresql:// address."""
    parts = conninfo_to_dict(url) | {"dbname": name}
    user = f"{parts.pop('user', '')}" + (f":{parts.pop('password')}" if parts.get("password") else "")
    query = urlencode({key: value for key, value in parts.items() if key != "dbname"})
    return f"postgresql://{user}@/{name}?{query}"


def point_django_at(url: str) -> None:
    from django.conf import settings
    from django.db import connections

    from cartfolk.settings import database

    connections["default"].close()
    connections["default"].settings_dict.update(database(url))
    settings.DATABASE_URL = url
    os.environ["DATABASE_URL"] = url


def drop(admin: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    """Drops a database whoever is connected. Only an autovacuum worker, the server's own, may not be ended by us: it
    is waited for."""
    for _ in range(50):
        try:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
            return
        except psycopg.errors.InsufficientPrivilege:
            time.sleep(0.1)


MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
ROOM = 4 << 30  # bytes; with less a test run could fill it


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The server of this test run; in memory where there is room, since a clone of the template takes a tenth there."""
    if _GIVEN_URL:
        yield _GIVEN_URL
        return
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    with (
        tempfile.TemporaryDirectory(prefix="cartfolk-test-", dir=MEMORY if roomy else None) as folder,
        EmbeddedPostgres(Path(folder), settings={"fsync": "off"}) as server,
    ):
        yield server.url


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """A migrated database that every test's own is cloned from."""
    from django.core.management import call_command
    from django.db import connections

    name = f"cartfolk_template_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        point_django_at(named(server_url, name))
        call_command("migrate", verbosity=0)
        connections["default"].close()
        yield name
        connections["default"].close()
        drop(admin, name)


@pytest.fixture
def database(server_url: str, template: str) -> Iterator[str]:
    """The address of a fresh, migrated database; Django's default connection points to it too."""
    from django.db import connections
    from django.utils import translation

    name = f"cartfolk_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        url = named(server_url, name)
        point_django_at(url)
        yield url
        translation.deactivate()  # a page asked for in German leaves it to whoever comes next
        connections["default"].close()
        drop(admin, name)


@pytest.fixture
def conn(database: str) -> Iterator[Connection]:
    """A psycopg connection (autocommit) to the test's own database."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection
