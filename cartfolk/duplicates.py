"""Suggests which contacts may be one person; a person decides (docs/decisions/0010).

``find`` runs hourly over the contacts whose values changed and nightly over all. It suggests and never merges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from psycopg.rows import dict_row

from cartfolk.audit import log
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.identity import merges, resolve

Q = Statements.beside(__file__, "duplicates.sql")

REASONS = ("email", "email_domain", "email_letter", "name_address", "phone", "swapped_name")
_BATCH = 20_000
_MANY = 100_000  # from so many on all are compared rather than theirs
_OVERLAP = timedelta(minutes=10)  # a transaction that began before may commit after
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-."
# The mail providers most shoppers use: a domain one slip away from one of them is meant to be it.
_PROVIDERS = frozenset(
    {"aol.com", "aol.de", "arcor.de", "bluewin.ch", "email.de", "free.fr", "freenet.de", "gmail.com", "gmail.de"}
    | {"gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com", "hotmail.de", "hotmail.fr"}
    | {"icloud.com", "laposte.net", "libero.it", "live.com", "live.de", "mail.com", "mail.de", "mail.ru", "me.com"}
    | {"msn.com", "o2.pl", "orange.fr", "outlook.com", "outlook.de", "posteo.de", "proton.me", "protonmail.com"}
    | {"seznam.cz", "t-online.de", "tuta.com", "wanadoo.fr", "web.de", "wp.pl", "yahoo.com", "yahoo.de", "yahoo.fr"}
    | {"ymail.com"}
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two contacts that may be one person; ``score`` is 0 to 99, ``reasons`` are of REASONS."""

    one: int
    other: int
    score: int
    reasons: tuple[str, ...]
    found_at: datetime


def intended(domain: str) -> str:
    """The provider a mail domain is one slip away from (a letter too many, too few, wrong, or two swapped), else
    the domain itself. A provider's own domain is never taken for another's."""
    return domain if domain in _PROVIDERS else _slips().get(domain, domain)


@lru_cache(1)
def _slips() -> dict[str, str]:
    found: dict[str, str] = {}
    for right in sorted(_PROVIDERS):
        if len(right) < 7:  # web.de and wab.de: too short to be sure
            continue
        for at in range(len(right) + 1):
            head, tail = right[:at], right[at:]
            wrong = {head + letter + tail for letter in _ALPHABET}
            if tail:
                wrong |= {head + tail[1:]} | {head + letter + tail[1:] for letter in _ALPHABET}
            if len(tail) > 1:
                wrong.add(head + tail[1] + tail[0] + tail[2:])
            for one in wrong:
                found.setdefault(one, right)
    return found


def find(conn: Connection, everything: bool = False, rebuild: bool = False) -> int:
    """Brings the suggestions up to date for the contacts whose values changed since the last time; returns how many
    pairs were found among them. With ``everything`` all are compared; with ``rebuild`` the keys they are compared by
    are made anew before. ``conn`` is autocommit; a killed search is begun again."""
    begun = now()
    last = compared(conn)
    since = last - _OVERLAP if last and not rebuild else None
    touched: list[int] = []
    after, count = 0, 0
    while batch := [
        r[0] for r in conn.execute(Q["touched"], {"after": after, "since": since, "limit": _BATCH}).fetchall()
    ]:
        _write_keys(conn, batch)
        touched += batch
        after = batch[-1]
    with conn.transaction():
        conn.execute("set local work_mem = '128MB'")
        conn.execute("set local jit = off")
        if everything or since is None or len(touched) > _MANY:
            conn.execute(Q["forget_gone"])
            count = _compare(conn, None)
        elif touched:
            count = _compare(conn, touched)
        conn.execute(Q["set_watermark"], {"until": begun})
    return count


def compared(conn: Connection) -> datetime | None:
    """What changed before then is compared; None before the first search."""
    row = conn.execute(Q["watermark"]).fetchone()
    return row[0] if row else None


def refresh(conn: Connection, contacts: Sequence[int]) -> int:
    """The suggestions of these contacts alone, right after they were merged or split; at least one."""
    with conn.transaction():
        _write_keys(conn, contacts)
        return _compare(conn, contacts)


def _write_keys(conn: Connection, contacts: Sequence[int]) -> None:
    ids = list(contacts)
    domains = [row[0] for row in conn.execute(Q["domains"], {"contacts": ids})]
    wrong = {domain: right for domain in domains if (right := intended(domain)) != domain}
    parameters = {
        "contacts": ids,
        "first": min(ids),
        "last": max(ids),
        "domains": list(wrong),
        "intended": list(wrong.values()),
    }
    with conn.transaction():
        # A first search fills a table nobody has analysed yet: guessed empty, it would be read once per key.
        conn.execute("set local enable_nestloop = off")
        conn.execute("set local jit = off")
        conn.execute(Q["write_keys"], parameters)
        conn.execute("set local enable_nestloop = on")  # also for a transaction around this one


def _compare(conn: Connection, contacts: Sequence[int] | None) -> int:
    ids = None if contacts is None else list(contacts)
    row = conn.execute(Q["compare"], {"contacts": ids, "at": now()}).fetchone()
    return int(row[0]) if row else 0


def suggestions(
    conn: Connection, contact: int | None = None, after: tuple[int, int, int] | None = None, limit: int = 25
) -> list[Suggestion]:
    """Suggested pairs, the surest first; ``after`` is (score, one, other) of the last one seen."""
    score, one, other = after or (None, None, None)
    rows = conn.execute(
        Q["suggestions"], {"contact": contact, "score": score, "after": one, "other": other, "limit": limit}
    )
    return [Suggestion(a, b, points, tuple(reasons), at) for a, b, points, reasons, at in rows]


def count(conn: Connection) -> int:
    """How many pairs are suggested; 10,001 stands for more."""
    row = conn.execute(Q["count"]).fetchone()
    return int(row[0]) if row else 0


def people(conn: Connection, contacts: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What a page shows of these contacts, by number."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return {row["contact_id"]: row for row in cursor.execute(Q["people"], {"contacts": list(contacts)})}


def dismiss(conn: Connection, one: int, other: int, by: str) -> None:
    """A person says that these are two people: not suggested again, and no rule merges them."""
    with conn.transaction():
        conn.execute(resolve.Q["lock_identities"])
        standing = merges.standing(conn, [one, other])
        if len(standing) < 2 or standing[one] == standing[other]:
            return  # one of them was erased, or they are one meanwhile
        one, other = standing[one], standing[other]
        merges.set_apart(conn, one, other, by, "dismissed")
        conn.execute(Q["drop_pair"], {"one": min(one, other), "other": max(one, other)})
        log.note(conn, by, "duplicate.dismissed", f"contact:{min(one, other)}", other=max(one, other))


def reconsider(conn: Connection, one: int, other: int, by: str) -> None:
    """Takes a dismissal back: the two may be suggested again, and merged by a rule."""
    with conn.transaction():
        conn.execute(resolve.Q["lock_identities"])
        merges.join_again(conn, [one, other])
        log.note(conn, by, "duplicate.reconsidered", f"contact:{min(one, other)}", other=max(one, other))
    refresh(conn, [one, other])
