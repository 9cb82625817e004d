"""Risk: a command only works where something else has loaded the program before it, as in a process of tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.server import add_store
from cartfolk.commands.exits import Exit
from cartfolk.core.sql import Connection
from cartfolk.core.time import now

COMMANDS = (
    "pause s", "resume s", "resume s --moved", "sync s", "app s", "reconcile s", "quarantine s", "quarantine s --retry",
    "rates s list", "rates s set USD 0.9", "import s --orders none.csv", "status", "recompute", "export -",
    "contacts list", "contacts show a@x.de", "contacts merge 1 2", "contacts unmerge 1", "contacts duplicates",
    "contacts imports", "contacts undo-import 1", "segments list", "segments show 1", "segments build 1",
    "segments delete 1", "segments restore 1", "segments why 1 1", "members list", "members role a@x.de owner",
    "erase a@x.de", "properties list", "properties show city", "properties archive city", "setup-link",
)  # fmt: skip
# Stops each command where it opens the database, which is what sets Django up: until then it may not need it.
UNTIL_THE_DATABASE = """
import sys
from contextlib import contextmanager
from cartfolk import cli
from cartfolk.commands import program
from cartfolk.commands.exits import CommandFailed, Exit

@contextmanager
def database(*_arguments, **_more):
    raise CommandFailed("as far as the database", Exit.SHOP_REFUSED)
    yield

program.database = database
print({words: code for words in sys.argv[1:] if (code := cli.main(words.split())) != Exit.SHOP_REFUSED})
"""


def run(*words: str, url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DATABASE_URL": url, "CARTFOLK_DATA": str(folder)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, timeout=100)


def test_no_command_needs_django_before_the_database_is_open(database: str, tmp_path: Path) -> None:
    done = run("-c", UNTIL_THE_DATABASE, *COMMANDS, url=database, folder=tmp_path)
    assert done.stdout == "{}\n", done.stderr


def test_a_store_is_paused_and_goes_on_by_commands_of_their_own(
    database: str, conn: Connection, tmp_path: Path
) -> None:
    add_store(conn, now())
    for command, state in (("pause", "paused"), ("resume", "connected")):
        done = run("-m", "cartfolk", command, "bench", url=database, folder=tmp_path)
        assert (done.returncode, done.stderr) == (Exit.OK, f"bench is {state}.\n")
