"""Risk: after an update that computes otherwise, contacts keep the values of the version before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cartfolk.commerce import derive
from cartfolk.properties import apps, columns, recompute
from tests.people import refresh_all

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def people(conn):
    conn.execute("insert into contact (contact_id, first_seen) select n, %s from generate_series(1, 5) n", [AT])
    return conn


def waiting(conn):
    found = recompute.progress(conn)
    return found.waiting if found else 0


def test_a_property_that_an_update_adds_has_its_values_in_every_contact(people):
    conn = people
    recompute.watch(conn)
    refresh_all(conn)
    conn.execute("alter table contact_property drop column hs_object_id")  # the version before did not know it
    conn.execute("update computation set fingerprint = 'of the version before'")
    columns.ensure(conn)
    assert conn.execute("select count(hs_object_id) from contact_property").fetchone() == (0,)
    assert recompute.watch(conn)
    assert waiting(conn) == 5
    refresh_all(conn)
    assert conn.execute("select count(hs_object_id) from contact_property").fetchone() == (5,)
    assert waiting(conn) == 0


def test_the_same_version_started_again_marks_nobody(people):
    conn = people
    conn.execute("update computation set fingerprint = null")
    assert recompute.watch(conn)
    refresh_all(conn)
    assert not recompute.watch(conn)
    assert waiting(conn) == 0


def test_killed_in_between_either_everybody_is_marked_or_the_next_start_does_it(people, monkeypatch):
    conn = people
    conn.execute("update computation set fingerprint = 'of the version before'")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(recompute.derive, "dirty_everybody", killed)
        with pytest.raises(KeyboardInterrupt):
            recompute.watch(conn)
    assert recompute.watch(conn)
    assert waiting(conn) == 5


def test_every_migrate_looks(people):
    conn = people
    conn.execute("update computation set fingerprint = 'of the version before'")
    apps._add_columns(using="default")
    assert waiting(conn) == 5


def test_only_what_the_update_marked_counts_whatever_else_is_in_the_queue(people):
    conn = people
    recompute.watch(conn)
    refresh_all(conn)
    derive.dirty(conn, [1, 2], 1)  # an import before it
    conn.execute("update computation set fingerprint = 'of the version before'")
    recompute.watch(conn)
    derive.dirty(conn, [3, 4], 1)  # and one behind it
    told = []
    while taken := derive.take_dirty(conn, 1, 1):
        assert taken
        told.append(waiting(conn))
    assert told == [5, 5, 4, 3, 2, 1, 0, 0, 0], "those before it, then its five, then those behind"
