"""``cartfolk segments``: list, show, create, count, members, why, build, delete."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cartfolk.core.plain import plain
from cartfolk.core.sql import Connection
from cartfolk.core.time import now

from . import program
from .contacts import find
from .exits import CommandFailed, Exit

if TYPE_CHECKING:
    from cartfolk.segments.explain import Reason
    from cartfolk.segments.stored import Segment
    from cartfolk.segments.tree import Context

ACTOR = "system"


@contextmanager
def _opened() -> Iterator[Connection]:
    """Django is set up inside: what needs it (sentences, pages' formats) is imported there and not before."""
    with program.database() as url, program.connected(url) as conn:
        program.migrate()
        yield conn


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False) + "\n")


def _told(item: Segment) -> dict[str, Any]:
    return {
        "id": item.segment_id,
        "name": item.name,
        "kind": item.kind,
        "size": item.size,
        "true": item.true,
        "state": item.state,
        "true_at": item.built_at,
    }


def list_(arguments: argparse.Namespace) -> int:
    """Every segment with its size."""
    from cartfolk.segments import stored

    with _opened() as conn:
        found = stored.every(conn)
    for item in found:
        if arguments.json:
            _say(_told(item))
        else:
            note = "" if item.true else "  catching up" if item.state != "failed" else f"  stopped: {item.error}"
            sys.stdout.write(f"{item.segment_id:>5} {item.kind:7} {item.size:>10,} {item.name}{note}\n")
    if not found and not arguments.json:
        sys.stdout.write("No segments yet; `cartfolk segments presets` shows what to begin with.\n")
    return Exit.OK


def presets(arguments: argparse.Namespace) -> int:
    """What `segments create --preset` can make."""
    from cartfolk.segments.presets import PRESETS

    for preset in PRESETS.values():
        if arguments.json:
            _say({"key": preset.key, "name": preset.name, "about": preset.about, "definition": preset.definition})
        else:
            sys.stdout.write(f"{preset.key:26} {preset.name}: {preset.about}\n")
    return Exit.OK


def fifths(arguments: argparse.Namespace) -> int:
    """The published values between the fifths of properties, and when they were worked out."""
    from cartfolk.segments import cuts

    with _opened() as conn:
        cuts.ensure(conn, cuts.RFM, now())
        for item in cuts.known(conn).values():
            values = [str(value) for value in item.values]
            if arguments.json:
                told = {"property": item.property, "cuts": values, "contacts": item.contacts}
                _say(told | {"computed_at": item.computed_at.isoformat()})
            else:
                between = "  ".join(values) or "nobody has a value"
                sys.stdout.write(f"{item.property:28} {between}  ({item.contacts:,} on {item.computed_at:%Y-%m-%d})\n")
    return Exit.OK


def show(arguments: argparse.Namespace) -> int:
    """A segment, what it asks in words, and its definition; with --hubspot as HubSpot's list API takes it."""
    with _opened() as conn:
        from cartfolk.segments import sentence, stored
        from cartfolk.segments.problems import Refused

        item = _named(conn, arguments.segment)
        if arguments.hubspot:
            _say(_for_hubspot(conn, item))
            return Exit.OK
        told = {"sentence": ""}
        if item.definition is not None:
            try:
                told = {"sentence": sentence.segment(*stored.read(conn, item))}
            except Refused as refused:
                told["problem"] = sentence.refusal(refused)
    _say(_told(item) | told | {"definition": item.definition})
    return Exit.OK


def create(arguments: argparse.Namespace) -> int:
    """Makes a segment of a definition in a file (- reads standard input) or of a preset, and builds it."""
    from cartfolk.segments import build, stored
    from cartfolk.segments.presets import PRESETS

    definition: Any = None
    if arguments.preset:
        if arguments.preset not in PRESETS:
            raise CommandFailed(f"There is no preset {arguments.preset}; see `cartfolk segments presets`.", Exit.USAGE)
        preset = PRESETS[arguments.preset]
        name, definition = arguments.name or preset.name, preset.definition
    else:
        name, definition = arguments.name, _definition(arguments.file) if arguments.file else None
    from cartfolk.segments import hubspot

    if hubspot.keeps_its_members(definition):
        sys.stderr.write(
            "In HubSpot this list keeps whom it found at first. Here the segment follows the data; "
            "“Save as static” on its page keeps its present members.\n"
        )
    with _opened() as conn, _sentences():
        called, definition = _ours(conn, definition, arguments.list)
        if not (name := name or called):
            raise CommandFailed("Say what the segment is called: --name NAME.", Exit.USAGE)
        number = stored.create(conn, name, definition, ACTOR)
        build.build(conn, number)
        _say(_told(stored.one(conn, number)))
    return Exit.OK


def count(arguments: argparse.Namespace) -> int:
    """How many contacts a definition has, without saving it."""
    from cartfolk.segments import language, stored

    with _opened() as conn, _sentences():
        context = stored.context(conn)
        _name, definition = _ours(conn, _definition(arguments.file), arguments.list)
        root = language.from_json(definition, context)
        _say({"count": stored.count(conn, root, context, now(), patience=600).count})
    return Exit.OK


def members(arguments: argparse.Namespace) -> int:
    """The members, one a line; with --csv number, name and e-mail."""
    with _opened() as conn:
        from cartfolk.segments import stored
        from cartfolk.web.export import cell

        item = _named(conn, arguments.segment)
        writer = csv.writer(sys.stdout)
        if arguments.csv:
            writer.writerow(["contact", "name", "email"])
        after = 0
        while page := stored.members(conn, item.segment_id, after, 1000):
            after = page[-1]
            names = {
                row[0]: row[1:]
                for row in conn.execute(
                    "select contact_id, name, email from contact_list where contact_id = any(%s)", [page]
                )
            }
            for contact in page:
                name, email = names.get(contact, (None, None))
                if arguments.csv:
                    writer.writerow([contact, cell(name), cell(email)])
                elif arguments.json:
                    _say({"contact": contact, "name": name, "email": email})
                else:
                    sys.stdout.write(f"{contact}\n")
    return Exit.OK


def why(arguments: argparse.Namespace) -> int:
    """Condition by condition, why a contact is in a segment or not."""
    from cartfolk.segments import explain, stored

    with _opened() as conn:
        item = _named(conn, arguments.segment)
        contact = find(conn, arguments.contact)
        if item.definition is None:
            raise CommandFailed("A static segment has no conditions: people put contacts in.", Exit.USAGE)
        with _sentences():
            root, context = stored.read(conn, item)
        reason = explain.explain(conn, root, contact, context, now())
        if reason is None:
            raise CommandFailed(f"There is no contact {contact}.", Exit.NOT_FOUND)
        if arguments.json:
            _say({"in": reason.holds, "conditions": list(_reasons(reason, context))})
        else:
            for row in _reasons(reason, context):
                mark = "yes" if row["holds"] else "no "
                value = "" if row["value"] is None else f"   (is: {plain(row['value'])})"
                sys.stdout.write(f"{mark} {'  ' * row['depth']}{row['condition']}{value}\n")
    return Exit.OK


def build_(arguments: argparse.Namespace) -> int:
    """Builds a segment again."""
    from cartfolk.segments import build, stored

    with _opened() as conn:
        item = _named(conn, arguments.segment)
        stored.rebuild(conn, item.segment_id, ACTOR)
        build.build(conn, item.segment_id)
        _say(_told(stored.one(conn, item.segment_id)))
    return Exit.OK


def delete(arguments: argparse.Namespace) -> int:
    """Puts a segment aside; it can be restored for 90 days."""
    from cartfolk.segments import stored

    with _opened() as conn, _sentences():
        stored.delete(conn, _named(conn, arguments.segment).segment_id, ACTOR)
    return Exit.OK


def restore(arguments: argparse.Namespace) -> int:
    """Brings a deleted segment back, by its number."""
    from cartfolk.segments import build, stored

    with _opened() as conn, _sentences():
        stored.restore(conn, arguments.number, ACTOR)
        build.build(conn, arguments.number)
    return Exit.OK


def _reasons(reason: Reason, context: Context) -> Iterator[dict[str, Any]]:
    from cartfolk.segments import sentence
    from cartfolk.segments.tree import Group

    words = {"all": "all of", "any": "any of", "none": "none of"}
    for depth, answer in reason.walk():
        node = answer.node
        said = words[node.match] if isinstance(node, Group) else sentence.node(node, context)
        yield {"depth": depth, "condition": said, "holds": answer.holds, "value": answer.value}


def _named(conn: Connection, name: str) -> Segment:
    from cartfolk.segments import stored

    try:
        return stored.named(conn, name)
    except stored.SegmentMissing as error:
        raise CommandFailed(str(error), Exit.NOT_FOUND) from error


def _definition(path: str) -> Any:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}.", Exit.USAGE) from error
    except ValueError as error:
        raise CommandFailed(f"{path} is no JSON: {error}.", Exit.USAGE) from error


def _ours(conn: Connection, definition: Any, lists: list[str]) -> tuple[str, Any]:
    """A definition of HubSpot's as ours, with the name it has there; ours as it is. ``lists``: NUMBER=SEGMENT."""
    from cartfolk.segments import hubspot, language, stored

    if (found := hubspot.of_list(definition)) is None:
        return "", definition
    name, branch = found
    segments = {}
    for told in lists:
        number, _sign, segment = told.partition("=")
        if not number.isdecimal() or not segment:
            raise CommandFailed(f"--list is NUMBER=SEGMENT, such as 12=VIP, not {told}.", Exit.USAGE)
        segments[int(number)] = _named(conn, segment).segment_id
    return name, language.to_json(hubspot.from_hubspot(branch, stored.context(conn), segments))


def _for_hubspot(conn: Connection, item: Segment) -> dict[str, Any]:
    """A segment as HubSpot's list API takes it."""
    from cartfolk.segments import hubspot, hubspot_out, stored

    if item.definition is None:
        raise CommandFailed("A static segment has no conditions: people put contacts in.", Exit.USAGE)
    with _sentences():
        branch = hubspot_out.to_hubspot(*stored.read(conn, item))
    told = {"name": item.name, "objectTypeId": hubspot.CONTACTS, "processingType": "DYNAMIC"}
    return told | {"filterBranch": branch}


@contextmanager
def _sentences() -> Iterator[None]:
    """What the room refuses, as the command's one sentence; what cannot be said in the other language, a line each."""
    from cartfolk.segments import hubspot, sentence, stored
    from cartfolk.segments.problems import Refused

    try:
        yield
    except hubspot.Unsupported as unsupported:
        lines = ["This cannot be said, so nothing was done:", *sentence.unsaid(unsupported.parts)]
        if any(part.text == hubspot.THEIR_NUMBER for part in unsupported.parts):
            lines.append("Which segment a list of HubSpot's is here is said by --list NUMBER=SEGMENT.")
        raise CommandFailed("\n".join(lines), Exit.USAGE) from unsupported
    except Refused as refused:
        raise CommandFailed(sentence.refusal(refused), Exit.USAGE) from refused
    except (stored.NameTaken, stored.InUse, stored.TooSlow, stored.SegmentMissing, ValueError) as error:
        raise CommandFailed(str(error), Exit.USAGE) from error


def add_arguments(item: argparse.ArgumentParser) -> None:
    verbs = item.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, about: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=about)
        added.add_argument("--json", action="store_true", help="one JSON object a line")
        added.set_defaults(run=run)
        return added

    verb("list", "every segment with its size", list_)
    verb("presets", "segments to begin with", presets)
    verb("fifths", "the published values between the fifths of properties", fifths)
    shown = verb("show", "a segment in words, with its definition", show)
    shown.add_argument("segment", help="name or number")
    shown.add_argument("--hubspot", action="store_true", help="as HubSpot's list API takes it")
    made = verb("create", "make a segment; without a file or preset a static one", create)
    made.add_argument(
        "file",
        nargs="?",
        help="its definition as JSON (docs/developers/segment-language.md), or a list as HubSpot's API tells it;"
        " - reads it",
    )
    made.add_argument("--name")
    made.add_argument("--preset", help="one of `cartfolk segments presets`")
    counted = verb("count", "how many contacts a definition has", count)
    counted.add_argument("file", help="JSON; - reads it")
    for either in (made, counted):
        either.add_argument(
            "--list",
            action="append",
            default=[],
            metavar="NUMBER=SEGMENT",
            help="which segment a list of HubSpot's is here, by its number there; may be given again",
        )
    listed = verb("members", "who is in it", members)
    listed.add_argument("segment", help="name or number")
    listed.add_argument("--csv", action="store_true", help="number, name and e-mail as CSV")
    asked = verb("why", "why a contact is in it or not, condition by condition", why)
    asked.add_argument("contact", help="number or e-mail")
    asked.add_argument("segment", help="name or number")
    verb("build", "make its members anew", build_).add_argument("segment", help="name or number")
    verb("delete", "put it aside for 90 days", delete).add_argument("segment", help="name or number")
    verb("restore", "bring a deleted one back", restore).add_argument("number", type=int)
