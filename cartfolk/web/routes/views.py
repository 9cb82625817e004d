"""All contacts: its filters, saved views, and what is done with chosen contacts."""

from __future__ import annotations

from django.urls import URLPattern, path

from ..views import bulk, computing, contacts, filters, lists, saved

urlpatterns: list[URLPattern] = [
    path("computing", computing.computing, name="computing"),
    path("contacts/count", contacts.contacts_count, name="contacts-count"),
    path("contacts/filterable", contacts.contacts_filterable, name="contacts-filterable"),
    path("contacts/filter", filters.contacts_filter, name="contacts-filter"),
    path("contacts/views", saved.contacts_view_save, name="contacts-view-save"),
    path("contacts/views/<str:key>", saved.contacts_view, name="contacts-view"),
    path("contacts/list", lists.contacts_list, name="contacts-list"),
    path("contacts/edit", bulk.contacts_edit, name="contacts-edit"),
    path("contacts/edit/<int:number>", bulk.contacts_edited, name="contacts-edited"),
    path("contacts/edit/<int:number>/undo", bulk.contacts_undo, name="contacts-edit-undo"),
]
