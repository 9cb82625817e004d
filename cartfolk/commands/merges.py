"""``cartfolk contacts merge | unmerge | duplicates``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from . import contacts, program
from .exits import CommandFailed, Exit

_BY = "system"  # the command line is the operator's


def merge(arguments: argparse.Namespace) -> int:
    """Makes one contact of several, or says what would stand."""
    with program.database() as url, program.connected(url) as conn:
        from cartfolk import duplicates, merging

        kept = contacts.find(conn, arguments.kept)
        others = [contact for one in arguments.others if (contact := contacts.find(conn, one)) != kept]
        try:
            seen = merging.preview(conn, kept, others)
            for line in (line for line in seen.lines if line.differs):
                told = " | ".join(_said(value) for value in line.values)
                sys.stdout.write(f"{line.name:40} {told} -> {_said(line.after)}\n")
            if not arguments.dry_run:
                merging.merge(conn, kept, others, arguments.reason or "Merged by hand", _BY)
                duplicates.refresh(conn, [kept])
        except merging.CannotMerge as error:
            raise CommandFailed(str(error), Exit.USAGE) from error
        verb = "would go" if arguments.dry_run else "went"
        sys.stdout.write(f"{len(seen.contacts) - 1} contact(s) {verb} into contact {kept}.\n")
    return Exit.OK


def unmerge(arguments: argparse.Namespace) -> int:
    """Takes the latest or the named merge of a contact back, or lists them."""
    with program.database() as url, program.connected(url) as conn:
        from cartfolk import duplicates, merging
        from cartfolk.identity import merges

        contact = contacts.find(conn, arguments.contact)
        known = merges.history(conn, contact)
        if arguments.list:
            for one in known:
                state = f"undone {one.undone_at:%Y-%m-%d %H:%M}" if one.undone_at else ""
                sys.stdout.write(f"{one.merge_id:8} {one.at:%Y-%m-%d %H:%M} {one.gone} into {one.kept} {state}\n")
            return Exit.OK
        wanted = arguments.merge or next((one.merge_id for one in known if one.undoable), None)
        if wanted is None or wanted not in {one.merge_id for one in known}:
            raise CommandFailed(
                f"Contact {contact} has no such merge; `cartfolk contacts unmerge {contact} --list` shows them.",
                Exit.NOT_FOUND,
            )
        try:
            kept, gone = merging.undo(conn, wanted, _BY)
        except merging.CannotUndo as error:
            raise CommandFailed(str(error), Exit.NOT_FOUND) from error
        duplicates.refresh(conn, [kept, gone])
        sys.stdout.write(f"Contacts {kept} and {gone} are two again.\n")
    return Exit.OK


def duplicates(arguments: argparse.Namespace) -> int:
    """Pairs that may be one person, the surest first."""
    with program.database() as url, program.connected(url) as conn:
        from cartfolk import duplicates

        if arguments.find:
            duplicates.find(conn, rebuild=True)
        found = duplicates.suggestions(conn, limit=max(1, arguments.limit))
        if not found:
            print("No two contacts look like one person. --find compares all now.", file=sys.stderr)
        for pair in found:
            if arguments.json:
                told = {"contacts": [pair.one, pair.other], "score": pair.score, "reasons": pair.reasons}
                sys.stdout.write(json.dumps(told) + "\n")
            else:
                sys.stdout.write(f"{pair.one:10} {pair.other:10} {pair.score:3} % {', '.join(pair.reasons)}\n")
    return Exit.OK


def add_arguments(verbs: Any) -> None:
    """The verbs of ``cartfolk contacts`` that make one contact of several, or two again."""
    merged = verbs.add_parser("merge", help="make one contact of several")
    merged.add_argument("kept", help="the e-mail address or number of the contact that is kept")
    merged.add_argument("others", nargs="+", help="those that are merged into it")
    merged.add_argument("--reason", default="", help="why, as it will be read later")
    merged.add_argument("--dry-run", action="store_true", help="only say what would stand")
    merged.set_defaults(run=merge)
    unmerged = verbs.add_parser("unmerge", help="take a merge back: both contacts as they were")
    unmerged.add_argument("contact", help="the e-mail address or number of the contact")
    unmerged.add_argument("--merge", type=int, help="which merge (default: the latest that can be undone)")
    unmerged.add_argument("--list", action="store_true", help="only list the merges")
    unmerged.set_defaults(run=unmerge)
    doubled = verbs.add_parser("duplicates", help="contacts that may be one person")
    doubled.add_argument("--find", action="store_true", help="compare all contacts now")
    doubled.add_argument("--limit", type=int, default=50)
    doubled.add_argument("--json", action="store_true", help="one JSON object a line")
    doubled.set_defaults(run=duplicates)


def _said(value: object) -> str:
    return "-" if value in (None, "", []) else str(value)[:40]
