"""Risk: a segment is made, renamed, deleted or explained wrongly in the browser, or by who may not."""

from __future__ import annotations

from django.test import Client

from cartfolk.core.sql import Connection
from cartfolk.segments import build, stored


def test_a_preset_is_made_with_one_click_and_shows_its_members(owner: Client, people: int, conn: Connection) -> None:
    conn.execute("update contact_property set total_number_of_orders = 1 where contact_id in (7, 8)")
    page = owner.get("/segments").text
    assert "No segments yet" in page
    made = owner.post("/segments/create", {"preset": "once"})
    number = stored.every(conn)[0].segment_id
    assert made["Location"] == f"/segments/{number}"
    assert "Catching up" in owner.get("/segments").text
    assert build.build(conn, number)
    page = owner.get(f"/segments/{number}", headers={"accept-language": "de"}).text
    assert "2 Kontakte" in page
    assert 'href="/contacts/7"' in page
    assert 'value="once"' not in owner.get("/segments").text
    why = owner.get(f"/segments/{number}?contact=7").text
    assert "Why contact 7 is in" in why
    assert "Why contact 9 is not in" in owner.get(f"/segments/{number}?contact=9").text


def test_renamed_deleted_and_restored_with_sentences(owner: Client, people: int, conn: Connection) -> None:
    first = stored.create(conn, "First", None, "user:1")
    second = stored.create(
        conn, "Second", {"version": 1, "root": {"type": "segment", "segment": first, "member": True}}, "user:1"
    )
    assert "Second ask for it" in owner.post(f"/segments/{first}/change", {"do": "delete"}, follow=True).text
    assert "already" in owner.post(f"/segments/{first}/change", {"do": "rename", "name": "second"}, follow=True).text
    assert "1 to 120" in owner.post(f"/segments/{first}/change", {"do": "rename", "name": " "}, follow=True).text
    assert "Restore" in owner.post(f"/segments/{second}/change", {"do": "delete"}, follow=True).text
    owner.post(f"/segments/{second}/change", {"do": "restore"})
    assert [item.name for item in stored.every(conn)] == ["First", "Second"]
    assert owner.get("/segments/999").status_code == 404
    assert owner.post(f"/segments/{first}/change", {"do": "dance"}).status_code == 400
