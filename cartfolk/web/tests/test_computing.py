"""Risk: after an update somebody takes numbers of the version before for true, or every page pays for telling."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client

from cartfolk.commerce import derive
from cartfolk.core.sql import Connection
from cartfolk.properties import recompute
from cartfolk.web import computing


@pytest.fixture(autouse=True)
def unseen() -> Iterator[None]:
    computing._looks.clear()
    yield
    computing._looks.clear()


def wait() -> None:
    """The time until the next look goes by."""
    for look in computing._looks.values():
        look.until = 0
        look.began -= 10


def updated(conn: Connection) -> None:
    conn.execute("update computation set fingerprint = 'of the version before'")
    assert recompute.watch(conn)


def test_where_numbers_are_read_it_is_told_how_far_they_are_computed_anew(conn, owner: Client, people: int) -> None:
    updated(conn)
    for page in ("/contacts", "/segments"):
        assert f"Numbers are being computed anew after an update: 0% (0 of {people})" in owner.get(page).text
    assert "left" not in owner.get("/computing").text, "how fast it is nobody knows yet"
    derive.take_dirty(conn, 1, 40)
    wait()
    told = owner.get("/computing").text
    assert re.search(rf"\(40 of {people}\), \d a second, about \d+ seconds left", told)
    assert 'hx-get="/computing"' in told
    derive.take_dirty(conn, 1, people)
    wait()
    assert owner.get("/computing").text.strip() == "", "it is gone by itself"
    assert 'id="computing"' not in owner.get("/contacts").text


def test_while_nothing_is_computed_anew_pages_do_not_ask(conn, owner: Client, people: int) -> None:
    assert 'id="computing"' not in owner.get("/contacts").text
    updated(conn)
    assert 'id="computing"' not in owner.get("/contacts").text, "the page asked although it had just been told no"
    wait()
    assert 'id="computing"' in owner.get("/contacts").text


def test_a_second_update_in_the_middle_begins_anew(conn, owner: Client, people: int) -> None:
    updated(conn)
    owner.get("/contacts")
    derive.take_dirty(conn, 1, 100)
    wait()
    assert re.search(rf"\(100 of {people}\), \d+ a second", owner.get("/computing").text)
    derive.take_dirty(conn, 1, people)
    updated(conn)
    wait()
    told = owner.get("/computing").text
    assert f"(0 of {people})" in told
    assert "a second" not in told
