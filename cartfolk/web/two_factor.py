"""The second step of signing in: a code of an authenticator app (TOTP, RFC 6238), or a recovery code."""

from __future__ import annotations

import base64
import secrets

import pyotp
import segno
from django.conf import settings
from django.db import transaction

from cartfolk.core.secrets import decrypt, encrypt
from cartfolk.core.time import now

from . import acts
from .links import kept
from .models import Member, RecoveryCode

STEP = 30  # seconds
SLACK = 1  # steps a clock may be off, either way
CODES = 8


class CodeRefused(Exception):
    """The code is wrong, too old or was used before: take the next one the app shows."""


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    return pyotp.random_base32()


def picture(secret: str, email: str) -> str:
    """The ``otpauth:`` address as a QR code: an SVG image as a data address."""
    address = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Cartfolk")
    drawn = segno.make(address, error="m", micro=False)
    svg = drawn.svg_inline(scale=5, border=2, dark="#000", light="#fff")
    return "data:image/svg+xml;base64," + base64.b64encode(_standalone(svg).encode()).decode()


def enable(member: Member, secret: str, code: str) -> list[str]:
    """Turns the second step on once the app shows the right code; the recovery codes, readable this once.

    Raises CodeRefused.
    """
    step = _step_of(secret, code)
    if step is None:
        raise CodeRefused
    with transaction.atomic():
        member.totp_secret = encrypt(secret, settings.SECRET_KEY, "two-factor")
        member.totp_step = step
        member.save(update_fields=["totp_secret", "totp_step"])
        codes = _fresh_codes(member)
        acts.note(f"user:{member.pk}", "member.two_factor_on", f"user:{member.pk}")
    return codes


def disable(member: Member, code: str) -> None:
    """Turns it off; the caller has checked the password. Raises CodeRefused."""
    with transaction.atomic():
        check(member, code)
        member.totp_secret = b""
        member.save(update_fields=["totp_secret"])
        RecoveryCode.objects.filter(member=member).delete()
        acts.note(f"user:{member.pk}", "member.two_factor_off", f"user:{member.pk}")


def renew_codes(member: Member, code: str) -> list[str]:
    """Eight new recovery codes; earlier ones stop working. Raises CodeRefused."""
    with transaction.atomic():
        check(member, code)
        codes = _fresh_codes(member)
        acts.note(f"user:{member.pk}", "member.recovery_codes", f"user:{member.pk}")
    return codes


def check(member: Member, given: str) -> None:
    """Accepts a code of the app or a recovery code, each of them once. Raises CodeRefused."""
    given = given.strip().lower().replace(" ", "")
    if given.isdecimal() and len(given) == 6:
        step = _step_of(str(decrypt(member.totp_secret, settings.SECRET_KEY, "two-factor")), given)
        # The condition is in the statement: of two requests with the same code one changes a row, one does not.
        used = step is not None and Member.objects.filter(pk=member.pk, totp_step__lt=step).update(totp_step=step)
    else:
        used = RecoveryCode.objects.filter(member=member, code_hash=kept(given.replace("-", ""))).delete()[0] == 1
        if used:
            acts.note(f"user:{member.pk}", "member.recovery_code_used", f"user:{member.pk}")
    if not used:
        raise CodeRefused


def codes_left(member: Member) -> int:
    return RecoveryCode.objects.filter(member=member).count()


def _step_of(secret: str, code: str) -> int | None:
    """The 30-second step whose code this is, None when none near now has it."""
    code = code.strip().replace(" ", "")
    here, totp = int(now().timestamp()) // STEP, pyotp.TOTP(secret)
    fitting = [
        step
        for step in range(here - SLACK, here + SLACK + 1)
        if secrets.compare_digest(totp.generate_otp(step).encode(), code.encode())
    ]
    return fitting[-1] if fitting else None


def _fresh_codes(member: Member) -> list[str]:
    RecoveryCode.objects.filter(member=member).delete()
    # 80 random bits in base32: read aloud and typed without doubt, and beyond guessing even from the hash
    plain = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(CODES)]
    RecoveryCode.objects.bulk_create([RecoveryCode(member=member, code_hash=kept(code)) for code in plain])
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in plain]


def _standalone(svg: str) -> str:
    return svg if "xmlns=" in svg else svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
