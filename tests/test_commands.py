"""Risk: a command only works where something else has loaded the program before it, as in a process of tests."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.server import add_store
from cartfolk.commands.exits import Exit
from cartfolk.core.sql import Connection
from cartfolk.core.time import now

OF_A_STORE = ["pause", "resume", "sync", "app", "reconcile", "quarantine", "rates list", "import --orders none.csv"]
OF_ALL = ["status", "members list", "export -", "recompute", "pause bench"]


def run(words: str, url: str, folder: Path) -> tuple[int, str]:
    environment = os.environ | {"DATABASE_URL": url, "CARTFOLK_DATA": str(folder)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "-m", "cartfolk", *words.split()], env=environment, capture_output=True, text=True, timeout=100
    )
    return done.returncode, done.stderr


def test_every_command_works_in_a_process_of_its_own(database: str, conn: Connection, tmp_path: Path) -> None:
    add_store(conn, now())
    of_nobody = [one.split(" ", 1) for one in OF_A_STORE]
    expected = {" ".join([name, "nobody", *more]): Exit.NOT_FOUND for name, *more in of_nobody}
    expected |= dict.fromkeys(OF_ALL, Exit.OK)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda words: run(words, database, tmp_path), expected))
    told = zip(expected.items(), answers, strict=True)
    assert [(words, answer) for (words, code), answer in told if answer[0] != code] == []
