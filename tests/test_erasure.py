"""Risk: an erased person stays somewhere (table, raw delivery, log, file), or the next sync brings them back."""

from __future__ import annotations

import json
import re
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from psycopg.types.json import Jsonb

from bench.server import add_store
from cartfolk import erasure, merging, people, remains
from cartfolk.connectors.canonical import BadRecord
from cartfolk.core.sql import Connection
from cartfolk.identity import suppression
from cartfolk.identity.suppression import Name
from cartfolk.inbox import deliveries, quarantine, recovery

from .machine import cartfolk, ok
from .people import drain_all

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
EMAIL, NAME, PHONE, STREET = "magdalena.öhler+tee@example.net", "Magdalena", "+49 30 5550199", "Zwirnerweg 17b"
OTHER = "otto@example.net"
ADDRESS = {"first_name": NAME, "last_name": "Oehlerin", "line1": STREET, "city": "Bonn", "country": "DE"}


@pytest.fixture
def store(conn: Connection) -> int:
    return add_store(conn, START)


def envelope(kind: str, at: datetime = START, **told: object) -> dict[str, object]:
    return {"kind": kind, "occurred_at": at.isoformat(), "object": told}


def woo(number: int, email: str, first: str, **more: object) -> dict[str, object]:
    return {
        "id": number, "email": email, "first_name": first, "last_name": "Oehlerin", "role": "customer",
        "username": first.lower(), "date_created_gmt": "2026-01-01T10:00:00",
        "date_modified_gmt": "2026-01-01T10:00:00",
        "billing": {"first_name": first, "address_1": more.pop("street", ""), "phone": more.pop("phone", "")},
        "shipping": {}, "meta_data": [], "total": 10.50, **more,
    }  # fmt: skip


def told(email: str = EMAIL) -> list[dict[str, object]]:
    """One person's life in a shop, and somebody else in the same request."""
    person = {"email": email, "phone": PHONE}
    lines = [{"name": "Darjeeling", "quantity": 1, "total": "12.00"}]
    order = {"status": "completed", "currency": "EUR", "total": "12.00", "placed_at": START.isoformat()}
    return [
        envelope("customer", customer_id="77", first_name=NAME, last_name="Oehlerin", billing=ADDRESS, **person),
        envelope("cart", cart_id="tok-1", currency="EUR", lines=lines, first_name=NAME, **person),
        envelope("order", order_id="501", billing=ADDRESS, customer_id="77", lines=lines, **order, **person),
        envelope("order", order_id="502", billing=ADDRESS, lines=lines, **order, email=email.upper()),
        envelope("consent", status="granted", source="checkout", wording=f"{NAME} says yes", **person),
        envelope("order", order_id="900", email=OTHER, lines=lines, **order),
    ]


def receive(conn: Connection, store: int, *objects: dict[str, object], at: datetime = START) -> None:
    deliveries.store(conn, store, "ingest", "ingest", json.dumps(objects).encode(), at)


def page(conn: Connection, store: int, *objects: dict[str, object], at: datetime = START) -> None:
    deliveries.store(conn, store, "page", "customers", json.dumps(objects).encode(), at, lane=deliveries.BULK)


def everything(conn: Connection) -> str:
    """Every table as text, what is packed unpacked."""
    rows = conn.execute(
        "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    found = [
        str(row) for (table,) in rows.fetchall() for row in conn.execute(f"select t::text from {table} t").fetchall()
    ]
    found += [zlib.decompress(body).decode() for (body,) in conn.execute("select body from delivery")]
    return "\n".join(found)


def signs(text: str) -> list[str]:
    """What of the person can be read in ``text``, in any spelling."""
    low = text.lower()
    low += re.sub(r"\\\\?u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), low)
    wanted = [EMAIL, quote(EMAIL), NAME, STREET, "5550199", "555 0199", EMAIL.split("@")[0]]
    return [one for one in wanted if one.lower() in low]


def contact(conn: Connection, email: str = EMAIL) -> int:
    row = conn.execute("select contact_id from identity where value = %s", [email.lower()]).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def lived(conn: Connection, database: str, store: int) -> int:
    """The person with everything Cartfolk can hold of one; returns the contact."""
    receive(conn, store, *told())
    page(conn, store, woo(77, EMAIL, NAME, street=STREET, phone=PHONE), woo(5, OTHER, "Otto"))
    receive(conn, store, envelope("customer", customer_id="78", email="lena@example.net", first_name=NAME))
    page(conn, store, woo(79, EMAIL.upper(), NAME))  # a second account of the same address
    deliveries.store(
        conn, store, "webhook", "customers", json.dumps({"id": 77, "email": EMAIL, "street": STREET}).encode(), START,
        hint={"ids": ["77"], "deleted": False}, dedupe="hint x",
    )  # fmt: skip
    bad = BadRecord("customer", "77", "total", f"{EMAIL} is odd", json.dumps({"id": 77, "first_name": NAME}))
    quarantine.put(conn, [quarantine.Bad(store, "customers", bad, START)])
    receive(conn, store, envelope("cart", cart_id="nobody", lines=[], first_name="Anon"))
    moment = {"received": 1, "cart": {"external_id": "typed", "updated_at": START.isoformat(), "email": EMAIL}}
    conn.execute("insert into anonymous_cart values (%s, 'typed', %s, %s, %s)", [store, START, START, Jsonb([moment])])
    drain_all(conn, database)
    recovery.make(conn, [(store, "tok-1")], START)
    kept = contact(conn)
    merging.merge(conn, kept, [contact(conn, "lena@example.net")], "the same", "user:1")
    return kept


def test_nothing_of_an_erased_person_can_be_read_anywhere(conn: Connection, lived: int) -> None:
    log = Path(settings.DATA_DIR) / "logs" / "cartfolk.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text(f"fine\nrefused {quote(EMAIL)}\nDETAIL:  Failing row contains ({NAME}).\n")
    assert set(signs(everything(conn))) >= {EMAIL, NAME, STREET}, "the test looks where the person is"
    conn.execute("vacuum full orders")  # its rows are in a file now
    row = conn.execute("select oid from pg_database where datname = current_database()").fetchone()
    (folder,) = Path(conn.info.host).parent.rglob(f"base/{row[0]}") if row else ()
    assert any(STREET.encode() in path.read_bytes() for path in folder.iterdir())
    proof = erasure.erase(conn, contacts=[lived], by="user:1", rewrite=True)
    assert signs(everything(conn)) == []
    assert signs(json.dumps(proof.report, ensure_ascii=False)) == []
    assert log.read_text() == "fine\n"
    links = conn.execute("select count(*) from recovery_link").fetchone()
    assert links == (0,), "a link would still name the cart"
    # and in the server's own files: tables, indexes, the planner's samples
    for path in folder.iterdir():
        content = path.read_bytes().lower()
        for sign in (EMAIL, NAME, STREET, "5550199"):
            assert sign.lower().encode() not in content, (path.name, sign)


def test_the_others_of_the_same_delivery_stay_as_they_were(conn: Connection, database: str, lived: int) -> None:
    erasure.erase(conn, contacts=[lived], by="user:1")
    assert contact(conn, OTHER)
    text = everything(conn)
    assert "900" in text
    assert '"total": 10.5' in text, "the page's other object, to the letter"
    conn.execute("update delivery set state = 'new'")  # what is left can be handled again
    drain_all(conn, database)
    assert signs(everything(conn)) == []


@pytest.mark.parametrize("way", ["ingest", "page", "uppercase", "other shop account", "replayed"])
def test_no_sync_brings_an_erased_person_back(
    conn: Connection, database: str, store: int, lived: int, way: str
) -> None:
    kept = [zlib.decompress(body) for (body,) in conn.execute("select body from delivery where kind <> 'webhook'")]
    erasure.erase(conn, contacts=[lived], by="user:1")
    later = START + timedelta(days=30)
    if way == "page":
        page(conn, store, woo(77, "", NAME, street=STREET), woo(5, OTHER, "Otto"), at=later)
    elif way == "other shop account":
        page(conn, store, woo(4711, EMAIL, NAME, street=STREET), at=later)
    elif way == "replayed":
        for body in kept:
            deliveries.store(conn, store, "ingest", "ingest", body, later)
    else:
        receive(conn, store, *told(EMAIL.upper() if way == "uppercase" else EMAIL), at=later)
    drain_all(conn, database)
    conn.execute("delete from quarantine where raw not like '%@%'")
    assert signs(everything(conn)) == []
    assert suppression.kept_out(conn) > 0
    rows = conn.execute("select value from identity").fetchall()
    assert [row[0] for row in rows] == [OTHER]


def test_an_anonymous_cart_of_an_erased_person_stays_out(
    conn: Connection, database: str, store: int, lived: int
) -> None:
    erasure.erase(conn, contacts=[lived], by="user:1")
    receive(conn, store, envelope("cart", cart_id="tok-1", lines=[], first_name=NAME))
    drain_all(conn, database)
    assert signs(everything(conn)) == []


def test_somebody_unknown_can_be_kept_out_in_advance(conn: Connection, database: str, store: int) -> None:
    proof = erasure.erase(conn, emails=[f" {EMAIL.upper()} "], by="user:1")
    assert proof.report["names"] == {"email": 1}
    receive(conn, store, *told())
    drain_all(conn, database)
    assert signs(everything(conn)) == []
    assert suppression.lift(conn, [Name("email", 0, EMAIL)]) == 1
    receive(conn, store, *told(), at=START + timedelta(days=1))
    drain_all(conn, database)
    assert contact(conn), "let in again, they come as anybody"


def test_a_dry_run_tells_what_the_erasure_does_and_changes_nothing(conn: Connection, lived: int) -> None:
    before = everything(conn)
    planned = erasure.preview(conn, contacts=[lived])
    assert everything(conn) == before
    report = erasure.erase(conn, contacts=[lived], by="user:1").report
    assert planned.rows == report["rows"]
    assert (planned.deliveries, planned.objects, planned.webhooks, planned.quarantine) == (
        report["deliveries"], report["objects"], report["webhooks"], report["quarantine"],
    )  # fmt: skip
    assert planned.objects > 0


def test_an_address_in_somebody_elses_order_goes_without_the_order(conn: Connection, lived: int) -> None:
    other = contact(conn, OTHER)
    conn.execute("update orders set email = %s where contact_id = %s", [f" {EMAIL.upper()}", other])
    report = erasure.erase(conn, contacts=[lived], by="user:1").report
    assert report["mentions"] == {"orders": 1}
    assert conn.execute("select number, email from orders").fetchall() == [("900", None)]


@pytest.mark.parametrize("killed", range(1, 6))
def test_an_erasure_killed_at_any_moment_is_gone_on_with_and_proves_the_same(
    conn: Connection, lived: int, killed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = erasure.preview(conn, contacts=[lived])
    number = erasure.ask(conn, contacts=[lived], by="user:1")
    assert signs(json.dumps(conn.execute("select report from erasure").fetchall())) == [], "it waits sealed"
    told, left = suppression.tell, killed

    def dying(*given: object) -> None:
        nonlocal left
        told(*given)  # type: ignore[arg-type]
        left -= 1
        if not left:
            raise KeyboardInterrupt

    monkeypatch.setattr(suppression, "tell", dying)
    with pytest.raises(KeyboardInterrupt):
        erasure.run(conn, number)
    monkeypatch.undo()
    assert suppression.unfinished(conn) == [number]
    proof = erasure.run(conn, number)
    assert proof
    assert signs(everything(conn)) == []
    assert suppression.unfinished(conn) == []
    assert (proof.report["rows"], proof.report["objects"], proof.report["webhooks"], proof.report["quarantine"]) == (
        planned.rows, planned.objects, planned.webhooks, planned.quarantine,
    )  # fmt: skip
    assert erasure.run(conn, number) == proof, "once more changes nothing"


def test_an_erasure_of_the_command_line_that_was_cut_off_is_finished_by_the_next_call(
    conn: Connection, database: str, lived: int, tmp_path: Path
) -> None:
    at = {"DATABASE_URL": database, "CARTFOLK_SECRET_KEY": settings.SECRET_KEY}
    number = erasure.ask(conn, contacts=[lived], by="system")
    assert erasure.run(conn, number, raw=False) is None, "cut off after the rows"
    (told,) = ok(tmp_path, "erase", "--json", **at)
    assert told["erasure"] == number
    assert signs(everything(conn)) == []
    nobody = cartfolk(tmp_path, "erase", **at)
    assert nobody.returncode == 2
    assert "No erasure was cut off" in nobody.stderr
    other = contact(conn, OTHER)
    shown = cartfolk(tmp_path, "erase", str(other), "--yes", **at)
    assert "goes on with it" in shown.stderr
    assert "contacts" in shown.stdout


def test_a_dry_run_that_may_not_take_long_says_what_it_did_not_read(
    conn: Connection, store: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(conn, store, *told())
    receive(conn, store, *told())
    monkeypatch.setattr(remains, "PART", 1)
    assert erasure.preview(conn, emails=[EMAIL], seconds=0).unread == 1
    assert erasure.preview(conn, emails=[EMAIL]).unread == 0


def test_nobody_is_no_erasure(conn: Connection) -> None:
    with pytest.raises(erasure.NobodyToErase):
        erasure.erase(conn, contacts=[4711], by="user:1")
    assert suppression.reports(conn) == []


def test_an_erased_person_is_not_made_again_by_hand(conn: Connection, database: str, lived: int) -> None:
    import psycopg

    erasure.erase(conn, contacts=[lived], by="user:1")
    with psycopg.connect(database, autocommit=True) as identity, pytest.raises(people.Erased):
        people.create(conn, identity, [people.NewPerson(EMAIL.upper())])
    assert signs(everything(conn)) == []
