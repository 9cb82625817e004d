"""The first account: a one-time link, printed where the program was started, makes its owner."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import models, transaction
from django.urls import reverse

from cartfolk.core.time import now

from . import acts
from .links import kept
from .models import Member, OwnerLink
from .roles import Role

VALID = timedelta(days=7)


class LinkExpired(Exception):
    """The link was used, is too old, or an owner exists already: sign in, or ask for a new link."""


def exists() -> bool:
    """Whether somebody can sign in at all."""
    return get_user_model().objects.exists()


def setup_link() -> str | None:
    """A fresh one-time address that creates the owner, or None when there is an owner already.

    Links made earlier stop working: whoever started the program last holds the key.
    """
    if exists():
        return None
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        OwnerLink.objects.filter(used_at=None).delete()
        OwnerLink.objects.create(token_hash=kept(token), created_at=now())
    return f"{settings.PUBLIC_URL}{reverse('web:setup', args=[token])}"


def valid(token: str) -> bool:
    """Whether the token opens the set-up page now."""
    return not exists() and _open(token).exists()


def create(token: str, email: str, password: str) -> User:
    """Uses the link up and creates the owner. Raises :class:`LinkExpired`."""
    with transaction.atomic():
        # The row lock lets exactly one of two simultaneous visitors through.
        link = _open(token).select_for_update().first()
        if link is None or exists():
            raise LinkExpired
        link.used_at = now()
        link.save(update_fields=["used_at"])
        user = User.objects.create_superuser(username=email.lower(), email=email, password=password)
        Member.objects.create(user=user, role=Role.OWNER)
        acts.note(f"user:{user.pk}", "member.joined", f"user:{user.pk}", role=Role.OWNER.value)
        return user


def _open(token: str) -> models.QuerySet[OwnerLink]:
    return OwnerLink.objects.filter(token_hash=kept(token), used_at=None, created_at__gt=now() - VALID)
