"""Uploaded files: kept in the data folder while their import may need them, then forgotten."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from cartfolk.core.sql import Connection
from cartfolk.inbox.files import ledger
from cartfolk.inbox.files.ledger import Import
from cartfolk.inbox.files.table import Table, look

DAYS = 30  # an uploaded file and its error file are kept that long after their import
_BLOCK = 1 << 20


def folder() -> Path:
    path: Path = settings.DATA_DIR / "imports"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def keep(name: str, blocks: Iterable[bytes], *, encoding: str = "", separator: str = "") -> dict[str, Any]:
    """Stores a file and looks at it; the entry of the book. Raises FileUnreadable, and then keeps nothing."""
    stored = secrets.token_hex(16)
    path = folder() / stored
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for block in blocks:
                file.write(block)
        found = look(path, encoding=encoding, separator=separator)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return {
        "name": Path(name.replace("\\", "/")).name[:200],
        "stored": stored,
        "size": found.size,
        "encoding": found.encoding,
        "separator": found.separator,
        "columns": list(found.columns),
    }


def blocks(path: Path) -> Iterable[bytes]:
    """A file of the command line, as an upload comes."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def table(entry: dict[str, Any]) -> Table:
    """The kept file, as it was looked at."""
    path = folder() / entry["stored"]
    return Table(path, entry["size"], entry["encoding"], entry["separator"], tuple(entry["columns"]))


def errors(one: Import) -> Path:
    """The import's error file, which need not exist; it lies beside the (first) file."""
    return folder() / f"{one.files[0]['stored'] if one.files else 'forgotten'}.errors.csv"


def forget(conn: Connection, one: Import) -> None:
    """Deletes the files of an import; what it did to the contacts stays, and can be undone."""
    if one.busy:
        ledger.finish(conn, one.import_id, "cancelled")
    for entry in one.files:
        (folder() / entry["stored"]).unlink(missing_ok=True)
    errors(one).unlink(missing_ok=True)
    conn.execute(ledger.Q["forget_files"], {"id": one.import_id})


def forget_old(conn: Connection, before: datetime) -> int:
    """Forgets the files of imports over since ``before``; how many imports."""
    numbers = [row[0] for row in conn.execute(ledger.Q["old_files"], {"before": before})]
    for number in numbers:
        forget(conn, ledger.get(conn, number))
    return len(numbers)


def purge(conn: Connection, identities: Sequence[str], *, dry_run: bool = False) -> list[int]:
    """Forgets every file that holds one of these texts (e-mail addresses, phone numbers, customer numbers), in any
    case; the numbers of their imports. An erasure calls it; with ``dry_run`` nothing is deleted."""
    wanted = [text.casefold() for text in identities if text.strip()]
    found: list[int] = []
    for one in ledger.recent(conn, limit=1_000_000):
        paths = [folder() / entry["stored"] for entry in one.files]
        encodings = [entry["encoding"] for entry in one.files]
        if wanted and any(map(_holds, [*paths, errors(one)], [*encodings, "utf-8"], [wanted] * 3)):
            found.append(one.import_id)
            if not dry_run:
                forget(conn, one)
    return found


def _holds(path: Path, encoding: str, texts: Sequence[str]) -> bool:
    with suppress(FileNotFoundError), path.open(encoding=encoding, errors="replace", newline="") as file:
        rest, overlap = "", max(map(len, texts))
        while block := file.read(_BLOCK):
            part = rest + block.casefold()
            if any(text in part for text in texts):
                return True
            rest = part[-overlap:]
    return False
