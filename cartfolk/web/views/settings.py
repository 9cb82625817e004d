"""Settings: the catalogue of properties, and the language."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cartfolk.properties.defined import load

from .. import properties as catalogue
from ..access import database, member
from .record import labels


@member
@require_GET
def properties(request: HttpRequest) -> HttpResponse:
    """Every property: group, label, internal name, type and published definition."""
    groups: dict[str, list[catalogue.Shown]] = {}
    conn = database()
    for shown in catalogue.everything(labels(conn), load(conn, archived=True)):
        groups.setdefault(shown.group_label, []).append(shown)
    return render(request, "web/properties.html", {"groups": groups, "count": sum(map(len, groups.values()))})
