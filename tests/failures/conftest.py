"""One database for the folder; each test has a shop and people of its own in it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cartfolk.core.sql import Connection
from conftest import drop, named, point_django_at

from .scene import Scene


@pytest.fixture(scope="package")
def shared(server_url: str, template: str) -> Iterator[str]:
    name = f"cartfolk_failures_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template)))
        yield named(server_url, name)
        drop(admin, name)


@pytest.fixture
def database(shared: str) -> Iterator[str]:
    from django.db import connections

    point_django_at(shared)
    yield shared
    connections["default"].close()


@pytest.fixture
def shop(conn: Connection, database: str) -> Scene:
    return Scene(conn, database)


@pytest.fixture
def open_shop(conn: Connection, database: str) -> Callable[..., Scene]:
    """A shop with something special."""

    def opened(**more: Any) -> Scene:
        return Scene(conn, database, **more)

    return opened
