"""API tokens: make one, see which are used, end one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cartfolk.core.time import now

from .. import tokens as keys
from ..access import actor, owner
from ..account_forms import NewToken
from ..models import ApiToken


@owner
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The list; a new token is in the answer to its form, and nowhere afterwards."""
    form = NewToken(request.POST or None)
    shown: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        until = now() + timedelta(days=said["days"]) if said["days"] else None
        scopes = [keys.Scope(scope) for scope in said["scopes"]]
        shown = {
            "token": keys.create(actor(request), cast(int, request.user.pk), said["name"], scopes, until),
            "named": said["name"],
        }
        form = NewToken()
    at = now()
    rows = [
        {"it": token, "ended": token.expires_at is not None and token.expires_at <= at}
        for token in ApiToken.objects.filter(revoked_at=None).select_related("created_by").order_by("-created_at")
    ]
    status = 422 if form.errors else 200
    return render(request, "web/tokens.html", {"form": form, "rows": rows, **shown}, status=status)


@owner
@require_POST
def tokens_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    keys.revoke(actor(request), token_id)
    messages.success(request, _("Revoked. Whatever uses this token is refused from now on."))
    return redirect("web:tokens")
