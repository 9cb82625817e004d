"""Delay: an import that takes longer than its shop is large, or takes the shop's own speed away. No test waits for a
watch: what makes it fast is counted."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest

from cartfolk import pipeline
from cartfolk.connectors.http import Transport
from cartfolk.inbox import deliveries

from .scene import Scene
from .test_receiving import woo


class Counting(psycopg.Cursor[Any]):
    """Counts what is sent to the database: each set of parameters is a statement, a COPY is one."""

    sent: Counter[str] = Counter()

    def execute(self, query: Any, *rest: Any, **more: Any) -> Any:
        self.sent[str(query)[:60]] += 1
        return super().execute(query, *rest, **more)

    def executemany(self, query: Any, params_seq: Iterable[Any], **more: Any) -> None:
        rows = list(params_seq)
        self.sent[str(query)[:60]] += len(rows)
        super().executemany(query, rows, **more)

    def copy(self, statement: Any, *rest: Any, **more: Any) -> Any:
        self.sent[str(statement)[:60]] += 1
        return super().copy(statement, *rest, **more)


def test_import_too_slow_for_large_shops(shop: Scene) -> None:
    """A page of many orders of many people is as many statements as a page of a few."""

    def sent(first: int, people: int) -> Counter[str]:
        orders = [
            woo(n, shop.email(f"p{n}"), line_items=[{"id": n, "name": "Tea", "quantity": 1, "total": "10.00"}])
            for n in range(first, first + people)
        ]
        deliveries.store(
            shop.conn, shop.store, "page", "orders", json.dumps(orders).encode(), shop.now, lane=deliveries.BULK
        )
        Counting.sent = Counter()
        with (
            psycopg.connect(shop.url, autocommit=True, cursor_factory=Counting) as mine,
            psycopg.connect(shop.url, autocommit=True, cursor_factory=Counting) as identity,
        ):
            assert pipeline.drain(mine, identity, pipeline.BULK) == 1
            assert pipeline.refresh_dirty(mine, pipeline.BULK) == people
        return Counting.sent

    sent(1000, 1)  # what a process looks up once
    few, many = sent(2000, 4), sent(3000, 120)
    assert many - few == Counter(), "statements that come once a row"
    assert shop.contacts() == 125


class BusyShop(ThreadingHTTPServer):
    """A shop that notes how many requests it has at once. ``seconds``: how long it takes to answer; ``refuse``: how
    many it turns away, asking to be left alone for a second."""

    daemon_threads = True
    seconds = 0.05
    refuse = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.lock = threading.Lock()
        self.busy = 0
        self.refused_at = 0.0
        self.asked: list[tuple[float, int]] = []  # when, and how many were under way then

    def levels(self, since: float = 0.0) -> list[int]:
        return [level for at, level in self.asked if at > since]


class _Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BusyShop

    def do_GET(self) -> None:
        shop = self.server
        with shop.lock:
            shop.busy += 1
            shop.asked.append((time.monotonic(), shop.busy))
            refused, shop.refuse = shop.refuse > 0, max(0, shop.refuse - 1)
        time.sleep(0 if refused else shop.seconds)
        with shop.lock:
            shop.busy -= 1
            if refused:
                shop.refused_at = time.monotonic()
        self.send_response(429 if refused else 200)
        if refused:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_told: Any) -> None:
        pass


@pytest.fixture
def busy_shop() -> Iterator[BusyShop]:
    with BusyShop() as shop:
        thread = threading.Thread(target=shop.serve_forever, args=(0.05,))
        thread.start()
        yield shop
        shop.shutdown()
        thread.join()


def test_integration_slows_the_shop(busy_shop: BusyShop) -> None:
    """Requests at once grow while the shop is quick; turned away we leave it alone as long as it asks and come back
    fewer; when its answers get slow we get fewer by ourselves. No request is lost over it."""
    url = f"http://127.0.0.1:{busy_shop.server_port}"

    async def visit() -> None:
        async with Transport(url, allow_private_address=True, max_concurrency=8, patience=0.01) as transport:

            async def ask(number: int) -> None:
                answers = await asyncio.gather(*(transport.get(f"{url}/orders") for _ in range(number)))
                assert [answer.status for answer in answers] == [200] * number

            await ask(80)
            busy_shop.refuse = 1
            await ask(10)
            busy_shop.seconds = 0.4
            await ask(16)

    asyncio.run(visit())
    quick = max(busy_shop.levels()[:80])
    assert busy_shop.levels()[0] <= 2, "a shop nobody knows is asked gently"
    assert quick >= 4
    told = busy_shop.refused_at
    assert not [at for at, _level in busy_shop.asked if told + 0.1 < at < told + 0.9], "it asked for a second"
    after = busy_shop.levels(told + 0.9)
    assert max(after[:5]) <= quick * 0.75
    assert max(after[-4:]) <= quick / 2, "slow answers"
