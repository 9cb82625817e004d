"""Risk: a table that holds rows of a person is forgotten when that person is erased or merged."""

from __future__ import annotations

from importlib import import_module

from cartfolk.core.sql import Connection

ROOMS = ("inbox", "identity", "commerce", "properties", "segments")


def test_every_table_with_a_contact_id_is_named_by_its_room(conn: Connection) -> None:
    named: list[str] = []
    for room in ROOMS:
        try:
            named += import_module(f"cartfolk.{room}.tables").PERSON_TABLES
        except ModuleNotFoundError:  # a room without tables of its own
            continue
    found = {
        table
        for (table,) in conn.execute(
            "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where a.attname = 'contact_id' and a.attnum > 0 and not a.attisdropped"
            " and c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace"
        )
    }
    assert len(named) == len(set(named)), "a table has one room"
    assert found - set(named) == set(), "tables nobody would erase: add them to PERSON_TABLES of their room"
    assert set(named) - found == set(), "named, but not in the database"
