"""Which browsers are signed in: what a person recognises them by, and ending them."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse

from cartfolk.core.time import now

from .models import Member, Presence

EVERY = 60  # seconds between two notes of the same browser: one small write a minute
# in the order of looking: a browser's header names the ones it descends from too
BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Device:
    """One signed-in browser as its owner sees it."""

    id: int
    browser: str
    system: str
    address: str
    since: datetime
    seen_at: datetime
    this: bool


class Noticed:
    """Middleware: notes a signed-in browser, at most once a minute and process."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.noted: dict[str, float] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # A session nobody looked into is not looked into here: doors and static files stay free of it.
        if getattr(request.session, "accessed", False) and request.user.is_authenticated:
            key, clock = request.session.session_key or "", time.monotonic()
            if key and clock - self.noted.get(key, -EVERY) >= EVERY:
                if len(self.noted) > 10_000:
                    self.noted.clear()
                self.noted[key] = clock
                note(request, key)
        return response


def note(request: HttpRequest, key: str) -> None:
    at, agent = now(), request.headers.get("User-Agent", "")
    values = {
        "user_id": request.user.pk,
        "browser": _first(BROWSERS, agent),
        "system": _first(SYSTEMS, agent),
        "address": shortened(request.META.get("REMOTE_ADDR", "")),
        "seen_at": at,
    }
    Presence.objects.update_or_create(session_key=key, defaults=values, create_defaults=values | {"since": at})
    Member.objects.filter(pk=request.user.pk).update(seen_at=at)


def devices(user_id: int, here: str | None) -> list[Device]:
    """The browsers of a member that are still signed in, the present one first."""
    rows = Presence.objects.filter(user_id=user_id).order_by("-seen_at")
    alive = set(
        Session.objects.filter(session_key__in=[row.session_key for row in rows], expire_date__gt=now()).values_list(
            "session_key", flat=True
        )
    )
    Presence.objects.filter(pk__in=[row.pk for row in rows if row.session_key not in alive]).delete()
    found = [
        Device(row.pk, row.browser, row.system, row.address, row.since, row.seen_at, row.session_key == here)
        for row in rows
        if row.session_key in alive
    ]
    return sorted(found, key=lambda device: not device.this)


def end(user_id: int, presence_id: int) -> bool:
    """Signs one browser of this member out; False when it is not theirs or already is."""
    found = Presence.objects.filter(pk=presence_id, user_id=user_id).first()
    if found is None:
        return False
    Session.objects.filter(session_key=found.session_key).delete()
    found.delete()
    return True


def end_all(user_id: int, but: str | None = None) -> int:
    """Signs every browser of this member out, except the session ``but``; how many they were.

    By what the sessions themselves say, not by Presence: one that was never noted must not survive.
    """
    mine = [
        session.session_key
        for session in Session.objects.filter(expire_date__gt=now()).exclude(session_key=but or "").iterator()
        if session.get_decoded().get("_auth_user_id") == str(user_id)
    ]
    Session.objects.filter(session_key__in=mine).delete()
    Presence.objects.filter(user_id=user_id).exclude(session_key=but or "").delete()
    return len(mine)


def shortened(address: str) -> str:
    """Enough to recognise a network, too little to name a household: 203.0.113.x, 2001:db8:1::x."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return f"{str(found).rpartition('.')[0]}.x"
    return f"{ipaddress.ip_network((int(found), 48), strict=False).network_address}x"


def _first(table: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((word for sign, word in table if sign in agent), "")
