"""``cartfolk erase``: a person's data shown, or erased everywhere; ``contacts show --export``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from cartfolk.core.plain import document, plain

from . import program
from .exits import CommandFailed, Exit


def add_arguments(item: argparse.ArgumentParser) -> None:
    item.add_argument("who", nargs="+", help="e-mail addresses or contact numbers")
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
            proof = erasure.erase(conn, **who, by="system", rewrite=arguments.rewrite)
        except erasure.NobodyToErase as error:
            raise CommandFailed(str(error), Exit.NOT_FOUND) from None
        _say({"erasure": proof.erasure_id, "at": plain(proof.at), **proof.report}, arguments.json)
    return Exit.OK


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
