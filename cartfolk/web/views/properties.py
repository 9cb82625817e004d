"""Settings: properties that people make."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import psycopg
from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from cartfolk.core.sql import Connection
from cartfolk.properties import definitions
from cartfolk.properties.catalogue import Option, Property
from cartfolk.properties.catalogue.model import Type
from cartfolk.properties.defined import load
from cartfolk.properties.definitions import BadDefinition

from ..access import actor, database, marketer

# What people choose -> type and its marks.
_KINDS: dict[str, tuple[Type, str]] = {
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
    description = forms.CharField(
        label=_("Description"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, conn: Connection, item: Property | None, data: Any = None) -> None:
        initial = _initial(item) if item else {"kind": "string", "group": "contactinformation"}
        super().__init__(data, initial=initial)
        language = get_language() or "en"
        self.instance_label = item.label(language) if item else ""
        groups = load(conn).groups.values()
        field = self.fields["group"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(g.name, g.label(language)) for g in groups if not g.shop_group]
        if item:
            del self.fields["name"]

    def item(self, name: str = "") -> Property:
        """What the form says as a property."""
        given = self.cleaned_data
        kind, mark = _KINDS[given["kind"]]
        return Property(
            name=name or given["name"].strip() or _slug(given["label_en"] or given["label_de"]),
            label_en=given["label_en"].strip(),
            label_de=given["label_de"].strip(),
            group=_slug(given["new_group"]) or given["group"],
            type=kind,
            definition_en=given["description"].strip(),
            definition_de=given["description"].strip(),
            multi=mark == "multi",
            currency=mark == "currency",
            percent=mark == "percent",
            whole=mark == "whole",
            options=tuple(_options(given["options"].splitlines())),
            computed=False,
            custom=True,
        )


@marketer
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A new property, in a group that is there or a new one."""
    return _form(request, None)


@marketer
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Labels, group, options and description of a property people made."""
    item = load(database(), archived=True).properties.get(name)
    if item is None or not item.custom:
        raise Http404
    return _form(request, item)


@marketer
@require_POST
def state(request: HttpRequest, name: str) -> HttpResponse:
    """Archive, restore, or delete what is archived."""
    acts = {"archive": definitions.archive, "restore": definitions.restore, "delete": definitions.delete}
    act = acts.get(request.POST.get("do", ""))
    if act is None:
        raise Http404
    try:
        act(database(), name, by=actor(request))
    except BadDefinition as error:
        raise Http404(str(error)) from error
    return redirect("web:properties")


def _form(request: HttpRequest, item: Property | None) -> HttpResponse:
    conn = database()
    form = PropertyForm(conn, item, request.POST if request.method == "POST" else None)
    error = ""
    if form.is_valid():
        try:
            _save(conn, form, item, actor(request))
            return redirect("web:properties")
        except BadDefinition as refused:
            error = str(refused)
        except psycopg.errors.LockNotAvailable:
            error = gettext("The contacts are busy with an import. Try again in a moment.")
    usage = definitions.usage(conn, item.name) if item else None
    context = {"form": form, "item": item, "usage": usage, "error": error}
    return render(request, "web/property.html", context, status=422 if error or form.errors else 200)


def _save(conn: Connection, form: PropertyForm, item: Property | None, by: str) -> None:
    wanted = form.item(item.name if item else "")
    label = form.cleaned_data["new_group"].strip()
    with conn.transaction():
        if label and wanted.group not in load(conn).groups:
            definitions.create_group(conn, wanted.group, label, label, by=by)
        (definitions.change if item else definitions.create)(conn, wanted, by=by)


def _initial(item: Property) -> dict[str, Any]:
    marks = {m for m in ("multi", "currency", "percent", "whole") if getattr(item, m)}
    kind = next((k for k, (t, mark) in _KINDS.items() if t == item.type and {mark} - {""} == marks), item.type)
    return {
        "label_de": item.label_de,
        "label_en": item.label_en,
        "group": item.group,
        "kind": kind,
        "description": item.definition(get_language() or "en"),
        "options": "\n".join(f"{o.value} | {o.label_en} | {o.label_de}" for o in item.options),
    }


def _options(lines: Iterable[str]) -> Iterable[Option]:
    for line in lines:
        if line.strip():
            value, *labels = (part.strip() for part in line.split("|"))
            english = (labels[0] if labels else "") or value
            yield Option(value, english, (labels[1] if len(labels) > 1 else "") or english)


def _slug(label: str) -> str:
    """An internal name from a label: Schuhgröße -> schuhgroesse."""
    text = label.strip().lower()
    for letter, pair in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.replace(letter, pair)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")[:60]
