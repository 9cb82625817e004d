"""Who may see a page, in whose time zone, and the raw connection the rooms speak over."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from cartfolk.stores.database import database

from . import members
from .models import Member
from .roles import Role

__all__ = ["actor", "database", "marketer", "member", "myself", "owner", "role_of", "who"]

View = Callable[..., HttpResponseBase]


def member(view: View) -> View:
    """For signed-in people only, with times in their zone (their profile's, else the browser's cookie)."""
    return _guard(view, Role.READER)


def marketer(view: View) -> View:
    """For those who may change contacts, segments and views: owners and marketers."""
    return _guard(view, Role.MARKETER)


def owner(view: View) -> View:
    """For those who may change the account itself: members, shops, tokens, privacy, erasure."""
    return _guard(view, Role.OWNER)


def myself(view: View) -> View:
    """For signed-in people and their own account, also while a second step is asked of them that they lack."""
    return _guard(view, Role.READER, second_step=False)


def who(request: HttpRequest) -> Member:
    """The signed-in member; read once a request."""
    kept: Member | None = getattr(request, "_member", None)
    if kept is None:
        kept = members.of(request.user)
        request._member = kept  # type: ignore[attr-defined]
    return kept


def role_of(request: HttpRequest) -> Role | None:
    """The reader's role, None when nobody is signed in."""
    return Role(who(request).role) if request.user.is_authenticated else None


def actor(request: HttpRequest) -> str:
    """How the audit log and the history name who asks: ``user:<id>``."""
    return f"user:{request.user.pk}"


def _guard(view: View, needs: Role, second_step: bool = True) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asking = who(request)
        if not Role(asking.role).includes(needs):
            raise PermissionDenied
        if second_step and asking.lacks_second_step:
            return redirect("web:account-two-factor")
        with timezone.override(_zone(request, asking)):
            response = view(request, *args, **kwargs)
        response.setdefault("Cache-Control", "private, no-store")
        return response

    signed_in = cast(View, login_required(guarded))

    @wraps(view)
    def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        htmx = request.htmx  # type: ignore[attr-defined]
        if htmx and not htmx.boosted and not request.user.is_authenticated:
            # The session ended meanwhile. No sign-in in the middle of a list: the whole page goes there, and back.
            return HttpResponseClientRedirect(redirect_to_login(htmx.current_url_abs_path or "/").url)
        return signed_in(request, *args, **kwargs)

    protected.needs = needs  # type: ignore[attr-defined]  # what the frame and the tests know of it
    return protected


def _zone(request: HttpRequest, asking: Member) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(asking.time_zone or request.COOKIES.get("timezone", "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")
