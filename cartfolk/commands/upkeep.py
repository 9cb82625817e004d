"""``cartfolk doctor``, ``properties``, ``quarantine``, ``recompute``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict

from cartfolk.core.plain import plain
from cartfolk.core.time import now

from . import program
from .exits import Exit
from .shops import store_named


def doctor(arguments: argparse.Namespace) -> int:
    """Checks the installation; each finding that is not ok says what to do."""
    from cartfolk.doctor import problems

    with program.database():
        findings = problems()
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            print(f"{'ok ' if finding.ok else 'NO '} {finding.name}: {finding.message}")
    return Exit.OK if all(finding.ok for finding in findings) else Exit.INSTALLATION


def quarantine(arguments: argparse.Namespace) -> int:
    """Records that wait with their reasons; --retry hands them to the pipeline again."""
    with program.database() as url, program.connected(url) as conn:
        from cartfolk.inbox import quarantine as waiting

        store = store_named(conn, arguments.store)
        if arguments.retry:
            with conn.transaction():
                count = waiting.retry(conn, store.pk, now())
            print(f"{count} records are on their way again.", file=sys.stderr)
            return Exit.OK
        found = waiting.listing(conn, store.pk)
        if not found:
            print("Nothing waits in quarantine.", file=sys.stderr)
        for item in found:
            if arguments.json:
                print(json.dumps(plain(asdict(item)), ensure_ascii=False))
            else:
                print(f"{item.kind} {item.external_id}: {item.field}: {item.reason}")
    return Exit.OK


def recompute(arguments: argparse.Namespace) -> int:
    """Every derived value again from the facts: the result is the same, or it was wrong before."""
    from rich.console import Console
    from rich.progress import Progress

    with program.database() as url, program.connected(url) as conn, Progress(console=Console(file=sys.stderr)) as bar:
        from cartfolk import pipeline
        from cartfolk.commerce import derive

        everybody, done, began = derive.dirty_everybody(conn, pipeline.BULK), 0, time.monotonic()
        task = bar.add_task("contacts", total=everybody)
        while count := pipeline.refresh_dirty(conn, pipeline.BULK, 2000):
            done += count
            rate = done / (time.monotonic() - began)
            bar.update(task, completed=done, description=f"{done:,} of {everybody:,} contacts, {rate:,.0f} a second")
    left = everybody - done
    others = f"; the worker that runs computes the other {left:,}" if left > 0 else ""
    print(f"{done:,} contacts computed{others}.", file=sys.stderr)
    return Exit.OK
