"""The line about numbers that are computed anew, as it brings itself up to date."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from .. import computing as looking
from ..access import database, member


@member
@require_GET
def computing(request: HttpRequest) -> HttpResponse:
    """The line; nothing once everybody is computed, and then it goes."""
    return render(request, "web/computing.html", {"computing": looking.progress(database())})
