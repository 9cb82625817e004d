"""``cartfolk members``: who may sign in, for an owner who is locked out or sets the program up by script."""

from __future__ import annotations

import argparse
import json

from . import program
from .exits import CommandFailed, Exit

ROLES = ("owner", "marketer", "reader")


def add_arguments(item: argparse.ArgumentParser) -> None:
    verbs = item.add_subparsers(dest="verb", metavar="list|invite|role|reset-2fa", required=True)
    listed = verbs.add_parser("list", help="everybody with their roles")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    listed.set_defaults(run=list_)
    invited = verbs.add_parser("invite", help="print a one-time link that lets somebody in")
    invited.add_argument("email")
    invited.add_argument("--role", choices=ROLES, default="marketer")
    invited.set_defaults(run=invite)
    changed = verbs.add_parser("role", help="give a member another role")
    changed.add_argument("email")
    changed.add_argument("role", choices=ROLES)
    changed.set_defaults(run=role)
    reset = verbs.add_parser("reset-2fa", help="let a member in with the password alone until they set it up again")
    reset.add_argument("email")
    reset.set_defaults(run=reset_two_factor)


def list_(arguments: argparse.Namespace) -> int:
    with program.database():
        from cartfolk.core.time import iso
        from cartfolk.web import members

        for member in members.everyone():
            row = {
                "email": member.user.email,
                "name": member.user.first_name,
                "role": member.role,
                "active": member.user.is_active,
                "two_factor": bool(member.totp_secret),
                "seen_at": iso(member.seen_at),
            }
            if arguments.json:
                print(json.dumps(row, ensure_ascii=False))
            else:
                state = "" if member.user.is_active else "  deactivated"
                factor = "two-factor" if member.totp_secret else "password only"
                print(f"{member.user.email:40} {member.role:9} {factor:14} {row['seen_at'] or 'never seen'}{state}")
    return Exit.OK


def invite(arguments: argparse.Namespace) -> int:
    with program.database():
        from cartfolk.web import members
        from cartfolk.web.roles import Role

        if not _is_address(arguments.email):
            raise CommandFailed(f"{arguments.email} is no e-mail address.", Exit.USAGE)
        try:
            print(members.invite("system", arguments.email, Role(arguments.role)))
        except members.Refused as refused:
            raise CommandFailed(str(refused), Exit.USAGE) from refused
    return Exit.OK


def role(arguments: argparse.Namespace) -> int:
    with program.database():
        from cartfolk.web import members
        from cartfolk.web.roles import Role

        try:
            members.change_role("system", _user_id(arguments.email), Role(arguments.role))
        except members.Refused as refused:
            raise CommandFailed(str(refused), Exit.USAGE) from refused
        print(f"{arguments.email} is {arguments.role} now.")
    return Exit.OK


def reset_two_factor(arguments: argparse.Namespace) -> int:
    with program.database():
        from cartfolk.web import members

        members.reset_two_factor("system", _user_id(arguments.email))
        print(f"{arguments.email} signs in with the password alone until two-factor sign-in is set up again.")
    return Exit.OK


def _user_id(email: str) -> int:
    from django.contrib.auth.models import User

    user = User.objects.filter(username=email.strip().lower()).first()
    if user is None:
        raise CommandFailed(f"Nobody here is {email}; cartfolk members list shows everybody.", Exit.NOT_FOUND)
    return user.pk


def _is_address(text: str) -> bool:
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    try:
        validate_email(text.strip())
    except ValidationError:
        return False
    return True
