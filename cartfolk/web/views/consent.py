"""The record's consent tab: the state by channel and purpose, the whole ledger, granting with evidence, withdrawing."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cartfolk.audit import log
from cartfolk.commerce import consent
from cartfolk.core.time import now
from cartfolk.pipeline import refresh

from .. import words
from ..access import actor, database, marketer, member
from .record import _frame, find


@member
@require_GET
def show(request: HttpRequest, contact_id: int) -> HttpResponse:
    return _show(request, contact_id, {})


@marketer
@require_POST
def act(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Grant or withdraw in the person's name; a grant needs the evidence in words."""
    conn = database()
    if isinstance(person := find(conn, contact_id), int):
        contact_id = person  # merged meanwhile: what was said is said of who it is now
    told = {name: request.POST.get(name, "").strip() for name in ("channel", "purpose", "do", "text", "basis")}
    if told["channel"] not in consent.CHANNELS or told["purpose"] not in consent.PURPOSES:
        return _show(request, contact_id, told | {"error": _("Choose a channel and a purpose.")}, 422)
    status: consent.Status = "granted" if told["do"] == "grant" else "withdrawn"
    evidence = {"text": told["text"][:2000], "legal_basis": told["basis"] if told["basis"] in consent.BASES else ""}
    try:
        with conn.transaction():
            contact_id = consent.act(
                conn, contact_id, told["channel"], told["purpose"], status, consent.HAND,
                evidence=evidence, by=actor(request),
            )  # fmt: skip
            log.note(conn, actor(request), f"consent.{status}", f"contact:{contact_id}",
                     channel=told["channel"], purpose=told["purpose"])  # fmt: skip
            refresh(conn, [contact_id], now(), "user")
    except consent.NoEvidence:
        said = _("Evidence: say when, where and to which words the person agreed.")
        return _show(request, contact_id, told | {"error": said}, 422)
    except consent.NobodyThere:
        raise Http404(_("There is no contact with this number.")) from None
    messages.success(request, _("Consent noted.") if status == "granted" else _("Withdrawal noted."))
    return redirect("web:contact-consent", contact_id)


def _show(request: HttpRequest, contact_id: int, typed: dict[str, str], status: int = 200) -> HttpResponse:
    conn = database()
    person = find(conn, contact_id)
    if isinstance(person, int):
        return redirect("web:contact-consent", person)
    context = _frame(conn, person) | {
        "tab": "consent",
        "states": consent.states(conn, [contact_id]),
        "ledger": consent.ledger(conn, contact_id),
        "channels": [(one, words.say(words.CONSENT, one)) for one in consent.CHANNELS],
        "purposes": [(one, words.say(words.CONSENT, one)) for one in consent.PURPOSES],
        "bases": [(one, words.say(words.CONSENT, one)) for one in consent.BASES],
        "typed": typed,
    }
    return render(request, "web/contact_consent.html", context, status=status)
