"""Risk: someone is in a segment who should not be, or the other way round: after a change, by the clock, beside a
build, after a merge."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from cartfolk import pipeline
from cartfolk.core.sql import Connection
from cartfolk.properties import definitions
from cartfolk.properties.tests.test_calculated import own
from cartfolk.properties.write import Mode, Write, write
from cartfolk.segments import build, merge, refresh, static, stored

T = datetime(2026, 3, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def prop(name: str, operator: str, value: object = None) -> dict[str, Any]:
    return {"type": "property", "property": name, "operator": operator, "value": value}


def whole(root: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "root": root}


def member_of(segment: int, member: bool = True) -> dict[str, Any]:
    return {"type": "segment", "segment": segment, "member": member}


def every(*children: dict[str, Any]) -> dict[str, Any]:
    return {"type": "group", "match": "all", "children": list(children)}


ORDERED = {"type": "event", "event": "order", "measure": "count", "operator": "greater_equal", "value": 1}
LATELY = ORDERED | {"period": {"last": 30, "unit": "day"}}
BAKERS = prop("jobtitle", "is_any_of", ["Baker"])


@pytest.fixture
def six(conn: Connection) -> list[int]:
    """Contacts 1 to 6; 1, 2 and 3 ordered on day 0, 10 and 20."""
    conn.execute("insert into contact (contact_id) select generate_series(1, 6)")
    conn.execute(
        "insert into store_rule (store_id, home_currency, live_from, label, name)"
        " values (7, 'EUR', '2020-01-01', 'WooCommerce', 'shop')"
    )
    for number in (1, 2, 3):
        order(conn, number, number, T + 10 * (number - 1) * DAY)
    touch(conn, T + 25 * DAY)
    return [1, 2, 3, 4, 5, 6]


def test_what_happened_while_a_segment_could_not_be_asked_is_made_up_for(conn: Connection, six: list[int]) -> None:
    """A property is archived and its segment stands still; brought back, the segment is built anew."""
    definitions.create(conn, own("keen", "bool"), by="user:1")
    write(conn, [Write(n, {"keen": "yes", "jobtitle": "Baker"}) for n in (1, 2)], mode=Mode.OVERWRITE, source="user")
    segment = stored.create(conn, "Keen bakers", whole(every(prop("keen", "is", True), BAKERS)), "user:1")
    build.build(conn, segment)
    assert stored.members(conn, segment) == [1, 2]
    for archived in (True, False):
        (definitions.archive if archived else definitions.restore)(conn, "keen", by="user:1")
        build.mind(conn)
        if archived:
            assert stored.one(conn, segment).state == "failed", "nobody is told that it is true"
            write(conn, [Write(1, {"jobtitle": "Judge"})], mode=Mode.OVERWRITE, source="user")
            touch(conn, T + 26 * DAY)
            assert stored.members(conn, segment) == [1, 2]
    assert build.waiting(conn) == [segment]
    build.build(conn, segment)
    assert (stored.members(conn, segment), stored.one(conn, segment).state) == ([2], "ready")
    build.mind(conn)
    assert build.waiting(conn) == [], "once"


def order(conn: Connection, contact: int, number: int, at: datetime) -> None:
    conn.execute(
        "insert into orders (contact_id, order_id, store_id, external_id, version, received_at, number, status,"
        " status_raw, currency, total, tax, shipping, discount, detail, placed_at)"
        " values (%(c)s, %(n)s, 7, %(n)s::text,"
        " %(at)s, %(at)s, %(n)s::text, 'completed', 'completed', 'EUR', 10, 0, 0, 0, 0, %(at)s)",
        {"c": contact, "n": number, "at": at},
    )


def touch(conn: Connection, at: datetime, contacts: tuple[int, ...] = (1, 2, 3, 4, 5, 6), source: str = "sync") -> None:
    with conn.transaction():
        pipeline.refresh(conn, contacts, at, source)


def built(conn: Connection, name: str, root: dict[str, Any]) -> int:
    segment = stored.create(conn, name, whole(root), "user:1")
    assert build.build(conn, segment)
    return segment


def test_a_build_a_change_and_the_clock_lead_in_and_out(conn: Connection, six: list[int], monkeypatch: Any) -> None:
    monkeypatch.setattr(build, "now", lambda: T + 25 * DAY)
    lately = built(conn, "Lately", LATELY)
    assert stored.members(conn, lately) == [1, 2, 3]
    while pipeline.sweep(conn, T + 29 * DAY):
        pass
    assert stored.members(conn, lately) == [1, 2, 3]
    while pipeline.sweep(conn, T + 31 * DAY):
        pass
    assert stored.members(conn, lately) == [2, 3]
    order(conn, 5, 50, T + 31 * DAY)
    touch(conn, T + 31 * DAY, (5,))
    assert stored.members(conn, lately) == [2, 3, 5]
    assert [(row["contact_id"], row["joined"], row["reason"]) for row in stored.moves(conn, lately).rows][:2] == [
        (5, True, "sync"),
        (1, False, "clock"),
    ]
    assert stored.one(conn, lately).size == 3
    stored.fold(conn)
    assert stored.one(conn, lately).size == 3


def test_a_value_written_by_hand_counts_with_the_next_refresh(conn: Connection, six: list[int]) -> None:
    bakers = built(conn, "Bakers", BAKERS)
    write(conn, [Write(4, {"jobtitle": "Baker"})], mode=Mode.OVERWRITE, source="user", by="user:1")
    while pipeline.refresh_dirty(conn, 0):
        pass
    assert stored.members(conn, bakers) == [4]


def test_segments_that_name_others_follow_in_the_same_step(conn: Connection, six: list[int]) -> None:
    ordered = built(conn, "Ordered", ORDERED)
    picked = stored.create(conn, "Picked", None, "user:1")
    static.add(conn, picked, [1, 4, 99])
    both = built(conn, "Both", every(member_of(ordered), member_of(picked)))
    neither = built(conn, "Not picked", every(member_of(both, member=False), member_of(ordered)))
    assert (stored.members(conn, both), stored.members(conn, neither)) == ([1], [2, 3])
    static.add(conn, picked, [2])
    assert (stored.members(conn, both), stored.members(conn, neither)) == ([1, 2], [3])
    conn.execute("update orders set status = 'cancelled' where contact_id = 1")
    touch(conn, T + 26 * DAY, (1,))
    assert (stored.members(conn, both), stored.members(conn, neither)) == ([2], [3])
    with pytest.raises(stored.InUse, match="Both"):
        stored.delete(conn, ordered, "user:1")


def test_a_new_definition_leads_out_whom_the_old_one_led_in(conn: Connection, six: list[int]) -> None:
    segment = built(conn, "Ordered", ORDERED)
    stored.redefine(conn, segment, whole(BAKERS), "user:1")
    assert not stored.one(conn, segment).true
    assert build.build(conn, segment)
    assert stored.members(conn, segment) == []
    assert stored.one(conn, segment).true


def test_a_cancelled_build_says_so_and_can_be_made_again(conn: Connection, six: list[int]) -> None:
    segment = stored.create(conn, "Ordered", whole(ORDERED), "user:1")
    stored.cancel(conn, segment, "user:1")
    assert not build.build(conn, segment)
    assert build.waiting(conn) == []
    assert (stored.one(conn, segment).state, stored.one(conn, segment).true) == ("failed", False)
    stored.rebuild(conn, segment, "user:1")
    assert build.build(conn, segment)
    assert stored.members(conn, segment) == [1, 2, 3]


def test_whoever_is_touched_during_a_build_is_right_afterwards(conn: Connection, six: list[int], database: str) -> None:
    conn.execute("insert into contact (contact_id) select generate_series(7, 200)")
    ids = tuple(range(7, 201))
    for number in ids[::2]:
        order(conn, number, 1000 + number, T)
    touch(conn, T + 25 * DAY, ids)
    segment = stored.create(conn, "Ordered", whole(ORDERED), "user:1")
    failed: list[BaseException] = []

    def live() -> None:
        try:
            with psycopg.connect(database, autocommit=True) as other:
                for number in ids[:100]:
                    if number % 2:
                        other.execute("update orders set status = 'cancelled' where contact_id = %s", [number])
                    else:
                        order(other, number, 5000 + number, T)
                    touch(other, T + 25 * DAY, (number,))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=live)
    thread.start()
    while thread.is_alive():
        build.build(conn, segment)
        stored.rebuild(conn, segment, "user:1")
    thread.join()
    build.build(conn, segment)
    assert not failed
    rows = conn.execute("select distinct contact_id from orders where status = 'completed' order by 1").fetchall()
    assert stored.members(conn, segment, limit=1000) == [row[0] for row in rows]
    assert stored.one(conn, segment).size == len(rows)


def test_a_merge_keeps_the_static_and_judges_the_active_anew(conn: Connection, six: list[int]) -> None:
    ordered = built(conn, "Ordered", ORDERED)
    picked = stored.create(conn, "Picked", None, "user:1")
    static.add(conn, picked, [1, 2])
    with conn.transaction():
        merge.move(conn, {1: 4, 2: 4}, T)
        conn.execute("update orders set contact_id = 4 where contact_id in (1, 2)")
        conn.execute("delete from contact_property where contact_id in (1, 2)")
        conn.execute("delete from contact where contact_id in (1, 2)")
    touch(conn, T + 25 * DAY, (4,))
    assert (stored.members(conn, ordered), stored.members(conn, picked)) == ([3, 4], [4])
    assert (stored.one(conn, ordered).size, stored.one(conn, picked).size) == (2, 1)
    conn.execute("delete from segment_delta")  # what was counted is lost
    stored.recount(conn)
    assert (stored.one(conn, ordered).size, stored.one(conn, picked).size) == (2, 1)


def test_history_import_joins_are_marked_and_a_preview_counts_what_a_build_makes(
    conn: Connection, six: list[int]
) -> None:
    segment = stored.create(conn, "Ordered", whole(ORDERED), "user:1")
    touch(conn, T + 25 * DAY, source="import")
    assert {row["historic"] for row in stored.moves(conn, segment).rows} == {True}
    now = refresh.definitions(conn)
    counted = stored.count(conn, now.roots[segment], now.context, T + 25 * DAY)
    assert (counted.count, counted.sample) == (3, [3, 2, 1])


@pytest.mark.parametrize("farthest", [30, 200_000])
def test_every_move_is_shown_once_page_by_page(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, farthest: int
) -> None:
    """Risk: paging loses or repeats a move, or reads a million for a page: of a segment that many joined long ago, of
    one with few moves, of one that changes all the time."""
    many, few, lively = 1, 2, 3
    noted = (
        "insert into segment_log (contact_id, at, reason, historic, joined, parted) values (%s, now(), 'user', false, "
    )
    for contact in range(60):
        conn.execute(noted + "%s, %s)", [contact, [many, lively] + [few] * (contact == 7), []])
    for contact in range(400):
        conn.execute(noted + "%s, %s)", [contact, [], [lively] + [few] * (contact == 300)])
    monkeypatch.setattr(stored, "LATEST", 10)
    monkeypatch.setattr(stored, "FARTHEST", farthest)

    def shown(segment: int) -> tuple[list[tuple[int, bool]], int]:
        found, before, pages = [], None, 0
        while True:
            page = stored.moves(conn, segment, 7, before)
            assert len(page.rows) <= 7
            found += [(row["contact_id"], row["joined"]) for row in page.rows]
            before, pages = page.further, pages + 1
            if before is None:
                return found, pages

    assert shown(few) == ([(300, False), (7, True)], 1)
    joined = [(contact, True) for contact in reversed(range(60))]
    assert shown(many)[0] == joined
    assert (shown(many)[1] > 9) == (farthest == 30)  # some pages end where they have looked far enough
    assert shown(lively)[0] == [(contact, False) for contact in reversed(range(400))] + joined
    assert shown(99) == ([], 1)
