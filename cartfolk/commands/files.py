"""``cartfolk import`` and ``export``: customers and orders from files, contacts into files."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from cartfolk.core.plain import plain
from cartfolk.core.sql import Connection

from . import program
from .exits import CommandFailed, Exit
from .shops import store_named, wait_until_idle

BATCH = 200  # records of one delivery
SHOWN = 5  # problems told in the terminal; the error file has all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", help="the store the records belong to (`cartfolk connect custom` makes one)")
    parser.add_argument("--customers", type=Path, metavar="FILE", help="CSV or JSON Lines, a customer a row")
    parser.add_argument("--orders", type=Path, metavar="FILE", help="an order a row, or a line a row naming its order")
    parser.add_argument("--lines", type=Path, metavar="FILE", help="the orders' lines, where they have their own file")
    parser.add_argument(
        "--map", action="append", default=[], metavar="COLUMN=FIELD", help="which column is which field"
    )
    parser.add_argument("--status", action="append", default=[], metavar="WORD=STATUS", help="what a status word means")
    parser.add_argument("--currency", default="", help="of orders that name none (default: the store's)")
    parser.add_argument("--timezone", default="", help="of times that name none (default: the store's)")
    parser.add_argument("--decimal", choices=[",", "."], help="the decimal mark (default: , in files separated by ;)")
    parser.add_argument("--dates", choices=["dmy", "mdy"], default="", help="what 03/04/2026 means")
    parser.add_argument("--encoding", default="", help="for example utf-8 or cp1252 (default: found out)")
    parser.add_argument("--separator", default="", help="between cells, tab for a tabulator (default: found out)")
    parser.add_argument("--dry-run", action="store_true", help="read and check everything, change nothing")
    parser.add_argument("--errors", type=Path, metavar="FILE", help="CSV of what could not be taken in")
    parser.add_argument("--json", action="store_true")


def import_(arguments: argparse.Namespace) -> int:
    """Reads the files, checks every record, hands the good ones to the pipeline and waits for the contacts."""
    if not (arguments.customers or arguments.orders):
        raise CommandFailed("Name a file: --customers FILE, --orders FILE or both.", Exit.USAGE)
    if arguments.lines and not arguments.orders:
        raise CommandFailed("--lines needs --orders FILE: lines alone have no customer and no date.", Exit.USAGE)
    began = time.monotonic()
    with program.database() as url:
        program.migrate()
        from django.conf import settings

        from cartfolk import work
        from cartfolk.inbox.files.columns import MappingWrong
        from cartfolk.inbox.files.table import FileUnreadable

        # Sorting needs a transaction; deliveries are committed as they come, and handled meanwhile.
        with program.connected(url) as conn, program.connected(url) as sorter, ExitStack() as stack:
            store = store_named(conn, arguments.store)
            try:
                plans = _plans(arguments, store)
            except (FileUnreadable, MappingWrong) as error:
                raise CommandFailed(str(error), Exit.USAGE) from error
            if not arguments.json:
                _tell_columns(plans)
            if not arguments.dry_run:
                stack.enter_context(work.drainers(url, settings.WORKERS))
            counts = _run(conn, sorter, store, arguments, plans)
            if not arguments.dry_run:
                wait_until_idle(conn, store.pk)
    summary = {
        "store": store.name,
        "dry_run": arguments.dry_run,
        **counts,
        "seconds": round(time.monotonic() - began, 2),
    }
    if arguments.json:
        print(json.dumps(summary))
    else:
        _tell(summary, arguments)
    return Exit.QUARANTINED if counts["wrong"] else Exit.OK


def _plans(arguments: argparse.Namespace, store: Any) -> dict[str, list[Any]]:
    """The files by what they hold, looked at and matched. Raises FileUnreadable, MappingWrong."""
    from cartfolk.inbox.files import columns, load, table

    said = dict(pair.rpartition("=")[::2] for pair in arguments.map)
    wanted: list[tuple[str, Path, tuple[columns.Kind, ...]]] = []
    if arguments.customers:
        wanted.append(("customers", arguments.customers, ("customers",)))
    if arguments.orders:
        wanted.append(("orders", arguments.orders, ("orders",) if arguments.lines else ("orders", "lines")))
    if arguments.lines:
        wanted.append(("orders", arguments.lines, ("lines",)))
    plans: dict[str, list[Any]] = {"customers": [], "orders": []}
    tables = [table.look(path, encoding=arguments.encoding, separator=arguments.separator) for _, path, _ in wanted]
    for column in said:
        if not any(column in found.columns for found in tables):
            raise columns.MappingWrong(f"--map {column}: no file has this column.")
    for (name, _path, kinds), found in zip(wanted, tables, strict=True):
        mine = {column: field for column, field in said.items() if column in found.columns}
        if len(wanted) > 1:  # a column of one name may stand in several files and mean something in one only
            known = {field for kind in kinds for field in columns.FIELDS[kind]} | {"lines", ""}
            mine = {column: field for column, field in mine.items() if field in known}
        plans[name].append(load.Source(found, kinds, columns.match(kinds, found.columns, mine)))
    return plans


def _tell_columns(plans: Mapping[str, Sequence[Any]]) -> None:
    for sources in plans.values():
        for source in sources:
            kind = "JSON Lines" if not source.table.separator else f"separated by {source.table.separator!r}"
            print(f"{source.table.path}: {source.table.encoding}, {kind}", file=sys.stderr)
            for field, column in source.columns.fields.items():
                print(f"  {column:30} {field}", file=sys.stderr)
            if source.columns.unused:
                print(f"  left out: {', '.join(source.columns.unused)}", file=sys.stderr)


def _run(
    conn: Connection, sorter: Connection, store: Any, arguments: argparse.Namespace, plans: Mapping[str, Sequence[Any]]
) -> dict[str, int]:
    from cartfolk.contact_files import shop
    from cartfolk.inbox.files import cells, load

    semicolons = any(source.table.separator == ";" for sources in plans.values() for source in sources)
    manner = cells.Manner(
        arguments.decimal or ("," if semicolons else "."), arguments.timezone or store.timezone, arguments.dates
    )
    statuses = dict(pair.rpartition("=")[::2] for pair in arguments.status)
    options = load.Options(manner, arguments.currency.upper() or store.home_currency, statuses)
    size = sum(source.table.size for sources in plans.values() for source in sources)
    counts = {"customers": 0, "orders": 0, "known": 0, "wrong": 0}
    with _Bar(size, arguments.json) as bar, _Errors(arguments.errors, arguments.json) as errors, sorter.transaction():
        taken: list[dict[str, Any]] = []

        def hand_over() -> None:
            counts["known"] += shop.known_before(conn, store.pk, taken)
            if not arguments.dry_run:
                shop.deliver(conn, store.pk, taken)
            taken.clear()

        for kind, found in _records(sorter, plans, options, bar.moved):
            if isinstance(found, load.Problem):
                counts["wrong"] += 1
                errors.write(found)
                continue
            counts[kind] += 1
            taken.append(found)
            if len(taken) == BATCH:
                hand_over()
            bar.told(counts)
        hand_over()
    return counts


def _records(
    conn: Connection, plans: Mapping[str, Sequence[Any]], options: Any, moved: Any
) -> Iterator[tuple[str, Any]]:
    from cartfolk.inbox.files import load

    for source in plans["customers"]:
        for found in load.customers(source, options, moved):
            yield "customers", found
    if plans["orders"]:
        for found in load.orders(conn, plans["orders"], options, moved):
            yield "orders", found


class _Bar:
    """Bytes of the files read, with rate and time left, on standard error."""

    def __init__(self, size: int, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

        self._progress = Progress(
            TextColumn("reading"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TransferSpeedColumn(),
            TimeRemainingColumn(), TextColumn("{task.fields[told]}"), console=Console(file=sys.stderr), disable=quiet,
        )  # fmt: skip
        self._task = self._progress.add_task("", total=max(size, 1), told="")

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def moved(self, by: int) -> None:
        self._progress.advance(self._task, by)

    def told(self, counts: Mapping[str, int]) -> None:
        done = counts["customers"] + counts["orders"]
        self._progress.update(self._task, told=f"{done:,} records, {counts['wrong']:,} wrong")


class _Errors:
    """The error file: file, line, column, problem and the row as JSON; the first few also in the terminal."""

    def __init__(self, path: Path | None, quiet: bool) -> None:
        self._path, self._quiet, self._count = path, quiet, 0
        self._file: IO[str] | None = None
        self._csv: Any = None

    def __enter__(self) -> _Errors:
        if self._path:
            try:
                self._file = self._path.open("w", encoding="utf-8", newline="")
            except OSError as error:
                raise CommandFailed(f"--errors {self._path}: {error.strerror}.", Exit.USAGE) from error
            self._csv = csv.writer(self._file)
            self._csv.writerow(["file", "line", "column", "problem", "row"])
        return self

    def write(self, problem: Any) -> None:
        from cartfolk.web.export import cell

        self._count += 1
        row = json.dumps(problem.row, default=str, ensure_ascii=False)
        if self._csv:
            self._csv.writerow(map(cell, [str(problem.path), problem.line, problem.column, problem.text, row]))
        if self._count <= SHOWN and not self._quiet:
            print(f"{problem.path}, line {problem.line}: {problem.text}", file=sys.stderr)

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()


def _tell(summary: Mapping[str, Any], arguments: argparse.Namespace) -> None:
    verb = "would be imported" if summary["dry_run"] else "imported"
    print(
        f"{summary['store']}: {summary['customers']} customers and {summary['orders']} orders {verb} "
        f"({summary['known']} known before), {summary['wrong']} wrong, in {summary['seconds']} s"
    )
    if summary["wrong"] and not arguments.errors:
        print("--errors FILE writes down every record that is wrong, with its line and reason.", file=sys.stderr)
    elif summary["wrong"]:
        print(f"{arguments.errors} holds what is wrong; correct it and import again.", file=sys.stderr)


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="the file to write, - for standard output")
    parser.add_argument("--format", choices=["csv", "jsonl"], help="default: by the file's name, else csv")
    parser.add_argument("--columns", default="", help="names of properties, separated by commas; all = every one")
    parser.add_argument("--search", default="", help="only contacts that this search finds")
    parser.add_argument("--sort", default="createdate", help="a property's name; + in front: smallest first")


def _direction(sort: str) -> str:
    """As `contacts list` has it: largest first unless + asks for the opposite."""
    return sort.removeprefix("+") if sort.startswith("+") else f"-{sort}"


def export(arguments: argparse.Namespace) -> int:
    """Writes contacts in the list's order, formula-safe."""
    with program.database() as url, program.connected(url) as conn:
        from cartfolk.properties import defined
        from cartfolk.web import export as exporting
        from cartfolk.web import listing, properties

        there, custom = properties.columns(conn)
        wanted = [name for name in arguments.columns.split(",") if name] or list(exporting.STANDARD)
        if wanted == ["all"]:
            stored = {*there, *custom}
            wanted = [*exporting.OWN, *(name for name in defined.load(conn).properties if name in stored)]
        if unknown := [
            name for name in wanted if name not in there and name not in exporting.OWN and name not in custom
        ]:
            raise CommandFailed(f"--columns {unknown[0]}: there is no such property; `cartfolk properties` lists them.",
                                Exit.USAGE)  # fmt: skip
        order = _direction(arguments.sort)
        question = listing.Question(sort=order, search=arguments.search, columns=there, custom=custom)
        jsonl = arguments.format == "jsonl" or (not arguments.format and arguments.file.endswith((".jsonl", ".ndjson")))
        with ExitStack() as stack:
            try:
                out: IO[str] = (
                    sys.stdout if arguments.file == "-"
                    else stack.enter_context(Path(arguments.file).open("w", encoding="utf-8", newline=""))
                )  # fmt: skip
            except OSError as error:
                raise CommandFailed(f"{arguments.file} cannot be written: {error.strerror}.", Exit.USAGE) from error
            count = 0
            try:
                if jsonl:
                    for row in exporting.rows(conn, question, wanted):
                        out.write(json.dumps(plain(row), ensure_ascii=False) + "\n")
                        count += 1
                else:
                    for line in exporting.csv_lines(exporting.rows(conn, question, wanted), wanted):
                        out.write(line)
                        count += 1
                    count -= 1
            except listing.CursorInvalid as error:
                raise CommandFailed(f"--sort {error}: there is no such property.", Exit.USAGE) from error
    print(f"{count} contacts written.", file=sys.stderr)
    return Exit.OK
