"""One's own account: profile, password, second step, signed-in browsers."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cartfolk.core.secrets import decrypt, encrypt
from cartfolk.core.time import now

from .. import acts, presence, throttle, two_factor
from ..access import actor, member, myself, who
from ..account_forms import Code, Disable, Password, Profile
from ..given import whole
from ..members import two_factor_required
from .account import code_sentence, wait_sentence

OFFERED = "two_factor_offered"  # the session key of the sealed secret whose picture was shown


@myself
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    return _page(request)


@member
@require_POST
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language and time zone."""
    form = Profile(request.POST)
    if not form.is_valid():
        return _page(request, 422, profile_form=form)
    mine, said = who(request), form.cleaned_data
    with transaction.atomic():
        User.objects.filter(pk=mine.pk).update(first_name=said["name"])
        mine.language, mine.time_zone = said["language"], said["time_zone"]
        mine.save(update_fields=["language", "time_zone"])
    with translation.override(mine.language or translation.get_language()):
        messages.success(request, _("Saved."))
    response = redirect("web:account")
    if mine.language:
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, mine.language, max_age=31_536_000, samesite="Lax")
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response


@sensitive_post_parameters()
@myself
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    """A new password; every other browser is signed out."""
    user = cast(User, request.user)
    form = Password(user, request.POST)
    if form.is_valid() and _password_fits(request, form):
        with transaction.atomic():
            user.set_password(form.cleaned_data["password"])
            user.save(update_fields=["password"])
            acts.note(actor(request), "member.password", f"user:{user.pk}")
            update_session_auth_hash(request, user)
            presence.end_all(user.pk, but=request.session.session_key)
        messages.success(request, _("Your password is changed; every other browser is signed out."))
        return redirect("web:account")
    return _page(request, 422, password_form=form)


@myself
@require_http_methods(["GET", "POST"])
def account_two_factor(request: HttpRequest) -> HttpResponse:
    """Turns the second step on: the picture for the app, and a first code as proof that it took it."""
    mine = who(request)
    if mine.totp_secret:
        return redirect("web:account")
    sealed = request.session.get(OFFERED)
    if not sealed:
        sealed = encrypt(two_factor.new_secret(), settings.SECRET_KEY, "two-factor").decode()
        request.session[OFFERED] = sealed
    secret = str(decrypt(sealed.encode(), settings.SECRET_KEY, "two-factor"))
    form = Code(request.POST or None)
    if request.method == "POST" and form.is_valid() and _may_try(request, form):
        try:
            codes = two_factor.enable(mine, secret, form.cleaned_data["code"])
        except two_factor.CodeRefused:
            _failed(request)
            form.add_error("code", code_sentence())
        else:
            del request.session[OFFERED]
            return render(request, "web/recovery_codes.html", {"codes": codes, "fresh": True})
    return render(
        request,
        "web/two_factor.html",
        {
            "form": form,
            "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            "picture": two_factor.picture(secret, cast(User, request.user).email),
            "required": two_factor_required(),
        },
        status=422 if form.is_bound else 200,
    )


@sensitive_post_parameters()
@myself
@require_http_methods(["GET", "POST"])
def account_two_factor_off(request: HttpRequest) -> HttpResponse:
    """Turning it off takes both the password and a code."""
    mine = who(request)
    if not mine.totp_secret:
        return redirect("web:account")
    form = Disable(request.POST or None)
    if request.method == "POST" and form.is_valid() and _password_fits(request, form):
        try:
            two_factor.disable(mine, form.cleaned_data["code"])
        except two_factor.CodeRefused:
            _failed(request)
            form.add_error("code", code_sentence())
        else:
            messages.success(request, _("Two-factor sign-in is off."))
            return redirect("web:account")
    context = {"form": form, "off": True}
    return render(request, "web/two_factor_code.html", context, status=422 if form.is_bound else 200)


@myself
@require_http_methods(["GET", "POST"])
def account_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, for a code of the app or one of the codes left."""
    mine = who(request)
    if not mine.totp_secret:
        return redirect("web:account-two-factor")
    form = Code(request.POST or None)
    if request.method == "POST" and form.is_valid() and _may_try(request, form):
        try:
            codes = two_factor.renew_codes(mine, form.cleaned_data["code"])
        except two_factor.CodeRefused:
            _failed(request)
            form.add_error("code", code_sentence())
        else:
            return render(request, "web/recovery_codes.html", {"codes": codes})
    return render(request, "web/two_factor_code.html", {"form": form}, status=422 if form.is_bound else 200)


@myself
@require_POST
def account_sessions(request: HttpRequest) -> HttpResponse:
    """Signs one other browser out (``id``), or all of them (``others``)."""
    user_id, chosen = cast(int, request.user.pk), whole(request.POST.get("id"), 0)
    if "others" in request.POST:
        count = presence.end_all(user_id, but=request.session.session_key)
    else:
        count = int(presence.end(user_id, chosen))
    if count:
        acts.note(actor(request), "member.signed_out", f"user:{user_id}", browsers=count)
    said = ngettext("%(count)s browser is signed out.", "%(count)s browsers are signed out.", count)
    messages.success(request, said % {"count": count})
    return redirect("web:account")


def _page(request: HttpRequest, status: int = 200, **given: Any) -> HttpResponse:
    mine, user = who(request), cast(User, request.user)
    known = {"name": user.first_name, "language": mine.language, "time_zone": mine.time_zone}
    context = {
        "member": mine,
        "role": mine.get_role_display(),
        "profile_form": Profile(initial=known),
        "password_form": Password(user),
        "devices": presence.devices(user.pk, request.session.session_key),
        "codes_left": two_factor.codes_left(mine),
        "required": two_factor_required(),
    }
    return render(request, "web/account.html", context | given, status=status)


def _names(request: HttpRequest) -> list[str]:
    return throttle.keys(request, f"again:{request.user.pk}")


def _failed(request: HttpRequest) -> None:
    throttle.failed(_names(request), now())


def _may_try(request: HttpRequest, form: forms.Form) -> bool:
    if seconds := throttle.wait(_names(request), now()):
        form.add_error(None, wait_sentence(seconds))
    return not seconds


def _password_fits(request: HttpRequest, form: forms.Form) -> bool:
    """Whether the form's ``present`` is the reader's password; wrong ones wait like wrong sign-ins."""
    if not _may_try(request, form):
        return False
    if cast(User, request.user).check_password(form.cleaned_data["present"]):
        return True
    _failed(request)
    form.add_error("present", _("This is not your present password."))
    return False
