"""Recovery links: ``/r/<token>`` leads a shopper back to a cart, and the opening becomes a moment of that cart.

The token is 128 random bits and is stored as its hash only, so nobody who reads the database can open a
link; it expires, and names no person. Opening it signs nobody in and shows nothing: it leads to the cart's own
address, which is the shop's or nothing. What looks at a link without a person (HEAD, previews, prefetching,
mail scanners that say so) is led on or put off, and never counts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings

from cartfolk.core import secrets
from cartfolk.core.sql import Connection
from cartfolk.core.time import iso

from . import deliveries
from .deliveries import Q
from .known import bare_host
from .tracker import is_robot

LIFE = timedelta(days=30)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")  # 128 bits as secrets.random_key writes them
_PREVIEW = re.compile(
    r"externalhit|whatsapp|embed|unfurl|scanner|safelinks|barracuda|proofpoint|mimecast|googleimage", re.I
)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Link:
    """A link as the database knows it: not its address, which only its receiver has."""

    store_id: int
    cart: str
    created_at: datetime
    expires_at: datetime
    opened_at: datetime | None
    opened: int


@dataclass(frozen=True, slots=True)
class Target:
    """The cart a token stands for."""

    store_id: int
    cart: str
    expires_at: datetime


def make(conn: Connection, carts: Sequence[tuple[int, str]], at: datetime, life: timedelta = LIFE) -> list[str]:
    """A new link for each cart (store id, the cart's name in the shop), in their order: whole addresses,
    valid for ``life`` from ``at``. They are told this once; older links of the same cart stay valid."""
    tokens = [secrets.random_key(16) for _ in carts]
    if tokens:
        conn.execute(
            Q["add_links"],
            {
                "hashes": [_hash(token) for token in tokens],
                "store_ids": [store_id for store_id, _cart in carts],
                "carts": [cart for _store_id, cart in carts],
                "at": at,
                "expires": at + life,
            },
        )
    return [f"{settings.PUBLIC_URL}/r/{token}" for token in tokens]


def of(conn: Connection, carts: Sequence[tuple[int, str]]) -> list[Link]:
    """The links of these carts (store id, the cart's name in the shop), newest first."""
    store_ids, names = [store_id for store_id, _cart in carts], [cart for _store_id, cart in carts]
    return [Link(*row) for row in conn.execute(Q["links"], {"store_ids": store_ids, "carts": names})]


def find(conn: Connection, token: str) -> Target | None:
    """What the token stands for, expired or not; None when it is none of ours."""
    if not _TOKEN.fullmatch(token):
        return None
    row = conn.execute(Q["link"], {"hash": _hash(token)}).fetchone()
    return None if row is None else Target(*row)


def opened(conn: Connection, token: str, target: Target, at: datetime) -> str | None:
    """A person opened the link: keeps that as a moment of the cart, once a minute, and returns the cart's own
    address as the shop told it (to be checked by :func:`safe`). None = the cart is gone or tells none. What was
    ordered already is not recovered: then nothing is kept."""
    cart = _cart(conn, target)
    if cart is None:
        return None
    told, version, state = cart
    url = told.get("url")
    if state in {"ordered", "purchased"}:
        return None if url is None else str(url)
    # The shop's clock may be ahead of ours, within reason; the click comes after what it clicks on.
    moment_at = min(max(at, version + timedelta(milliseconds=1)), at + timedelta(minutes=5))
    moment = {"kind": "cart", "occurred_at": iso(moment_at), "object": told | {"recovered": True}}
    body = json.dumps([moment]).encode()
    minute = at.strftime("%Y-%m-%dT%H:%M")
    with conn.transaction():
        dedupe = f"opened {_hash(token).hex()} {minute}"
        if deliveries.store(conn, target.store_id, "ingest", "ingest", body, at, dedupe=dedupe):
            conn.execute(Q["link_opened"], {"hash": _hash(token), "at": at})
    return None if url is None else str(url)


def address(conn: Connection, target: Target) -> str | None:
    """The cart's own address as the shop told it, without counting anything."""
    cart = _cart(conn, target)
    return str(cart[0]["url"]) if cart and cart[0].get("url") else None


def _cart(conn: Connection, target: Target) -> tuple[dict[str, object], datetime, str] | None:
    where = {"store_id": target.store_id, "cart": target.cart}
    place = conn.execute(Q["cart_place"], where).fetchone()
    if place is None:
        return None
    row = conn.execute(Q["cart_now"], {"contact_id": place[0], "cart_id": place[1]}).fetchone()
    return None if row is None else (row[0], row[1], row[2])


def safe(url: str | None, shop: str) -> str | None:
    """``url`` if it leads to the shop's own host and port by http or https, else None. A cart's address came
    from outside; without this a link of ours could lead anywhere."""
    if not url or len(url) > 4000 or re.search(r"[\x00-\x20\x7f\\]", url):
        return None
    try:
        there, here = urlsplit(url), urlsplit(shop)
        ports = (there.port or _PORTS.get(there.scheme), here.port or _PORTS.get(here.scheme))
    except ValueError:
        return None
    if there.scheme not in _PORTS or there.username is not None or there.password is not None:
        return None
    if here.scheme == "https" and there.scheme == "http":
        return None
    own = bare_host(shop)
    # Port 80 of a shop on 443 was refused above; 443 of one on 80 is the same shop with a certificate.
    same_port = ports[0] == ports[1] or ports == (443, 80)
    return url if own and bare_host(url) == own and same_port else None


def is_prefetch(headers: Mapping[str, str]) -> bool:
    """Whether a browser looks ahead, and nobody clicked (header names as Django writes them)."""
    names = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
    return any(word in headers.get(name, "").lower() for name in names for word in ("prefetch", "preview", "prerender"))


def is_person(agent: str) -> bool:
    """Whether this User-Agent is a browser's; previews and scanners that say what they are are no person."""
    return not is_robot(agent) and not _PREVIEW.search(agent)


def clean(conn: Connection, before: datetime) -> int:
    """Forgets links that expired before ``before``; returns how many."""
    return conn.execute(Q["clean_links"], {"before": before}).rowcount


def forget(conn: Connection, carts: Sequence[tuple[int, str]]) -> int:
    """Takes every link to these carts (store id, the cart's name in the shop) away; returns how many."""
    store_ids, names = [store_id for store_id, _cart in carts], [cart for _store_id, cart in carts]
    return conn.execute(Q["forget_links"], {"store_ids": store_ids, "carts": names}).rowcount


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
