"""Settings: the order of groups and properties, what is hidden, new groups."""

from __future__ import annotations

from django import forms
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from cartfolk.core.sql import Connection
from cartfolk.properties import definitions
from cartfolk.properties.defined import load
from cartfolk.properties.definitions import BadDefinition

from .. import properties as catalogue
from ..access import actor, database, marketer
from . import settings
from .record import labels


class GroupForm(forms.Form):
    label_de = forms.CharField(label=_("German label"), max_length=100, required=False)
    label_en = forms.CharField(label=_("English label"), max_length=100, required=False)


@marketer
@require_POST
def arrange(request: HttpRequest) -> HttpResponse:
    """One step: ``do`` is up:NAME, down:NAME, hide:NAME, show:NAME, group-up:GROUP or group-down:GROUP."""
    act, found, name = request.POST.get("do", "").partition(":")
    conn, by = database(), actor(request)
    try:
        match act:
            case "up" | "down":
                _move(conn, name, -1 if act == "up" else 1, by)
            case "group-up" | "group-down":
                _move_group(conn, name, -1 if act == "group-up" else 1, by)
            case "hide" | "show":
                definitions.hide(conn, name, act == "hide", by=by)
            case _:
                raise BadRequest("do is none of the steps the page offers.")
    except (BadDefinition, ValueError) as error:
        raise BadRequest(str(error) or "There is no such property.") from error
    if request.headers.get("HX-Request") and found:
        return render(request, "web/properties_list.html", settings.listing(conn) | {"arrange": True})
    return redirect(reverse("web:properties") + "?arrange")


def _move(conn: Connection, name: str, step: int, by: str) -> None:
    shown = catalogue.everything(labels(conn), load(conn, archived=True), hidden=True)
    item = next((one for one in shown if one.name == name), None)
    if item is None:
        raise ValueError
    names = [one.name for one in shown if one.group == item.group]
    near = [one.name for one in shown if (one.group, one.block) == (item.group, item.block)]
    place = near.index(name) + step
    if 0 <= place < len(near):
        here, there = names.index(name), names.index(near[place])
        names[here], names[there] = names[there], names[here]
        definitions.order(conn, names, by=by)


def _move_group(conn: Connection, name: str, step: int, by: str) -> None:
    known = load(conn, archived=True)
    groups = list(dict.fromkeys(one.group for one in catalogue.everything(labels(conn), known, hidden=True)))
    place = groups.index(name) + step
    if 0 <= place < len(groups):
        here = groups.index(name)
        groups[here], groups[place] = groups[place], groups[here]
        shops = [group.name for group in known.groups.values() if group.shop_group]
        definitions.order_groups(
            conn, [n for one in groups for n in (shops if one == catalogue.SHOP else [one])], by=by
        )


@marketer
@require_http_methods(["GET", "POST"])
def create_group(request: HttpRequest) -> HttpResponse:
    """A new group of properties."""
    form = GroupForm(request.POST if request.method == "POST" else None)
    error = ""
    if form.is_valid():
        de, en = form.cleaned_data["label_de"].strip(), form.cleaned_data["label_en"].strip()
        try:
            definitions.create_group(database(), catalogue.slug(en or de), en, de, by=actor(request))
            return redirect("web:properties")
        except BadDefinition as refused:
            error = str(refused)
    context = {"form": form, "error": error}
    return render(request, "web/property_group.html", context, status=422 if error or form.errors else 200)
