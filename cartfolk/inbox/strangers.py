"""Messages with the store's secret from another place than the store's: kept until the owner decided.

Who is who is decided in ``stores.senders``; here are the deliveries. What is held is claimed by nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from cartfolk.core.sql import Connection
from cartfolk.stores import senders
from cartfolk.stores.models import Store

from . import deliveries
from .deliveries import Q


class CopyRefused(Exception):
    """The sender is a copy, the owner said. Its text is for whoever reads the copy's log."""


def held_for(conn: Connection, store: Store, sites: Sequence[str]) -> str:
    """The place a message from these addresses is held for; "" when all are the store's own. Raises CopyRefused."""
    for site in sites:
        verdict = senders.judge(conn, store, site)
        if verdict == "strange":
            return senders.place(site)
        if verdict == "copy":
            raise CopyRefused(
                f"{site} is a copy of this store's shop, its owner said: take Cartfolk's address, key and secret out."
            )
    return ""


def waiting(conn: Connection, store: Store) -> tuple[str, int] | None:
    """The stranger the owner has to decide on and how many of its messages are held; None = there is none."""
    site = store.learned.get("stranger")
    if not site:
        return None
    (count,) = conn.execute(Q["count_held"], {"store_id": store.pk, "site": site}).fetchone() or (0,)
    return str(site), int(count)


def moved(conn: Connection, store: Store) -> str:
    """The shop has moved: what its new place sent is applied now. Returns the place; "" when nothing waits."""
    site = str(store.learned.get("stranger") or "")
    if site:
        with conn.transaction():
            senders.moved(conn, store.pk, site)
            conn.execute(Q["release_held"], {"store_id": store.pk, "site": site})
            deliveries.ring(conn)
    return site


def copied(conn: Connection, store: Store) -> str:
    """It is a copy: what it sent is dropped, and refused from now on. Returns the place; "" when nothing waits."""
    site = str(store.learned.get("stranger") or "")
    if site:
        with conn.transaction():
            senders.copied(conn, store.pk, site)
            conn.execute(Q["drop_held"], {"store_id": store.pk, "site": site})
    return site
