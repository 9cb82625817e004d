"""Who may see a page, in whose time zone, and the raw connection the rooms speak over."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from cartfolk.stores.database import database

__all__ = ["actor", "database", "marketer", "member", "owner"]

View = Callable[..., HttpResponseBase]


def member(view: View) -> View:
    """For signed-in people only, with times in the zone their browser told (cookie ``timezone``)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with timezone.override(_zone(request)):
            response = view(request, *args, **kwargs)
        response.setdefault("Cache-Control", "private, no-store")
        return response

    return cast(View, login_required(guarded))


def marketer(view: View) -> View:
    """For those who may change contacts, segments and views: owners and marketers."""
    return member(view)


def owner(view: View) -> View:
    """For those who may change the account itself: members, shops, tokens, privacy, erasure."""
    return member(view)


def actor(request: HttpRequest) -> str:
    """How the audit log and the history name who asks: ``user:<id>``."""
    return f"user:{request.user.pk}"


def _zone(request: HttpRequest) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(request.COOKIES.get("timezone", "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")
