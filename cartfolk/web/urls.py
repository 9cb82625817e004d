"""Every page."""

from __future__ import annotations

from django.urls import path
from django.views.i18n import set_language

from .routes import duplicates, files, members, privacy, segments, shops, views
from .routes import properties as property_routes
from .routes import record as record_routes
from .views import account, contacts, home, record, settings, stores

app_name = "web"
urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in", account.sign_in, name="sign-in"),
    path("sign-out", account.sign_out, name="sign-out"),
    path("setup/<str:token>", account.setup, name="setup"),
    path("language", set_language, name="language"),
    path("contacts", contacts.contacts, name="contacts"),
    path("contacts/columns", contacts.contacts_columns, name="contacts-columns"),
    path("contacts/export", contacts.contacts_export, name="contacts-export"),
    path("contacts/<int:contact_id>", record.contact, name="contact"),
    path("contacts/<int:contact_id>/timeline", record.contact_timeline, name="contact-timeline"),
    path("contacts/<int:contact_id>/orders", record.contact_orders, name="contact-orders"),
    path("contacts/<int:contact_id>/carts", record.contact_carts, name="contact-carts"),
    path("contacts/<int:contact_id>/properties", record.contact_properties, name="contact-properties"),
    path("stores", stores.stores, name="stores"),
    path("stores/connect", stores.connect, name="stores-connect"),
    path("stores/connect/<str:platform>", stores.connect, name="stores-connect-platform"),
    path("stores/<slug:name>", stores.store, name="store"),
    path("stores/<slug:name>/progress", stores.store_progress, name="store-progress"),
    path("stores/<slug:name>/run", stores.store_run, name="store-run"),
    path("stores/<slug:name>/state", stores.store_state, name="store-state"),
    path("stores/<slug:name>/settings", stores.store_settings, name="store-settings"),
    path("stores/<slug:name>/secret", stores.store_secret, name="store-secret"),
    path("stores/<slug:name>/retry", stores.store_retry, name="store-retry"),
    path("stores/<slug:name>/disconnect", stores.store_disconnect, name="store-disconnect"),
    path("settings/properties", settings.properties, name="properties"),
    *(
        pattern
        for module in (record_routes, property_routes, views, segments, duplicates, files, privacy, members, shops)
        for pattern in module.urlpatterns
    ),
]
