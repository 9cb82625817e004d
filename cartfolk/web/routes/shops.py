from __future__ import annotations

from django.urls import URLPattern, path

from ..views import rates, shop_app, stores

urlpatterns: list[URLPattern] = [
    path("stores/<slug:name>/app", shop_app.store_app, name="store-app"),
    path("stores/<slug:name>/app/state", shop_app.store_app_state, name="store-app-state"),
    path("stores/<slug:name>/rates", rates.store_rates, name="store-rates"),
    path("stores/<slug:name>/rates/save", rates.store_rate_save, name="store-rate-save"),
    path("stores/<slug:name>/rates/remove", rates.store_rate_remove, name="store-rate-remove"),
    path("stores/<slug:name>/sender", stores.store_sender, name="store-sender"),
]
