"""The little that pages themselves remember: the owner's one-time link and failed sign-ins."""

from __future__ import annotations

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
