"""Risk: a file is read as something else than its author wrote: columns, numbers, days, umlauts, whole orders."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bench.server import add_store
from cartfolk.core.sql import Connection
from cartfolk.inbox import envelope
from cartfolk.inbox.fields import Wrong
from cartfolk.inbox.files import cells, columns, load, table

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def nothing(_: int) -> None:
    """Progress nobody looks at."""


def source(path: Path, *kinds: columns.Kind, said: dict[str, str] | None = None) -> load.Source:
    found = table.look(path)
    return load.Source(found, kinds, columns.match(kinds, found.columns, said or {}))


@pytest.mark.parametrize(
    ("encoding", "seen"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("cp1252", "cp1252"), ("utf-16", "utf-16")]
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encoding_and_separator_are_found_out(tmp_path: Path, encoding: str, seen: str, separator: str) -> None:
    path = tmp_path / "kunden.csv"
    rows = [["Kundennr", "E-Mail", "Ort"], ["1", "a@x.de", "Köln, Süd; links"], ["2", "b@x.de", 'Ulm "Mitte"']]
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    found = table.look(path)
    assert (found.encoding, found.separator) == (seen, separator)
    assert [list(row.values.values()) for row in found.rows()] == rows[1:]


@pytest.mark.parametrize(
    ("content", "separator", "cells"),
    [
        ("sep=;\nE-Mail;Ort\na@x.de;Ulm\n", ";", [["a@x.de", "Ulm"]]),
        ("E-Mail,Vorname,Ort\na@x.de,Ann\nb@x.de,Bo,Ulm,zu viel\n", ",", [["a@x.de", "Ann"], ["b@x.de", "Bo", "Ulm"]]),
    ],
)
def test_one_uneven_row_or_what_excel_adds_does_not_hide_the_separator(
    tmp_path: Path, content: str, separator: str, cells: list[list[str]]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(content, encoding="utf-8")
    found = table.look(path)
    assert found.separator == separator
    assert [list(row.values.values()) for row in found.rows()] == cells


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"just one line of words\n", "Say --separator"),
        (b"a,b,a\n1,2,3\n", "names a column twice: a"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_way_out(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(table.FileUnreadable, match=words):
        table.look(path)


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1.234,56", ",", "1234.56"), ("1,234.56", ",", "1234.56"), ("1,234.56", ".", "1234.56"),
        ("12,5", ".", "12.5"), ("12.50", ",", "12.50"), ("1.234", ",", "1234"), ("1.234", ".", "1.234"),
        ("1,234", ".", "1234"), ("1,234", ",", "1.234"), ("1 234 567,00 €", ",", "1234567.00"),
        ("EUR 9.90", ".", "9.90"), ("1'250.00", ".", "1250.00"), ("-3,5", ",", "-3.5"), ("1.000.000", ",", "1000000"),
    ],
)  # fmt: skip
def test_numbers_mean_what_people_mean(text: str, decimal: Any, number: str) -> None:
    assert cells.Manner(decimal).number(text, "Betrag") == number


@pytest.mark.parametrize("text", ["zwölf", "1.2.3,4,5", "--1", "12 Stück", "€"])
def test_what_is_no_number_names_its_column(text: str) -> None:
    with pytest.raises(Wrong, match="Betrag is"):
        cells.Manner(",").number(text, "Betrag")


@pytest.mark.parametrize(
    ("text", "order", "moment"),
    [
        ("2026-04-03", "", "2026-04-03T00:00:00+02:00"), ("03.04.2026 10:15", "", "2026-04-03T10:15:00+02:00"),
        ("3.4.26", "", "2026-04-03T00:00:00+02:00"), ("25/12/2025 8:05", "", "2025-12-25T08:05:00+01:00"),
        ("12/25/2025", "", "2025-12-25T00:00:00+01:00"), ("03/04/2026", "dmy", "2026-04-03T00:00:00+02:00"),
        ("03/04/2026", "mdy", "2026-03-04T00:00:00+01:00"), ("1772359200", "", "2026-03-01T10:00:00+00:00"),
        ("2026-04-03T10:15:00Z", "", "2026-04-03T10:15:00+00:00"),
        ("12/25/2025 2:30 PM", "", "2025-12-25T14:30:00+01:00"),
        ("12/25/2025 12:05 a.m.", "", "2025-12-25T00:05:00+01:00"),
        ("12/25/2025 12:05:09PM", "", "2025-12-25T12:05:09+01:00"),
    ],
)  # fmt: skip
def test_days_mean_what_people_mean(text: str, order: Any, moment: str) -> None:
    assert cells.Manner(".", "Europe/Berlin", order).time(text, "Datum") == moment


@pytest.mark.parametrize("text", ["12/25/2025 14:30 PM", "12/25/2025 0:30 AM"])
def test_an_hour_that_no_half_day_has_is_refused(text: str) -> None:
    with pytest.raises(Wrong, match="which is no day"):
        cells.Manner().time(text, "Datum")


def test_a_day_that_could_be_two_is_not_guessed() -> None:
    with pytest.raises(Wrong, match="--dates dmy or --dates mdy"):
        cells.Manner().time("03/04/2026", "Datum")


def test_columns_are_known_by_their_names_in_both_languages() -> None:
    german = columns.match(
        ("orders", "lines"), ["Bestellnummer", "Bestelldatum", "Währung", "Menge", "Artikel-Nr."], {}
    )
    assert german.fields == {
        "number": "Bestellnummer", "placed_at": "Bestelldatum", "currency": "Währung", "line.quantity": "Menge",
        "line.sku": "Artikel-Nr.",
    }  # fmt: skip
    english = columns.match(("customers",), ["Customer ID", "E-mail address", "ZIP", "Shoe size"], {})
    assert english.fields == {"customer_id": "Customer ID", "email": "E-mail address", "billing.postal_code": "ZIP"}
    assert english.unused == ("Shoe size",)


def test_what_is_said_about_columns_is_checked() -> None:
    names = ["who", "when"]
    with pytest.raises(columns.MappingWrong, match="No column is known as order_id or number"):
        columns.match(("orders",), names, {})
    with pytest.raises(columns.MappingWrong, match="no such field"):
        columns.match(("orders",), names, {"who": "whom"})
    with pytest.raises(columns.MappingWrong, match="no such column"):
        columns.match(("orders",), names, {"whose": "order_id"})
    said = columns.match(("orders",), names, {"who": "order_id", "when": "placed_at"})
    assert said.fields == {"order_id": "who", "placed_at": "when"}


@pytest.mark.parametrize("apart", [False, True], ids=["lines in the orders' file", "lines in a file of their own"])
def test_orders_are_whole_wherever_their_rows_stand(conn: Connection, tmp_path: Path, apart: bool) -> None:
    """Against a dictionary: shuffled rows, totals from the lines, one unreadable row makes its order wrong."""
    draw = random.Random(4 + apart)
    truth: dict[str, list[tuple[str, int, Decimal]]] = {}
    rows = []
    for order in range(300):
        for _ in range(draw.randrange(1, 5)):
            line = (f"S{draw.randrange(9)}", draw.randrange(1, 4), Decimal(draw.randrange(100, 9999)) / 100)
            truth.setdefault(f"B{order}", []).append(line)
            rows.append((f"B{order}", line))
    draw.shuffle(rows)
    broken = rows[17][0]
    head = ["Bestellnummer", "Bestelldatum", "E-Mail", "Status"]
    orders, lines = tmp_path / "b.csv", tmp_path / "p.csv"
    with orders.open("w", newline="") as file, lines.open("w", newline="") as other:
        writer, second = csv.writer(file, delimiter=";"), csv.writer(other, delimiter=";")
        names = ["SKU", "Menge", "Einzelpreis"]
        writer.writerow(head if apart else [*head, *names])
        second.writerow(["Bestellnummer", *names])
        told = set()
        for position, (number, (sku, quantity, price)) in enumerate(rows):
            order = [number, "05.05.2026", f"{number}@x.de", "bezahlt"]
            line = [sku, "viele" if position == 17 else quantity, str(price).replace(".", ",")]
            if not apart:
                writer.writerow([*order, *line])
            elif number not in told:
                writer.writerow(order)
            second.writerow([number, *line])
            told.add(number)
    files = [source(orders, "orders"), source(lines, "lines")] if apart else [source(orders, "orders", "lines")]
    options = load.Options(cells.Manner(",", "Europe/Berlin"), "EUR")
    with conn.transaction():
        found = list(load.orders(conn, files, options, nothing))
    problems = [one for one in found if isinstance(one, load.Problem)]
    assert [(one.column, "viele" in one.text) for one in problems] == [("Menge", True)]
    made = {one["object"]["order_id"]: one["object"] for one in found if isinstance(one, dict)}
    assert set(made) == set(truth) - {broken}
    for number, order in made.items():
        wanted = sorted((sku, quantity, price) for sku, quantity, price in truth[number])
        assert sorted((x["sku"], int(x["quantity"]), Decimal(x["price"])) for x in order["lines"]) == wanted
        assert Decimal(order["total"]) == sum(quantity * price for _sku, quantity, price in wanted)
        assert (order["currency"], order["status"], order["status_raw"]) == ("EUR", "completed", "bezahlt")


def test_a_line_no_database_can_hold_does_not_stop_the_others(conn: Connection, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    good = {"email": "a@x.de", "first_name": "Ann \U0001f680"}
    deep = '{"email": ' + "[" * 50_000 + "]" * 50_000 + "}"
    half = r'{"email": "h@x.de", "first_name": "half \ud83d"}'
    path.write_text("\n".join([half, json.dumps(good), deep, r'{"half \udc00": 1, "email": "b@x.de"}']))
    found = table.look(path)
    assert found.columns == ("email", "first_name")
    rows = list(found.rows())
    assert [bool(row.problem) for row in rows] == [True, False, True, True]
    assert rows[1].values == good
    assert "half" in rows[0].problem
    made = list(load.customers(source(path, "customers"), load.Options(), nothing))
    assert [one.line for one in made if isinstance(one, load.Problem)] == [1, 3, 4]
    json.dumps([one.row for one in made if isinstance(one, load.Problem)], ensure_ascii=False).encode()


def test_lines_of_no_order_are_said_and_not_lost(conn: Connection, tmp_path: Path) -> None:
    orders, lines = tmp_path / "o.csv", tmp_path / "l.csv"
    orders.write_text("order id,date,total,currency\n1,2026-05-05,9.90,EUR\n")
    lines.write_text("order id,sku,price\n1,A,9.90\n2,B,1\n")
    with conn.transaction():
        found = list(load.orders(conn, [source(orders, "orders"), source(lines, "lines")], load.Options(), nothing))
    assert isinstance(found[0], dict)
    assert isinstance(found[1], load.Problem)
    assert (found[1].path, found[1].line) == (lines, 3)
    assert "o.csv has no such order" in found[1].text


def test_json_lines_keep_nested_objects_and_digits(conn: Connection, tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    line = {
        "order_id": "1", "placed_at": "2026-05-05T10:00:00Z", "currency": "EUR", "email": "a@x.de",
        "billing": {"city": "Ulm", "country": "Germany"},
        "lines": [{"name": "Tea", "price": "1.10", "quantity": 3}],
    }  # fmt: skip
    path.write_text(json.dumps(line) + "\n\n[1]\n{broken\n")
    with conn.transaction():
        found = list(load.orders(conn, [source(path, "orders", "lines")], load.Options(), nothing))
    (good,) = [one for one in found if isinstance(one, dict)]
    assert good["object"]["billing"] == {"city": "Ulm", "country": "DE"}
    assert good["object"]["total"] == "3.30"
    assert sorted(one.line for one in found if isinstance(one, load.Problem)) == [3, 4]


def test_customers_without_a_number_are_known_by_their_address(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("email,first name,groups\n Ann@X.de ,Ann,vip|b2b\nnot an address,Bob,\n")
    good, bad = list(load.customers(source(path, "customers"), load.Options(), nothing))
    assert isinstance(good, dict)
    (record,) = envelope.read_one(good, datetime.now(UTC))
    assert (record.external_id, record.registered, record.groups) == ("ann@x.de", False, ("vip", "b2b"))
    assert isinstance(bad, load.Problem)
    assert (bad.line, bad.column) == (3, "email")


def test_bytes_read_add_up_to_the_files_size(conn: Connection, tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("order id,date,total,currency\n" + "".join(f"{n},2026-05-05,1,EUR\n" for n in range(5000)))
    moved: list[int] = []
    add_store(conn, NOW)
    with conn.transaction():
        assert len(list(load.orders(conn, [source(path, "orders", "lines")], load.Options(), moved.append))) == 5000
    assert sum(moved) == path.stat().st_size
