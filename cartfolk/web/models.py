"""The little that pages themselves remember: one-time links, failed sign-ins, saved views and bulk edits."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class OwnerLink(models.Model):
    """A one-time link that lets the first person in. Only the SHA-256 of its token is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class SignInFailure(models.Model):
    """One wrong password; five of them within a quarter of an hour make the next attempt wait."""

    key = models.CharField(max_length=64)  # SHA-256 of e-mail or address: nothing personal is kept
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="web_sign_in_failure")]


class SavedView(models.Model):
    """A way to look at All contacts that somebody gave a name: filters, columns, order and search."""

    name = models.CharField(max_length=80)
    owner = models.ForeignKey("auth.User", models.CASCADE, related_name="+")
    shared = models.BooleanField(default=False)
    default = models.BooleanField(default=False)  # what All contacts opens with, for everybody
    position = models.IntegerField(default=0)
    filters = models.JSONField(null=True, blank=True)  # the segment language with its envelope; null = everybody
    columns = models.JSONField(default=list)
    sort = models.CharField(max_length=120)
    search = models.CharField(max_length=200, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["default"], condition=models.Q(default=True, deleted_at=None), name="web_one_default_view"
            )
        ]


class BulkEdit(models.Model):
    """One property set for many contacts at once: what was asked, how far it is, and whether it was taken back."""

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        UNDOING = "undoing"
        UNDONE = "undone"

    by = models.CharField(max_length=40)  # the audit log's name of who asked
    created_at = models.DateTimeField()
    property = models.CharField(max_length=120)
    mode = models.CharField(max_length=20)
    value = models.JSONField(null=True)  # as it was typed; null empties
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)  # contacts handled, in the present direction
    parts_done = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)  # why values were refused, the first time


class BulkPart(models.Model):
    """Some of the contacts a bulk edit is about, as they were when it was asked for: numbers, nothing else."""

    edit = models.ForeignKey(BulkEdit, models.CASCADE, related_name="parts")
    number = models.IntegerField()
    contacts = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["edit", "number"], name="web_bulk_part")]
