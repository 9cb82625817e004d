"""Links in e-mails that need no sign-in: confirming a subscription (double opt-in) and unsubscribing.

A token is 128 random bits, stored as its hash only. Opening a link changes nothing, since scanners open it too; a
button does, or a mail program's one-click POST (RFC 8058). Mail sending asks here for the addresses.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from psycopg.types.json import Jsonb

from cartfolk.commerce import consent
from cartfolk.core import secrets
from cartfolk.core.sql import Connection, again
from cartfolk.core.time import now
from cartfolk.identity import merges
from cartfolk.identity.resolve import hold
from cartfolk.identity.suppression import Q
from cartfolk.pipeline import refresh

CONFIRM_LIFE = timedelta(days=30)
UNSUBSCRIBE_LIFE = timedelta(days=3 * 365)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")  # 128 bits as secrets.random_key writes them


@dataclass(frozen=True, slots=True)
class Link:
    """What a token stands for. ``contact_id`` is the contact as it is now, after any merge."""

    contact_id: int
    kind: str  # confirm | unsubscribe
    channel: str
    purpose: str
    wording: str
    expires_at: datetime
    used_at: datetime | None


def ask(conn: Connection, contact_id: int, channel: str, purpose: str, wording: str, by: str = "") -> str:
    """Asks the person to confirm: notes that in the ledger and returns the link, valid for 30 days."""
    at = now()
    with conn.transaction():
        consent.act(conn, contact_id, channel, purpose, "pending", "double opt-in", evidence={}, by=by,
                    wording=wording, at=at)  # fmt: skip
        return _make(conn, contact_id, "confirm", "c", _about(channel, purpose, wording), at + CONFIRM_LIFE)


def unsubscribe_link(conn: Connection, contact_id: int, channel: str = "email", purpose: str = "marketing") -> str:
    """A link for one message; the headers that go with it are :func:`headers`."""
    return _make(conn, contact_id, "unsubscribe", "u", _about(channel, purpose, ""), now() + UNSUBSCRIBE_LIFE)


def headers(link: str) -> dict[str, str]:
    """The mail headers of RFC 8058 for an unsubscribe link."""
    return {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def find(conn: Connection, token: str) -> Link | None:
    """What the token stands for; None when it is none of ours, expired, or its person is gone."""
    if not _TOKEN.fullmatch(token):
        return None
    row = conn.execute(Q["link"], {"hash": _hash(token)}).fetchone()
    if row is None or row[3] < now() or (contact := merges.kept(conn, row[0])) is None:
        return None
    about = row[2]
    return Link(contact, row[1], about["channel"], about["purpose"], about["wording"], row[3], row[4])


def confirm(conn: Connection, token: str, link: Link, ip: str) -> None:
    """The person confirms; opened again after an unsubscribe it changes nothing. ``ip``: evidence, may be empty."""
    _act(conn, token, link, "granted", "double opt-in", {"ip": ip}, once=True)


def unsubscribe(conn: Connection, token: str, link: Link, one_click: bool = False) -> None:
    """The person withdraws, at once and for good. ``one_click``: by the button of a mail program."""
    _act(conn, token, link, "withdrawn", "unsubscribe link", {"one_click": one_click})


def resubscribe(conn: Connection, token: str, link: Link, ip: str) -> None:
    """It was a mistake: the person takes the withdrawal back on the very page."""
    _act(conn, token, link, "granted", "unsubscribe page", {"ip": ip})


def clean(conn: Connection) -> int:
    """Forgets links that expired a month ago."""
    return conn.execute(Q["clean_links"], {"before": now() - timedelta(days=30)}).rowcount


def _act(
    conn: Connection,
    token: str,
    link: Link,
    status: consent.Status,
    source: str,
    evidence: dict[str, Any],
    once: bool = False,
) -> None:
    """``once``: a link that was used before, be it a moment ago by the same button, does nothing. Whoever was erased
    meanwhile is written down nowhere."""

    def acted() -> None:
        with conn.transaction():
            if hold(conn, [link.contact_id]):  # before the link: an erasure holds the contact first
                at = now()
                (first,) = conn.execute(Q["link_used"], {"hash": _hash(token), "at": at}).fetchone() or (False,)
                if first or not once:
                    contact = consent.act(conn, link.contact_id, link.channel, link.purpose, status, source,
                                          evidence=evidence, wording=link.wording, at=at)  # fmt: skip
                    refresh(conn, [contact], at, "user")

    again(acted)  # a mail program that unsubscribes with one click does not ask twice


def _about(channel: str, purpose: str, wording: str) -> dict[str, str]:
    return {"channel": channel, "purpose": purpose, "wording": wording}


def _make(conn: Connection, contact_id: int, kind: str, door: str, about: dict[str, str], expires: datetime) -> str:
    token = secrets.random_key(16)
    conn.execute(
        Q["add_link"],
        {
            "hash": _hash(token), "contact": contact_id, "kind": kind, "about": Jsonb(about), "at": now(),
            "expires": expires,
        },
    )  # fmt: skip
    return f"{settings.PUBLIC_URL}/{door}/{token}"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
