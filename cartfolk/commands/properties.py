"""``cartfolk properties``: list, show, create, edit, archive, restore, delete, groups."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, cast

from cartfolk.core.plain import plain
from cartfolk.core.sql import Connection

from . import program
from .exits import CommandFailed, Exit

if TYPE_CHECKING:
    from cartfolk.properties.catalogue import Option, Property
    from cartfolk.properties.catalogue.model import Type

ACTOR = "system"


@contextmanager
def _opened() -> Iterator[Connection]:
    with program.database() as url, program.connected(url) as conn:
        program.migrate()
        from cartfolk.properties.definitions import BadDefinition

        try:
            yield conn
        except BadDefinition as error:
            raise CommandFailed(str(error), Exit.USAGE) from error


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False) + "\n")


def _named(conn: Connection, name: str) -> Property:
    from cartfolk.properties.defined import load

    item = load(conn, archived=True).properties.get(name)
    if item is None:
        raise CommandFailed(
            f"There is no property named {name}; `cartfolk properties list` shows them all.", Exit.NOT_FOUND
        )
    return item


def list_(arguments: argparse.Namespace) -> int:
    """Every property of the account, a line each; archived ones with --archived."""
    from cartfolk.properties.defined import load

    with _opened() as conn:
        found = load(conn, archived=arguments.archived).properties.values()
    for item in found:
        if arguments.own and not item.custom:
            continue
        if arguments.json:
            _say(asdict(item))
        else:
            note = " (archived)" if item.archived else f"  = {item.formula}" if item.formula else ""
            sys.stdout.write(f"{item.group:24} {item.name:44} {item.type:12} {item.label_en}{note}\n")
    return Exit.OK


def show(arguments: argparse.Namespace) -> int:
    """One property; of an own one also how many contacts have a value and what uses it."""
    with _opened() as conn:
        from cartfolk.properties import definitions
        from cartfolk.web import uses

        item = _named(conn, arguments.name)
        told = asdict(item)
        if item.custom:
            told |= {"usage": asdict(definitions.usage(conn, item.name)), "uses": asdict(uses.of(conn, item.name))}
    if arguments.json:
        _say(told)
        return Exit.OK
    for key, value in told.items():
        if value not in ("", None, (), False):
            sys.stdout.write(f"{key:16} {value}\n")
    return Exit.OK


def create(arguments: argparse.Namespace) -> int:
    """Makes a property; with --formula a calculated one, whose values are there when the command ends."""
    from cartfolk.properties import definitions
    from cartfolk.properties.catalogue import Property

    item = _changed(
        Property(
            name=arguments.name,
            label_en="",
            label_de="",
            group="contactinformation",
            type="string",
            definition_en="",
            definition_de="",
            computed=False,
            custom=True,
        ),
        arguments,
    )
    with _opened() as conn:
        definitions.create(conn, item, by=ACTOR)
        _calculate(conn)
    _done(arguments, item, "made")
    return Exit.OK


def edit(arguments: argparse.Namespace) -> int:
    """Changes labels, descriptions, group, options, type or formula, and whether pages show it."""
    from cartfolk.properties import definitions

    with _opened() as conn:
        old = _named(conn, arguments.name)
        item = _changed(old, arguments)
        if item != old:
            definitions.change(conn, item, by=ACTOR)
        if arguments.hidden is not None:
            definitions.hide(conn, item.name, arguments.hidden, by=ACTOR)
        _calculate(conn)
    _done(arguments, item, "changed")
    return Exit.OK


def _act(name: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        from cartfolk.properties import definitions

        with _opened() as conn:
            item = _named(conn, arguments.name)
            if name == "delete" and not arguments.yes:
                contacts = definitions.usage(conn, item.name).contacts
                raise CommandFailed(
                    f"Deleting {item.name} takes the values of {contacts} contacts with it, for good. "
                    "Run it again with --yes.",
                    Exit.USAGE,
                )
            getattr(definitions, name)(conn, item.name, by=ACTOR)
            _calculate(conn)
        _done(arguments, item, f"{name}d")
        return Exit.OK

    run.__doc__ = f"{name.capitalize()}s a property that people made."
    return run


def _done(arguments: argparse.Namespace, item: Property, what: str) -> None:
    if arguments.json:
        _say({"name": item.name, "done": what})
    else:
        sys.stdout.write(f"{item.name} is {what}.\n")


def _calculate(conn: Connection) -> None:
    """Everybody, where a formula changed: this command's work, whether or not a worker runs. Segments that can be
    asked again or no more are noted; the worker builds them."""
    from cartfolk.properties import calculated
    from cartfolk.segments import build

    build.mind(conn)

    if not calculated.progress(conn).waiting:
        return
    if not calculated.rebuild(conn):
        sys.stderr.write("A worker is calculating all contacts already; it goes on with the new formula.\n")


def _changed(item: Property, arguments: argparse.Namespace) -> Property:
    from cartfolk.properties.definitions import TYPES

    told: dict[str, Any] = {}
    given = vars(arguments)
    for field, key in (
        ("label_en", "label"), ("label_de", "label_de"), ("definition_en", "description"),
        ("definition_de", "description_de"), ("group", "group"), ("formula", "formula"),
    ):  # fmt: skip
        if given[key] is not None:
            told[field] = given[key]
    if arguments.type is not None:
        marks = ("whole", "currency", "percent")
        if arguments.type not in (*TYPES, *marks, "list"):
            known = ", ".join((*TYPES, *marks, "list"))
            raise CommandFailed(f"There is no type {arguments.type}; choose one of {known}.", Exit.USAGE)
        plain_type = (
            "number" if arguments.type in marks else "enumeration" if arguments.type == "list" else arguments.type
        )
        told |= {"type": cast("Type", plain_type), "multi": arguments.type == "list"}
        told |= {mark: arguments.type == mark for mark in marks}
    if arguments.option:
        told["options"] = tuple(_option(text) for text in arguments.option)
    return replace(item, **told)


def _option(text: str) -> Option:
    from cartfolk.properties.catalogue import Option

    value, *labels = (part.strip() for part in text.split("|"))
    english = labels[0] if labels else value
    return Option(value, english, labels[1] if len(labels) > 1 else english)


def add_arguments(item: argparse.ArgumentParser) -> None:
    verbs = item.add_subparsers(dest="verb", metavar="VERB", required=True)

    def add(
        name: str, what: str, run: Callable[[argparse.Namespace], int], named: bool = True
    ) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=what, description=what)
        if named:
            verb.add_argument("name", help="the internal name")
        verb.add_argument("--json", action="store_true")
        verb.set_defaults(run=run)
        return verb

    listed = add("list", "every property of the account, in the order pages show them", list_, named=False)
    listed.add_argument("--archived", action="store_true", help="archived ones too")
    listed.add_argument("--own", action="store_true", help="only those made in this account")
    add("show", "one property, its values and what uses it", show)
    for verb in (
        add("create", "make a property; with --formula a calculated one", create),
        add("edit", "change a property made in this account", edit),
    ):
        verb.add_argument("--label", help="English label")
        verb.add_argument("--label-de", help="German label")
        verb.add_argument("--description", help="English description")
        verb.add_argument("--description-de", help="German description")
        verb.add_argument("--group", help="internal name of its group")
        verb.add_argument(
            "--type", help="string, text, number, whole, currency, percent, date, datetime, enumeration, list …"
        )
        verb.add_argument(
            "--option", action="append", metavar="VALUE|ENGLISH|GERMAN", help="of a choice; several times"
        )
        verb.add_argument("--formula", help="what calculates it from other properties")
    shown = verb.add_mutually_exclusive_group()
    shown.add_argument("--hide", dest="hidden", action="store_true", default=None, help="show it on no page")
    shown.add_argument("--show", dest="hidden", action="store_false", help="show it on pages again")
    add("archive", "put a property aside; its values stay", _act("archive"))
    add("restore", "bring an archived property back", _act("restore"))
    add("delete", "delete an archived property with its values", _act("delete")).add_argument(
        "--yes", action="store_true", help="do it"
    )
