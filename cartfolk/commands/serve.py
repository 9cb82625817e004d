"""``cartfolk serve``, ``web`` and ``worker``: the program as processes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from . import program
from .exits import Exit


def serve(arguments: argparse.Namespace) -> int:
    """Database, web and worker under one supervisor until Ctrl-C."""
    os.environ.setdefault("CARTFOLK_PUBLIC_URL", f"http://{arguments.host}:{arguments.port}")
    stopping = stop_event()
    data = Path(arguments.data) if arguments.data else None
    with program.database(data):
        program.migrate()
        children = start(arguments.host, arguments.port)
        try:
            announce(os.environ["CARTFOLK_PUBLIC_URL"])
            while not stopping.wait(1):
                children.watch()
        finally:
            children.stop()
    return Exit.OK


def start(host: str, port: int) -> program.Children:
    """Web and worker as child processes."""
    from django.conf import settings

    children = program.Children(
        {
            "web": program.web_command(host, port, settings.WEB_PROCESSES),
            "worker": program.worker_command(),
        }
    )
    children.start()
    return children


def announce(url: str) -> None:
    """Says where the program is, and on the first start how its owner gets in."""
    from cartfolk.web.owner import setup_link

    print(f"Cartfolk runs at {url}  (Ctrl-C stops it)", file=sys.stderr)
    if link := setup_link():
        print(f"First start: create the owner's account at {link}", file=sys.stderr)


def web(arguments: argparse.Namespace) -> int:
    """Only the web processes, for a deployment with its own PostgreSQL."""
    os.environ.setdefault("CARTFOLK_PUBLIC_URL", f"http://{arguments.host}:{arguments.port}")
    with program.database():
        program.migrate()
        from django.conf import settings

        announce(settings.PUBLIC_URL)
        command = program.web_command(arguments.host, arguments.port, settings.WEB_PROCESSES)
        children = program.Children({"web": command})
        children.start()
        stopping = stop_event()
        try:
            while not stopping.wait(1):
                children.watch()
        finally:
            children.stop()
    return Exit.OK


def worker(arguments: argparse.Namespace) -> int:
    """Only the worker: reads deliveries, keeps contacts true, synchronises stores."""
    with program.database():
        program.migrate()
        from django.conf import settings

        from cartfolk.work import run_worker

        run_worker(arguments.processes or settings.WORKERS)
    return Exit.OK


def setup_link(arguments: argparse.Namespace) -> int:
    """Prints the one-time link to create the owner, if there is none yet."""
    with program.database():
        program.migrate()
        from cartfolk.web.owner import setup_link as link

        print(link() or "The owner's account exists already; sign in with it.")
    return Exit.OK


def stop_event() -> threading.Event:
    """Set by Ctrl-C and SIGTERM."""
    event = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: event.set())
    return event
