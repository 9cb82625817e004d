"""Settings: the catalogue of properties, and the language."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cartfolk.core.sql import Connection
from cartfolk.properties import calculated
from cartfolk.properties.defined import load

from .. import properties as catalogue
from ..access import database, member
from .record import labels


@member
@require_GET
def properties(request: HttpRequest) -> HttpResponse:
    """Every property: group, label, internal name, type and published definition; with ``arrange`` their order."""
    context = listing(database()) | {"arrange": "arrange" in request.GET}
    return render(request, "web/properties.html", context)


def listing(conn: Connection) -> dict[str, Any]:
    """What the page of properties shows."""
    groups: dict[str, list[catalogue.Shown]] = {}
    for shown in catalogue.everything(labels(conn), load(conn, archived=True), hidden=True):
        groups.setdefault(shown.group_label, []).append(shown)
    return {"groups": groups, "count": sum(map(len, groups.values())), "progress": calculated.progress(conn)}
