"""API tokens: what a program may do, proven by 256 random bits that are shown once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from cartfolk.core.time import now

from . import acts
from .links import kept
from .models import ApiToken

PREFIX = "cf_"
NOTED = timedelta(minutes=1)  # "last used" is this exact: a busy program costs one write a minute


class Scope(models.TextChoices):
    CONTACTS_READ = "contacts.read", _("Read contacts and search them")
    CONTACTS_WRITE = "contacts.write", _("Create, change and merge contacts")
    PROPERTIES_READ = "properties.read", _("Read properties and groups")
    PROPERTIES_WRITE = "properties.write", _("Create, change and archive properties and groups")
    SEGMENTS_READ = "segments.read", _("Read segments and their members")
    SEGMENTS_WRITE = "segments.write", _("Create and change segments")
    PRIVACY_ERASE = "privacy.erase", _("Erase contacts for good")


def create(actor: str, user_id: int, name: str, scopes: Sequence[Scope], expires_at: datetime | None) -> str:
    """The new token in clear: the only time anybody sees it."""
    token = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        made = ApiToken.objects.create(
            name=name,
            token_hash=kept(token),
            hint=token[-4:],
            scopes=[scope.value for scope in scopes],
            created_at=now(),
            created_by_id=user_id,
            expires_at=expires_at,
        )
        acts.note(actor, "token.created", f"token:{made.pk}", scopes=made.scopes)
    return token


def find(token: str) -> ApiToken | None:
    """The token's row while it is neither revoked nor expired; notes that it was used."""
    at = now()
    found = ApiToken.objects.filter(token_hash=kept(token), revoked_at=None).first()
    if found is None or (found.expires_at is not None and found.expires_at <= at):
        return None
    if found.last_used_at is None or at - found.last_used_at > NOTED:
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=at)
    return found


def revoke(actor: str, token_id: int) -> bool:
    """Ends a token at once; False when it had ended before."""
    with transaction.atomic():
        ended = ApiToken.objects.filter(pk=token_id, revoked_at=None).update(revoked_at=now())
        if ended:
            acts.note(actor, "token.revoked", f"token:{token_id}")
    return bool(ended)
