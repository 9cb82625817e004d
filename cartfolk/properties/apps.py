from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PropertiesConfig(AppConfig):
    name = "cartfolk.properties"
    label = "properties"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_add_columns, sender=self)


def _add_columns(using: str, **_: Any) -> None:
    """After every migrate: the catalogue's new properties get their columns, and every contact its values of them."""
    from django.db import connections

    from cartfolk.properties import recompute
    from cartfolk.properties.columns import ensure

    wrapper = connections[using]
    with wrapper.cursor() as cursor:
        cursor.execute("select to_regclass('contact_property') is not null")
        (present,) = cursor.fetchone() or (False,)
        cursor.execute("select to_regclass('computation') is not null")
        (noted,) = cursor.fetchone() or (False,)
    if present:  # absent after migrating backwards, or another app alone
        ensure(wrapper.connection)
    if noted:
        recompute.watch(wrapper.connection)
