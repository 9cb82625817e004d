from __future__ import annotations

from django.urls import URLPattern, path

from ..views import notes

urlpatterns: list[URLPattern] = [
    path("contacts/<int:contact_id>/notes", notes.add, name="note-add"),
    path("contacts/<int:contact_id>/notes/<int:note_id>", notes.change, name="note-change"),
    path("contacts/<int:contact_id>/notes/<int:note_id>/delete", notes.remove, name="note-delete"),
    path("contacts/<int:contact_id>/notes/<int:note_id>/undo", notes.bring_back, name="note-undo"),
]
