"""All contacts: one table for three people or a million, as a tab, filters, columns and an order show it."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from cartfolk.audit import log
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.properties import defined
from cartfolk.properties.jobs import keep_sorted
from cartfolk.segments import tree
from cartfolk.stores import lookup

from .. import asked as asking
from .. import computing, export, filters, formats, listing, narrow, properties, saved, table
from ..access import actor, database, marketer, member, role_of
from ..given import whole
from ..roles import Role
from ..sort import DEFAULT


@dataclass
class Shown:
    """What a request asks of the list, ready to be asked: the views, the filters read, the columns."""

    conn: Connection
    views: list[saved.View]
    asked: asking.Asked
    there: Mapping[str, str]  # columns of contact_property
    custom: Mapping[str, str]  # what people set: those of contact_custom alone
    meant: defined.Defined
    offered: dict[str, tuple[str, str]]
    picked: list[str]
    narrowing: narrow.Narrowing | None = None
    problem: str = ""  # why the list is everybody although the address asks for some

    @cached_property
    def known(self) -> tree.Context:
        """What filters may ask; read only where there are any."""
        return filters.context(self.conn, self.meant)

    def keep_sorted(self, name: str) -> None:
        """Has the order of a property made ready, for the next time it is sorted or filtered by."""
        keep_sorted(name, {**self.there, **self.custom}[name], custom=name in self.custom)

    def question(self, parameters: QueryDict) -> listing.Question:
        return listing.Question(
            sort=self.asked.shown.sort,
            search=self.asked.shown.search,
            after=parameters.get("after", ""),
            before=parameters.get("before", ""),
            columns=self.there,
            custom=self.custom,
            narrowing=self.narrowing,
        )


def read(request: HttpRequest, parameters: QueryDict | None = None) -> Shown:
    """The list that ``parameters`` (the address's, unless given) ask for."""
    conn = database()
    views = saved.tabs(request.user)
    asked = asking.read(request.GET if parameters is None else parameters, views)
    meant = defined.load(conn)
    there, custom = properties.columns(conn, meant)
    offered = table.offered({**there, **custom}, meant)
    shown = Shown(conn, views, asked, there, custom, meant, offered, table.chosen(request, offered, asked))
    if asked.missing:  # what is asked of it is asked of nobody: everybody is not whom the reader means
        shown.problem = saved.missing()
    elif asked.shown.filters:
        try:
            root = filters.root(asked.shown.filters, shown.known)
            shown.narrowing = (
                narrow.narrowing(conn, root, shown.known, {**there, **custom}) if root is not None else None
            )
        except filters.FilterRefused as refused:
            told = gettext("The filters of this address cannot be asked; everybody is shown.")
            shown.problem = f"{told} {refused}"
    return shown


@member
@require_GET
def contacts(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its table (search, sort, paging) or nothing new (the live poll: 204)."""
    shown = read(request)
    part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    if part and shown.asked.missing:  # the rows of everybody under the name and the filters of the view
        return HttpResponseClientRedirect(request.get_full_path())
    try:
        context = _page(request, shown)
    except listing.CursorInvalid:
        return redirect(shown.asked.with_(sort=shown.asked.view.sort).address())
    if part and "version" in request.GET:
        if request.GET["version"] == context["version"]:
            return HttpResponse(status=204)
        return render(request, "web/contacts_table.html", context)
    context |= {
        "chips": filters.chips(shown.asked, shown.known) if shown.asked.shown.filters else [],
        "match": filters.match(shown.asked),
        "rematch": filters.matched(shown.asked, "all" if filters.match(shown.asked) == "any" else "any").address(),
        "clear": shown.asked.with_(filters=None).address(),
        "unchanged": asking.Asked(shown.asked.view, shown.asked.view, shown.asked.opens).address(),
        "problem": shown.problem,
        "as_segment": f"{reverse('web:segment-new')}?{urlencode({'filters': asking.text(shown.asked.shown.filters)})}",
    }
    if part:  # the table, and above it all that says what it shows or leads on from there
        response = render(request, "web/contacts_narrowed.html", context)
        response["HX-Push-Url"] = context["here"]
        return response
    context |= {
        "tabs": [(view, asking.Asked(view, view, shown.asked.opens).address()) for view in shown.views],
        "computing": computing.progress(shown.conn),
    }
    return render(request, "web/contacts.html", context)


@member
@require_GET
def contacts_filterable(request: HttpRequest) -> HttpResponse:
    """The properties to filter by, when the menu is opened: too many to send with every page."""
    return render(request, "web/contacts_filterable.html", {"filterable": filters.offered(filters.context(database()))})


@member
@require_http_methods(["GET", "POST"])
def contacts_columns(request: HttpRequest) -> HttpResponse:
    """The chooser when its menu is opened; and its answer: the chosen columns in their order, of a saved view in the
    address, so that the view can be saved, else kept in the reader's session."""
    if request.method == "GET":
        shown = read(request)
        columns = table.choice(shown.picked, shown.offered)
        context = {"columns_offered": columns, "most": table.MOST}
        return render(request, "web/contacts_columns.html", context)
    shown = read(request, request.POST)
    wanted = [name for name in dict.fromkeys(request.POST.getlist("column")) if name in shown.offered][: table.MOST]
    if "reset" in request.POST or not wanted:
        request.session.pop(table.CHOSEN, None)
        return redirect(shown.asked.with_(columns=shown.asked.view.columns).address())
    if shown.asked.view.key == saved.EVERYBODY:
        request.session[table.CHOSEN] = wanted
        return redirect(shown.asked.with_(columns=()).address())
    return redirect(shown.asked.with_(columns=tuple(wanted)).address())


@member
@require_GET
def contacts_count(request: HttpRequest) -> HttpResponse:
    """Exactly how many there are, for whom an estimate is not enough; gives up after ten seconds."""
    shown = read(request)
    found = listing.count_found(shown.conn, shown.question(request.GET), patience=10)
    return render(request, "web/contacts_count.html", {"found": found})


@marketer
@require_GET
def contacts_export(request: HttpRequest) -> HttpResponseBase:
    """The list as the reader sees it, to its end: the same filters, search and order, its columns or (``columns=all``)
    every property, as CSV or (``format=jsonl``) JSON Lines."""
    shown = read(request)
    if shown.problem:  # everybody is not what was asked for; the page says why
        return redirect(shown.asked.address())
    everything = request.GET.get("columns") == "all"
    jsonl = request.GET.get("format") == "jsonl"
    picked = ["contact_id", "name", *(shown.offered if everything else shown.picked)]
    found = export.rows(shown.conn, shown.question(QueryDict()), picked)
    chosen = {number for text in request.GET.getlist("ids")[:1000] if (number := whole(text)) is not None}
    if chosen:
        found = export.some(shown.conn, sorted(chosen), picked)
    lines = export.json_lines(found) if jsonl else export.csv_lines(found, picked, german=formats.language() == "de")
    try:
        head = [next(lines, ""), next(lines, "")]  # a sort that does not exist is noticed before anything is sent
    except listing.CursorInvalid:
        return redirect("web:contacts")
    what = f"{len(chosen)} chosen" if chosen else "list"
    log.note(shown.conn, actor(request), "contact.exported", what=what, columns="all" if everything else picked)
    # Excel takes a CSV file for UTF-8 only with its mark in front
    mark, kind, end = ("", "application/jsonl", "jsonl") if jsonl else ("\ufeff", "text/csv", "csv")
    answer = StreamingHttpResponse(itertools.chain([mark], head, lines), content_type=f"{kind}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="contacts-{now():%Y-%m-%d}.{end}"'
    return answer


def _page(request: HttpRequest, shown: Shown) -> dict[str, Any]:
    conn, asked = shown.conn, shown.asked
    question = shown.question(request.GET)
    page = listing.page(conn, question)
    everybody, estimated = listing.count(conn)
    sort, search = asked.shown.sort, asked.shown.search
    total, roughly = _total(shown, question, page, everybody, estimated)
    if everybody > listing.EXACT:  # fewer are sorted and looked through as quickly as they are read
        name = sort.removeprefix("-")
        if page.scanned:
            shown.keep_sorted(name)
        if page.walked and (page.looking or not page.after) and shown.narrowing:
            for name in shown.narrowing.unkept:
                shown.keep_sorted(name)
    stores = lookup.every(conn)
    columns = table.heads(shown.picked, shown.offered, sort)
    names = {store.pk: store.name for store in stores}
    currencies = {store.home_currency for store in stores}
    # Amounts of different home currencies stand without a sign rather than with a wrong one.
    currency = currencies.pop() if len(currencies) == 1 else ""
    live = page.first and sort == DEFAULT and not search and not shown.narrowing
    # What is polled for; times are written anew only when something else is new.
    version = hashlib.sha256(repr(page.rows).encode()).hexdigest()[:16] if live else ""
    return {
        "rows": table.body(
            conn, page.rows, columns, names, currency, shown.meant, pick=role_of(request) != Role.READER
        ),
        "columns": [(column, asked.sorted_by(column.sort)) for column in columns],
        "page": page,
        "asked": asked,
        "view": asked.view,
        "search": search,
        "narrowed": bool(search or shown.narrowing),
        "sort": sort,
        "total": total,
        "estimated": roughly,
        "version": version,
        "live": live,
        "here": asked.address(after=question.after, before=question.before),
        "first": asked.address(),
        "next": asked.address(after=page.after) if page.after else "",
        "previous": asked.address(before=page.before) if page.before else "",
        "nobody": asking.Asked(shown.views[0], shown.views[0], asked.opens).address(),
        "connected": bool(stores),
        "export": asked.address("web:contacts-export"),
        "count": asked.address("web:contacts-count"),
        "hidden": asked.parameters(),
    }


def _total(
    shown: Shown, question: listing.Question, page: listing.Page, everybody: int, estimated: bool
) -> tuple[int | None, bool]:
    """How many contacts the list has, and whether that is an estimate; None when nobody counted."""
    if not question.search and question.narrowing is None:
        return everybody, estimated
    if page.first and not page.after:
        return len(page.rows), False
    if not estimated:
        return listing.count_found(shown.conn, question), False
    if question.search or question.narrowing is None:
        return None, True
    return narrow.total(shown.conn, question.narrowing, everybody)
