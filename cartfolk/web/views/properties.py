"""Settings: properties that people make."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import psycopg
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from cartfolk.core.sql import Connection
from cartfolk.properties import definitions
from cartfolk.properties.catalogue import Option, Property
from cartfolk.properties.catalogue.model import Type
from cartfolk.properties.defined import load
from cartfolk.properties.definitions import BadDefinition
from cartfolk.segments.jobs import properties_changed

from .. import uses
from ..access import actor, database, marketer
from ..properties import slug
from ..templatetags.cartfolk import number as shown_number
from . import formulas

# What people choose -> type and its marks.
KINDS: dict[str, tuple[Type, str]] = {
    "string": ("string", ""), "text": ("text", ""), "number": ("number", ""), "whole": ("number", "whole"),
    "currency": ("number", "currency"), "percent": ("number", "percent"), "date": ("date", ""),
    "datetime": ("datetime", ""), "bool": ("bool", ""), "enumeration": ("enumeration", ""),
    "multi": ("enumeration", "multi"), "email": ("email", ""), "phone": ("phone", ""), "url": ("url", ""),
}  # fmt: skip
_LABELS = (
    ("string", _("Text, one line")), ("text", _("Text, several lines")), ("number", _("Number")),
    ("whole", _("Whole number")), ("currency", _("Amount of money")), ("percent", _("Percentage")),
    ("date", _("Date")), ("datetime", _("Date and time")), ("bool", _("Yes or no")),
    ("enumeration", _("Choice of one")), ("multi", _("Choice of several")), ("email", _("E-mail")),
    ("phone", _("Phone")), ("url", _("Web address")),
)  # fmt: skip
_CALCULATED = ("number", "whole", "currency", "percent", "string", "text", "bool", "date", "datetime")


class PropertyForm(forms.Form):
    label_de = forms.CharField(label=_("German label"), max_length=100, required=False)
    label_en = forms.CharField(label=_("English label"), max_length=100, required=False)
    name = forms.CharField(
        label=_("Internal name"),
        max_length=60,
        required=False,
        help_text=_("For files and the API; stays for ever. Left empty, it is made from the label."),
    )
    group = forms.ChoiceField(label=_("Group"))
    new_group = forms.CharField(label=_("Or a new group"), max_length=100, required=False)
    kind = forms.ChoiceField(label=_("Type"), choices=_LABELS)
    options = forms.CharField(
        label=_("Options"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("For a choice: one option a line, in their order: value | English label | German label."),
    )
    description_de = forms.CharField(
        label=_("German description"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    description_en = forms.CharField(
        label=_("English description"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    formula = forms.CharField(
        label=_("Formula"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "code", "spellcheck": "false", "autocapitalize": "off"}),
    )

    field_order = (
        "label_de", "label_en", "name", "group", "new_group", "description_de", "description_en", "kind", "options",
        "formula",
    )  # fmt: skip

    def __init__(self, conn: Connection, item: Property | None, data: Any = None, calculated: bool = False) -> None:
        kind = "number" if calculated else "string"
        initial = _initial(item) if item else {"kind": kind, "group": "contactinformation"}
        super().__init__(data, initial=initial)
        language = get_language() or "en"
        self.instance_label = item.label(language) if item else ""
        groups = load(conn).groups.values()
        field = self.fields["group"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(g.name, g.label(language)) for g in groups if not g.shop_group]
        if item:
            del self.fields["name"]
        if calculated:
            kinds = self.fields["kind"]
            assert isinstance(kinds, forms.ChoiceField)
            kinds.choices = [(key, label) for key, label in _LABELS if key in _CALCULATED]
            del self.fields["options"]
            check = {"hx-post": reverse("web:properties-formula"), "hx-target": "#formula-check"}
            check["hx-sync"] = "#formula-check:replace"  # the last one asked for is shown
            check["hx-include"] = "closest form"
            kinds.widget.attrs |= check | {"hx-trigger": "change"}
            self.fields["formula"].widget.attrs |= check | {
                "hx-trigger": "input changed delay:400ms, load",
                "aria-describedby": "formula-check",
            }
        else:
            del self.fields["formula"]

    def item(self, name: str = "") -> Property:
        """What the form says as a property."""
        given = self.cleaned_data
        kind, mark = KINDS[given["kind"]]
        return Property(
            name=name or given["name"].strip() or slug(given["label_en"] or given["label_de"]),
            label_en=given["label_en"].strip(),
            label_de=given["label_de"].strip(),
            group=slug(given["new_group"]) or given["group"],
            type=kind,
            definition_en=given["description_en"].strip() or given["description_de"].strip(),
            definition_de=given["description_de"].strip() or given["description_en"].strip(),
            multi=mark == "multi",
            currency=mark == "currency",
            percent=mark == "percent",
            whole=mark == "whole",
            options=tuple(_options(given.get("options", "").splitlines())),
            formula=given.get("formula", "").strip() or None,
            computed=False,
            custom=True,
        )


@marketer
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A new property, in a group that is there or a new one; with ``calculated`` one that a formula makes."""
    return _form(request, None, "calculated" in request.GET)


@marketer
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Labels, group, options and description of a property people made."""
    item = load(database(), archived=True).properties.get(name)
    if item is None or not item.custom:
        raise Http404
    return _form(request, item, bool(item.formula))


@marketer
@require_POST
def state(request: HttpRequest, name: str) -> HttpResponse:
    """Archive, restore, or delete what is archived."""
    acts = {"archive": definitions.archive, "restore": definitions.restore, "delete": definitions.delete}
    act = acts.get(request.POST.get("do", ""))
    if act is None:
        raise Http404
    conn = database()
    item = load(conn, archived=True).properties.get(name)
    label = item.label(get_language() or "en") if item else name
    done = {
        "archive": _("“%(label)s” is archived. Restore it here whenever you like: every value comes back with it."),
        "restore": _("“%(label)s” is back with every value."),
        "delete": _("“%(label)s” is deleted."),
    }
    try:
        act(conn, name, by=actor(request))
    except BadDefinition as error:
        messages.error(request, str(error))
        return redirect("web:properties-edit", name)
    except psycopg.errors.LockNotAvailable:
        messages.error(request, gettext("The contacts are busy with an import. Try again in a moment."))
        return redirect("web:properties-edit", name)
    properties_changed(conn)
    messages.success(request, done[request.POST["do"]] % {"label": label})
    return redirect("web:properties") if act is definitions.delete else redirect("web:properties-edit", name)


def _form(request: HttpRequest, item: Property | None, formula: bool) -> HttpResponse:
    conn = database()
    form = PropertyForm(conn, item, request.POST if request.method == "POST" else None, formula)
    error, seen = "", _seen(item)
    if form.is_valid() and request.POST.get("seen", seen) != seen:
        error = gettext("This property was changed since you opened it here. Save again to write yours over it.")
    elif form.is_valid():
        try:
            saved = _save(conn, form, item, actor(request))
            properties_changed(conn)
            told = {"label": saved.label(get_language() or "en"), "group": _group(conn, saved.group)}
            said = _("“%(label)s” is saved.") if item else _("“%(label)s” is made. It stands in the group %(group)s.")
            messages.success(request, said % told)
            if item and (gone := {o.value for o in item.options} - {o.value for o in saved.options}):
                _warn(request, definitions.lost(conn, item, gone), sorted(gone))
            return redirect("web:properties")
        except BadDefinition as refused:
            error = str(refused)
        except psycopg.errors.LockNotAvailable:
            error = gettext("The contacts are busy with an import. Try again in a moment.")
    usage = definitions.usage(conn, item.name) if item else None
    context: dict[str, Any] = {"form": form, "item": item, "usage": usage, "error": error, "formula": formula}
    context["seen"] = seen
    if item:
        context["uses"] = uses.of(conn, item.name)
    if formula:
        context |= formulas.help_(conn)
    return render(request, "web/property.html", context, status=422 if error or form.errors else 200)


def _seen(item: Property | None) -> str:
    """Which version of the property a form shows: of two people who save, the second is told of the first."""
    return hashlib.sha256(repr(_initial(item)).encode()).hexdigest()[:16] if item else ""


def _warn(request: HttpRequest, contacts: int, gone: list[str]) -> None:
    """Says who holds options that are no more; their values stay as they are stored."""
    text = ngettext(
        "%(count)s contact still holds an option that is no more (%(options)s): it is shown as it is stored.",
        "%(count)s contacts still hold an option that is no more (%(options)s): it is shown as it is stored.",
        contacts,
    )
    if contacts:
        messages.warning(request, text % {"count": shown_number(contacts), "options": ", ".join(gone)})


def _group(conn: Connection, name: str) -> str:
    return load(conn).groups[name].label(get_language() or "en")


def _save(conn: Connection, form: PropertyForm, item: Property | None, by: str) -> Property:
    wanted = form.item(item.name if item else "")
    if item:
        wanted = replace(wanted, hidden=item.hidden)  # is changed where the order is
    label = form.cleaned_data["new_group"].strip()
    with conn.transaction():
        if label and wanted.group not in load(conn).groups:
            definitions.create_group(conn, wanted.group, label, label, by=by)
        (definitions.change if item else definitions.create)(conn, wanted, by=by)
    return load(conn, archived=True).properties[wanted.name]


def _initial(item: Property) -> dict[str, Any]:
    marks = {m for m in ("multi", "currency", "percent", "whole") if getattr(item, m)}
    kind = next((k for k, (t, mark) in KINDS.items() if t == item.type and {mark} - {""} == marks), item.type)
    return {
        "label_de": item.label_de,
        "label_en": item.label_en,
        "group": item.group,
        "kind": kind,
        "description_de": item.definition_de,
        "description_en": item.definition_en,
        "formula": item.formula or "",
        "options": "\n".join(f"{o.value} | {o.label_en} | {o.label_de}" for o in item.options),
    }


def _options(lines: Iterable[str]) -> Iterable[Option]:
    for line in lines:
        if line.strip():
            value, *labels = (part.strip() for part in line.split("|"))
            english = (labels[0] if labels else "") or value
            yield Option(value, english, (labels[1] if len(labels) > 1 else "") or english)
