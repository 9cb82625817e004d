"""The error file of an import: what could not be taken in and why, harmless to a spreadsheet."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def append(path: Path, length: int, head: Sequence[str], rows: Iterable[Sequence[Any]], separator: str = ",") -> int:
    """Writes ``rows`` behind the first ``length`` bytes of the file; the new length.

    What a killed chunk wrote beyond is cut off, so the file holds what the committed numbers say.
    """
    several = list(rows)
    if not several and not length:
        path.unlink(missing_ok=True)
        return 0
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    if not length:
        writer.writerow(head)
    writer.writerows([harmless(cell) for cell in row] for row in several)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        file.truncate(length)
        file.seek(length)
        if not length:
            file.write(b"\xef\xbb\xbf")  # so that Excel knows it is UTF-8
        file.write(text.getvalue().encode("utf-8", "replace"))
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def harmless(value: Any) -> str:
    """A cell that no spreadsheet runs; ``unquoted`` gives it back."""
    text = "" if value is None else str(value).replace("\0", "�")
    return f"'{text}" if text.startswith(_FORMULA) else text


def unquoted(text: str) -> str:
    """A cell without the apostrophe that ``harmless`` put in front."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text
