"""A file as rows: which encoding, which separator, where each row stands."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

_SAMPLE = 256 * 1024  # bytes that show how a file is written
_SEPARATORS = ",;\t|"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MAY_BE_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls
csv.field_size_limit(1024 * 1024)


class FileUnreadable(ValueError):
    """The file as a whole cannot be read; its text says what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file. ``line`` counts from 1 as editors do; ``at`` is how far into the file it ends (bytes)."""

    line: int
    values: dict[str, Any]  # column -> text; of JSON Lines what stood there
    at: int
    problem: str = ""  # the row itself cannot be read


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was looked at. ``separator`` is empty for JSON Lines."""

    path: Path
    size: int
    encoding: str
    separator: str
    columns: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """Every row; one that cannot be read says so and the next follows."""
        return self._csv() if self.separator else self._json()

    def _csv(self) -> Iterator[Row]:
        with self.path.open("rb") as raw:
            reader = csv.reader(codecs.getreader(self.encoding)(raw), delimiter=self.separator)
            if next(reader, [""])[:1] == ["sep="]:  # the head, before which Excel may say its separator
                next(reader, None)
            while True:
                began = reader.line_num + 1
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    yield Row(began, {}, raw.tell(), _("it is no row of a table (%s)") % error)
                    continue
                if cells is None:
                    return
                if not any(cell.strip() for cell in cells):
                    continue
                values = dict(zip(self.columns, cells, strict=False))
                problem = ""
                if "\n" in cells[-1] and self._ends_open(raw):
                    problem = _("a quotation mark that opens in it is never closed, so the rest of the file is in it")
                if len(cells) != len(self.columns):
                    problem = _("it has %(cells)s cells, the head names %(columns)s columns") % {
                        "cells": len(cells), "columns": len(self.columns),
                    }  # fmt: skip
                yield Row(began, values, raw.tell(), problem)

    def _ends_open(self, raw: IO[bytes]) -> bool:
        """Whether nothing closes the last cell, though it may hold line breaks: then it swallowed the rest."""
        if raw.tell() < self.size:
            return False
        with self.path.open("rb") as file:
            file.seek(max(0, self.size - 64))
            return not file.read().replace(b"\0", b"").rstrip().endswith(b'"')

    def _json(self) -> Iterator[Row]:
        at = 0
        with self.path.open("rb") as raw:
            for number, line in enumerate(raw, 1):
                at += len(line)
                text = line.decode(self.encoding, "replace").strip()
                if not text:
                    continue
                try:
                    value = json.loads(text, parse_float=Decimal)
                    values = flat(value) if isinstance(value, dict) else None
                except (ValueError, RecursionError) as error:
                    yield Row(number, {}, at, _("it is no JSON (%s)") % error)
                    continue
                if values is None:
                    yield Row(number, {}, at, _("it is no JSON object"))
                elif not _whole(text, values):
                    yield Row(number, {}, at, _("it holds half of a character"))
                else:
                    yield Row(number, values, at)


def _whole(text: str, value: object) -> bool:
    """Whether no text in it has half of a surrogate pair, which JSON can write and neither UTF-8 nor PostgreSQL hold.
    ``text`` is the JSON: almost always a look at it is enough."""
    if not _MAY_BE_HALF.search(text):
        return True
    try:
        json.dumps(value, default=str, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    """An object's members under their path: {"billing": {"city": "Ulm"}} is {"billing.city": "Ulm"}."""
    found: dict[str, Any] = {}
    for name, inside in value.items():
        found |= flat(inside, f"{before}{name}.") if isinstance(inside, dict) else {f"{before}{name}": inside}
    return found


def look(path: Path, *, encoding: str = "", separator: str = "") -> Table:
    """Finds out how a file is written; what is given is believed. Raises FileUnreadable."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            sample = file.read(_SAMPLE)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    if not sample.strip():
        raise FileUnreadable(f"{path} is empty.")
    if sample.startswith(_WORKBOOKS):
        raise FileUnreadable(f"{path} is an Excel workbook. Save it as CSV (UTF-8) and take that file.")
    encoding = encoding or _encoding(path, sample)
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    except (LookupError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"{path} is not written in {encoding}: {error}. Say --encoding.") from None
    if not separator and text.lstrip().startswith("{"):
        first = text.splitlines()[:50]
        names = [name for line in first for name in _names(line)]
        return Table(path, size, encoding, "", tuple(dict.fromkeys(names)))
    separator = {"tab": "\t", "\\t": "\t"}.get(separator, separator) or _separator(text)
    lines = text.splitlines()
    if lines[0] == f"sep={separator}":
        del lines[0]
    columns = tuple(name.strip() for name in next(csv.reader(lines, delimiter=separator), []))
    named = [name for name in columns if name]
    if len(named) != len(set(named)):
        twice = sorted({name for name in named if named.count(name) > 1})
        raise FileUnreadable(f"{path} names a column twice: {', '.join(twice)}. Rename one of them.")
    alone = len(columns) == 1 and len(text.split(maxsplit=1)) == 2 and "@" in text  # a list of addresses
    if "\0" in lines[0] or not (alone or len(named) > 1):
        raise FileUnreadable(f"{path} begins with {text[:60]!r}, no head of a table. Say --separator and --encoding.")
    return Table(path, size, encoding, separator, columns)


def _names(line: str) -> list[str]:
    try:
        value = json.loads(line)
        values = flat(value) if isinstance(value, dict) else {}
    except (ValueError, RecursionError):
        return []
    return list(values) if _whole(line, values) else []


def _encoding(path: Path, sample: bytes) -> str:
    """By its mark, else UTF-8 if all of it is, else Windows' own, in which every byte means something."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252" if all(byte not in sample for byte in b"\x81\x8d\x8f\x90\x9d") else "latin-1"
    return "utf-8"


def _separator(text: str) -> str:
    """The one that cuts the head, and the most of the first rows as well, into the most cells."""
    lines = text.splitlines()[:30]
    if lines[0][:4] == "sep=" and lines[0][4:] in [*_SEPARATORS]:  # Excel's own way to say it
        return lines[0][4:]

    def fit(separator: str) -> tuple[int, int]:
        widths = [len(cells) for cells in csv.reader(lines, delimiter=separator) if cells]
        head = widths[0] if widths else 0
        return (widths.count(head) if head > 1 else 0), head

    # Of separators that fit equally well the first.
    return max(_SEPARATORS, key=fit)
