"""The process: world, platform, life and the simulator's own door behind one HTTP server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from . import control, subscriptions
from .clock import Clock
from .faults import Faults
from .generate import generate
from .ingest import IngestDoor
from .life import Life
from .options import Options
from .platform import load
from .stats import Stats

if TYPE_CHECKING:
    from .world import World


class Simulator:
    """A shop that runs. Build it, give it its address, then serve `app`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.stats = Stats()
        self.faults = Faults(options.seed)
        for fault in options.faults:
            self.faults.add(fault)
        self.world = _open_shop(options)
        self.platform = load(options, self.world, self.faults, self.stats)
        self.door = IngestDoor(self.stats)
        self.life = Life(
            self.world,
            options.seed,
            self.door,
            self.stats,
            lambda: self.platform.url,
            lambda: self.platform.backlog,
        )
        self._living: asyncio.Task[None] | None = None
        everything = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        self.app = Starlette(
            routes=[*control.routes(self), Route("/{path:path}", self.platform.answer, methods=everything)],
            lifespan=self._lifespan,
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        await self.platform.start()
        await self.door.start()
        await self.live_at(self.options.live)
        yield
        await self.live_at(0)
        await self.door.stop()
        await self.platform.stop()

    async def live_at(self, rate: float) -> None:
        """Live by itself with `rate` actions a second; 0 stops."""
        if self._living is not None:
            self._living.cancel()
            await asyncio.gather(self._living, return_exceptions=True)
            self._living = None
        if rate > 0:
            self._living = asyncio.create_task(self.life.run(rate))


def _open_shop(options: Options) -> World:
    if options.orders is None:
        clock = Clock(options.now, "Europe/Berlin", options.frozen_clock)
        world = generate(options.seed, options.customers, clock)
        if options.subscriptions:
            subscriptions.subscribe(world)
        return world
    from .retail import load_orders  # needs polars, which nothing else here does

    return load_orders(options.orders, Clock(options.now, "Europe/London", options.frozen_clock))


class _Server(uvicorn.Server):
    """Says where it is once it listens: one line of JSON on standard output."""

    def __init__(self, config: uvicorn.Config, announcement: dict[str, str]) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(json.dumps(self._announcement), flush=True)


def serve(options: Options, until_stdin_closes: bool = False) -> None:
    """Run until SIGINT or SIGTERM, or until the parent process closes our standard input."""
    # With the protocol named, asyncio switches Nagle's delay off: 40 ms less for every small answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.host, options.port))
    simulator = Simulator(options)
    scheme = "https" if options.certificate else "http"
    simulator.platform.url = f"{scheme}://{options.host}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        simulator.app,
        log_level="error",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=1,
        ssl_certfile=options.certificate,
    )
    server = _Server(
        config,
        {
            "url": simulator.platform.url,
            "key": options.key,
            "secret": options.secret,
            "name": simulator.world.name,
        },
    )
    if until_stdin_closes:
        threading.Thread(target=_watch_stdin, args=(server,), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def _watch_stdin(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


def quiet_signals() -> None:
    """SIGTERM ends us as SIGINT does, also while the shop is still being generated."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
