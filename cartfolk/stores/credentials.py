"""A store's secrets, and what a connector may know of its store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from django.conf import settings

from cartfolk.connectors.base import StoreConfig
from cartfolk.core import secrets
from cartfolk.core.sql import Connection

from .lookup import Q
from .models import Store


def seal(value: object) -> bytes:
    """``value`` as it is stored: encrypted with the program's secret key."""
    return secrets.encrypt(value, settings.SECRET_KEY, "store")


def credentials(store: Store) -> Mapping[str, str]:
    """The keys to the shop. Raises core.secrets.SecretUnreadable."""
    return cast(Mapping[str, str], secrets.decrypt(store.credentials, settings.SECRET_KEY, "store"))


def webhook_secret(store: Store) -> str:
    """What the shop signs its webhooks with."""
    return str(secrets.decrypt(store.webhook_secret, settings.SECRET_KEY, "store"))


def ingest_secret(store: Store) -> str:
    """``whsec_...``: what senders to the ingest door sign with."""
    return str(secrets.decrypt(store.ingest_secret, settings.SECRET_KEY, "store"))


def renew_ingest_secret(conn: Connection, store: Store) -> str:
    """Replaces the ingest secret at once and returns the new one."""
    fresh = secrets.new_webhook_secret()
    conn.execute(Q["set_secret"], {"id": store.pk, "secret": seal(fresh)})
    return fresh


def config(store: Store) -> StoreConfig:
    """The store as its connector sees it, secrets in clear; never log it."""
    return StoreConfig(
        url=store.url,
        credentials=credentials(store),
        home_currency=store.home_currency,
        timezone=store.timezone,
        settings=store.settings,
        learned=store.learned,
        webhook_secret=webhook_secret(store),
        ingest_secret=ingest_secret(store),
        allow_private_address=store.allow_private_address,
    )
