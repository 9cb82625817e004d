"""Settings: the order of groups and properties, what is hidden, new groups."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from cartfolk.core.sql import Connection
from cartfolk.properties import definitions
from cartfolk.properties.catalogue import GROUPS, Group
from cartfolk.properties.defined import load
from cartfolk.properties.definitions import BadDefinition
from cartfolk.segments.jobs import properties_changed

from .. import formats
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
    """One step: ``do`` is up:NAME, down:NAME, hide:NAME, show:NAME, or group-up:GROUP, group-down:GROUP,
    group-hide:GROUP, group-show:GROUP; with ``names`` the last two are about these of the group only."""
    act, found, name = request.POST.get("do", "").partition(":")
    conn, by = database(), actor(request)
    context: dict[str, Any] = {"arrange": True}
    try:
        match act:
            case "up" | "down":
                _move(conn, name, -1 if act == "up" else 1, by)
            case "group-up" | "group-down":
                _move_group(conn, name, -1 if act == "group-up" else 1, by)
            case "group-hide" | "group-show":
                context |= _hide(conn, name, act == "group-hide", request.POST.get("names", "").split(), by)
            case "hide" | "show":
                definitions.hide(conn, name, act == "hide", by=by)
            case _:
                raise BadRequest("do is none of the steps the page offers.")
    except (BadDefinition, ValueError) as error:
        raise BadRequest(str(error) or "There is no such property.") from error
    if request.headers.get("HX-Request") and found:
        return render(request, "web/properties_list.html", settings.listing(conn) | context)
    if "back" in context:  # the way back is on this answer only, not at the address a redirect would lead to
        return render(request, "web/properties.html", settings.listing(conn) | context | {"whole": True})
    return redirect(reverse("web:properties") + "?arrange")


def _hide(conn: Connection, group: str, hidden: bool, only: list[str], by: str) -> dict[str, Any]:
    """Hides or shows what of the group is not so yet, or of these only. What it did is told with its way back, so that
    a property hidden before stays hidden; the way back itself (``only``) just gives the focus to the group."""
    shown = catalogue.everything(labels(conn), load(conn), hidden=True)
    changed = [one for one in shown if one.group == group and one.hidden != hidden and (not only or one.name in only)]
    if changed:
        definitions.hide_all(conn, group, [one.name for one in changed], hidden, by=by)
    if only or not changed:
        return {"focus": group}
    back = {"group": group, "label": changed[0].group_label, "names": [one.name for one in changed], "hidden": hidden}
    return {"back": back}


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
    return _group(request, None)


@marketer
@require_http_methods(["GET", "POST"])
def edit_group(request: HttpRequest, name: str) -> HttpResponse:
    """The labels of a group people made, and what becomes of it."""
    return _group(request, _own(database(), name))


@marketer
@require_POST
def group_state(request: HttpRequest, name: str) -> HttpResponse:
    """Archive or restore every property of a group people made, or delete an empty one."""
    conn, by = database(), actor(request)
    _own(conn, name)
    try:
        match request.POST.get("do"):
            case "archive" | "restore" as act:
                definitions.archive_group(conn, name, act == "archive", by=by)
                properties_changed(conn)
            case "delete":
                definitions.delete_group(conn, name, by=by)
            case _:
                raise BadRequest("do is archive, restore or delete.")
    except BadDefinition as refused:
        messages.error(request, str(refused))
        return redirect("web:properties-group-edit", name)
    return redirect("web:properties")


def _own(conn: Connection, name: str) -> Group:
    group = load(conn).groups.get(name)
    if group is None or name in GROUPS:
        raise Http404
    return group


def _group(request: HttpRequest, group: Group | None) -> HttpResponse:
    conn, by = database(), actor(request)
    initial = {"label_de": group.label_de, "label_en": group.label_en} if group else None
    form = GroupForm(request.POST if request.method == "POST" else None, initial=initial)
    error = ""
    if form.is_valid():
        de, en = form.cleaned_data["label_de"].strip(), form.cleaned_data["label_en"].strip()
        try:
            if group:
                definitions.change_group(conn, group.name, en, de, by=by)
            else:
                definitions.create_group(conn, catalogue.slug(en or de), en, de, by=by)
            return redirect("web:properties")
        except BadDefinition as refused:
            error = str(refused)
    context: dict[str, Any] = {"form": form, "error": error}
    if group:
        inside = [item for item in load(conn, archived=True).properties.values() if item.group == group.name]
        aside = sum(item.archived for item in inside)
        label = group.label_de if formats.language() == "de" else group.label_en
        context |= {"group": group, "label": label, "count": len(inside), "there": len(inside) - aside, "aside": aside}
    return render(request, "web/property_group.html", context, status=422 if error or form.errors else 200)
