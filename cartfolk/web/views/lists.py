"""Chosen contacts put into a static segment."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from cartfolk.audit import log
from cartfolk.segments import static, stored

from ..access import actor, database, marketer
from ..templatetags.cartfolk import number
from .bulk import nobody, selection

PART = 5_000  # contacts a transaction


@marketer
@require_http_methods(["GET", "POST"])
def contacts_list(request: HttpRequest) -> HttpResponse:
    """Chooses a static segment, or names a new one; then puts the contacts in."""
    conn = database()
    given = request.POST if request.method == "POST" else request.GET
    chosen, shown = selection(request, given)
    total = chosen.count(conn)
    if not total:
        return nobody(request, shown)
    context = {
        "total": total,
        "everything": chosen.question is not None,
        "ids": chosen.ids,
        "hidden": shown.asked.parameters(),
        "back": shown.asked.address(),
        "segments": [segment for segment in stored.every(conn) if segment.kind != "active"],
        "name": given.get("name", ""),
        "problem": "",
    }
    if request.method == "GET":
        return render(request, "web/contacts_list.html", context)
    name = given.get("name", "").strip()
    try:
        segment = stored.create(conn, name, None, actor(request)) if name else int(given.get("segment", ""))
        added = 0
        contacts = list(chosen.contacts(conn))
        for start in range(0, len(contacts), PART):
            added += len(static.add(conn, segment, contacts[start : start + PART], actor(request)))
    except (ValueError, LookupError):
        taken = _("Name: there is a segment called “%(name)s” already. Choose another.") % {"name": name}
        context["problem"] = taken if name else _("Choose a segment, or enter the name of a new one.")
        return render(request, "web/contacts_list.html", context, status=422)
    log.note(conn, actor(request), "segment.add", f"segment:{segment}", contacts=added)
    text = ngettext("%(count)s contact was added; the others were in it.", "%(count)s contacts were added.", added)
    messages.success(request, text % {"count": number(added)})
    return redirect(shown.asked.address())
