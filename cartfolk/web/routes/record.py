from __future__ import annotations

from django.urls import URLPattern, path

from ..views import membership, notes, record, value

urlpatterns: list[URLPattern] = [
    path("contacts/hide-empty", record.hide_empty, name="contacts-hide-empty"),
    path("contacts/<int:contact_id>/properties/<str:name>", value.history, name="contact-history"),
    path("contacts/<int:contact_id>/properties/<str:name>/value", value.row, name="contact-value"),
    path("contacts/<int:contact_id>/properties/<str:name>/edit", value.edit, name="contact-value-edit"),
    path("contacts/<int:contact_id>/properties/<str:name>/restore", value.restore, name="contact-value-restore"),
    path("contacts/<int:contact_id>/segments", membership.contact_segments, name="contact-segments"),
    path("contacts/<int:contact_id>/segments/<int:segment_id>/why", membership.why, name="contact-segment-why"),
    path("contacts/<int:contact_id>/notes", notes.add, name="note-add"),
    path("contacts/<int:contact_id>/notes/<int:note_id>", notes.change, name="note-change"),
    path("contacts/<int:contact_id>/notes/<int:note_id>/delete", notes.remove, name="note-delete"),
    path("contacts/<int:contact_id>/notes/<int:note_id>/undo", notes.bring_back, name="note-undo"),
]
