"""The web application for any WSGI server: pages for people, doors for machines.

A door needs no session, no language and no messages, and what they cost is a quarter of taking a webhook in: its
requests pass by that middleware.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

from cartfolk.core.garbage import collect_seldom

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cartfolk.settings")

_DOORS = ("/hooks/", "/ingest/", "/t/", "/crm/")


def _doors() -> WSGIHandler:
    """A handler with the middleware that sets security headers and a length; Django has no setting for a second."""
    whole = settings.MIDDLEWARE
    settings.MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
    ]
    try:
        return WSGIHandler()
    finally:
        settings.MIDDLEWARE = whole


pages = get_wsgi_application()
doors = _doors()
collect_seldom()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    handler = doors if environ.get("PATH_INFO", "").startswith(_DOORS) else pages
    answer: Iterable[bytes] = handler(environ, start_response)
    return answer
