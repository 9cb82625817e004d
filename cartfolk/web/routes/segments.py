from __future__ import annotations

from django.urls import URLPattern, path

from ..views import segments

urlpatterns: list[URLPattern] = [
    path("segments", segments.segments, name="segments"),
    path("segments/create", segments.segments_create, name="segments-create"),
    path("segments/<int:segment_id>", segments.segment, name="segment"),
    path("segments/<int:segment_id>/change", segments.segment_change, name="segment-change"),
]
