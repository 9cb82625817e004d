"""Who sends: the clone guard for what modules of ours in a shop push with the store's secret.

A copied database (staging, a restored backup) takes the secret along, and a platform whose API tells nothing beyond
that database looks the same from both. So a module tells in its signed message where its shop is configured to be.
The first place seen is the store's own, kept in ``Store.learned``:

    site      the shop's own place
    stranger  another one that sent with the secret and waits for the owner's word
    copies    places the owner called copies

What a message does not tell proves nothing and passes.
"""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

from cartfolk.core.sql import Connection

from . import health
from .lookup import Q
from .models import Store

Verdict = Literal["own", "strange", "copy"]


def place(address: object) -> str:
    """Server and path of an address, as they are compared: shop.example/de. Empty for what is none."""
    if not isinstance(address, str) or len(address) > 300:
        return ""
    try:
        parts = urlsplit(address.strip() if "://" in address else f"https://{address.strip()}")
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
    except ValueError:
        return ""
    if not host or any(letter.isspace() for letter in host):
        return ""
    at = "" if port in (None, 80, 443) else f":{port}"
    return f"{host}{at}{parts.path.rstrip('/')}"


def judge(conn: Connection, store: Store, site: str) -> Verdict:
    """Whether a signed message from ``site`` is the store's own. ``store`` may be some seconds old.

    A stranger is noted and stops the store, so that nothing of a copy is mixed in unnoticed; until the owner decided
    its messages are to be kept, not applied. Those of a known copy are to be refused.
    """
    site = place(site)
    if not site or store.learned.get("site") == site:
        return "own"
    known = _met(conn, store.pk, site)
    if known["site"] == site:
        return "own"
    if site in known.get("copies", ()):
        return "copy"
    with conn.transaction():
        if conn.execute(Q["note_stranger"], {"id": store.pk, "site": site}).rowcount:
            health.stop(conn, store.pk, sentence(site, known["site"]))
    return "strange"


def sentence(site: str, own: str) -> str:
    """What the owner reads."""
    return (
        f"Another shop sends with this store's secret: it says it is {site}, but {own} was connected. What it sends is "
        "kept and not applied until you say whether the shop has moved or this is a copy."
    )


def moved(conn: Connection, store_id: int, site: str) -> None:
    """The owner says: the shop is at ``site`` from now on. The store goes on."""
    conn.execute(Q["accept_stranger"], {"id": store_id, "site": site})


def copied(conn: Connection, store_id: int, site: str) -> None:
    """The owner says: what is at ``site`` is a copy and is not listened to. The store goes on."""
    conn.execute(Q["refuse_stranger"], {"id": store_id, "site": site})


def _met(conn: Connection, store_id: int, site: str) -> dict[str, Any]:
    """What is known of senders, after the first one was remembered."""
    for _ in range(2):  # the second time when somebody else was the first at this very moment
        row = conn.execute(Q["meet_site"], {"id": store_id, "site": site}).fetchone()
        if row is not None:
            return dict(row[0])
    return {"site": site}  # the store was disconnected meanwhile
