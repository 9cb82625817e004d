"""Risk: the timeline loses, repeats or misnames what happened, or a note is lost or changed by the wrong hands."""

from __future__ import annotations

import re

from django.test import Client

from cartfolk.core.sql import Connection
from cartfolk.properties import definitions, notes
from cartfolk.properties.tests.test_calculated import own
from cartfolk.properties.write import Mode, Write, write
from cartfolk.web import timeline

SEEN = "insert into order_event (contact_id, order_id, at, status, status_raw) values "


def test_a_change_of_status_is_told_once_and_repeats_are_not(owner: Client, people: int, conn: Connection) -> None:
    (order,) = conn.execute("select min(order_id) from orders where contact_id = 1").fetchone() or (0,)
    conn.execute("update orders set status = 'completed', version = '2026-06-03' where order_id = %s", [order])
    conn.execute(
        SEEN + "(1, %(o)s, '2026-06-01', 'pending', 'a'), (1, %(o)s, '2026-06-02', 'pending', 'b')", {"o": order}
    )
    rows = timeline.page(conn, 1, ["status"]).events
    assert [(row["extra"], row["state"]) for row in rows] == [("pending", "completed")]
    assert "Unpaid →" in owner.get("/contacts/1?kind=status").text


def test_filter_by_kind_holds_on_every_page(owner: Client, people: int) -> None:
    found: list[str] = []
    address = "/contacts/1?kind=order&kind=cart"
    while address:
        text = owner.get(address).text
        found += re.findall(r'<li class="(\w+)"><span', text)
        match = re.search(r'hx-get="([^"]*timeline[^"]*)"', text)
        address = match[1].replace("&amp;", "&") if match else ""
    assert set(found) <= {"order", "cart"}
    assert found


def test_five_thousand_events_are_walked_completely(people: int, conn: Connection) -> None:
    conn.execute(
        "insert into note (contact_id, at, body, by)"
        " select 2, timestamptz '2026-01-01' + (n / 7) * interval '1 minute', n::text, 'user:1'"
        " from generate_series(1, 5000) n"
    )
    bodies: list[str] = []
    page = timeline.page(conn, 2, ["note"])
    while True:
        bodies += [event["extra"]["body"] for event in page.events]
        if page.before is None:
            break
        page = timeline.page(conn, 2, ["note"], page.before, page.skip)
    assert sorted(bodies, key=int) == [str(n) for n in range(1, 5001)]


def test_an_edit_by_hand_is_told_with_who_and_what(owner: Client, people: int, conn: Connection) -> None:
    (user,) = conn.execute("select id from auth_user").fetchone() or (0,)
    write(conn, [Write(1, {"jobtitle": "Baker <b>"})], mode=Mode.OVERWRITE, source="user", by=f"user:{user}")
    text = owner.get("/contacts/1?kind=edit").text
    assert "Job Title: <strong>Baker &lt;b&gt;</strong>" in text
    assert "olga@example.org" in text


def test_what_was_changed_is_told_of_what_is_hidden_archived_or_deleted_since(
    owner: Client, people: int, conn: Connection
) -> None:
    for name, more in (("fee", {"currency": True}), ("shelf", {}), ("gone", {})):
        definitions.create(conn, own(name, **more), by="user:1")
        write(conn, [Write(1, {name: "7.5"})], mode=Mode.OVERWRITE, source="user", by="user:1")
    definitions.hide(conn, "fee", True, by="user:1")
    for name in ("shelf", "gone"):
        definitions.archive(conn, name, by="user:1")
    definitions.delete(conn, "gone", by="user:1")
    text = owner.get("/contacts/1?kind=edit").text
    for told in ("fee: <strong>€7.50<", "shelf: <strong>7.5<", "gone: <strong>7.5<"):
        assert told in text


def test_a_note_is_written_changed_deleted_and_brought_back(owner: Client, people: int, conn: Connection) -> None:
    owner.post("/contacts/1/notes", {"body": "Calls at noon. https://example.org <script>"})
    text = owner.get("/contacts/1").text
    assert '<a href="https://example.org" rel="nofollow">' in text
    assert "&lt;script&gt;" in text
    (number,) = conn.execute("select note_id from note").fetchone() or (0,)
    owner.post(f"/contacts/1/notes/{number}", {"body": "Calls at one."})
    assert notes.one(conn, 1, number).body == "Calls at one."
    left = owner.post(f"/contacts/1/notes/{number}/delete", follow=True).text
    assert "Calls at one." not in left
    assert "Bring it back" in left
    assert "Calls at one." in owner.post(f"/contacts/1/notes/{number}/undo", follow=True).text


def test_an_empty_or_foreign_note_is_refused(owner: Client, people: int, conn: Connection) -> None:
    assert "Write something first." in owner.post("/contacts/1/notes", {"body": " \0 "}, follow=True).text
    number = notes.add(conn, 1, "Of the first", "user:1")
    assert owner.post(f"/contacts/2/notes/{number}", {"body": "Mine now"}).status_code == 404
    assert notes.one(conn, 1, number).body == "Of the first"


def test_a_consent_is_told_in_the_readers_words_and_what_no_shop_told_names_none(
    owner: Client, people: int, conn: Connection
) -> None:
    conn.execute(
        "insert into consent_event (contact_id, store_id, at, received_at, source, channel, purpose, status)"
        " values (1, 1, '2026-06-01', '2026-06-01', 'checkout', 'email', 'marketing', 'granted')"
    )
    notes.add(conn, 1, "A note", "user:1")
    owner.cookies["django_language"] = "de"
    text = owner.get("/contacts/1?kind=consent&kind=note").text
    assert "E-Mail · Werbung · Kasse" in text
    assert "None" not in text
