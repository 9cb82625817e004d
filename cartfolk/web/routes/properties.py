from __future__ import annotations

from django.urls import URLPattern, path

from ..views import arranging, formulas, properties

urlpatterns: list[URLPattern] = [
    path("settings/properties/new", properties.create, name="properties-new"),
    path("settings/property-order", arranging.arrange, name="properties-arrange"),
    path("settings/property-groups/new", arranging.create_group, name="properties-group"),
    path("settings/property-group/<str:name>", arranging.edit_group, name="properties-group-edit"),
    path("settings/property-group/<str:name>/state", arranging.group_state, name="properties-group-state"),
    path("settings/property-formula", formulas.check, name="properties-formula"),
    path("settings/property-progress", formulas.progress, name="properties-progress"),
    path("settings/properties/<str:name>", properties.edit, name="properties-edit"),
    path("settings/properties/<str:name>/state", properties.state, name="properties-state"),
]
