from __future__ import annotations

from django.urls import path

from ..views import files

urlpatterns = [
    path("contacts/import", files.imports, name="contacts-import"),
    path("contacts/import/<int:import_id>", files.one, name="contacts-import-one"),
    path("contacts/import/<int:import_id>/columns", files.columns, name="contacts-import-columns"),
    path("contacts/import/<int:import_id>/do", files.act, name="contacts-import-do"),
    path("contacts/import/<int:import_id>/undo", files.undo, name="contacts-import-undo"),
    path("contacts/import/<int:import_id>/errors", files.errors, name="contacts-import-errors"),
]
