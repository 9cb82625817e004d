"""``cartfolk erase``: a person's data shown, or erased everywhere; ``contacts show --export``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from cartfolk.core.plain import document, plain
from cartfolk.core.sql import Connection

from . import program
from .exits import CommandFailed, Exit

_STEPS = {"rows": "rows", "deliveries": "raw deliveries", "rest": "carts and links", "files": "files"}


def add_arguments(item: argparse.ArgumentParser) -> None:
    item.add_argument("who", nargs="*", help="e-mail addresses or contact numbers; none: go on with what was cut off")
    item.add_argument("--dry-run", action="store_true", help="say what would be erased, change nothing")
    item.add_argument(
        "--export", action="store_true", help="print all that is held of the person as JSON, erase nothing"
    )
    item.add_argument("--rewrite", action="store_true", help="write large tables anew too (locks them meanwhile)")
    item.add_argument("--yes", action="store_true", help="do not ask")
    item.add_argument("--json", action="store_true")


def erase(arguments: argparse.Namespace) -> int:
    """Shows what is there, asks, erases, proves."""
    who: dict[str, Any] = {
        "contacts": [int(one) for one in arguments.who if one.isascii() and one.isdigit()],
        "emails": [one for one in arguments.who if not (one.isascii() and one.isdigit())],
    }
    with program.database() as url, program.connected(url) as conn:
        from cartfolk import disclosure, erasure

        if not arguments.who:
            return _go_on(conn, arguments)
        try:
            if arguments.export:
                people, _names = erasure.whose(conn, **who)
                told = [disclosure.disclose(conn, one) for one in people[:1]]
                print(document(told[0] if told else {}))
                return Exit.OK
            found = erasure.preview(conn, **who)
            if arguments.dry_run:
                _say(plain(asdict(found)), arguments.json)
                return Exit.OK
            if not arguments.yes and not _sure(plain(asdict(found))):
                print("Nothing was erased.", file=sys.stderr)
                return Exit.OK
            number = erasure.ask(conn, **who, by="system")
        except erasure.NobodyToErase as error:
            raise CommandFailed(str(error), Exit.NOT_FOUND) from None
        _finish(conn, number, arguments)
    return Exit.OK


def _go_on(conn: Connection, arguments: argparse.Namespace) -> int:
    """Finishes the erasures whose process was killed."""
    from cartfolk.identity import suppression

    unfinished = suppression.unfinished(conn)
    if not unfinished:
        raise CommandFailed("Say whom: e-mail addresses or contact numbers. No erasure was cut off.", Exit.USAGE)
    for number in unfinished:
        if arguments.dry_run:
            print(f"Erasure {number} is not finished.")
        else:
            _finish(conn, number, arguments)
    return Exit.OK


def _finish(conn: Connection, number: int, arguments: argparse.Namespace) -> None:
    """Does it with a bar on standard error, and proves it."""
    from rich.console import Console
    from rich.progress import Progress

    from cartfolk import erasure

    if not arguments.json:
        print(f"Erasure {number} has begun; the people are kept out from now on. If this is cut off, a worker or "
              "`cartfolk erase` without a name goes on with it.", file=sys.stderr)  # fmt: skip
    with Progress(console=Console(file=sys.stderr), disable=arguments.json) as bar:
        task = bar.add_task(_STEPS["rows"], total=None)

        def watch(step: str, done: int, total: int) -> None:
            bar.update(task, description=_STEPS[step], completed=done, total=total or None)

        proof = erasure.finish(conn, number, rewrite=arguments.rewrite, watch=watch)
        bar.update(task, completed=1, total=1)
    _say({"erasure": proof.erasure_id, "at": plain(proof.at), **proof.report}, arguments.json)


def _sure(found: dict[str, Any]) -> bool:
    _say(found, as_json=False)
    if not sys.stdin.isatty():
        raise CommandFailed("Say --yes to erase this without being asked, or --dry-run to look only.", Exit.USAGE)
    return input("Erase all of this? It cannot be taken back. Type erase: ").strip() == "erase"


def _say(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        if value not in ([], {}, 0):
            shown = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
            print(f"{name:12} {shown}")
