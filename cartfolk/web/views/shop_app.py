"""The app a store's shop installs: its file, and whether something happened to it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from cartfolk.audit import log
from cartfolk.stores import handshake

from ..access import actor, database, owner
from ..installing import stamp
from .stores import named


@owner
@require_GET
def store_app(request: HttpRequest, name: str) -> HttpResponse:
    """The file; it carries a secret."""
    found = named(name)
    try:
        app = handshake.file(found)
    except handshake.NoApp as error:
        raise Http404(str(error)) from None
    log.note(database(), actor(request), "store.app_downloaded", f"store:{found.name}")
    answer = HttpResponse(app.body, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{app.name}"'
    answer["Cache-Control"] = "no-store"
    return answer


@owner
@require_GET
def store_app_state(request: HttpRequest, name: str) -> HttpResponse:
    """Asked every few seconds while the shop installs: nothing, or the store's page anew once something happened."""
    found = named(name)
    if request.GET.get("was") == stamp(found):
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Redirect": reverse("web:store", args=[found.name])})
