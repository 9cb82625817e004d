"""Every route of the program."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = []
if find_spec("cartfolk.inbox.urls"):
    # The doors first: /hooks, /ingest and /t are asked far more often than any page.
    urlpatterns.append(path("", include("cartfolk.inbox.urls")))
urlpatterns.append(path("", include("cartfolk.api.urls")))
urlpatterns.append(path("", include("cartfolk.web.urls")))

handler400 = "cartfolk.web.views.errors.bad_request"
handler403 = "cartfolk.web.views.errors.forbidden"
handler404 = "cartfolk.web.views.errors.not_found"
handler500 = "cartfolk.web.views.errors.broken"
