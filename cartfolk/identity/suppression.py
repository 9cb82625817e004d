"""Names of erased people, kept as keyed hashes so that nothing brings them back (docs/decisions/0011).

A name is an e-mail address or a phone number (compared as everywhere, in any shop), or a shop's customer, order or
cart id. The hash is HMAC-SHA256 under a key made from CARTFOLK_SECRET_KEY: whoever reads the table alone cannot try
addresses.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from cartfolk.core import secrets
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now

Q = Statements.beside(__file__, "suppression.sql")
PERSONAL = ("email", "phone")  # the same person in every shop


class Name(NamedTuple):
    """``store_id`` is 0 for an e-mail address (normalised) and a phone number (normalised)."""

    kind: str  # email | phone | customer | order | cart
    store_id: int
    value: str


class NoErasure(LookupError):
    """There is no erasure with this number."""


@dataclass(frozen=True, slots=True)
class Report:
    """The proof of one erasure: numbers and hashes. While it is under way ``going`` says how far: ``step`` (rows,
    deliveries, rest, files), ``done`` and ``total`` of it; ``report`` what was done so far."""

    erasure_id: int
    at: datetime
    by: str
    report: dict[str, Any]
    going: dict[str, Any] | None = None


def hashed(name: Name) -> bytes:
    """The keyed hash of a name: 32 bytes."""
    store = 0 if name.kind in PERSONAL else name.store_id
    told = f"{name.kind}\0{store}\0{name.value}".encode("utf-8", "surrogatepass")
    return hmac.digest(secrets.derived(settings.SECRET_KEY, "suppression"), told, "sha256")


def anybody(conn: Connection) -> bool:
    """Whether anybody was ever erased: where not, nothing needs comparing."""
    row = conn.execute(Q["any"]).fetchone()
    return bool(row and row[0])


def known(conn: Connection, names: Iterable[Name]) -> set[Name]:
    """Which of ``names`` belong to erased people; one look-up by key."""
    by_hash = {hashed(name): name for name in names}
    found = conn.execute(Q["known"], {"hashes": list(by_hash)}) if by_hash else ()
    return {by_hash[bytes(value)] for (value,) in found}


@contextmanager
def inside(conn: Connection) -> Iterator[None]:
    """Who is not known as erased in here is not erased before the end: an erasure that begins now waits, and then
    finds what was made. ``conn`` is autocommit; the block may be several transactions."""
    conn.execute(Q["stay"])
    try:
        yield
    finally:
        if not conn.closed:  # the lock falls with the session
            conn.execute(Q["go"])


def add(conn: Connection, names: Iterable[Name]) -> list[str]:
    """Keeps ``names`` out from now on; returns their hashes in hexadecimal, for the proof."""
    by_hash = {hashed(name): name.kind for name in names}
    ordered = sorted(by_hash)
    conn.execute(Q["add"], {"hashes": ordered, "kinds": [by_hash[one] for one in ordered], "at": now()})
    return [f"{by_hash[one]}:{one.hex()}" for one in ordered]


def lift(conn: Connection, names: Iterable[Name]) -> int:
    """Lets ``names`` in again, e.g. because the person came back; returns how many were kept out."""
    return len(conn.execute(Q["lift"], {"hashes": [hashed(name) for name in names]}).fetchall())


def counts(conn: Connection) -> Mapping[str, int]:
    """How many names of each kind are kept out."""
    return dict(conn.execute(Q["count"]).fetchall())


def count_out(conn: Connection, records: int) -> None:
    """So many records of erased people were not taken in, today."""
    conn.execute(Q["count_out"], {"day": now().date(), "records": records})


def kept_out(conn: Connection) -> int:
    """How many records of erased people were not taken in, ever."""
    row = conn.execute(Q["records_out"]).fetchone()
    return int(row[0]) if row else 0


def names_of(conn: Connection, contacts: Sequence[int]) -> set[Name]:
    """Everything that names these contacts."""
    rows = conn.execute(Q["names"], {"contacts": list(contacts)})
    return {Name(kind, store, value) for kind, store, value, _contact in rows}


def begin(conn: Connection, by: str, report: Mapping[str, Any], names: Iterable[Name]) -> int:
    """Notes an erasure that is to be done; what names the people is sealed until then. Returns its number."""
    told = {**report, "going": {"step": "rows", "done": 0, "total": 0}, "sealed": _sealed(names)}
    row = conn.execute(Q["begin"], {"at": now(), "by": by, "report": Jsonb(told)}).fetchone()
    assert row is not None
    return int(row[0])


def mine(conn: Connection, erasure_id: int) -> bool:
    """Whether this session is the one that works on the erasure from now on."""
    (mine,) = conn.execute(Q["mine"], {"id": erasure_id}).fetchone() or (False,)
    return bool(mine)


def leave(conn: Connection, erasure_id: int) -> None:
    """Another session may go on with it."""
    conn.execute(Q["leave"], {"id": erasure_id})


def tell(conn: Connection, erasure_id: int, report: Mapping[str, Any], going: Mapping[str, Any]) -> None:
    """What an erasure found so far, and how far it is."""
    conn.execute(Q["tell"], {"id": erasure_id, "report": Jsonb({**report, "going": dict(going)})})


def seal(conn: Connection, erasure_id: int, names: Iterable[Name]) -> None:
    """Everything that names the people, for whoever goes on when this process is killed."""
    conn.execute(Q["tell"], {"id": erasure_id, "report": Jsonb({"sealed": _sealed(names)})})


def unsealed(conn: Connection, erasure_id: int) -> set[Name]:
    """What names the people of an erasure under way. Raises NoErasure, core.secrets.SecretUnreadable."""
    row = conn.execute(Q["report"], {"id": erasure_id}).fetchone()
    if row is None:
        raise NoErasure(erasure_id)
    return {Name(*name) for name in secrets.decrypt(row[3]["sealed"].encode(), settings.SECRET_KEY, "erasure")}


def _sealed(names: Iterable[Name]) -> str:
    return secrets.encrypt(sorted(names), settings.SECRET_KEY, "erasure").decode()


def finish(conn: Connection, erasure_id: int, report: Mapping[str, Any]) -> Report:
    """The erasure is done; this is its proof."""
    row = conn.execute(Q["finish"], {"id": erasure_id, "at": now(), "report": Jsonb(dict(report))}).fetchone()
    assert row is not None
    return _report(row)


def unfinished(conn: Connection) -> list[int]:
    """Erasures under way or waiting, the oldest first."""
    return [row[0] for row in conn.execute(Q["unfinished"])]


def reports(conn: Connection, limit: int = 50) -> list[Report]:
    """Erasures with their proofs, newest first."""
    return [_report(row) for row in conn.execute(Q["reports"], {"limit": limit})]


def report(conn: Connection, erasure_id: int) -> Report:
    """One erasure. Raises NoErasure."""
    row = conn.execute(Q["report"], {"id": erasure_id}).fetchone()
    if row is None:
        raise NoErasure(f"There is no erasure {erasure_id}.")
    return _report(row)


def _report(row: TupleRow) -> Report:
    erasure_id, at, by, told = row
    going = told.pop("going", None)
    told.pop("sealed", None)
    return Report(erasure_id, at, by, told, going)
