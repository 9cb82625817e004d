"""Notes on a contact: written, changed, deleted and brought back on the timeline."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cartfolk.audit import log
from cartfolk.core.sql import Connection
from cartfolk.identity import merges
from cartfolk.properties import notes

from ..access import actor, database, marketer
from ..templatetags.cartfolk import number


@marketer
@require_POST
def add(request: HttpRequest, contact_id: int) -> HttpResponse:
    conn, contact_id = _of(contact_id)
    try:
        with conn.transaction():
            note = notes.add(conn, contact_id, request.POST.get("body", ""), actor(request))
            log.note(conn, actor(request), "note.added", f"contact:{contact_id}", note=note)
    except notes.NoteRefused as error:
        messages.error(request, _refusal(error))
    except notes.NoteMissing as error:
        raise Http404(_("There is no contact with this number.")) from error
    return redirect("web:contact", contact_id)


@marketer
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, contact_id: int, note_id: int) -> HttpResponse:
    conn, contact_id = _of(contact_id)
    try:
        note = notes.one(conn, contact_id, note_id)
        if request.method == "POST":
            with conn.transaction():
                notes.change(conn, contact_id, note_id, request.POST.get("body", ""))
                log.note(conn, actor(request), "note.changed", f"contact:{contact_id}", note=note_id)
            return redirect("web:contact", contact_id)
    except notes.NoteMissing as error:
        raise Http404(_("This note is gone.")) from error
    except notes.NoteRefused as refused:
        messages.error(request, _refusal(refused))
    context = {"contact": {"contact_id": contact_id}, "note": note, "note_longest": notes.LONGEST}
    return render(request, "web/note.html", context)


@marketer
@require_POST
def remove(request: HttpRequest, contact_id: int, note_id: int) -> HttpResponse:
    """Deletes the note; the page that follows offers to bring it back."""
    conn, contact_id = _of(contact_id)
    try:
        with conn.transaction():
            notes.remove(conn, contact_id, note_id)
            log.note(conn, actor(request), "note.deleted", f"contact:{contact_id}", note=note_id)
    except notes.NoteMissing as error:
        raise Http404(_("This note is gone.")) from error
    return redirect(f"{reverse('web:contact', args=[contact_id])}?deleted={note_id}")


@marketer
@require_POST
def bring_back(request: HttpRequest, contact_id: int, note_id: int) -> HttpResponse:
    conn, contact_id = _of(contact_id)
    try:
        with conn.transaction():
            notes.bring_back(conn, contact_id, note_id)
            log.note(conn, actor(request), "note.restored", f"contact:{contact_id}", note=note_id)
    except notes.NoteMissing as error:
        raise Http404(_("This note is gone.")) from error
    return redirect("web:contact", contact_id)


def _of(contact_id: int) -> tuple[Connection, int]:
    """The database and the contact, of a merged one the contact it is now: what was typed on its page is not lost.
    Raises Http404."""
    conn = database()
    kept = merges.kept(conn, contact_id)
    if kept is None:
        raise Http404(_("There is no contact with this number."))
    return conn, kept


def _refusal(error: notes.NoteRefused) -> str:
    if str(error) == "empty":
        return _("Write something first.")
    return _("A note holds up to %(number)s characters; shorten it.") % {"number": number(notes.LONGEST)}
