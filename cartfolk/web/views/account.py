"""Signing in (with its second step) and out, the first start, and accepting an invitation."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from cartfolk.core.time import now

from .. import acts, members, owner, throttle, two_factor
from ..account_forms import Accept, Code
from ..forms import Owner, SignIn

PENDING = "second_step"  # the session key: whose password was right, and when
PENDING_SECONDS = 300


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(_next(request))
    form = SignIn(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        names = throttle.keys(request, email)
        if seconds := throttle.wait(names, now()):
            status = 429
            form.add_error(None, wait_sentence(seconds))
        elif isinstance(
            user := authenticate(request, username=email.lower(), password=form.cleaned_data["password"]), User
        ):
            throttle.succeeded(names)
            if members.of(user).totp_secret:
                request.session.cycle_key()  # what was known of the session before is worth nothing after
                request.session[PENDING] = {
                    "user": user.pk,
                    "at": now().isoformat(),
                    "password": user.get_session_auth_hash(),
                    "next": _next(request),
                }
                return redirect("web:sign-in-code")
            return _let_in(request, user, _next(request))
        else:
            throttle.failed(names, now())
            form.add_error(None, gettext("E-mail and password do not match an account."))
    response = render(
        request,
        "web/sign_in.html",
        {
            "form": form,
            "next": request.POST.get("next") or request.GET.get("next", ""),
            "waiting": not owner.exists(),
        },
        status=status,
    )
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The second step: a code of the authenticator app, or a recovery code."""
    pending = request.session.get(PENDING)
    user = _pending_user(pending)
    if pending is None or user is None:
        if request.session.pop(PENDING, None):
            messages.error(request, gettext("The second step was open for too long. Enter your password again."))
        return redirect("web:sign-in")
    form, status = Code(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        names = throttle.keys(request, f"code:{user.pk}")
        if seconds := throttle.wait(names, now()):
            status = 429
            form.add_error(None, wait_sentence(seconds))
        else:
            try:
                two_factor.check(members.of(user), form.cleaned_data["code"])
            except two_factor.CodeRefused:
                throttle.failed(names, now())
                form.add_error("code", code_sentence())
            else:
                throttle.succeeded(names)
                del request.session[PENDING]
                return _let_in(request, user, pending["next"])
    response = render(request, "web/sign_in_code.html", {"form": form}, status=status)
    response["Cache-Control"] = "no-store"
    return response


def wait_sentence(seconds: int) -> str:
    return ngettext(
        "Too many attempts. Try again in %(seconds)s second.",
        "Too many attempts. Try again in %(seconds)s seconds.",
        seconds,
    ) % {"seconds": seconds}


def code_sentence() -> str:
    return gettext("This code is wrong or was used already. Take the next one the app shows.")


def _pending_user(pending: dict[str, str] | None) -> User | None:
    """Whose password was right less than five minutes ago and is still theirs."""
    if not pending or (now() - datetime.fromisoformat(pending["at"])).total_seconds() > PENDING_SECONDS:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    if user is None or not secrets.compare_digest(user.get_session_auth_hash(), pending["password"]):
        return None
    return user


def _let_in(request: HttpRequest, user: User, target: str) -> HttpResponse:
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    acts.note(f"user:{user.pk}", "member.signed_in", f"user:{user.pk}")
    response = redirect(target)
    if language := members.of(user).language:
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=31_536_000, samesite="Lax")
    return response


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind an invitation's one-time link: name and password, and one is in."""
    invited = members.invitation(token)
    form = Accept(request.POST or None)
    if invited and request.method == "POST" and form.is_valid():
        try:
            user = members.accept(token, form.cleaned_data["name"], form.cleaned_data["password"])
        except members.Refused:
            invited = None
        else:
            return _let_in(request, user, settings.LOGIN_REDIRECT_URL)
    if invited is None:
        return render(request, "web/setup_expired.html", {"invitation": True}, status=410)
    response = render(request, "web/invitation.html", {"form": form, "invited": invited})
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("web:sign-in")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the one-time link."""
    if not owner.valid(token):
        return render(request, "web/setup_expired.html", {"exists": owner.exists()}, status=410)
    form = Owner(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = owner.create(token, form.cleaned_data["email"], form.cleaned_data["password"])
        except owner.LinkExpired:
            return render(request, "web/setup_expired.html", {"exists": owner.exists()}, status=410)
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return redirect("web:home")
    response = render(request, "web/setup.html", {"form": form})
    response["Cache-Control"] = "no-store"
    # The token is in the address: no other site may see it. With "no-referrer" browsers post the form with
    # "Origin: null", which the forgery check refuses.
    response["Referrer-Policy"] = "same-origin"
    return response


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return target
    return settings.LOGIN_REDIRECT_URL
