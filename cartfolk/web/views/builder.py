"""The builder of segments: new ones, those that are there, what they find while they are edited, and saving."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.segments import called, cuts, hubspot, jobs, language, sentence, stored, suggest
from cartfolk.segments.presets import PRESETS
from cartfolk.segments.problems import Refused
from cartfolk.segments.tree import Context, Node

from .. import builder, building, filters, timeline
from ..access import actor, database, marketer
from ..given import json_object, moment, whole
from .membership import one
from .segments import named

SUGGESTED = 20
LONGEST = 200_000  # characters of a draft


@dataclass(slots=True)
class Draft:
    """What a request is about: the account, the draft, and the segment that is changed, if there is one."""

    conn: Connection
    known: Context
    root: builder.Json
    name: str
    segment: stored.Segment | None = None
    seen: str = ""  # when the segment had last been changed, as the reader opened it

    def named(self) -> Context:
        """The account with the shops' names of what the draft asks for."""
        return called.context(self.conn, self.root, self.known)

    def checked(self) -> tuple[Node | None, dict[str, str]]:
        """The definition, or what is wrong with it: address of a condition → sentence."""
        try:
            return language.from_json({"version": language.VERSION, "root": self.root}, self.known), {}
        except Refused as refused:
            return None, {builder.of(problem): sentence.problem(problem) for problem in refused.problems}


@marketer
@require_GET
def segment_new(request: HttpRequest) -> HttpResponse:
    """An empty builder, or one that begins with ``preset``, ``copy`` (a segment) or ``filters`` (of All contacts)."""
    conn = database()
    root, name = builder.empty(), ""
    preset = PRESETS.get(request.GET.get("preset", ""))
    if preset is not None:
        root, name = builder.sound(preset.root), _(preset.name)
    elif "copy" in request.GET:
        copied = one(conn, whole(request.GET["copy"], 0))
        root = builder.sound((copied.definition or {}).get("root"))
        name = _("%(name)s (copy)") % {"name": copied.name}
    elif "filters" in request.GET:
        root = builder.sound(_json(request.GET["filters"]).get("root"))
    return _page(request, Draft(conn, stored.context(conn), root, name))


@marketer
@require_http_methods(["GET", "POST"])
def segment_hubspot(request: HttpRequest) -> HttpResponse:
    """A list as HubSpot's API tells it, pasted: the builder begins with it, unsaved; or what of it cannot be asked."""
    text, problems = request.POST.get("text", ""), []
    if request.method == "POST":
        conn = database()
        known = stored.context(conn)
        try:
            if (found := hubspot.of_list(_json(text))) is not None:
                name, branch = found
                root = builder.sound(language.node_json(hubspot.from_hubspot(branch, known, {})))
                if hubspot.keeps_its_members(_json(text)):
                    messages.info(
                        request,
                        _("In HubSpot this list keeps whom it found at first. Here the segment follows the data; when "
                          "it is saved, “Save as static” keeps its present members."),
                    )  # fmt: skip
                return _page(request, Draft(conn, known, root, name))
            problems = [_("This is no list of HubSpot. Paste the JSON of one with its filterBranch.")]
        except hubspot.Unsupported as unsupported:
            problems = sentence.unsaid(unsupported.parts)
        except Refused as refused:
            problems = [sentence.problem(problem) for problem in refused.problems]
    context = {"text": text, "problems": problems}
    return render(request, "web/builder_hubspot.html", context, status=422 if problems else 200)


@marketer
@require_GET
def segment_edit(request: HttpRequest, segment_id: int) -> HttpResponse:
    """The builder with the definition of a segment that follows one."""
    conn = database()
    item = one(conn, segment_id)
    if item.definition is None:
        messages.error(request, _("A static segment has no conditions; it keeps whom people put in."))
        return redirect("web:segment", segment_id)
    root = builder.sound(item.definition.get("root"))
    known = stored.context(conn, segment_id)
    return _page(request, Draft(conn, known, root, item.name, item, item.changed_at.isoformat()))


@marketer
@require_POST
def segment_build(request: HttpRequest) -> HttpResponse:
    """The builder after a button or a choice: ``act`` is VERB:ADDRESS; ``save`` ends it."""
    draft = _sent(request)
    verb, _colon, address = request.POST.get("act", "").partition(":")
    if verb == "save":  # ``address`` is the change of somebody else's that is saved over
        return _save(request, draft, address or draft.seen)
    focus, offer, said = "", "", ""
    try:
        match verb:
            case "offer":
                builder.at(draft.root, address)
                offer = address
            case "add" | "group":
                added = _added(request, draft, address, "group" if verb == "group" else request.POST.get("what", ""))
                draft.root, focus = builder.act(draft.root, "add", address, added)
                said = _("Condition added")
            case "remove" | "copy" | "up" | "down" | "wrap" | "out":
                draft.root, focus = builder.act(draft.root, verb, address)
                said = {
                    "remove": _("Condition removed"),
                    "copy": _("Condition duplicated"),
                }.get(verb, _("Condition moved"))
    except LookupError:
        said = _("That cannot be done here.")
    return _page(request, draft, focus=focus, offer=offer, said=said)


@marketer
@require_POST
def segment_preview(request: HttpRequest) -> HttpResponse:
    """The draft as a sentence, how many it finds and some of them; or what is wrong with it."""
    draft = _sent(request)
    root, problems = draft.checked()
    known = draft.named()
    beside = {building.dashed(address): text for address, text in problems.items()}
    everywhere = [building.dashed(address) for address, _node in builder.walk(draft.root)]
    context: dict[str, Any] = {
        "draft": json.dumps(draft.root),
        "problems": beside,
        "parts": [(place, beside.get(place, "")) for place in everywhere],
        "called": list(building.names(draft.root, known)),
    }
    if root is not None:
        context["sentence"] = sentence.segment(root, known)
        found = stored.preview(draft.conn, root, draft.known, now())
        context |= {"found": found, "sample": named(draft.conn, found.sample)}
    return render(request, "web/builder_preview.html", context)


@marketer
@require_GET
def segment_suggest(request: HttpRequest) -> HttpResponse:
    """Values that occur for ``of`` (property:NAME or field:NAME) and hold what is typed."""
    conn = database()
    sort, _colon, name = request.GET.get("of", "").partition(":")
    typed = [request.GET.get(key, "") for key in request.GET if key.endswith(":value")]
    text, before = "".join(typed[:1]), ""
    if "several" in request.GET and ";" in text:  # a browser offers what begins like all that is typed
        before, _semicolon, text = text.rpartition(";")
        before += "; "
    values: list[tuple[str, str]] = []
    if sort == "field":
        values = [(found.value, found.label) for found in suggest.suggest(conn, name, text, SUGGESTED)]
    elif (item := stored.context(conn).properties.get(name)) is not None and item.stored:
        values = [(value, "") for value in filters.suggestions(conn, item)]
    return render(request, "web/builder_values.html", {"values": values, "before": before})


def _added(request: HttpRequest, draft: Draft, address: str, what: str) -> builder.Json:
    """What a button adds to the group, event or lines at an address. Raises LookupError."""
    target = builder.at(draft.root, address)
    if target.get("type") == "group":
        others = {
            "segment": next((number for number in draft.known.segments if number != draft.known.itself), None),
            "store": next(iter(draft.known.stores), None),
        }
        return builder.new(what, building.kinds(draft.known), others)
    return builder.within(target, address, request.POST.get(f"{address}:within", ""))


def _sent(request: HttpRequest) -> Draft:
    """The draft as the form's controls say now."""
    conn = database()
    number = whole(request.POST.get("segment"))
    item = one(conn, number) if number else None
    known = stored.context(conn, number)
    root = builder.sound(_json(request.POST.get("draft", "")))
    root = builder.read(root, request.POST, building.kinds(known))
    if cuts.asked(root) - known.cuts.keys():  # nobody asked for these fifths before
        cuts.ensure(conn, cuts.asked(root) & known.properties.keys(), now())
        known = stored.context(conn, number)
    return Draft(conn, known, root, request.POST.get("name", ""), item, request.POST.get("seen", ""))


def _json(text: str) -> dict[str, Any]:
    return json_object(text, LONGEST) or {}


def _save(request: HttpRequest, draft: Draft, seen: str) -> HttpResponse:
    by, definition = actor(request), {"version": language.VERSION, "root": draft.root}
    root, _problems = draft.checked()
    if root is None:
        return _page(request, draft, problem=_("It cannot be saved yet: see the conditions that are marked."))
    try:
        if draft.segment is None:
            number = stored.create(draft.conn, draft.name, definition, by)
        else:
            number = draft.segment.segment_id
            same = language.to_json(root)["root"] == builder.sound((draft.segment.definition or {}).get("root"))
            stored.save(draft.conn, number, draft.name, None if same else definition, by, moment(seen))
    except stored.Changed as changed:
        return _page(request, draft, theirs=changed.segment)
    except stored.NameTaken:
        return _page(request, draft, problem=_("There is a segment of this name already."))
    except ValueError:
        return _page(request, draft, problem=_("A name has 1 to 120 characters."))
    jobs.start(number)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("web:segment", number)
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = reverse("web:segment", args=[number])
    return answer


def _page(
    request: HttpRequest,
    draft: Draft,
    *,
    focus: str = "",
    offer: str = "",
    said: str = "",
    problem: str = "",
    theirs: stored.Segment | None = None,
) -> HttpResponse:
    _root, problems = draft.checked()
    status = 422 if problem or theirs else 200
    empty = not draft.root["children"]
    context = {
        "root": building.part(draft.root, draft.named()),
        "draft": json.dumps(draft.root),
        "name": draft.name,
        "segment": draft.segment,
        "seen": draft.seen,
        "users": stored.used_by(draft.conn, draft.segment.segment_id) if draft.segment else [],
        "problems": problems,
        "problem": problem,
        "theirs": theirs,
        "over": theirs.changed_at.isoformat() if theirs else "",
        "who": timeline.people(draft.conn, {theirs.changed_by})[theirs.changed_by] if theirs else "",
        "focus": focus,
        "offer": offer or (builder.ROOT if empty and draft.segment is None else ""),
        "offers": building.offers(draft.known),
    }
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        return render(request, "web/builder_form.html", context | {"said": said}, status=status)
    return render(request, "web/builder.html", context, status=status)
