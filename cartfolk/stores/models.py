"""A connected shop: where it is, how to get in, how its owner wants it treated."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Store(models.Model):
    """One connected shop. Secrets are stored encrypted (``core.secrets``)."""

    class State(models.TextChoices):
        CONNECTED = "connected", _("Connected")
        PAUSED = "paused", _("Paused")
        STOPPED = "stopped", _("Needs you")  # credentials, permissions or another shop at the address

    name = models.SlugField(max_length=80, unique=True)  # used in commands
    platform = models.CharField(max_length=40)
    url = models.URLField(max_length=500)
    shop_name = models.CharField(max_length=200, blank=True)
    credentials = models.BinaryField()  # encrypted JSON
    webhook_secret = models.BinaryField()  # encrypted
    ingest_secret = models.BinaryField()  # encrypted; shown to the owner as whsec_...
    key = models.CharField(max_length=40, unique=True)  # random; the store's name in /hooks, /ingest, tracker
    home_currency = models.CharField(max_length=3, default="EUR")
    timezone = models.CharField(max_length=64, default="UTC")
    fingerprint = models.CharField(max_length=300, blank=True)
    allow_private_address = models.BooleanField(default=False)
    settings = models.JSONField(default=dict, blank=True)  # status map, consent keys ... (StoreConfig.settings)
    learned = models.JSONField(default=dict, blank=True)  # the connector's own notes (StoreConfig.learned), no secrets
    idle_minutes = models.PositiveIntegerField(default=60)  # 5 .. 600
    max_concurrency = models.PositiveSmallIntegerField(default=6)
    state = models.CharField(max_length=12, choices=State.choices, default=State.CONNECTED)
    state_reason = models.TextField(blank=True)
    connected_at = models.DateTimeField()
    live_from = models.DateTimeField()  # events before it are historic
    last_ok_at = models.DateTimeField(null=True, blank=True)
    webhook_health = models.JSONField(default=dict, blank=True)
    compared = models.JSONField(default=dict, blank=True)  # what the last comparison with the shop found

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def storefront(self) -> str:
        """Where shoppers are. Some platforms are asked at another address than that; then the connector learned it."""
        told = str(self.learned.get("storefront") or "")
        return told if told.startswith(("https://", "http://")) else self.url
