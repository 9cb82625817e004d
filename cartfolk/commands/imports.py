"""``cartfolk contacts import``, ``imports`` and ``undo-import``: what the pages under Contacts → Import do."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from cartfolk.core.plain import plain
from cartfolk.core.sql import Connection

from . import program
from .exits import CommandFailed, Exit

SHOWN = 5  # wrong rows told in the terminal; the error file has all
_MATCHES = {"email": "email", "id": "contact_id", "customer": "customer_id", "phone": "phone"}


def add_arguments(verbs: Any) -> None:
    """The three verbs of ``cartfolk contacts``."""
    item = verbs.add_parser("import", help="contacts from a CSV or JSON Lines file; can be undone")
    item.add_argument("file", type=Path)
    item.add_argument("--map", action="append", default=[], metavar="COLUMN=PROPERTY",
                      help="which column is which property; COLUMN= leaves it out")  # fmt: skip
    item.add_argument("--match", choices=sorted(_MATCHES), default="email", help="how contacts are found")
    item.add_argument("--store", help="whose customer numbers: with --match customer")
    item.add_argument("--mode", choices=["overwrite", "set_if_empty", "set_if_new", "append"], default="overwrite",
                      help="where a contact has another value already")  # fmt: skip
    item.add_argument("--clear", action="store_true", help="empty cells empty the value (with --mode overwrite)")
    item.add_argument("--decimal", choices=[",", "."], help="the decimal mark (default: , in files separated by ;)")
    item.add_argument("--dates", choices=["dmy", "mdy"], default="", help="what 03/04/2026 means")
    item.add_argument("--several", choices=[";", ",", "|", "line"], default="",
                      help="between several options in one cell (default: found out)")  # fmt: skip
    item.add_argument("--timezone", default="UTC", help="of times that name none")
    item.add_argument("--encoding", default="", help="for example utf-8 or cp1252 (default: found out)")
    item.add_argument("--separator", default="", help="between cells, tab for a tabulator (default: found out)")
    item.add_argument("--dry-run", action="store_true", help="try every row, change nothing")
    item.add_argument("--errors", type=Path, metavar="FILE", help="the wrong rows with their reasons, as CSV")
    item.add_argument("--json", action="store_true")
    item.set_defaults(run=import_)
    item = verbs.add_parser("imports", help="the imports there were, newest first")
    item.add_argument("--json", action="store_true", help="one JSON object a line")
    item.set_defaults(run=list_)
    item = verbs.add_parser("undo-import", help="take back what an import did and nobody touched since")
    item.add_argument("id", type=int)
    item.add_argument("--json", action="store_true")
    item.set_defaults(run=undo)


def import_(arguments: argparse.Namespace) -> int:
    """Brings the file in and waits; Ctrl-C stops it where it is, ``undo-import`` takes it back."""
    with program.database() as url:
        program.migrate()
        from cartfolk import work
        from cartfolk.contact_files import upload
        from cartfolk.inbox.files import ledger
        from cartfolk.inbox.files.columns import MappingWrong
        from cartfolk.inbox.files.table import FileUnreadable

        with program.connected(url) as conn:
            try:
                number = _begin(conn, arguments)
            except (FileUnreadable, MappingWrong) as error:
                raise CommandFailed(str(error), Exit.USAGE) from error
            except OSError as error:
                raise CommandFailed(f"{arguments.file} cannot be read: {error.strerror}.", Exit.USAGE) from error
            state = "checking" if arguments.dry_run else "running"
            ledger.start(conn, number, state, before=["new"])
            if arguments.dry_run:
                one = _work(url, conn, number, arguments.json)
            else:
                with work.drainers(url, 1):
                    one = _work(url, conn, number, arguments.json)
            path = upload.errors(one)
            if arguments.errors and path.exists():
                arguments.errors.write_bytes(path.read_bytes())
            _tell(one, arguments)
            if arguments.dry_run:
                upload.forget(conn, one)
    return Exit.QUARANTINED if one.wrong else Exit.OK


def list_(arguments: argparse.Namespace) -> int:
    with program.database() as url, program.connected(url) as conn:
        from cartfolk.inbox.files import ledger

        for one in ledger.recent(conn):
            if arguments.json:
                print(json.dumps(_described(one), ensure_ascii=False))
            else:
                print(f"{one.import_id:6} {one.state:10} {one.kind:10} {one.created:9,} new {one.changed:9,} changed "
                      f"{one.wrong:7,} wrong  {one.made_at:%Y-%m-%d %H:%M}  {one.name}")  # fmt: skip
    return Exit.OK


def undo(arguments: argparse.Namespace) -> int:
    with program.database() as url, program.connected(url) as conn:
        from cartfolk.inbox.files import ledger

        try:
            one = ledger.get(conn, arguments.id)
        except ledger.UnknownImport as error:
            raise CommandFailed(str(error), Exit.NOT_FOUND) from error
        if not one.undoable and one.state != "undoing":
            raise CommandFailed(f"Import {one.import_id} is {one.state}: there is nothing to undo.", Exit.USAGE)
        ledger.go_on(conn, one.import_id, "undoing", before=["done", "failed", "cancelled"])
        one = _work(url, conn, one.import_id, arguments.json)
        if arguments.json:
            print(json.dumps(_described(one), ensure_ascii=False))
        else:
            told = {"removed": 0, "restored": 0, "kept": 0, "left": 0, **one.undone}
            print(
                f"Import {one.import_id} is undone: {told['removed']} contacts removed, {told['restored']} values put "
                f"back; left, since they were touched meanwhile: {told['kept']} contacts, {told['left']} values"
            )
    return Exit.OK


def _begin(conn: Connection, arguments: argparse.Namespace) -> int:
    """The new import. Raises FileUnreadable, MappingWrong, OSError, CommandFailed."""
    from cartfolk.audit import log
    from cartfolk.contact_files import columns, upload
    from cartfolk.inbox.files import ledger
    from cartfolk.properties.defined import load
    from cartfolk.properties.write import Mode
    from cartfolk.stores import lookup

    store = None
    if arguments.store:
        try:
            store = lookup.by_name(conn, arguments.store).pk
        except lookup.UnknownStore as error:
            raise CommandFailed(str(error), Exit.NOT_FOUND) from error
    entry = upload.keep(str(arguments.file), upload.blocks(arguments.file),
                        encoding=arguments.encoding, separator=arguments.separator)  # fmt: skip
    try:
        defined = load(conn)
        said = dict(pair.rpartition("=")[::2] for pair in arguments.map)
        guessed = columns.guess([c for c in entry["columns"] if c not in said], columns.samples(entry), defined)
        found = {c: f for c, f in guessed.items() if f not in said.values()} | {c: f for c, f in said.items() if f}
        chosen = columns.Chosen(
            columns=found,
            match=_MATCHES[arguments.match],
            mode=Mode(arguments.mode),
            store_id=store,
            dates=arguments.dates,
            decimal=arguments.decimal or ("," if entry["separator"] == ";" else "."),
            zone=arguments.timezone,
            clear=arguments.clear,
            marks=columns.marks(entry, found, defined, arguments.several),
        )
        columns.check(chosen, entry["columns"], defined)
    except BaseException:
        (upload.folder() / entry["stored"]).unlink(missing_ok=True)
        raise
    if not arguments.json:
        for column in entry["columns"]:
            mark = f", options between {chosen.marks[column]!r}" if column in chosen.marks else ""
            print(f"  {column:30} {found.get(column, 'left out')}{mark}", file=sys.stderr)
    number = ledger.add(conn, "contacts", log.SYSTEM, [entry], chosen.written())
    log.note(conn, log.SYSTEM, "import.started", f"import:{number}", kind="contacts", dry_run=arguments.dry_run)
    return number


def _work(url: str, conn: Connection, number: int, quiet: bool) -> Any:
    """Works on the import here, with a bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from cartfolk.contact_files import jobs
    from cartfolk.inbox.files import ledger

    with program.connected(url) as mine, program.connected(url) as identity, Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn(),
        TextColumn("{task.fields[told]}"), console=Console(file=sys.stderr), disable=quiet,
    ) as bar:  # fmt: skip
        while not jobs.alone(mine, number):
            time.sleep(0.5)  # a worker has it; it is as good as ours
            if not ledger.get(conn, number).busy:
                return ledger.get(conn, number)
        state = ledger.get(conn, number).state
        task = bar.add_task(state, total=None, told="")
        step = jobs.open_work(mine, identity, number)
        try:
            while step.step():
                one = ledger.get(conn, number)
                told = f"{one.rows:,} rows, {one.rate:,.0f} a second, {one.wrong:,} wrong"
                bar.update(task, total=one.size or None, completed=one.bytes, told=told if state != "undoing" else "")
        except KeyboardInterrupt:
            ledger.finish(conn, number, "cancelled")
            raise
        except (FileNotFoundError, UnicodeDecodeError) as error:
            ledger.finish(conn, number, "failed", str(error))
            raise CommandFailed(f"{error}. Say --encoding, or bring the file in anew.", Exit.USAGE) from error
    return ledger.get(conn, number)


def _described(one: Any) -> dict[str, Any]:
    names = ("import_id", "kind", "state", "made_by", "made_at", "name", "rows", "created", "changed", "unchanged",
             "wrong", "seconds", "undone")  # fmt: skip
    described: dict[str, Any] = plain({name: getattr(one, name) for name in names})
    return described


def _tell(one: Any, arguments: argparse.Namespace) -> None:
    if arguments.json:
        wrong = one.preview.get("wrong", [])
        told = {"dry_run": arguments.dry_run, **_described(one), "first_wrong": [
            {"line": row["line"], "reason": row["reason"]} for row in wrong
        ]}  # fmt: skip
        print(json.dumps(told, ensure_ascii=False))
        return
    for row in one.preview.get("wrong", [])[:SHOWN]:
        print(f"{arguments.file}, line {row['line']}: {row['reason']}", file=sys.stderr)
    verb = "would be" if arguments.dry_run else "are"
    print(f"Import {one.import_id}: {one.created:,} contacts {verb} new, {one.changed:,} changed, "
          f"{one.unchanged:,} unchanged, {one.wrong:,} rows wrong ({one.rate:,.0f} rows a second)")  # fmt: skip
    if one.wrong and not arguments.errors:
        print("--errors FILE writes down every wrong row with its reason.", file=sys.stderr)
    if not arguments.dry_run:
        print(f"`cartfolk contacts undo-import {one.import_id}` takes it back.", file=sys.stderr)
