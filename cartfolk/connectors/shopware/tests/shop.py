"""The fake shop by its own ids, and where its webhooks arrive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cartfolk.simulator import SimulatedShop, start_simulator
from cartfolk.simulator.shopware.words import number, uuid

_KINDS = {"order_id": "order", "customer_id": "customer", "product_id": "product"}


class Shop:
    """A running fake shop. Where the simulator counts its records, Shopware has ids of 32 hexadecimal digits: here
    `act` takes and gives those. Everything else is the handle's own."""

    def __init__(self, inner: SimulatedShop) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def act(self, do: str, **fields: Any) -> dict[str, Any]:
        for name, kind in _KINDS.items():
            if name in fields:
                fields[name] = number(kind, str(fields[name]))
        told = self.inner.act(do, **fields)
        kind = next(name for name in told if name != "id")
        return told | {"id": uuid(kind, told["id"])}


@contextmanager
def running(**options: Any) -> Iterator[Shop]:
    with start_simulator(platform="shopware", **options) as found:
        yield Shop(found)


class Door:
    """A real HTTP server that keeps what arrives; ``status`` is what it answers."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                door.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(door.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/x"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
