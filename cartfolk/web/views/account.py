"""Signing in and out, and the first start."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from cartfolk.core.time import now

from .. import owner, throttle
from ..forms import Owner, SignIn


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
            form.add_error(
                None,
                ngettext(
                    "Too many attempts. Try again in %(seconds)s second.",
                    "Too many attempts. Try again in %(seconds)s seconds.",
                    seconds,
                )
                % {"seconds": seconds},
            )
        elif user := authenticate(request, username=email.lower(), password=form.cleaned_data["password"]):
            throttle.succeeded(names)
            login(request, user)
            return redirect(_next(request))
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
