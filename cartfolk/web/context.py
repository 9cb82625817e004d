"""What every page's frame shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

_PAGES = (
    ("web:home", _("Home"), "home", ("home",)),
    ("web:contacts", _("Contacts"), "contacts", ("contacts", "contact")),
    ("web:stores", _("Stores"), "stores", ("stores", "store")),
    ("web:properties", _("Settings"), "settings", ("properties", "privacy", "audit", "language")),
)

# The pages under Settings; each template begins with {% include "web/settings_tabs.html" %}.
_SETTINGS = (
    ("web:properties", _("Properties")),
    ("web:privacy", _("Privacy")),
    ("web:audit", _("Audit log")),
)  # fmt: skip


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The main pages, the one the reader is on marked."""
    match = getattr(request, "resolver_match", None)
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            match = None
    here = (match.url_name or "").split("-")[0] if match else ""
    return {
        "navigation": [
            {"route": route, "label": label, "icon": icon, "current": here in names}
            for route, label, icon, names in _PAGES
        ],
        "settings_pages": [
            {"route": route, "label": label, "current": route == (f"web:{match.url_name}" if match else "")}
            for route, label in _SETTINGS
        ],
    }
