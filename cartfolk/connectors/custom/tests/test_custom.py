"""Risk: a shop nobody asks is refused, waits for an import that never ends, or cannot take a file in."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.registry import opened


def check(**credentials: str) -> Any:
    async def run() -> Any:
        async with opened("custom", StoreConfig("https://shop.example", credentials)) as shop:
            return await shop.check()

    return asyncio.run(run())


def test_currency_and_time_zone_are_taken_as_said() -> None:
    report = check(currency="gbp", timezone="Europe/London")
    assert report.ok
    assert (report.home_currency, report.timezone) == ("GBP", "Europe/London")


@pytest.mark.parametrize(
    ("credentials", "step", "words"),
    [
        ({"currency": "Euro"}, "currency", "ISO 4217"),
        ({"currency": "EUR", "timezone": "Mars"}, "timezone", "Europe/Berlin"),
    ],
)
def test_what_cannot_be_meant_says_how_to_write_it(credentials: dict[str, str], step: str, words: str) -> None:
    (told,) = check(**credentials).steps
    assert (told.name, told.ok) == (step, False)
    assert words in told.message


def test_files_become_contacts_by_the_command_line(tmp_path: Path, database: str) -> None:
    """Dry run, import, the same again, what is wrong, and out again as a file."""

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "cartfolk", *arguments], capture_output=True, text=True, timeout=120
        )
        return done.returncode, done.stdout or done.stderr

    people, orders, errors = tmp_path / "kunden.csv", tmp_path / "bestellungen.csv", tmp_path / "errors.csv"
    people.write_text("Kundennr;E-Mail;Vorname\n1;anna@x.de;Änne\n2;kaputt;Bo\n", encoding="cp1252")
    orders.write_text(
        "Bestellnummer;Bestelldatum;E-Mail;Kundennr;SKU;Menge;Einzelpreis\n"
        "B1;05.05.2026;anna@x.de;1;T;2;1.250,50\nB2;06.05.2026;gast@x.de;;T;1;9,90\nB1;05.05.2026;anna@x.de;1;K;1;0,10\n"
    )
    files = ["--customers", str(people), "--orders", str(orders), "--json"]
    made, told = run("connect", "custom", "--name", "laden", "--url", "https://laden.example", "--currency", "EUR")
    assert made == 0, told
    code, told = run("import", "laden", *files, "--dry-run")
    assert code == 7, told
    counts = {"customers": 1, "orders": 2, "known": 0, "wrong": 1}
    assert json.loads(told).items() >= counts.items()
    assert run("contacts", "list", "--json") == (0, "")
    code, told = run("import", "laden", *files, "--errors", str(errors))
    assert json.loads(told).items() >= counts.items()
    assert "kaputt" in errors.read_text()
    _code, shown = run("contacts", "show", "anna@x.de", "--json")
    found = json.loads(shown)
    assert found["properties"]["contactinformation"]["firstname"] == "Änne"
    assert [(order["number"], order["total"]) for order in found["orders"]] == [("B1", "2501.10")]
    code, told = run("import", "laden", *files)
    assert json.loads(told)["known"] == 3
    assert json.loads(run("contacts", "show", "anna@x.de", "--json")[1]) == found
    out = tmp_path / "out.jsonl"
    wanted = ["--columns", "email,total_value_of_orders", "--sort", "total_value_of_orders"]
    assert run("export", str(out), *wanted)[0] == 0
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {"email": "anna@x.de", "total_value_of_orders": "2501.10"},
        {"email": "gast@x.de", "total_value_of_orders": "9.90"},
    ]
    assert run("import", "laden")[0] == 2
    assert "no such property" in run("export", "-", "--columns", "shoe_size")[1]
