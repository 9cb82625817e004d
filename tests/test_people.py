"""Risk: a person typed by hand and the same person in a shop become two."""

from __future__ import annotations

import psycopg
import pytest

from cartfolk import people
from cartfolk.core.sql import Connection
from cartfolk.people import NewPerson

from .people import refresh_all


def test_whoever_is_named_twice_is_one_contact(conn: Connection, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as identity:
        first = people.create(
            conn, identity, [NewPerson("Ann@X.de "), NewPerson("", "+49 30 123456"), NewPerson("ann@x.de")]
        )
        again = people.create(conn, identity, [NewPerson("ANN@x.de", "+49 30 999999"), NewPerson("", "0049 30 123456")])
    assert first[0] == first[2] == again[0]
    assert again[1] == first[1] != first[0]
    refresh_all(conn)
    rows = conn.execute("select contact_id, email from contact_list order by 1").fetchall()
    assert rows == [(first[0], "ann@x.de"), (first[1], None)]


def test_a_new_address_is_the_first_one_and_the_old_one_stays(conn: Connection, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as identity:
        one, other = people.create(conn, identity, [NewPerson("old@x.de"), NewPerson("taken@x.de")])
        people.rename(conn, identity, one, "New@x.de")
        people.rename(conn, identity, one, "New@x.de")
        with pytest.raises(people.EmailTaken) as refused:
            people.rename(conn, identity, one, "taken@x.de")
        assert refused.value.contact_id == other
        refresh_all(conn)
        assert conn.execute("select email from contact_list where contact_id = %s", [one]).fetchone() == ("new@x.de",)
        assert people.create(conn, identity, [NewPerson("old@x.de")]) == [one]


def test_an_added_address_does_not_become_the_first(conn: Connection, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as identity:
        (one,) = people.create(conn, identity, [NewPerson("zoe@x.de")])
        people.add_email(conn, identity, one, "ann@x.de")
        refresh_all(conn)
        first = "select email from contact_list where contact_id = %s"
        assert conn.execute(first, [one]).fetchone() == ("zoe@x.de",)
        assert [email.value for email in people.emails(conn, one)] == ["zoe@x.de", "ann@x.de"]
        people.rename(conn, identity, one, "ann@x.de")
        refresh_all(conn)
        assert conn.execute(first, [one]).fetchone() == ("ann@x.de",)


def test_a_nameless_person_is_refused_before_anybody_is_made(conn: Connection, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as identity, pytest.raises(people.NobodyNamed, match="no name"):
        people.create(conn, identity, [NewPerson("ann@x.de"), NewPerson("no name")])
    assert conn.execute("select count(*) from contact").fetchone() == (0,)
