"""Risk: one person is three contacts and nobody is told; or two people are suggested, merged, suggested again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from bench.server import add_store
from cartfolk import duplicates, merging, pipeline
from cartfolk.connectors.canonical import Address, Customer
from cartfolk.core.sql import Connection

from .people import refresh_all

START = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.fixture
def store(conn: Connection) -> int:
    return add_store(conn, START)


def account(number: int, email: str, first: str = "", last: str = "", **more: Any) -> Customer:
    return Customer(str(number), email, START, first_name=first, last_name=last, **more)


def put(conn: Connection, url: str, store: int, *records: Customer) -> list[int]:
    """The contacts of these accounts."""
    with psycopg.connect(url, autocommit=True) as identity, conn.transaction():
        pipeline.apply(conn, identity, [pipeline.Received(r, store, START) for r in records], pipeline.LIVE)
    refresh_all(conn)
    found = dict(conn.execute("select external_id, contact_id from account where store_id = %s", [store]).fetchall())
    return [found[record.external_id] for record in records]


def pairs(conn: Connection) -> dict[tuple[int, int], tuple[str, ...]]:
    return {(one.one, one.other): one.reasons for one in duplicates.suggestions(conn, limit=100)}


AT_HOME = Address("", "", line1="Lange Straße 5", postal_code="50667", city="Köln", country="DE")
HOME_AGAIN = Address("", "", line1="Lange Str. 5", postal_code="50667", city="Köln", country="DE")


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        (account(1, "a@x.de", phone="+49 221 1234567"), account(2, "b@y.de", phone="0221/1234567"), ("phone",)),
        (account(1, "a@x.de", "Eva", "Abt", billing=AT_HOME), account(2, "b@y.de", "eva", "ABT", billing=HOME_AGAIN),
         ("name_address",)),
        (account(1, "eva.abt@gmail.com"), account(2, "eva.abt@gmial.com"), ("email_domain",)),
        (account(1, "eva.abt@x.de", "Eva", "Abt"), account(2, "eva.abbt@x.de", "Eva", "Abt"), ("email_letter",)),
        (account(1, "eva.abt@x.de", "Eva", "Abt"), account(2, "eav.abt@x.de", "Eva", "Abt"), ("email_letter",)),
        (account(1, "a@x.de", "Eva", "Abt", billing=Address("", "", city="Köln")),
         account(2, "b@y.de", "Abt", "Eva", billing=Address("", "", city="Köln")), ("swapped_name",)),
        (account(1, "eva.abt@x.de", "Eva", "Abt"), account(2, "eva.abt@x.de", "Eva", "Abt"), ("email",)),
        (account(1, "eva.abt@x.de", "Eva", "Abt"), account(2, "eva.bar@x.de", "Eva", "Abt"), None),
        (account(1, "a@x.de", "Eva", "Abt"), account(2, "b@y.de", "Eva", "Abt"), None),
        (account(1, "eva@web.de"), account(2, "eva@gmx.de"), None),
    ],
)  # fmt: skip
def test_who_is_suggested(
    conn: Connection, database: str, store: int, one: Customer, other: Customer, reasons: tuple[str, ...] | None
) -> None:
    put(conn, database, store, one, other)
    duplicates.find(conn)
    assert list(pairs(conn).values()) == ([reasons] if reasons else [])


def test_incremental_equals_everything_anew_and_what_changed_away_is_withdrawn(
    conn: Connection, database: str, store: int
) -> None:
    put(conn, database, store, account(1, "a@x.de", phone="02211234567"))
    duplicates.find(conn)
    put(conn, database, store, account(2, "b@y.de", phone="02211234567"), account(3, "c@y.de", phone="02211234567"))
    duplicates.find(conn)
    assert len(pairs(conn)) == 3
    changed = Customer("3", "c@y.de", START.replace(hour=10), phone="0999555444")
    put(conn, database, store, changed)
    duplicates.find(conn)
    found = pairs(conn)
    assert len(found) == 1
    for anew in ({"everything": True}, {"rebuild": True}):
        duplicates.find(conn, **anew)
        assert pairs(conn) == found


def test_dismissed_is_not_suggested_again_nor_merged_by_a_rule(conn: Connection, database: str, store: int) -> None:
    here, there = put(conn, database, store, account(1, "a@x.de", phone="02211234567"),
                      account(2, "b@y.de", phone="02211234567"))  # fmt: skip
    duplicates.find(conn)
    duplicates.dismiss(conn, here, there, "user:1")
    duplicates.find(conn, everything=True)
    assert pairs(conn) == {}
    duplicates.reconsider(conn, here, there, "user:1")
    assert len(pairs(conn)) == 1


def test_an_undone_merge_by_a_rule_stays_undone_when_the_shops_tell_it_again(
    conn: Connection, database: str, store: int
) -> None:
    other_shop = add_store_again(conn)
    (here,) = put(conn, database, store, account(1, "a@x.de"))
    (elsewhere,) = put(conn, database, other_shop, account(7, "b@x.de"))
    moved = Customer("7", "a@x.de", START.replace(hour=11))
    (merged,) = put(conn, database, other_shop, moved)
    assert merged == here, "accounts of two shops with one address are one person"
    merge_id = conn.execute("select merge_id from contact_merge").fetchone()
    assert merge_id
    merging.undo(conn, merge_id[0], "user:1")
    again = put(conn, database, other_shop, Customer("7", "a@x.de", START.replace(hour=12), first_name="Eva"))
    assert again == [elsewhere]
    assert put(conn, database, store, Customer("1", "a@x.de", START.replace(hour=13))) == [here]
    duplicates.find(conn)
    assert pairs(conn) == {}


def test_accounts_of_two_shops_with_an_offices_address_are_suggested_not_merged(
    conn: Connection, database: str, store: int
) -> None:
    (here,) = put(conn, database, store, account(1, "info@firm.de", "Eva", "Abt"))
    (there,) = put(conn, database, add_store_again(conn), account(7, "info@firm.de", "Ben", "Bar"))
    assert here != there
    duplicates.find(conn)
    assert pairs(conn) == {(here, there): ("email",)}


def add_store_again(conn: Connection) -> int:
    conn.execute("update stores_store set key = 'first', name = 'first', url = 'https://first.example'")
    return add_store(conn, START)
