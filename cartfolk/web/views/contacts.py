"""All contacts: one table for three people or a million."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.properties.jobs import keep_sorted
from cartfolk.stores import lookup

from .. import export, listing, properties, table
from ..access import database, member


@member
@require_GET
def contacts(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its table (search, sort, paging) or nothing new (the live poll: 204)."""
    conn = database()
    there = properties.columns(conn)
    offered = table.offered(there)
    picked = table.chosen(request, offered)
    try:
        context = _page(conn, request, there, offered, picked)
    except listing.CursorInvalid:
        query = request.GET.get("q", "")
        return redirect(f"{reverse('web:contacts')}?{urlencode({'q': query})}" if query else reverse("web:contacts"))
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        if request.GET.get("version") == context["version"]:
            return HttpResponse(status=204)
        response = render(request, "web/contacts_table.html", context)
        if "version" not in request.GET:
            response["HX-Push-Url"] = context["here"]
        return response
    context["offered"] = [(name, *what, name in picked) for name, what in offered.items()]
    context["most"] = table.MOST
    return render(request, "web/contacts.html", context)


@member
@require_POST
def contacts_columns(request: HttpRequest) -> HttpResponse:
    """Keeps the chosen columns in the reader's session, in the order of the catalogue."""
    offered = table.offered(properties.columns(database()))
    wanted = set(request.POST.getlist("column"))
    if "reset" in request.POST or not wanted:
        request.session.pop(table.CHOSEN, None)
    else:
        request.session[table.CHOSEN] = [name for name in offered if name in wanted][: table.MOST]
    return redirect("web:contacts")


@member
@require_GET
def contacts_export(request: HttpRequest) -> HttpResponseBase:
    """The list as the reader sees it, to its end, as CSV: the same search, order and columns."""
    conn = database()
    there = properties.columns(conn)
    picked = ["contact_id", "name", *table.chosen(request, table.offered(there))]
    search = request.GET.get("q", "").strip()[:200]
    question = listing.Question(sort=request.GET.get("sort") or listing.DEFAULT, search=search, columns=there)
    lines = export.csv_lines(export.rows(conn, question, picked), picked)
    try:
        head = [next(lines), next(lines, "")]  # a sort that does not exist is noticed before anything is sent
    except listing.CursorInvalid:
        return redirect("web:contacts")
    answer = StreamingHttpResponse(itertools.chain(["\ufeff"], head, lines), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="contacts-{now():%Y-%m-%d}.csv"'
    return answer


def _page(
    conn: Connection,
    request: HttpRequest,
    there: dict[str, str],
    offered: dict[str, tuple[str, str]],
    picked: list[str],
) -> dict[str, Any]:
    sort = request.GET.get("sort") or listing.DEFAULT
    search = request.GET.get("q", "").strip()[:200]
    question = listing.Question(
        sort=sort,
        search=search,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        columns=there,
    )
    page = listing.page(conn, question)
    total, estimated = (0, False) if search and not page.scanned else listing.count(conn)
    if page.scanned and total > listing.EXACT:  # fewer are sorted as quickly as they are read
        name = sort.removeprefix("-")
        keep_sorted(name, there[name])
    stores = lookup.every(conn)
    columns = table.heads(picked, offered, sort)
    names = {store.pk: store.name for store in stores}
    currencies = {store.home_currency for store in stores}
    # Amounts of different home currencies stand without a sign rather than with a wrong one.
    currency = currencies.pop() if len(currencies) == 1 else ""
    version = hashlib.sha256(json.dumps(page.rows, default=str).encode()).hexdigest()[:16]
    rows = table.cells(conn, page.rows, columns, names, currency)
    base = {key: value for key, value in (("q", search), ("sort", sort if sort != listing.DEFAULT else "")) if value}
    here = reverse("web:contacts")

    def address(**more: str) -> str:
        asked = {key: value for key, value in {**base, **more}.items() if value}
        return f"{here}?{urlencode(asked)}" if asked else here

    return {
        "rows": rows,
        "columns": [(column, address(sort=column.sort)) for column in columns],
        "page": page,
        "search": search,
        "sort": sort,
        "total": total,
        "estimated": estimated,
        "version": version,
        "live": page.first and sort == listing.DEFAULT and not search,
        "here": address(after=question.after, before=question.before),
        "first": address(),
        "next": address(after=page.after) if page.after else "",
        "previous": address(before=page.before) if page.before else "",
        "connected": bool(stores),
        "export": f"{reverse('web:contacts-export')}?{urlencode(base)}" if base else reverse("web:contacts-export"),
    }
