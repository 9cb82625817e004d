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

__all__ = ["database", "member"]

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


def _zone(request: HttpRequest) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(request.COOKIES.get("timezone", "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")
