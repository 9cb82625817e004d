"""Risk: fifths drift with every order, differ between one contact and all, or count people who never bought."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cartfolk.core.sql import Connection
from cartfolk.segments import build, cuts, language, refresh, stored
from cartfolk.segments.presets import PRESETS
from cartfolk.segments.problems import Refused

T = datetime(2026, 3, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def fifth(*numbers: int, name: str = "total_value_of_orders") -> dict[str, Any]:
    asked = {"type": "property", "property": name, "operator": "in_fifth", "value": list(numbers)}
    return {"version": 1, "root": asked}


@pytest.fixture
def spenders(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """1 to 10 spent 10, 20 ... 100; 11 spent nothing, of 12 nothing is known."""
    conn.execute("insert into contact (contact_id) select generate_series(1, 12)")
    conn.execute(
        "insert into contact_property (contact_id, computed_at, total_value_of_orders, last_order_date)"
        " select n, %(at)s, case when n < 11 then n * 10 when n = 11 then 0 end,"
        " case when n < 11 then %(at)s - n * interval '1 day' end from generate_series(1, 12) n",
        {"at": T},
    )
    monkeypatch.setattr(stored, "now", lambda: T)
    return conn


def built(conn: Connection, name: str, definition: dict[str, Any]) -> int:
    segment = stored.create(conn, name, definition, "user:1")
    assert build.build(conn, segment)
    return segment


def test_a_fifth_is_of_those_who_have_a_value(spenders: Connection) -> None:
    assert stored.members(spenders, built(spenders, "Top", fifth(5))) == [9, 10]
    assert stored.members(spenders, built(spenders, "Low", fifth(1, 2))) == [1, 2, 3, 4]
    assert stored.members(spenders, built(spenders, "Latest", fifth(5, name="last_order_date"))) == [1, 2]
    assert cuts.known(spenders)["total_value_of_orders"].contacts == 10


def test_cuts_stay_until_they_are_old_or_many_changed_and_members_follow(spenders: Connection) -> None:
    top = built(spenders, "Top", fifth(5))
    spenders.execute("update contact_property set total_value_of_orders = 1000 where contact_id <= 8")
    assert cuts.tend(spenders, T + DAY / 2) == []
    with spenders.transaction():
        refresh.touched(spenders, list(range(1, 13)), T + DAY / 2, "sync")
    assert stored.members(spenders, top) == list(range(1, 11)), "given the same cuts, all ten are above the last"
    assert cuts.tend(spenders, T + DAY) == [top]
    assert not stored.one(spenders, top).true
    assert build.build(spenders, top)
    assert stored.members(spenders, top) == [], "among equals nobody is above the last cut"
    spenders.execute("update contact_property set total_value_of_orders = 50 where contact_id >= 11")
    assert cuts.tend(spenders, T + DAY + DAY / 24) == [top], "a fifth more have a value, and a cut moved"
    assert cuts.known(spenders)["total_value_of_orders"].contacts == 12


def test_nobody_to_rank_is_nobody_and_what_has_no_fifths_yet_is_refused(conn: Connection) -> None:
    assert stored.members(conn, built(conn, "Top", fifth(5))) == []
    with pytest.raises(Refused, match="not worked out yet"):
        language.from_json(fifth(5, name="average_order_value"), stored.context(conn))
    for wrong in ([], [0], [6], ["x"], [True]):
        with pytest.raises(Refused, match="from 1"):
            language.from_json(fifth(*wrong), stored.context(conn))  # type: ignore[arg-type]


def test_a_preset_by_rank_combines_three_fifths(spenders: Connection) -> None:
    spenders.execute("update contact_property set total_number_of_orders = contact_id where contact_id < 11")
    cuts.work_out(spenders, cuts.RFM, T)  # the latest orders are those of 1 and 2, the most and largest of 9 and 10
    context = stored.context(spenders)

    def members(key: str) -> list[int]:
        root = language.from_json(PRESETS[key].definition, context)
        return sorted(stored.count(spenders, root, context, T).sample)

    assert members("rank-champions") == []
    assert members("rank-keep") == [9, 10]
    assert members("rank-new") == [1, 2]
    assert members("rank-at-risk") == [7, 8, 9, 10]
