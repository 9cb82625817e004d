"""Risk: the numbers are wrong on real data. Compared with arithmetic that shares nothing with Cartfolk."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from cartfolk.core.postgres import EmbeddedPostgres
from cartfolk.core.sql import Connection
from cartfolk.properties.catalogue import COMPUTED
from cartfolk.properties.tests.oracle import Facts, expected
from cartfolk.simulator import start_simulator

from .machine import ROOT, connect, ok

FILE = ROOT.parent / "shared" / "data" / "online_retail_2010_2011.parquet"
LONDON = ZoneInfo("Europe/London")


def _instant(text: str) -> datetime:
    """The file's naive London time as the instant it was."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def _off_the_definitions(conn: Connection) -> list[str]:
    """Every computed property of a thousand contacts, those with 50 orders or more among them, that is not what its
    published definition says."""
    contacts = [
        row[0]
        for row in conn.execute(
            """select contact_id from contact_property
               order by total_number_of_orders >= 50 desc, md5(contact_id::text) limit 1000"""
        )
    ]
    assert len(contacts) == 1_000
    facts = Facts(conn, contacts)
    wrong = []
    with conn.cursor(row_factory=dict_row) as cursor:
        stored = cursor.execute("select * from contact_property where contact_id = any(%s)", [contacts]).fetchall()
    for row in stored:
        truth = expected(facts, row["contact_id"], row["computed_at"])
        wrong += [
            f"{row['contact_id']} {name}: {row[name]!r} is not {truth[name]!r}"
            for name in COMPUTED
            if row[name] != truth[name]
        ]
    return wrong


@pytest.mark.slow
@pytest.mark.skipif(not FILE.exists(), reason="the Online Retail file is not beside the checkout")
def test_every_customer_of_online_retail_has_the_right_numbers(tmp_path: Path) -> None:
    import polars as pl

    rows = pl.read_parquet(FILE).with_columns(
        value=(pl.col("UnitPrice").cast(pl.Decimal(18, 3)) * pl.col("Quantity").cast(pl.Decimal(18, 0))).cast(
            pl.Decimal(38, 3)
        )
    )
    with start_simulator(orders=str(FILE), pretend_https=True) as shop:
        connect(tmp_path, shop, "retail")
        (summary,) = ok(tmp_path, "sync", "retail", "--wait", "--json", timeout=900)
        truth = shop.truth()
        pounds = truth["currencies"]["GBP"]
    customers = rows.filter(pl.col("CustomerID").is_not_null())
    assert summary["customers"] == customers["CustomerID"].n_unique()
    assert summary["guests"] == rows.filter(pl.col("CustomerID").is_null())["InvoiceNo"].n_unique()
    assert summary["orders"] == truth["orders"]
    assert summary["quarantined"] == 0

    with EmbeddedPostgres(tmp_path) as server, psycopg.connect(server.url, autocommit=True) as conn:
        gross, refunded = conn.execute("select sum(total), sum(refunded) from orders").fetchone() or (0, 0)
        assert gross - refunded == rows["value"].sum().quantize(Decimal("0.01"))
        assert (gross, refunded) == (Decimal(pounds["gross"]), Decimal(pounds["refunded"]))
        wrong = _off_the_definitions(conn)
        assert not wrong, "\n".join(wrong[:40])
        ours = {
            external: (value, orders, first, last)
            for external, value, orders, first, last in conn.execute(
                """select a.external_id, p.total_value_of_orders, p.total_number_of_orders,
                          (select min(placed_at) from orders o where o.contact_id = a.contact_id),
                          (select max(placed_at) from orders o where o.contact_id = a.contact_id)
                   from account a join contact_property p using (contact_id)"""
            )
        }
    # an invoice is one order, placed when its first row was written (some rows follow a minute later)
    invoices = customers.group_by("CustomerID", "InvoiceNo").agg(pl.col("value").sum(), pl.col("InvoiceDate").min())
    bought = ~pl.col("InvoiceNo").str.starts_with("C")
    expected = {
        str(int(customer)): (value, first, last)
        for customer, value, first, last in invoices.group_by("CustomerID")
        .agg(
            pl.col("value").sum(),
            pl.col("InvoiceDate").filter(bought).min().alias("first"),
            pl.col("InvoiceDate").filter(bought).max().alias("last"),
        )
        .iter_rows()
    }
    assert ours.keys() == expected.keys()
    for customer, (value, first, last) in expected.items():
        got, _orders, ours_first, ours_last = ours[customer]
        assert abs(got - value) <= Decimal("0.01"), customer
        # an unmatched cancellation is an order of its own, so it may come before or after the purchases
        if first is not None:
            assert ours_first <= _instant(first), customer
            assert ours_last >= _instant(last), customer
