"""Risks: a page asks for a task that the worker never heard of: it fails, and the page waits for ever. What a killed
worker had in hand is done by nobody, and its lock keeps every other task of its kind from being done."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest
from procrastinate.contrib.django import app

from cartfolk.core.sql import Connection
from cartfolk.segments import jobs
from cartfolk.work import TRIES, give_back

from .machine import ROOT, environment

KNOWN = """
import django; django.setup()
from procrastinate.contrib.django import app
from cartfolk.work import know_tasks
know_tasks(); print(*app.tasks)
"""


def test_the_worker_knows_every_task(tmp_path: Path) -> None:
    asked = {
        name
        for path in (ROOT / "cartfolk").rglob("*.py")
        for name in re.findall(r"\.task\([^)]*?name=\"([\w.]+)\"", path.read_text("utf-8"))
    }
    assert "cartfolk.bulk_edit" in asked
    alone = environment(tmp_path, DJANGO_SETTINGS_MODULE="cartfolk.settings")
    known = subprocess.run([sys.executable, "-c", KNOWN], env=alone, capture_output=True, text=True, check=True)
    assert asked - set(known.stdout.split()) == set()


def worker(conn: Connection, silent: str) -> int:
    row = conn.execute(
        "insert into procrastinate_workers (last_heartbeat) values (now() - %s::interval) returning id", [silent]
    ).fetchone()
    assert row
    return int(row[0])


def in_hand(conn: Connection, whose: int, segment: int, attempts: int = 0) -> None:
    """A task that a worker has begun."""
    jobs.start(segment)
    conn.execute(
        "update procrastinate_jobs set status = 'doing', worker_id = %s, attempts = %s where status = 'todo'",
        [whose, attempts],
    )


@pytest.mark.usefixtures("database")
def test_what_a_killed_worker_had_in_hand_is_done_by_another(conn: Connection) -> None:
    dead, alive = worker(conn, "2 minutes"), worker(conn, "5 seconds")
    in_hand(conn, dead, 1)
    in_hand(conn, alive, 2)
    in_hand(conn, dead, 3, attempts=TRIES)  # it takes down whoever begins it
    in_hand(conn, dead, 4)
    jobs.start(4)  # somebody asked for it anew

    async def look() -> None:
        with app.replace_connector(app.connector.get_worker_connector()) as working:
            async with working.open_async():
                await give_back(working)

    asyncio.run(look())
    left = conn.execute("select args ->> 'segment', status::text, attempts from procrastinate_jobs order by 1, 2")
    assert left.fetchall() == [("1", "todo", 1), ("2", "doing", 0), ("4", "todo", 0)]
