"""Who may see a page, in whose time zone, and the raw connection the rooms speak over."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from cartfolk.stores.database import database

from . import members
from .models import Member
from .roles import Role

__all__ = ["actor", "database", "marketer", "member", "myself", "owner", "role_of", "who"]

View = Callable[..., HttpResponseBase]
_FORGERY = "csrfmiddlewaretoken"
_SECRET = re.compile("pass|secret|token|key|code|present")


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
        if not request.user.is_authenticated:  # the session may have ended under an open page
            htmx = request.htmx  # type: ignore[attr-defined]
            if htmx and not htmx.boosted:
                # No sign-in in the middle of a list, and no leaving of what is typed: the page says what to do.
                return HttpResponse(status=401)
            if request.method == "POST":
                return _again(request)
        return signed_in(request, *args, **kwargs)

    protected.needs = needs  # type: ignore[attr-defined]  # what the frame and the tests know of it
    return protected


def _again(request: HttpRequest) -> HttpResponse:
    """A form sent after the session ended: a page that keeps what was typed and sends it once somebody has signed in.
    Not files, which no page can hold, nor secrets, which none should: after signing in their form is there again."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values if name != _FORGERY]
    if not fields or request.FILES or any(_SECRET.search(name) for name, _value in fields):
        return redirect_to_login(_before(request))
    response = render(request, "web/signed_out.html", {"fields": fields}, status=401)
    response["Cache-Control"] = "private, no-store"
    return response


def _before(request: HttpRequest) -> str:
    """The address of the page whose form it was: the form's own may be for sending only."""
    page = urlsplit(request.META.get("HTTP_REFERER", ""))
    return urlunsplit(("", "", page.path, page.query, "")) if page.netloc == request.get_host() and page.path else "/"


def _zone(request: HttpRequest, asking: Member) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(asking.time_zone or request.COOKIES.get("timezone", "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")
