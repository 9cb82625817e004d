"""Risk: what our fake shops believe is not what a shop does. Here a real Medusa is filled through its own APIs,
imported, and followed live through our subscriber; the contacts must be equal to what its shoppers and its owner did.

It takes some minutes and, the first time, 690 MB of npm packages: `make test-medusa`, or CARTFOLK_MEDUSA=1.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from cartfolk.core.postgres import EmbeddedPostgres
from cartfolk.core.sql import Connection

from .machine import environment, ok
from .medusa import MISSING, MedusaStore, fill

pytestmark = [
    pytest.mark.medusa,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.environ.get("CARTFOLK_MEDUSA") != "1",
        reason="a real Medusa is installed and started by make test-medusa only",
    ),
    pytest.mark.skipif(bool(MISSING), reason=f"Medusa runs on Node.js: {', '.join(MISSING)} is missing"),
]
SOON = 15.0  # seconds; it takes one, a busy machine gets patience

LOOK = """
select l.email, l.name, coalesce(l.total_number_of_orders, 0), coalesce(l.total_value_of_orders, 0),
  (select count(*) from account a where a.contact_id = l.contact_id),
  (select coalesce(sum(r.amount), 0) from refund r where r.contact_id = l.contact_id),
  (select count(*) from orders o where o.contact_id = l.contact_id and o.status = 'pending'),
  (select count(*) from cart c where c.contact_id = l.contact_id
    and c.state in ('open', 'checkout', 'abandoned', 'recovered'))
from contact_list l where l.email is not null
"""


class Program:
    """Cartfolk serving, with the shop connected and imported."""

    def __init__(self, shop: MedusaStore, base: str, data: Path, conn: Connection) -> None:
        self.shop, self.base, self.data, self.conn = shop, base, data, conn

    def one(self, query: str, *values: object) -> Any:
        row = self.conn.execute(query, values).fetchone()
        return row and row[0]

    def soon(self, query: str, wanted: object, *values: object) -> None:
        """Waits until the query's one value is the wanted one."""
        _until(lambda: self.one(query, *values) == wanted, SOON, f"{query} {values} -> {wanted}")

    def people(self) -> dict[str, tuple[Any, ...]]:
        return {row[0]: tuple(row[1:]) for row in self.conn.execute(LOOK).fetchall()}

    def sync(self) -> None:
        ok(self.data, "sync", "shop", "--wait", "--json")

    def plug(self) -> None:
        """Gives the shop's subscriber what the store's page tells."""
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
        self.shop.plug(
            CARTFOLK_URL=self.base,
            CARTFOLK_STORE=self.one("select key from stores_store"),
            CARTFOLK_SECRET=done.stdout.strip(),
            CARTFOLK_CART_URL="https://shop.example.com/cart/{id}",
        )


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    data = tmp_path_factory.mktemp("medusa")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        MedusaStore() as shop,
        EmbeddedPostgres(data) as server,
        psycopg.connect(server.url, autocommit=True) as conn,
    ):
        fill(shop)
        serving = subprocess.Popen(
            [sys.executable, "-m", "cartfolk", "serve", "--port", str(port), "--data", str(data)],
            env=environment(data), stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            base = f"http://127.0.0.1:{port}"
            _until(lambda: _answers(base), 60, "the server")
            keys = ("--url", f"{shop.url}/app", "--key", shop.key)
            ok(data, "connect", "medusa", *keys, "--name", "shop", "--allow-private-address")
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


def expected(shop: MedusaStore, carts: bool = True) -> dict[str, tuple[Any, ...]]:
    """The ledger in the form of LOOK."""
    return {
        email: (
            person.name, person.orders, person.value, int(person.account), person.refunded, person.unpaid,
            person.carts if carts else 0,
        )
        for email, person in shop.ledger.people.items()
    }  # fmt: skip


def same(found: dict[str, tuple[Any, ...]], wanted: dict[str, tuple[Any, ...]]) -> list[str]:
    told = [f"only here: {email}" for email in found.keys() - wanted.keys()]
    told += [f"missing: {email}" for email in wanted.keys() - found.keys()]
    both = sorted(found.keys() & wanted.keys())
    return told + [f"{key}: {found[key]}, the shop says {wanted[key]}" for key in both if found[key] != wanted[key]]


def test_after_the_import_the_contacts_are_what_the_shop_did(program: Program) -> None:
    assert same(program.people(), expected(program.shop, carts=False)) == []
    assert program.one("select count(*) from quarantine") == 0
    assert program.one("select home_currency from stores_store") == "EUR"


def test_through_the_subscriber_everything_arrives_at_once(program: Program) -> None:
    shop = program.shop
    program.plug()
    lena = "lena.live@example.com"
    cart = shop.visitor().add(1).tell(lena, "Lena", "Live")
    carts = "select count(*) from cart c join contact_list l using (contact_id) where l.email = %s"
    program.soon(carts, 1, lena)
    page = "select c.url from cart c join contact_list l using (contact_id) where l.email = %s"
    program.soon(page, f"https://shop.example.com/cart/{cart.cart}", lena)
    cart.add(2, 2)
    moment = """select max(total) from cart c join contact_list l using (contact_id) where l.email = %s"""
    program.soon(moment, cart.total, lena)
    cart.buy(paid=False)
    unpaid = (
        "select count(*) from orders join contact_list l using (contact_id) where l.email = %s and status = 'pending'"
    )
    program.soon(unpaid, 1, lena)
    orders = "select total_number_of_orders from contact_list where email = %s"
    shop.capture(cart)
    program.soon(orders, 1, lena)
    value = "select total_value_of_orders from contact_list where email = %s"
    shop.refund(cart, Decimal("10.01"))
    program.soon(value, shop.ledger.of(lena).value, lena)
    shop.visitor().register("nora.new@example.com", "Nora", "New")
    program.soon("select name from contact_list where email = %s", "Nora New", "nora.new@example.com")
    shop.rename("account0@example.com", "Ida", "Wells")
    program.soon("select name from contact_list where email = %s", "Ida Wells", "account0@example.com")
    left = shop.visitor().sign_in("account0@example.com").add(3)
    program.soon(carts, 1, "account0@example.com")
    assert left.person.carts == 1
    shop.visitor().sign_in("account2@example.com").add(1).tell("account2@example.com", "Émile", "Zola").buy()
    program.soon(orders, shop.ledger.of("account2@example.com").orders, "account2@example.com")
    shop.reprice("SKU-2", 77)
    program.soon("select price from product where sku = %s", Decimal(77), "SKU-2")
    assert same(program.people(), expected(shop)) == []


def test_what_the_subscriber_did_not_tell_is_found_by_the_poll(program: Program) -> None:
    """A capture leaves an order's own time of change alone."""
    shop = program.shop
    shop.plug()
    quiet = shop.visitor().add(1).tell("quiet@example.com", "Quinn", "Quiet").buy(paid=False)
    program.sync()
    assert same(program.people(), expected(shop)) == []
    shop.capture(quiet)
    program.sync()
    assert same(program.people(), expected(shop)) == []
    shop.refund(quiet, Decimal(1))
    program.sync()
    assert same(program.people(), expected(shop)) == []
    assert shop.ledger.of("quiet@example.com").refunded == Decimal(1)
