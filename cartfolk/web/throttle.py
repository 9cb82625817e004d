"""Sign-in attempts: after five wrong passwords the next one waits, longer each time, for e-mail and address."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.http import HttpRequest

from .models import SignInFailure

FREE = 5  # wrong passwords before anybody waits
WINDOW = timedelta(minutes=15)
LONGEST = 900  # seconds


def keys(request: HttpRequest, email: str) -> list[str]:
    """What failures are counted by: the account asked for, and where the request comes from."""
    address = request.META.get("REMOTE_ADDR", "")
    return [hashlib.sha256(text.encode()).hexdigest() for text in (f"e:{email.lower()}", f"a:{address}")]


def wait(names: Sequence[str], at: datetime) -> int:
    """Seconds until the next attempt is allowed; 0 = now."""
    longest = 0
    for name in names:
        failures = SignInFailure.objects.filter(key=name, at__gt=at - WINDOW)
        count = failures.count()
        if count < FREE:
            continue
        last = failures.order_by("-at").values_list("at", flat=True)[0]
        pause = min(30 * 2 ** (count - FREE), LONGEST)
        longest = max(longest, int(pause - (at - last).total_seconds() + 0.999))
    return longest


def failed(names: Sequence[str], at: datetime) -> None:
    SignInFailure.objects.filter(at__lt=at - WINDOW).delete()
    SignInFailure.objects.bulk_create([SignInFailure(key=name, at=at) for name in names])


def succeeded(names: Sequence[str]) -> None:
    # Only the account's own failures are forgiven; an address that tries many accounts keeps its count.
    SignInFailure.objects.filter(key=names[0]).delete()
