"""Risk: a merge by hand does something else than its preview said, or cannot be found again to be undone."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from cartfolk import duplicates, merging
from cartfolk.core.sql import Connection


@pytest.fixture
def twins(conn: Connection, people: int) -> tuple[int, int]:
    """Two of the seeded people who share a phone number."""
    conn.execute(
        "insert into customer (contact_id, store_id, external_id, version, received_at, phone, first_name, registered)"
        " select n, (select min(store_id) from store_rule), n::text, now(), now(), '0221 1234567', 'Ann' || n, true"
        " from generate_series(1, 2) n"
    )
    conn.execute("insert into account select contact_id, store_id, external_id from customer")
    conn.execute("update contact_property set phone = '0221 1234567', computed_at = now() where contact_id < 3")
    duplicates.find(conn)
    return 1, 2


def test_from_the_suggestion_to_the_merge_and_back(owner: Client, conn: Connection, twins: tuple[int, int]) -> None:
    listed = owner.get("/contacts/duplicates").content.decode()
    assert "/contacts/merge?ids=1,2" in listed
    assert "The same phone number" in listed

    preview = owner.get("/contacts/merge?ids=1,2&kept=2").content.decode()
    assert re.search(r'class="after"[^>]*>3</td>', preview), "the three orders of the first will be the second's"
    assert conn.execute("select count(*) from contact_merge").fetchone() == (0,), "looking merges nobody"

    answer = owner.post("/contacts/merge", {"ids": "1,2", "kept": "2", "reason": "Her new phone"}, follow=True)
    record = answer.content.decode()
    assert answer.redirect_chain[-1][0] == "/contacts/2"
    assert "Her new phone" in record
    assert owner.get("/contacts/1").headers["Location"] == "/contacts/2", "old links lead to the person"
    assert conn.execute("select count(*) from orders where contact_id = 2").fetchone() == (3,)

    undo = re.search(r"/contacts/merges/\d+/undo", record)
    assert undo is not None
    owner.post(undo[0])
    assert owner.get("/contacts/1").status_code == 200
    assert conn.execute("select count(*) from orders where contact_id = 1").fetchone() == (3,)
    assert "/contacts/merge?ids=1,2" not in owner.get("/contacts/duplicates").content.decode()
    assert "Merge undone" in owner.get("/contacts/duplicates/dismissed").content.decode()


def test_the_first_of_the_addresses_is_the_same_in_every_line_of_the_preview(
    owner: Client, conn: Connection, twins: tuple[int, int]
) -> None:
    conn.execute(
        "insert into identity select 'email', 'a' || n || '@x.de', n, 'a' || n || '@x.de', 2,"
        " now() - n * interval '1 day', (select min(store_id) from store_rule), n::text from generate_series(1, 2) n"
    )
    conn.execute("update customer set email = 'a' || contact_id || '@x.de' where contact_id < 3")
    for kept in (1, 2):
        page = owner.get(f"/contacts/merge?ids=1,2&kept={kept}")
        after = {line.name: line.after for line in merging.preview(conn, kept, [3 - kept]).lines}
        assert page.context["after"].emails[0] == after["email"]


def test_comparing_need_not_wait_for_the_hour_and_is_asked_for_once(
    owner: Client, conn: Connection, people: int
) -> None:
    for _ in range(2):
        assert "being compared" in owner.post("/contacts/duplicates/compare", follow=True).content.decode()
    asked = "select count(*) from procrastinate_jobs where task_name = 'cartfolk.find_duplicates' and status = 'todo'"
    assert conn.execute(asked).fetchone() == (1,)
    assert "compared <time" not in owner.get("/contacts/duplicates").content.decode(), "nothing was compared yet"
    duplicates.find(conn)
    assert "compared <time" in owner.get("/contacts/duplicates").content.decode()


def test_dismissed_pairs_can_be_taken_back(owner: Client, twins: tuple[int, int]) -> None:
    owner.post("/contacts/duplicates/dismiss", {"ids": "1,2"})
    assert "ids=1,2" not in owner.get("/contacts/duplicates").content.decode()
    owner.post("/contacts/duplicates/reconsider", {"ids": "1,2"})
    assert "ids=1,2" in owner.get("/contacts/duplicates").content.decode()


def test_the_search_for_the_other_contact(owner: Client, twins: tuple[int, int]) -> None:
    assert "The same phone number" in owner.get("/contacts/2/merge").content.decode()
    assert "ids=2,5" in owner.get("/contacts/2/merge?q=p5").content.decode()
    assert 'ids=2,2"' not in owner.get("/contacts/2/merge?q=p2").content.decode()


@pytest.mark.parametrize("ids", ["", "1", "1,1", "1,99999", "x,y", "1,2,3,4,5,6,7,8,9,10,11"])
def test_what_cannot_be_merged_is_said(owner: Client, people: int, ids: str) -> None:
    answer = owner.get(f"/contacts/merge?ids={ids}", follow=True)
    assert answer.status_code == 200
    assert 'class="notice error"' in answer.content.decode()


def test_addresses_are_added_put_first_and_taken_away_but_for_the_shops(
    owner: Client, conn: Connection, twins: tuple[int, int]
) -> None:
    conn.execute("update customer set email = 'shop@x.de' where contact_id = 1")
    conn.execute(
        "insert into identity values ('email', 'shop@x.de', 1, 'Shop@x.de', 2, now(),"
        " (select min(store_id) from store_rule), '1'), ('email', 'taken@x.de', 2, 'taken@x.de', 0, now(), 0, '')"
    )

    def act(what: str, email: str) -> int:
        return owner.post("/contacts/1/emails", {"act": what, "email": email}).status_code

    def first() -> tuple[str, list[str]]:
        row = conn.execute("select email, hs_additional_emails from contact_property where contact_id = 1").fetchone()
        assert row
        return row[0], row[1]

    assert act("add", "Second@x.de") == 302
    assert first() == ("shop@x.de", ["second@x.de"])
    assert act("first", "second@x.de") == 302
    assert first() == ("second@x.de", ["shop@x.de"])
    assert act("remove", "shop@x.de") == 422, "it would come back with the shop's next record"
    assert act("add", "taken@x.de") == 422
    for slip in ("nothing", "ann@@x.de", "ann@x", "ann@x..de", "a nn@x.de"):
        assert act("add", slip) == 422
    assert act("remove", "second@x.de") == 302
    assert first() == ("shop@x.de", None)
