"""``cartfolk demo``: the main job with no shop at hand.

A simulated shop (its own process) is connected through the ordinary pages, imported with a progress bar,
and then lives: shoppers browse, abandon, come back, order and get refunds, and the contact list moves.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import socket
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2

from cartfolk.core.plain import plain
from cartfolk.core.sql import Connection
from cartfolk.core.time import now

from . import program, serve, shops
from .browser import Browser
from .exits import CommandFailed, Exit

STORE = "demo"
DAY = timedelta(days=1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="import, live one day, print a summary, end")
    parser.add_argument("--json", action="store_true", help="the summary as one JSON object")
    parser.add_argument("--port", type=int, default=0, help="of Cartfolk (default: 8000, or a free one)")
    parser.add_argument("--customers", type=int, default=5000, help="accounts of the simulated shop")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--orders", metavar="FILE", help="serve this data set (Online Retail parquet) instead")
    parser.add_argument("--rate", type=float, default=2.0, help="shopper actions a second while it lives")
    parser.add_argument("--data", help="keep the data in this folder (default: a temporary one)")


def run(arguments: argparse.Namespace) -> int:
    from cartfolk.simulator import start_simulator

    began = time.monotonic()
    stopping = serve.stop_event()
    folder = Path(arguments.data) if arguments.data else Path(tempfile.mkdtemp(prefix="cartfolk-demo-"))
    port = arguments.port or _free_port()
    os.environ["CARTFOLK_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    options: dict[str, Any] = {"seed": arguments.seed, "customers": arguments.customers}
    if arguments.orders:
        if not Path(arguments.orders).is_file():
            raise CommandFailed(f"--orders: there is no file {arguments.orders}.", Exit.NOT_FOUND)
        options = {"orders": arguments.orders}
    else:
        # The shop's clock starts a day back, so that a whole day of shopping can be lived in a minute.
        options["now"] = (now() - DAY).replace(second=0, microsecond=0)
    try:
        with program.database(folder) as url, start_simulator(pretend_https=True, **options) as shop:
            program.migrate()
            children = serve.start("127.0.0.1", port)
            try:
                _say(arguments, f"The simulated shop is at {shop.url}")
                password = _connect_by_page(port, shop)
                with program.connected(url) as conn:
                    store = shops.store_named(conn, STORE)
                    _live_from(conn, store, options.get("now"))
                    _import(conn, store, arguments, stopping)
                    _let_carts_in(shop, store, port)
                    if not stopping.is_set():
                        _live_a_day(conn, shop, store, arguments)
                    summary = shops.summarise(conn, store)
                    summary["seconds"] = round(time.monotonic() - began, 1)
                    summary["conversions"] = dict(
                        conn.execute("select name, count(*) from conversion group by name order by 1").fetchall()
                    )
                    _tell(arguments, summary)
                    if not arguments.once and not stopping.is_set():
                        shop.live_at(arguments.rate)
                        base = os.environ["CARTFOLK_PUBLIC_URL"]
                        print(
                            f"\nOpen {base}  as owner@example.com  with the password  {password}",
                            file=sys.stderr,
                        )
                        print("Shoppers are shopping; Ctrl-C stops everything.", file=sys.stderr)
                        while not stopping.wait(1):
                            children.watch()
            finally:
                children.stop()
    finally:
        if not arguments.data:
            shutil.rmtree(folder, ignore_errors=True)
    return Exit.OK


def _free_port() -> int:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 8000)):
            return 8000
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _say(arguments: argparse.Namespace, text: str) -> None:
    if not arguments.json:
        print(text, file=sys.stderr)


def _connect_by_page(port: int, shop: Any) -> str:
    """First start as a person does it: the one-time link, the owner's account, the connect form."""
    from django.urls import reverse

    from cartfolk.web.owner import setup_link

    _wait_for(port)
    browser = Browser(f"http://127.0.0.1:{port}")
    password = secrets.token_urlsafe(9)
    try:
        link = setup_link()
        if link is None:
            raise CommandFailed("This data folder has an owner already; choose another with --data.", Exit.USAGE)
        email = "owner@example.com"
        browser.submit(link, {"email": email, "password": password})
        answer = browser.submit(
            reverse("web:stores-connect-platform", args=["woocommerce"]),
            {
                "name": STORE,
                "url": shop.url,
                "key": shop.key,
                "secret": shop.secret,
                "allow_private_address": "on",
            },
        )
        if "/connect" in str(answer.url):
            raise CommandFailed("The connect form refused the simulated shop; see the page.", Exit.SHOP_REFUSED)
    finally:
        browser.close()
    return password


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx2.get(f"http://127.0.0.1:{port}/", timeout=5)
            return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise CommandFailed("The web process did not start within a minute; run `cartfolk doctor`.")


def _live_from(conn: Connection, store: Any, shop_now: Any) -> None:
    """The simulated shop's clock runs a day behind: what happens from its now on is live, not history."""
    if shop_now is None:
        return
    from cartfolk.commerce import rules
    from cartfolk.stores.connect import rule_of

    conn.execute("update stores_store set live_from = %s where id = %s", [shop_now, store.pk])
    store.live_from = shop_now
    rules.save(conn, store.pk, **rule_of(store))


def _import(conn: Connection, store: Any, arguments: argparse.Namespace, stopping: Any) -> None:
    """The worker imports; this process only shows how far it is."""
    from cartfolk.inbox import progress

    bar = None if arguments.json else shops.ProgressBar()
    if bar:
        bar.__enter__()
    try:
        while not stopping.is_set():
            found = progress.latest(conn, store.pk)
            if bar:
                bar.update(conn, store.pk)
            if found and found.state == "failed":
                raise CommandFailed(f"The import failed: {found.note}")
            if found and found.complete:
                break
            time.sleep(0.1)
    finally:
        if bar:
            bar.__exit__()
    shops.wait_until_idle(conn, store.pk)


def _let_carts_in(shop: Any, store: Any, port: int) -> None:
    """What the plugin's settings page does in a real shop: the address and secret of the ingest door."""
    from cartfolk.stores.credentials import ingest_secret

    shop.ingest(f"http://127.0.0.1:{port}/ingest/v1/{store.key}", ingest_secret(store))


def _live_a_day(conn: Connection, shop: Any, store: Any, arguments: argparse.Namespace) -> None:
    _say(arguments, "One day of shopping ...")
    shop.live(1440)
    shops.wait_until_idle(conn, store.pk, timeout=120)


def _tell(arguments: argparse.Namespace, summary: dict[str, Any]) -> None:
    if arguments.json:
        print(json.dumps(plain(summary)))
        return
    print(
        f"{summary['contacts']} contacts: {summary['customers']} customers, {summary['guests']} guests, "
        f"{summary['orders']} orders, {summary['carts']} carts; {summary['quarantined']} in quarantine"
    )
    for name, count in summary["conversions"].items():
        print(f"  {name:24} {count:>8}")
