"""The command line as a machine uses it: real processes, real exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "DATABASE_URL_FILE"}}
    return {**kept, "CARTFOLK_DATA": str(data), "PYTHONPATH": str(ROOT), **more}


def cartfolk(data: Path, *words: str, timeout: float = 300, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "cartfolk", *words],
        env=environment(data, **more), capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


def ok(data: Path, *words: str, **more: Any) -> list[Any]:
    """Runs a command that must succeed; returns its lines of JSON."""
    done = cartfolk(data, *words, **more)
    assert done.returncode == 0, f"{words} ended with {done.returncode}: {done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(("{", "["))]


def connect(data: Path, shop: Any, name: str = "shop") -> None:
    ok(
        data, "connect", "woocommerce", "--url", shop.url, "--key", shop.key, "--secret", shop.secret,
        "--name", name, "--allow-private-address",
    )  # fmt: skip
