"""The list's paging: complete, without duplicates, in order, forwards and back, whatever the sort and search."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from psycopg import sql

from cartfolk import cli
from cartfolk.core.sql import Connection
from cartfolk.properties import definitions, jobs, sorting
from cartfolk.properties.tests.test_calculated import own
from cartfolk.properties.write import Mode, Write, write
from cartfolk.web import listing, properties
from cartfolk.web.sort import LIST_SORTS, sort_for

from .conftest import BORN

FAR = ("city", "average_order_value", "account_creation_date", "hs_email_optout", "customer_group", "hs_object_id")
SORTS = [sign + name for name in (*LIST_SORTS, *FAR) for sign in ("", "-")]


@pytest.fixture
def far_values(conn: Connection, people: int) -> None:
    """Every kind of property that contact_list does not carry, with equal values and with none."""
    conn.execute(
        """
        update contact_property p
           set city = case when n %% 4 > 0 then (array['berlin','Aachen','Ürzig'])[1 + n %% 3] end,
               average_order_value = case when n %% 3 > 0 then n %% 7 * 10.50 end,
               account_creation_date = case when n %% 5 > 0 then %(born)s::timestamptz + n / 2 * interval '1 day' end,
               hs_email_optout = case when n %% 6 > 0 then n %% 2 = 0 end,
               customer_group = case when n %% 2 > 0 then array['b2b', 'g' || n %% 9] end, hs_object_id = n
          from (select contact_id, contact_id as n from contact_list) l where l.contact_id = p.contact_id
        """,
        {"born": BORN},
    )


def walk(conn: Connection, sort: str, search: str) -> list[int]:
    """All contacts, forwards page by page; going back must tell the same."""
    columns = properties.columns(conn)[0]
    page = listing.page(conn, listing.Question(sort=sort, search=search, size=17, columns=columns))
    forward = [row["contact_id"] for row in page.rows]
    assert page.first
    while page.after:
        last = page
        page = listing.page(
            conn, listing.Question(sort=sort, search=search, after=page.after, size=17, columns=columns)
        )
        assert page.rows, last
        forward += [row["contact_id"] for row in page.rows]
    back = [row["contact_id"] for row in page.rows]
    while page.before:
        page = listing.page(
            conn, listing.Question(sort=sort, search=search, before=page.before, size=17, columns=columns)
        )
        back = [row["contact_id"] for row in page.rows] + back
    assert back == forward
    return forward


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("search", ["", "person", "p1"])
@pytest.mark.parametrize("window", [5_000, 20])
def test_paging_is_complete_in_order_and_both_ways(
    conn: Connection,
    people: int,
    far_values: None,
    monkeypatch: pytest.MonkeyPatch,
    sort: str,
    search: str,
    window: int,
) -> None:
    """Also when a search leaves the window of the list's order, and equal by scan and by kept order."""
    monkeypatch.setattr(listing, "WINDOW", window)
    name = sort.removeprefix("-")
    found = walk(conn, sort, search)
    assert len(found) == len(set(found)) == {"": people, "person": people, "p1": 1 + 10 + 31}[search]
    assert found == in_order(conn, name, sort.startswith("-"), set(found))
    if name in FAR:
        column_type = properties.columns(conn)[0][name]
        assert listing.page(conn, listing.Question(sort=sort, columns={name: column_type})).scanned
        sorting.fill(conn, sorting.key(name, column_type), BORN)
        assert not listing.page(conn, listing.Question(sort=sort, columns={name: column_type})).scanned
        assert walk(conn, sort, search) == found


def in_order(conn: Connection, name: str, descending: bool, among: set[int]) -> list[int]:
    """Sorted by Python: those without a value last in either direction, equal ones by number."""
    table = "contact_list" if name in LIST_SORTS else "contact_property"
    rows = [row for row in conn.execute(f"select contact_id, {name} from {table}").fetchall() if row[0] in among]

    def key(row: tuple[int, Any]) -> tuple[Any, int]:
        value = json.dumps(row[1]) if isinstance(row[1], list) else row[1]
        lowers = isinstance(value, str) and name not in {"email", "recent_conversion_event_name"}
        # The test's database folds the letters of ASCII only.
        return (re.sub("[A-Z]", lambda m: m[0].lower(), value) if lowers else value, row[0])

    valued = sorted((row for row in rows if row[1] is not None), key=key, reverse=descending)
    empty = sorted((row for row in rows if row[1] is None), key=lambda row: row[0], reverse=descending)
    return [row[0] for row in valued + empty]


def test_a_cursor_survives_when_the_kept_order_takes_over(conn: Connection, people: int, far_values: None) -> None:
    columns = properties.columns(conn)[0]
    for name in FAR:
        first = listing.page(conn, listing.Question(sort=name, size=17, columns=columns))
        by_scan = listing.page(conn, listing.Question(sort=name, size=17, after=first.after, columns=columns))
        sorting.fill(conn, sorting.key(name, columns[name]), BORN)
        by_order = listing.page(conn, listing.Question(sort=name, size=17, after=first.after, columns=columns))
        assert (by_scan.scanned, by_order.scanned) == (True, False)
        assert [row["contact_id"] for row in by_scan.rows] == [row["contact_id"] for row in by_order.rows], name


@pytest.mark.parametrize("sort", SORTS)
def test_no_page_sorts_everybody(conn: Connection, people: int, far_values: None, sort: str) -> None:
    """The order comes from an index: read by its statement's plan, in the middle of values and of empty ones."""
    columns = properties.columns(conn)[0]
    name = sort.removeprefix("-")
    if name in FAR:
        sorting.fill(conn, sorting.key(name, columns[name]), BORN)
    conn.execute("analyze")
    conn.execute("set enable_sort = off")  # so few rows would be sorted; now only if no index has the order
    conn.execute("set enable_incremental_sort = off")
    chosen = sort_for(conn, name, columns, {})
    assert chosen is not None
    assert chosen.indexed
    walk = listing._Walk(conn, name, chosen, sort.startswith("-"), False, "")
    for valued in (True, False):
        for start in (None, ("1" if chosen.cast in {"numeric", "integer"} else "2026-01-02", 60)):
            statement, parameters = walk.statement(listing._ORDERED, valued, start, 51)
            plan = "\n".join(row[0] for row in conn.execute(sql.SQL("explain ") + statement, parameters))
            assert "Sort" not in plan, plan


@pytest.mark.parametrize("name", ["city", "jobtitle"])  # computed, and what people set
def test_sorting_many_by_a_far_property_asks_the_worker_once(
    conn: Connection, people: int, owner: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asked = "select args from procrastinate_jobs where task_name = 'cartfolk.fill_order'"
    address = reverse("web:contacts")
    assert owner.get(f"{address}?sort={name}").status_code == 200
    assert conn.execute(asked).fetchall() == []  # a few are sorted as quickly
    monkeypatch.setattr(listing, "EXACT", 100)
    for _ in range(2):
        assert owner.get(f"{address}?sort=-{name}").status_code == 200
    ((arguments,),) = conn.execute(asked).fetchall()
    jobs.fill_order(**arguments)
    assert sorting.place(conn, name, BORN) is not None


@pytest.mark.parametrize("text", ["'", "a & b", "!:*", "\\", "x:*|y", "o'brien", "(", "@", "<->"])
def test_any_search_text_is_harmless(conn: Connection, people: int, text: str) -> None:
    listing.page(conn, listing.Question(search=text))


@pytest.mark.parametrize("cursor", ["x", "bm90anNvbg", "WyJhIiwgImIiXQ", "WyJub3QgYSBkYXRlIiwgMV0"])
def test_foreign_cursor_is_told(conn: Connection, people: int, cursor: str) -> None:
    with pytest.raises(listing.CursorInvalid):
        listing.page(conn, listing.Question(after=cursor))


def test_the_export_is_the_whole_list_in_its_order_and_no_formula(owner: Client, people: int, conn: Connection) -> None:
    conn.execute("update contact_list set name = '=HYPERLINK(\"x\")' where contact_id = 3")
    conn.execute("update contact_property set hs_email_domain = '@SUM(1)' where contact_id = 3")
    owner.post("/contacts/columns", {"column": ["email", "total_value_of_orders", "hs_email_domain"]})
    answer = owner.get("/contacts/export?sort=name")
    assert answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["contact_id", "name", "email", "total_value_of_orders", "hs_email_domain"]
    shown = [row["contact_id"] for row in everybody(conn, "name")]
    assert [int(row[0]) for row in rows[1:]] == shown
    assert len(shown) == people
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]
    assert ["3", '\'=HYPERLINK("x")'] in [row[:2] for row in rows]


def everybody(conn: Connection, sort: str) -> list[dict[str, Any]]:
    return listing.page(conn, listing.Question(sort=sort, size=10_000)).rows


def test_the_command_line_sorts_by_what_people_set(conn: Connection, people: int, database: str, monkeypatch, capsys):
    item = own("shoe", "number")
    definitions.create(conn, item, by="user:1")
    given = [Write(contact, {"shoe": size}) for contact, size in ((5, "44"), (6, "9"), (7, "41.5"))]
    write(conn, given, mode=Mode.OVERWRITE, source="user", by="user:1")
    monkeypatch.setenv("DATABASE_URL", database)

    def printed(*words: str) -> list[dict[str, object]]:
        assert cli.main([*words]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    for sort, first in (("shoe", [5, 7, 6]), ("+shoe", [6, 7, 5])):
        rows = printed("export", "-", "--format", "jsonl", "--columns", "contact_id", "--sort", sort)
        assert ([row["contact_id"] for row in rows[:3]], len(rows)) == (first, people)
        assert [row["id"] for row in printed("contacts", "list", "--json", "--sort", sort, "--limit", "3")] == first
    assert cli.main(["contacts", "list", "--sort", "nowhere"]) == 2
