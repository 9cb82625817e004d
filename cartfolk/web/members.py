"""The people of the account: invite, accept, roles, in and out."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cartfolk.core.sql import Statements
from cartfolk.core.time import now
from cartfolk.stores.database import database

from . import acts, presence
from .links import kept
from .models import Account, Invitation, Member, RecoveryCode
from .roles import Role

Q = Statements.beside(__file__)
VALID = timedelta(days=7)
_READ = ("user_id", "role", "language", "time_zone", "seen_at", "totp_secret", "totp_step")


class Refused(Exception):
    """What was asked would leave the account without an owner, or is no longer there; the message says which."""


def of(user: AbstractBaseUser | AnonymousUser) -> Member:
    """The member a Django user is. Who came before there were roles is an owner if a superuser, else a reader."""
    row = database().execute(Q["member"], {"user": user.pk}).fetchone()
    if row is not None:
        found = Member.from_db("default", _READ, row[:-1])
        found.lacks_second_step = row[-1]
        return found
    role = Role.OWNER if getattr(user, "is_superuser", False) else Role.READER
    found, _made = Member.objects.get_or_create(user_id=int(user.pk or 0), defaults={"role": role})
    found.lacks_second_step = not found.totp_secret and two_factor_required()
    return found


def everyone() -> list[Member]:
    """All members with their users, active ones first, by e-mail."""
    for user in User.objects.filter(member=None):
        of(user)
    return list(Member.objects.select_related("user").order_by("-user__is_active", "user__email"))


def invite(actor: str, email: str, role: Role) -> str:
    """The one-time link for somebody new; an invitation of the same address is replaced. Raises Refused."""
    email = email.strip().lower()
    if User.objects.filter(username=email).exists():
        raise Refused(_("This address has an account already; change its role in the list."))
    token = secrets.token_urlsafe(32)
    values = {"role": role, "token_hash": kept(token), "created_at": now()}
    with transaction.atomic():
        invitation, made = Invitation.objects.update_or_create(email=email, defaults=values)
        acts.note(actor, "member.invited", f"invitation:{invitation.pk}", role=role.value, again=not made)
    return _address(token)


def renew(actor: str, invitation_id: int) -> tuple[Invitation, str]:
    """A fresh link for an invitation; the earlier one stops working. Raises Refused."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        invitation = Invitation.objects.filter(pk=invitation_id).select_for_update().first()
        if invitation is None:
            raise Refused(_("This invitation was accepted or revoked meanwhile."))
        invitation.token_hash, invitation.created_at = kept(token), now()
        invitation.save(update_fields=["token_hash", "created_at"])
        acts.note(actor, "member.invited", f"invitation:{invitation.pk}", role=invitation.role, again=True)
    return invitation, _address(token)


def revoke(actor: str, invitation_id: int) -> None:
    with transaction.atomic():
        if Invitation.objects.filter(pk=invitation_id).delete()[0]:
            acts.note(actor, "member.uninvited", f"invitation:{invitation_id}")


def invitation(token: str) -> Invitation | None:
    """The invitation a link opens, None when it was used, revoked or is older than seven days."""
    return Invitation.objects.filter(token_hash=kept(token), created_at__gt=now() - VALID).first()


def accept(token: str, name: str, password: str) -> User:
    """Uses the link up and makes the account. Raises Refused."""
    with transaction.atomic():
        # The row lock lets exactly one of two simultaneous visitors through.
        open_ = Invitation.objects.select_for_update().filter(token_hash=kept(token), created_at__gt=now() - VALID)
        found = open_.first()
        if found is None or User.objects.filter(username=found.email).exists():
            raise Refused(_("This link was used or is too old. Ask for a new one."))
        user = User.objects.create_user(username=found.email, email=found.email, password=password, first_name=name)
        Member.objects.create(user=user, role=found.role)
        acts.note(f"user:{user.pk}", "member.joined", f"invitation:{found.pk}", role=found.role)
        found.delete()
    return user


def change_role(actor: str, user_id: int, role: Role) -> None:
    """Raises Refused for the last owner."""
    with transaction.atomic():
        changed = _held(user_id)
        if role != Role.OWNER:
            _keep_an_owner(changed)
        was, changed.role = changed.role, role.value
        changed.save(update_fields=["role"])
        # One source of truth: Django's own flag must not make an owner of them again.
        User.objects.filter(pk=user_id).update(is_superuser=role == Role.OWNER, is_staff=False)
        acts.note(actor, "member.role", f"user:{user_id}", before=was, after=role.value)


def deactivate(actor: str, user_id: int) -> None:
    """Signs them out everywhere and lets them in no more; what they did stays theirs. Raises Refused."""
    with transaction.atomic():
        _keep_an_owner(_held(user_id))
        User.objects.filter(pk=user_id).update(is_active=False)
        presence.end_all(user_id)
        acts.note(actor, "member.deactivated", f"user:{user_id}")


def activate(actor: str, user_id: int) -> None:
    with transaction.atomic():
        _held(user_id)
        User.objects.filter(pk=user_id).update(is_active=True)
        acts.note(actor, "member.activated", f"user:{user_id}")


def reset_two_factor(actor: str, user_id: int) -> None:
    """For who lost the app and the codes: signing in asks for the password only, until they set it up again."""
    with transaction.atomic():
        reset = _held(user_id)
        reset.totp_secret = b""
        reset.save(update_fields=["totp_secret"])
        RecoveryCode.objects.filter(member=reset).delete()
        presence.end_all(user_id)
        acts.note(actor, "member.two_factor_reset", f"user:{user_id}")


def two_factor_required() -> bool:
    return Account.objects.filter(two_factor_required=True).exists()


def require_two_factor(actor: str, required: bool) -> None:
    with transaction.atomic():
        Account.objects.update_or_create(pk=1, defaults={"two_factor_required": required})
        acts.note(actor, "account.two_factor_required", required=required)


def _held(user_id: int) -> Member:
    """The member, locked together with every owner, so that two requests cannot each remove the other's last one."""
    locked = {row.pk: row for row in Member.objects.select_for_update().order_by("pk")}
    if user_id not in locked:
        raise Refused(_("There is no such member any more."))
    return locked[user_id]


def _keep_an_owner(losing: Member) -> None:
    owners: Any = Member.objects.filter(role=Role.OWNER, user__is_active=True)
    if losing.role == Role.OWNER and not owners.exclude(pk=losing.pk).exists():
        raise Refused(_("This is the last owner. Make somebody else an owner first."))


def _address(token: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse('web:invitation', args=[token])}"
