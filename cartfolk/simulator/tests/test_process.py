"""The process: announces itself, keeps its key, stops cleanly, ends with its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from cartfolk.simulator import SimulatorFailed, start_simulator

COMMAND = [sys.executable, "-m", "cartfolk.simulator", "--customers", "30"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_announces_one_line_and_stops_cleanly(number: signal.Signals):
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert set(told) == {"url", "key", "secret", "name"}
        assert told["key"].startswith("ck_")
        assert told["secret"].startswith("cs_")
        process.send_signal(number)
        rest, complaints = process.communicate(timeout=10)
    assert (process.returncode, rest, complaints) == (0, "", "")


def test_own_key_and_port_are_kept():
    with start_simulator(customers=30, key="ck_mine", secret="cs_mine") as shop:
        assert (shop.key, shop.secret) == ("ck_mine", "cs_mine")
    with start_simulator(customers=30, seed=5) as one, start_simulator(customers=30, seed=5) as two:
        assert one.key == two.key
        assert one.url != two.url


def test_ends_with_its_parent():
    script = (
        "from cartfolk.simulator import start_simulator; import os\n"
        "shop = start_simulator(customers=30); print(shop.pid, flush=True); os._exit(9)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    pid = int(answer.stdout)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                return
        time.sleep(0.05)
    raise AssertionError("the shop outlived its parent")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"platform": "lemonade"}, "platform 'lemonade' is not simulated; known: .*woocommerce"),
        ({"orders": "/nowhere.parquet"}, "there is no such file"),
        ({"now": "soon"}, "soon"),
        ({"faults": [{"kind": "nonsense"}]}, "kind 'nonsense'"),
    ],
)
def test_wrong_options_are_one_sentence(options: dict[str, Any], complaint: str):
    with pytest.raises(SimulatorFailed, match=complaint) as failed:
        start_simulator(customers=30, **options)
    assert "\n" not in str(failed.value)


def test_imports_nothing_of_cartfolk_and_no_django():
    script = (
        "import sys, cartfolk.simulator.app\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('django', 'psycopg', 'polars')"
        " or m.startswith('cartfolk.') and not m.startswith('cartfolk.simulator')])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
