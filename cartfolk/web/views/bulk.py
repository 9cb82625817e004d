"""Something done with many chosen contacts: one property changed, and taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cartfolk.properties.catalogue import Property
from cartfolk.properties.parse import BadValue, parse
from cartfolk.properties.write import Mode

from .. import bulk, filters, jobs, listing
from ..access import actor, database, marketer
from ..given import entered, whole
from ..models import BulkEdit
from . import contacts

MOST_IDS = 1_000


def selection(request: HttpRequest, parameters: QueryDict) -> tuple[bulk.Selection, contacts.Shown]:
    """The chosen contacts: ``ids``, or with ``everything`` all that the address's list has (its question, not them)."""
    shown = contacts.read(request, parameters)
    if "everything" in parameters and not shown.problem:
        question = listing.Question(search=shown.asked.shown.search, columns=shown.there, narrowing=shown.narrowing)
        return bulk.Selection(question=question), shown
    numbers = {number for raw in parameters.getlist("ids") if (number := whole(raw)) is not None}
    return bulk.Selection(tuple(sorted(numbers)[:MOST_IDS])), shown


def nobody(request: HttpRequest, shown: contacts.Shown) -> HttpResponse:
    """Back to the list, which says why nobody is chosen."""
    messages.error(request, f"{_('No contacts are chosen. Tick some in the list first.')} {shown.problem}".strip())
    return redirect(shown.asked.address())


@marketer
@require_http_methods(["GET", "POST"])
def contacts_edit(request: HttpRequest) -> HttpResponse:
    """The form; a preview of how many contacts change; and, confirmed, the change itself."""
    given = request.POST if request.method == "POST" else request.GET
    chosen, shown = selection(request, given)
    conn = database()
    editable = [item for item in shown.known.properties.values() if item.editable and not item.hidden]
    item = shown.known.properties.get(given.get("property", ""))
    if item is not None and not item.editable:
        item = None
    # What was chosen for another property may not be there for this one.
    offered = _modes(item)
    mode = Mode(given["mode"]) if given.get("mode") in offered else Mode.OVERWRITE
    value, problem = _value(item, given) if item else (None, "")
    context: dict[str, Any] = {
        "total": chosen.count(conn),
        "everything": chosen.question is not None,
        "ids": chosen.ids,
        "hidden": shown.asked.parameters(),
        "back": shown.asked.address(),
        "properties": [(p.name, p.label(_language()), p is item) for p in editable],
        "item": item,
        "label": item.label(_language()) if item else "",
        "options": [(o.value, o.label(_language()), o.value in given.getlist("value")) for o in item.options]
        if item
        else [],
        "value": given.get("value", ""),
        "modes": [(name.value, text, name is mode) for name, text in offered.items()],
        "mode": mode.value,
    }
    if not context["total"]:
        return nobody(request, shown)
    if request.method == "GET" or item is None or "choose" in given:
        return render(request, "web/contacts_edit.html", context)
    if problem or (value in (None, "", []) and mode is not Mode.OVERWRITE):
        context["problem"] = problem or _("There is no value to write. Enter one, or overwrite with nothing to clear.")
        return render(request, "web/contacts_edit.html", context, status=422)
    if "confirm" not in given:
        context["preview"] = bulk.preview(conn, chosen, item.name, mode, value)
        return render(request, "web/contacts_edit.html", context)
    edit = bulk.ask(conn, actor(request), chosen, item.name, mode, value)
    if edit.total <= bulk.AT_ONCE:
        bulk.run(conn, edit)
    else:
        jobs.edit_contacts(edit)
    return redirect("web:contacts-edited", edit.pk)


@marketer
@require_http_methods(["GET"])
def contacts_edited(request: HttpRequest, number: int) -> HttpResponse:
    """How far a bulk edit is; done, what it changed, with the way back."""
    edit = _edit(number)
    going = edit.state in (BulkEdit.State.RUNNING, BulkEdit.State.UNDOING)
    if going:
        jobs.edit_contacts(edit)  # the job of an edit whose worker died; one that waits is not doubled
    item = filters.context(database()).properties.get(edit.property)
    context = {"edit": edit, "going": going, "label": item.label(_language()) if item else edit.property}
    part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(request, "web/contacts_edited_state.html" if part else "web/contacts_edited.html", context)


@marketer
@require_POST
def contacts_undo(request: HttpRequest, number: int) -> HttpResponse:
    """Takes a bulk edit back."""
    edit = _edit(number)
    if bulk.undo(database(), actor(request), edit):
        edit.refresh_from_db()
        if edit.total <= bulk.AT_ONCE:
            bulk.run(database(), edit)
        else:
            jobs.edit_contacts(edit)
    return redirect("web:contacts-edited", number)


def _edit(number: int) -> BulkEdit:
    edit = BulkEdit.objects.filter(pk=number).first()
    if edit is None:
        raise Http404
    return edit


def _value(item: Property, given: QueryDict) -> tuple[Any, str]:
    """The raw value of the form, and what is wrong with it."""
    raw = entered(item, [text for value in given.getlist("value") if (text := value.strip())])
    try:
        parse(item, raw or None)
    except BadValue as bad:
        return None, f"{item.label(_language())} {bad}."
    return raw or None, ""


def _modes(item: Property | None) -> dict[Mode, str]:
    words = {
        Mode.OVERWRITE: _("Overwrite what is there; nothing clears it"),
        Mode.SET_IF_EMPTY: _("Only where it is empty"),
        Mode.APPEND: _("Add to what is there"),
    }
    if item is not None and not (item.multi or item.type == "text"):
        del words[Mode.APPEND]
    return words


def _language() -> str:
    return "de" if (get_language() or "en").startswith("de") else "en"
