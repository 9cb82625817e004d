"""Notes about a contact: plain text, with who wrote it and when. A deleted one can be brought back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.identity.resolve import hold

Q = Statements.beside(__file__, "notes.sql")
LONGEST = 10_000  # characters


class NoteRefused(ValueError):
    """The text is empty or too long; the message says which."""


class NoteChanged(Exception):
    """Somebody changed the note since it was read: show both texts, and write over it only when told to."""


class NoteMissing(LookupError):
    """There is no such note of this contact, or it was deleted meanwhile: load the page again."""


@dataclass(frozen=True, slots=True)
class Note:
    note_id: int
    at: datetime
    body: str
    by: str
    edited_at: datetime | None
    deleted_at: datetime | None

    @property
    def version(self) -> datetime:
        """When its text became what it is."""
        return self.edited_at or self.at


def add(conn: Connection, contact_id: int, body: str, by: str) -> int:
    """Writes a note down, of a merged contact with the one that was kept; returns its number. Raises
    :class:`NoteRefused`, and :class:`NoteMissing` when the contact is gone."""
    text = _checked(body)
    with conn.transaction():
        parameters = {"contact": _held(conn, contact_id), "at": now(), "body": text, "by": by}
        (note_id,) = conn.execute(Q["add"], parameters).fetchone() or (0,)
    return int(note_id)


def change(conn: Connection, contact_id: int, note_id: int, body: str, seen: datetime | None = None) -> None:
    """Replaces the text; of the version ``seen`` only, if given. Raises :class:`NoteRefused`, :class:`NoteMissing` and
    :class:`NoteChanged`."""
    try:
        _must(conn, "change", contact_id, note_id, body=_checked(body), seen=seen)
    except NoteMissing:
        if one(conn, contact_id, note_id).deleted_at:
            raise
        raise NoteChanged(f"Note {note_id} was changed since it was read.") from None


def remove(conn: Connection, contact_id: int, note_id: int) -> None:
    """Takes the note away until :func:`bring_back`. Raises :class:`NoteMissing`."""
    _must(conn, "remove", contact_id, note_id)


def bring_back(conn: Connection, contact_id: int, note_id: int) -> None:
    """Undoes :func:`remove`. Raises :class:`NoteMissing`."""
    _must(conn, "bring_back", contact_id, note_id)


def one(conn: Connection, contact_id: int, note_id: int) -> Note:
    """The note, deleted or not. Raises :class:`NoteMissing`."""
    row = conn.execute(Q["one"], {"contact": contact_id, "note": note_id}).fetchone()
    if row is None:
        raise NoteMissing(f"Contact {contact_id} has no note {note_id}.")
    return Note(*row)


def move(conn: Connection, merges: Mapping[int, int]) -> None:
    """After a merge: notes on the gone contacts (keys) are the kept ones'."""
    if merges:
        conn.execute(Q["move"], {"gone": list(merges), "kept": list(merges.values())})


def _must(conn: Connection, statement: str, contact_id: int, note_id: int, **more: Any) -> None:
    with conn.transaction():
        parameters = {"contact": _held(conn, contact_id), "note": note_id, "at": now(), **more}
        if not conn.execute(Q[statement], parameters).rowcount:
            raise NoteMissing(f"Contact {contact_id} has no note {note_id}.")


def _held(conn: Connection, contact_id: int) -> int:
    """The contact that stands for this number, held until the transaction ends."""
    contact = hold(conn, [contact_id]).get(contact_id)
    if contact is None:
        raise NoteMissing(f"Contact {contact_id} is gone.")
    return contact


def _checked(body: str) -> str:
    text = body.replace("\0", "").replace("\r\n", "\n").strip()  # a browser counts a line's end as one character
    if not text:
        raise NoteRefused("empty")
    if len(text) > LONGEST:
        raise NoteRefused("long")
    return text
