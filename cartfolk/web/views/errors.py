"""Pages for when something is not there, not allowed, or broken: each says what to do next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "web/error.html", {"code": 400}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "web/error.html", {"code": 403}, status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "web/error.html", {"code": 403, "form": True}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "web/error.html", {"code": 404}, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    # Without context processors: the database may be what is broken.
    from django.template.loader import render_to_string

    return HttpResponse(render_to_string("web/error_500.html"), status=500)
