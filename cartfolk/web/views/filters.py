"""The form of one filter of All contacts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from .. import asked as asking
from .. import filters, saved
from ..access import database, member


@member
@require_GET
def contacts_filter(request: HttpRequest) -> HttpResponse:
    """The form for ``property``; with ``add`` the list that has the filter, or the form again with what is wrong."""
    conn = database()
    asked = asking.read(request.GET, saved.tabs(request.user))
    known = filters.context(conn)
    problem, status = "", 200
    try:
        if "add" in request.GET:
            try:
                address = filters.added(asked, known, request.GET).address()
            except filters.FilterRefused as refused:
                problem, status = str(refused), 422
            else:
                if not request.htmx:  # type: ignore[attr-defined]
                    return redirect(address)
                answer = HttpResponse(status=204)
                answer["HX-Redirect"] = address
                return answer
        form = filters.form(conn, asked, known, request.GET, problem)
    except filters.FilterRefused as refused:
        return HttpResponse(str(refused), status=422, content_type="text/plain; charset=utf-8")
    return render(request, "web/contacts_filter.html", {"form": form}, status=status)
