"""Risk: an act is told twice, not at all, or out of order."""

from __future__ import annotations

import pytest

from cartfolk.audit import log
from cartfolk.core.sql import Connection


def test_an_act_is_told_with_its_transaction_or_not_at_all(conn: Connection) -> None:
    with pytest.raises(RuntimeError, match="after the act"):
        _act_that_fails(conn)
    assert log.recent(conn) == []


def _act_that_fails(conn: Connection) -> None:
    with conn.transaction():
        log.note(conn, "user:1", "contact.erased", "contact:7")
        raise RuntimeError("after the act")


def test_newest_first_by_kind_and_page(conn: Connection) -> None:
    for number in range(5):
        log.note(conn, "user:1", "contact.merged" if number % 2 else "member.invited", f"contact:{number}", n=number)
    assert [event.detail["n"] for event in log.recent(conn)] == [4, 3, 2, 1, 0]
    merged = log.recent(conn, action="contact.")
    assert [event.detail["n"] for event in merged] == [3, 1]
    assert [event.detail["n"] for event in log.recent(conn, before=merged[0].event_id)] == [2, 1, 0]
