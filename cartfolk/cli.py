"""The command line: ``cartfolk <command>``. Every error is one sentence and a documented exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from cartfolk.commands.exits import CommandFailed, Exit


def parser() -> argparse.ArgumentParser:
    from cartfolk.commands import (
        contacts,
        demo,
        files,
        imports,
        members,
        merges,
        privacy,
        properties,
        rates,
        segments,
        serve,
        shops,
        upkeep,
    )

    top = argparse.ArgumentParser(
        prog="cartfolk", description="Every customer, order and cart of your shops as contacts, live."
    )
    top.add_argument("--version", action="store_true", help="print the version")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    def add(name: str, what: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=what, description=what)

    item = add("serve", "run database, web and worker until Ctrl-C")
    item.add_argument("--host", default="127.0.0.1")
    item.add_argument("--port", type=int, default=8000)
    item.add_argument("--data", help="the data folder (default: CARTFOLK_DATA or ./data)")
    item.set_defaults(run=serve.serve)

    item = add("web", "run the web processes only")
    item.add_argument("--host", default="127.0.0.1")
    item.add_argument("--port", type=int, default=8000)
    item.set_defaults(run=serve.web)

    item = add("worker", "run the worker only")
    item.add_argument("--processes", type=int, default=0, help="drain processes (default: CARTFOLK_WORKERS)")
    item.set_defaults(run=serve.worker)

    item = add("setup-link", "print the one-time link that creates the owner's account")
    item.set_defaults(run=serve.setup_link)

    item = add("demo", "see the main job at work with a simulated shop")
    demo.add_arguments(item)
    item.set_defaults(run=demo.run)

    item = add("connect", "connect a shop")
    shops.add_platforms(item)

    item = add("app", "write the app a shop installs to connect itself (Shopware)")
    item.add_argument("store", help="the store's name")
    item.add_argument("--file", help="where to (default: the app's own name, in this folder)")
    item.add_argument("--json", action="store_true")
    item.set_defaults(run=shops.app)

    item = add("sync", "import a store and catch up with it")
    item.add_argument("store", help="the store's name")
    item.add_argument("--wait", action="store_true", help="stay until everything is in the contacts")
    item.add_argument("--full", action="store_true", help="import everything again")
    item.add_argument("--json", action="store_true")
    item.set_defaults(run=shops.sync)

    item = add("import", "take customers and orders from CSV or JSON Lines files into a store")
    files.add_arguments(item)
    item.set_defaults(run=files.import_)

    item = add("export", "write contacts into a CSV or JSON Lines file")
    files.add_export_arguments(item)
    item.set_defaults(run=files.export)

    for name, what in (
        ("pause", "stop fetching from a store; what it sends is kept"),
        ("resume", "go on with a paused store"),
    ):
        item = add(name, what)
        item.add_argument("store")
        item.set_defaults(run=getattr(shops, name))
    who = item.add_mutually_exclusive_group()
    who.add_argument("--moved", action="store_true", help="another shop sends with its secret: it has moved there")
    who.add_argument("--copy", action="store_true", help="another shop sends with its secret: a copy, refuse it")

    item = add("reconcile", "compare a store with its shop: find deletions and lost webhooks")
    item.add_argument("store")
    item.add_argument("--recent", action="store_true", help="only what changed in the last 30 days, as every night")
    item.add_argument("--json", action="store_true")
    item.set_defaults(run=shops.reconcile)

    item = add("status", "stores, their progress, lag and quarantine")
    item.add_argument("store", nargs="?", help="one store only")
    item.add_argument("--json", action="store_true")
    item.set_defaults(run=shops.status)

    item = add("rates", "exchange rates of your own, for a store's orders that came without one")
    rates.add_arguments(item)

    item = add("contacts", "list, show, merge or import contacts")
    verbs = item.add_subparsers(dest="verb", metavar="VERB", required=True)
    listed = verbs.add_parser("list", help="contacts, newest first")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    listed.add_argument("--sort", default="createdate", help="a property's name; + in front: smallest first")
    listed.add_argument("--limit", type=_positive, default=50)
    listed.set_defaults(run=contacts.list_)
    shown = verbs.add_parser("show", help="everything known of one contact")
    shown.add_argument("contact", help="the e-mail address or number of the contact")
    shown.add_argument("--json", action="store_true")
    shown.set_defaults(run=contacts.show)
    imports.add_arguments(verbs)
    merges.add_arguments(verbs)

    segments.add_arguments(add("segments", "saved questions about contacts: list, create, members, why"))

    item = add("erase", "erase people everywhere, and keep them out from then on")
    privacy.add_arguments(item)
    item.set_defaults(run=privacy.erase)

    item = add("members", "who may sign in: list, invite, change a role, reset the second step")
    members.add_arguments(item)

    properties.add_arguments(add("properties", "properties of contacts: list, create, edit, formulas, archive"))

    item = add("quarantine", "list records that wait in quarantine, or retry them")
    item.add_argument("store")
    item.add_argument("--retry", action="store_true", help="hand them to the pipeline again")
    item.add_argument("--json", action="store_true")
    item.set_defaults(run=upkeep.quarantine)

    item = add("recompute", "make all derived values again from the facts")
    item.set_defaults(run=upkeep.recompute)

    item = add("doctor", "check the installation and say what to do")
    item.add_argument("--json", action="store_true")
    item.set_defaults(run=upkeep.doctor)
    return top


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("say a number from 1")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cartfolk.settings")
    top = parser()
    arguments = top.parse_args(argv)
    if arguments.version:
        from importlib.metadata import version

        print(version("cartfolk"))
        return Exit.OK
    if not getattr(arguments, "run", None):
        top.print_help()
        return Exit.USAGE
    try:
        return int(arguments.run(arguments))
    except CommandFailed as error:
        print(f"cartfolk: {error}", file=sys.stderr)
        return int(error.code)
    except BrokenPipeError:
        sys.stderr.close()
        return Exit.OK
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("CARTFOLK_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        print(f"cartfolk: {what}. Run it again with CARTFOLK_DEBUG=1 to see where.", file=sys.stderr)
        return Exit.UNEXPECTED
