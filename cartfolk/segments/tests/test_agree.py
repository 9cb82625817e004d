"""Compiled sets, the statement for touched contacts, the explanation and a plain evaluator name the same members, for
random definitions over random people at awkward moments; and nobody's answer changes before they are due."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartfolk.core.sql import Connection
from cartfolk.segments import account, sentence
from cartfolk.segments.compile import compile, compile_touched, where
from cartfolk.segments.explain import explain
from cartfolk.segments.language import from_json, to_json
from cartfolk.segments.tests import world as worlds
from cartfolk.segments.tests.oracle import Oracle
from cartfolk.segments.tests.trees import Trees
from cartfolk.segments.tree import Context, Known, Node, Shop

CLOCKS = [
    datetime.fromisoformat(text).astimezone(UTC)
    for text in (
        "2026-03-29T01:59:59.999999+01:00",  # the last tick before the clock is put forward in Berlin
        "2026-03-31T12:00:00+02:00",
        "2026-10-25T02:30:00+02:00",  # half past two, the first time
        "2026-10-25T02:30:00+01:00",  # and the second
        "2027-01-01T00:00:00+01:00",
        "2027-02-28T23:59:59+01:00",
        "2028-02-29T12:00:00+01:00",
        "2028-03-01T00:00:00+01:00",
        "2026-11-01T00:30:00-04:00",  # half past midnight, the first time, in Havana
    )
]


@dataclass(slots=True)
class Stage:
    conn: Connection
    world: worlds.World
    context: Context


@pytest.fixture(scope="module", params=["Europe/Berlin", "America/Havana"])
def stage(request: pytest.FixtureRequest, server_url: str, template: str) -> Iterator[Stage]:
    """A database of people, for any number of questions; nothing in it is changed."""
    from conftest import drop, named

    name = f"segments_{request.param.split('/')[1].lower()}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'create database {name} template "{template}" strategy file_copy')
        world = worlds.populate(random.Random(request.param), 120, CLOCKS)
        with psycopg.connect(named(server_url, name), autocommit=True) as conn:
            worlds.store(conn, world)
            conn.execute("analyze")
            conn.execute("set timezone to 'Asia/Tokyo'")  # the session's zone must not matter
            stores = {
                number: Shop(f"shop {number}", counted, worlds.CURRENCIES[number])
                for number, counted in worlds.STORES.items()
            }
            segments = {901: Known("one"), 902: Known("two")}
            yield Stage(conn, world, Context(worlds.ASKED, ZoneInfo(request.param), stores, segments, cuts=worlds.CUTS))
        drop(admin, name)


def members(stage: Stage, root: Node, at: datetime) -> list[int]:
    sql = compile(root, stage.context)
    return sorted(row[0] for row in stage.conn.execute(sql.text, sql.at(at)).fetchall())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), clock=st.sampled_from(CLOCKS), spread=st.sampled_from([0, 1, -1, 3600, 86400]))
def test_every_way_to_ask_names_the_same_members(stage: Stage, seed: int, clock: datetime, spread: int) -> None:
    at = clock + timedelta(seconds=spread)
    trees = Trees(random.Random(seed), CLOCKS)
    roots = {}
    for number in range(1, 9):
        definition = trees.definition()
        root = roots[number] = from_json(definition, stage.context)
        assert from_json(to_json(root), stage.context) == root
        assert sentence.segment(root, stage.context)
    oracle = Oracle(stage.world, stage.context.zone, at)
    expected = {number: oracle.members(root) for number, root in roots.items()}
    people = [person.number for person in stage.world.people]
    for number, root in roots.items():
        assert members(stage, root, at) == sorted(expected[number]), (at, to_json(root))
        sql = where(root, stage.context, row="l")
        beside = stage.conn.execute(
            f"select l.contact_id from contact_list l {sql.joins} where {sql.text}", sql.at(at)
        ).fetchall()
        assert {row[0] for row in beside} == expected[number], to_json(root)
        someone = trees.rng.choice(people)
        reason = explain(stage.conn, root, someone, stage.context, at)
        assert reason is not None
        assert reason.holds == (someone in expected[number]), to_json(root)
    sql = compile_touched(roots, stage.context)
    rows = stage.conn.execute(sql.text, sql.at(at) | {"ids": [*people, 10**6]})
    touched = {person: segments for person, segments, _due_at in rows}
    assert sorted(touched) == people
    for number, root in roots.items():
        assert {person for person, found in touched.items() if number in found} == expected[number], to_json(root)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), clock=st.sampled_from(CLOCKS))
def test_nobodys_answer_changes_before_they_are_due(stage: Stage, seed: int, clock: datetime) -> None:
    rng = random.Random(seed)
    trees = Trees(rng, CLOCKS)
    roots = {number: from_json(trees.definition(), stage.context) for number in range(1, 7)}
    sql = compile_touched(roots, stage.context)
    people = rng.sample(stage.world.people, 15)
    rows = stage.conn.execute(sql.text, sql.at(clock) | {"ids": [p.number for p in people]})
    found = {person: due_at for person, _segments, due_at in rows}
    never = clock + timedelta(days=3000)
    for person in people:
        until = found[person.number] or never
        assert until > clock
        ahead = until - clock
        last = until - timedelta(microseconds=1)
        moments = [last, *(min(last, clock + ahead * rng.random() ** 4) for _ in range(4))]
        for root in roots.values():
            before = Oracle(stage.world, stage.context.zone, clock).holds(root, person)
            for moment in moments:
                after = Oracle(stage.world, stage.context.zone, moment).holds(root, person)
                assert before == after, (clock, moment, until, person, to_json(root))


def test_a_segment_that_names_another_follows_its_fresh_answer(stage: Stage) -> None:
    context = stage.context
    base = from_json({"version": 1, "root": {"type": "store", "store": 1}}, context)
    named = Context(context.properties, context.zone, context.stores, {1: Known("base"), 2: Known("middle")})
    middle = from_json({"version": 1, "root": {"type": "segment", "segment": 1, "member": False}}, named)
    top = from_json({"version": 1, "root": {"type": "segment", "segment": 2}}, named)
    people = [person.number for person in stage.world.people]
    sql = compile_touched({3: top, 2: middle, 1: base}, named)
    rows = stage.conn.execute(sql.text, sql.at(CLOCKS[0]) | {"ids": people})
    found = {person: segments for person, segments, _due_at in rows}
    in_store = {person.number for person in stage.world.people if 1 in person.stores}
    assert {person for person, segments in found.items() if segments == [1]} == in_store
    assert {person for person, segments in found.items() if segments == [2, 3]} == set(people) - in_store


def test_the_account_is_read_as_the_stores_have_it(stage: Stage) -> None:
    stage.conn.execute("begin")
    assert account.context(stage.conn).zone == ZoneInfo("UTC")  # no store yet
    stage.conn.execute("rollback")
