"""A real shop's year: no row and no penny lost, checked against arithmetic done another way."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from cartfolk.simulator import SimulatedShop, start_simulator

FILE = Path(__file__).resolve().parents[3].parent / "shared/data/online_retail_2010_2011.parquet"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILE.is_file(), reason="the Online Retail data set is not beside the checkout"),
]


@pytest.fixture(scope="module")
def retail():
    began = time.monotonic()
    with start_simulator(orders=FILE, pretend_https=True) as shop:
        assert time.monotonic() - began < 30
        yield shop


@pytest.fixture(scope="module")
def truth(retail: SimulatedShop):
    return retail.truth()


@pytest.fixture(scope="module")
def rows():
    polars = pytest.importorskip("polars")
    return polars.read_parquet(FILE).rows(named=True)


def amount(row: dict[str, Any]) -> Decimal:
    price: Decimal = (row["Quantity"] * Decimal(str(row["UnitPrice"]))).quantize(Decimal("0.01"))
    return price


def test_nothing_is_lost_in_all(truth, rows):
    retail = truth["retail"]
    assert retail["rows"] == len(rows) == 541_909
    assert retail["invoices"] == len({row["InvoiceNo"] for row in rows}) == 25_900
    whole = sum(map(amount, rows), Decimal(0))
    assert str(whole) == retail["net"] == retail["sum_of_rows"] == "9747747.93"
    assert Decimal(retail["gross"]) - Decimal(retail["refunded"]) == whole
    assert truth["currencies"]["GBP"]["net"] == "9747747.93"
    assert truth["customers"] == 4372


def test_every_customers_net_is_the_sum_of_the_rows(truth, rows):
    net: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["CustomerID"] is not None:
            net[f"customer:{int(row['CustomerID'])}"] += amount(row)
        else:
            net[f"guest:guest-{row['InvoiceNo'].lower()}@example.com"] += amount(row)
    assert set(net) == set(truth["people"])
    for key, value in net.items():
        assert Decimal(truth["people"][key]["currencies"]["GBP"]["net"]) == value, key


def test_first_and_last_order_and_guests(truth, rows):
    """Ordinary invoices; credit notes can only widen the span, and only for who has some."""
    first: dict[str, str] = {}
    guests = set()
    for row in rows:
        if row["CustomerID"] is None:
            guests.add(row["InvoiceNo"])
        elif not row["InvoiceNo"].startswith("C"):
            key = f"customer:{int(row['CustomerID'])}"
            first[key] = min(first.get(key, "9"), row["InvoiceDate"])
    assert truth["guests"] == len(guests)
    zone = ZoneInfo("Europe/London")
    for key, date in first.items():
        instant = datetime.fromisoformat(date).replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))
        assert truth["people"][key]["first_order"] <= instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_orders_are_invoices_and_cancellations_are_refunds(retail: SimulatedShop, rows):
    auth = (retail.key, retail.secret)
    with httpx2.Client(auth=auth, base_url=f"{retail.url}/wp-json/wc/v3/", trust_env=False) as api:
        order = api.get("orders/536365").json()
        mine = [row for row in rows if row["InvoiceNo"] == "536365"]
        assert [line["sku"] for line in order["line_items"]] == [row["StockCode"] for row in mine]
        assert Decimal(order["total"]) == sum(map(amount, mine))
        assert order["date_created"] == "2010-12-01T08:26:00" == order["date_created_gmt"]
        assert order["customer_id"] == 17850
        assert order["billing"]["email"] == "customer17850@example.com"
        refunds = api.get("refunds", params={"per_page": 100}).json()
        assert refunds
        for refund in refunds[:20]:
            parent = api.get(f"orders/{refund['parent_id']}").json()
            assert Decimal(refund["amount"]) <= Decimal(parent["total"])
            assert refund["date_created_gmt"] >= parent["date_created_gmt"]
            assert refund["reason"].startswith("Cancellation C")
        note = api.get("orders/536379").json()
        assert note["number"] == "C536379"
        assert Decimal(note["total"]) == Decimal("-27.50")
        assert int(api.get("orders").headers["X-WP-Total"]) == retail.truth(people=False)["orders"]


def test_a_year_is_served_within_the_memory_allowed(retail: SimulatedShop):
    status = Path(f"/proc/{retail.pid}/status")
    if not status.exists():
        pytest.skip("no /proc on this system")
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < 1.5 * 1024 * 1024


def test_the_real_shop_lives_on(retail: SimulatedShop):
    before = retail.truth(people=False)["orders"]
    assert retail.live(600)["life"]["orders"] > 0
    assert retail.truth(people=False)["orders"] > before
