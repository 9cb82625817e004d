"""Erasing people: every table, every raw delivery, every file; and nothing brings them back (docs/decisions/0011).

    keep out   their names become keyed hashes, committed first: from here on nothing of theirs is taken in
    rows       alone, while nobody writes facts: every table with a contact_id, and what others' facts tell of them
    raw        deliveries, quarantine, carts of nobody, links, log files
    look       every other table is searched for the addresses; what is found is told
    files      the space is given back and, where a table is small or it is asked for, written anew
    prove      a report in numbers and hashes

Killed at any moment it can be started again by e-mail address: the names are kept out already.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from procrastinate.contrib.django import app
from psycopg import sql

from cartfolk import consent_links
from cartfolk.audit import log
from cartfolk.commerce import derive, forget
from cartfolk.connectors.base import Connector
from cartfolk.contact_files import upload
from cartfolk.core.sql import Connection, Statements
from cartfolk.identity import merges, normalise, resolve, suppression
from cartfolk.identity.suppression import Name
from cartfolk.inbox import deliveries, quarantine, recovery, retention
from cartfolk.inbox.jobs import connected
from cartfolk.pipeline import LIVE
from cartfolk.properties import compute
from cartfolk.segments import merge as memberships
from cartfolk.stores import lookup
from cartfolk.stores.shop import reader
from cartfolk.traces import Piece, Traces

Q = Statements.beside(__file__, "erasure.sql")
ROOMS = ("segments", "properties", "commerce", "inbox", "identity")
SMALL = 64 << 20  # bytes of a table that is written anew without being asked: it is locked for less than a second


class NobodyToErase(LookupError):
    """There is no such contact, and no e-mail address to keep out: check the number or the spelling."""


@dataclass(slots=True)
class Found:
    """What an erasure touches, in numbers; ``hashes`` and what follows only once it is done."""

    contacts: list[int] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)  # kind -> how many
    rows: dict[str, int] = field(default_factory=dict)  # table -> how many
    deliveries: int = 0  # with objects of theirs
    objects: int = 0  # cut out of them
    webhooks: int = 0  # dropped
    quarantine: int = 0
    carts: int = 0  # of nobody
    links: int = 0
    mentions: dict[str, int] = field(default_factory=dict)  # table of others' facts -> rows without the address now
    imports: int = 0  # whose files are forgotten
    log_lines: int = 0
    left: dict[str, int] = field(default_factory=dict)  # table.column -> rows that still name an address
    hashes: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)  # table -> rewritten | vacuumed


def tables() -> list[str]:
    """Every table with a person's rows, those that name the contact last."""
    found: list[str] = []
    for room in ROOMS:
        with suppress(ModuleNotFoundError):
            found += import_module(f"cartfolk.{room}.tables").PERSON_TABLES
    return sorted(found, key=lambda table: table in ("contact", "identity"))


def whose(
    conn: Connection,
    *,
    contacts: Iterable[int] = (),
    emails: Iterable[str] = (),
    accounts: Iterable[tuple[int, str]] = (),
) -> tuple[list[int], set[Name]]:
    """The contacts meant (merged ones as they are now; ``accounts``: store id and the shop's customer id) and
    everything that names them.

    A shop may have several accounts of one address: they are the same person's, and go together. Raises NobodyToErase.
    """
    people = {now for one in contacts if (now := merges.kept(conn, one)) is not None}
    given = {Name("customer", store, external) for store, external in accounts}
    for one in given:
        asked = {"store": one.store_id, "accounts": [one.value]}
        people |= {int(row[0]) for row in conn.execute(suppression.Q["contacts_by_customer"], asked)}
    given |= {Name("email", 0, email) for text in emails if (email := normalise.email(text))}
    addresses = _emails(given | suppression.names_of(conn, sorted(people)))
    if addresses:
        rows = conn.execute(suppression.Q["contacts_by_email"], {"emails": addresses})
        people |= {int(row[0]) for row in rows} | set(forget.accounts(conn, addresses))
    names = suppression.names_of(conn, sorted(people)) | given
    if not names and not people:
        raise NobodyToErase("There is no such contact. Give its number, or an e-mail address as name@example.org.")
    return sorted(people), names


def preview(conn: Connection, *, contacts: Iterable[int] = (), emails: Iterable[str] = ()) -> Found:
    """What :func:`erase` would touch; changes nothing. Reads every stored delivery. Raises NobodyToErase."""
    people, names = whose(conn, contacts=contacts, emails=emails)
    found = _found(people, names)
    found.rows = {table: count for table in tables() if (count := _count(conn, table, people))}
    _raw(conn, Traces(frozenset(names)), found, change=False)
    found.imports = len(upload.purge(conn, _emails(names), dry_run=True))
    found.left = _mentions(conn, _emails(names), people)
    return found


def erase(
    conn: Connection,
    *,
    contacts: Iterable[int] = (),
    emails: Iterable[str] = (),
    accounts: Iterable[tuple[int, str]] = (),
    by: str,
    rewrite: bool = False,
) -> suppression.Report:
    """Erases these people and returns the proof. ``by``: user:3, system; ``rewrite``: large tables are written anew,
    too, which locks each for as long as that takes.

    ``conn`` is autocommit; several transactions. An address of nobody is only kept out. Raises NobodyToErase.
    """
    people, names = whose(conn, contacts=contacts, emails=emails, accounts=accounts)
    found = _found(people, names)
    emails_ = _emails(names)
    found.hashes = suppression.add(conn, names)
    with conn.transaction():
        conn.execute(suppression.Q["alone"])
        conn.execute(resolve.Q["lock_identities"])
        # what was written for them until now names them too
        names |= suppression.names_of(conn, people)
        found.hashes = suppression.add(conn, names)
        conn.execute(resolve.Q["lock_for_merge"], {"contacts": people})
        found.rows = {table: count for table in tables() if (count := _count(conn, table, people))}
        merges.forget(conn, people)
        memberships.forget(conn, people)
        for table in tables():
            _delete(conn, table, people)
        others = forget.mentions(conn, emails_) | {"property_history": compute.forget_mentions(conn, emails_)}
        found.mentions = {table: len(rows) for table, rows in others.items() if rows}
        derive.dirty(conn, sorted({one for rows in others.values() for one in rows}), LIVE)
        log.note(conn, by, "contact.erased", ",".join(f"contact:{one}" for one in people[:20]), count=len(people))
    traces = Traces(frozenset(names))
    _raw(conn, traces, found, change=True)
    with conn.transaction():
        tokens = [(name.store_id, name.value) for name in names if name.kind == "cart"]
        found.links = recovery.forget(conn, tokens)
        found.carts = forget.carts(conn, emails_, tokens)
    found.imports = len(upload.purge(conn, emails_))
    found.log_lines = _logs(Path(settings.DATA_DIR), traces)
    found.left = _mentions(conn, emails_, [])
    touched = ["delivery", "quarantine", "anonymous_cart", "contact_merge", *tables()]
    found.files = dict(_files(conn, touched, rewrite))
    return _prove(conn, by, found)


def requests(conn: Connection) -> int:
    """Does what shops passed on: erases who asked for it; returns how many requests. Those for access wait for a
    person, who sends the export."""
    waiting = [one for one in retention.requests(conn, only_open=True) if one.kind == "erase"]
    for one in waiting:
        accounts = [(one.store_id, external) for external in one.customer_ids]
        proof = erase(conn, accounts=accounts, by=f"store:{one.store_id}")
        retention.close(conn, one.request_id, f"erasure:{proof.erasure_id}")
    return len(waiting)


@app.periodic(cron="*/5 * * * *")
@app.task(name="cartfolk.privacy_requests", queueing_lock="privacy-requests", lock="privacy-requests")
def privacy_requests(timestamp: int) -> None:
    """Every five minutes: erasures that shops pass on; links that expired are forgotten."""
    with connected() as conn:
        requests(conn)
        consent_links.clean(conn)


def _found(people: list[int], names: set[Name]) -> Found:
    return Found(contacts=people, names=dict(Counter(name.kind for name in names)))


def _emails(names: set[Name]) -> list[str]:
    return sorted(name.value for name in names if name.kind == "email")


def _prove(conn: Connection, by: str, found: Found) -> suppression.Report:
    report = asdict(found) | {"wal": _wal(conn)}
    number = suppression.add_report(conn, by, report)
    proof = suppression.report(conn, number)
    assert proof is not None
    return proof


def _count(conn: Connection, table: str, people: Sequence[int]) -> int:
    statement = sql.SQL("select count(*) from {} where contact_id = any(%s::bigint[])").format(sql.Identifier(table))
    row = conn.execute(statement, [list(people)]).fetchone()
    return int(row[0]) if row else 0


def _delete(conn: Connection, table: str, people: Sequence[int]) -> None:
    statement = sql.SQL("delete from {} where contact_id = any(%s::bigint[])").format(sql.Identifier(table))
    conn.execute(statement, [list(people)])


# --- raw material ---------------------------------------------------------------------------------------


def pieces(conn: Connection, traces: Traces) -> Iterator[Piece]:
    """The people's own objects in every stored delivery and in quarantine, as text."""
    for found, _change in _deliveries(conn, traces):
        yield from found
    for waiting in _quarantined(conn, traces):
        yield Piece(0, waiting.store_id, waiting.stream, waiting.raw)


def _raw(conn: Connection, traces: Traces, found: Found, *, change: bool) -> None:
    for mine, do in _deliveries(conn, traces):
        found.deliveries += bool(mine)
        found.objects += len(mine)
        found.webhooks += not mine
        if change:
            do()
    held = _quarantined(conn, traces)
    found.quarantine = len(held)
    if change:
        quarantine.drop(conn, [one.quarantine_id for one in held])


def _deliveries(conn: Connection, traces: Traces) -> Iterator[tuple[list[Piece], Callable[[], None]]]:
    """Each delivery with something of theirs: their objects (none for a webhook, which goes whole), and the change."""
    readers = _readers(conn)
    after = 0
    while some := deliveries.walk(conn, after):
        after = some[-1].delivery_id
        for one in some:
            number = one.delivery_id
            if one.kind == "webhook":
                if traces.in_hint(one):
                    yield [], lambda number=number: deliveries.drop(conn, [number])  # type: ignore[misc]
            elif cut := traces.split(one, readers(one.store_id)):
                body, mine = cut
                yield mine, lambda number=number, body=body: deliveries.rewrite(conn, {number: body})  # type: ignore[misc]


def _quarantined(conn: Connection, traces: Traces) -> list[quarantine.Waiting]:
    readers = _readers(conn)
    found: list[quarantine.Waiting] = []
    after = 0
    while some := quarantine.walk(conn, after):
        after = some[-1].quarantine_id
        for one in some:
            own = one.external_id is not None and Name(one.kind, one.store_id, one.external_id) in traces.names
            kind = one.stream if one.stream in ("ingest", "track") else "fetched"
            raw = deliveries.Delivery(
                0, one.store_id, LIVE, kind, one.stream, one.created_at,
                f"[{one.raw}]".encode("utf-8", "replace"), None, None, 0,
            )  # fmt: skip
            if own or traces.in_text(one.raw + one.reason) or traces.split(raw, readers(one.store_id)):
                found.append(one)
    return found


def _readers(conn: Connection) -> Callable[[int], Connector]:
    return cache(lambda store_id: reader(lookup.by_id(conn, store_id)))


def _logs(folder: Path, traces: Traces) -> int:
    """Takes lines that name an address, and those in which the server shows whole rows, out of our log files."""
    gone = 0
    for path in folder.rglob("*.log*"):
        if not path.is_file() or path.is_symlink() or any(part in ("base", "pg_wal") for part in path.parts):
            continue
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not _tells(line.decode("utf-8", "replace"), traces)]
        if len(kept) < len(lines):
            gone += len(lines) - len(kept)
            with path.open("r+b") as file:  # whoever writes to it goes on writing to the same file
                os.truncate(file.fileno(), 0)
                file.write(b"".join(kept))
    return gone


def _tells(line: str, traces: Traces) -> bool:
    return "Failing row contains" in line or "Key (" in line or traces.in_text(line)


# --- looking and giving back ----------------------------------------------------------------------------

_SEARCHED_OTHERWISE = ("delivery", "quarantine", "anonymous_cart", "suppression")


def _mentions(conn: Connection, emails: Sequence[str], people: Sequence[int]) -> dict[str, int]:
    """Where else the addresses stand: a definition, a saved view, a member's own account. A person decides there."""
    found: dict[str, int] = {}
    if not emails:
        return found
    without = [*_SEARCHED_OTHERWISE, *tables(), *(("contact_merge",) if people else ())]
    for table, column in conn.execute(Q["columns"], {"without": without}).fetchall():
        statement = sql.SQL(Q["naming"]).format(table=sql.Identifier(table), column=sql.Identifier(column))
        row = conn.execute(statement, {"emails": list(emails)}).fetchone()
        if row and row[0]:
            found[f"{table}.{column}"] = int(row[0])
    return found


def _files(conn: Connection, names: Sequence[str], rewrite: bool) -> Iterator[tuple[str, str]]:
    """VACUUM leaves old bytes in a page until it is used again; VACUUM FULL writes the table anew. The planner's
    samples hold values as well: they are taken again."""
    conn.execute("set lock_timeout = '5s'")
    try:
        for table in names:
            row = conn.execute("select pg_total_relation_size(to_regclass(%s))", [table]).fetchone()
            if row is None or row[0] is None:
                continue
            done = "vacuumed"
            if rewrite or row[0] < SMALL:
                with suppress(psycopg.errors.LockNotAvailable):
                    conn.execute(sql.SQL("vacuum (full, analyze) {}").format(sql.Identifier(table)))
                    done = "rewritten"
            if done == "vacuumed":
                conn.execute(sql.SQL("vacuum (analyze) {}").format(sql.Identifier(table)))
            yield table, done
        for last in ("vacuum full pg_statistic", "checkpoint"):
            with suppress(psycopg.Error):  # a managed server may refuse either
                conn.execute(last)
    finally:
        conn.execute("reset lock_timeout")


def _wal(conn: Connection) -> dict[str, Any]:
    """What the server's own journal keeps: the pages before the erasure, until its files are written over."""
    names = ("max_wal_size", "wal_keep_size", "archive_mode")
    rows = conn.execute("select name, current_setting(name) from pg_settings where name = any(%s)", [list(names)])
    return dict(rows.fetchall())
