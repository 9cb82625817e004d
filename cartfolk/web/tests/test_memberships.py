"""Risk: the record does not say which segments a contact is in, since when and why, or its timeline loses a move."""

from __future__ import annotations

from django.test import Client

from cartfolk.core.sql import Connection
from cartfolk.segments import build, static, stored
from cartfolk.web import timeline

ORDERED = {"type": "event", "event": "order", "measure": "count", "operator": "at_least", "value": 1}


def test_the_record_tells_segments_since_when_and_why(owner: Client, people: int, conn: Connection) -> None:
    ordered = stored.create(conn, "Ordered <b>", {"version": 1, "root": ORDERED}, "user:1")
    assert build.build(conn, ordered)
    picked = stored.create(conn, "Picked", None, "user:1")
    static.add(conn, picked, [1])
    text = owner.get("/contacts/1/segments").text
    assert "Ordered &lt;b&gt;" in text
    assert "Picked" in text
    assert "The segment was defined anew" in text
    why = owner.get(f"/contacts/1/segments/{ordered}/why").text
    assert "at least 1 order" in why
    assert "yes" in why
    assert "somebody put the contact in" in owner.get(f"/contacts/1/segments/{picked}/why").text
    assert owner.get("/contacts/1/segments/9999/why").status_code == 404


def test_a_contact_in_no_segment_is_told_so(owner: Client, people: int) -> None:
    assert "in no segment now" in owner.get("/contacts/2/segments").text


def test_joins_and_leaves_are_on_the_timeline_even_of_a_segment_that_is_gone(
    owner: Client, people: int, conn: Connection
) -> None:
    picked = stored.create(conn, "Picked", None, "user:1")
    static.add(conn, picked, [1])
    static.remove(conn, picked, [1])
    text = owner.get("/contacts/1?kind=segment").text
    assert text.index("Left") < text.index("Joined")
    assert f"/segments/{picked}" in text
    stored.delete(conn, picked, "user:1")
    assert f"/segments/{picked}" not in owner.get("/contacts/1?kind=segment").text
    conn.execute("delete from segment")
    assert f"#{picked}" in owner.get("/contacts/1?kind=segment").text


def test_five_thousand_moves_are_walked_completely(people: int, conn: Connection) -> None:
    conn.execute(
        "insert into segment_log (contact_id, at, reason, historic, joined, parted)"
        " select 2, timestamptz '2026-01-01' + (n / 7) * interval '1 minute', 'clock', false,"
        " case when n % 2 = 1 then '{1}' else '{}' end::int[], case when n % 2 = 0 then '{1}' else '{}' end::int[]"
        " from generate_series(1, 5000) n"
    )
    seen: list[int] = []
    page = timeline.page(conn, 2, ["segment"])
    while True:
        seen += [event["ref"] for event in page.events]
        if page.before is None:
            break
        page = timeline.page(conn, 2, ["segment"], page.before, page.skip)
    assert len(seen) == len(set(seen)) == 5000
