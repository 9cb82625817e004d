"""The raw connection that pages and doors speak over, one a thread."""

from __future__ import annotations

import threading
import time

import psycopg
from django.conf import settings

from cartfolk.core.sql import Connection


class _Kept(threading.local):
    """This thread's connection, the address it was made for, and when it was last handed out."""

    conn: Connection | None = None
    url = ""
    at = 0.0


_kept = _Kept()
FRESH = 5.0  # seconds a connection is trusted without asking whether the server is still there


def database() -> Connection:
    """This thread's psycopg connection (autocommit). Not Django's own: that one hands JSON out as text."""
    if _kept.conn is not None and (_kept.url != settings.DATABASE_URL or not _alive(_kept.conn)):
        _kept.conn.close()
        _kept.conn = None
    if _kept.conn is None:
        _kept.url = settings.DATABASE_URL
        _kept.conn = psycopg.connect(_kept.url, autocommit=True, options="-c timezone=UTC")
    _kept.at = time.monotonic()
    return _kept.conn


def _alive(conn: Connection) -> bool:
    if conn.closed or conn.broken:
        return False
    if time.monotonic() - _kept.at < FRESH:
        return True
    try:
        conn.execute("select 1")
    except psycopg.OperationalError:
        return False
    return True
