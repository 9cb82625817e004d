"""Settings: what a formula being typed would give, and how far everybody is calculated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET, require_POST

from cartfolk.core.sql import Connection, Statements
from cartfolk.identity.normalise import email
from cartfolk.properties import calculated
from cartfolk.properties.catalogue import Property
from cartfolk.properties.defined import load
from cartfolk.properties.formula import FUNCTIONS, FormulaError

from .. import properties as catalogue
from .. import values
from ..access import database, marketer, member
from .record import labels

Q = Statements.beside(catalogue.__file__, "formulas.sql")
_NEW = Property(
    name="this_property", label_en="", label_de="", group="", type="number", definition_en="", definition_de="",
    computed=False, custom=True,
)  # fmt: skip


@marketer
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """What the formula gives for a contact, or why it cannot be used; the form's fields and ``sample`` as given."""
    from .properties import KINDS  # the form asks this module for its help

    conn = database()
    text = request.POST.get("formula", "").strip()
    type_, mark = KINDS.get(request.POST.get("kind", ""), ("number", ""))
    known = load(conn, archived=True).properties
    item = known.get(request.POST.get("property", ""), _NEW)
    item = replace(
        item,
        formula=text,
        type=type_,
        whole=mark == "whole",
        currency=mark == "currency",
        percent=mark == "percent",
        archived=False,
    )
    asked = request.POST.get("sample", "").strip()
    context: dict[str, Any] = {"asked": asked, "person": _person(conn, asked)}
    try:
        if text:
            calculated.read(item, known)
            if context["person"]:
                value = calculated.sample(conn, item, known, context["person"]["contact_id"])
                context["value"] = values.shown(value, catalogue.kind(item, known))
            context["right"] = True
    except FormulaError as error:
        context["error"] = str(error)
        if error.at >= 0:
            context |= {"before": text[: error.at][-30:], "there": text[error.at :][:40]}
    return render(request, "web/property_formula.html", context)


def _person(conn: Connection, asked: str) -> dict[str, Any] | None:
    """The contact asked for by number or e-mail address; without one the newest."""
    number = int(asked) if asked.isdecimal() and len(asked) < 18 else None
    told = {"number": number, "email": email(asked) if asked and number is None else None}
    row = conn.execute(Q["sample"] if asked else Q["newest"], told).fetchone()
    return {"contact_id": row[0], "name": row[1] or row[2] or str(row[0])} if row else None


def help_(conn: Connection) -> dict[str, Any]:
    """Functions with their meaning, and the names of properties a formula may read."""
    german = (get_language() or "en").startswith("de")
    functions = [(row.usage, row.de if german else row.en, row.example) for row in FUNCTIONS.values()]
    names = [(item.label, item.name) for item in catalogue.everything(labels(conn), load(conn), hidden=True)]
    signs = [
        ("+ - * / %", gettext("Calculate with numbers; a division by zero is empty.")),
        ("date + 7", gettext("The day so many days later; with a minus, earlier.")),
        ("= != < <= > >=", gettext("Compare values of one kind.")),
        ("and or not", gettext("Join conditions.")),
    ]
    return {"functions": functions, "names": names, "signs": signs}


@member
@require_GET
def progress(request: HttpRequest) -> HttpResponse:
    """How far everybody is calculated with a changed formula."""
    return render(request, "web/property_progress.html", {"progress": calculated.progress(database())})
