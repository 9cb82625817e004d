"""Risks: of two who act on one contact at one moment the second loses something, brings back who was erased, leaves
rows that belong to nobody, or both wait for each other for ever."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from bench.server import add_store
from cartfolk import consent_links, duplicates, erasure, merging, people, pipeline
from cartfolk.commerce import consent, derive
from cartfolk.connectors.canonical import Order, OrderStatus
from cartfolk.contact_files import upload
from cartfolk.contact_files.tests.test_contacts import HEAD, bring, finish
from cartfolk.contact_files.undo import Undo
from cartfolk.core.sql import Connection, again
from cartfolk.identity import merges, resolve
from cartfolk.inbox import deliveries
from cartfolk.inbox.files import ledger
from cartfolk.inbox.quarantine import Bad
from cartfolk.people import NewPerson
from cartfolk.properties import calculated, definitions, notes, sorting
from cartfolk.properties.defined import load
from cartfolk.properties.tests.test_calculated import own
from cartfolk.properties.write import Mode, Outcome, Write, write
from cartfolk.segments import static, stored
from cartfolk.web import bulk

from .at_once import PATIENCE, homeless, others, waiting
from .people import drain_all, refresh_all

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
BY = "user:1"


@pytest.fixture
def store(conn: Connection) -> int:
    return add_store(conn, START)


@pytest.fixture
def pair(conn: Connection, store: int) -> Iterator[tuple[int, int]]:
    """Ann and Bob, and afterwards: nothing belongs to nobody."""
    ann, bob = people.create(conn, conn, [NewPerson("ann@x.de"), NewPerson("bob@x.de")])
    refresh_all(conn)
    yield ann, bob
    refresh_all(conn)
    assert homeless(conn) == {}


def order(number: str, email: str, at: datetime = START, **more: object) -> dict[str, object]:
    told = {"order_id": number, "status": "completed", "currency": "EUR", "total": "12.00", "email": email}
    lines = [{"name": "Darjeeling", "quantity": 1, "total": "12.00"}]
    return {
        "kind": "order",
        "occurred_at": at.isoformat(),
        "object": {**told, "placed_at": at.isoformat(), "lines": lines, **more},
    }


def receive(conn: Connection, store: int, *objects: dict[str, object], at: datetime = START) -> None:
    deliveries.store(conn, store, "ingest", "ingest", json.dumps(objects).encode(), at)


def while_merged(conn: Connection, database: str, pair: tuple[int, int], act: Callable[[Connection], object]) -> object:
    """What ``act`` gives somebody who begins it while Bob is merged into Ann; it ends after that."""
    ann, bob = pair
    with others(database) as beside:
        with conn.transaction():
            merging.merge(conn, ann, [bob], "the same", BY)
            begun = beside(act)
            waiting(database)
        return begun.result(PATIENCE)


def values(conn: Connection, name: str) -> dict[int, Any]:
    return dict(conn.execute(f"select contact_id, {name} from contact_custom").fetchall())


def set_value(conn: Connection, contact: int, name: str, value: str | None) -> Outcome:
    return write(conn, [Write(contact, {name: value})], mode=Mode.OVERWRITE, source="user", by=BY)[0]


def drained(url: str, conn: Connection) -> int:
    with psycopg.connect(url, autocommit=True) as identity:
        return pipeline.drain(conn, identity, pipeline.LIVE)


# --- merges -------------------------------------------------------------------------------------------


def test_a_pair_merged_in_both_directions_at_once_stays_one_person(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    set_value(conn, bob, "jobtitle", "Baker")
    with others(database) as beside:
        with conn.transaction():
            merging.merge(conn, ann, [bob], "the same", BY)
            second = beside(lambda mine: merging.merge(mine, bob, [ann], "the same", "user:2"))
            waiting(database)
        with pytest.raises(merging.CannotMerge):
            second.result(PATIENCE)
    assert conn.execute("select contact_id from contact").fetchall() == [(ann,)]
    assert values(conn, "jobtitle")[ann] == "Baker"


def test_a_value_written_while_its_contact_is_merged_is_the_kept_ones(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    assert while_merged(conn, database, pair, lambda mine: set_value(mine, bob, "jobtitle", "Cook")) == Outcome(
        ann, ("jobtitle",)
    )
    assert values(conn, "jobtitle")[ann] == "Cook"


def test_a_note_and_a_list_follow_a_contact_that_is_being_merged(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    segment = stored.create(conn, "Friends", None, BY)
    old = notes.add(conn, bob, "called", BY)
    with others(database) as beside:
        with conn.transaction():
            merging.merge(conn, ann, [bob], "the same", BY)
            acts = [
                beside(lambda mine: notes.add(mine, bob, "likes tea", BY)),
                beside(lambda mine: notes.change(mine, bob, old, "called twice")),
                beside(lambda mine: static.add(mine, segment, [bob])),
            ]
            waiting(database, 3)
        for act in acts:
            act.result(PATIENCE)
    told = conn.execute("select contact_id, body from note order by note_id").fetchall()
    assert told == [(ann, "called twice"), (ann, "likes tea")]
    assert conn.execute("select contact_id from contact_segment where segments <> '{}'").fetchall() == [(ann,)]


def test_an_unsubscribe_while_contacts_are_merged_is_not_lost(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    consent.act(conn, ann, "email", "marketing", "granted", "form", evidence={}, at=START)
    token = consent_links.unsubscribe_link(conn, bob).rsplit("/", 1)[1]
    link = consent_links.find(conn, token)
    assert link is not None
    while_merged(conn, database, pair, lambda mine: consent_links.unsubscribe(mine, token, link))
    assert [state.status for state in consent.states(conn, [ann])] == ["withdrawn"]


def test_an_address_added_while_its_contact_is_merged_names_the_kept_one(
    conn: Connection, database: str, store: int, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    while_merged(conn, database, pair, lambda mine: people.add_email(mine, mine, bob, "bobby@x.de"))
    receive(conn, store, order("1", "bobby@x.de"))
    drain_all(conn, database)  # an address of nobody would stop the queue here
    assert conn.execute("select contact_id from orders").fetchall() == [(ann,)]


# --- consent ------------------------------------------------------------------------------------------


def test_a_confirmation_pressed_twice_does_not_undo_the_unsubscribe_between(
    conn: Connection, pair: tuple[int, int]
) -> None:
    ann, _bob = pair
    token = consent_links.ask(conn, ann, "email", "newsletter", "Yes please").rsplit("/", 1)[1]
    link = consent_links.find(conn, token)
    assert link is not None
    leave = consent_links.unsubscribe_link(conn, ann, "email", "newsletter").rsplit("/", 1)[1]
    leaving = consent_links.find(conn, leave)
    assert leaving is not None
    consent_links.confirm(conn, token, link, "")
    assert [state.status for state in consent.states(conn, [ann])] == ["granted"]
    consent_links.unsubscribe(conn, leave, leaving)
    consent_links.confirm(conn, token, link, "")  # the second press had read the link before the first was done
    assert [state.status for state in consent.states(conn, [ann])] == ["withdrawn"]


# --- erasure ------------------------------------------------------------------------------------------


def test_what_is_written_beside_an_erasure_is_of_nobody_and_stays_nowhere(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, _bob = pair
    token = consent_links.unsubscribe_link(conn, ann).rsplit("/", 1)[1]
    link = consent_links.find(conn, token)
    assert link is not None
    with others(database) as beside:
        with conn.transaction():
            erasure.run(conn, erasure.ask(conn, contacts=[ann], by=BY), raw=False)
            note = beside(lambda mine: notes.add(mine, ann, "lives in Ulm", BY))
            address = beside(lambda mine: people.add_email(mine, mine, ann, "anna@x.de"))
            left = beside(lambda mine: consent_links.unsubscribe(mine, token, link))
            waiting(database, 3)
        with pytest.raises(notes.NoteMissing):
            note.result(PATIENCE)
        with pytest.raises(people.Gone):
            address.result(PATIENCE)
        left.result(PATIENCE)
    assert conn.execute("select value from identity").fetchall() == [("bob@x.de",)]


def test_who_is_made_while_the_address_is_being_erased_goes_too(conn: Connection, database: str) -> None:
    with others(database) as beside:
        with conn.transaction():
            conn.execute(resolve.Q["lock_identities"])
            made = beside(lambda mine: people.create(mine, mine, [NewPerson("cy@x.de")]))
            waiting(database)  # it has looked: nobody of that address was erased
            number = beside(lambda mine: erasure.ask(mine, emails=["cy@x.de"], by=BY)).result(PATIENCE)
            assert isinstance(number, int)
            gone = beside(lambda mine: erasure.run(mine, number, raw=False))
            waiting(database, 2)
        made.result(PATIENCE)
        gone.result(PATIENCE)
    assert conn.execute("select count(*) from contact").fetchone() == (0,)
    assert homeless(conn) == {}


def test_a_merge_taken_back_between_asking_for_an_erasure_and_doing_it_hides_nobody(
    conn: Connection, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    merging.merge(conn, ann, [bob], "the same", BY)
    number = erasure.ask(conn, contacts=[ann], by=BY)
    merging.undo(conn, merges.history(conn, ann)[0].merge_id, BY)
    erasure.run(conn, number, raw=False)
    assert conn.execute("select count(*) from contact").fetchone() == (0,)


def test_a_row_of_a_person_erased_while_the_file_is_read_is_kept_out_of_the_error_file(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    number = bring(conn, HEAD + "ann@x.de;Annabel;Ulm;\nbob@x.de;Bob;Bonn;\n")
    with others(database) as beside:
        with conn.transaction():
            erasure.run(conn, erasure.ask(conn, contacts=[ann], by=BY), raw=False)
            done = beside(lambda _mine: finish_import(database, number, "running"))
            waiting(database)
        done.result(PATIENCE)
    one = ledger.get(conn, number)
    assert (one.state, one.created, one.changed, one.wrong) == ("done", 0, 1, 1)
    told = upload.errors(one).read_text("utf-8-sig")
    assert "Annabel" not in told
    assert "ann@x.de" not in told
    assert [row[0] for row in conn.execute("select contact_id from contact")] == [bob]


# --- imports ------------------------------------------------------------------------------------------


def finish_import(url: str, number: int, state: str) -> None:
    with psycopg.connect(url, autocommit=True) as mine:
        finish(mine, url, number, state)


def test_an_import_that_brings_consents_and_a_merge_do_not_wait_for_each_other(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    columns = {"Nr": "contact_id", "E-Mail": "email", "Ort": "city", "ok": "consent.status", "wo": "consent.source",
               "wie": "consent.wording", "wann": "consent.at"}  # fmt: skip
    text = f"Nr;E-Mail;Ort;ok;wo;wie;wann\n{bob};bobby@x.de;Bonn;ja;Fair 2025;Yes;03.04.2025 10:00\n"
    number = bring(conn, text, columns=columns, match="contact_id")
    with others(database) as beside:
        with conn.transaction():
            conn.execute(resolve.Q["lock_identities"])  # as a merge of the shop's does first
            done = beside(lambda _mine: finish_import(database, number, "running"))
            waiting(database)
            conn.execute("set local lock_timeout = '3s'")
            merging.merge(conn, ann, [bob], "the same", BY)
        done.result(PATIENCE)
    assert ledger.get(conn, number).state == "done"
    assert values(conn, "city")[ann] == "Bonn"
    assert conn.execute("select count(*) from consent_event").fetchone() == (1,)


def test_an_import_taken_back_while_its_contact_is_merged_takes_back_what_it_did(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    number = bring(conn, HEAD + "cy@x.de;Cy;Bonn;cy.example\n")
    finish(conn, database, number, "running")
    (cy,) = conn.execute("select contact_id from identity where value = 'cy@x.de'").fetchone() or (0,)
    with others(database) as beside:
        with conn.transaction():
            merging.merge(conn, cy, [ann], "the same", BY)
            merging.merge(conn, bob, [cy], "the same", BY)
            done = beside(lambda _mine: finish_import(database, number, "undoing"))
            waiting(database)
        done.result(PATIENCE)
    one = ledger.get(conn, number)
    # What a shop has a word on as well was told anew by the merge: it stays, and is told.
    assert (one.state, one.undone) == ("undone", {"contacts": 1, "restored": 1, "left": 2})
    assert values(conn, "website") == {bob: None}


def test_an_order_that_comes_while_the_import_that_made_its_person_is_taken_back_has_one(
    conn: Connection, database: str, store: int
) -> None:
    number = bring(conn, HEAD + "cy@x.de;Cy;Bonn;\n")
    finish(conn, database, number, "running")
    assert ledger.go_on(conn, number, "undoing", before=["done"])
    receive(conn, store, order("1", "cy@x.de", customer_id="77"))
    with others(database) as beside:
        with conn.transaction():
            assert Undo(conn, number).step()
            handled = beside(lambda mine: drained(database, mine))
            waiting(database)
        assert handled.result(PATIENCE) == 1
    refresh_all(conn)
    assert homeless(conn) == {}
    rows = conn.execute("select value, external_id from orders join identity using (contact_id)").fetchall()
    assert rows == [("cy@x.de", "1")]


# --- bulk edits ---------------------------------------------------------------------------------------


def test_a_bulk_edit_taken_back_leaves_what_somebody_changes_at_that_moment(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    set_value(conn, ann, "jobtitle", "Cook")
    edit = bulk.ask(conn, BY, bulk.Selection((ann, bob)), "jobtitle", Mode.OVERWRITE, "Baker")
    bulk.run(conn, edit)
    assert bulk.undo(conn, BY, edit)
    edit.refresh_from_db()
    with others(database) as beside:
        with conn.transaction():
            set_value(conn, ann, "jobtitle", "Chef")
            back = beside(lambda mine: bulk.run(mine, edit))
            waiting(database)
        back.result(PATIENCE)
    assert (values(conn, "jobtitle")[ann], values(conn, "jobtitle").get(bob)) == ("Chef", None)
    edit.refresh_from_db()
    assert (edit.state, edit.refused) == ("undone", 1), "who keeps the value is told"


def test_a_bulk_edit_taken_back_after_a_merge_tells_whom_it_left(conn: Connection, pair: tuple[int, int]) -> None:
    ann, bob = pair
    set_value(conn, ann, "jobtitle", "Cook")
    set_value(conn, bob, "jobtitle", "Chef")
    edit = bulk.ask(conn, BY, bulk.Selection((ann, bob)), "jobtitle", Mode.OVERWRITE, "Baker")
    bulk.run(conn, edit)
    merging.merge(conn, ann, [bob], "the same", BY)
    bulk.undo(conn, BY, edit)
    edit.refresh_from_db()
    bulk.run(conn, edit)
    edit.refresh_from_db()
    assert (values(conn, "jobtitle")[ann], edit.refused) == ("Baker", 1)


def test_a_bulk_edit_of_a_merged_contact_goes_back_to_the_kept_ones_value(
    conn: Connection, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    for name, values_ in (("jobtitle", ("Cook", "Chef")), ("city", ("Ulm", "Bonn"))):
        for contact, value in zip(pair, values_, strict=True):
            set_value(conn, contact, name, value)  # Bob's last
    merging.merge(conn, ann, [bob], "the same", BY)
    for name, value in (("jobtitle", "Cook"), ("city", "Ulm")):
        edit = bulk.ask(conn, BY, bulk.Selection((ann,)), name, Mode.OVERWRITE, "Other")
        bulk.run(conn, edit)
        assert values(conn, name)[ann] == "Other"
        bulk.undo(conn, BY, edit)
        edit.refresh_from_db()
        bulk.run(conn, edit)
        assert values(conn, name)[ann] == value


# --- workers ------------------------------------------------------------------------------------------


def test_a_page_with_a_record_the_database_refuses_does_not_wait_for_a_merge_for_ever(
    conn: Connection, database: str, store: int, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    received = [
        pipeline.Received(Order(number, number, OrderStatus.COMPLETED, "ok", "EUR", Decimal(12), START, START,
                                email=email), store, START)
        for number, email in (("1", "ann@x.de"), ("9\0", "dan@x.de"), ("3", "eve@x.de"))
    ]  # fmt: skip
    bad: list[Bad] = []

    def page(mine: Connection) -> None:
        with psycopg.connect(database, autocommit=True) as identity, mine.transaction():
            pipeline.apply(mine, identity, received, pipeline.LIVE, bad)

    with others(database) as beside, psycopg.connect(database, autocommit=True) as merger:
        with merger.transaction():
            with conn.transaction():
                conn.execute(resolve.Q["lock_for_merge"], {"contacts": [ann]})
                handled = beside(page)
                waiting(database)  # the first half is about to be written
                merger.execute(resolve.Q["lock_identities"])
            waiting(database)  # the second half asks who Eve is
            merger.execute("set local lock_timeout = '3s'")
            merging.merge(merger, bob, [ann], "the same", BY)
        handled.result(PATIENCE)
    assert len(bad) == 1
    rows = conn.execute("select external_id, value from orders join identity using (contact_id) order by 1, 2")
    assert rows.fetchall() == [("1", "ann@x.de"), ("1", "bob@x.de"), ("3", "eve@x.de")]


def test_a_merge_does_not_wait_for_who_is_about_to_refresh_the_contact(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    derive.dirty(conn, [ann, bob], pipeline.LIVE)
    with others(database) as beside, conn.transaction():
        assert derive.take_dirty(conn, pipeline.LIVE, 10) == [ann, bob]  # next it waits for the contacts
        beside(lambda mine: merging.merge(mine, ann, [bob], "the same", BY)).result(PATIENCE)
        beside(lambda mine: erasure.run(mine, erasure.ask(mine, contacts=[ann], by=BY), raw=False)).result(PATIENCE)


def test_who_waits_for_the_contact_that_was_kept_holds_no_greater_one(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    (cy,) = people.create(conn, conn, [NewPerson("cy@x.de")])
    done = threading.Event()

    def keep(mine: Connection) -> None:
        with mine.transaction():
            mine.execute("select from contact where contact_id = %s for update", [ann])
            done.wait(PATIENCE)

    def both(mine: Connection) -> dict[int, int]:
        with mine.transaction():
            return resolve.hold(mine, [bob, cy])

    with others(database) as beside:
        with conn.transaction():
            merging.merge(conn, ann, [bob], "the same", BY)
            kept = beside(keep)
            waiting(database)
            held = beside(both)
            waiting(database, 2)
        waiting(database)
        conn.execute("select from contact where contact_id = %s for update nowait", [cy])
        done.set()
        kept.result(PATIENCE)
        assert held.result(PATIENCE) == {bob: ann, cy: cy}


def test_the_clock_does_not_hold_up_who_is_writing(conn: Connection, database: str, pair: tuple[int, int]) -> None:
    ann, bob = pair
    at = START + timedelta(days=1)
    conn.execute("insert into contact_due values (%s, %s), (%s, %s)", [ann, START, bob, START])
    conn.execute("insert into segment_due values (%s, %s), (%s, %s)", [ann, START, bob, START])
    with others(database) as beside, conn.transaction():
        resolve.hold(conn, [ann])
        # Holding the time and waiting for the contact, it would end whoever has the contact and sets the time.
        swept = beside(lambda mine: pipeline.sweep(mine, at))
        assert swept.result(PATIENCE) == 2
        derive.set_due(conn, [ann], {ann: at})
    assert pipeline.sweep(conn, at) >= 1


def test_an_order_of_a_property_made_beside_an_erasure_tells_nothing_of_the_erased(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    set_value(conn, ann, "jobtitle", "Baker")
    wanted = sorting.key("jobtitle", "text", custom=True)
    (sort_id,) = conn.execute(
        "insert into sorted_property (name, kind, custom, asked_at) values ('jobtitle', %s, true, %s)"
        " returning sort_id",
        [wanted.kind, START],
    ).fetchone() or (0,)
    with others(database) as beside:
        with conn.transaction():
            conn.execute("insert into contact_sort (contact_id, sort_id) values (%s, %s)", [bob, sort_id])
            filled = beside(lambda mine: sorting.fill(mine, wanted, START))
            waiting(database)  # Ann is copied, Bob about to be
            beside(lambda mine: erasure.run(mine, erasure.ask(mine, contacts=[ann], by=BY), raw=False)).result(PATIENCE)
        filled.result(PATIENCE)
    assert conn.execute("select contact_id from contact_sort").fetchall() == [(bob,)]


def test_a_pair_called_two_people_while_it_is_merged_stays_one(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    while_merged(conn, database, pair, lambda mine: duplicates.dismiss(mine, ann, bob, "user:2"))
    assert conn.execute("select count(*) from contact_apart").fetchone() == (0,)


def test_who_loses_to_another_transaction_is_asked_again(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    """An erasure takes the address out of what others' facts tell, and so waits for whoever changes these."""
    ann, bob = pair
    conn.execute(
        "insert into consent_event (contact_id, store_id, channel, purpose, at, status, source, email, evidence,"
        " received_at) values (%s, 1, 'email', 'marketing', %s, 'granted', 'form', 'ann@x.de', '{}', %s)",
        [bob, START, START],
    )
    tries = 0

    def against() -> None:
        nonlocal tries
        with conn.transaction():
            conn.execute("update consent_event set wording = 'yes' where contact_id = %s", [bob])
            tries += 1
            if tries == 1:
                waiting(database)
            conn.execute("select from contact where contact_id = %s for update", [ann])

    with others(database) as beside:
        number = erasure.ask(conn, contacts=[ann], by=BY)
        gone = beside(lambda mine: erasure.run(mine, number, raw=False))
        again(against)  # whichever of the two PostgreSQL ends
        gone.result(PATIENCE)
    assert conn.execute("select contact_id from contact").fetchall() == [(bob,)]
    assert conn.execute("select email from consent_event").fetchall() == [(None,)]


def test_two_formulas_changed_at_once_both_count(conn: Connection, database: str, pair: tuple[int, int]) -> None:
    for name in ("one", "two"):
        definitions.create(conn, own(name, "number", formula="1 + 1"), by=BY)
    with others(database) as beside:
        with conn.transaction():
            definitions.change(conn, own("one", "number", formula="2 + 2"), by=BY)
            second = beside(lambda mine: definitions.change(mine, own("two", "number", formula="3 + 3"), by=BY))
            waiting(database)
        second.result(PATIENCE)
    plan = calculated.plan(load(conn, archived=True).properties)
    assert plan is not None
    assert conn.execute("select revision from calculation").fetchone() == (plan.revision,)


def test_a_property_made_twice_at_once_is_made_once_and_the_second_is_told(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    with others(database) as beside:
        with conn.transaction():
            definitions.create(conn, own("points"), by=BY)
            twice = beside(lambda mine: definitions.create(mine, own("points"), by=BY))
            alike = beside(lambda mine: definitions.create(mine, replace(own("marks"), label_en="points"), by=BY))
            reader = beside(lambda mine: definitions.create(mine, own("more", formula="points + 1"), by=BY))
            waiting(database, 3)
        for refused in (twice, alike):
            with pytest.raises(definitions.BadDefinition):
                refused.result(PATIENCE)
        reader.result(PATIENCE)


def test_a_property_put_aside_while_a_formula_begins_to_read_it_stays_readable(
    conn: Connection, database: str, pair: tuple[int, int]
) -> None:
    definitions.create(conn, own("points"), by=BY)
    with others(database) as beside:
        with conn.transaction():
            definitions.create(conn, own("more", formula="points + 1"), by=BY)
            aside = beside(lambda mine: definitions.archive(mine, "points", by=BY))
            waiting(database)
        with pytest.raises(definitions.BadDefinition):
            aside.result(PATIENCE)
