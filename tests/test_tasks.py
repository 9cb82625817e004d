"""Risk: a page asks for a task that the worker never heard of: it fails, and the page waits for ever."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

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
