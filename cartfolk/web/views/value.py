"""One value of a contact: where it comes from, its history, and changing it in its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cartfolk.audit import log
from cartfolk.core.sql import Connection
from cartfolk.core.time import iso
from cartfolk.properties import provenance, read
from cartfolk.properties.catalogue import Property
from cartfolk.properties.defined import load
from cartfolk.properties.write import Mode, Write, write
from cartfolk.stores import lookup

from .. import products, properties, rows, timeline, values, written
from ..access import actor, database, marketer, member
from ..given import as_typed, entered, whole
from . import record

CHANGES = 100  # of a property's history


@dataclass(frozen=True, slots=True)
class _Place:
    """A property of a contact, read anew: what is written in between shows."""

    conn: Connection
    contact_id: int
    prop: Property
    shown: properties.Shown
    words: rows.Words
    currency: str

    @property
    def value(self) -> Any:
        """The value that counts, with its own type."""
        return read.values(self.conn, self.contact_id)[self.prop.group][self.prop.name]

    @property
    def context(self) -> dict[str, Any]:
        row = self.words.row(self.shown)
        return {"contact": {"contact_id": self.contact_id}, "row": row, "property": self.shown, "kept": True}


def _place(contact_id: int, name: str, *, editable: bool = False) -> _Place:
    """Raises Http404: no such contact, no such property, or (``editable``) one that nobody may set."""
    conn = database()
    person = record.find(conn, contact_id)
    if isinstance(person, int):
        contact_id, person = person, record.find(conn, person)
    known = load(conn)
    found = properties.everything(record.labels(conn), known)
    shown = next((item for item in found if item.name == name), None)
    if shown is None or isinstance(person, int) or (editable and not shown.editable):
        raise Http404(_("There is no property of this name."))
    currency = record.home_currency(conn, person["store_ids"] or [])
    words = rows.Words(conn, contact_id, record.known_values(conn, contact_id), currency)
    return _Place(conn, contact_id, known.properties[name], shown, words, currency)


@member
@require_GET
def history(request: HttpRequest, contact_id: int, name: str) -> HttpResponse:
    """The panel beside the properties: what the value is made of, and its changes, newest first."""
    return render(request, "web/contact_history.html", _panel(_place(contact_id, name)))


@member
@require_GET
def row(request: HttpRequest, contact_id: int, name: str) -> HttpResponse:
    """The row as it stands, for who leaves the editor."""
    return render(request, "web/contact_property.html", _place(contact_id, name).context | {"focus": True})


@marketer
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, contact_id: int, name: str) -> HttpResponse:
    """The editor in the row's place; saved, the row again; refused, the editor with the reason."""
    place = _place(contact_id, name, editable=True)
    present = _entered(place.prop, place.value)
    if request.method == "GET":
        return _editor(request, place, present)
    given, was = _lines(place.prop, request.POST.getlist("value")), _lines(place.prop, request.POST.getlist("was"))
    kept = given == (was if "was" in request.POST else present)  # who changed nothing puts back nothing either
    if "clear" in request.POST or (given != present and not kept):
        if "was" in request.POST and was != present:
            return _editor(request, place, given, _overtaken(place))
        raw: object = None if "clear" in request.POST else entered(place.prop, given)
        if problem := _write(request, place, raw, "user"):
            return _editor(request, place, given, problem)
    answer = render(request, "web/contact_property.html", _place(contact_id, name).context | {"focus": True})
    answer["HX-Trigger"] = "value-changed"  # an open panel brings itself up to date
    return answer


@marketer
@require_POST
def restore(request: HttpRequest, contact_id: int, name: str) -> HttpResponse:
    """An earlier value is written again; the panel, and the row beside it."""
    place = _place(contact_id, name, editable=True)
    asked = {"contact": place.contact_id, "name": name, "change": whole(request.POST.get("change"))}
    found = place.conn.execute(record.Q["historic"], asked).fetchone()
    if found is None:
        raise Http404(_("There is no such change."))
    raw = json.loads(found[0]) if found[0] is not None and place.prop.multi else found[0]
    problem = _write(request, place, raw, "restore")
    place = _place(contact_id, name)
    context = _panel(place) | place.context | {"problem": problem, "beside": True}
    return render(request, "web/contact_history.html", context, status=422 if problem else 200)


def _write(request: HttpRequest, place: _Place, raw: object, source: str) -> str:
    """Writes the value and notes the act; what is wrong with it, or ''."""
    name, by = place.prop.name, actor(request)
    with place.conn.transaction():
        (outcome,) = write(
            place.conn, [Write(place.contact_id, {name: raw})], mode=Mode.OVERWRITE, source=source, by=by
        )
        if outcome.changed:
            log.note(place.conn, by, "contact.edited", f"contact:{outcome.contact_id}", property=name)
    return f"{place.shown.label} {outcome.refused[0].reason}." if outcome.refused else ""


def _lines(prop: Property, given: list[str]) -> list[str]:
    """What the form sends: of several values (without options one a line) those there are, of a text its lines as they
    are stored."""
    if prop.multi:
        lines = given if prop.options else [line for text in given for line in text.splitlines()]
        return [line.strip() for line in lines if line.strip()]
    return [text.replace("\r\n", "\n") for text in given]


def _overtaken(place: _Place) -> str:
    """The value is another one since the editor was opened; saved once more, it is written over."""
    now_there = place.words.row(place.shown)
    if now_there.empty:
        return _("It was emptied in the meantime. Save again to write yours, or cancel.")
    said = strip_tags(str(now_there.text))
    return _("It was changed to “%(value)s” in the meantime. Save again to write yours over it, or cancel.") % {
        "value": said
    }


def _editor(request: HttpRequest, place: _Place, given: list[str], problem: str = "") -> HttpResponse:
    language = get_language() or "en"
    options = [(o.value, o.label(language)) for o in place.prop.options if not o.hidden or o.value in given]
    # A value that is no option any more is not lost by opening the editor.
    options += [(value, value) for value in given if value and options and value not in place.shown.options]
    context = {
        "given": given,
        "was": _entered(place.prop, place.value) or [""],
        "value": "\n".join(given),
        "options": [(value, label, value in given) for value, label in options],
        "type": place.prop.type,
        "multi": place.prop.multi,
        "problem": problem,
    }
    return render(request, "web/contact_property_edit.html", place.context | context, status=422 if problem else 200)


def _entered(prop: Property, value: Any) -> list[str]:
    """The value as its control holds it; sent back like this, nothing was changed."""
    if values.empty(value):
        return [] if prop.multi else [""]
    if prop.multi:
        return [str(item) for item in value]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, Decimal):
        return [as_typed(format(value, "f"))]
    if isinstance(value, datetime):
        return [timezone.localtime(value).strftime("%Y-%m-%dT%H:%M:%S")]
    return [str(value)]


def _panel(place: _Place) -> dict[str, Any]:
    asked = {"contact": place.contact_id, "name": place.prop.name, "limit": CHANGES}
    found = place.conn.execute(record.Q["history"], asked).fetchall()
    who = timeline.people(place.conn, {by for *_ignored, by in found if by})
    ways = written.told(place.conn, {(source, source_id) for *_ignored, source, source_id, _by in found})
    present = found[0][3] if found else None
    changes = [
        {
            "number": number,
            "at": at,
            "text": place.words.say(place.shown, value),
            "empty": values.empty(value),
            "way": ways[source, source_id],
            "who": who.get(by, ""),
            "restorable": place.shown.editable and not values.empty(value) and raw != present,
        }
        for number, at, value, raw, source, source_id, by in found
    ]
    value = place.value
    table = products.table(value) if place.prop.name in products.TABLES and value else ""
    return place.context | {"changes": changes, "table": table, "origin": _origin(place, value)}


def _origin(place: _Place, value: Any) -> dict[str, Any] | None:
    """What the value is made of, ready to be shown."""
    origin = provenance.trace(place.conn, place.contact_id, place.prop.name)
    if origin is None:
        return None
    stores = {store.pk: str(store) for store in lookup.every(place.conn)}
    of_cart = origin.facts[0] if origin.facts and origin.facts[0].kind == "cart" else None
    facts = [
        {
            "fact": fact,
            # The page of orders or carts that begins with this one.
            "before": iso(fact.at),
            "after": fact.ref + 1,
            "store": stores.get(fact.store_id, "") if len(stores) > 1 else "",
            "foreign": fact.currency != place.currency,
        }
        for fact in origin.facts
    ]
    money = origin.measure in {"sum", "average", "single"}
    return {
        "measure": origin.measure,
        "facts": facts,
        "further": origin.count - len(facts),
        "result": origin.like(value),
        "currency": of_cart.currency if of_cart else place.currency,
        "money": money,
        "shown": origin.measure != "list" and origin.result is not None,
    }
