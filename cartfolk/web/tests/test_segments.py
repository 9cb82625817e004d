"""Risk: a segment is made, renamed, deleted or explained wrongly in the browser, or by who may not."""

from __future__ import annotations

import html
import re
from datetime import date

from django.test import Client

from cartfolk.core.sql import Connection
from cartfolk.segments import build, jobs, static, stored
from cartfolk.web import chart


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


def test_a_segment_is_catching_up_while_contacts_wait(owner: Client, people: int, conn: Connection) -> None:
    root = {"type": "property", "property": "city", "operator": "known"}
    number = stored.create(conn, "Known city", {"version": 1, "root": root}, "user:1")
    assert build.build(conn, number)
    assert "Catching up" not in owner.get(f"/segments/{number}").text
    conn.execute("insert into contact_dirty (contact_id, lane) values (1, 0), (2, 0)")
    conn.execute("insert into segment_due (contact_id, due_at) values (3, now() - interval '1 minute')")
    for address in ("/segments", f"/segments/{number}", f"/segments/{number}/state"):
        text = owner.get(address).text
        assert "Catching up" in text, address
        assert "3 contacts wait" in text, address
    conn.execute("delete from contact_dirty")
    conn.execute("update segment_due set due_at = now() + interval '1 minute'")
    part = owner.get(f"/segments/{number}/state")  # whoever reads the page is not thrown back to its top
    assert ("Catching up" in part.text, "hx-get" in part.text, "HX-Refresh" in part.headers) == (False, False, False)


def test_renamed_deleted_and_restored_with_sentences(owner: Client, people: int, conn: Connection) -> None:
    first = stored.create(conn, "First", None, "user:1")
    second = stored.create(
        conn, "Second", {"version": 1, "root": {"type": "segment", "segment": first, "member": True}}, "user:1"
    )
    assert "Second ask for it" in owner.post(f"/segments/{first}/change", {"do": "delete"}, follow=True).text
    assert "already" in owner.post(f"/segments/{first}/change", {"do": "rename", "name": "second"}, follow=True).text
    assert "1 to 120" in owner.post(f"/segments/{first}/change", {"do": "rename", "name": " "}, follow=True).text
    assert "Restore" in owner.post(f"/segments/{second}/change", {"do": "delete"}, follow=True).text
    taken = stored.create(conn, "Second", None, "user:1")
    assert "already" in owner.post(f"/segments/{second}/change", {"do": "restore"}, follow=True).text
    stored.rename(conn, taken, "Third", "user:1")
    owner.post(f"/segments/{second}/change", {"do": "restore"})
    assert [item.name for item in stored.every(conn)] == ["First", "Second", "Third"]
    assert owner.get("/segments/999").status_code == 404
    assert owner.post(f"/segments/{first}/change", {"do": "dance"}).status_code == 400


def test_a_segment_that_catches_up_tells_how_far_until_it_is_true(owner: Client, people: int, conn: Connection) -> None:
    everybody = {"version": 1, "root": {"type": "group", "match": "all", "children": []}}
    number = stored.create(conn, "All", everybody, "user:1")
    asks_again = f'hx-get="/segments/{number}/state?building"'
    conn.execute("update segment set state = 'building', done = 65, expected = 130")
    assert asks_again in owner.get(f"/segments/{number}").text
    part = owner.get(f"/segments/{number}/state?building")
    assert (asks_again in part.text, "50" in part.text, "HX-Refresh" in part.headers) == (True, True, False)
    assert build.build(conn, number)
    done = owner.get(f"/segments/{number}/state?building")
    assert (asks_again in done.text, done.headers["HX-Refresh"]) == (False, "true")
    stored.redefine(conn, number, everybody, "user:1")
    assert "built" in owner.get(f"/segments/{number}").text  # since when it is behind
    stored.cancel(conn, number, "user:1")
    page = owner.get(f"/segments/{number}").text
    assert ("Stopped" in page, "Build again" in page, asks_again in page) == (True, True, False)


def test_compared_frozen_and_shown_in_all_contacts(owner: Client, people: int, conn: Connection) -> None:
    conn.execute("update contact_property set city = 'Ulm' where contact_id in (7, 8, 9)")
    conn.execute("update contact_property set total_number_of_orders = 4 where contact_id in (9, 10)")
    ulm = {"type": "property", "property": "city", "operator": "is", "value": "Ulm"}
    four = {"type": "property", "property": "total_number_of_orders", "operator": "is", "value": 4}
    first, second = (stored.create(conn, n, {"version": 1, "root": r}, "user:1") for n, r in (("A", ulm), ("B", four)))
    assert build.build(conn, first)
    assert build.build(conn, second)
    page = owner.get(f"/segments/{first}/compare?with={second}").text
    assert [int(cell) for cell in re.findall(r'<td class="right">(\d+)</td>', page)] == [1, 2, 1]
    only = html.unescape(re.findall(r'<th scope="row"><a href="([^"]+)"', page)[1])
    assert re.findall(r'<tr data-id="(\d+)"', owner.get(only).text) == ["8", "7"]
    exported = html.unescape(re.findall(r'href="([^"]+/export[^"]+)"', owner.get(f"/segments/{first}").text)[0])
    assert len(b"".join(owner.get(exported).streaming_content).splitlines()) == 4  # type: ignore[attr-defined]
    kept = owner.post(f"/segments/{first}/change", {"do": "freeze"})["Location"]
    into = int(kept.rsplit("/", 1)[1])
    jobs.freeze_segment(first, into)
    assert stored.members(conn, into) == [7, 8, 9]
    owner.post(f"/segments/{first}/change", {"do": "freeze"})  # once more on the same day
    assert len({item.name for item in stored.every(conn) if item.name.startswith("A (as of ")}) == 2
    assert owner.get(f"/segments/{first}/compare?with=999").status_code == 404


def test_a_chart_holds_each_size_until_the_next() -> None:
    days = [(date(2026, 1, 1), 10), (date(2026, 1, 6), 30), (date(2026, 1, 11), 20)]
    drawn = chart.steps(days, date(2026, 1, 11))
    assert drawn is not None
    assert drawn.path == "M0 96.0H300.0V4.0H600.0V50.0H600"
    assert chart.steps([], date(2026, 1, 1)) is None


def test_earlier_moves_follow_the_last_ones(owner: Client, people: int, conn: Connection) -> None:
    number = stored.create(conn, "Chosen", None, "user:1")
    static.add(conn, number, list(range(1, 31)))
    page = owner.get(f"/segments/{number}").text
    assert "<strong>joined</strong>" in page
    seen, address = re.findall(r'<strong>joined</strong> <a href="/contacts/(\d+)"', page), earlier(page)
    part = owner.get(address).text
    seen += re.findall(r'<strong>joined</strong> <a href="/contacts/(\d+)"', part)
    assert [int(contact) for contact in seen] == list(range(30, 0, -1))
    assert "Show earlier" not in part


def earlier(page: str) -> str:
    """Where the button leads that shows earlier moves."""
    (address,) = re.findall(r'hx-get="([^"]+/moves[^"]+)"', page)
    return html.unescape(address)
