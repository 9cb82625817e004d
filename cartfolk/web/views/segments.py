"""Segments: the list, what to begin with, and one segment with its members, moves and reasons."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.segments import jobs, language, stored
from cartfolk.segments.presets import PRESETS

from .. import chart, computing, properties, saved
from ..access import actor, database, marketer, member
from ..given import whole
from ..templatetags.cartfolk import day, exact
from .membership import asked, one

Q = Statements.beside(str(properties.__file__))
PAGE = 50
MOVES = 20
YEAR = timedelta(days=365)


@member
@require_GET
def segments(request: HttpRequest) -> HttpResponse:
    """Every segment with its size, and the presets that are not there yet."""
    conn = database()
    found = stored.every(conn)
    names = {item.name.lower() for item in found}
    offered = [
        {"key": preset.key, "name": _(preset.name), "about": _(preset.about)}
        for preset in PRESETS.values()
        if _(preset.name).lower() not in names
    ]
    context = {
        "computing": computing.progress(conn),
        "segments": found,
        "waiting": stored.waiting(conn),
        "deleted": stored.every(conn, deleted=True),
        "presets": offered,
    }
    return render(request, "web/segments.html", context)


@marketer
@require_POST
def segments_create(request: HttpRequest) -> HttpResponse:
    """Makes a segment of a preset, under the preset's name in the reader's language."""
    preset = PRESETS.get(request.POST.get("preset", ""))
    if preset is None:
        raise BadRequest("preset is none of those the page offers.")
    conn = database()
    try:
        number = stored.create(conn, _(preset.name), preset.definition, actor(request))
    except stored.NameTaken:
        messages.error(request, _("There is a segment of this name already."))
        return redirect("web:segments")
    jobs.start(number)
    return redirect("web:segment", number)


@member
@require_GET
def segment(request: HttpRequest, segment_id: int) -> HttpResponse:
    """One segment: what it asks in words, who is in it, who joined and left; with ``contact`` why that one is."""
    conn = database()
    item = one(conn, segment_id)
    after = whole(request.GET.get("after"), 0)
    ids = stored.members(conn, segment_id, after, PAGE + 1)
    contact = whole(request.GET.get("contact"), 0)
    context = {
        "segment": item,
        "waiting": stored.waiting(conn),
        "members": named(conn, ids[:PAGE]),
        "following": ids[PAGE - 1] if len(ids) > PAGE else None,
        "asked": contact,
        "users": stored.used_by(conn, segment_id),
        "chart": chart.steps(stored.sizes(conn, segment_id, (now() - YEAR).date()), now().date()),
        "list": _asking({"type": "segment", "segment": segment_id, "member": True}),
        "others": [other for other in stored.every(conn) if other.segment_id != segment_id],
    }
    return render(request, "web/segment.html", context | _moves(conn, segment_id) | asked(conn, item, contact))


@member
@require_GET
def segment_moves(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Who joined and left before those that are shown: a part for htmx."""
    conn = database()
    context = _moves(conn, one(conn, segment_id).segment_id, whole(request.GET.get("before")))
    return render(request, "web/segment_moves.html", context)


def _moves(conn: Connection, segment_id: int, before: int | None = None) -> dict[str, Any]:
    found = stored.moves(conn, segment_id, MOVES, before)
    people = named(conn, [row["contact_id"] for row in found.rows])
    return {"id": segment_id, "moves": list(zip(found.rows, people, strict=True)), "earlier": found.further}


@member
@require_GET
def segment_state(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Size and progress while a segment catches up: a part for htmx, asked every second. When a build is done, or
    stopped, the page comes anew with its members; not when contacts waited, as they always do in a lively shop."""
    conn = database()
    item, waiting = one(conn, segment_id), stored.waiting(conn)
    answer = render(request, "web/segment_live.html", {"segment": item, "waiting": waiting})
    if "building" in request.GET and (item.true or item.state == "failed"):
        answer["HX-Refresh"] = "true"
    return answer


@member
@require_GET
def segment_compare(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Two segments side by side: who is in both, who in one of them only."""
    conn = database()
    mine, other = one(conn, segment_id), one(conn, whole(request.GET.get("with"), 0))
    both, first, second = stored.compare(conn, mine.segment_id, other.segment_id)
    parts = [
        (_("In both"), both, _pair(mine, other, True, True)),
        (_("Only in “%(name)s”") % {"name": mine.name}, first, _pair(mine, other, True, False)),
        (_("Only in “%(name)s”") % {"name": other.name}, second, _pair(mine, other, False, True)),
    ]
    context = {"segment": mine, "other": other, "parts": parts, "all": both + first + second}
    return render(request, "web/segment_compare.html", context)


@marketer
@require_POST
def segment_change(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Builds again, ends a build, renames, deletes, restores."""
    conn, by = database(), actor(request)
    try:
        match request.POST.get("do"):
            case "build":
                stored.rebuild(conn, segment_id, by)
                jobs.start(segment_id)
            case "cancel":
                stored.cancel(conn, segment_id, by)
            case "freeze":
                into = _frozen(conn, stored.one(conn, segment_id).name[:90], by)
                jobs.freeze(segment_id, into)
                messages.success(request, _("Its present members are being put into this static segment."))
                return redirect("web:segment", into)
            case "rename":
                stored.rename(conn, segment_id, request.POST.get("name", ""), by)
            case "delete":
                stored.delete(conn, segment_id, by)
                messages.success(request, _("The segment is deleted. It can be restored below for 90 days."))
                return redirect("web:segments")
            case "restore":
                stored.restore(conn, segment_id, by)
                jobs.start(segment_id)
            case unknown:
                raise BadRequest(f"do is {unknown!r}; it is one of build, cancel, freeze, rename, delete, restore.")
    except stored.SegmentMissing as error:
        raise Http404(_("There is no segment with this number.")) from error
    except stored.InUse as error:
        names = ", ".join(error.users)
        messages.error(request, _("%(names)s ask for it. Change or delete those first.") % {"names": names})
    except stored.NameTaken:
        messages.error(request, _("There is a segment of this name already."))
        if request.POST["do"] == "restore":
            return redirect("web:segments")
    except ValueError:
        messages.error(request, _("A name has 1 to 120 characters."))
    return redirect("web:segment", segment_id)


def _frozen(conn: Connection, name: str, by: str) -> int:
    """A static segment called after another and today; the second of a day has the time in its name. Raises
    stored.NameTaken."""
    text, at = _("%(name)s (as of %(day)s)"), now()
    try:
        return stored.create(conn, text % {"name": name, "day": day(at)}, None, by)
    except stored.NameTaken:
        return stored.create(conn, text % {"name": name, "day": exact(at)}, None, by)


def _asking(*conditions: dict[str, Any]) -> str:
    """The parameters with which All contacts shows who fulfils the conditions."""
    root = {"type": "group", "match": "all", "children": list(conditions)}
    return urlencode({"view": saved.EVERYBODY, "filters": json.dumps({"version": language.VERSION, "root": root})})


def _pair(one: stored.Segment, other: stored.Segment, first: bool, second: bool) -> str:
    return _asking(
        {"type": "segment", "segment": one.segment_id, "member": first},
        {"type": "segment", "segment": other.segment_id, "member": second},
    )


def named(conn: Connection, ids: list[int]) -> list[dict[str, Any]]:
    """Contacts with what to call them, in the order asked."""
    names: dict[int, str] = dict(conn.execute(Q["names"], {"contacts": ids}).fetchall()) if ids else {}
    return [{"id": number, "name": names.get(number) or str(number)} for number in ids]
