"""What pages themselves remember: who may sign in and how, one-time links, API tokens, saved views, bulk edits."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from .roles import Role


class OwnerLink(models.Model):
    """A one-time link that lets the first person in. Only the SHA-256 of its token is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class SignInFailure(models.Model):
    """One wrong password or code; five of them within a quarter of an hour make the next attempt wait."""

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


class Member(models.Model):
    """What a signed-in person may do, and how they like it. Who is deactivated has an inactive Django user."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)
    role = models.CharField(max_length=8, choices=Role.choices)
    language = models.CharField(max_length=2, blank=True, default="")  # "": as the browser says
    time_zone = models.CharField(max_length=64, blank=True, default="")
    seen_at = models.DateTimeField(null=True, blank=True)
    totp_secret = models.BinaryField(default=b"")  # sealed; empty: no second step
    totp_step = models.BigIntegerField(default=0)  # the last 30-second step whose code was used; none works twice
    lacks_second_step = False  # known of a member read by members.of


class RecoveryCode(models.Model):
    """A code that replaces the authenticator app once; only its SHA-256 is kept."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    code_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "code_hash"], name="web_recovery_code")]


class Invitation(models.Model):
    """A one-time link that lets a colleague in with a role. Accepted or revoked, the row is gone."""

    email = models.EmailField(unique=True)
    role = models.CharField(max_length=8, choices=Role.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()  # of the link; a new link starts the seven days again


class Presence(models.Model):
    """One browser that is signed in: what its owner recognises it by, not what would follow them."""

    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    browser = models.CharField(max_length=24)
    system = models.CharField(max_length=24)
    address = models.CharField(max_length=48)  # shortened: 203.0.113.x
    since = models.DateTimeField()
    seen_at = models.DateTimeField()


class ApiToken(models.Model):
    """A key for programs; only the SHA-256 of its 256 random bits is kept."""

    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)  # its last characters, to tell it from others
    scopes = ArrayField(models.CharField(max_length=40))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)


class Account(models.Model):
    """What holds for everybody; one row."""

    two_factor_required = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="web_account_one_row")]
