from __future__ import annotations

from django.urls import URLPattern, path

from ..views import duplicates, emails, merging

urlpatterns: list[URLPattern] = [
    path("contacts/duplicates", duplicates.suggested, name="contacts-duplicates"),
    path("contacts/duplicates/dismissed", duplicates.dismissed, name="contacts-duplicates-dismissed"),
    path("contacts/duplicates/dismiss", duplicates.dismiss, name="contacts-duplicates-dismiss"),
    path("contacts/duplicates/compare", duplicates.compare, name="contacts-duplicates-compare"),
    path("contacts/duplicates/reconsider", duplicates.reconsider, name="contacts-duplicates-reconsider"),
    path("contacts/merge", merging.merge, name="contacts-merge"),
    path("contacts/merges/<int:merge_id>/undo", merging.undo, name="contacts-merge-undo"),
    path("contacts/<int:contact_id>/emails", emails.emails, name="contact-emails"),
    path("contacts/<int:contact_id>/merge", merging.choose, name="contact-merge"),
]
