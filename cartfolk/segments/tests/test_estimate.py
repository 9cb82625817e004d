"""Risk: at a million contacts the builder says nothing, or a wrong number as if it were counted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cartfolk.core.sql import Connection
from cartfolk.segments import language, stored
from cartfolk.segments.estimate import Estimate, estimate
from cartfolk.segments.tree import Context, Node

T = datetime(2026, 3, 1, 10, tzinfo=UTC)
MANY = 20_000


@pytest.fixture
def crowd(conn: Connection) -> Connection:
    """20,000 contacts with gaps among their numbers: every fourth ordered, three of them five times."""
    conn.execute(
        "insert into contact_property (contact_id, computed_at, total_number_of_orders)"
        " select n + n / 1000 * 50, %(at)s, case when n %% 7000 = 0 then 5 when n %% 4 = 0 then 1 else 0 end"
        " from generate_series(1, %(many)s) n",
        {"at": T, "many": MANY},
    )
    conn.execute("analyze contact_property")
    return conn


def asked(conn: Connection, value: int) -> tuple[Node, Context]:
    context = stored.context(conn)
    root = {"type": "property", "property": "total_number_of_orders", "operator": "greater_equal", "value": value}
    return language.from_json({"version": 1, "root": root}, context), context


def test_an_estimate_is_near_and_names_some_who_are_in(crowd: Connection) -> None:
    found = estimate(crowd, *asked(crowd, 1), T, 10)
    assert not found.fewer
    assert abs(found.count - MANY / 4) < MANY * 0.05, "seven standard errors"
    assert found.drawn > 2_000
    assert len(found.sample) == 10
    rows = crowd.execute(
        "select min(total_number_of_orders) from contact_property where contact_id = any(%s)", [found.sample]
    )
    assert rows.fetchone() == (1,)


def test_of_the_rare_only_a_limit_is_told(crowd: Connection) -> None:
    found = estimate(crowd, *asked(crowd, 5), T, 10)
    assert found.fewer
    assert 3 <= found.count <= 60
    nobody = estimate(crowd, *asked(crowd, 6), T, 10)
    assert (nobody.fewer, nobody.sample) == (True, [])
    assert 1 <= nobody.count <= 20


def test_what_is_quickly_counted_is_not_estimated(crowd: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stored.preview(crowd, *asked(crowd, 5), T) == stored.count(crowd, *asked(crowd, 5), T)
    monkeypatch.setattr(stored, "PATIENCE", 0.001)
    assert isinstance(stored.preview(crowd, *asked(crowd, 1), T), Estimate)


def test_nobody_at_all_is_no_error(conn: Connection) -> None:
    assert estimate(conn, *asked(conn, 1), T, 10).sample == []
