"""Erasing people: every table, every raw delivery, every file; and nothing brings them back (docs/decisions/0011).

    keep out   their names become keyed hashes, committed first: from here on nothing of theirs is taken in
    rows       alone, while nobody writes facts: every table with a contact_id, and what others' facts tell of them
    raw        deliveries, quarantine, carts of nobody, links, log files
    look       every other table is searched for the addresses; what is found is told
    files      the space is given back and, where a table is small or it is asked for, written anew
    prove      a report in numbers and hashes

It is noted before it begins, with what names the people sealed; each step says in its own transaction how far it is.
Killed at any moment it is gone on with where it was: by ``privacy_requests``, by whoever looks at its page, or by the
next ``cartfolk erase``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

from django.conf import settings
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from psycopg import sql

from cartfolk import consent_links, remains
from cartfolk.audit import log
from cartfolk.commerce import derive, forget
from cartfolk.commerce.tables import QUEUES
from cartfolk.contact_files import upload
from cartfolk.core.sql import Connection, Statements, again
from cartfolk.identity import merges, normalise, resolve, suppression
from cartfolk.identity.suppression import Name
from cartfolk.inbox import deliveries, quarantine, recovery, retention
from cartfolk.inbox.jobs import connected
from cartfolk.pipeline import LIVE
from cartfolk.properties import compute
from cartfolk.segments import merge as memberships
from cartfolk.traces import Traces

Q = Statements.beside(__file__, "erasure.sql")
ROOMS = ("segments", "properties", "commerce", "inbox", "identity")


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
    unread: int = 0  # deliveries that a preview did not look through

    def add(self, part: remains.Part) -> None:
        """What a part of the deliveries held."""
        self.deliveries += part.deliveries
        self.objects += part.objects
        self.webhooks += part.webhooks


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
    given = {Name("customer", store, external) for store, external in accounts}
    given |= {Name("email", 0, email) for text in emails if (email := normalise.email(text))}
    people, names = _bearers(conn, contacts, given)
    if not names and not people:
        raise NobodyToErase("There is no such contact. Give its number, or an e-mail address as name@example.org.")
    return people, names


def _bearers(conn: Connection, contacts: Iterable[int], given: set[Name]) -> tuple[list[int], set[Name]]:
    """These contacts as they are now and whoever bears a name of theirs or of ``given``; and all their names."""
    people = {now for one in contacts if (now := merges.kept(conn, one)) is not None}
    for one in given:
        if one.kind == "customer":
            asked = {"store": one.store_id, "accounts": [one.value]}
            people |= {int(row[0]) for row in conn.execute(suppression.Q["contacts_by_customer"], asked)}
    addresses = _emails(given | suppression.names_of(conn, sorted(people)))
    if addresses:
        rows = conn.execute(suppression.Q["contacts_by_email"], {"emails": addresses})
        people |= {int(row[0]) for row in rows} | set(forget.accounts(conn, addresses))
    return sorted(people), suppression.names_of(conn, sorted(people)) | given


def preview(
    conn: Connection, *, contacts: Iterable[int] = (), emails: Iterable[str] = (), seconds: float | None = None
) -> Found:
    """What :func:`erase` would touch; changes nothing. Reads every stored delivery, or those that ``seconds`` suffice
    for: ``unread`` says how many are left. Raises NobodyToErase."""
    people, names = whose(conn, contacts=contacts, emails=emails)
    found, traces = _found(people, names), Traces(frozenset(names))
    found.rows = {table: count for table in tables() if (count := _count(conn, table, people))}
    last = 0
    for part in remains.look(conn, traces, seconds):
        found.add(part)
        last = part.last
    found.unread = deliveries.behind(conn, last)
    found.quarantine = len(remains.quarantined(conn, traces))
    found.imports = len(upload.purge(conn, _emails(names), dry_run=True))
    found.left = _mentions(conn, _emails(names), people)
    return found


def ask(
    conn: Connection,
    *,
    contacts: Iterable[int] = (),
    emails: Iterable[str] = (),
    accounts: Iterable[tuple[int, str]] = (),
    by: str,
) -> int:
    """Keeps these people out from now on, and notes that they are to be erased; :func:`run` does it. Returns the
    erasure's number. ``by``: user:3, system. Raises NobodyToErase."""
    people, names = whose(conn, contacts=contacts, emails=emails, accounts=accounts)
    with conn.transaction():
        found = _found(people, names)
        found.hashes = suppression.add(conn, names)
        return suppression.begin(conn, by, asdict(found), names)


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
    return finish(conn, ask(conn, contacts=contacts, emails=emails, accounts=accounts, by=by), rewrite=rewrite)


Watch = Callable[[str, int, int], None]


def finish(
    conn: Connection, erasure_id: int, *, rewrite: bool = False, watch: Watch = lambda *_: None
) -> suppression.Report:
    """Waits for the proof of an erasure that was asked for: does what is left, unless another process is at it.
    ``watch``: step (rows, deliveries, files), how far, of how much. Raises suppression.NoErasure."""
    while (proof := run(conn, erasure_id, rewrite=rewrite, watch=watch)) is None:
        time.sleep(0.1)  # another process goes on with it
        if (going := suppression.report(conn, erasure_id).going) is not None:
            watch(going["step"], going["done"], going["total"])
    return proof


def run(
    conn: Connection, erasure_id: int, *, rewrite: bool = False, watch: Watch = lambda *_: None, raw: bool = True
) -> suppression.Report | None:
    """Does what is left of an erasure that was asked for, and returns its proof; None when another process is at it.
    Without ``raw`` only the rows go, which is quick, and there is no proof yet. Raises suppression.NoErasure."""
    if not suppression.mine(conn, erasure_id):
        return None
    try:
        asked = suppression.report(conn, erasure_id)
        if asked.going is None:
            return asked
        found, names = Found(**asked.report), suppression.unsealed(conn, erasure_id)
        step, done = asked.going["step"], asked.going["done"]

        def tell(step: str, done: int = 0, total: int = 0) -> None:
            suppression.tell(conn, erasure_id, asdict(found), {"step": step, "done": done, "total": total})
            watch(step, done, total)

        if step == "rows":
            names, done = again(lambda: _rows(conn, asked, found, names, tell)), 0
        if not raw:
            return None
        traces = Traces(frozenset(names))
        if step in ("rows", "deliveries"):
            total = deliveries.last(conn)

            def cut(part: remains.Part) -> None:
                found.add(part)
                tell("deliveries", part.last, total)

            remains.cut(conn, traces, done, cut)
        if step in ("rows", "deliveries", "rest"):
            _rest(conn, found, names, traces, tell)
        found.imports += len(upload.purge(conn, _emails(names)))
        found.log_lines += remains.logs(Path(settings.DATA_DIR), traces)
        found.left = _mentions(conn, _emails(names), [])
        touched = ["delivery", "quarantine", "anonymous_cart", "contact_merge", *tables()]
        for table, how in remains.files(conn, touched, rewrite):
            found.files[table] = how
            tell("files", len(found.files), len(touched))
        return suppression.finish(conn, erasure_id, asdict(found) | {"wal": remains.journal(conn)})
    finally:
        if not conn.closed:  # the lock falls with the session
            suppression.leave(conn, erasure_id)


class _Tell(Protocol):
    """Says how far an erasure is, in the transaction of what was done."""

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None: ...


def _rows(conn: Connection, asked: suppression.Report, found: Found, names: set[Name], tell: _Tell) -> set[Name]:
    """Deletes the rows; returns everything that named the people until then."""
    with conn.transaction():
        conn.execute(suppression.Q["alone"])
        conn.execute(resolve.Q["lock_identities"])
        # Between the asking and now somebody may have merged them, split them, or brought a further account of theirs:
        # whoever bears one of the names is one of them.
        people, names = _bearers(conn, found.contacts, names)
        emails = _emails(names)
        found.contacts, found.names = people, _counted(names)
        found.hashes = suppression.add(conn, names)
        conn.execute(resolve.Q["lock_for_merge"], {"contacts": people})
        found.rows = {table: count for table in tables() if (count := _count(conn, table, people))}
        merges.forget(conn, people)
        memberships.forget(conn, people)
        for table in tables():
            _delete(conn, table, people)
        others = forget.mentions(conn, emails) | {"property_history": compute.forget_mentions(conn, emails)}
        found.mentions = {table: len(rows) for table, rows in others.items() if rows}
        derive.dirty(conn, sorted({one for rows in others.values() for one in rows}), LIVE)
        target = ",".join(f"contact:{one}" for one in people[:20])
        log.note(conn, asked.by, "contact.erased", target, count=len(people))
        suppression.seal(conn, asked.erasure_id, names)
        tell("deliveries")
    return names


def _rest(conn: Connection, found: Found, names: set[Name], traces: Traces, tell: _Tell) -> None:
    """Quarantine, carts of nobody, and links."""
    with conn.transaction():
        held = remains.quarantined(conn, traces)
        found.quarantine = len(held)
        quarantine.drop(conn, [one.quarantine_id for one in held])
        tokens = [(name.store_id, name.value) for name in names if name.kind == "cart"]
        found.links = recovery.forget(conn, tokens)
        found.carts = forget.carts(conn, _emails(names), tokens)
        tell("files")


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
    """Every five minutes: erasures that shops pass on, or whose process died; links that expired are forgotten."""
    with connected() as conn:
        requests(conn)
        consent_links.clean(conn)
        for erasure_id in suppression.unfinished(conn):
            start(erasure_id)


def start(erasure_id: int) -> None:
    """Has the worker do what is left of an erasure. Asking again while that waits changes nothing."""
    with suppress(AlreadyEnqueued):
        go_on.configure(queueing_lock=f"erasure-{erasure_id}").defer(erasure_id=erasure_id)


@app.task(name="cartfolk.erasure", lock="erasure")
def go_on(erasure_id: int) -> None:
    """One after the other: each reads every stored delivery."""
    with connected() as conn:
        run(conn, erasure_id)


def _found(people: list[int], names: set[Name]) -> Found:
    return Found(contacts=people, names=_counted(names))


def _counted(names: set[Name]) -> dict[str, int]:
    return dict(Counter(name.kind for name in names))


def _emails(names: set[Name]) -> list[str]:
    return sorted(name.value for name in names if name.kind == "email")


def _count(conn: Connection, table: str, people: Sequence[int]) -> int:
    statement = sql.SQL("select count(*) from {} where contact_id = any(%s::bigint[])").format(sql.Identifier(table))
    row = conn.execute(statement, [list(people)]).fetchone()
    return int(row[0]) if row else 0


def _delete(conn: Connection, table: str, people: Sequence[int]) -> None:
    if table in QUEUES:
        derive.leave_queue(conn, people)
        return
    statement = sql.SQL("delete from {} where contact_id = any(%s::bigint[])").format(sql.Identifier(table))
    conn.execute(statement, [list(people)])


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
