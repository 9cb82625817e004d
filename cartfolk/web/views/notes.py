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
from ..given import moment
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
    """The note to change. A text that cannot be saved stays on the page with the reason: somebody else changed or
    deleted the note since it was opened."""
    conn, contact_id = _of(contact_id)
    typed, problem, gone = request.POST.get("body", ""), "", False
    try:
        if request.method == "POST":
            with conn.transaction():
                notes.change(conn, contact_id, note_id, typed, moment(request.POST.get("seen", "")))
                log.note(conn, actor(request), "note.changed", f"contact:{contact_id}", note=note_id)
            return redirect("web:contact", contact_id)
    except notes.NoteChanged:
        problem = _("This note was changed in the meantime. Save again to write yours over it.")
    except notes.NoteMissing:
        problem, gone = _("This note was deleted in the meantime. Save yours as a new one, or cancel."), True
    except notes.NoteRefused as refused:
        problem = _refusal(refused)
    try:
        note = notes.one(conn, contact_id, note_id)
    except notes.NoteMissing as error:
        raise Http404(_("This note is gone.")) from error
    context = {
        "contact": {"contact_id": contact_id},
        "note": note,
        "body": typed if problem else note.body,
        "problem": problem,
        "gone": gone or note.deleted_at,
        "note_longest": notes.LONGEST,
    }
    return render(request, "web/note.html", context, status=422 if problem else 200)


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
