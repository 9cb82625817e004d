"""The simulator's own door, `/_sim/...`: look behind the shop, make things happen, make things go wrong."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import acts, truth
from .faults import FaultError
from .world import ShopError

if TYPE_CHECKING:
    from .app import Simulator


def routes(simulator: Simulator) -> list[Route]:
    """All of `/_sim`."""
    control = _Control(simulator)
    return [
        Route("/_sim/truth", control.truth),
        Route("/_sim/stats", control.stats),
        Route("/_sim/faults", control.faults, methods=["GET", "POST", "DELETE"]),
        Route("/_sim/live", control.live, methods=["POST"]),
        Route("/_sim/act", control.act, methods=["POST"]),
        Route("/_sim/ingest", control.ingest, methods=["POST"]),
        Route("/_sim/keys", control.keys, methods=["POST"]),
        Route("/_sim/webhooks", control.webhooks),
        Route("/_sim/app", control.app, methods=["POST"]),
    ]


class _Control:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def truth(self, request: Request) -> Response:
        """`?people=0` leaves out the list of persons."""
        simulator = self._simulator
        with_people = request.query_params.get("people", "1") != "0"
        return JSONResponse(truth.account(simulator.world, simulator.platform.words, with_people))

    async def stats(self, request: Request) -> Response:
        return JSONResponse(self._simulator.stats.told() | {"webhook_backlog": self._simulator.platform.backlog})

    async def faults(self, request: Request) -> Response:
        """GET lists, POST adds one or a list, DELETE ends them all."""
        faults = self._simulator.faults
        if request.method == "DELETE":
            faults.clear()
        elif request.method == "POST":
            asked = await request.json()
            try:
                for description in asked if isinstance(asked, list) else [asked]:
                    faults.add(description)
            except (FaultError, TypeError) as error:
                return _refused(error)
        return JSONResponse({"faults": faults.told()})

    async def live(self, request: Request) -> Response:
        """`{"minutes": 1440, "wait": 60}` plays and then waits up to `wait` seconds until everything the
        shop had to send is sent; `{"rate": 5}` lives on by itself, `{"rate": 0}` stops that."""
        asked = await _fields(request)
        simulator = self._simulator
        try:
            minutes, rate = float(asked.get("minutes", 0)), asked.get("rate")
            seconds = float(asked.get("wait", 60))
            rate = None if rate is None else float(rate)
        except (TypeError, ValueError):
            return _refused(ShopError("live: minutes, wait and rate must be numbers"))
        if rate is not None:
            await simulator.live_at(rate)
        actions = await simulator.life.play(minutes) if minutes > 0 else 0
        return JSONResponse(
            {
                "actions": actions,
                "settled": await _settled(simulator, seconds),
                "life": dict(simulator.stats.life),
                "webhooks": dict(simulator.stats.webhooks),
                "ingest": dict(simulator.stats.ingest),
            }
        )

    async def act(self, request: Request) -> Response:
        """See `acts`; answers the record in the platform's own form, null if it is gone."""
        simulator = self._simulator
        try:
            kind, record_id = acts.act(simulator.world, await _fields(request), simulator.platform.words)
        except ShopError as error:
            return _refused(error)
        return JSONResponse({"id": record_id, kind: simulator.platform.document(kind, record_id)})

    async def ingest(self, request: Request) -> Response:
        """`{"url", "secret"}`: where cart events go from now on; with `"told": true` they tell the shop's address."""
        asked = await _fields(request)
        try:
            site = self._simulator.platform.url if asked.get("told") else ""
            self._simulator.door.open(str(asked.get("url", "")), str(asked.get("secret", "")), site)
        except ShopError as error:
            return _refused(error)
        return JSONResponse({"ok": True})

    async def keys(self, request: Request) -> Response:
        """`{"permissions": "read"}` makes a key; `{"key", "revoke": true}` or `{"key", "privileged":
        false}` changes one."""
        asked = await _fields(request)
        platform = self._simulator.platform
        try:
            if "key" not in asked:
                return JSONResponse(platform.add_key(str(asked.get("permissions"))))
            platform.change_key(str(asked["key"]), bool(asked.get("revoke")), bool(asked.get("privileged", True)))
        except ShopError as error:
            return _refused(error)
        return JSONResponse({"ok": True})

    async def app(self, request: Request) -> Response:
        """What the platform's own apps are asked, where it has such; see `shopware.apps`."""
        apps = getattr(self._simulator.platform, "apps", None)
        if apps is None:
            return _refused(ShopError("app: this platform installs no apps"))
        try:
            return JSONResponse(await apps.do(await _fields(request)))
        except ShopError as error:
            return _refused(error)

    async def webhooks(self, request: Request) -> Response:
        return JSONResponse(self._simulator.platform.hooks())


async def _settled(simulator: Simulator, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while simulator.platform.backlog or simulator.door.pending:
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def _fields(request: Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _refused(error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)
