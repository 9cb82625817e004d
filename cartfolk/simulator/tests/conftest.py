"""Shops to talk to, and a door that hears webhooks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest

from cartfolk.simulator import SimulatedShop, start_simulator

NOW = "2026-11-23T10:00:00Z"


@dataclass
class Heard:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A real HTTP server; `status` is what it answers next."""

    url: str
    heard: list[Heard] = field(default_factory=list)
    status: int = 200

    def of_topic(self, topic: str) -> list[Heard]:
        return [each for each in self.heard if each.headers.get("x-wc-webhook-topic") == topic]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.heard.append(Heard(self.path, headers, body))
            self.send_response(found.status)
            if found.status in (301, 302):
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def still_shop() -> Iterator[SimulatedShop]:
    """A shop nobody changes, behind pretended TLS: for reading."""
    with start_simulator(seed=11, customers=600, now=NOW, pretend_https=True, frozen_clock=True) as shop:
        yield shop


@pytest.fixture(scope="session")
def get(still_shop: SimulatedShop) -> Iterator[Callable[..., httpx2.Response]]:
    """GET a wc/v3 path of the still shop."""
    with httpx2.Client(auth=(still_shop.key, still_shop.secret), trust_env=False) as client:
        yield lambda path, **params: client.get(f"{still_shop.url}/wp-json/wc/v3/{path}", params=params)


@pytest.fixture
def shop() -> Iterator[SimulatedShop]:
    """A small shop of one's own, to change."""
    with start_simulator(seed=3, customers=60, pretend_https=True) as found:
        yield found


@pytest.fixture
def api(shop: SimulatedShop) -> Iterator[httpx2.Client]:
    """A client of that shop."""
    base = f"{shop.url}/wp-json/wc/v3/"
    with httpx2.Client(base_url=base, auth=(shop.key, shop.secret), trust_env=False) as client:
        yield client
