"""What every page's frame shows."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext_lazy as _

from .access import role_of
from .roles import Role

_PAGES = (
    ("web:home", _("Home"), "home", ("home",)),
    ("web:contacts", _("Contacts"), "contacts", ("contacts", "contact")),
    ("web:segments", _("Segments"), "segments", ("segments", "segment")),
    ("web:stores", _("Stores"), "stores", ("stores", "store")),
    (
        "web:properties",
        _("Settings"),
        "settings",
        ("properties", "privacy", "audit", "language", "account", "people", "tokens"),
    ),
)

# The pages under Settings; each template begins with {% include "web/settings_tabs.html" %}.
_SETTINGS = (
    ("web:properties", _("Properties")),
    ("web:privacy", _("Privacy")),
    ("web:audit", _("Audit log")),
    ("web:people", _("People")),
    ("web:tokens", _("API tokens")),
    ("web:account", _("Your account")),
)  # fmt: skip


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The main pages, the one the reader is on marked."""
    match = getattr(request, "resolver_match", None)
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            match = None
    role = role_of(request) if hasattr(request, "user") else None
    return _frame((match.url_name or "") if match else "", role)


@cache
def _frame(name: str, role: Role | None) -> dict[str, Any]:
    here = name.split("-")[0]
    return {
        "navigation": [
            {"address": reverse(route), "label": label, "icon": icon, "current": here in names}
            for route, label, icon, names in _PAGES
        ],
        "settings_pages": [
            {"address": reverse(route), "label": label, "current": _below(name, route)}
            for route, label in _SETTINGS
            if role and role.includes(_needs(route))
        ],
        # What the reader's role may do; buttons it may not press are not shown.
        "may": {
            "change": bool(role and role.includes(Role.MARKETER)),
            "manage": role == Role.OWNER,
        },
    }


def _below(name: str, route: str) -> bool:
    """A page is its tab's own or one of those below it: account-two-factor, properties-edit."""
    tab = route.removeprefix("web:")
    return name == tab or name.startswith(f"{tab}-")


@cache
def _needs(route: str) -> Role:
    """The role that the page behind a route asks for, as its guard says."""
    needs: Role = resolve(reverse(route)).func.needs  # type: ignore[attr-defined]
    return needs
