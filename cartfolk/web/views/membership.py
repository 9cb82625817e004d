"""The record's segments: which, since when, why; and what the contact joined and left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.segments import explain, sentence, stored
from cartfolk.segments.problems import Refused
from cartfolk.segments.tree import Context, Group

from ..access import database, member
from ..templatetags.cartfolk import day, exact, number
from .record import _frame, find

MOVES = 100


@member
@require_GET
def contact_segments(request: HttpRequest, contact_id: int) -> HttpResponse:
    conn = database()
    person = find(conn, contact_id)
    if isinstance(person, int):
        return redirect("web:contact-segments", person, permanent=False)
    moves = stored.log_of_contact(conn, contact_id, MOVES + 1)
    context = {
        "tab": "segments",
        "memberships": stored.of_contact(conn, contact_id),
        "moves": moves[:MOVES],
        "more": len(moves) > MOVES,
    }
    return render(request, "web/contact_segments.html", _frame(conn, person) | context)


@member
@require_GET
def why(request: HttpRequest, contact_id: int, segment_id: int) -> HttpResponse:
    """Condition by condition, with the contact's own values: a part for htmx."""
    conn = database()
    return render(request, "web/contact_segment_why.html", asked(conn, one(conn, segment_id), contact_id))


def one(conn: Connection, segment_id: int) -> stored.Segment:
    """The segment an address names. Raises Http404."""
    try:
        return stored.one(conn, segment_id)
    except stored.SegmentMissing as error:
        raise Http404(_("There is no segment with this number.")) from error


def asked(conn: Connection, segment: stored.Segment, contact_id: int = 0) -> dict[str, Any]:
    """For a page: what the segment asks, in a sentence, or why it cannot be asked any more; and why that contact, if
    one is named, is in or not, condition by condition."""
    if segment.definition is None:
        return {"static": True}
    try:
        root, where = stored.read(conn, segment)
    except Refused as refused:
        return {"broken": sentence.refusal(refused)}
    reason = explain.explain(conn, root, contact_id, where, now()) if contact_id else None
    return {
        "sentence": sentence.segment(root, where),
        "reason": reason,
        "reasons": list(_reasons(reason, where)) if reason else [],
    }


def _shown(value: Any) -> str | None:
    """A contact's own value in the reader's words; None where there is none to show."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    if isinstance(value, date):
        return exact(value) if isinstance(value, datetime) else day(value)
    return number(value)


def _reasons(reason: explain.Reason, where: Context) -> Iterator[dict[str, Any]]:
    """The conditions of a segment as the rows of a page, each with its answer and the contact's own value."""
    words = {"all": _("all of these"), "any": _("any of these"), "none": _("none of these")}
    for depth, answer in reason.walk():
        node = answer.node
        said = words[node.match] if isinstance(node, Group) else sentence.node(node, where)
        yield {"depth": min(depth, 5), "said": said, "holds": answer.holds, "value": _shown(answer.value)}
