"""How a value came to be, in the reader's words: through a shop, a person, a program, or a file that has a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext

from cartfolk.core.sql import Connection
from cartfolk.inbox.files import ledger

from . import logged, words
from .templatetags.cartfolk import day

Way = tuple[str, str]
"""``source`` and ``source_id`` of property_history."""


@dataclass(frozen=True, slots=True)
class Told:
    """``file`` stands behind ``text``: its import, whose page tells the rest, is number ``import_id``; 0 for none."""

    text: str
    file: str = ""
    import_id: int = 0


def told(conn: Connection, ways: Iterable[Way]) -> Mapping[Way, Told]:
    """Words for each way. A file is told by its name and the day it came, as is what its undo put back."""
    wanted = set(ways)
    numbers = {way: int(number) for way in wanted if (number := _after(way, "file:")).isdecimal()}
    imports = ledger.some(conn, numbers.values()) if numbers else {}
    found: dict[Way, Told] = {}
    for way in wanted:
        source, source_id = way
        text = words.source(source)
        if way in numbers:
            text = text if source == "restore" else gettext("File")
            one = imports.get(numbers[way])
            name = gettext("%(file)s of %(day)s") % {"file": one.name, "day": day(one.made_at)} if one else ""
            found[way] = Told(text, name, numbers[way] if one else 0)
        elif _after(way, "bulk:"):
            found[way] = Told(f"{text} · {words.say(logged.TARGET, 'bulk')}")
        else:
            found[way] = Told(f"{text} {source_id}".strip())
    return found


def _after(way: Way, kind: str) -> str:
    return way[1].removeprefix(kind) if way[1].startswith(kind) else ""
