"""Who may see a page, in whose time zone, and the raw connection the rooms speak over."""

from __future__ import annotations

import threading
import time
import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

import psycopg
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cartfolk.core.sql import Connection

View = Callable[..., HttpResponse]


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


def member(view: View) -> View:
    """For signed-in people only, with times in the zone their browser told (cookie ``timezone``)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with timezone.override(_zone(request)):
            response = view(request, *args, **kwargs)
        response.setdefault("Cache-Control", "private, no-store")
        return response

    return cast(View, login_required(guarded))


def _zone(request: HttpRequest) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(request.COOKIES.get("timezone", "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")
