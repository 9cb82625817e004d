"""Contacts that may be one person: suggested pairs, and the ones a person dismissed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cartfolk import duplicate_jobs, duplicates
from cartfolk.identity import merges

from .. import pairs
from ..access import actor, database, marketer, member
from ..given import whole

PAGE = 25


@member
@require_GET
def suggested(request: HttpRequest) -> HttpResponse:
    """Pairs, the surest first, a page at a time."""
    conn = database()
    found = duplicates.suggestions(conn, after=_after(request), limit=PAGE + 1)
    more, found = len(found) > PAGE, found[:PAGE]
    context: dict[str, Any] = {"pairs": pairs.described(conn, found), "total": duplicates.count(conn), "tab": "open"}
    context["compared"] = duplicates.compared(conn)
    if more:
        last = found[-1]
        context["next"] = f"{last.score}-{last.one}-{last.other}"
    return render(request, "web/duplicates.html", context)


@member
@require_GET
def dismissed(request: HttpRequest) -> HttpResponse:
    """Pairs a person called two people, newest first."""
    conn = database()
    apart = merges.aparts(conn)
    people = duplicates.people(conn, sorted({c for pair in apart for c in (pair.one, pair.other)}))
    shown = [
        {
            "one": pairs.shown(people[pair.one]),
            "other": pairs.shown(people[pair.other]),
            "at": pair.at,
            "undone": pair.reason == "unmerged",
        }
        for pair in apart
        if pair.one in people and pair.other in people
    ]
    context = {"pairs": shown, "total": duplicates.count(conn), "tab": "dismissed"}
    return render(request, "web/duplicates_dismissed.html", context)


@marketer
@require_POST
def compare(request: HttpRequest) -> HttpResponse:
    """Has contacts that changed compared now instead of within the hour."""
    duplicate_jobs.start()
    messages.success(request, _("The contacts are being compared. Load this page again in a moment."))
    return redirect("web:contacts-duplicates")


@marketer
@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    """These are two people. The answer carries the way back."""
    if (pair := _pair(request)) is None:
        return redirect("web:contacts-duplicates")
    duplicates.dismiss(database(), *pair, actor(request))
    messages.success(request, _("Remembered as two people. You find the pair under Dismissed."))
    return redirect("web:contacts-duplicates")


@marketer
@require_POST
def reconsider(request: HttpRequest) -> HttpResponse:
    """Takes a dismissal back."""
    if pair := _pair(request):
        duplicates.reconsider(database(), *pair, actor(request))
        messages.success(request, _("The two may be suggested again."))
    return redirect("web:contacts-duplicates-dismissed")


def _pair(request: HttpRequest) -> tuple[int, int] | None:
    """The two existing contacts a form names."""
    ids = pairs.numbers(request.POST.get("ids", ""))
    people = duplicates.people(database(), ids)
    return (ids[0], ids[1]) if len(ids) == 2 and len(people) == 2 else None


def _after(request: HttpRequest) -> tuple[int, int, int] | None:
    parts = [number for part in request.GET.get("after", "").split("-") if (number := whole(part)) is not None]
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and parts[0] <= 100 else None
