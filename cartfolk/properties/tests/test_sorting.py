"""Risk: an order kept ready is not the order of the values, because a computation and the filling crossed."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cartfolk.properties import calculated, definitions, sorting
from cartfolk.properties.catalogue import COMPUTED, PROPERTIES, Option
from cartfolk.properties.compute import compute, move
from cartfolk.properties.write import Mode, Write, write

from .test_calculated import own

AT = datetime(2026, 3, 30, 12, tzinfo=UTC)


@pytest.fixture
def shop(conn):
    conn.execute(
        "insert into store_rule (store_id, home_currency, live_from, label, name)"
        " values (1, 'EUR', '2026-01-01', 'WooCommerce', 'shop')"
    )


def customer(conn, person, city, first_name="Ann"):
    conn.execute("insert into contact values (%s, %s) on conflict do nothing", [person, AT])
    conn.execute(
        "insert into customer (contact_id, store_id, external_id, version, received_at, email, first_name,"
        " registered, created_at, billing, groups) values (%(p)s, 1, %(p)s::text, %(at)s, %(at)s, %(mail)s,"
        " %(first)s, true, %(at)s, %(billing)s, '{b2b,vip}') on conflict (contact_id, store_id, external_id)"
        " do update set billing = excluded.billing, first_name = excluded.first_name",
        {"p": person, "at": AT - timedelta(days=person), "mail": f"p{person}@shop.example", "first": first_name,
         "billing": Jsonb({"line1": "A 1", "city": city})},
    )  # fmt: skip


def run(conn, people, at=AT):
    with conn.transaction():
        return compute(conn, people, at, "sync")


def key(name):
    return sorting.key(name, PROPERTIES[name].column)


def kept(conn, name):
    (sort_id,) = conn.execute("select sort_id from sorted_property where name = %s", [name]).fetchone()
    return dict(
        conn.execute(
            "select contact_id, coalesce(word, number::text) from contact_sort where sort_id = %s", [sort_id]
        ).fetchall()
    )


def test_every_kind_of_property_is_kept_as_filling_would_make_it(conn, shop):
    """Incremental equals from scratch, for all columns there are."""
    for person in (1, 2, 3):
        customer(conn, person, f"City {person}")
    run(conn, [1, 2])
    names = list(COMPUTED)
    for name in names:
        conn.execute(
            "insert into sorted_property (name, kind, asked_at) values (%s, %s, %s)", [name, key(name).kind, AT]
        )
        sorting._copy(conn, key(name), conn.execute("select max(sort_id) from sorted_property").fetchone()[0])
    customer(conn, 1, 'Ärger "{}" \\ \n"city":', "Bob")
    customer(conn, 2, None)
    run(conn, [1, 2, 3], AT + timedelta(days=400))
    filled = 0
    for name in names:
        by_computing = kept(conn, name)
        (sort_id,) = conn.execute("select sort_id from sorted_property where name = %s", [name]).fetchone()
        conn.execute("delete from contact_sort where sort_id = %s", [sort_id])
        sorting._copy(conn, key(name), sort_id)
        assert by_computing == kept(conn, name), name
        assert set(by_computing) == {1, 2, 3}
        filled += any(value is not None for value in by_computing.values())
    assert filled > 20
    assert kept(conn, "city") == {1: 'Ärger "{}" \\ \n"city":'.lower(), 2: None, 3: "city 3"}


def test_a_computation_that_runs_while_an_order_is_filled_is_not_lost(conn, database, shop):
    customer(conn, 1, "Aachen")
    run(conn, [1])
    with psycopg.connect(database) as writer:
        customer(writer, 1, "Bonn")
        compute(writer, [1], AT, "sync")  # began before the property is registered, does not know of it
        filling = threading.Thread(target=_fill, args=(database, key("city")))
        filling.start()
        filling.join(0.5)
        assert filling.is_alive()
        assert sorting.place(conn, "city", AT) is None
        writer.commit()
    filling.join(20)
    assert sorting.place(conn, "city", AT) is not None
    assert kept(conn, "city") == {1: "bonn"}


def _fill(database, wanted):
    with psycopg.connect(database, autocommit=True) as other:
        assert sorting.fill(other, wanted, AT)


def test_a_killed_filling_is_continued_and_a_second_one_at_once_refused(conn, database, shop):
    for person in (1, 2):
        customer(conn, person, f"City {person}")
    run(conn, [1, 2])
    conn.execute("insert into sorted_property (name, kind, asked_at) values ('city', 'word', %s)", [AT])
    conn.execute("insert into contact_sort select 1, sort_id, 'city 1' from sorted_property")
    with psycopg.connect(database, autocommit=True) as other:
        sorting._true(other, "alone")
        assert sorting.fill(conn, key("city"), AT) is False
        assert sorting.place(conn, "city", AT) is None
        pid = other.info.backend_pid
    # The server lets go of a closed session's lock a moment after the client has closed it.
    while conn.execute("select from pg_stat_activity where pid = %s", [pid]).fetchone():
        time.sleep(0.01)
    assert sorting.fill(conn, key("city"), AT)
    assert sorting.place(conn, "city", AT)
    assert kept(conn, "city") == {1: "city 1", 2: "city 2"}


def test_few_orders_are_kept_and_only_those_in_use(conn, shop):
    customer(conn, 1, "Aachen")
    run(conn, [1])
    names = ["city", "country", "zip", "firstname", "createdate", "customer_group", "hs_language"]
    for day, name in enumerate(names):
        sorting.fill(conn, key(name), AT + timedelta(days=day))
    assert {row[0] for row in conn.execute("select name from sorted_property")} == set(names[1:])
    sorting.place(conn, "country", AT + timedelta(days=30))
    sorting.tidy(conn, AT + timedelta(days=36, hours=1))
    assert {row[0] for row in conn.execute("select name from sorted_property")} == {"country"}
    assert conn.execute("select count(*) from contact_sort").fetchone() == (1,)


def test_a_merged_contact_leaves_no_row_behind(conn, shop):
    for person in (1, 2):
        customer(conn, person, f"City {person}")
    run(conn, [1, 2])
    sorting.fill(conn, key("city"), AT)
    with conn.transaction():
        conn.execute("delete from customer where contact_id = 2")
        conn.execute("delete from contact where contact_id = 2")
        move(conn, {2: 1})
        compute(conn, [1, 2], AT, "merge")
    assert kept(conn, "city") == {1: "city 1"}


OWN = [
    own("shoe_size", "number"), own("nick", "string"), own("trade", "bool"), own("fair_day", "date"),
    own("called_at", "datetime"), own("kinds", "enumeration", multi=True, options=(Option("a", "A", "A"),)),
    own("double", "number", formula="[shoe_size] * 2"),
]  # fmt: skip
GIVEN = {"shoe_size": "44.5", "nick": "Ärger \"x\"", "trade": "true", "fair_day": "2026-05-01",
         "called_at": "2026-05-01T10:00:00Z", "kinds": ["a"]}  # fmt: skip


def own_key(item):
    return sorting.key(item.name, item.column, custom=True)


def test_orders_of_what_people_set_follow_every_way_it_is_written(conn, shop):
    """By hand before and after the filling, cleared, by a formula, of somebody new, through a merge."""
    for person in (1, 2, 3, 4):
        customer(conn, person, "Aachen")
    run(conn, [1, 2, 3])
    for item in OWN:
        definitions.create(conn, item, by="user:1")
    calculated.rebuild(conn)
    hand = {"mode": Mode.OVERWRITE, "source": "user", "by": "user:1"}
    write(conn, [Write(1, GIVEN)], **hand)
    for item in OWN:
        conn.execute("insert into sorted_property (name, kind, custom, asked_at) values (%s, %s, true, %s)",
                     [item.name, own_key(item).kind, AT])  # fmt: skip
        (sort_id,) = conn.execute("select max(sort_id) from sorted_property").fetchone()
        sorting._copy(conn, own_key(item), sort_id)
    assert kept(conn, "double") == {1: "89", 2: None, 3: None}
    write(conn, [Write(2, GIVEN | {"shoe_size": "7"}), Write(1, {"nick": None, "shoe_size": 3})], **hand)
    write(conn, [Write(4, {"nick": "Early"})], **hand)  # nobody computed this contact yet
    run(conn, [4])
    with conn.transaction():
        conn.execute("delete from customer where contact_id = 2")
        conn.execute("delete from contact where contact_id = 2")
        move(conn, {2: 3})
        compute(conn, [2, 3], AT, "merge")
    for item in OWN:
        by_writing = kept(conn, item.name)
        (sort_id,) = conn.execute("select sort_id from sorted_property where name = %s", [item.name]).fetchone()
        conn.execute("delete from contact_sort where sort_id = %s", [sort_id])
        sorting._copy(conn, own_key(item), sort_id)
        assert by_writing == kept(conn, item.name), item.name
        assert set(by_writing) == {1, 3, 4}
    assert kept(conn, "nick") == {1: None, 3: 'Ärger "x"'.lower(), 4: "early"}
    assert {n: float(v or 0) for n, v in kept(conn, "double").items()} == {1: 6, 3: 14, 4: 0}


def test_the_order_of_a_deleted_property_is_not_that_of_the_next_one_of_its_name(conn, shop):
    customer(conn, 1, "Aachen")
    run(conn, [1])
    (item, *_) = OWN
    definitions.create(conn, item, by="user:1")
    write(conn, [Write(1, {"shoe_size": 44})], mode=Mode.OVERWRITE, source="user")
    sorting.fill(conn, own_key(item), AT)
    definitions.archive(conn, item.name, by="user:1")
    definitions.delete(conn, item.name, by="user:1")
    definitions.create(conn, item, by="user:1")
    assert sorting.place(conn, item.name, AT) is None
    sorting.fill(conn, own_key(item), AT)
    assert kept(conn, item.name) == {1: None}


def test_a_write_that_runs_while_its_order_is_filled_is_not_lost(conn, database, shop):
    customer(conn, 1, "Aachen")
    run(conn, [1])
    wanted = sorting.key("jobtitle", "text", custom=True)
    with psycopg.connect(database) as writer:
        (told,) = write(writer, [Write(1, {"jobtitle": "Baker"})], mode=Mode.OVERWRITE, source="user")
        assert told.changed
        filling = threading.Thread(target=_fill, args=(database, wanted))
        filling.start()
        filling.join(0.5)
        assert filling.is_alive()
        writer.commit()
    filling.join(20)
    assert kept(conn, "jobtitle") == {1: "baker"}
