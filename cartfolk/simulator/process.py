"""A simulated shop as a process of its own, for tests and the demo."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any


class SimulatorFailed(RuntimeError):
    """The process did not start or refused a request; the message holds what it said."""


class SimulatedShop:
    """Handle of a running shop: `url`, `key`, `secret`, `name`. Leave the `with` block and it is gone."""

    def __init__(self, process: subprocess.Popen[str], announced: dict[str, str], trusted: str | None = None) -> None:
        self._process = process
        self._tls = ssl.create_default_context(cafile=trusted)
        self.url = announced["url"]
        self.key = announced["key"]
        self.secret = announced["secret"]
        self.name = announced["name"]
        self.pid = process.pid

    def __enter__(self) -> SimulatedShop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the process and wait for it."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def truth(self, people: bool = True) -> dict[str, Any]:
        """What the shop's data means, see `truth`."""
        return self._ask("GET", f"/_sim/truth?people={int(people)}")

    def stats(self) -> dict[str, Any]:
        return self._ask("GET", "/_sim/stats")

    def post_fault(self, kind: str, **fields: Any) -> None:
        """Switch a fault on, see `faults`."""
        self._ask("POST", "/_sim/faults", {"kind": kind, **fields})

    def clear_faults(self) -> None:
        self._ask("DELETE", "/_sim/faults")

    def live(self, minutes: float, wait: float = 60) -> dict[str, Any]:
        """Play that many minutes, then wait up to `wait` seconds until webhooks and carts are sent."""
        return self._ask("POST", "/_sim/live", {"minutes": minutes, "wait": wait})

    def live_at(self, rate: float) -> None:
        """Live on by itself with `rate` actions a second; 0 stops."""
        self._ask("POST", "/_sim/live", {"rate": rate, "wait": 0})

    def act(self, do: str, **fields: Any) -> dict[str, Any]:
        """Make one thing happen, see `acts`; returns `{"id", kind: record}`."""
        return self._ask("POST", "/_sim/act", {"do": do, **fields})

    def ingest(self, url: str, secret: str, told: bool = False) -> None:
        """Send cart events there from now on; with `told` they tell the shop's own address, as modules do."""
        self._ask("POST", "/_sim/ingest", {"url": url, "secret": secret, "told": told})

    def new_key(self, permissions: str) -> tuple[str, str]:
        """Another consumer key and secret with scope read, write or read_write."""
        made = self._ask("POST", "/_sim/keys", {"permissions": permissions})
        return made["key"], made["secret"]

    def change_key(self, key: str, revoke: bool = False, privileged: bool = True) -> None:
        """Revoke a key or take its user's rights away."""
        self._ask("POST", "/_sim/keys", {"key": key, "revoke": revoke, "privileged": privileged})

    def webhooks(self) -> dict[str, Any]:
        """Registered webhooks with failures and pending state, and the last deliveries."""
        return self._ask("GET", "/_sim/webhooks")

    def app(self, do: str, **fields: Any) -> dict[str, Any]:
        """Install an app and more, on platforms that have such: `{"ok", "error"}` as the administration shows it."""
        return self._ask("POST", "/_sim/app", {"do": do, **fields})

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - our own address on the loopback
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        own = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._tls))
        opener = urllib.request.build_opener(*own)
        try:
            with opener.open(request, timeout=600) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            raise SimulatorFailed(f"{method} {path}: {error.read().decode()}") from None


def start_simulator(
    *,
    ready_within: float = 120,
    now: datetime | str | None = None,
    orders: Path | str | None = None,
    faults: list[dict[str, Any]] | None = None,
    **options: Any,
) -> SimulatedShop:
    """Start a shop and return once it answers.

    In: the options of the command line by their names (`seed`, `customers`, `port`, `live`, `pretend_https`,
    `certificate`, `plain_permalinks`, `subscriptions`, `frozen_clock`, `key`, `secret`, `platform`, `runners`); `now`
    is when its history ends. The shop ends with this process, however that ends. Raises SimulatorFailed with what it
    said.
    """
    command = [sys.executable, "-m", "cartfolk.simulator", "--until-stdin-closes"]
    if now is not None:
        options["now"] = now if isinstance(now, str) else now.isoformat()
    if orders is not None:
        options["orders"] = str(Path(orders).resolve())
    if faults:
        options["faults"] = json.dumps(faults)
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            command += [flag] if value else []
        elif value is not None:
            command += [flag, str(value)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
        start_new_session=True,  # Ctrl-C reaches us first; we stop the shop in our own order
    )
    assert process.stdout is not None
    assert process.stderr is not None
    watchdog = threading.Timer(ready_within, process.kill)
    watchdog.start()
    line = process.stdout.readline()
    watchdog.cancel()
    if not line:
        process.wait()
        raise SimulatorFailed(process.stderr.read().strip() or f"no answer within {ready_within} seconds")
    threading.Thread(target=_drain, args=(process.stderr,), daemon=True).start()
    trusted = options.get("certificate")
    return SimulatedShop(process, json.loads(line), str(trusted) if trusted else None)


def _drain(pipe: Any) -> None:
    for line in pipe:
        sys.stderr.write(line)
    pipe.close()
