"""Merging contacts: choose whom, see what will stand, merge, and take a merge back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cartfolk import duplicates, merging
from cartfolk.core.sql import Connection
from cartfolk.identity import merges
from cartfolk.properties import read
from cartfolk.properties.defined import load

from .. import pairs, properties, values
from ..access import actor, database, marketer
from . import record

MOST = 10  # contacts side by side; more do not fit a page nor a decision
FOUND = 20


@marketer
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest) -> HttpResponse:
    """``ids=1,2,3&kept=1``: side by side with what will stand; POST merges."""
    conn = database()
    asked = request.POST if request.method == "POST" else request.GET
    given = pairs.numbers(",".join(asked.getlist("ids")))  # one text with commas, or a box each
    ids = list(dict.fromkeys(k for n in given if (k := merges.kept(conn, n)) is not None))
    people = duplicates.people(conn, ids)
    if len(ids) < 2:
        messages.error(request, _("Choose at least two contacts to merge: they may be one already."))
        return redirect("web:contact", ids[0]) if ids else redirect("web:contacts")
    if len(ids) > MOST:
        messages.error(request, _("Merge at most %(most)s contacts at a time.") % {"most": MOST})
        return redirect("web:contacts")
    wanted = pairs.numbers(asked.get("kept", ""))
    kept = wanted[0] if wanted and wanted[0] in ids else _best(people, ids)
    others = [contact for contact in ids if contact != kept]
    try:
        if request.method == "POST":
            return _merged(request, conn, kept, others)
        seen = merging.preview(conn, kept, others)
    except merging.CannotMerge:
        messages.error(request, _("One of these contacts is not there any more. Look it up and choose again."))
        return redirect("web:contacts")
    return render(request, "web/merge.html", _compared(conn, people, seen) | {"ids": ",".join(map(str, ids))})


def _merged(request: HttpRequest, conn: Connection, kept: int, others: list[int]) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()[:200] or _("Merged by hand")
    merging.merge(conn, kept, others, reason, actor(request))
    duplicates.refresh(conn, [kept])
    text = ngettext("%(count)s contact merged into this one.", "%(count)s contacts merged into this one.", len(others))
    messages.success(request, f"{text % {'count': len(others)}} {_('You can undo it at the end of the key facts.')}")
    return redirect("web:contact", kept)


def _compared(conn: Connection, people: dict[int, dict[str, Any]], seen: merging.Preview) -> dict[str, Any]:
    """A line a property, in the reader's words: what differs, and what needs no look."""
    known = {item.name: item for item in properties.everything(record.labels(conn), load(conn))}
    place = {name: position for position, name in enumerate(known)}
    currency = record.home_currency(conn, [])
    compared = [
        # Beside each value on a narrow screen, where two people of one name must be told apart.
        {**one, "counts": counts, "called": f"{one['title']} · {_('No. %(number)s') % {'number': one['contact_id']}}"}
        for one, counts in zip((pairs.shown(people[contact]) for contact in seen.contacts), seen.counts, strict=True)
    ]
    called = [one["called"] for one in compared]

    def told(name: str, value: Any) -> Any:
        item = known[name]
        return values.shown(value, item.type, currency, name, item.options)

    lines = [
        {
            "label": known[line.name].label,
            "values": [(who, told(line.name, value)) for who, value in zip(called, line.values, strict=True)],
            "after": told(line.name, line.after),
            "differs": line.differs,
        }
        for line in sorted(seen.lines, key=lambda line: place.get(line.name, 0))
        if line.name in known and not line.name.endswith("_html")  # the same products are told in words
    ]
    return {
        "people": compared,
        "kept": pairs.shown(people[seen.contacts[0]]),
        "after": seen.after,
        "different": [line for line in lines if line["differs"]],
        "same": [line for line in lines if not line["differs"]],
    }


def _best(people: dict[int, dict[str, Any]], ids: list[int]) -> int:
    """Whom to keep when nobody chose: most orders, then the older."""
    return max(ids, key=lambda contact: ((people[contact]["total_number_of_orders"] or 0), -contact))


@marketer
@require_GET
def choose(request: HttpRequest, contact_id: int) -> HttpResponse:
    """*Merge with…*: suggestions for this contact first, then whoever the search finds."""
    conn = database()
    people = duplicates.people(conn, [contact_id])
    if contact_id not in people:
        if (kept := merges.kept(conn, contact_id)) is not None:
            return redirect("web:contact-merge", kept)
        raise Http404(_("There is no contact with this number."))
    search = request.GET.get("q", "").strip()[:200]
    found: list[dict[str, Any]] = []
    if search and (query := read.search_query(search)):
        rows = conn.execute(
            "select contact_id from contact_list where search @@ %s::tsquery and contact_id <> %s"
            " order by createdate desc nulls last limit %s",
            [query, contact_id, FOUND],
        ).fetchall()
        there = duplicates.people(conn, [row[0] for row in rows])
        found = [pairs.shown(there[row[0]]) for row in rows if row[0] in there]
    suggested = [] if search else pairs.described(conn, duplicates.suggestions(conn, contact_id, limit=5))
    for pair in suggested:
        if pair["other"]["contact_id"] == contact_id:
            pair["one"], pair["other"] = pair["other"], pair["one"]
    context = {"contact": pairs.shown(people[contact_id]), "search": search, "found": found, "suggested": suggested}
    template = "web/merge_found.html" if request.htmx else "web/merge_with.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@marketer
@require_POST
def undo(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Takes a merge back; the message leads to the contact that is there again."""
    conn = database()
    try:
        kept, gone = merging.undo(conn, merge_id, actor(request))
    except merging.CannotUndo:
        messages.error(
            request,
            _("This merge cannot be undone: it was undone before, or nothing is kept of how the two were."),
        )
        return redirect(request.META.get("HTTP_REFERER") or reverse("web:contacts"))
    duplicates.refresh(conn, [kept, gone])
    messages.success(request, _("The merge is undone. Both contacts are there again and stay two people."))
    return redirect("web:contact", gone)
