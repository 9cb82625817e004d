from __future__ import annotations

from django.urls import URLPattern, path

from ..views import consent, privacy, public

urlpatterns: list[URLPattern] = [
    path("settings/privacy", privacy.privacy, name="privacy"),
    path("settings/privacy/keep", privacy.keep, name="privacy-keep"),
    path("settings/privacy/let-in", privacy.lift, name="privacy-lift"),
    path("settings/privacy/erase", privacy.erase, name="privacy-erase"),
    path("contacts/erase", privacy.erase_chosen, name="contacts-erase"),
    path("settings/privacy/erasures/<int:erasure_id>", privacy.report, name="privacy-report"),
    path("settings/privacy/requests/<int:request_id>", privacy.done, name="privacy-done"),
    path("settings/audit", privacy.audit, name="audit"),
    path("contacts/<int:contact_id>/consent", consent.show, name="contact-consent"),
    path("contacts/<int:contact_id>/consent/act", consent.act, name="contact-consent-act"),
    path("contacts/<int:contact_id>/everything", privacy.export, name="contact-everything"),
    # without signing in: the token is the proof
    path("c/<str:token>", public.confirm, name="confirm"),
    path("u/<str:token>", public.unsubscribe, name="unsubscribe"),
]
