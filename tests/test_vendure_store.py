"""Risk: what our fake shops believe is not what a shop does. Here a real Vendure is filled through its own API,
imported, and followed live through our plugin; the contacts must be equal to what its shoppers and its owner did."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from cartfolk.connectors import registry
from cartfolk.connectors.base import CheckStep, StoreConfig
from cartfolk.core.postgres import EmbeddedPostgres
from cartfolk.core.sql import Connection

from .machine import environment, ok
from .vendure import MISSING, VendureStore, fill

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"Vendure runs on Node.js: {', '.join(MISSING)} is missing")
SOON = 10.0  # seconds; it takes one, a busy machine gets patience

LOOK = """
select l.email, l.name, l.total_number_of_orders, l.total_value_of_orders,
  (select count(*) from account a where a.contact_id = l.contact_id),
  (select coalesce(sum(r.amount), 0) from refund r where r.contact_id = l.contact_id),
  (select count(*) from orders o where o.contact_id = l.contact_id and o.status = 'pending'),
  (select count(*) from cart c where c.contact_id = l.contact_id
    and c.state in ('open', 'checkout', 'abandoned', 'recovered'))
from contact_list l
"""


class Program:
    """Cartfolk serving, with the shop connected and imported."""

    def __init__(self, shop: VendureStore, base: str, data: Path, conn: Connection) -> None:
        self.shop, self.base, self.data, self.conn = shop, base, data, conn

    def one(self, query: str, *values: object) -> Any:
        row = self.conn.execute(query, values).fetchone()
        return row and row[0]

    def soon(self, query: str, wanted: object, *values: object) -> None:
        """Waits until the query's one value is the wanted one."""
        _until(lambda: self.one(query, *values) == wanted, SOON, f"{query} {values} -> {wanted}")

    def people(self) -> dict[str, tuple[Any, ...]]:
        return {row[0]: tuple(row[1:]) for row in self.conn.execute(LOOK).fetchall()}

    def plug(self) -> None:
        """Gives the shop's plugin what the store's page tells."""
        code = (
            "from cartfolk.commands import program\n"
            "with program.database() as url, program.connected(url) as conn:\n"
            "    from cartfolk.stores.credentials import ingest_secret\n"
            "    from cartfolk.stores.lookup import by_name\n"
            "    print(ingest_secret(by_name(conn, 'shop')))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment(self.data), capture_output=True, text=True, check=True
        )
        self.shop.plug(self.base, self.one("select key from stores_store"), done.stdout.strip())


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    data = tmp_path_factory.mktemp("vendure")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        EmbeddedPostgres(data) as server,
        psycopg.connect(server.url, autocommit=True) as conn,
    ):
        serving = subprocess.Popen(
            [sys.executable, "-m", "cartfolk", "serve", "--port", str(port), "--data", str(data)],
            env=environment(data), stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            with VendureStore() as shop:
                fill(shop)
                base = f"http://127.0.0.1:{port}"
                _until(lambda: _answers(base), 60, "the server")
                ok(
                    data, "connect", "vendure", "--url", shop.url, "--key", shop.api_key(),
                    "--name", "shop", "--allow-private-address",
                )  # fmt: skip
                ok(data, "sync", "shop", "--wait", "--json")
                yield Program(shop, base, data, conn)
        finally:
            serving.terminate()
            serving.wait(30)


def _answers(base: str) -> bool:
    try:
        return httpx2.get(f"{base}/sign-in", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def _until(true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"it did not happen in time: {what}"
        time.sleep(0.05)


def expected(shop: VendureStore) -> dict[str, tuple[Any, ...]]:
    """The ledger in the form of LOOK: Vendure keeps a customer of everybody who ever told an address."""
    return {
        email: (person.name, person.orders, person.value, 1, person.refunded, person.unpaid, person.carts)
        for email, person in shop.ledger.people.items()
    }


def same(found: dict[str, tuple[Any, ...]], wanted: dict[str, tuple[Any, ...]]) -> list[str]:
    told = [f"only here: {email}" for email in found.keys() - wanted.keys()]
    told += [f"missing: {email}" for email in wanted.keys() - found.keys()]
    for email in sorted(found.keys() & wanted.keys()):
        mine = tuple(0 if value is None else value for value in found[email])
        if mine != wanted[email]:
            told.append(f"{email}: {mine}, the shop says {wanted[email]}")
    return told


def test_after_the_import_the_contacts_are_what_the_shop_did(program: Program) -> None:
    assert same(program.people(), expected(program.shop)) == []
    assert program.one("select count(*) from quarantine") == 0


def test_both_ways_to_sign_in_and_what_a_role_may_not_see(program: Program) -> None:
    """Vendure says the same to strangers and to who lacks a permission, and its `me` does not know API keys."""
    shop = program.shop
    password = {"username": shop.username, "password": shop.password}
    few = shop.administrator("few@example.com", ["ReadCustomer", "ReadProduct"])
    assert [step.name for step in checked(shop, {"key": shop.api_key()}) if not step.ok] == []
    assert [step.name for step in checked(shop, password) if not step.ok] == []
    assert [step.name for step in checked(shop, few) if not step.ok] == ["categories", "coupons", "orders"]
    for wrong in ({"key": "0123456789ab:nobodys"}, password | {"password": "mistyped"}):
        assert [step.name for step in checked(shop, wrong) if not step.ok] == ["keys"]
    assert [step.name for step in checked(shop, password | {"channel": "none"}) if not step.ok] == ["channel"]


def checked(shop: VendureStore, credentials: dict[str, str]) -> tuple[CheckStep, ...]:
    async def run() -> tuple[CheckStep, ...]:
        config = StoreConfig(shop.url, credentials, allow_private_address=True)
        async with registry.opened("vendure", config) as connector:
            return (await connector.check()).steps

    return asyncio.run(run())


def test_a_page_may_end_anywhere(program: Program) -> None:
    """Times have whole seconds on SQLite, and many rows share one: no page and no window loses or doubles a row."""

    async def run() -> None:
        config = StoreConfig(program.shop.url, {"key": program.shop.api_key()}, allow_private_address=True)
        async with registry.opened("vendure", config) as connector:
            connector.page_size = 5  # type: ignore[misc]
            for stream in ("customers", "orders"):
                expected = (await connector.counts())[stream]
                found: list[str] = []
                for window in await connector.windows(stream, datetime.now(UTC)):
                    cursor = None
                    while True:
                        page = await connector.page(window, cursor)
                        found += [row["id"] for row in json.loads(page.body)]
                        cursor = page.cursor
                        if cursor is None:
                            break
                assert len(found) == len(set(found)) == expected, stream

    asyncio.run(run())


def test_through_the_plugin_everything_arrives_at_once(program: Program) -> None:
    shop = program.shop
    program.plug()
    cart = shop.visitor().add(1).tell("lena.live@example.com", "Lena", "Live")
    in_cart = "select count(*) from cart c join contact_list l using (contact_id) where l.email = %s"
    program.soon(in_cart, 1, "lena.live@example.com")
    cart.add(2, 2).buy()
    orders = "select total_number_of_orders from contact_list where email = %s"
    program.soon(orders, 1, "lena.live@example.com")
    value = "select total_value_of_orders from contact_list where email = %s"
    program.soon(value, shop.ledger.of("lena.live@example.com").value, "lena.live@example.com")
    shop.refund(cart, 1000)
    program.soon(value, shop.ledger.of("lena.live@example.com").value, "lena.live@example.com")
    shop.visitor().register("nora.new@example.com", "Nora", "New")
    program.soon("select name from contact_list where email = %s", "Nora New", "nora.new@example.com")
    shop.rename("account3@example.com", "Ida", "Wells")
    program.soon("select name from contact_list where email = %s", "Ida Wells", "account3@example.com")
    shop.move("account3@example.com", "Hamburg")
    city = "select billing->>'city' from customer join contact_list l using (contact_id) where l.email = %s"
    program.soon(city, "Hamburg", "account3@example.com")
    shop.group("account3@example.com", "VIP")
    groups = "select groups[1] from customer join contact_list l using (contact_id) where l.email = %s"
    program.soon(groups, "VIP", "account3@example.com")
    invoice = shop.visitor().sign_in("account2@example.com").add(6).buy("invoice")
    program.soon(
        "select count(*) from orders join contact_list l using (contact_id) where l.email = %s and status = 'pending'",
        1, "account2@example.com",
    )  # fmt: skip
    before = program.one(orders, "account2@example.com")
    shop.settle(invoice)
    program.soon(orders, before + 1, "account2@example.com")
    assert same(program.people(), expected(shop)) == []


def test_what_the_plugin_did_not_tell_is_found_by_the_poll(program: Program) -> None:
    """Payments and refunds leave an order's own time of change alone."""
    shop = program.shop
    shop.plug("", "", "")
    quiet = shop.visitor().add(5).tell("quiet@example.com", "Quinn", "Quiet").buy("invoice")
    ok(program.data, "sync", "shop", "--wait", "--json")
    shop.settle(quiet)
    shop.refund(quiet, 100)
    ok(program.data, "sync", "shop", "--wait", "--json")
    assert same(program.people(), expected(shop)) == []
    assert shop.ledger.of("quiet@example.com").refunded == Decimal(1)
