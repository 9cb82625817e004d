from __future__ import annotations

from django.urls import URLPattern, path

from ..views import builder, segments

urlpatterns: list[URLPattern] = [
    path("segments", segments.segments, name="segments"),
    path("segments/create", segments.segments_create, name="segments-create"),
    path("segments/new", builder.segment_new, name="segment-new"),
    path("segments/hubspot", builder.segment_hubspot, name="segment-hubspot"),
    path("segments/build", builder.segment_build, name="segment-build"),
    path("segments/preview", builder.segment_preview, name="segment-preview"),
    path("segments/suggest", builder.segment_suggest, name="segment-suggest"),
    path("segments/<int:segment_id>/edit", builder.segment_edit, name="segment-edit"),
    path("segments/<int:segment_id>", segments.segment, name="segment"),
    path("segments/<int:segment_id>/state", segments.segment_state, name="segment-state"),
    path("segments/<int:segment_id>/moves", segments.segment_moves, name="segment-moves"),
    path("segments/<int:segment_id>/compare", segments.segment_compare, name="segment-compare"),
    path("segments/<int:segment_id>/change", segments.segment_change, name="segment-change"),
]
