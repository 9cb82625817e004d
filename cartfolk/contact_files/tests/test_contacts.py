"""Risks: an import done twice, killed or undone leaves other contacts than it promised; a check writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.server import add_store
from cartfolk import people
from cartfolk.contact_files import contacts, jobs, undo, upload
from cartfolk.contact_files.columns import Chosen
from cartfolk.core.sql import Connection
from cartfolk.inbox.files import ledger
from cartfolk.properties import definitions
from cartfolk.properties.tests.test_calculated import own
from cartfolk.properties.write import Mode, Write, write
from tests.people import refresh_all

COLUMNS = {"E-Mail": "email", "Vorname": "firstname", "Ort": "city", "Webseite": "website"}
HEAD = "E-Mail;Vorname;Ort;Webseite\n"


def bring(conn: Connection, text: str, **chosen: Any) -> int:
    entry = upload.keep("people.csv", [text.encode()])
    settings = Chosen(**{"columns": COLUMNS, "decimal": ",", **chosen}).written()
    return ledger.add(conn, "contacts", "user:1", [entry], settings)


def finish(conn: Connection, url: str, number: int, state: str, steps: int | None = None) -> ledger.Import:
    """Works on the import as the worker does; after ``steps`` chunks the process is as good as killed."""
    if ledger.get(conn, number).state != state:
        before = ["new", "checked"] if state in ("checking", "running") else ["done"]
        begin = ledger.go_on if state == "undoing" else ledger.start
        assert begin(conn, number, state, before=before)
    with psycopg.connect(url, autocommit=True) as mine, psycopg.connect(url, autocommit=True) as identity:
        work = jobs.open_work(mine, identity, number)
        while steps != 0 and work.step():
            steps = None if steps is None else steps - 1
    refresh_all(conn)
    return ledger.get(conn, number)


def world(conn: Connection) -> dict[str, tuple[Any, ...]]:
    """E-mail -> the values this file is about."""
    rows = conn.execute(
        "select l.email, p.firstname, p.city, c.website from contact_list l join contact_property p using (contact_id) "
        "left join contact_custom c using (contact_id)"
    ).fetchall()
    return {row[0]: tuple(row[1:]) for row in rows}


TEXT = (
    HEAD + "ann@x.de;Ann;Ulm;ann.example\nBOB@x.de;Bob;;\nbroken;Eve;Ulm;\nann@x.de ;Anna;;\ncy@x.de;Cy;Bonn;no way\n"
)
AFTER = {"ann@x.de": ("Anna", "Ulm", "https://ann.example"), "bob@x.de": ("Bob", None, None)}


def test_a_check_counts_what_the_run_does_and_writes_nothing(conn: Connection, database: str) -> None:
    number = bring(conn, TEXT)
    checked = finish(conn, database, number, "checking")
    assert world(conn) == {}
    assert conn.execute("select count(*) from contact").fetchone() == (0,)
    counted = (checked.rows, checked.created, checked.changed, checked.unchanged, checked.wrong)
    assert counted == (5, 2, 1, 0, 2)
    assert [row["line"] for row in checked.preview["wrong"]] == [4, 6]
    done = finish(conn, database, number, "running")
    assert world(conn) == AFTER
    assert (done.rows, done.created, done.changed, done.unchanged, done.wrong) == counted
    error_file = upload.errors(done).read_text("utf-8-sig").splitlines()
    assert error_file[0] == "E-Mail;Vorname;Ort;Webseite;Line;Problem"
    assert error_file[1].startswith("broken;Eve;Ulm;;4;E-Mail: ")
    assert "web address" in error_file[2]


def test_all_that_is_wrong_with_a_row_is_told_at_once_in_the_files_order(conn: Connection, database: str) -> None:
    number = bring(conn, HEAD + "broken;Eve;Ulm;no way\nann@x.de;Ann;Ulm;no way\n")
    both, one = (row["reason"] for row in finish(conn, database, number, "checking").preview["wrong"])
    assert [part.partition(":")[0] for part in both.split("; ")[:2]] == ["E-Mail", "Webseite"]
    assert one.startswith("Webseite: ")


def test_a_column_without_a_name_is_no_phone_and_no_consent(conn: Connection, database: str) -> None:
    """As pandas writes its index: 0, 1, 2 … under an empty head."""
    text = ";E-Mail;Vorname\n0;ann@x.de;Ann\n1;bob@x.de;Bob\n49305550199;cy@x.de;Cy\n"
    done = finish(conn, database, bring(conn, text, columns={"E-Mail": "email", "Vorname": "firstname"}), "running")
    assert (done.created, done.wrong) == (3, 0), done.preview
    assert conn.execute("select kind, count(*) from identity group by kind").fetchall() == [("email", 3)]
    assert conn.execute("select count(*) from consent_event").fetchone() == (0,)


def test_amounts_and_days_mean_what_the_file_says_or_are_refused(conn: Connection, database: str) -> None:
    """A percent sign is no reason to refuse; dollars are never taken for euros; no day is guessed, nor blamed on the
    reader."""
    add_store(conn, datetime(2026, 1, 1, tzinfo=UTC))  # in euros
    definitions.create(conn, replace(own("credit"), currency=True), by="user:1")
    definitions.create(conn, replace(own("rebate"), percent=True), by="user:1")
    definitions.create(conn, own("due_on", "date"), by="user:1")
    number = bring(
        conn,
        "E-Mail;Credit;Rebate;Due\nann@x.de;1.234,56 €;25 %;31.05.2026\nbob@x.de;EUR 12;0,5%;05/31/2026\n"
        "cy@x.de;12 USD;1;1.2.26\ndan@x.de;£12;1;1.2.26\neve@x.de;1;1;03/04/2026\n",
        columns={"E-Mail": "email", "Credit": "credit", "Rebate": "rebate", "Due": "due_on"},
    )
    done = finish(conn, database, number, "running")
    rows = conn.execute(
        "select l.email, c.credit, c.rebate, c.due_on from contact_list l join contact_custom c using (contact_id) "
        "order by 1"
    ).fetchall()
    day = date(2026, 5, 31)
    assert rows == [
        ("ann@x.de", Decimal("1234.56"), Decimal(25), day), ("bob@x.de", Decimal(12), Decimal("0.5"), day)
    ]  # fmt: skip
    wrong = upload.errors(done).read_text("utf-8-sig").splitlines()[1:]
    for line, reason in zip(wrong, ("is in USD", "is in £", "day or month first"), strict=True):
        assert reason in line


def test_the_same_file_again_changes_nothing(conn: Connection, database: str) -> None:
    finish(conn, database, bring(conn, TEXT), "running")
    once = world(conn)
    noted = conn.execute("select count(*) from property_history").fetchone()
    again = finish(conn, database, bring(conn, TEXT.replace("ann@x.de;Ann;", "ann@x.de;Anna;")), "running")
    assert (again.created, again.changed, again.unchanged, again.wrong) == (0, 0, 3, 2)
    assert world(conn) == once
    assert conn.execute("select count(*) from property_history").fetchone() == noted


def test_what_somebody_touched_since_survives_the_undo(conn: Connection, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as identity:
        (old,) = people.create(conn, identity, [people.NewPerson("bob@x.de")])
    write(conn, [Write(old, {"firstname": "Robert"})], mode=Mode.OVERWRITE, source="user", by="user:2")
    number = bring(conn, TEXT + "dora@x.de;Dora;Ulm;\neva@x.de;Eva;Ulm;\n")
    finish(conn, database, number, "running")
    ids = dict(conn.execute("select email, contact_id from contact_list").fetchall())
    for email, city in (("dora@x.de", "Jena"), ("eva@x.de", "Jena"), ("eva@x.de", "Ulm")):  # hers, though as it was
        write(conn, [Write(ids[email], {"city": city})], mode=Mode.OVERWRITE, source="user", by="user:2")
    undone = finish(conn, database, number, "undoing")
    kept = {"dora@x.de": (None, "Jena", None), "eva@x.de": (None, "Ulm", None)}
    assert world(conn) == {"bob@x.de": ("Robert", None, None)} | kept
    assert undone.state == "undone"
    assert undone.undone == {"removed": 1, "kept": 2, "restored": 3, "contacts": 3, "left": 2}
    for table in ("identity", "contact", "contact_property", "contact_custom", "property_history", "contact_list"):
        gone = conn.execute(f"select count(*) from {table} where contact_id = %s", [ids["ann@x.de"]]).fetchone()
        assert gone == (0,), table


def test_a_contact_of_two_imports_stays_until_both_are_undone(conn: Connection, database: str) -> None:
    first, second = bring(conn, TEXT), bring(conn, HEAD + "ann@x.de;;Köln;\n")
    finish(conn, database, first, "running")
    finish(conn, database, second, "running")
    finish(conn, database, first, "undoing")
    assert world(conn) == {"ann@x.de": (None, "Köln", None)}
    finish(conn, database, second, "undoing")
    assert world(conn) == {}, "neither a value nor a contact of an undone import comes back"


MODES = {
    Mode.OVERWRITE: ("New", "Ulm"),
    Mode.SET_IF_NEW: ("Old", None),
    Mode.SET_IF_EMPTY: ("Old", "Ulm"),
}


@pytest.mark.parametrize("mode", list(MODES))
def test_modes(conn: Connection, database: str, mode: Mode) -> None:
    with psycopg.connect(database, autocommit=True) as identity:
        (old,) = people.create(conn, identity, [people.NewPerson("old@x.de")])
    write(conn, [Write(old, {"firstname": "Old"})], mode=Mode.OVERWRITE, source="user")
    finish(conn, database, bring(conn, HEAD + "old@x.de;New;Ulm;\nnew@x.de;New;Ulm;\n", mode=mode), "running")
    assert world(conn) == {"old@x.de": (*MODES[mode], None), "new@x.de": ("New", "Ulm", None)}


def test_other_ways_to_find_a_contact(conn: Connection, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as identity:
        one, two = people.create(conn, identity, [people.NewPerson("a@x.de"), people.NewPerson("", "+49 30 123456")])
    conn.execute("insert into reference values (7, 'customer', 'C1', %s, 0, now(), now(), null)", [one])
    for match, columns, row, changed in (
        ("contact_id", {"id": "contact_id", "Ort": "city"}, f"{one};Ulm\n999;Ulm\nx;Ulm", {one: "Ulm"}),
        ("customer_id", {"id": "customer_id", "Ort": "city"}, "C1;Jena\nC2;Jena", {one: "Jena"}),
        ("phone", {"id": "phone", "Ort": "city"}, "0049 30 123456;Bonn", {two: "Bonn"}),
    ):
        number = bring(conn, f"id;Ort\n{row}\n", columns=columns, match=match, store_id=7)
        done = finish(conn, database, number, "running")
        assert (done.created, done.changed, done.wrong) == (0, 1, row.count("\n")), done
        found = conn.execute(
            "select contact_id, city from contact_property where city = any(%s)", [list(changed.values())]
        )
        assert dict(found.fetchall()) == changed


def test_consent_is_raised_by_evidence_only(conn: Connection, database: str) -> None:
    columns = {"E-Mail": "email", "ok": "consent.status", "where": "consent.source", "when": "consent.at",
               "words": "consent.wording"}  # fmt: skip
    text = (
        "E-Mail;ok;where;when;words\nann@x.de;ja;Fair 2025;03.04.2025 10:00;I agree to mails\n"
        "bob@x.de;ja;Fair 2025;03.04.2025;\ncy@x.de;ja;import;03.04.2025;I agree\ndora@x.de;nein;Letter;2025-05-01;\n"
    )
    done = finish(conn, database, bring(conn, text, columns=columns), "running")
    assert (done.created, done.wrong) == (2, 2)
    rows = conn.execute("select email, status, source, wording from consent_event order by email").fetchall()
    assert rows == [
        ("ann@x.de", "granted", "Fair 2025", "I agree to mails"),
        ("dora@x.de", "withdrawn", "Letter", None),
    ]
    finish(conn, database, bring(conn, text, columns=columns), "running")
    assert len(conn.execute("select * from consent_event").fetchall()) == 2


def test_a_file_with_the_person_is_found_and_forgotten(conn: Connection, database: str) -> None:
    number, other = bring(conn, TEXT), bring(conn, HEAD + "zoe@x.de;Zoe;Ulm;\n")
    started = finish(conn, database, number, "checking")
    assert upload.errors(started).exists()
    assert upload.purge(conn, ["CY@x.de"], dry_run=True) == [number]
    assert upload.purge(conn, ["CY@x.de"]) == [number]
    assert upload.purge(conn, ["CY@x.de"]) == []
    one = ledger.get(conn, number)
    assert (one.files, one.preview, one.state) == ([], {}, "cancelled")
    assert not upload.errors(started).exists()
    assert upload.table(ledger.get(conn, other).files[0]).path.exists()


def test_whoever_was_erased_stays_out(conn: Connection, database: str) -> None:
    from cartfolk.identity import suppression

    suppression.add(conn, {suppression.Name("email", 0, "ann@x.de")})
    done = finish(conn, database, bring(conn, TEXT), "running")
    assert list(world(conn)) == ["bob@x.de"]
    assert (done.created, done.wrong) == (1, 4)
    assert "2;This person was erased" in upload.errors(done).read_text("utf-8-sig")


names = st.sampled_from(["a@x.de", "B@x.de", "c@x.de", "d@x.de"])
words = st.sampled_from(["", "Ann", "Bob", "=1+1"])
table = st.lists(st.tuples(names, words, words), min_size=1, max_size=12)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=table, kills=st.lists(st.integers(0, 3), max_size=3), undo_kill=st.integers(0, 2))
def test_killed_anywhere_and_undone_it_ends_as_promised(
    conn: Connection, database: str, monkeypatch: pytest.MonkeyPatch, rows: Any, kills: list[int], undo_kill: int
) -> None:
    """An import cut off after any chunks equals one that ran through, and its undo leaves nobody."""
    monkeypatch.setattr(contacts, "CHUNK", 3)
    monkeypatch.setattr("cartfolk.contact_files.undo.CHUNK", 1)
    conn.execute(
        "truncate contact, identity, contact_property, contact_custom, contact_list, property_history,"
        " contact_import_row"
    )
    text = HEAD + "".join(f"{email};{first};{city};\n" for email, first, city in rows)
    number = bring(conn, text)
    for steps in [*kills, None]:
        if ledger.get(conn, number).state != "done":
            done = finish(conn, database, number, "running", steps)
    expected: dict[str, list[Any]] = {}
    for email, first, city in rows:
        held = expected.setdefault(email.lower(), [None, None, None])
        held[0], held[1] = first or held[0], city or held[1]
    assert world(conn) == {email: tuple(values) for email, values in expected.items()}
    assert (done.rows, done.created) == (len(rows), len(expected))
    for steps in (undo_kill, None):
        if ledger.get(conn, number).state != "undone":
            finish(conn, database, number, "undoing", steps)
    assert world(conn) == {}
    assert conn.execute("select (select count(*) from contact) + (select count(*) from identity)").fetchone() == (0,)


def test_a_property_deleted_while_the_file_is_read_or_undone_costs_its_values_only(
    conn: Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contacts, "CHUNK", 1)
    monkeypatch.setattr(undo, "CHUNK", 1)
    definitions.create(conn, own("marks", "string"), by="user:1")
    columns = {"E-Mail": "email", "Webseite": "website", "Note": "marks"}
    text = "E-Mail;Webseite;Note\nann@x.de;a.example;1\nbob@x.de;b.example;2\ncy@x.de;c.example;3\n"

    def delete() -> None:
        definitions.archive(conn, "marks", by="user:1")
        definitions.delete(conn, "marks", by="user:1")

    number = bring(conn, text, columns=columns)
    ledger.start(conn, number, "running", before=["new"])
    with psycopg.connect(database, autocommit=True) as mine, psycopg.connect(database, autocommit=True) as identity:
        work = jobs.open_work(mine, identity, number)
        assert work.step()
        delete()
        while work.step():
            pass
    one = ledger.get(conn, number)
    assert (one.state, one.created, one.wrong) == ("done", 3, 2)
    assert sorted(conn.execute("select website from contact_custom").fetchall()) == [
        ("https://a.example",), ("https://b.example",), ("https://c.example",),
    ]  # fmt: skip
    definitions.create(conn, own("marks", "string"), by="user:1")
    for contact in contacts_of(conn):
        write(conn, [Write(contact, {"website": "https://later.example"})], mode=Mode.OVERWRITE, source="user")
    assert ledger.go_on(conn, number, "undoing", before=["done"])
    with psycopg.connect(database, autocommit=True) as mine, psycopg.connect(database, autocommit=True) as identity:
        work = jobs.open_work(mine, identity, number)
        assert work.step()
        delete()
        while work.step():
            pass
    assert ledger.get(conn, number).state == "undone"


def contacts_of(conn: Connection) -> list[int]:
    return [row[0] for row in conn.execute("select contact_id from contact order by 1")]
