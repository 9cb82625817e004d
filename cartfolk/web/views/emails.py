"""The addresses of a contact: add one, make one the first, take one away."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cartfolk import duplicates, people
from cartfolk.audit import log
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.pipeline import refresh

from .. import pairs
from ..access import actor, database, marketer

_ACTS = {"add": "contact.email-added", "first": "contact.email-first", "remove": "contact.email-removed"}


@marketer
@require_http_methods(["GET", "POST"])
def emails(request: HttpRequest, contact_id: int) -> HttpResponse:
    conn = database()
    found = duplicates.people(conn, [contact_id])
    if contact_id not in found:
        raise Http404(_("There is no contact with this number."))
    typed = request.POST.get("email", "").strip()[:320]
    error, taken = "", None
    if request.method == "POST" and (act := request.POST.get("act", "")) in _ACTS:
        try:
            _change(conn, contact_id, act, typed)
        except people.EmailTaken as refused:
            taken = refused.contact_id
            error = _("E-mail address: it belongs to another contact.")
        except people.EmailNamed:
            error = _("E-mail address: the shop's records name the contact by it. Change it in the shop.")
        except ValueError:
            error = _("E-mail address: it must look like name@example.org and belong to nobody who was erased.")
        else:
            log.note(conn, actor(request), _ACTS[act], f"contact:{contact_id}")
            messages.success(request, _("The addresses are saved."))
            return redirect("web:contact-emails", contact_id)
    context = {
        "contact": pairs.shown(found[contact_id]),
        "emails": people.emails(conn, contact_id),
        "typed": typed if error and request.POST.get("act") == "add" else "",
        "error": error,
        "taken": taken,
    }
    return render(request, "web/emails.html", context, status=422 if error else 200)


def _change(conn: Connection, contact_id: int, act: str, email: str) -> None:
    """One act, and the contact's values with it."""
    if act == "add":
        people.add_email(conn, conn, contact_id, email)
    elif act == "first":
        people.rename(conn, conn, contact_id, email)
    else:
        people.remove_email(conn, conn, contact_id, email)
    with conn.transaction():
        refresh(conn, [contact_id], now(), "user")
