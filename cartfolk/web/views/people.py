"""People: who is in the account, with which role; invitations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cartfolk.core.time import now

from .. import members
from ..access import actor, owner
from ..account_forms import Invite
from ..models import Invitation
from ..roles import MEANINGS, Role


@owner
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    return _page(request)


@owner
@require_POST
def people_invite(request: HttpRequest) -> HttpResponse:
    """Makes a one-time link, shown once on the answer."""
    form = Invite(request.POST)
    if form.is_valid():
        try:
            link = members.invite(actor(request), form.cleaned_data["email"], Role(form.cleaned_data["role"]))
        except members.Refused as refused:
            form.add_error("email", str(refused))
        else:
            return _page(request, link=link, invited=form.cleaned_data["email"])
    return _page(request, 422, form=form)


@owner
@require_POST
def people_invitation(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """A new link for an invitation, or its end."""
    match request.POST.get("do"):
        case "resend":
            try:
                invitation, link = members.renew(actor(request), invitation_id)
            except members.Refused as refused:
                messages.error(request, str(refused))
            else:
                return _page(request, link=link, invited=invitation.email)
        case "revoke":
            members.revoke(actor(request), invitation_id)
            messages.success(request, _("Revoked; the link no longer works."))
        case unknown:
            raise BadRequest(f"do is {unknown!r}; it is one of resend, revoke.")
    return redirect("web:people")


@owner
@require_POST
def people_change(request: HttpRequest, user_id: int) -> HttpResponse:
    """Role, deactivation, second step of one member."""
    try:
        match request.POST.get("do"):
            case "role":
                try:
                    role = Role(request.POST.get("role", ""))
                except ValueError:
                    raise BadRequest("role is one of owner, marketer, reader.") from None
                members.change_role(actor(request), user_id, role)
            case "deactivate":
                members.deactivate(actor(request), user_id)
            case "activate":
                members.activate(actor(request), user_id)
            case "reset":
                members.reset_two_factor(actor(request), user_id)
            case unknown:
                raise BadRequest(f"do is {unknown!r}; it is one of role, deactivate, activate, reset.")
    except members.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Saved."))
    return redirect("web:people")


@owner
@require_POST
def people_two_factor(request: HttpRequest) -> HttpResponse:
    """Whether everybody needs the second step."""
    required = request.POST.get("required") == "1"
    members.require_two_factor(actor(request), required)
    messages.success(
        request,
        _("Everybody is asked to set up two-factor sign-in now.") if required else _("Two-factor sign-in is optional."),
    )
    return redirect("web:people")


def _page(request: HttpRequest, status: int = 200, **given: Any) -> HttpResponse:
    oldest = now() - members.VALID
    context = {
        "members": members.everyone(),
        "invitations": [
            {
                "it": invitation,
                "expired": invitation.created_at <= oldest,
                "until": invitation.created_at + members.VALID,
            }
            for invitation in Invitation.objects.order_by("-created_at")
        ],
        "roles": [(role, role.label, MEANINGS[role]) for role in reversed(Role)],
        "form": Invite(),
        "required": members.two_factor_required(),
        "days": members.VALID // timedelta(days=1),
    }
    return render(request, "web/people.html", context | given, status=status)
