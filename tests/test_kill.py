"""Risk: a machine that loses power during an import loses or doubles something."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from cartfolk.core.postgres import EmbeddedPostgres
from cartfolk.simulator import start_simulator

from .machine import connect, environment, ok
from .people import differences, snapshot

SLOW = {"kind": "latency", "seconds": 0.05}
NOW = "2026-11-01T12:00:00Z"


def _everything(data: Path) -> list[dict[str, Any]]:
    with EmbeddedPostgres(data) as server, psycopg.connect(server.url, autocommit=True) as conn:
        return snapshot(conn)


def _kill_tree(process: subprocess.Popen[bytes], data: Path) -> None:
    """SIGKILL for the program, its children and the database they use, at one moment."""
    victims = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for other in psutil.process_iter(["cmdline", "cwd"]):
        if str(data) in " ".join(other.info["cmdline"] or []) or str(data) in (other.info["cwd"] or ""):
            victims.append(other)
    for victim in victims:
        try:
            victim.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    process.wait()


@pytest.mark.slow
def test_a_backfill_killed_at_ten_moments_equals_an_undisturbed_one(tmp_path: Path) -> None:
    rng = random.Random(11)
    with start_simulator(
        seed=3,
        customers=300,
        pretend_https=True,
        now=NOW,
        frozen_clock=True,
        faults=[SLOW],
    ) as shop:
        calm, rough = tmp_path / "calm", tmp_path / "rough"
        for data in (calm, rough):
            connect(data, shop)
        began = time.monotonic()
        ok(calm, "sync", "shop", "--wait", "--json")
        whole = time.monotonic() - began
        for _ in range(10):
            process = subprocess.Popen(
                [sys.executable, "-m", "cartfolk", "sync", "shop", "--wait", "--json"],
                env=environment(rough), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            time.sleep(rng.uniform(0.3, whole))
            if process.poll() is None:
                _kill_tree(process, rough)
        ok(rough, "sync", "shop", "--wait", "--json")
        assert differences(_everything(calm), _everything(rough)) == []
    assert os.path.exists(calm)
