"""Settings: the catalogue of properties, and the language."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cartfolk.core.sql import Connection
from cartfolk.properties import calculated
from cartfolk.properties.catalogue import GROUPS
from cartfolk.properties.defined import load

from .. import formats
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
    known = load(conn, archived=True)
    for shown in catalogue.everything(labels(conn), known, hidden=True):
        groups.setdefault(shown.group_label, []).append(shown)
    own = {name: group for name, group in known.groups.items() if name not in GROUPS}
    full = {item.group for item in known.properties.values()}
    german = formats.language() == "de"
    return {
        "groups": groups,
        "own": own,
        "unused": [(name, g.label_de if german else g.label_en) for name, g in own.items() if name not in full],
        "count": sum(map(len, groups.values())),
        "progress": calculated.progress(conn),
    }
