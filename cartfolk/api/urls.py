"""Every endpoint, each with and without a slash at its end: a redirect would turn a POST into a GET."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import URLPattern, re_path

from . import contacts, properties
from .endpoint import nowhere

_TYPE = "(?:contacts?|CONTACTS?|0-1)"


def _at(path: str, view: Callable[..., HttpResponse]) -> URLPattern:
    return re_path(f"^crm/v3/{path}/?$", view)


_OBJECTS, _PROPERTIES = f"objects/{_TYPE}", f"properties/{_TYPE}"

urlpatterns = [
    _at(_OBJECTS, contacts.collection),
    _at(f"{_OBJECTS}/batch/read", contacts.batch_read),
    _at(f"{_OBJECTS}/batch/create", contacts.batch_create),
    _at(f"{_OBJECTS}/batch/update", contacts.batch_update),
    _at(f"{_OBJECTS}/batch/upsert", contacts.batch_upsert),
    _at(f"{_OBJECTS}/batch/archive", contacts.batch_archive),
    _at(f"{_OBJECTS}/search", contacts.search),
    _at(f"{_OBJECTS}/merge", contacts.merge),
    _at(f"{_OBJECTS}/gdpr-delete", contacts.gdpr_delete),
    _at(f"{_OBJECTS}/(?P<contact>[^/]+)", contacts.one),
    _at(_PROPERTIES, properties.collection),
    _at(f"{_PROPERTIES}/groups", properties.groups),
    _at(f"{_PROPERTIES}/groups/(?P<name>[^/]+)", properties.group),
    _at(f"{_PROPERTIES}/batch/read", properties.batch_read),
    _at(f"{_PROPERTIES}/batch/create", properties.batch_create),
    _at(f"{_PROPERTIES}/batch/archive", properties.batch_archive),
    _at(f"{_PROPERTIES}/(?P<name>[^/]+)", properties.one),
    re_path(r"^(?:crm|[a-z-]+/v\d)/", nowhere),
]
