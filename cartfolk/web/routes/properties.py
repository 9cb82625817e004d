from __future__ import annotations

from django.urls import URLPattern, path

from ..views import properties

urlpatterns: list[URLPattern] = [
    path("settings/properties/new", properties.create, name="properties-new"),
    path("settings/properties/<str:name>", properties.edit, name="properties-edit"),
    path("settings/properties/<str:name>/state", properties.state, name="properties-state"),
]
