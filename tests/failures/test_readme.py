"""Risk: the table of failures names a test or a file that is not there, or leaves a test out."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_the_table_names_every_test_and_only_what_is_there() -> None:
    table = (HERE / "README.md").read_text("utf-8")
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    assert numbers == list(range(1, 33))
    written = {
        name for path in HERE.glob("test_*.py") if path.stem != "test_readme"
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }  # fmt: skip
    named = set(re.findall(r"`(test_\w+)`", table))
    assert named == written
    files = set(re.findall(r"`([\w/]+\.py)`", table))
    assert [file for file in files if not (ROOT / file).exists() and not (ROOT / "cartfolk" / file).exists()] == []
