"""Risk: a merge that was wrong cannot be undone, or the undo gives a row to nobody, to both, or to the other one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.server import add_store
from cartfolk import merging, people
from cartfolk.connectors.canonical import Record
from cartfolk.core.sql import Connection
from cartfolk.pipeline import Facts
from cartfolk.segments import static, stored

from .people import refresh_all
from .test_order_and_repetition import LIVE_FROM, _clean, _feed, histories

_TABLES = ("contact", "identity", "reference", "account", *Facts.tables)
_SMALL = settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
Told = list[tuple[Record, datetime]]


@pytest.fixture
def store(conn: Connection) -> int:
    return add_store(conn, LIVE_FROM)


def dump(conn: Connection) -> dict[str, list[str]]:
    """Every row of every contact as text; moved_at alone, our mark for writers at work, may differ."""
    found = {}
    for table in _TABLES:
        rows = conn.execute(f"select (to_jsonb(t) - 'moved_at')::text from {table} t").fetchall()
        found[table] = sorted(row[0] for row in rows)
    return found


def assert_same(before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
    for table, rows in before.items():
        lost, new = set(rows) - set(after[table]), set(after[table]) - set(rows)
        assert (lost, new) == (set(), set()), table
        assert rows == after[table], f"{table} has rows twice"


def contacts(conn: Connection) -> list[int]:
    return [row[0] for row in conn.execute("select contact_id from contact order by 1")]


def prepared(conn: Connection, identity: Connection, store: int, told: Told, data: st.DataObject) -> list[int]:
    """Contacts of a random history, some with values people set."""
    _clean(conn)
    _feed(conn, identity, store, told)
    refresh_all(conn)
    people = contacts(conn)
    for person in people:
        if data.draw(st.booleans()):
            conn.execute(
                "insert into contact_custom (contact_id, jobtitle) values (%s, %s)"
                " on conflict (contact_id) do update set jobtitle = excluded.jobtitle",
                [person, data.draw(st.sampled_from([None, "Baker", "Cook"]))],
            )
    return people


@_SMALL
@given(told=histories(), data=st.data())
def test_undone_in_any_order_merges_leave_every_table_as_it_was(
    conn: Connection, database: str, store: int, told: Told, data: st.DataObject
) -> None:
    with psycopg.connect(database, autocommit=True) as identity:
        people = prepared(conn, identity, store, told, data)
        before = dump(conn)
        merges: list[int] = []
        while len(people) > 1 and len(merges) < 3:
            kept, gone = data.draw(st.permutations(people))[:2]
            merging.merge(conn, kept, [gone], "The same person", "user:1")
            people.remove(gone)
            row = conn.execute("select max(merge_id) from contact_merge").fetchone()
            assert row
            merges.append(row[0])
            if data.draw(st.booleans()):
                refresh_all(conn)
        ordered = data.draw(st.booleans())
        for position in reversed(range(len(merges))) if ordered else data.draw(st.permutations(range(len(merges)))):
            merging.undo(conn, _standing(conn, merges, position), "user:1")
            if data.draw(st.booleans()):
                refresh_all(conn)
        refresh_all(conn)
        assert_same(before, dump(conn))


def _standing(conn: Connection, merges: list[int], position: int) -> int:
    """Merges made again after an earlier one was undone have new numbers, and the time of the first."""
    rows = conn.execute("select merge_id from contact_merge order by merged_at").fetchall()
    return int(rows[position][0])


@_SMALL
@given(told=histories(), data=st.data())
def test_what_came_between_goes_to_the_person_it_names(
    conn: Connection, database: str, store: int, told: Told, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, max(1, len(told))))
    with psycopg.connect(database, autocommit=True) as identity:
        people = prepared(conn, identity, store, told[:cut], data)
        if len(people) < 2:
            return
        kept, gone = data.draw(st.permutations(people))[:2]
        merging.merge(conn, kept, [gone], "The same person", "user:1")
        row = conn.execute("select max(merge_id) from contact_merge").fetchone()
        assert row
        _feed(conn, identity, store, told[cut:])
        refresh_all(conn)
        assert misplaced(conn) == []
        everything = facts(conn)
        merging.undo(conn, row[0], "user:1")
        refresh_all(conn)
        for table, rows in facts(conn).items():
            assert rows == everything[table], f"{table}: lost {set(everything[table]) - set(rows)}"
        assert misplaced(conn) == []


def misplaced(conn: Connection) -> list[Any]:
    """Orders kept with somebody else than the person they name: a guest's e-mail, or an account."""
    return conn.execute(
        """select r.external_id, r.guest, o.customer_id, r.contact_id, i.contact_id, a.contact_id
           from reference r
           join orders o on o.order_id = r.object_id
           left join identity i on i.kind = 'email' and i.value = r.guest
           left join reference a on a.kind = 'customer' and a.store_id = r.store_id and a.external_id = o.customer_id
           where r.kind = 'order' and (o.contact_id <> r.contact_id or r.contact_id <> coalesce(
               i.contact_id, case when r.guest is null then a.contact_id end, r.contact_id))"""
    ).fetchall()


def facts(conn: Connection) -> dict[str, list[Any]]:
    return {
        table: conn.execute(f"select (to_jsonb(t) - 'contact_id')::text as r from {table} t order by r").fetchall()
        for table in ("identity", "reference", "account", "customer", "orders", "order_line", "refund", "cart_event")
    }


def test_a_list_counts_its_members_after_a_merge_was_taken_back(conn: Connection) -> None:
    ann, bob = people.create(conn, conn, [people.NewPerson("ann@x.de"), people.NewPerson("bob@x.de")])
    segment = stored.create(conn, "Friends", None, "user:1")
    static.add(conn, segment, [ann, bob])
    merging.merge(conn, ann, [bob], "the same", "user:1")
    assert stored.one(conn, segment).size == 1
    merging.undo(conn, _standing(conn, [0], 0), "user:1")
    assert stored.one(conn, segment).size == 2


def test_a_list_the_merge_brought_is_left_though_another_was_joined_since(conn: Connection) -> None:
    ann, bob = people.create(conn, conn, [people.NewPerson("ann@x.de"), people.NewPerson("bob@x.de")])
    friends, later, gone = (stored.create(conn, name, None, "user:1") for name in ("Friends", "Later", "Gone"))
    static.add(conn, friends, [bob])
    static.add(conn, gone, [ann])
    merging.merge(conn, ann, [bob], "the same", "user:1")
    static.add(conn, later, [ann])
    static.remove(conn, gone, [ann])
    merging.undo(conn, _standing(conn, [0], 0), "user:1")
    found = {segment: stored.members(conn, segment) for segment in (friends, later, gone)}
    assert found == {friends: [bob], later: [ann], gone: []}
    assert [stored.one(conn, segment).size for segment in (friends, later, gone)] == [1, 1, 0]
